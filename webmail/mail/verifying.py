"""Verifying: the DKIM signatures of new mail, once, by the worker, where the settings ask for it.

A look-up when a message is opened would tell its sender that it was; so it is made when the message arrives, whether anybody
ever opens it or not, and never for older mail.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from webmail import authentication
from webmail.account import AccountId
from webmail.imap import fetch
from webmail.mail.session import Gate, MailSession, account, opened
from webmail.mailbox import Mailbox, MailboxId, SpecialUse
from webmail.message.summary import MessageSummary, Uid
from webmail.store import jobs, mailboxes, messages, signatures
from webmail.store.database import Database
from webmail.store.jobs import Job

KIND = "dkim"
NOBODY = AccountId(0)
STANDING = "on"
"""The key of the job that is never due: while it waits, arrivals are told to the worker."""
MOST = 50
"""Of more messages that arrive at once, the newest so many are verified."""
NEVER = timedelta(days=36_500)
OWN = (SpecialUse.SENT, SpecialUse.DRAFTS)


def announce(gate: Gate) -> None:
    """Say once, for all processes, whether signatures are verified. A write only where that has changed."""
    standing = STANDING in jobs.keys(gate.database, NOBODY, KIND)
    if gate.dkim_lookup is not None and not standing:
        jobs.put(gate.database, kind=KIND, key=STANDING, due_at=datetime.now(UTC) + NEVER)
    elif gate.dkim_lookup is None and standing:
        jobs.cancel(gate.database, kind=KIND, account_id=NOBODY, key=STANDING)


def arrived(database: Database, mailbox: Mailbox, summaries: Sequence[MessageSummary]) -> None:
    """Tell the worker of messages that have just come. One look-up where nobody has asked for it, else one durable write."""
    if not summaries or mailbox.special_use in OWN or STANDING not in jobs.keys(database, NOBODY, KIND):
        return
    uids = sorted((int(each.uid) for each in summaries), reverse=True)[:MOST]
    payload = {"mailbox": int(mailbox.id), "uids": uids}
    jobs.put(database, kind=KIND, account_id=mailbox.account_id, key=f"{mailbox.id}/{uids[0]}", due_at=datetime.now(UTC), payload=payload)


def run(gate: Gate, session: MailSession, job: Job) -> datetime | None:
    """Verify the signatures of one of the messages of a job, so that other work has its turn; returns when the next is due.

    One FETCH and up to ten seconds of look-ups. Raises the errors of the connection.
    """
    uids = [Uid(int(each)) for each in job.payload.get("uids", [])]
    if gate.dkim_lookup is None or not uids:
        return None
    mailbox = mailboxes.get(session.database, account(session).id, MailboxId(int(job.payload["mailbox"])))
    stored = messages.by_uid(session.database, mailbox.id, uids[0])
    if stored is not None and not signatures.known(session.database, stored.summary.id):
        with opened(session, mailbox, uidvalidity=stored.uidvalidity) as lent:
            raw = fetch.part(lent, stored.summary.uid, "", limit=authentication.MAX_OCTETS + 1)
        found = authentication.verify(raw, lookup=gate.dkim_lookup)
        signatures.put(session.database, stored.summary.id, [(each.result, each.domain) for each in found])
    if len(uids) == 1:
        return None
    jobs.remember(session.database, job, {"mailbox": int(mailbox.id), "uids": [int(each) for each in uids[1:]]})
    return datetime.now(UTC)
