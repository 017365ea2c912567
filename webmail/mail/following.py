"""Following: a mailbox that is known already, brought up to date in the best way its server allows (RFC 7162, RFC 9051 §7.4).

By mod-sequence, the server tells which flags changed and, with QRESYNC, which messages are gone: the cost is that of the
changes, whatever the size of the mailbox. By scanning, two SEARCHes bring the unread and the flagged mark of the whole
mailbox up to date and a FETCH the flags of the newest page; other flags become true window by window (``scan_flags``).
On both ways the count of messages decides whether UIDs have to be compared.

A server that says less than is true is found out: each time, the flags of the newest page are compared as well, and one
that differs without having been told, twice, means that the mod-sequences of this mailbox are not trusted any more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from webmail.errors import ServerRefused
from webmail.imap import changes, fetch
from webmail.imap.changes import News
from webmail.imap.fetch import selected
from webmail.mail import reports, verifying
from webmail.mail.indexing import PAGE, Index, Lease, add, arrived, newest, read, settle
from webmail.mailbox import SpecialUse
from webmail.message.summary import Flag, ModSeq, Uid
from webmail.store import filters, jobs, listing, mailboxes, messages
from webmail.store.events import ARRIVED, CHANGED, COUNTS
from webmail.store.mailboxes import MailboxState
from webmail.store.states import COUNTED, DISTRUSTED

GAP = 300
"""More arrivals than this are not read while somebody waits: the newest page is, and a backfill fills the gap."""
FLAG_WINDOW = 5000
AHEAD = "ahead"
"""The kind of the work that makes the bodies of new mail ready (see ``ahead``)."""
FILTER = "filter"
"""The kind of the work that tries filters on new mail (see ``filtering``)."""
Shown = Callable[[], Mapping[Uid, frozenset[str]]]


@dataclass(slots=True)
class Outcome:
    """What following a mailbox came to."""

    uidnext: int
    lowest_uid: Uid
    complete: bool
    arrived: int = 0
    changed: int = 0


def follow(index: Index, held: Lease, state: MailboxState, *, shown: Shown | None) -> MailboxState:
    """Apply what other clients did since the last sync. The mailbox is selected; raises the errors of the connection."""
    index.connection.settle()
    if not changes.can_tell(index.connection) or state.highestmodseq == DISTRUSTED:
        return _by_scanning(index, held, state, shown=shown, highestmodseq=min(state.highestmodseq, 0))
    if _went_back(index, state) or not state.tracked:
        return _anew(index, held, state)
    return _by_modseq(index, held, state)


def _went_back(index: Index, state: MailboxState) -> bool:
    """Whether the server's number is below the one it told before: it was set back, and what happened since is not told."""
    return (selected(index.connection).highestmodseq or 0) < state.highestmodseq


def _by_modseq(index: Index, held: Lease, state: MailboxState) -> MailboxState:
    before = ModSeq(state.highestmodseq)
    try:
        news = changes.since(index.connection, before)
    except ServerRefused:
        # It keeps the numbers and does not answer to them.
        return _by_scanning(index, held, state, shown=None, highestmodseq=DISTRUSTED)
    # What we have moved here ourselves is known before it is told.
    mine = messages.flags_between(index.database, index.mailbox.id, low=Uid(state.uidnext), high=None)
    known = {uid: flags for uid, flags in news.flags.items() if uid < state.uidnext or uid in mine}
    outcome = _take_in(index, held, state, came=sorted(news.flags.keys() - known.keys()))
    outcome.uidnext = max([outcome.uidnext, *(uid + 1 for uid in known)])
    held.keep()
    outcome.changed += messages.set_flags(index.database, index.mailbox.id, flags=known)
    outcome.changed += forget(index, held, news)
    if news.vanished is None or outcome.complete:
        outcome.changed += _compare(index, held, outcome)
    if _lies(index, before):
        return _by_scanning(index, held, state, shown=None, highestmodseq=DISTRUSTED)
    unseen = COUNTED if outcome.complete else fetch.count(index.connection, "UNSEEN")
    return _settled(index, held, state, outcome, unseen=unseen, highestmodseq=news.modseq, told=bool(known or news.vanished))


