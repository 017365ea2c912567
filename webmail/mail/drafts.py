"""Drafts: what a person is writing, kept in our durable database and as real MIME in the server's Drafts folder.

The database is written first, so nothing typed is lost whatever the server does. Then the message is APPENDed to
Drafts, the new copy is known to be there before the old one is removed, and the place is remembered (RFC 9051 §6.3.12).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from webmail.address import Address, AddressList, format_address, parse_address_list
from webmail.errors import InvalidInput, NotAllowed, NotFound, WebmailError
from webmail.imap import fetch, update
from webmail.mail import attachments, bodies, parts
from webmail.mail.attachments import Upload
from webmail.mail.mailboxes import role
from webmail.mail.pages import AttachmentRow, ComposePage, DraftAttachment
from webmail.mail.session import MailSession, account, connection, opened
from webmail.mailbox import Mailbox, SpecialUse
from webmail.message import build, mime, reply
from webmail.message.summary import Envelope, Flag, MessageId
from webmail.sanitize import text as sanitized_text
from webmail.store import drafts, jobs, mailboxes, messages
from webmail.store.drafts import DraftRow, MessageRef
from webmail.store.messages import StoredMessage

MESSAGE_LIMIT = 64 * 1024 * 1024
"""Octets of a message from Drafts that is made editable."""
HEADER_FIELDS = ("sender", "to", "cc", "bcc", "subject")


@dataclass(frozen=True, slots=True)
class DraftFields:
    """The fields of the compose form as they came. ``include`` are sections of a forwarded message to take along."""

    key: str
    sender: str = ""
    to: str = ""
    cc: str = ""
    bcc: str = ""
    subject: str = ""
    text: str = ""
    original: int | None = None
    original_action: str = ""
    include: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wording:
    """The words that a reply and a forward put into the text, in the writer's language.

    ``attribution`` holds ``{date}`` and ``{name}``; ``names`` are the labels of From, Date, Subject, To and Cc.
    """

    attribution: str
    forwarded: str
    names: tuple[str, str, str, str, str]
    format_date: Callable[[datetime], str]


class Incomplete(WebmailError):
    """A message cannot be sent as it is; ``page`` is the form again with what is missing."""

    def __init__(self, page: ComposePage) -> None:
        super().__init__("incomplete")
        self.page = page


def new_key() -> str:
    """A random key that makes one draft and one submission, however often its form is sent."""
    return secrets.token_urlsafe(18)


def new(
    session: MailSession,
    *,
    wording: Wording,
    original: int | None = None,
    original_action: str = "",
    fields: DraftFields | None = None,
) -> ComposePage:
    """An empty form, or one that answers or forwards a message. Nothing is stored yet.

    Costs the fetch of the text that is quoted. Raises NotFound if the original is gone.
    """
    given = fields or DraftFields(key="")
    page = ComposePage(
        key=new_key(),
        identities=_identities(session),
        sender="",
        to=given.to,
        cc=given.cc,
        bcc=given.bcc,
        subject=given.subject,
        text=given.text,
    )
    if original is None:
        return page
    stored = messages.get(session.database, account(session).id, MessageId(original))
    page = replace(page, original=stored.summary.id, original_action=original_action)
    text, files = bodies.quotation(session, original)
    if original_action == "forward":
        return _forward(page, stored, text, wording=wording, files=files)
    return _reply(session, page, stored.summary.envelope, text, wording=wording)


def _reply(session: MailSession, page: ComposePage, envelope: Envelope, text: str, *, wording: Wording) -> ComposePage:
    own = {identity.address.addr_spec.lower() for identity in account(session).identities}
    answer = reply.reply(envelope, own=own, everyone=page.original_action == "reply_all")
    who = envelope.sender[0].display if envelope.sender else ""
    when = wording.format_date(envelope.date) if envelope.date else ""
    attribution = wording.attribution.format(date=when, name=who)
    return replace(
        page,
        to=_line(answer.to),
        cc=_line(answer.cc),
        subject=answer.subject,
        text="\n\n" + reply.quoted(text, attribution=attribution),
    )


def _forward(page: ComposePage, stored: StoredMessage, text: str, *, wording: Wording, files: tuple[AttachmentRow, ...]) -> ComposePage:
    envelope = stored.summary.envelope
    values = (
        _line(envelope.sender),
        wording.format_date(envelope.date) if envelope.date else "",
        envelope.subject,
        _line(envelope.to),
        _line(envelope.cc),
    )
    heading = [wording.forwarded, *(f"{name}: {value}" for name, value in zip(wording.names, values, strict=True) if value)]
    attached = (*map(parts.attachment_row, mime.attachments(stored.summary.structure)), *files)
    return replace(
        page,
        subject=reply.forward_subject(envelope.subject),
        text="\n\n" + reply.forwarded(text, heading_lines=heading),
        included=attached,
    )


def _line(addresses: Sequence[Address]) -> str:
    return ", ".join(format_address(each) for each in addresses)


def _identities(session: MailSession) -> tuple[Address, ...]:
    return tuple(identity.address for identity in account(session).identities)


def open_draft(session: MailSession, key: str) -> ComposePage:
    """The form of a stored draft. Raises NotFound."""
    return page_of(session, _row(session, key))


def open_message(session: MailSession, message_id: int) -> str:
    """The key of the draft behind a message in Drafts, made editable here if another client wrote it.

    Raises NotFound, NotAllowed("draft_too_large"), and the server's errors.
    """
    mine = account(session).id
    stored = messages.get(session.database, mine, MessageId(message_id))
    place = (stored.mailbox_id, stored.uidvalidity, stored.summary.uid)
    known = drafts.by_place(session.database, mine, mailbox_id=place[0], uidvalidity=place[1], uid=place[2])
    if known is not None:
        return known.key
    mailbox = mailboxes.get(session.database, mine, stored.mailbox_id)
    if stored.summary.size > MESSAGE_LIMIT:
        raise NotAllowed("draft_too_large")  # What is saved takes the place of the original.
    with opened(session, mailbox, uidvalidity=stored.uidvalidity) as lent:
        raw = fetch.part(lent, stored.summary.uid, "", limit=MESSAGE_LIMIT)
    written = build.parse_draft(raw)
    fields = DraftFields(
        key=new_key(),
        sender=format_address(written.sender),
        to=_line(written.to),
        cc=_line(written.cc),
        bcc=_line(written.bcc),
        subject=written.subject,
        text=written.text or sanitized_text.as_text(written.html),
    )
    now = stored.summary.internal_date
    _put(session, fields, now=now, in_reply_to=written.in_reply_to, references=written.references)
    for each in written.attachments:
        content = each.content.read_bytes() if isinstance(each.content, Path) else each.content
        attachments.keep(session, fields.key, Upload(each.filename, each.media_type, BytesIO(content)))
    drafts.placed(session.database, mine, fields.key, mailbox_id=place[0], uidvalidity=place[1], uid=place[2], now=now)
    return fields.key


def save(session: MailSession, fields: DraftFields, *, now: datetime, files: Sequence[Upload] = ()) -> ComposePage:
    """Keep the form as a draft, here first and then in the Drafts folder; addresses may still be incomplete.

    If the mail server cannot take it now, the page says so (``placed`` is false) and the worker tries again.
    Raises InvalidInput for line breaks in a header field.
    """
    row = store(session, fields, now=now, files=files)
    try:
        place(session, row.key, now=now)
    except WebmailError as error:
        if isinstance(error, InvalidInput):
            raise
        jobs.put(session.database, kind="draft", account_id=account(session).id, key=row.key, due_at=now)
        return replace(page_of(session, row), placed=False)
    return page_of(session, _row(session, row.key))


def store(session: MailSession, fields: DraftFields, *, now: datetime, files: Sequence[Upload] = ()) -> DraftRow:
    """Write the form and its files into the durable database; no network but for the attachments of a forward."""
    mine = account(session).id
    for name in HEADER_FIELDS:
        if any(character in getattr(fields, name) for character in "\r\n\0"):
            raise InvalidInput("line_break", field={"sender": "from"}.get(name, name))
    if not fields.key or len(fields.key) > 64:
        raise InvalidInput("key", field="key")
    known = drafts.by_key(session.database, mine, fields.key)
    original = None
    if known is None and fields.original is not None:
        original = _original(session, fields.original)
    with attachments.taken_along(session, original, fields.include) as along:
        row = _put(
            session,
            fields,
            now=now,
            in_reply_to=known.in_reply_to if known else _answered(original, fields),
            references=known.references if known else _chain(original, fields),
            original=known.original if known else _reference(session, original),
        )
        for file in (*along, *files):
            attachments.keep(session, fields.key, file)
    return drafts.by_key(session.database, mine, fields.key) or row


def _original(session: MailSession, message_id: int) -> StoredMessage | None:
    """The message answered; if it is gone meanwhile, the text is still kept."""
    try:
        return messages.get(session.database, account(session).id, MessageId(message_id))
    except NotFound:
        return None


def _answered(original: StoredMessage | None, fields: DraftFields) -> str:
    return original.summary.envelope.message_id_field if original and fields.original_action != "forward" else ""


def _chain(original: StoredMessage | None, fields: DraftFields) -> tuple[str, ...]:
    if original is None or fields.original_action == "forward":
        return ()
    return reply.reply(original.summary.envelope, own=(), everyone=False).references


def _reference(session: MailSession, original: StoredMessage | None) -> MessageRef | None:
    if original is None:
        return None
    envelope = original.summary.envelope
    return MessageRef(account(session).id, original.mailbox_id, original.uidvalidity, original.summary.uid, envelope.message_id_field)


def _put(
    session: MailSession,
    fields: DraftFields,
    *,
    now: datetime,
    in_reply_to: str = "",
    references: tuple[str, ...] = (),
    original: MessageRef | None = None,
) -> DraftRow:
    return drafts.put(
        session.database,
        account(session).id,
        key=fields.key,
        sender=fields.sender,
        to=fields.to,
        cc=fields.cc,
        bcc=fields.bcc,
        subject=fields.subject,
        text=fields.text,
        in_reply_to=in_reply_to,
        references=references,
        original=original,
        original_action=fields.original_action,
        now=now,
    )


def place(session: MailSession, key: str, *, now: datetime) -> None:
    """Put the draft into the Drafts folder and take its older copy out. Raises what the server says."""
    row = _row(session, key)
    where = role(session, SpecialUse.DRAFTS)
    raw = build.with_bcc(*_octets(session, row, now=now))
    with connection(session) as lent:
        result = update.append(lent, where.name, raw, flags=[Flag.DRAFT, Flag.SEEN], date=now)
    mailboxes.unwatch(session.database, [where.id], now=datetime.now(UTC))
    remove_copy(session, row)
    if result.uid is not None:
        mine, uidvalidity = account(session).id, result.uidvalidity
        drafts.placed(session.database, mine, key, mailbox_id=where.id, uidvalidity=uidvalidity, uid=result.uid, now=now)


def _octets(session: MailSession, row: DraftRow, *, now: datetime) -> tuple[bytes, tuple[Address, ...]]:
    """The draft as a message; addresses that cannot be read yet are left out of the copy, never out of the row."""
    written = draft_of(session, row)
    domain = written.sender.domain or "localhost"
    return build.build(written, date=now, message_id=f"<draft.{row.key}@{domain}>"), written.bcc


def draft_of(session: MailSession, row: DraftRow) -> build.Draft:
    """A stored draft as the message it will become."""
    folder = attachments.folder(session)
    sender = parse_address_list(row.sender).addresses or _identities(session) or (Address("", ""),)
    return build.Draft(
        sender=sender[0],
        to=parse_address_list(row.to).addresses,
        cc=parse_address_list(row.cc).addresses,
        bcc=parse_address_list(row.bcc).addresses,
        subject=row.subject,
        text=row.text,
        in_reply_to=row.in_reply_to,
        references=row.references,
        attachments=tuple(
            build.Attachment(
                each.filename, each.media_type, folder / drafts.attachment_path(session.database, row.account_id, row.key, token=each.token)
            )
            for each in row.attachments
        ),
    )


def recipients(row: DraftRow) -> dict[str, AddressList]:
    """The recipients of each field as they can be read."""
    return {name: parse_address_list(getattr(row, name)) for name in ("to", "cc", "bcc")}


def remove_copy(session: MailSession, row: DraftRow) -> None:
    """Remove the copy of a draft from the Drafts folder; one that is gone already is no error."""
    if not row.uid:
        return
    mine = account(session).id
    try:
        where: Mailbox = mailboxes.get(session.database, mine, row.mailbox_id)
        with opened(session, where, uidvalidity=row.uidvalidity) as lent:
            update.expunge(lent, [row.uid])
    except NotFound:
        return
    messages.remove(session.database, where.id, uids=[row.uid])


def remove_attachment(session: MailSession, key: str, *, token: str) -> None:
    """Take a file out of a draft."""
    path = drafts.remove_attachment(session.database, account(session).id, key, token=token)
    (attachments.folder(session) / path).unlink(missing_ok=True)


def discard(session: MailSession, key: str) -> None:
    """Throw a draft away, here and in the Drafts folder. A key that is unknown is no error: it is gone already."""
    row = drafts.by_key(session.database, account(session).id, key)
    if row is not None:
        remove_copy(session, row)
        forget(session, key)


def forget(session: MailSession, key: str) -> None:
    """Remove a draft and its files from our database, and nothing from the server."""
    for path in drafts.discard(session.database, account(session).id, key):
        (attachments.folder(session) / path).unlink(missing_ok=True)


def page_of(session: MailSession, row: DraftRow, *, errors: tuple[tuple[str, str, dict[str, object]], ...] = ()) -> ComposePage:
    """The compose form of a stored draft."""
    return ComposePage(
        key=row.key,
        identities=_identities(session),
        sender=row.sender,
        to=row.to,
        cc=row.cc,
        bcc=row.bcc,
        subject=row.subject,
        text=row.text,
        attachments=tuple(DraftAttachment(each.token, each.filename, each.media_type, each.size) for each in row.attachments),
        saved_at=row.updated_at,
        placed=bool(row.uid),
        errors=errors,
        original_action=row.original_action,
    )


def _row(session: MailSession, key: str) -> DraftRow:
    row = drafts.by_key(session.database, account(session).id, key)
    if row is None:
        raise NotFound("draft")
    return row
