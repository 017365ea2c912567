"""Page values for rendering: a mailbox, messages, drafts and submissions as people have them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from webmail import authentication
from webmail.account import Account, AccountId, Identity, IdentityId, Security, Server, UserId
from webmail.address import Address
from webmail.errors import ServerUnavailable
from webmail.mail.conversations import ConversationMessage, ConversationPage
from webmail.mail.detours import LinkPage
from webmail.mail.file_pages import FilePage, HarmPage
from webmail.mail.found import FoundRow, SearchOrder, SearchPage, Suggestion
from webmail.mail.identities import IdentitiesPage, IdentityFields
from webmail.mail.message_pages import BodyKind, HeadersPage, Mailing, MessagePage, RedirectPage, SourcePage
from webmail.mail.outbox_pages import (
    OutboxPage,
    Recipient,
    RecipientState,
    SubmissionPage,
    SubmissionRow,
    SubmissionState,
    SubmissionStep,
)
from webmail.mail.pages import (
    AttachmentRow,
    Check,
    ComposePage,
    ConfirmPage,
    DraftAttachment,
    DraftFormat,
    Frame,
    Freshness,
    MailboxPage,
    Neighbour,
    Row,
    View,
)
from webmail.mail.privacy_pages import RemoteContent
from webmail.mail.senders import SenderPage
from webmail.mail.templates import Template, WritingSettings
from webmail.mail.writing import WritingPage
from webmail.mailbox import Mailbox, MailboxCounts, MailboxId, SpecialUse
from webmail.message.lists import MailTo
from webmail.message.mime import Part
from webmail.message.secured import Form, Signature, State
from webmail.message.sender import Mark, Severity
from webmail.message.summary import Envelope, Flag, MessageId, MessageSummary, Uid
from webmail.message.text import TextBlock, TextSpan
from webmail.sanitize.sightings import CleanedLink, RemoteHost
from webmail.store.image_permissions import ImagePermission, Whose
from webmail.web.sender_words import SENTENCES

NOW = datetime(2026, 11, 23, 9, 42, tzinfo=UTC)
ME = Address("Robin Vale", "robin@example.org")
MIRA = Address("Mira Kestrel", "mira@example.net")
JONAS = Address("Jonas Brandt", "jonas@example.com")
SERVER = Server("imap.example.org", 993, Security.TLS)


def account(**changes: Any) -> Account:
    identity = Identity(IdentityId(1), AccountId(1), ME)
    return replace(Account(AccountId(1), UserId(1), "robin@example.org", SERVER, SERVER, (identity,)), **changes)


def mailbox(
    number: int, name: str, role: SpecialUse | None = None, *, messages: int = 0, unseen: int = 0, selectable: bool = True
) -> Mailbox:
    return Mailbox(MailboxId(number), AccountId(1), name, "/", role, selectable=selectable, counts=MailboxCounts(messages, unseen))


INBOX = mailbox(1, "INBOX", SpecialUse.INBOX, messages=1284, unseen=12)
DRAFTS = mailbox(2, "Drafts", SpecialUse.DRAFTS, messages=3)
SENT = mailbox(3, "Sent", SpecialUse.SENT, messages=6020)
ARCHIVE = mailbox(4, "Archive", SpecialUse.ARCHIVE)
JUNK = mailbox(5, "Junk", SpecialUse.JUNK, unseen=4)
TRASH = mailbox(6, "Trash", SpecialUse.TRASH)
HOUSE = mailbox(7, "House", messages=30, unseen=3)
MAILBOXES = (
    INBOX,
    DRAFTS,
    SENT,
    ARCHIVE,
    JUNK,
    TRASH,
    HOUSE,
    mailbox(8, "House/Garden"),
    mailbox(9, "Mailing lists", unseen=48),
    mailbox(10, "Receipts"),
    mailbox(11, "Old <b>things</b>", selectable=False),
)


def frame(**changes: Any) -> Frame:
    return replace(Frame(account(), MAILBOXES, waiting=2, problems=0, checked_at=NOW), **changes)


def envelope(sender: Address | None = MIRA, subject: str = "Hut booking for the ridge walk", **changes: Any) -> Envelope:
    found = Envelope(
        subject=subject,
        sender=(sender,) if sender else (),
        to=(ME, JONAS),
        cc=(),
        bcc=(),
        reply_to=(),
        date=NOW,
        message_id_field="<1@example.net>",
        in_reply_to=(),
        references=(),
    )
    return replace(found, **changes)


def summary(
    number: int = 1, *, flags: tuple[str, ...] = (Flag.SEEN,), hours: float = 0.02, preview: str = "", **changes: Any
) -> MessageSummary:
    return MessageSummary(
        uid=Uid(number),
        flags=frozenset(flags),
        internal_date=NOW - timedelta(hours=hours),
        size=48_230,
        envelope=envelope(**changes),
        structure=Part("1", "text", "plain"),
        preview=preview,
        id=MessageId(number),
    )


def row(
    number: int, sender: Address, subject: str, preview: str, *, hours: float, flags: tuple[str, ...] = (Flag.SEEN,), **changes: Any
) -> Row:
    found = summary(number, flags=flags, hours=hours, preview=preview, sender=sender, subject=subject)
    return replace(Row(found, found.envelope.sender, has_attachments=False), **changes)


def rows() -> tuple[Row, ...]:
    unread: tuple[str, ...] = ()
    mira = row(
        1,
        MIRA,
        "Hut booking for the ridge walk",
        "The hut confirmed four beds for the 12th. I attached the map and the packing",
        hours=0.02,
    )
    return (
        replace(mira, people=(MIRA, JONAS, ME), has_attachments=True),
        row(
            2,
            Address("Northfield Energy", "bills@energy.example.com"),
            "Your November statement is ready",
            "The amount due is 64.20. It will be collected on 4 December",
            hours=0.8,
            flags=unread,
            has_attachments=True,
        ),
        row(
            3,
            Address("Build server", "ci@build.example.com"),
            "nightly 2184 passed",
            "All 412 checks passed in 6 min 12 s. Two warnings are new since",
            hours=2.5,
            flags=unread,
        ),
        row(
            4,
            Address("Northfield Library", "desk@library.example.com"),
            "Two books are due on Thursday",
            "Renew them online or bring them to the desk before 18:00.",
            hours=3.2,
            flags=(Flag.SEEN, Flag.FLAGGED),
        ),
        row(
            5,
            Address("Paper & Pine", "letters@news.example.com"),
            "Issue 48: Slow tools for small rooms",
            "A folding desk that survives a move, the quiet return of",
            hours=16,
            flags=unread,
        ),
        row(
            6,
            Address("Owen Tarrant", "owen@example.com"),
            "Quote for the kitchen window",
            "Thanks, that works. I can measure on Wednesday",
            hours=18,
            answered=True,
            has_attachments=True,
        ),
        row(7, Address("周明雅", "zhou@example.cn"), "山脊徒步的小屋预订", "小屋确认了 12 号的四个床位，含早餐。", hours=22),
        row(
            8,
            Address("Fenwick Dental", "desk@dental.example.com"),
            "Appointment on 2 December, 10:20",
            "Please arrive ten minutes early. Reply C to confirm or",
            hours=66,
            forwarded=True,
        ),
        row(9, Address("", "noreply@example.com"), "", "", hours=90),
        row(10, Address("<script>alert(1)</script>", "x@example.com"), '<b>bold</b> & "quoted" ' + "long " * 40, "<img src=x>", hours=900),
        row(11, Address("Postmaster", "postmaster@example.org"), "DMARC report for example.org", "48 messages, 48 aligned.", hours=9000),
    )


def mailbox_page(**changes: Any) -> MailboxPage:
    found = MailboxPage(INBOX, rows(), total=1284, unseen=12, indexed=1284, progress=100, freshness=Freshness.FRESH, next_cursor="17000-11")
    return replace(found, **changes)


def search_page(**changes: Any) -> SearchPage:
    found = tuple(FoundRow(each, (INBOX, HOUSE) if number else (INBOX,), ((0, 3),), ((4, 7),)) for number, each in enumerate(rows()[:6]))
    people = (Suggestion(MIRA, "from:mira@example.net"),)
    page = SearchPage('hut "x', SearchOrder.NEWEST, rows=found, count=6, next_cursor="17.3", suggestions=people)
    return replace(page, **changes)


def words(text: str, *, quote: int = 0, signature: bool = False, href: str = "") -> TextBlock:
    return TextBlock(tuple((TextSpan(line, href),) for line in text.split("\n")), quote, signature)


TEXT = (
    words("Good news: the hut confirmed four beds for the 12th, breakfast included. They keep it until Friday."),
    words("I attached the map with the two descents marked, and a packing list.\nThe northern way down is shorter."),
    words("https://example.net/hut", href="https://example.net/hut"),
    words("Mira Kestrel\nRidge Survey Office", signature=True),
    words("Shall we take the early train?", quote=1),
    words("Saturday works for me.", quote=2),
)
FILES = (
    AttachmentRow("2", "ridge-walk-map.pdf", "application/pdf", 3_040_000),
    AttachmentRow("3", "packing-list.csv", "text/csv", 6_200),
    AttachmentRow("4", 'a name, 中文 & "more".with.dots.jpeg', "image/jpeg", 612_000, viewable=True, thumbnail=True),
)
HARMFUL = AttachmentRow("5", "invoice.pdf.<b>.exe", "application/pdf", 90_000, harm=("program", "disguised"))


def file_page(kind: str, **changes: Any) -> FilePage:
    """An attachment to look at, between two others."""
    page = FilePage(summary(), INBOX, FILES[2], kind, 2, 3, FILES[0], FILES[1])
    return replace(page, **changes)


def harm_page() -> HarmPage:
    """The question before files that can do harm are downloaded."""
    return HarmPage(summary(), INBOX, (HARMFUL, replace(HARMFUL, harm=("page", "macros", "disk"))))


def conversation_page(count: int = 4, *, opened: tuple[int, ...] = (-1,), **changes: Any) -> ConversationPage:
    """A conversation of so many messages, the last of them open."""
    senders = (MIRA, JONAS, ME)
    texts = ("Saturday works for me.", "Early train please.", "I called the hut.")
    told = [
        summary(number + 1, hours=24.0 * (count - number), preview=texts[number % 3], sender=senders[number % 3]) for number in range(count)
    ]
    shown = [
        ConversationMessage(
            each,
            (SENT,) if each.envelope.sender == (ME,) else (INBOX,),
            message_page(message=each, list=None) if number - count in opened else None,
        )
        for number, each in enumerate(told)
    ]
    listed = mailbox_page(view=View.CONVERSATIONS)
    page = ConversationPage(
        told[-1], INBOX, "Hut booking", tuple(shown), newest_first=False, flagged=False, stamp="7.9", list=listed, row=MessageId(1)
    )
    return replace(page, **changes)


def unreadable() -> ConversationMessage:
    """A message whose body could not be had."""
    return ConversationMessage(summary(flags=()), (INBOX, HOUSE), error=ServerUnavailable("timeout", server="imap.example.org"))


PICTURED = (TextBlock(((TextSpan("A tree"),),), picture="/messages/1/parts/2/tree.png"), *TEXT)


def message_page(**changes: Any) -> MessagePage:
    found = MessagePage(
        message=summary(),
        mailbox=INBOX,
        body=BodyKind.TEXT,
        text=TEXT,
        attachments=FILES,
        remote_images=0,
        shows_images=False,
        has_html=False,
        has_text=True,
        frame_height=700,
        older=Neighbour(MessageId(2)),
        list=mailbox_page(),
    )
    return replace(found, **changes)


def remote_content(**changes: Any) -> RemoteContent:
    """A newsletter with everything that watches; the longest of its hosts and links are a stranger's words."""
    hosts = (RemoteHost("images.news.example.com", images=4), RemoteHost("t.<b>.example", styles=1, pixels=2))
    links = (CleanedLink("https://news.example.com/a?utm_source=<script>alert(1)</script>", "https://news.example.com/a"),)
    found = RemoteContent(hosts, images=4, styles=1, pixels=2, links=links, sender="letters@news.example.com", domain="news.example.com")
    return replace(found, **changes)


