"""Sync: keep the index of a mailbox equal to the server, so that the list never lies (RFC 9051 §2.3.1, §7.4).

The stored state of a mailbox, which every step reads first and changes by compare-and-set last::

    never seen ──first_contact──▶ backfilling ──backfill, newest first──▶ complete
        ▲                             │  ▲                                  │  ▲
        │                             └──┘ follow                           └──┘ follow
        └───────────── UIDVALIDITY changed: start_over ◀───────────────────────┘

*first_contact* reads the newest page by sequence number, so its cost does not grow with the mailbox. *backfill* goes
down from ``lowest_uid`` in windows; it can be killed at any point and goes on from what is stored. *follow* applies
what happened since: messages from ``uidnext`` on are new (where they are very many, the newest page is read and
``lowest_uid`` goes up again, so that a backfill fills the gap); a count that differs means expunges, found by comparing
UIDs; ``SEARCH UNSEEN`` and ``SEARCH FLAGGED`` bring those two flags of the whole mailbox up to date at the price of two
short answers; all other flags are read for the newest page and for the rows being shown. Whoever shows other rows than
the newest has their flags compared each time.

Only a sync moves ``uidnext``; our own actions change rows but never the state. One writer per mailbox holds the lease,
and leaves off where it has lost it. Servers do not tell a connection of the flags it has set itself, so these change
the index under the lease too. What is moved or expunged needs none: every connection is told of that, our own as well.
A check that finds nothing changed (NOOP on a connection that has the mailbox selected) writes nothing at all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from secrets import token_hex
from time import monotonic, sleep

from webmail.errors import Conflict, ServerRefused, UidValidityChanged
from webmail.imap import fetch, rows
from webmail.imap import update as imap_update
from webmail.imap.connection import Connection, Selected
from webmail.mail import wording
from webmail.mail.previews import previews
from webmail.mail.session import select
from webmail.mailbox import Mailbox
from webmail.message.summary import Flag, MessageSummary, Uid
from webmail.store import listing, mailboxes, messages
from webmail.store.database import Database
from webmail.store.mailboxes import MailboxState

PAGE = 50
Shown = Callable[[], Mapping[Uid, frozenset[str]]]
WINDOW = 300
"""Messages a backfill step fetches: small enough that an index write stays short and a page request gets its turn."""
LEASE_SECONDS = 30
RENEW_SECONDS = 10
LEASE_PATIENCE = 5.0
FIRST_PATIENCE = 20.0
"""How long two who open a mailbox nobody has seen wait for each other: there is nothing else to show."""
OWN_PATIENCE = 0.5
ROUNDS = 2
"""How often a check looks again where the mailbox changed while it was looking."""


@dataclass(frozen=True, slots=True)
class Index:
    """The index of one mailbox and the connection to compare it with."""

    database: Database
    connection: Connection
    mailbox: Mailbox


@dataclass(slots=True)
class Lease:
    """The right to be the one writer of a mailbox, for half a minute at a time."""

    database: Database
    mailbox: Mailbox
    owner: str
    since: float

    def keep(self) -> None:
        """Ask before every write whether the lease is still ours, and keep it for longer. Raises Conflict("busy")."""
        if monotonic() - self.since < RENEW_SECONDS:
            return
        if not mailboxes.keep_lease(self.database, self.mailbox.id, owner=self.owner, now=datetime.now(UTC), seconds=LEASE_SECONDS):
            raise Conflict("busy")
        self.since = monotonic()


@contextmanager
def lease(index: Index, *, patience: float = LEASE_PATIENCE) -> Iterator[Lease]:
    """Be the one writer of the mailbox. Raises Conflict("busy") after ``patience`` seconds of waiting."""
    owner = token_hex(8)
    until = monotonic() + patience
    while not mailboxes.lease(index.database, index.mailbox.id, owner=owner, now=datetime.now(UTC), seconds=LEASE_SECONDS):
        if monotonic() > until:
            raise Conflict("busy")
        sleep(0.01)
    try:
        yield Lease(index.database, index.mailbox, owner, monotonic())
    finally:
        mailboxes.release(index.database, index.mailbox.id, owner=owner)


@contextmanager
def _all_or_nothing(index: Index) -> Iterator[None]:
    """What was told while a step failed must be looked at again: it has been settled, but not applied."""
    try:
        yield
    except BaseException:
        index.connection.changed = True
        raise


def update(index: Index, *, known: MailboxState | None = None, shown: Shown | None = None) -> MailboxState:
    """Bring the index of a mailbox up to date and return its state.

    ``known`` is the stored state where the caller has read it for this request. ``shown`` gives the rows about to be
    shown, where these are not the newest page. Costs one NOOP where nothing changed
    and the mailbox is selected on the connection, and a FETCH of the flags of ``shown``. Raises the errors of the
    connection; NotFound("mailbox") if it is gone; Conflict("busy") if another writer holds it for more than five seconds.
    """
    known = known or mailboxes.state(index.database, index.mailbox.id)
    try:
        changed = _changed(index, known.uidvalidity)
    except UidValidityChanged:
        changed = True
    # Read now, not before: another check may have applied meanwhile what this connection was told.
    state = mailboxes.state(index.database, index.mailbox.id)
    if not changed and _agrees(index, state):
        return state if shown is None else _look_at(index, state, shown)
    return _write(index, shown=shown, patience=LEASE_PATIENCE if state.uidnext else FIRST_PATIENCE)


def _changed(index: Index, uidvalidity: int) -> bool:
    """Select the mailbox, or ask for news where it is selected already; tell whether anything may have changed."""
    connection = index.connection
    if index.mailbox.counts.uidvalidity not in (None, uidvalidity):
        # The folder was made anew under its name: a server may not tell that to those who have the old one open.
        connection.forget_selection()
    here = connection.selected is not None and connection.selected.name == index.mailbox.name
    if here:
        try:
            connection.noop()
        except ServerRefused:
            # The mailbox open is gone, says a server that does not hang up then.
            connection.forget_selection()
    select(index.database, connection, index.mailbox, uidvalidity=uidvalidity or None)
    return connection.changed


def _agrees(index: Index, state: MailboxState) -> bool:
    """Whether the numbers of the stored state are those of the server, and what is complete holds every message."""
    exists = _selected(index.connection).exists
    return bool(state.uidnext) and state.exists == exists and (not state.complete or state.indexed == exists)


def _look_at(index: Index, state: MailboxState, shown: Shown) -> MailboxState:
    """Compare the flags of rows that no check has read since they may have changed."""
    known = shown()
    if not known or known == fetch.flags_of(index.connection, list(known)):
        return state
    return _write(index, shown=shown, patience=LEASE_PATIENCE)


def _write(index: Index, *, shown: Shown | None, patience: float) -> MailboxState:
    connection, database, mailbox = index.connection, index.database, index.mailbox
    with _all_or_nothing(index), lease(index, patience=patience) as held:
        for _ in range(ROUNDS):
            state = mailboxes.state(database, mailbox.id)
            selected = select(database, connection, mailbox)
            if selected.uidvalidity != state.uidvalidity or not state.uidnext:
                mailboxes.start_over(database, mailbox.id, uidvalidity=selected.uidvalidity)
                state = _first_contact(index, held, mailboxes.state(database, mailbox.id))
            else:
                state = _follow(index, held, state, shown=shown)
            if not connection.changed:
                break
        return state


def _first_contact(index: Index, held: Lease, state: MailboxState) -> MailboxState:
    """The newest page of a mailbox never seen before, whatever its size."""
    connection = index.connection
    connection.settle()
    newest = _newest(connection)
    add(index, held, newest)
    selected = _selected(connection)
    lowest = min((summary.uid for summary in newest), default=Uid(selected.uidnext))
    uidnext = max([selected.uidnext, *(summary.uid + 1 for summary in newest)])
    unseen = len(fetch.search(connection, "UNSEEN"))
    return _settle(index, held, state, uidnext=uidnext, lowest_uid=lowest, unseen=unseen, complete=len(newest) >= selected.exists)


def _follow(index: Index, held: Lease, state: MailboxState, *, shown: Shown | None) -> MailboxState:
    """Apply what other clients did since the last sync."""
    connection, database, mailbox = index.connection, index.database, index.mailbox
    connection.settle()
    gap = _selected(connection).exists - state.exists > WINDOW
    arrived = [each for each in _newest(connection) if each.uid >= state.uidnext] if gap else _arrived(connection, Uid(state.uidnext))
    add(index, held, arrived)
    uidnext = max([state.uidnext, *(summary.uid + 1 for summary in arrived)])
    lowest = min(summary.uid for summary in arrived) if gap and arrived else Uid(state.lowest_uid)
    complete = state.complete and lowest == state.lowest_uid
    unseen = fetch.search(connection, "UNSEEN")
    flagged = fetch.search(connection, "FLAGGED")
    held.keep()
    messages.set_flag_everywhere(database, mailbox.id, flag=Flag.SEEN, without=unseen)
    messages.set_flag_everywhere(database, mailbox.id, flag=Flag.FLAGGED, only=flagged)
    _compare(index, held, lowest=lowest, complete=complete)
    page = {each.summary.uid for each in listing.page(database, mailbox.id, limit=PAGE)}
    page |= set(shown()) if shown is not None else set()
    if page:
        messages.set_flags(database, mailbox.id, flags=fetch.flags_of(connection, sorted(page)))
    return _settle(index, held, state, uidnext=uidnext, lowest_uid=lowest, unseen=len(unseen), complete=complete)


def _compare(index: Index, held: Lease, *, lowest: Uid, complete: bool) -> None:
    """Compare UIDs where the count tells that some are gone, or that some were never seen; always while incomplete."""
    connection, database, mailbox = index.connection, index.database, index.mailbox
    if complete and mailboxes.state(database, mailbox.id).indexed == _selected(connection).exists:
        return
    here = set(messages.uids(database, mailbox.id))
    there = set(fetch.search(connection, "ALL") if complete else fetch.search(connection, "UID", f"{min([*here, lowest])}:*"))
    held.keep()
    messages.remove(database, mailbox.id, uids=sorted(here - there))
    missing = sorted((uid for uid in there - here if complete or uid >= lowest), reverse=True)
    for start in range(0, len(missing), WINDOW):
        add(index, held, _summaries(connection, missing[start : start + WINDOW]))


def _settle(
    index: Index, held: Lease, state: MailboxState, *, uidnext: int, lowest_uid: Uid, complete: bool, unseen: int | None = None
) -> MailboxState:
    """Store the new state, if it is still the one this sync set out from; without ``unseen``, the counts stay."""
    selected = _selected(index.connection)
    held.keep()
    stored = mailboxes.apply(
        index.database,
        index.mailbox.id,
        expected=state,
        uidnext=uidnext,
        exists=None if unseen is None else selected.exists,
        unseen=unseen,
        lowest_uid=lowest_uid,
        complete=complete,
        checked_at=datetime.now(UTC),
        read_only=selected.read_only,
        permanent_keywords="\\*" in selected.permanent_flags,
    )
    if not stored:
        raise Conflict("busy")
    return mailboxes.state(index.database, index.mailbox.id)


def backfill(index: Index) -> MailboxState:
    """Index one window of older messages, newest first; the state says whether the mailbox is complete now.

    Raises as ``update``.
    """
    connection, database, mailbox = index.connection, index.database, index.mailbox
    state = update(index)
    if state.complete:
        return state
    with _all_or_nothing(index), lease(index) as held:
        state = mailboxes.state(database, mailbox.id)
        if state.complete or not state.uidnext or state.uidvalidity != _selected(connection).uidvalidity:
            return state
        uids = fetch.uids_before(connection, Uid(state.lowest_uid), WINDOW)
        known = messages.flags_between(database, mailbox.id, low=min(uids), high=max(uids)) if uids else {}
        add(index, held, _summaries(connection, [uid for uid in uids if uid not in known]))
        lowest = min(uids, default=Uid(1))
        return _settle(index, held, state, uidnext=state.uidnext, lowest_uid=lowest, complete=len(uids) < WINDOW)


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


def add(index: Index, held: Lease, summaries: Sequence[MessageSummary]) -> None:
    """Put messages with their previews into the index, under the UIDVALIDITY of the connection they come from."""
    if not summaries:
        return
    words = previews(index.connection, summaries)
    uidvalidity = _selected(index.connection).uidvalidity
    held.keep()
    complete = [replace(summary, preview=words.get(summary.uid, "")) for summary in summaries]
    messages.add(index.database, index.mailbox, uidvalidity=uidvalidity, summaries=complete)
    wording.want(index.database, index.mailbox.account_id)


def _newest(connection: Connection) -> list[MessageSummary]:
    try:
        return fetch.newest(connection, PAGE)
    except ServerRefused:
        return _summaries(connection, fetch.uids_before(connection, Uid(_selected(connection).uidnext), PAGE))


def _arrived(connection: Connection, low: Uid) -> list[MessageSummary]:
    try:
        return fetch.summaries_between(connection, low, None)
    except ServerRefused:
        return _summaries(connection, [uid for uid in fetch.search(connection, "UID", f"{low}:*") if uid >= low])


def _summaries(connection: Connection, uids: Sequence[Uid]) -> list[MessageSummary]:
    """The messages of these UIDs. One that the server cannot give gets a placeholder: it must not hide the others."""
    if not uids:
        return []
    try:
        found = fetch.summaries(connection, uids)
    except ServerRefused as error:
        if error.code == "limit":
            raise
        if len(uids) == 1:
            return [rows.placeholder(uids[0])]
        half = len(uids) // 2
        return _summaries(connection, uids[:half]) + _summaries(connection, uids[half:])
    # A server may leave off at the first message it cannot give; those that are gone are not given the second time either.
    rest = set(uids) - {summary.uid for summary in found}
    return found + _summaries(connection, sorted(rest)) if found and rest else found


def _selected(connection: Connection) -> Selected:
    if connection.selected is None:
        raise Conflict("deselected")
    return connection.selected
