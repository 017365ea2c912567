"""Sync: keep the index of a mailbox equal to the server, so that the list never lies (RFC 9051 §2.3.1, §7.4; RFC 7162).

The stored state of a mailbox, which every step reads first and changes by compare-and-set last::

    never seen ──first_contact──▶ backfilling ──backfill, newest first──▶ complete
        ▲                             │  ▲                                  │  ▲
        │                             └──┘ follow                           └──┘ follow
        └───────────── UIDVALIDITY changed: start_over ◀───────────────────────┘

*first_contact* reads the newest page by sequence number, so its cost does not grow with the mailbox. *backfill* goes
down from ``lowest_uid`` in windows; it can be killed at any point and goes on from what is stored. *follow* applies
what happened since (``following`` tells how, by what the server offers): messages from ``uidnext`` on are new (where they
are very many, the newest page is read and ``lowest_uid`` goes up again, so that a backfill fills the gap); a count that
differs means that UIDs have to be compared.

Only a sync moves ``uidnext`` and ``highestmodseq``; our own actions change rows but never these. A mod-sequence is stored
only after everything up to it has been applied: it is the one the server had told *before* it was asked, or the highest of
its answer if nothing came or went meanwhile, for what comes is not part of the answer. One writer per mailbox holds the
lease, and leaves off where it has lost it. Servers do not tell a connection of the flags it has set
itself, so these change the index under the lease too. What is moved or expunged needs none: every connection is told of
that, our own as well. A check that finds nothing changed (NOOP on a connection that has the mailbox selected) writes
nothing at all.
"""

from __future__ import annotations

from collections.abc import Collection
from concurrent import futures
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from time import monotonic

from webmail.errors import Conflict, ServerRefused, UidValidityChanged
from webmail.imap import fetch
from webmail.imap import update as imap_update
from webmail.imap.fetch import selected
from webmail.mail import following
from webmail.mail.following import Shown as Shown
from webmail.mail.indexing import LEASE_PATIENCE, add_bare, all_or_nothing, lease, newest, note, put, read, settle
from webmail.mail.indexing import PAGE as PAGE
from webmail.mail.indexing import Index as Index
from webmail.mail.indexing import Lease as Lease
from webmail.mail.previews import previews
from webmail.mail.session import select
from webmail.message.summary import MessageSummary, Uid
from webmail.store import bodies, mailboxes, messages
from webmail.store.events import ARRIVED, COUNTS
from webmail.store.mailboxes import MailboxState

WINDOW = 1000
"""Messages a backfill step fetches; they are written in several short transactions, between which others have their turn."""
FIRST_PATIENCE = 20.0
"""How long two who open a mailbox nobody has seen wait for each other: there is nothing else to show."""
OWN_PATIENCE = 0.5
ROUNDS = 2
"""How often a check looks again where the mailbox changed while it was looking."""


def update(index: Index, *, known: MailboxState | None = None, shown: Shown | None = None) -> MailboxState:
    """Bring the index of a mailbox up to date and return its state.

    ``known`` is the stored state where the caller has read it for this request. ``shown`` gives the rows about to be
    shown, where these are not the newest page. Costs one NOOP where nothing changed and the mailbox is selected on the
    connection, and a FETCH of the flags of ``shown`` where the server keeps no mod-sequences. Raises the errors of the
    connection; NotFound("mailbox") if it is gone; Conflict("busy") if another writer holds it for more than five seconds.
    """
    known = known or mailboxes.state(index.database, index.mailbox.id)
    try:
        opened = _opened(index, known)
    except UidValidityChanged:
        opened = False
    # Read now, not before: another check may have applied meanwhile what this connection was told.
    state = mailboxes.state(index.database, index.mailbox.id)
    if _agrees(index, state):
        if not index.connection.changed:
            return state if shown is None or state.tracked else _look_at(index, state, shown)
        if opened and following.seems_unchanged(index, state):
            return state
    return _write(index, shown=shown, patience=LEASE_PATIENCE if state.uidnext else FIRST_PATIENCE)