PERMISSIONS = (
    ImagePermission(1, Whose.SENDER, "mira@example.net"),
    ImagePermission(2, Whose.DOMAIN, "<b>text</b>.example", only_verified=True),
)


MAILING = Mailing(
    one_click=True,
    host="lists.example",
    mail_to=MailTo("leave@lists.example", 'Out & "away"', "<b>"),
    link="https://lists.example/leave?u=1&v=2",
    post="walks@lists.example",
)


def signed_page(state: State, *, reason: str = "", addresses: tuple[str, ...] = ("mira@example.net", '"><b>@x.example')) -> MessagePage:
    return message_page(signature=Signature(Form.SMIME, state, addresses, reason))


def redirect_page(**changes: Any) -> RedirectPage:
    return replace(RedirectPage(summary(), INBOX, (ME, Address("", "lists@example.org")), "k-1"), **changes)


def html_page(**changes: Any) -> MessagePage:
    return message_page(body=BodyKind.HTML, text=(), has_html=True, remote_images=5, frame_height=715, **changes)


def doubtful_page() -> MessagePage:
    raw = '"bank.example" <good@bank.example> <evil@x.example>'
    sender = SenderPage((Mark("unclear", Severity.DANGER),), answered=(ME, JONAS))
    return message_page(message=summary(from_raw=raw, sender_doubtful=True), sender=sender, notices=("broken", "cut", "charset"))


