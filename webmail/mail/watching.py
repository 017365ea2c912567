"""Watching: one connection for each account that somebody uses, on which the server tells what happens.

What is told leads to a sync of that mailbox, by another connection, and the sync to events. A mailbox that was synced and of
which nothing was told since is *vouched for*: a page shows it without asking the server. The waiting is ended and begun
again every 22 seconds; each time the server's answer proves that it lives, and lets us vouch for 30 seconds more. So a
server, or a line, that has gone silent is noticed within a minute, and a page believes it for half of one::

    claimed ──begin──▶ told of all mailboxes (NOTIFY) or of INBOX (IDLE)
                            │ sync those that differ, vouch for those that are true
                            ▼
              ┌────────── wait, 22 s at most ◀─────────────┐
         told │                                            │ nothing told: vouch for 30 s more
              └──▶ vouch no more ──▶ sync ──▶ vouch again ─┘

Nobody is vouched for whose changes might not be told: a mailbox under a name it no longer has, one without mod-sequences
where NOTIFY tells of flags by these alone, and every one when the server has lost count or said what cannot be read.

A refused password ends it until the next sign-in, so that nobody gets locked out; any other refusal until a growing pause
is over. It ends when nobody uses the account any more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic

from webmail.account import AccountId
from webmail.errors import AuthenticationFailed, NotFound, ServerUnavailable, ServerUnusable, WebmailError
from webmail.imap import watching
from webmail.imap.connection import Connection, connect
from webmail.imap.mailboxes import list_mailboxes
from webmail.mail import accounts, sync
from webmail.mail.delivery import SIGN_IN_PAUSE, worker_session
from webmail.mail.session import Gate, MailSession, account, connection
from webmail.mailbox import Mailbox, MailboxCounts, MailboxId
from webmail.store import credentials, jobs, mailboxes
from webmail.store.database import Database
from webmail.store.jobs import Job
from webmail.store.mailboxes import MailboxState
from webmail.store.vigil import kept, vigil

KIND = "watch"
CLAIM_SECONDS = 60
RENEW_SECONDS = 22.0
LOOK_SECONDS = 2.0
"""How soon after the last sign-out an account is watched no more."""
SOON_SECONDS = 2.0
"""How long to wait where a mailbox could not be brought up to date at the first attempt."""
VOUCH = timedelta(seconds=30)
PAUSES = (5, 15, 60, 300)
WITHOUT_IDLE = timedelta(hours=6)
"""How often a server that cannot be watched is asked whether it can by now."""
Until = Callable[[], bool]


@dataclass(slots=True)
class Watch:
    """An account being watched: the mailboxes told of, those still to be looked at, and those vouched for.

    ``proved`` tells of those not vouched for yet when the look began that found them true. ``all`` stands for NOTIFY: then
    flags are told of by mod-sequence only, and nobody vouches for a mailbox without one that can be trusted.
    """

    session: MailSession
    all: bool
    covered: set[str]
    unsure: set[str] = field(default_factory=set)
    vouched: dict[str, MailboxId] = field(default_factory=dict)
    proved: dict[str, datetime] = field(default_factory=dict)
    tree: bool = False


def want(database: Database, account_id: AccountId) -> None:
    """Let the account be watched, if it is not already. Writes nothing then."""
    if not jobs.pending(database, account_id, KIND):
        jobs.put(database, kind=KIND, account_id=account_id, due_at=datetime.now(UTC))


def claim(gate: Gate, *, owner: str) -> Job | None:
    """The next account to be watched by us, or None."""
    return jobs.claim(gate.database, kinds=[KIND], now=datetime.now(UTC), owner=owner, seconds=CLAIM_SECONDS)


@contextmanager
def on_duty(gate: Gate) -> Iterator[None]:
    """For as long as a process watches accounts: what it vouches for counts only while it lives."""
    if not kept(gate.database):
        mailboxes.unwatch_all(gate.database)  # Words of those who are no more.
    with vigil(gate.database):
        yield


def watch(gate: Gate, job: Job, *, stop: Until) -> None:
    """Watch a claimed account until ``stop``, until nobody uses it, or until it fails; the job tells when to try again."""
    began = monotonic()
    due: datetime | None = None
    error = ""
    try:
        session = worker_session(gate, job.account_id)
        if accounts.waits_for_sign_in(gate.database, job.account_id):
            raise AuthenticationFailed("credentials")
        if _wanted(session):
            can = _watch(session, job, stop=stop)
            # Where it is still wanted, it was only stopped, and the next worker takes over.
            due = datetime.now(UTC) + (timedelta(0) if can else WITHOUT_IDLE) if _wanted(session) else None
    except AuthenticationFailed as refused:
        accounts.password_refused(gate.database, job.account_id, now=datetime.now(UTC))
        due, error = datetime.now(UTC) + SIGN_IN_PAUSE, refused.code
    except NotFound:
        due = None
    except WebmailError as failed:
        lived = monotonic() - began > RENEW_SECONDS
        pause = PAUSES[0 if lived else min(job.attempts, len(PAUSES) - 1)]
        due = datetime.now(UTC) + timedelta(seconds=pause)
        error = "" if lived else failed.code
    if due is None:
        jobs.done(gate.database, job)
    else:
        jobs.again(gate.database, job, due_at=due, error=error)


def _wanted(session: MailSession) -> bool:
    mine = account(session).id
    return credentials.exists(session.database, mine) and accounts.present(session.database, session.user.id, mine)


def _watch(session: MailSession, job: Job, *, stop: Until) -> bool:
    """Watch as long as it is wanted; false where the server cannot be watched."""
    mine = account(session)
    with closing(connect(mine.imap, timeout=session.imap.timeout)) as lent:
        lent.authenticate(credentials.read(session.database, session.database.key, mine.id))
        began = datetime.now(UTC)
        watched = watching.begin(lent)
        if watched is None:
            return False
        found = Watch(session, watched.all, {watching.INBOX, *watched.counts}, unsure=set(watched.counts))
        _believe(found, watched, began=began)
        try:
            while not stop() and _wanted(session):
                _look(found)
                if not jobs.keep(session.database, job, until=datetime.now(UTC) + timedelta(seconds=CLAIM_SECONDS)):
                    return True
                _vouch(found)
                _take_in(found, _wait(lent, watched, found, stop=stop))
        finally:
            _recant(found, found.vouched)
    return True


def _wait(lent: Connection, watched: watching.Watched, found: Watch, *, stop: Until) -> watching.Told:
    now = monotonic()
    until, look = now + (SOON_SECONDS if found.unsure else RENEW_SECONDS), now + LOOK_SECONDS

    def enough() -> bool:
        nonlocal look
        if monotonic() > until or stop():
            return True
        if monotonic() < look:
            return False
        look = monotonic() + LOOK_SECONDS
        return not _wanted(found.session)

    told = watching.wait(lent, watched, until=enough)
    return _begin_anew(lent, watched, found) if told.overflowed else told


def _begin_anew(lent: Connection, watched: watching.Watched, found: Watch) -> watching.Told:
    """After something that was not told: everything has to be looked at. Raises ServerUnavailable if less is told from now on."""
    lent.overflowed = False
    again = watching.begin(lent)
    if again is None or again.all is not watched.all:
        raise ServerUnavailable("limit", host=lent.server.host, port=lent.server.port)
    return watching.Told(frozenset(again.counts) | found.vouched.keys(), tree=True)


def _take_in(found: Watch, told: watching.Told) -> None:
    """Vouch no more for what something was told of, before anything else: a page asked now looks by itself."""
    _let_go(found, told.mailboxes & found.vouched.keys())
    found.covered |= told.mailboxes
    found.unsure |= told.mailboxes
    found.tree |= told.tree


def _vouch(found: Watch) -> None:
    """Vouch for what is true, for 30 s more. What somebody has changed since it was looked at is to be looked at again."""
    until, database = datetime.now(UTC) + VOUCH, found.session.database
    standing = [mailbox_id for name, mailbox_id in found.vouched.items() if name not in found.proved]
    accepted = mailboxes.watch(database, standing, until=until) if standing else set()
    for name, began in found.proved.items():
        accepted |= mailboxes.watch(database, [found.vouched[name]], until=until, proved=began)
    found.proved.clear()
    for name in [name for name, mailbox_id in found.vouched.items() if mailbox_id not in accepted]:
        del found.vouched[name]
        found.unsure.add(name)


def _recant(found: Watch, names: Collection[str]) -> None:
    if names:
        mailboxes.unwatch(found.session.database, [found.vouched[name] for name in names], now=datetime.now(UTC))


def _believe(found: Watch, watched: watching.Watched, *, began: datetime) -> None:
    """What has the very numbers of the index needs no look, where one of them moves with every change."""
    known, states = mailboxes.overview(found.session.database, account(found.session).id)
    for mailbox in known:
        counts, state = watched.counts.get(mailbox.name), states.get(mailbox.id)
        if counts is not None and state is not None and state.tracked and _same(counts, state):
            found.vouched[mailbox.name] = mailbox.id
            found.proved[mailbox.name] = began
            found.unsure.discard(mailbox.name)


def _same(counts: MailboxCounts, state: MailboxState) -> bool:
    told = (counts.uidvalidity, counts.uidnext, counts.messages, counts.highestmodseq)
    return told == (state.uidvalidity, state.uidnext, state.exists, state.highestmodseq)


def _look(found: Watch) -> None:
    """Bring the mailboxes of which something was told up to date; of those never opened, the counts are enough."""
    opened = _opened(found.session)
    if found.tree or found.unsure - opened.keys() - found.vouched.keys():
        _look_at_tree(found.session)
        found.tree = False
        opened = _opened(found.session)
    _let_go(found, [name for name, mailbox_id in found.vouched.items() if name not in opened or opened[name].id != mailbox_id])
    waiting, found.unsure = found.unsure, set()
    for name in sorted((waiting & opened.keys()) | (found.covered & opened.keys()) - found.vouched.keys()):
        began = datetime.now(UTC)
        state = _sync(found.session, opened[name])
        if state is None:
            found.unsure.add(name)
        elif state.tracked or not found.all:
            found.vouched[name], found.proved[name] = opened[name].id, began


def _opened(session: MailSession) -> dict[str, Mailbox]:
    known, states = mailboxes.overview(session.database, account(session).id)
    return {each.name: each for each in known if each.selectable and each.id in states and states[each.id].uidvalidity}


def _let_go(found: Watch, names: Collection[str]) -> None:
    """Vouch no more for these; of a mailbox that has another name now, nothing is told under its old one."""
    _recant(found, names)
    for name in names:
        del found.vouched[name]
        found.proved.pop(name, None)


def _look_at_tree(session: MailSession) -> None:
    mine = account(session).id
    with connection(session) as lent:
        mailboxes.reconcile(session.database, mine, listed=list_mailboxes(lent))
    jobs.put(session.database, kind="backfill", account_id=mine, due_at=datetime.now(UTC))
    jobs.wake(session.database)


def _sync(session: MailSession, mailbox: Mailbox) -> MailboxState | None:
    """The state of a mailbox brought up to date; None for one that cannot be, which must not stop the others and is tried again."""
    try:
        with connection(session, prefer=mailbox) as lent:
            index = sync.Index(session.database, lent, mailbox)
            state = sync.update(index)
            return state if state.uidnext and not lent.changed else None
    except (AuthenticationFailed, ServerUnusable):
        raise
    except WebmailError:
        return None
