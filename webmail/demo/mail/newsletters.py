"""Two newsletters as shops and clubs send them: nested tables, inline styles, a style sheet, remote images, an image inside."""

from __future__ import annotations

from collections.abc import Iterator

from webmail.demo.mail.letter import CHINA, SEEN, Attachment, Letter, Sample, When, chinese, english, page, put
from webmail.demo.mail.pictures import pine_logo

PAPER = "Paper & Pine <letter@paper-and-pine.example>"
LOGO = "pine-logo"
FOOTER = (
    "You receive this letter because you asked for it in our shop on Quay Street. "
    '<a href="https://paper-and-pine.example/leave?reader=rv-48">Leave the list</a> at any time, we will not sulk.<br>'
    "Paper &amp; Pine, Quay Street 9, Port Ellery"
)


def mail(when: When) -> Iterator[Sample]:
    """Both newsletters, and an older one that is already filed."""
    yield put(_paper(when))
    yield put(_reading_club(when), SEEN)
    yield put(_old_issue(when), SEEN, mailbox="Archive")


def _paper(when: When) -> Letter:
    rows = page("paper-48.html", binding=english(when.ahead(11)), ink=english(when.ahead(25)))
    preview = "The desk test, a forgiving pen, seven books."
    return Letter(
        name="paper-pine-48",
        sender=PAPER,
        found="spf=pass; dkim=pass header.d=paper-and-pine.example; dmarc=pass (p=reject) header.from=paper-and-pine.example",
        date=when.days(1, "17:20"),
        subject="Issue 48: Slow tools for small rooms",
        text=(
            "PAPER & PINE, ISSUE 48\n\nSlow tools for small rooms\n\n"
            "A folding desk that survives a move, the quiet return of the fountain pen, and a winter reading list "
            "that fits on one shelf.\n\n"
            "Read the desk test: https://paper-and-pine.example/48/desk\n\n"
            "Leave the list: https://paper-and-pine.example/leave?reader=rv-48\n"
        ),
        html=page("paper.html", issue="Issue 48", title="Slow tools for small rooms", preview=preview, rows=rows, footer=FOOTER),
        fields=_list_fields("Paper & Pine letters <letters.paper-and-pine.example>", "https://paper-and-pine.example/leave?reader=rv-48"),
        parts=(Attachment("pine.png", "image/png", pine_logo(), cid=LOGO),),
    )


def _old_issue(when: When) -> Letter:
    """The issue of last month, without a text for those who read no HTML."""
    rows = (
        '<tr><td class="lead" style="padding:0 32px 24px;font-size:17px;line-height:1.55">'
        "<p>Three ways to sharpen a pencil, and one to leave it as it is. A letter about edges.</p></td></tr>"
    )
    return Letter(
        name="paper-pine-47",
        sender=PAPER,
        date=when.days(31, "17:20"),
        subject="Issue 47: In praise of the blunt pencil",
        html=page(
            "paper.html", issue="Issue 47", title="In praise of the blunt pencil", preview="A letter about edges.", rows=rows, footer=FOOTER
        ),
        fields=_list_fields("Paper & Pine letters <letters.paper-and-pine.example>", "https://paper-and-pine.example/leave?reader=rv-48"),
        parts=(Attachment("pine.png", "image/png", pine_logo(), cid=LOGO),),
    )


def _reading_club(when: When) -> Letter:
    evening = chinese(when.ahead(9))
    return Letter(
        name="haifeng-12",
        sender="海风读书会 <hello@haifeng.example>",
        to="林若宾 <demo@example.org>",
        date=when.days(3, "08:30").astimezone(CHINA),
        subject="第十二期：这个月，我们读海 🌊",
        text=(
            "海风读书会 第十二期\n\n这个月，我们读海：《海边的旧书店》《慢火车》《院子里的四季》。\n\n"
            f"下一次见面：{evening}晚上七点半，灯塔咖啡馆二楼。\n\n退订：https://haifeng.example/leave\n"
        ),
        html=page("reading-club.html", evening=evening),
        fields=_list_fields("海风读书会 <club.haifeng.example>", "https://haifeng.example/leave"),
    )


def _list_fields(name: str, leave: str) -> tuple[tuple[str, str], ...]:
    """What lets a reader leave with one click (RFC 2369, RFC 8058)."""
    return (("List-Id", name), ("List-Unsubscribe", f"<{leave}>"), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