def suspicious_page() -> MessagePage:
    """Every mark there is, on a message that its domain denies."""
    values = {name: f"<b>{name}.example" for name in ("address", "addresses", "ascii", "by", "domain", "host", "like", "name", "shown")}
    marks = tuple(Mark(code, Severity.DANGER, values, 2 if code.startswith("link") else 1) for code in SENTENCES if code != "denied_by")
    found = (authentication.Signature("pass", "evil.example"), authentication.Signature("permerror", ""))
    verdict = authentication.Verdict(
        authentication.State.FAILED, "example.org", spf="softfail", signatures=found, dmarc="fail", policy="none", local=found
    )
    return message_page(sender=SenderPage(marks, verdict, (ME,), "address", "example.net", can_trust=True))


def trusted_page(**changes: Any) -> MessagePage:
    verdict = authentication.Verdict(
        authentication.State.VERIFIED,
        "example.net",
        spf="pass",
        signatures=(authentication.Signature("pass", "example.net"),),
        dmarc="pass",
        policy="reject",
    )
    return message_page(sender=SenderPage((), verdict, (), "site", "example.net", trusted=True, can_trust=True), **changes)


def link_page(**changes: Any) -> LinkPage:
    found = LinkPage(
        message_id=MessageId(1),
        code="elsewhere",
        shown="mail.example.org",
        host="login.example.net",
        readable="login.example.net",
        address="http://login.example.net/confirm?u=<b>",
        encrypted=False,
        before="http://",
        after="/confirm?u=<b>",
    )
    return replace(found, **changes)


