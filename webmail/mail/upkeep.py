"""Upkeep: the index work that the worker does while people read: folders, counts, older messages, words, waiting drafts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from webmail.errors import AuthenticationFailed, Conflict, NotFound, WebmailError
from webmail.imap.mailboxes import list_mailboxes
from webmail.mail import (
    accounts,
    ahead,
    drafts,
    filing,
    filtering,
    following,
    reports,
    saved_searches,
    sync,
    verifying,
    watching,
    wording,
)
from webmail.mail.delivery import SIGN_IN_PAUSE, worker_session
from webmail.mail.session import Gate, MailSession, account, connection
from webmail.mailbox import Mailbox, MailboxCounts, MailboxId
from webmail.message.summary import Uid
from webmail.store import credentials, filters, jobs, mailboxes, messages
from webmail.store.jobs import Job

KINDS = (
    "sync",
    "backfill",
    "scan",
    "forget",
    wording.KIND,
    "draft",
    "to_me",
    filing.JOB,
    following.FILTER,
    following.AHEAD,
    verifying.KIND,
    reports.KIND,
)
CLAIM_SECONDS = 120
PAUSES = (30, 60, 300, 900)
BURST = 2.0
"""Seconds a backfill works before it lets other due work have its turn."""
BUSY_PAUSE = timedelta(seconds=1)
FORGET_AFTER = timedelta(hours=1)
"""How long the index of a folder that the server lists no more is kept: it may only be away for a while."""
SCAN_PAUSE = timedelta(minutes=10)
"""How often all flags of a mailbox are read again where the server does not tell which have changed."""
FILTER_PAUSE = timedelta(minutes=5)
"""How often new mail is looked for while nobody is here, for an account whose filters run here."""
EVERYWHERE = {"connect", "greeting", "unavailable", "limit", "busy"}
"""Errors that say something of the server and nothing of the mailbox that was asked for."""


def claim(gate: Gate, *, owner: str) -> Job | None:
    """The next due piece of upkeep, claimed for two minutes; None if there is none."""
    return jobs.claim(gate.database, kinds=KINDS, now=datetime.now(UTC), owner=owner, seconds=CLAIM_SECONDS)


def run(gate: Gate, job: Job) -> None:
    """Do a claimed piece of upkeep; what fails for a while is tried again with growing pauses.

    A refused password stops all work of the account until the next sign-in, so that nobody gets locked out.
    """
    now = datetime.now(UTC)
    if not credentials.exists(gate.database, job.account_id):
        jobs.done(gate.database, job)
        return
    try:
        if accounts.waits_for_sign_in(gate.database, job.account_id):
            raise AuthenticationFailed("credentials")
        due = _work(gate, job)
    except AuthenticationFailed as error:
        accounts.password_refused(gate.database, job.account_id, now=now)
        jobs.again(gate.database, job, due_at=now + SIGN_IN_PAUSE, error=error.code)
    except NotFound:
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
    """Do the work of a job; returns when it is due again, or None where it is done."""
    session = worker_session(gate, job.account_id)
    if job.kind == "sync":
        return _sync_account(session)
    if job.kind == "backfill":
        return _backfill_mailbox(session, MailboxId(int(job.key))) if job.key else _backfill_account(session)
    if job.kind == "to_me":
        messages.mark_to_me(session.database, job.account_id)
        return None
    if job.kind == filing.JOB:
        done = filing.go_on(session, int(job.key), job.payload, until=datetime.now(UTC) + timedelta(seconds=BURST))
        return None if done else datetime.now(UTC)
    if job.kind == wording.KIND:
        # Lists come first: while older messages are still missing from them, their words get a small share of the time.
        waits = jobs.keys(session.database, job.account_id, "backfill")
        return wording.run(session, seconds=BURST / 4 if waits else BURST)
    if job.kind in (following.FILTER, following.AHEAD, verifying.KIND, reports.KIND):
        return _look_at_arrivals(gate, session, job)
    if job.kind == "forget":
        if MailboxId(int(job.key)) in mailboxes.gone(session.database, job.account_id):
            mailboxes.start_over(session.database, MailboxId(int(job.key)), uidvalidity=0)
        return None
    if job.kind == "scan":
        return _scan_mailbox(session, job)
    drafts.place(session, job.key, now=datetime.now(UTC))
    return None


def _look_at_arrivals(gate: Gate, session: MailSession, job: Job) -> datetime | None:
    """What is done once for mail that has just come: filters tried on it, its signatures verified, its body made ready."""
    if job.kind == following.FILTER:
        return filtering.run(session, now=datetime.now(UTC))
    if job.kind == verifying.KIND:
        return verifying.run(gate, session, job)
    if job.kind == reports.KIND:
        return reports.run(session, job)
    mailbox_id, _, uid = job.key.partition("/")
    ahead.make_ready(session, MailboxId(int(mailbox_id)), since=Uid(int(uid)))
    return None


def _sync_account(session: MailSession) -> datetime | None:
    """The folder tree and its counts, then every mailbox that was opened before; once a minute while a person is here."""
    mine = account(session)
    with connection(session) as lent:
        listed = list_mailboxes(lent)
        known = mailboxes.reconcile(session.database, mine.id, listed=listed)
    told = {each.name: each.counts for each in listed}
    states = mailboxes.states(session.database, mine.id)
    scanned = jobs.keys(session.database, mine.id, "scan")
    for mailbox in known:
        state = states.get(mailbox.id)
        if not mailbox.selectable or state is None or not state.uidvalidity:
            continue
        if _moved(told.get(mailbox.name, mailbox.counts), state):
            _follow(session, mailbox)
        if not state.tracked and str(mailbox.id) not in scanned:
            jobs.put(session.database, kind="scan", account_id=mine.id, key=str(mailbox.id), due_at=datetime.now(UTC))
    forgotten = jobs.keys(session.database, mine.id, "forget")
    for gone in mailboxes.gone(session.database, mine.id):
        if str(gone) not in forgotten:
            jobs.put(session.database, kind="forget", account_id=mine.id, key=str(gone), due_at=datetime.now(UTC) + FORGET_AFTER)
    jobs.put(session.database, kind="backfill", account_id=mine.id, due_at=datetime.now(UTC))
    wording.want(session.database, mine.id)
    saved_searches.count_saved(session)
    if accounts.present(session.database, session.user.id, mine.id):
        watching.want(session.database, mine.id)
        return datetime.now(UTC) + timedelta(seconds=60)
    # Filters that run here are wanted most while nobody looks; the password is there as long as somebody stays signed in.
    return datetime.now(UTC) + FILTER_PAUSE if filters.exist(session.database, mine.id) else None


def _moved(counts: MailboxCounts, state: mailboxes.MailboxState) -> bool:
    """Whether STATUS tells other numbers than the index holds; servers that keep none of some kind say nothing by it."""
    if (counts.uidnext, counts.messages, counts.unseen) != (state.uidnext, state.exists, state.unseen):
        return True
    return state.tracked and counts.highestmodseq not in (None, state.highestmodseq)


def _follow(session: MailSession, mailbox: Mailbox) -> None:
    """One mailbox that cannot be read must not stop the others."""
    try:
        with connection(session, prefer=mailbox) as lent:
            sync.update(sync.Index(session.database, lent, mailbox))
    except AuthenticationFailed:
        raise
    except WebmailError:
        return


def _backfill_account(session: MailSession) -> datetime | None:
    """Index older messages for two seconds: opened mailboxes first, the inbox before all.

    A mailbox that cannot be read gets a job of its own, with pauses of its own, so that the others need not wait for it.
    """
    mine = account(session).id
    until = datetime.now(UTC) + timedelta(seconds=BURST)
    known, states = mailboxes.overview(session.database, mine)
    alone = jobs.keys(session.database, mine, "backfill")
    due = None
    for mailbox in sorted(known, key=lambda each: not (each.id in states and states[each.id].uidvalidity)):
        if not mailbox.selectable or str(mailbox.id) in alone or (mailbox.id in states and states[mailbox.id].complete):
            continue
        try:
            if not _fill(session, mailbox, until=until):
                return datetime.now(UTC)
        except AuthenticationFailed:
            raise
        except Conflict:
            # Somebody else is writing this one: no failure, only a moment's wait.
            due = datetime.now(UTC) + BUSY_PAUSE
        except WebmailError as error:
            if error.code in EVERYWHERE:
                raise
            later = datetime.now(UTC) + timedelta(seconds=PAUSES[0])
            jobs.put(session.database, kind="backfill", account_id=mine, key=str(mailbox.id), due_at=later)
    return due


def _backfill_mailbox(session: MailSession, mailbox_id: MailboxId) -> datetime | None:
    mailbox = mailboxes.get(session.database, account(session).id, mailbox_id)
    complete = _fill(session, mailbox, until=datetime.now(UTC) + timedelta(seconds=BURST))
    return None if complete else datetime.now(UTC)


def _fill(session: MailSession, mailbox: Mailbox, *, until: datetime) -> bool:
    """Index older messages of one mailbox; returns whether it is complete now."""
    with connection(session, prefer=mailbox) as lent:
        index = sync.Index(session.database, lent, mailbox)
        return sync.backfill(index, seconds=(until - datetime.now(UTC)).total_seconds()).complete


def _scan_mailbox(session: MailSession, job: Job) -> datetime | None:
    """Make all flags of a mailbox true, window by window; again after a while, as long as somebody is here."""
    mine = account(session).id
    mailbox = mailboxes.get(session.database, mine, MailboxId(int(job.key)))
    until = datetime.now(UTC) + timedelta(seconds=BURST)
    below = int(job.payload.get("below", 0))
    with connection(session, prefer=mailbox) as lent:
        index = sync.Index(session.database, lent, mailbox)
        if sync.update(index).tracked:
            return None
        while (below := sync.scan(index, below=below)) and datetime.now(UTC) < until:
            jobs.remember(session.database, job, {"below": below})
    jobs.remember(session.database, job, {"below": below})
    if below:
        return datetime.now(UTC)
    return datetime.now(UTC) + SCAN_PAUSE if accounts.present(session.database, session.user.id, mine) else None