def forget(index: Index, held: Lease, news: News) -> int:
    """Forget the messages that vanished; returns how many were known."""
    ranges = sorted(news.vanished or ())
    if not ranges:
        return 0
    if sum(high - low + 1 for low, high in ranges) <= messages.CHUNK:
        gone = [Uid(uid) for low, high in ranges for uid in range(low, high + 1)]
    else:
        gone = _within(messages.uids(index.database, index.mailbox.id), ranges)
    held.keep()
    return messages.remove(index.database, index.mailbox.id, uids=gone)


def _within(uids: Sequence[Uid], ranges: Sequence[tuple[int, int]]) -> list[Uid]:
    """The UIDs that lie in one of the ranges; both are sorted."""
    found: list[Uid] = []
    waiting = iter(ranges)
    low, high = next(waiting)
    for uid in uids:
        while uid > high:
            following = next(waiting, None)
            if following is None:
                return found
            low, high = following
        if uid >= low:
            found.append(uid)
    return found


def _take_in(index: Index, held: Lease, state: MailboxState, *, came: Sequence[Uid] | None) -> Outcome:
    """Index what has arrived: the messages that ``came``, or, where nobody told which, all from the stored UIDNEXT on."""
    connection = index.connection
    # All that was there when the mailbox was opened has been told or is read now.
    outcome = Outcome(max(state.uidnext, selected(connection).uidnext), Uid(state.lowest_uid), state.complete)
    many = len(came) > GAP if came is not None else selected(connection).exists - state.exists > GAP
    if many:
        found = [each for each in newest(connection) if each.uid >= state.uidnext]
    else:
        found = arrived(connection, Uid(state.uidnext)) if came is None else read(connection, came)
    add(index, held, found)
    verifying.arrived(index.database, index.mailbox, found)
    reports.arrived(index.database, index.mailbox, found)
    if found and index.mailbox.special_use is SpecialUse.INBOX and filters.exist(index.database, index.mailbox.account_id):
        jobs.put(index.database, kind=FILTER, account_id=index.mailbox.account_id, due_at=datetime.now(UTC))
    outcome.arrived = len(found)
    outcome.uidnext = max([outcome.uidnext, *(summary.uid + 1 for summary in found)])
    if many and found:
        outcome.lowest_uid = min(summary.uid for summary in found)
        outcome.complete = outcome.complete and outcome.lowest_uid == state.lowest_uid
    if found:
        first = f"{index.mailbox.id}/{min(summary.uid for summary in found)}"
        jobs.put(index.database, kind=AHEAD, account_id=index.mailbox.account_id, key=first, due_at=datetime.now(UTC))
    return outcome


def _lies(index: Index, before: ModSeq) -> bool:
    """Whether flags of the newest page differ from those we have although the server told of no change, twice."""
    known = listing.newest_flags(index.database, index.mailbox.id, limit=PAGE)
    differing = _differing(index, known)
    if not differing:
        return False
    index.connection.changed = True  # Somebody may have changed them this moment: then the next round is told.
    untold = differing - changes.since(index.connection, before).flags.keys()
    # What is gone by now is told otherwise, or not at all.
    return bool(_differing(index, {uid: known[uid] for uid in untold}))


def _differing(index: Index, known: Mapping[Uid, frozenset[str]]) -> set[Uid]:
    there = fetch.flags_of(index.connection, list(known)) if known else {}
    return {uid for uid, flags in there.items() if flags != known[uid]}


def seems_unchanged(index: Index, state: MailboxState) -> bool:
    """Whether a mailbox just opened is as it was left: by its numbers, and by the flags of its newest page. One round trip."""
    here = selected(index.connection)
    numbers = (here.highestmodseq, here.exists, here.uidnext)
    if not state.tracked or numbers != (state.highestmodseq, state.exists, state.uidnext):
        return False
    index.connection.settle()
    return not _differing(index, listing.newest_flags(index.database, index.mailbox.id, limit=PAGE)) and not index.connection.changed