def headers_page() -> HeadersPage:
    return HeadersPage(summary(), INBOX, (("From", "Mira Kestrel <mira@example.net>"), ("X-Odd", "<b>" + "x" * 300)))


def source_page() -> SourcePage:
    return SourcePage(summary(), INBOX, "From: Mira <mira@example.net>\n\n<script>alert(1)</script>\n", cut=True)


def compose_page(**changes: Any) -> ComposePage:
    found = ComposePage(
        key="k-123_abc",
        identities=(ME, Address("Robin (lists)", "lists@example.org")),
        sender="Robin Vale <robin@example.org>",
        to="Mira Kestrel <mira@example.net>, jonas@example.com",
        cc="",
        bcc="",
        subject="Re: Hut booking for the ridge walk",
        text="\nHi Mira,\n\nYes from me.\n\n> quoted <b>text</b>\n",
        attachments=(DraftAttachment("t1", "timetable-winter.pdf", "application/pdf", 318_000),),
        saved_at=NOW,
    )
    return replace(found, **changes)


def incomplete_page() -> ComposePage:
    errors: tuple[tuple[str, str, dict[str, object]], ...] = (
        ("to", "address", {"value": "hut@"}),
        ("from", "identity_unknown", {"value": "x@y.example"}),
    )
    return compose_page(
        to="hut@", cc="a@example.com", errors=errors, placed=False, original=MessageId(5), original_action="forward", included=FILES[:1]
    )


def rich_compose_page(**changes: Any) -> ComposePage:
    """A draft with everything that may be wished, about which is asked before it goes."""
    found = compose_page(
        sender="Robin Vale <robin+club@example.net>",
        format=DraftFormat.HTML,
        text="<p>Hi</p>",
        reply_to="office@example.org",
        priority="high",
        receipt=True,
        quotes=True,
        quoted=True,
        heading='On Monday, "Mira" wrote:',
        pictures=("1.2",),
        signed="robin@example.org",
        version=3,
        asks=True,
        checks=(
            Check("no_subject", holds=True),
            Check("no_attachment", holds=True),
            Check("lookalike", holds=True, values=(("address", "a@examp1e.org"), ("like", "example.org"))),
            Check("namesake", holds=True, values=(("address", "a@example.net"), ("other", "a@example.org"))),
            Check("wrong_identity", holds=True, values=(("address", "lists@example.org"),)),
            Check("many_recipients", holds=True, values=(("n", "40"),)),
            Check("unknown", values=(("n", "2"), ("people", "a@example.org, b@example.org"))),
        ),
        templates=((1, "Thanks"), (2, "<b>Away</b>")),
    )
    return replace(found, **changes)


