"""What is done for a message that the submission server has: its copy in Sent, the mark on what it answers, its draft taken away."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from webmail.address import parse_address_list
from webmail.errors import NotAllowed, NotFound, ServerRefused
from webmail.imap import fetch, update
from webmail.imap.connection import Connection
from webmail.mail import drafts, mailboxes, sync
from webmail.mail.permission import keeps
from webmail.mail.session import MailSession, connection, opened
from webmail.mailbox import SpecialUse
from webmail.message import build
from webmail.message.summary import Flag
from webmail.store import drafts as stored_drafts
from webmail.store import mailboxes as stored_mailboxes
from webmail.store import outgoing
from webmail.store.drafts import DraftRow
from webmail.store.outgoing import Submission

BY_US, BY_SERVER, AUTO = "append", "server", "auto"
WAYS = (AUTO, BY_US, BY_SERVER)
"""Who puts the copy into Sent: the server where it is known to, we, the server."""
FILES_ITSELF = "X-GM-EXT-1"
"""Servers with this capability put into Sent what was submitted to them."""
PATIENCE = timedelta(minutes=2)
"""How long a server that files by itself is given; then the copy is made by us, so that there is one in any case."""
LOOK_AGAIN = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Kept:
    """Where the copy is. ``by_server``: it was there without us. ``later``: the server is still to file it."""

    folder: str
    by_server: bool = False
    later: bool = False


def keep(session: MailSession, submission: Submission, *, way: str, accepted_at: datetime) -> Kept:
    """APPEND the same octets, with Bcc in front, to Sent; never twice: the Message-ID is looked for first.

    Where the server files by itself it is only looked for, until its time is over. Raises the errors of the connection.
    """
    sent = stored_mailboxes.by_role(session.database, submission.account_id, SpecialUse.SENT)
    sent = sent or mailboxes.create_role(session, SpecialUse.SENT)
    raw = build.with_bcc(outgoing.raw(session.database, submission.id), parse_address_list(submission.bcc).addresses)
    with connection(session, prefer=sent) as lent:
        lent.select(sent.name, writable=True)
        # A mailbox that stayed selected is searched as it was; what came since is known only once it is told.
        lent.noop()
        # What was sent on as it is keeps the Message-ID its writer gave it.
        field = "RESENT-MESSAGE-ID" if submission.original_action == "redirect" else "MESSAGE-ID"
        if fetch.find(lent, message_id_field=submission.message_id_field, field=field):
            return Kept(sent.label, by_server=_left_to_server(lent, way))
        if _left_to_server(lent, way) and datetime.now(UTC) - accepted_at < PATIENCE:
            return Kept(sent.label, later=True)
        update.append(lent, sent.name, raw, flags=[Flag.SEEN], date=datetime.now(UTC))
    stored_mailboxes.unwatch(session.database, [sent.id], now=datetime.now(UTC))
    return Kept(sent.label)


def _left_to_server(lent: Connection, way: str) -> bool:
    return way == BY_SERVER or (way == AUTO and lent.has(FILES_ITSELF))


def mark_original(session: MailSession, submission: Submission) -> None:
    """Set \\Answered or $Forwarded on the message replied to; one that is gone meanwhile or may not be marked is no error."""
    original = submission.original
    if original is None or submission.original_action == "again":
        return
    flag = Flag.FORWARDED if submission.original_action in ("forward", "redirect") else Flag.ANSWERED
    try:
        mailbox = stored_mailboxes.get(session.database, submission.account_id, original.mailbox_id)
        with opened(session, mailbox, uidvalidity=original.uidvalidity) as lent:
            if keeps(lent, flag):
                sync.store_flags(sync.Index(session.database, lent, mailbox), [original.uid], add=[flag])
    except (NotFound, NotAllowed, ServerRefused):
        return


def remove_draft(session: MailSession, submission: Submission) -> bool:
    """Take the draft away, unless it was changed after it was sent: then it stays, as a draft of its own; tells whether it does.

    A copy that the server does not let us remove stays in Drafts, and the message is sent all the same.
    """
    row = stored_drafts.by_key(session.database, submission.account_id, submission.draft_key)
    if row is None:
        return False
    if row.updated_at > submission.created_at and not _says_the_same(row, outgoing.raw(session.database, submission.id)):
        stored_drafts.rekey(session.database, submission.account_id, old=row.key, new=drafts.new_key())
        return True
    with suppress(NotAllowed, ServerRefused):
        drafts.remove_copy(session, row)
    drafts.forget(session, row.key)
    return False


def _says_the_same(row: DraftRow, raw: bytes) -> bool:
    """Whether a draft that was written once more, as by a double click, is still the message that was sent."""
    sent = build.parse_draft(raw)
    return (row.subject, row.text.split(), len(row.attachments)) == (sent.subject, sent.text.split(), len(sent.attachments))