def _opened(index: Index, known: MailboxState) -> bool:
    """Ask for news where the mailbox is selected already, else select it; tells whether it was opened just now."""
    connection = index.connection
    if index.mailbox.counts.uidvalidity not in (None, known.uidvalidity):
        # The folder was made anew under its name: a server may not tell that to those who have the old one open.
        connection.forget_selection()
    here = connection.selected is not None and connection.selected.name == index.mailbox.name
    if here:
        try:
            connection.noop()
        except ServerRefused:
            # The mailbox open is gone, says a server that does not hang up then.
            connection.forget_selection()
    before, since = connection.selected, max(known.highestmodseq, 0)
    return select(index.database, connection, index.mailbox, uidvalidity=known.uidvalidity or None, since=since) is not before


def _agrees(index: Index, state: MailboxState) -> bool:
    """Whether the numbers of the stored state are those of the server, and what is complete holds every message."""
    exists = selected(index.connection).exists
    return bool(state.uidnext) and state.exists == exists and (not state.complete or state.indexed == exists)


def _look_at(index: Index, state: MailboxState, shown: Shown) -> MailboxState:
    """Compare the flags of rows that no check has read since they may have changed."""
    known = shown()
    if not known or known == fetch.flags_of(index.connection, list(known)):
        return state
    return _write(index, shown=shown, patience=LEASE_PATIENCE)


def _write(index: Index, *, shown: Shown | None, patience: float) -> MailboxState:
    connection, database, mailbox = index.connection, index.database, index.mailbox
    with all_or_nothing(index), lease(index, patience=patience) as held:
        for _ in range(ROUNDS):
            state = mailboxes.state(database, mailbox.id)
            here = select(database, connection, mailbox)
            if 0 < (here.highestmodseq or 0) < state.highestmodseq and here.uidvalidity == state.uidvalidity:
                # Either another connection has seen more than this one was told, or the server was set back: SELECT tells.
                connection.doubt()
                here = select(database, connection, mailbox)
            if here.uidvalidity != state.uidvalidity or not state.uidnext:
                mailboxes.start_over(database, mailbox.id, uidvalidity=here.uidvalidity)
                state = _first_contact(index, held, mailboxes.state(database, mailbox.id))
            else:
                state = following.follow(index, held, state, shown=shown)
            if not connection.changed:
                break
        return state


def _first_contact(index: Index, held: Lease, state: MailboxState) -> MailboxState:
    """The newest page of a mailbox never seen before, whatever its size."""
    connection = index.connection
    connection.settle()
    modseq = selected(connection).highestmodseq or 0
    found = newest(connection)
    here = selected(connection)
    lowest = min((summary.uid for summary in found), default=Uid(here.uidnext))
    uidnext = max([here.uidnext, *(summary.uid + 1 for summary in found)])
    # While the server reads the texts and counts, which takes it long in a large mailbox, what it has told is written down, in
    # both databases at once: each waits for a disk.
    with ThreadPoolExecutor(2, thread_name_prefix="first-contact") as beside:
        asking = beside.submit(lambda: (previews(connection, found), _unseen(index, modseq)))
        if found:
            noting = beside.submit(note, index, found)
            put(index, held, found)
            noting.result()
        words, unseen = asking.result()
        bodies.put_previews(index.database, index.mailbox.id, words)
    return settle(
        index,
        held,
        state,
        uidnext=uidnext,
        lowest_uid=lowest,
        complete=len(found) >= here.exists,
        highestmodseq=modseq if connection.tracking else 0,
        unseen=unseen,
        happened=[(ARRIVED, {"count": len(found)}), (COUNTS, {})],
    )


def _unseen(index: Index, modseq: int) -> int:
    """How many messages are unread; the server is asked only if the mailbox has changed since it told that of its own accord."""
    here, told = selected(index.connection), index.mailbox.counts
    then = (told.uidvalidity, told.uidnext, told.messages, told.highestmodseq)
    if modseq and told.unseen is not None and then == (here.uidvalidity, here.uidnext, here.exists, modseq):
        return told.unseen
    return fetch.count(index.connection, "UNSEEN")