_WRITERS = (
    Identity(IdentityId(1), AccountId(1), ME, signature="Robin"),
    Identity(IdentityId(2), AccountId(1), Address("", "lists@example.org"), reply_to="office@example.org"),
)
IDENTITIES = IdentitiesPage(_WRITERS, IdentityFields("Robin", "lists@example.org", "office@", "Robin\n<b>", "<b>Robin</b>"))
WRITING = WritingSettings(
    WritingPage(format="markdown", quote="below"),
    (Template(1, "Thanks", "", "Dear {name}"), Template(2, "<b>", "x", "y")),
    Template(0, "", "", ""),
)
RECIPIENTS = (
    Recipient("sunna@example.com", RecipientState.ACCEPTED, "250 2.0.0", "stored"),
    Recipient("ilse@example.com", RecipientState.ACCEPTED, "250 2.6.0", "queued as 4bX2"),
    Recipient("owen@example.com", RecipientState.DELAYED, "451 4.7.1", "greylisted"),
    Recipient("piet@example.net", RecipientState.REFUSED, "550 5.1.1", "no such mailbox"),
)


def submission_row(number: int = 1, state: SubmissionState = SubmissionState.FILED, **changes: Any) -> SubmissionRow:
    waiting = state in (SubmissionState.QUEUED, SubmissionState.RETRYING, SubmissionState.NEEDS_SIGN_IN)
    found = SubmissionRow(
        id=number,
        state=state,
        subject="December book and the new room",
        recipients=RECIPIENTS[:1],
        created_at=NOW - timedelta(minutes=22),
        due_at=NOW + timedelta(seconds=8),
        has_attachments=True,
        can_cancel=waiting,
        can_retry=state in (SubmissionState.RETRYING, SubmissionState.UNCLEAR, SubmissionState.FAILED, SubmissionState.NEEDS_SIGN_IN),
        can_edit=waiting or state is SubmissionState.FAILED,
    )
    return replace(found, **changes)


def outbox_page() -> OutboxPage:
    return OutboxPage(
        waiting=(
            submission_row(2, SubmissionState.QUEUED, subject="Train times for the 12th"),
            submission_row(3, SubmissionState.RETRYING),
        ),
        problems=(submission_row(4, SubmissionState.UNCLEAR), submission_row(5, SubmissionState.NEEDS_SIGN_IN)),
        sent=(submission_row(1, recipients=RECIPIENTS), submission_row(6, subject="Side door will be open")),
    )


STEPS = (
    SubmissionStep(NOW, "connected", values=(("host", "smtp.example.org"), ("tls", "TLSv1.3, TLS_AES_256_GCM_SHA384"))),
    SubmissionStep(NOW, "accepted", values=(("count", "3"), ("reply", "250 queued as 4bX2"))),
    SubmissionStep(NOW, "refused", "danger", (("address", "piet@example.net"), ("reply", "550 5.1.1 no such mailbox"))),
    SubmissionStep(NOW, "delayed", "wait", (("address", "owen@example.com"), ("reply", "451 4.7.1 greylisted"))),
    SubmissionStep(NOW, "sent_copy", values=(("folder", "Sent"),)),
    SubmissionStep(NOW, "never heard of", "wait"),
)


def submission_page(state: SubmissionState = SubmissionState.FILED, **changes: Any) -> SubmissionPage:
    found = SubmissionPage(
        submission=submission_row(1, state, recipients=RECIPIENTS),
        steps=STEPS,
        transcript=("S: 220 smtp.example.org", "C: EHLO webmail", "C: AUTH PLAIN ****"),
        message_id_field="<7f3c@example.org>",
        error_code="timeout",
        outbox=outbox_page(),
    )
    return replace(found, **changes)


def confirm_page(action: str = "delete_forever", **changes: Any) -> ConfirmPage:
    return replace(ConfirmPage(action, 3, HOUSE, (MessageId(1), MessageId(2), MessageId(3))), **changes)
