"""Bodies of newsletters as large as they come: the document of the frame, made for the first time and once it is kept."""

from __future__ import annotations

import random
import time
from email.message import EmailMessage

from benchmarks.house import mailbox_paths, milliseconds, servers, visit
from benchmarks.report import Report
from tests.sanitize.costly import COSTLY
from webmail.sanitize.html import clean

OCTETS = 100_000
LETTERS = 12
AGAIN = 20
_SHEET = """body{margin:0;padding:0;background:#f3f3f1}table{border-collapse:collapse}img{border:0;display:block}
.wrap{width:600px;margin:0 auto;background:#ffffff}.pad{padding:24px 32px}.title{font:bold 22px/28px Georgia,serif;color:#1d2b29}
.lead{font:15px/22px Helvetica,Arial,sans-serif;color:#33413f}.btn{background:#0b6b63;color:#ffffff;border-radius:4px;padding:12px 20px}
@media only screen and (max-width:620px){.wrap{width:100%!important}.pad{padding:16px!important}
.half{display:block!important;width:100%!important}}
@media (prefers-color-scheme:dark){.wrap{background:#1b1c1e!important}.title,.lead{color:#e3e3e6!important}}"""
_WORDS = ("slow", "tools", "small", "rooms", "bench", "plane", "spring", "light", "winter", "shelf", "paper", "pine", "letter", "garden")


def newsletter(seed: int, *, octets: int = OCTETS) -> str:
    """A newsletter as programs for them make it: nested tables, styles on every cell, pictures, links that count clicks."""
    chance = random.Random(seed)
    head = f"<!DOCTYPE html><html><head><title>Issue {seed}</title><style>{_SHEET}</style></head>"
    parts = [head, "<body><!--[if mso]><table><tr><td><![endif]-->"]
    size = len(head)
    while size < octets - 200:
        parts.append(_story(chance, len(parts)))
        size += len(parts[-1])
    return "".join([*parts, "<!--[if mso]></td></tr></table><![endif]--></body></html>"])


def _story(chance: random.Random, number: int) -> str:
    words = " ".join(chance.choice(_WORDS) for _ in range(chance.randint(30, 60)))
    link = f"https://news.example.com/click/{chance.getrandbits(64):x}?utm_source=letter&amp;utm_campaign={number}"
    colour = f"#{chance.randrange(0x202020, 0x606060):06x}"
    cell = "padding:24px 32px;border-bottom:1px solid #e4e4e0;font-family:Helvetica,Arial,sans-serif;mso-line-height-rule:exactly"
    picture = f"https://img.example.com/{number}/photo.jpg"
    return f"""<table role="presentation" class="wrap" width="600" align="center" cellpadding="0" cellspacing="0" bgcolor="#ffffff"><tr>
<td class="pad half" width="300" valign="top" style="{cell}">
<a href="{link}" style="text-decoration:none;color:#0b6b63"><img src="{picture}" width="280" height="160"
 alt="A picture of story {number}" style="width:100%;max-width:280px;height:auto"></a></td>
<td class="pad half" width="300" valign="top" style="padding:24px 32px 24px 0;color:{colour}">
<h2 class="title" style="margin:0 0 8px;font:bold 22px/28px Georgia,serif">Story {number}</h2>
<p class="lead" style="margin:0 0 16px;line-height:22px"><font face="Helvetica" size="3">{words}.</font></p>
<a class="btn" href="{link}" style="display:inline-block;background:#0b6b63;color:#ffffff;padding:12px 20px">Read on</a></td></tr></table>
"""


def measure(report: Report) -> None:
    """The rows of bodies."""
    with servers() as (dovecot, application):
        username = dovecot.new_user("secret")
        dovecot.put(username, [_letter(number) for number in range(LETTERS)])
        browser = visit(application, username)
        page = browser.document(browser.get(mailbox_paths(browser)["inbox"] + "?view=messages"))
        paths = [f"/messages/{each}/body" for each in page.xpath("//li/@data-message")]
        # The process has cleaned something before, as it has when somebody reads.
        browser.get(paths[0])
        report.add(
            f"body document of a newsletter of {OCTETS // 1000} kB, first", [milliseconds(browser, path) for path in paths[1:]], reach=120
        )
        again = [milliseconds(browser, path) for _ in range(AGAIN) for path in paths]
        report.add(f"body document of a newsletter of {OCTETS // 1000} kB, again", again, reach=10)
    dearest = max(COSTLY, key=lambda name: _cpu_seconds(COSTLY[name]))
    report.add(
        f"the costliest 100 kB known ({dearest}) made safe", [_cpu_seconds(COSTLY[dearest]) for _ in range(5)], unit="s of CPU", reach=2
    )


def _cpu_seconds(html: str) -> float:
    start = time.process_time()
    clean(html)
    return time.process_time() - start


def _letter(number: int) -> bytes:
    message = EmailMessage()
    message["From"], message["To"] = "Paper & Pine <letters@news.example.com>", "robin@example.test"
    message["Subject"], message["Message-ID"] = f"Issue {number}", f"<issue{number}@news.example.com>"
    message.set_content(newsletter(number), subtype="html", cte="quoted-printable")
    return message.as_bytes().replace(b"\n", b"\r\n")