def backfill(index: Index, *, seconds: float = 0.0) -> MailboxState:
    """Index older messages, newest first, a window at least and for ``seconds``; the state says whether all are there now.

    While one window is written, the next one is fetched. Raises as ``update``.
    """
    until = monotonic() + seconds
    state = update(index)
    with all_or_nothing(index), ThreadPoolExecutor(1, thread_name_prefix="fetch-ahead") as ahead:
        window = None if state.complete else _window(index, Uid(state.lowest_uid))
        while window is not None:
            more = len(window.uids) == WINDOW and monotonic() < until
            following_one = ahead.submit(_window, index, min(window.uids)) if more else None
            state = _store(index, window, wait=following_one)
            window = following_one.result() if following_one is not None and state.lowest_uid == min(window.uids) else None
    return state


@dataclass(frozen=True, slots=True)
class _Window:
    """Messages below a UID, as they were fetched when the stored state was the one of ``before``."""

    before: MailboxState
    below: Uid
    uids: list[Uid]
    found: list[MessageSummary]


def _window(index: Index, below: Uid) -> _Window:
    before = mailboxes.state(index.database, index.mailbox.id)
    uids = fetch.uids_before(index.connection, below, WINDOW)
    known = messages.flags_between(index.database, index.mailbox.id, low=min(uids), high=max(uids)) if uids else {}
    return _Window(before, below, uids, read(index.connection, [uid for uid in uids if uid not in known]))


def _store(index: Index, window: _Window, *, wait: Future[_Window] | None) -> MailboxState:
    """Put a window into the index. Where another sync has come between, it could not apply to these messages what it was told:
    then their flags are read again, and what is gone is left out."""
    with lease(index) as held:
        state = mailboxes.state(index.database, index.mailbox.id)
        if state.complete or state.lowest_uid != window.below or state.uidvalidity != selected(index.connection).uidvalidity:
            return state
        found = window.found
        if _generation(state) != _generation(window.before):
            if wait is not None:
                futures.wait([wait])
            # A server goes on giving what it has not yet said to be gone.
            index.connection.noop()
            flags = fetch.flags_of(index.connection, [summary.uid for summary in found])
            found = [replace(summary, flags=flags[summary.uid]) for summary in found if summary.uid in flags]
        add_bare(index, held, found)
        return settle(
            index,
            held,
            state,
            uidnext=state.uidnext,
            lowest_uid=min(window.uids, default=Uid(1)),
            complete=len(window.uids) < WINDOW,
            highestmodseq=state.highestmodseq,
        )


def _generation(state: MailboxState) -> tuple[object, ...]:
    """What every sync moves, and a backfill does not."""
    return state.uidvalidity, state.uidnext, state.highestmodseq, state.checked_at


def scan(index: Index, *, below: int) -> int:
    """Make the flags of one window of known messages below a UID true, for servers that keep no mod-sequences.

    Returns the UID to go on below, 0 at the end. One round trip for some thousand messages. The mailbox is selected and was
    brought up to date on this connection. Raises as ``update``.
    """
    with all_or_nothing(index), lease(index) as held:
        return following.scan_flags(index, held, below=below)


def store_flags(index: Index, uids: Collection[Uid], *, add: Collection[str] = (), remove: Collection[str] = ()) -> None:
    """Change flags by our own action: on the server, and in the index where nobody else is writing it.

    Else a sync under way could put back what it read before, and only the others would be told: then the next check
    brings the change. Raises what ``imap.update.store_flags`` raises.
    """
    try:
        with lease(index, patience=OWN_PATIENCE):
            imap_update.store_flags(index.connection, uids, add=add, remove=remove)
            messages.change_flags(index.database, index.mailbox.id, uids=uids, add=add, remove=remove)
    except Conflict:
        index.connection.changed = True
        imap_update.store_flags(index.connection, uids, add=add, remove=remove)
        mailboxes.unwatch(index.database, [index.mailbox.id], now=datetime.now(UTC))
