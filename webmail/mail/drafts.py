"""Drafts: what a person is writing, kept in our durable database and as real MIME in the server's Drafts folder.

The database is written first, so nothing typed is lost whatever the server does. Then the message is APPENDed to
Drafts, the new copy is known to be there before the old one is removed, and the place is remembered (RFC 9051 §6.3.12).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from webmail.address import Address, AddressList, format_address, parse_address_list
from webmail.errors import Conflict, InvalidInput, NotAllowed, NotFound, WebmailError
from webmail.imap import fetch, update
from webmail.mail import answers, attachments, checks, draft_forms, quoting, writing
from webmail.mail.answers import Wording as Wording
from webmail.mail.answers import line
from webmail.mail.attachments import Upload
from webmail.mail.draft_forms import HEADER_FIELDS as HEADER_FIELDS
from webmail.mail.draft_forms import DraftFields as DraftFields
from webmail.mail.draft_forms import Incomplete as Incomplete
from webmail.mail.draft_forms import page_of as page_of
from webmail.mail.finishing import draft_of as draft_of
from webmail.mail.mailboxes import role
from webmail.mail.pages import ComposePage, DraftFormat
from webmail.mail.session import MailSession, account, connection, opened
from webmail.mailbox import Mailbox, SpecialUse
from webmail.message import build, reply
from webmail.message.summary import Flag, MessageId
from webmail.sanitize import links
from webmail.sanitize.outgoing import outgoing
from webmail.store import drafts, jobs, mailboxes, messages
from webmail.store.drafts import DraftRow, MessageRef
from webmail.store.messages import StoredMessage

MESSAGE_LIMIT = 64 * 1024 * 1024
"""Octets of a message from Drafts that is made editable."""
KEPT = ("sender", "to", "cc", "bcc", "subject", "text", "reply_to", "format", "priority", "receipt", "dsn")
"""What a draft and its form both hold."""


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
    """An empty form, or one that answers, forwards or repeats a message (``answers``). Nothing is stored yet.

    Costs the fetch of the text that is quoted. Raises NotFound if the original is gone.
    """
    page = draft_forms.blank(session, fields or DraftFields(key=""), key=new_key())
    if original is None:
        return page
    stored = messages.get(session.database, account(session).id, MessageId(original))
    page = replace(page, original=stored.summary.id, original_action=original_action)
    return answers.answered(session, page, stored, wording=wording)


def open_draft(session: MailSession, key: str) -> ComposePage:
    """The form of a stored draft, with what is worth looking at. Raises NotFound."""
    row = _row(session, key)
    return draft_forms.page_of(session, row, checks=checks.early(session, row))


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
        to=line(written.to),
        cc=line(written.cc),
        bcc=line(written.bcc),
        subject=written.subject,
        text=_formatted(written) if written.html else written.text,
        format=DraftFormat.HTML if written.html else DraftFormat.PLAIN,
        reply_to=line(written.reply_to),
        priority=written.priority,
        receipt=written.receipt,
    )
    now = stored.summary.internal_date
    _put(session, fields, now=now, in_reply_to=written.in_reply_to, references=written.references)
    for each in written.attachments:
        content = each.content.read_bytes() if isinstance(each.content, Path) else each.content
        attachments.keep(session, fields.key, Upload(each.filename, each.media_type, BytesIO(content), each.content_id))
    drafts.placed(session.database, mine, fields.key, mailbox_id=place[0], uidvalidity=place[1], uid=place[2], now=now)
    return fields.key


def _formatted(written: build.Draft) -> str:
    """The HTML of a draft that another program wrote, as it can be edited here: with the pictures that it carries."""
    carried = {each.content_id for each in written.attachments if each.content_id}
    return outgoing(written.html, pictures=lambda source: source if links.content_id(source) in carried else "")


def save(session: MailSession, fields: DraftFields, *, now: datetime, files: Sequence[Upload] = ()) -> ComposePage:
    """Keep the form as a draft, here first and then in the Drafts folder; addresses may still be incomplete.

    If the mail server cannot take it now, the page says so (``placed`` is false) and the worker tries again.
    Raises InvalidInput for line breaks in a header field.
    """
    row = store(session, fields, now=now, files=files)
    try:
        elsewhere = place(session, row.key, now=now)
    except WebmailError as error:
        if isinstance(error, InvalidInput):
            raise
        jobs.put(session.database, kind="draft", account_id=account(session).id, key=row.key, due_at=now)
        return replace(draft_forms.page_of(session, row), placed=False)
    return replace(draft_forms.page_of(session, _row(session, row.key)), elsewhere=elsewhere)


def store(session: MailSession, fields: DraftFields, *, now: datetime, files: Sequence[Upload] = ()) -> DraftRow:
    """Write the form and its files into the durable database; no network but for what is taken along of an original.

    Where another form of the same draft has written since this one was made, nothing of either is lost: this one is stored as a draft
    of its own, and Conflict("draft_changed") raised with the ``key`` of it. Raises InvalidInput for what cannot stand in a message.
    """
    draft_forms.check(fields)
    known = drafts.by_key(session.database, account(session).id, fields.key)
    fields = draft_forms.signed_anew(session, fields)
    if known is not None and _holds(known, fields):
        fields = replace(fields, version=None)
    if known is not None and fields.version not in (None, known.version):
        return _apart(session, fields, known, now=now, files=files)
    original = _original(session, fields.original) if known is None and fields.original is not None else None
    quoted, pictures = _quotation(session, original, fields)
    if known is not None and not fields.quoted:
        quoted = ""
    with attachments.taken_along(session, original, fields.include, pictures) as along:
        row = _put(
            session,
            fields,
            now=now,
            in_reply_to=known.in_reply_to if known else _answered(original, fields),
            references=known.references if known else _chain(original, fields),
            original=known.original if known else _reference(session, original),
            quote=quoted,
        )
        for file in (*along, *files):
            attachments.keep(session, fields.key, file)
    return drafts.by_key(session.database, account(session).id, fields.key) or row


def _holds(known: DraftRow, fields: DraftFields) -> bool:
    """Whether a draft holds already what a form brings: somebody pressed twice, or came back."""
    return all(getattr(known, name) == getattr(fields, name) for name in KEPT)


def _apart(session: MailSession, fields: DraftFields, known: DraftRow, *, now: datetime, files: Sequence[Upload]) -> DraftRow:
    """Store a form that was made of an older version as a draft of its own, with the files that it showed, and say so."""
    fresh = replace(fields, key=new_key(), version=None, original=None, include=(), pictures=())
    mine = account(session).id
    _put(
        session,
        fresh,
        now=now,
        in_reply_to=known.in_reply_to,
        references=known.references,
        original=known.original,
        quote=known.quote if fields.quoted else "",
        quote_first=known.quote_first,
    )
    for each in known.attachments:
        with (attachments.folder(session) / each.path).open("rb") as content:
            attachments.keep(session, fresh.key, Upload(each.filename, each.media_type, content, each.content_id))
    for file in files:
        attachments.keep(session, fresh.key, file)
    jobs.put(session.database, kind="draft", account_id=mine, key=fresh.key, due_at=now)
    raise Conflict("draft_changed", key=fresh.key)


def _quotation(session: MailSession, original: StoredMessage | None, fields: DraftFields) -> tuple[str | None, Mapping[str, str]]:
    """The HTML that is quoted beside a new draft, and the pictures that it, or a text written anew, shows. None: it stays as it is."""
    if original is None:
        return None, {}
    if not fields.quoted:
        return None, quoting.named_in(session, original, fields.text)
    found = quoting.quotation(session, original.summary.id)
    return quoting.block(found.markup, heading=fields.heading, action=fields.original_action), found.pictures


def _original(session: MailSession, message_id: int) -> StoredMessage | None:
    """The message answered; if it is gone meanwhile, the text is still kept."""
    try:
        return messages.get(session.database, account(session).id, MessageId(message_id))
    except NotFound:
        return None


def _answered(original: StoredMessage | None, fields: DraftFields) -> str:
    return original.summary.envelope.message_id_field if original and fields.original_action not in answers.NEW else ""


def _chain(original: StoredMessage | None, fields: DraftFields) -> tuple[str, ...]:
    if original is None or fields.original_action in answers.NEW:
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
    quote: str | None = None,
    quote_first: bool | None = None,
) -> DraftRow:
    if quote and quote_first is None:
        quote_first = fields.original_action not in answers.NEW and writing.choices(session).quote == "below"
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
        # A message that goes along as a file is forwarded in another form.
        original_action="forward" if fields.original_action == "attach" else fields.original_action,
        now=now,
        reply_to=fields.reply_to,
        format=fields.format,
        priority=fields.priority,
        receipt=fields.receipt,
        dsn=fields.dsn,
        quote=quote,
        quote_first=quote_first,
        version=fields.version,
    )


def place(session: MailSession, key: str, *, now: datetime) -> bool:
    """Put the draft into the Drafts folder and take its older copy out, once the new one is there. Raises what the server says.

    True: another program has taken the older copy away meanwhile, so that there may be a newer one of it beside this.
    """
    row = _row(session, key)
    where = role(session, SpecialUse.DRAFTS)
    raw = build.with_bcc(*_octets(session, row, now=now))
    elsewhere = _is_gone(session, row)
    with connection(session) as lent:
        result = update.append(lent, where.name, raw, flags=[Flag.DRAFT, Flag.SEEN], date=now)
    mailboxes.unwatch(session.database, [where.id], now=datetime.now(UTC))
    remove_copy(session, row)
    if result.uid is not None:
        mine, uidvalidity = account(session).id, result.uidvalidity
        drafts.placed(session.database, mine, key, mailbox_id=where.id, uidvalidity=uidvalidity, uid=result.uid, now=now)
    return elsewhere


def _is_gone(session: MailSession, row: DraftRow) -> bool:
    """Whether the copy of a draft is no longer where we put it."""
    if not row.uid:
        return False
    try:
        where = mailboxes.get(session.database, account(session).id, row.mailbox_id)
        with opened(session, where, uidvalidity=row.uidvalidity) as lent:
            return row.uid not in fetch.flags_of(lent, [row.uid])
    except NotFound:
        return True


def _octets(session: MailSession, row: DraftRow, *, now: datetime) -> tuple[bytes, tuple[Address, ...]]:
    """The draft as a message; addresses that cannot be read yet are left out of the copy, never out of the row."""
    written = draft_of(session, row)
    domain = written.sender.domain or "localhost"
    return build.build(written, date=now, message_id=f"<draft.{row.key}@{domain}>"), written.bcc


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


def _row(session: MailSession, key: str) -> DraftRow:
    row = drafts.by_key(session.database, account(session).id, key)
    if row is None:
        raise NotFound("draft")
    return row