def _by_scanning(index: Index, held: Lease, state: MailboxState, *, shown: Shown | None, highestmodseq: int) -> MailboxState:
    connection, database, mailbox = index.connection, index.database, index.mailbox
    outcome = _take_in(index, held, state, came=None)
    unseen = fetch.search(connection, "UNSEEN")
    flagged = fetch.search(connection, "FLAGGED")
    held.keep()
    outcome.changed += messages.set_flag_everywhere(database, mailbox.id, flag=Flag.SEEN, without=unseen)
    outcome.changed += messages.set_flag_everywhere(database, mailbox.id, flag=Flag.FLAGGED, only=flagged)
    outcome.changed += _compare(index, held, outcome)
    page = listing.newest_flags(database, mailbox.id, limit=PAGE).keys() | (set(shown()) if shown is not None else set())
    outcome.changed += _read_flags(index, held, sorted(page))
    # Counted in the index where it is all there: the flags just read may be newer than the search, and are not told again.
    counted = COUNTED if outcome.complete else fetch.count(connection, "UNSEEN")
    return _settled(index, held, state, outcome, unseen=counted, highestmodseq=highestmodseq)


def _anew(index: Index, held: Lease, state: MailboxState) -> MailboxState:
    """Read the flags of everything known, so that the server's number can be trusted from here on."""
    modseq = selected(index.connection).highestmodseq or 0
    outcome = _take_in(index, held, state, came=None)
    known = messages.uids(index.database, index.mailbox.id)
    for start in range(0, len(known), FLAG_WINDOW):
        outcome.changed += _read_flags(index, held, known[start : start + FLAG_WINDOW])
    outcome.changed += _compare(index, held, outcome)
    unseen = COUNTED if outcome.complete else fetch.count(index.connection, "UNSEEN")
    return _settled(index, held, state, outcome, unseen=unseen, highestmodseq=modseq)


def _read_flags(index: Index, held: Lease, uids: Collection[Uid]) -> int:
    if not uids:
        return 0
    flags = fetch.flags_of(index.connection, list(uids))
    held.keep()
    return messages.set_flags(index.database, index.mailbox.id, flags=flags)


def scan_flags(index: Index, held: Lease, *, below: int) -> int:
    """Make the flags of the newest ``FLAG_WINDOW`` known messages below a UID true; returns the lowest UID seen, 0 at the end."""
    uids = listing.uids_below(index.database, index.mailbox.id, below=below, limit=FLAG_WINDOW)
    _read_flags(index, held, uids)
    return min(uids) if len(uids) == FLAG_WINDOW else 0


def _compare(index: Index, held: Lease, outcome: Outcome) -> int:
    """Compare UIDs where the count tells that some are gone, or that some were never seen; always while incomplete.

    Returns how many messages were forgotten or found.
    """
    connection, database, mailbox = index.connection, index.database, index.mailbox
    complete, lowest = outcome.complete, outcome.lowest_uid
    if complete and mailboxes.state(database, mailbox.id).indexed == selected(connection).exists:
        return 0
    here = set(messages.uids(database, mailbox.id))
    there = set(fetch.search(connection, "ALL") if complete else fetch.search(connection, "UID", f"{min([*here, lowest])}:*"))
    held.keep()
    removed = messages.remove(database, mailbox.id, uids=sorted(here - there))
    missing = sorted((uid for uid in there - here if complete or uid >= lowest), reverse=True)
    for start in range(0, len(missing), GAP):
        add(index, held, read(connection, missing[start : start + GAP]))
    if complete and len(there) != selected(connection).exists:
        connection.doubt()  # We have lost count of what it told; opening it anew tells the number.
    return removed + len(missing)


def _settled(
    index: Index, held: Lease, state: MailboxState, outcome: Outcome, *, unseen: int, highestmodseq: int, told: bool = False
) -> MailboxState:
    """Store the state with the events that tell of it."""
    happened: list[tuple[str, dict[str, int]]] = []
    if outcome.arrived:
        happened.append((ARRIVED, {"count": outcome.arrived}))
    # Our own actions are in the index already, but not on other pages that are open.
    if outcome.changed or told:
        happened.append((CHANGED, {}))
    if outcome.arrived or outcome.changed or selected(index.connection).exists != state.exists:
        happened.append((COUNTS, {}))
    return settle(
        index,
        held,
        state,
        uidnext=outcome.uidnext,
        lowest_uid=outcome.lowest_uid,
        complete=outcome.complete,
        highestmodseq=highestmodseq,
        unseen=unseen,
        happened=happened,
    )
