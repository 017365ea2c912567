"""Sync: keep the index of a mailbox equal to the server, so that the list never lies (RFC 9051 §2.3.1, §7.4).

The stored state of a mailbox, which every step reads first and changes by compare-and-set last::

    never seen ──first_contact──▶ backfilling ──backfill, newest first──▶ complete
        ▲                             │  ▲                                  │  ▲
        │                             └──┘ follow                           └──┘ follow
        └───────────── UIDVALIDITY changed: start_over ◀───────────────────────┘

*first_contact* reads the newest page by sequence number, so its cost does not grow with the mailbox. *backfill* goes
down from ``lowest_uid`` in windows; it can be killed at any point and goes on from what is stored. *follow* applies
what happened since: messages from ``uidnext`` on are new; a count that differs means expunges, found by comparing UIDs;
``SEARCH UNSEEN`` and ``SEARCH FLAGGED`` bring those two flags of the whole mailbox up to date at the price of two short
answers; all other flags are read for the rows being shown.

Only a sync moves ``uidnext``; our own actions change rows but never the state. One writer per mailbox holds the lease.
A check that finds nothing changed (NOOP on a connection that has the mailbox selected) writes nothing at all.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from os import getpid
from time import monotonic, sleep

from webmail.errors import Conflict, UidValidityChanged
from webmail.imap import fetch
from webmail.imap.connection import Connection, Selected
from webmail.mail.previews import previews
from webmail.mailbox import Mailbox
from webmail.message.summary import Flag, MessageSummary, Uid
from webmail.store import mailboxes, messages
from webmail.store.database import Database
from webmail.store.mailboxes import MailboxState

PAGE = 50
Shown = Callable[[], Sequence[Uid]]
WINDOW = 300
"""Messages a backfill step fetches: small enough that an index write stays short and a page request gets its turn."""
LEASE_SECONDS = 60
LEASE_PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class Index:
    """The index of one mailbox and the connection to compare it with."""

    database: Database
    connection: Connection
    mailbox: Mailbox


def update(index: Index, *, known: MailboxState | None = None, shown: Shown = list) -> MailboxState:
    """Bring the index of a mailbox up to date and return its state; ``shown`` gives the UIDs whose flags matter most.

    ``known`` is the stored state where the caller has just read it.

    Costs one NOOP where nothing changed and the mailbox is selected on the connection. Raises the errors of the
    connection; Conflict("busy") if another writer holds the mailbox for more than five seconds.
    """
    state = known or mailboxes.state(index.database, index.mailbox.id)
    try:
        if not _changed(index, state):
            return state
    except UidValidityChanged:
        index.connection.settle()
    with lease(index):
        return _write(index, shown=shown)


def _changed(index: Index, state: MailboxState) -> bool:
    """Select the mailbox, or ask for news where it is selected already; tell whether anything may have changed."""
    connection = index.connection
    if index.mailbox.counts.uidvalidity not in (None, state.uidvalidity):
        # The folder was made anew under its name: a server may not tell that to those who have the old one open.
        connection.forget_selection()
    here = connection.selected is not None and connection.selected.name == index.mailbox.name
    selected = connection.select(index.mailbox.name, uidvalidity=state.uidvalidity or None, writable=True)
    if here:
        connection.noop()
        selected = _selected(connection)
    return not here or connection.changed or not state.uidvalidity or selected.exists != state.exists


def _write(index: Index, *, shown: Shown) -> MailboxState:
    state = mailboxes.state(index.database, index.mailbox.id)
    selected = index.connection.select(index.mailbox.name, writable=True)
    if selected.uidvalidity != state.uidvalidity:
        mailboxes.start_over(index.database, index.mailbox.id, uidvalidity=selected.uidvalidity)
        return _first_contact(index)
    return _follow(index, state, shown=shown)


def _first_contact(index: Index) -> MailboxState:
    """The newest page of a mailbox never seen before, whatever its size."""
    connection = index.connection
    connection.settle()
    newest = fetch.newest(connection, PAGE)
    add(index, newest)
    selected = _selected(connection)
    lowest = min((summary.uid for summary in newest), default=Uid(selected.uidnext))
    uidnext = max([selected.uidnext, *(summary.uid + 1 for summary in newest)])
    unseen = len(fetch.search(connection, "UNSEEN"))
    return _settle(index, uidnext=uidnext, lowest_uid=lowest, unseen=unseen, complete=len(newest) >= selected.exists)


def _follow(index: Index, state: MailboxState, *, shown: Shown) -> MailboxState:
    """Apply what other clients did since the last sync."""
    connection, database, mailbox = index.connection, index.database, index.mailbox
    connection.settle()
    arrived = fetch.summaries_between(connection, Uid(state.uidnext), None)
    add(index, arrived)
    uidnext = max([state.uidnext, *(summary.uid + 1 for summary in arrived)])
    unseen = fetch.search(connection, "UNSEEN")
    flagged = fetch.search(connection, "FLAGGED")
    messages.set_flag_everywhere(database, mailbox.id, flag=Flag.SEEN, without=unseen)
    messages.set_flag_everywhere(database, mailbox.id, flag=Flag.FLAGGED, only=flagged)
    page = list(shown())
    if page:
        messages.set_flags(database, mailbox.id, flags=fetch.flags_of(connection, page))
    _remove_expunged(index, state)
    return _settle(index, uidnext=uidnext, lowest_uid=Uid(state.lowest_uid), unseen=len(unseen), complete=state.complete)


def _remove_expunged(index: Index, state: MailboxState) -> None:
    """Compare UIDs where the count tells that some are gone, or that some were never seen."""
    database, mailbox = index.database, index.mailbox
    indexed = mailboxes.state(database, mailbox.id).indexed
    exists = _selected(index.connection).exists
    if state.complete and indexed == exists:
        return
    there = (
        set(fetch.search(index.connection, "UID", f"{state.lowest_uid}:*"))
        if not state.complete
        else set(fetch.search(index.connection, "ALL"))
    )
    here = set(messages.uids(database, mailbox.id))
    messages.remove(database, mailbox.id, uids=sorted(here - there))
    missing = sorted(uid for uid in there - here if uid >= state.lowest_uid or state.complete)
    if missing:
        add(index, fetch.summaries(index.connection, missing))


def _settle(index: Index, *, uidnext: int, lowest_uid: Uid, unseen: int, complete: bool) -> MailboxState:
    """Store the new state if nobody else moved it meanwhile."""
    selected = _selected(index.connection)
    before = mailboxes.state(index.database, index.mailbox.id)
    mailboxes.apply(
        index.database,
        index.mailbox.id,
        expected=before,
        uidnext=uidnext,
        exists=selected.exists,
        unseen=unseen,
        lowest_uid=lowest_uid,
        complete=complete,
        checked_at=datetime.now(UTC),
        read_only=selected.read_only,
        permanent_keywords="\\*" in selected.permanent_flags,
    )
    return mailboxes.state(index.database, index.mailbox.id)


def backfill(index: Index) -> MailboxState:
    """Index one window of older messages, newest first; the state says whether the mailbox is complete now."""
    state = update(index)
    if state.complete:
        return state
    with lease(index):
        state = mailboxes.state(index.database, index.mailbox.id)
        uids = fetch.uids_before(index.connection, Uid(state.lowest_uid), WINDOW)
        if uids:
            add(index, fetch.summaries(index.connection, uids))
        lowest = min(uids, default=Uid(1))
        return _settle(index, uidnext=state.uidnext, lowest_uid=lowest, unseen=state.unseen, complete=len(uids) < WINDOW)


def add(index: Index, summaries: Sequence[MessageSummary]) -> None:
    """Put messages with their previews into the index."""
    if not summaries:
        return
    state = mailboxes.state(index.database, index.mailbox.id)
    messages.add(index.database, index.mailbox, uidvalidity=state.uidvalidity, summaries=summaries)
    messages.set_previews(index.database, index.mailbox.id, previews=previews(index.connection, summaries))


def _selected(connection: Connection) -> Selected:
    if connection.selected is None:
        raise Conflict("deselected")
    return connection.selected


@contextmanager
def lease(index: Index, *, patience: float = LEASE_PATIENCE) -> Iterator[None]:
    """Be the one writer of the mailbox. Raises Conflict("busy") after ``patience`` seconds of waiting."""
    owner = f"{getpid()}-{threading.get_ident()}"
    until = monotonic() + patience
    while not mailboxes.lease(index.database, index.mailbox.id, owner=owner, now=datetime.now(UTC), seconds=LEASE_SECONDS):
        if monotonic() > until:
            raise Conflict("busy")
        sleep(0.01)
    try:
        yield
    finally:
        mailboxes.release(index.database, index.mailbox.id, owner=owner)
