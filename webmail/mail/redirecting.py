"""Redirecting: a message sent on to somebody else as it is, so that an answer goes to who wrote it (RFC 5322 §3.6.6)."""

from __future__ import annotations

import hashlib
import itertools
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from webmail.address import Address, ascii_addr_spec, parse_address_list, valid_addr_spec
from webmail.errors import InvalidInput, NotAllowed
from webmail.imap import fetch
from webmail.mail.message_pages import RedirectPage
from webmail.mail.outbox_pages import SubmissionState
from webmail.mail.session import MailSession, account, find_message, opened
from webmail.message import build
from webmail.message.encoded_words import text_of
from webmail.message.fields import header_end, split_fields
from webmail.message.mime import has_attachments
from webmail.message.resent import resent
from webmail.store import jobs, mailboxes, outgoing
from webmail.store.drafts import MessageRef
from webmail.store.messages import StoredMessage

LIMIT = 64 * 1024 * 1024
"""Octets of a message that is sent on."""
RECIPIENTS = 100
HOPS = 50
"""A message that has passed so many servers goes in circles."""


def form(session: MailSession, message_id: int, *, to: str = "", sender: str = "", key: str = "") -> RedirectPage:
    """The form that asks to whom. Raises NotFound."""
    stored, mailbox = find_message(session, message_id)
    return RedirectPage(stored.summary, mailbox, _own(session), key or secrets.token_urlsafe(18), to, sender)


def redirect(session: MailSession, message_id: int, *, key: str, to: str, sender: str, now: datetime, hold: timedelta) -> int:
    """Put a message into the outbox as it is, behind a Resent block; returns the id of the submission.

    One fetch of the whole message, which is held in memory. The same form gives the same submission, unless that was taken
    back; other recipients make another one. Raises NotFound,
    InvalidInput for addresses that cannot be used, NotAllowed("redirect_too_large"), and the server's errors.
    """
    people, writer = _recipients(to), _sender(session, sender)
    if not key or len(key) > 64:
        raise InvalidInput("key", field="key")
    key, known = _own_key(session, key, [writer, *people])
    if known:
        return known
    stored, mailbox = find_message(session, message_id)
    if stored.summary.size > LIMIT:
        raise NotAllowed("redirect_too_large")
    with opened(session, mailbox, uidvalidity=stored.uidvalidity) as lent:
        raw = fetch.part(lent, stored.summary.uid, "")
    return _queue(session, stored, raw, key=key, people=people, writer=writer, now=now, due_at=now + hold)


def pass_on(session: MailSession, stored: StoredMessage, *, to: str, key: str, now: datetime) -> bool:
    """Put a message of the inbox into the outbox because a filter says so; the same key queues it once.

    False, and nothing is done, where it has been through our own hands before or has come a long way: it goes in circles. One
    fetch of the whole message. Raises as ``redirect``.
    """
    mine = account(session).id
    if outgoing.by_key(session.database, mine, key) is not None:
        return True
    people, writer = _recipients(to), _sender(session, "")
    if stored.summary.size > LIMIT:
        raise NotAllowed("redirect_too_large")
    mailbox = mailboxes.get(session.database, mine, stored.mailbox_id)
    with opened(session, mailbox, uidvalidity=stored.uidvalidity) as lent:
        raw = fetch.part(lent, stored.summary.uid, "")
    if _in_circles(raw, writer):
        return False
    _queue(session, stored, raw, key=key, people=people, writer=writer, now=now, due_at=now)
    return True


def _in_circles(raw: bytes, writer: Address) -> bool:
    fields = split_fields(raw[: header_end(raw)])
    ours = any(name.lower() == "resent-from" and writer.addr_spec.lower() in text_of(value).lower() for name, value in fields)
    return ours or sum(name.lower() == "received" for name, _ in fields) > HOPS


def _queue(
    session: MailSession,
    stored: StoredMessage,
    raw: bytes,
    *,
    key: str,
    people: Sequence[Address],
    writer: Address,
    now: datetime,
    due_at: datetime,
) -> int:
    mine, resent_id = account(session).id, build.new_message_id(secrets.token_hex(16), writer.domain)
    envelope = stored.summary.envelope
    queued = outgoing.queue(
        session.database,
        mine,
        draft_key=key,
        message_id_field=resent_id,
        envelope_from=ascii_addr_spec(writer.addr_spec) or writer.addr_spec,
        recipients=[ascii_addr_spec(each.addr_spec) or each.addr_spec for each in people],
        raw=resent(raw, sender=writer, to=people, date=now, message_id=resent_id),
        bcc="",
        subject=envelope.subject,
        has_attachments=has_attachments(stored.summary.structure),
        original=MessageRef(mine, stored.mailbox_id, stored.uidvalidity, stored.summary.uid, envelope.message_id_field),
        original_action="redirect",
        due_at=due_at,
        now=now,
    )
    jobs.wake(session.database)
    return queued


def _own_key(session: MailSession, key: str, named: Sequence[Address]) -> tuple[str, int]:
    """The key of a form with these addresses in it, and the submission made of it before; 0 if there is none that stands."""
    digest = hashlib.sha256("\n".join(each.addr_spec for each in named).encode()).hexdigest()[:16]
    for turn in itertools.count():
        candidate = f"{key[:40]}.{digest}.{turn}"
        known = outgoing.by_key(session.database, account(session).id, candidate)
        if known is None:
            return candidate, 0
        if outgoing.get(session.database, account(session).id, known).state != SubmissionState.CANCELLED:
            return candidate, known
    raise AssertionError("numbers do not end")


def _own(session: MailSession) -> tuple[Address, ...]:
    return tuple(identity.address for identity in account(session).identities)


def _recipients(to: str) -> tuple[Address, ...]:
    if any(character in to for character in "\r\n\0"):
        raise InvalidInput("line_break", field="to")
    found = parse_address_list(to)
    wrong = [*found.invalid, *(each.addr_spec for each in found.addresses if not valid_addr_spec(each.addr_spec))]
    if wrong:
        raise InvalidInput("address", field="to", value=", ".join(wrong[:5]))
    if found.cut or len(found.addresses) > RECIPIENTS:
        raise InvalidInput("too_many_recipients", field="to", limit=RECIPIENTS)
    if not found.addresses:
        raise InvalidInput("no_recipient", field="to")
    return found.addresses


def _sender(session: MailSession, asked: str) -> Address:
    own = _own(session)
    if not own:
        raise InvalidInput("identity_missing", field="from")
    wanted = {each.addr_spec.lower() for each in parse_address_list(asked).addresses}
    return next((each for each in own if each.addr_spec.lower() in wanted), own[0])
