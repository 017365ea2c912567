"""What a stranger controls besides a body is text wherever it is shown: hostile markup in every place, and a browser that would run it.

The pages' own policy, which forbids all scripts, is set aside here: that nothing runs must be owed to escaping alone. Cards and invitations
have no pages yet; a file named or typed like one is among the attachments.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.conftest import House
from tests.browser.stage import RAN, WATCH
from tests.browser.test_main_job import sign_in
from webmail.imap import names

MANY = 320
IN_ONE = 40
WORD = "lighthouse"
OWN = [
    '" autofocus onfocus=alert(1) x="',
    "' onmouseover='alert(1)",
    "</title><script>alert(1)</script>",
    "</textarea><img src=x onerror=alert(1)>",
    "</pre></code></td><svg onload=alert(1)>",
    "{{ 7*7 }}{% raw %}<img src=x onerror=alert(1)>",
    "%(name)s %s {0} <img src=x onerror=alert(1)>",
    "<option selected><img src=x onerror=alert(1)>",
    'https://a.example/"onmouseover=alert(1)//',
    "javascript:alert(1)//https://a.example",
    "mailto:x@y.example?subject=<img/src=x/onerror=alert(1)>",
    "<https://a.example/'><img src=x onerror=alert(1)>",
    "\u202e<img src=x onerror=alert(1)>\u2066",
    "+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    "\u2028<!--<img src=x onerror=alert(1)>-->",
    "&lt;img src=x onerror=alert(1)&gt;&#60;script&#62;alert(1)&#60;/script&#62;",
]
# What the page would have to hold for any of it to act. The frame of a body is the application's own.
LIVE = """() => [...document.querySelectorAll("*")].filter((element) =>
  element.matches("script, object, embed, base, foreignObject, video, audio, math, iframe:not([data-message-body]), img:not([src^='/'])")
  || [...element.attributes].some((each) => each.name.startsWith("on")
     || ["href", "src", "action", "formaction", "xlink:href"].includes(each.name) && /^\\s*(javascript|data|vbscript):/i.test(each.value))
  ).map((element) => element.outerHTML.slice(0, 200))"""


def encoded(text: str) -> str:
    """Any text as encoded words (RFC 2047 §2)."""
    octets = text.encode()
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(octets[at : at + 42]).decode()}?=" for at in range(0, len(octets), 42))


def message(number: str, payloads: list[str]) -> bytes:
    """A message with a payload in every place, and all of them in most."""
    first, last = payloads[0], payloads[-1]
    people = ",\r\n ".join(f"{encoded(each)} <p{at}@example.net>" for at, each in enumerate(payloads))
    head = (
        f"From: {encoded(first)} <mira@example.net>\r\nTo: {people}\r\nCc: {encoded(last)} <cc@example.net>\r\n"
        f"Reply-To: {encoded(last)} <reply@example.net>\r\nSubject: {encoded(' '.join([*payloads[:8], WORD]))}\r\n"
        f"Message-ID: <{number}.everywhere@example.net>\r\nList-Id: {encoded(first)} <list.example.net>\r\n"
        f"X-Odd: {encoded(last)}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=edge\r\n\r\n"
    )
    text = "\n\n".join([f"{payloads[0]} {WORD}", *payloads[1:], f"> {first}\n>> {last}"])
    body = base64.encodebytes(text.encode()).decode()
    parts = [f"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}\r\n"]
    if len(payloads) > 1:
        parts += [attachment(each) for each in payloads]
    return (head + "".join(f"--edge\r\n{part}" for part in parts) + "--edge--\r\n").encode()


def attachment(payload: str) -> str:
    """A file whose name and type are a payload (RFC 2231 §4), the type as far as a header can hold it."""
    kind = re.sub(r"[^!-~]|[;,/\\\\\"]", "", payload)[:60] or "x"
    return f"Content-Type: application/{kind}\r\nContent-Disposition: attachment; filename*=utf-8''{quote(payload, safe='')}\r\n\r\nx\r\n"


@dataclass
class Witness:
    """A browser at work, and what it saw that should not be."""

    page: Page
    home: str
    seen: list[str] = field(default_factory=list)
    shown: int = 0

    def look(self, path: str) -> str:
        """The page at this path, looked at whole; its text."""
        self.page.goto(f"{self.home}{path}", wait_until="load")
        self.check(path)
        return self.page.content()

    def check(self, where: str) -> None:
        self.shown += 1
        self.seen += [f"{where}: {each}" for each in self.page.evaluate(LIVE)]


@pytest.fixture(scope="module")
def payloads(corpus_dir: Path) -> list[str]:
    found = []
    for path in [*sorted((corpus_dir / "html").glob("*.jsonl")), *sorted((corpus_dir / "text").glob("*.jsonl"))]:
        entries = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        found += [each.get("html", each.get("text")) for each in entries]
    short = {" ".join(each.replace("\0", "").split()) for each in found if len(each) <= 200 and re.search("[<\"'&:]", each)}
    chosen = sorted(short, key=lambda each: hashlib.sha256(each.encode("utf-8", "replace")).digest())
    return OWN + [each.encode("utf-8", "replace").decode() for each in chosen if each][: MANY - len(OWN)]


@pytest.fixture(scope="module")
def person(house: House, payloads: list[str]) -> str:
    """Somebody whose folders, messages and drafts are all named by strangers."""
    username = house.dovecot.new_user("secret")
    house.dovecot.put(username, [message(f"s{number}", [each]) for number, each in enumerate(payloads)])
    many = [message(f"m{at}", payloads[at : at + IN_ONE]) for at in range(0, len(payloads), IN_ONE)]
    with house.dovecot.side(username) as client:
        made = [
            client.create('"' + names.encode(each[:80]).decode().replace("\\", "\\\\").replace('"', '\\"') + '"')[0] for each in payloads
        ]
    assert made.count("OK") > 150
    house.dovecot.put(username, many, mailbox="Archive")
    house.dovecot.put(username, many, mailbox="Drafts", flags="\\Draft")
    return username


@pytest.fixture
def witness(chromium: Browser, house: House, person: str) -> Iterator[Witness]:
    context: BrowserContext = chromium.new_context(bypass_csp=True, locale="en-GB", viewport={"width": 1440, "height": 900})
    context.add_init_script(WATCH)
    page = context.new_page()
    page.set_default_timeout(20_000)
    found = Witness(page, house.application.url)
    context.on("console", lambda said: found.seen.append(f"a script: {said.text}") if said.text == RAN else None)
    context.on("weberror", lambda error: found.seen.append(f"a script failed: {error.error}"))
    context.on("dialog", lambda shown: (found.seen.append(f"a dialog: {shown.message}"), shown.dismiss()))
    context.on("request", lambda sent: None if sent.url.startswith((found.home, "data:")) else found.seen.append(f"a request: {sent.url}"))
    sign_in(page, house, person)
    yield found
    context.close()


def numbers(witness: Witness, path: str) -> list[str]:
    """The messages of a list."""
    return re.findall(r'data-message="(\d+)"', witness.look(path))


def folder(witness: Witness, name: str) -> str:
    found = re.search(rf'href="(/mailboxes/\d+)"[^>]*>(?:(?!</a>).)*{name}', witness.look("/"), re.DOTALL)
    assert found is not None
    return found[1]


def test_every_list_shows_them_as_text(witness: Witness, payloads: list[str]) -> None:
    for _ in range(60):
        # The worker goes through the older ones meanwhile.
        if 'rel="next"' in witness.look("/"):
            break
        witness.page.wait_for_timeout(250)
    listed, path = 0, "/"
    while path and listed < 2 * MANY:
        listed += len(numbers(witness, path))
        older = re.search(r'rel="next"[^>]*href="([^"]*)"', witness.page.content())
        path = older[1].replace("&amp;", "&") if older else ""
    assert listed >= len(payloads)
    assert len(re.findall("/mailboxes/", witness.page.content())) > 70
    hits = witness.look(f"/search?q={WORD}")
    assert hits.count("<mark>") > 40
    for each in payloads[:: len(payloads) // 12]:
        witness.look(f"/search?q={quote(each)}")
    assert witness.seen == []
    assert witness.shown > 20


def test_every_page_of_a_message_shows_them_as_text(witness: Witness, payloads: list[str]) -> None:
    many = numbers(witness, folder(witness, "Archive"))
    assert len(many) == MANY // IN_ONE
    for number in many:
        assert witness.look(f"/messages/{number}?q={WORD}").count("data-attachment") == IN_ONE
        for path in ("/messages/{}/print", "/messages/{}/headers", "/messages/{}/source"):
            witness.look(path.format(number))
        for how in ("reply", "reply_all", "forward"):
            witness.look(f"/compose?{how}={number}")
    assert witness.seen == []
    assert witness.shown >= 7 * len(many)


def test_a_draft_comes_back_as_text(witness: Witness, payloads: list[str]) -> None:
    for number in numbers(witness, folder(witness, "Drafts")):
        assert witness.look(f"/compose?draft={number}").count(WORD) >= 2
    assert witness.seen == []
    assert witness.shown > MANY // IN_ONE


def test_notices_and_questions_name_folders_as_text(witness: Witness, payloads: list[str]) -> None:
    page = witness.page
    for at in range(3):
        witness.look(f"/messages/{numbers(witness, '/')[0]}")
        page.get_by_role("group", name="Message actions").get_by_role("button", name="Move to folder").click()
        choice = page.get_by_role("combobox", name="Move to folder")
        possible = choice.locator("option:not([disabled])").filter(has_text="<")
        choice.select_option(value=possible.nth(at * 5).get_attribute("value"))
        page.get_by_role("button", name="Move", exact=True).click()
        assert "<" in (page.get_by_role("status").first.text_content() or "")
        witness.check("a notice")
        opened = re.findall(r'href="(/mailboxes/\d+)"', page.content())
        witness.look(opened[-1 - at])
    assert witness.seen == []
