"""Upkeep: the index work that the worker does while people read: folders, counts, older messages, waiting drafts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from webmail.account import AccountId
from webmail.errors import AuthenticationFailed, NotFound, WebmailError
from webmail.imap.mailboxes import list_mailboxes
from webmail.mail import drafts, sync
from webmail.mail.delivery import worker_session
from webmail.mail.session import Gate, MailSession, account, connection
from webmail.mailbox import Mailbox
from webmail.store import credentials, jobs, mailboxes, sessions
from webmail.store.jobs import Job

KINDS = ("sync", "backfill", "draft")
CLAIM_SECONDS = 120
PAUSES = (30, 60, 300, 900)
BURST = 2.0
"""Seconds a backfill works before it lets other due work have its turn."""


def claim(gate: Gate, *, owner: str) -> Job | None:
    """The next due piece of upkeep, claimed for two minutes; None if there is none."""
    return jobs.claim(gate.database, kinds=KINDS, now=datetime.now(UTC), owner=owner, seconds=CLAIM_SECONDS)


def run(gate: Gate, job: Job) -> None:
    """Do a claimed piece of upkeep; what fails for a while is tried again with growing pauses.

    A refused password ends the work of the account until the next sign-in, so that nobody gets locked out.
    """
    now = datetime.now(UTC)
    if not credentials.exists(gate.database, job.account_id):
        jobs.done(gate.database, job)
        return
    try:
        due = _work(gate, job)
    except (AuthenticationFailed, NotFound):
        jobs.done(gate.database, job)
    except WebmailError as error:
        pause = PAUSES[min(job.attempts, len(PAUSES) - 1)]
        jobs.again(gate.database, job, due_at=now + timedelta(seconds=pause), error=error.code)
    else:
        if due is None:
            jobs.done(gate.database, job)
        else:
            jobs.again(gate.database, job, due_at=due)


def _work(gate: Gate, job: Job) -> datetime | None:
    session = worker_session(gate, job.account_id)
    if job.kind == "sync":
        return _sync_account(session)
    if job.kind == "backfill":
        return _backfill_account(session)
    drafts.place(session, job.key, now=datetime.now(UTC))
    return None


def _sync_account(session: MailSession) -> datetime | None:
    """The folder tree and its counts, then every mailbox that was opened before; once a minute while a person is here."""
    mine = account(session)
    with connection(session) as lent:
        known = mailboxes.reconcile(session.database, mine.id, listed=list_mailboxes(lent))
    states = mailboxes.states(session.database, mine.id)
    for mailbox in known:
        state = states.get(mailbox.id)
        if mailbox.selectable and state is not None and state.uidvalidity and _moved(mailbox, state):
            _follow(session, mailbox)
    jobs.put(session.database, kind="backfill", account_id=mine.id, due_at=datetime.now(UTC))
    return datetime.now(UTC) + timedelta(seconds=60) if _present(session, mine.id) else None


def _moved(mailbox: Mailbox, state: mailboxes.MailboxState) -> bool:
    counts = mailbox.counts
    return (counts.uidnext, counts.messages, counts.unseen) != (state.uidnext, state.exists, state.unseen)


def _follow(session: MailSession, mailbox: Mailbox) -> None:
    """One mailbox that cannot be read must not stop the others."""
    try:
        with connection(session, prefer=mailbox) as lent:
            sync.update(sync.Index(session.database, lent, mailbox))
    except AuthenticationFailed:
        raise
    except WebmailError:
        return


def _present(session: MailSession, account_id: AccountId) -> bool:
    """Whether somebody uses the account in a browser."""
    now = datetime.now(UTC)
    living = sessions.of_user(session.database, session.user.id, now=now)
    return any(each.account_id == account_id and now - each.last_seen < timedelta(minutes=30) for each in living)


def _backfill_account(session: MailSession) -> datetime | None:
    """Index older messages for two seconds: opened mailboxes first, the inbox before all."""
    until = datetime.now(UTC) + timedelta(seconds=BURST)
    states = mailboxes.states(session.database, account(session).id)
    known = [each for each in mailboxes.list_of(session.database, account(session).id) if each.selectable]
    known.sort(key=lambda each: not (each.id in states and states[each.id].uidvalidity))
    for mailbox in known:
        state = states.get(mailbox.id)
        if state is not None and state.complete:
            continue
        with connection(session, prefer=mailbox) as lent:
            index = sync.Index(session.database, lent, mailbox)
            while not sync.backfill(index).complete:
                if datetime.now(UTC) > until:
                    return datetime.now(UTC)
    return None
