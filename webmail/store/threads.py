"""Threads as lists show them, and all messages of one, over all mailboxes of an account.

A mailbox lists a thread where its newest message there stands. Pages cost by what they show: older messages of a thread
are passed over in the index alone, and of a thread with very many messages only some are read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, func, literal_column, select, tuple_

from webmail.account import AccountId
from webmail.address import Address
from webmail.errors import InvalidInput
from webmail.mailbox import MailboxId
from webmail.message.summary import MessageId
from webmail.store.columns import loads
from webmail.store.database import Database
from webmail.store.listing import FILTERS, LISTED, ListedMessage, Place, listed
from webmail.store.messages import StoredMessage, get_many
from webmail.store.schema import messages

MANY = 100
"""Of threads with more messages than this, lists look at so many only."""
PEOPLE = 20
_AT_ONCE = 500

_columns = messages.c
_newer = messages.alias("newer")
_NEWER_SHOWN = {
    "unread": _newer.c.seen == literal_column("0"),
    "flagged": _newer.c.flagged == literal_column("1"),
    "attachments": _newer.c.attachments == literal_column("1"),
    "to_me": _newer.c.to_me == literal_column("1"),
}
_here = (_columns.internal_date, _columns.id)
_counted = [_columns[name] for name in ("thread_id", "mailbox_id", "sameness", "seen", "flagged", "attachments", "envelope")]
_OF_ACCOUNT = (_columns.account_id == bindparam("account"), _columns.thread_id.in_(bindparam("threads", expanding=True)))
_SIZES = select(_columns.thread_id, func.count()).where(*_OF_ACCOUNT).group_by(_columns.thread_id)
_ROWS = select(*_counted).where(*_OF_ACCOUNT).order_by(*_here)
_NEWEST_HERE = (
    _ROWS.where(_columns.mailbox_id == bindparam("mailbox")).order_by(None).order_by(*[each.desc() for each in _here]).limit(MANY)
)
_IN_MAILBOX = select(_columns.id).where(*_OF_ACCOUNT, _columns.mailbox_id == bindparam("mailbox"))
_PLACE = select(*_here).where(*_OF_ACCOUNT, _columns.mailbox_id == bindparam("mailbox")).order_by(*[each.desc() for each in _here]).limit(1)
_NEWEST_MEMBERS = (
    select(_columns.id, _columns.sameness)
    .where(_columns.account_id == bindparam("account"), _columns.thread_id == bindparam("thread"))
    .order_by(_columns.internal_date.desc(), _columns.id.desc())
    .limit(bindparam("many"))
)
_SOME_PLACES = (
    select(_columns.sameness, _columns.mailbox_id)
    .where(_columns.account_id == bindparam("account"), _columns.thread_id == bindparam("thread"))
    .limit(MANY)
)
_THREADS = select(_columns.id, _columns.thread_id).where(
    _columns.account_id == bindparam("account"), _columns.id.in_(bindparam("ids", expanding=True))
)


@dataclass(frozen=True, slots=True)
class ListedThread:
    """A row of a list of threads.

    ``newest`` is the newest message in the mailbox listed (of those a filter shows) and has the place of the row. ``unread`` and
    ``flagged`` are said of the messages in that mailbox, on which actions act; the rest of the whole account, copies of one
    message counted once. Where ``counted`` is false the thread is very long, and what is said of it is said of its newest
    messages in the mailbox listed, but for ``messages``, which counts copies too.
    """

    thread_id: int
    newest: ListedMessage
    messages: int
    unread: int
    flagged: bool
    has_attachments: bool
    senders: tuple[Address, ...]
    counted: bool = True


@dataclass(frozen=True, slots=True)
class ThreadMember:
    """A message of a thread, and all places it is in, the one shown first."""

    message: StoredMessage
    places: tuple[StoredMessage, ...]


def page(
    database: Database,
    account_id: AccountId,
    mailbox_id: MailboxId,
    *,
    filter: str | None = None,
    after: Place | None = None,
    before: Place | None = None,
    limit: int,
    without: Collection[MailboxId] = (),
) -> list[ListedThread]:
    """The threads that have a message in a mailbox, newest first: the first ones, those after a place, or those right before one.

    With a filter: those that have such a message there, by the newest such. ``without`` are mailboxes whose messages do not
    count (Trash, Junk), unless one is the mailbox listed. Costs by ``limit``, and a microsecond for each message passed over
    because its thread has a newer one. Raises InvalidInput for a filter that is none.
    """
    if filter is not None and filter not in FILTERS:
        raise InvalidInput("filter", field="filter", value=filter)
    place = after or before
    given: dict[str, object] = {"account": account_id, "mailbox": mailbox_id, "many": limit}
    given |= {"date": place.date, "id": place.id} if place else {}
    step = "after" if after else "before" if before else "first"
    with database.index() as connection:
        rows = [(thread_id, listed(*row)) for thread_id, *row in connection.execute(_query(filter, step=step), given)]
        known = _told(connection, account_id, mailbox_id, [thread_id for thread_id, _ in rows], frozenset(without) - {mailbox_id})
    found = [known.get(thread_id, partial(_alone, thread_id))(newest) for thread_id, newest in rows]
    return found[::-1] if step == "before" else found


@cache
def _query(filter: str | None, *, step: str) -> Select[Any]:
    """One page. Made once: to put a query together costs as much as to run it."""
    newer = select(_newer.c.id).where(
        _newer.c.account_id == bindparam("account"),
        _newer.c.thread_id == _columns.thread_id,
        _newer.c.mailbox_id == bindparam("mailbox"),
        tuple_(_newer.c.internal_date, _newer.c.id) > tuple_(*_here),
    )
    query = select(_columns.thread_id, *LISTED).where(_columns.mailbox_id == bindparam("mailbox"))
    if filter is not None:
        query = query.where(FILTERS[filter])
        # From the message upwards: the next one that the filter shows is near, while those it does not show can be many.
        newer = newer.where(_NEWER_SHOWN[filter]).order_by(_newer.c.internal_date, _newer.c.id)
    if step != "first":
        there = tuple_(bindparam("date"), bindparam("id"))
        query = query.where(tuple_(*_here) < there if step == "after" else tuple_(*_here) > there)
    query = query.where(newer.limit(1).scalar_subquery().is_(None))
    return query.order_by(*(_here if step == "before" else [each.desc() for each in _here])).limit(bindparam("many"))


def _told(
    connection: Connection, account_id: AccountId, mailbox_id: MailboxId, threads: Sequence[int], without: frozenset[MailboxId]
) -> dict[int, Callable[[ListedMessage], ListedThread]]:
    """What a list says of these threads besides their newest message, of those that have more than this one."""
    given: dict[str, Any] = {"account": account_id, "threads": threads}
    sizes: dict[int, int] = {row[0]: row[1] for row in connection.execute(_SIZES, given) if row[1] > 1} if threads else {}
    rows: dict[int, list[Row[*tuple[Any, ...]]]] = {thread_id: [] for thread_id in sizes}
    short = [thread_id for thread_id, size in sizes.items() if size <= MANY]
    for row in connection.execute(_ROWS, given | {"threads": short}) if short else ():
        rows[row[0]].append(row)
    for thread_id in sizes.keys() - set(short):
        rows[thread_id] = list(connection.execute(_NEWEST_HERE, given | {"threads": [thread_id], "mailbox": mailbox_id}))[::-1]
    return {thread_id: _summed(thread_id, rows[thread_id], sizes[thread_id], here=mailbox_id, without=without) for thread_id in sizes}


def _alone(thread_id: int, only: ListedMessage) -> ListedThread:
    """A thread of one message."""
    summary, envelope = only.summary, only.summary.envelope
    senders: dict[str, Address] = {}
    for each in (Address(envelope.from_raw, ""),) if envelope.sender_doubtful and envelope.from_raw else envelope.sender[:PEOPLE]:
        senders.setdefault(each.addr_spec.lower() or each.name, each)
    unread = 0 if summary.seen else 1
    return ListedThread(thread_id, only, 1, unread, summary.flagged, only.has_attachments, tuple(senders.values()))


def _summed(
    thread_id: int, rows: Iterable[Row[*tuple[Any, ...]]], size: int, *, here: MailboxId, without: frozenset[MailboxId]
) -> Callable[[ListedMessage], ListedThread]:
    copies, unread, flagged, attachments = set[bytes](), set[bytes](), False, False
    senders: dict[str, Address] = {}
    for _, mailbox_id, same, seen, is_flagged, has_attachments, envelope in rows:
        if mailbox_id in without:
            continue
        copies.add(same)
        if not seen and mailbox_id == here:
            unread.add(same)
        flagged, attachments = flagged or (is_flagged == 1 and mailbox_id == here), attachments or has_attachments == 1
        for sender in _senders(envelope):
            if len(senders) < PEOPLE:
                senders.setdefault(sender.addr_spec.lower() or sender.name, sender)
    counted = size <= MANY
    many = len(copies) if counted else size
    return lambda newest: ListedThread(thread_id, newest, many, len(unread), flagged, attachments, tuple(senders.values()), counted)


@lru_cache(maxsize=1024)
def _senders(envelope: str) -> tuple[Address, ...]:
    """The senders of an envelope column, without the rest of it, for which a list of threads has no time; a doubtful one as it came."""
    read = loads(envelope)
    raw, doubtful = read[11], read[12]
    return (Address(raw, ""),) if doubtful and raw else tuple(Address(name, addr_spec) for name, addr_spec in read[1])


def of_many(database: Database, account_id: AccountId, ids: Collection[MessageId]) -> dict[MessageId, int]:
    """The threads of these messages of the account; those that are gone or of somebody else are left out."""
    found: dict[MessageId, int] = {}
    ordered = sorted(set(ids))
    with database.index() as connection:
        for start in range(0, len(ordered), _AT_ONCE):
            given = {"account": account_id, "ids": ordered[start : start + _AT_ONCE]}
            found.update({MessageId(row[0]): row[1] for row in connection.execute(_THREADS, given)})
    return found


def size(database: Database, account_id: AccountId, thread_id: int, *, without: Collection[MailboxId] = ()) -> int:
    """How many messages a thread has in the mailboxes that count, copies counted once. A long one is said to have a hundred."""
    with database.index() as connection:
        some = connection.execute(_SOME_PLACES, {"account": account_id, "thread": thread_id}).all()
    return len({same for same, mailbox_id in some if mailbox_id not in without})


def members(
    database: Database, account_id: AccountId, thread_id: int, *, shown_in: MailboxId | None = None, limit: int = 500
) -> list[ThreadMember]:
    """The messages of a thread in all mailboxes of the account, oldest first, copies of one message together.

    The copy in the mailbox ``shown_in`` stands for the others. Of a longer thread the newest ``limit`` rows. Two queries;
    an unknown thread has no messages.
    """
    given = {"account": account_id, "thread": thread_id, "many": limit}
    with database.index() as connection:
        same: dict[int, bytes] = {row[0]: row[1] for row in connection.execute(_NEWEST_MEMBERS, given)}
    copies: dict[bytes, list[StoredMessage]] = {}
    for message in get_many(database, account_id, [MessageId(each) for each in same][::-1]):
        copies.setdefault(same.get(message.summary.id, b""), []).append(message)
    # Sorting keeps the order of equal ones.
    ordered = [tuple(sorted(each, key=lambda message: message.mailbox_id != shown_in)) for each in copies.values()]
    return [ThreadMember(places[0], places) for places in ordered]


def place_in(database: Database, account_id: AccountId, mailbox_id: MailboxId, thread_id: int) -> Place | None:
    """Where a list of threads of a mailbox has this one: the place of its newest message there. One look-up."""
    given = {"account": account_id, "mailbox": mailbox_id, "threads": [thread_id]}
    with database.index() as connection:
        row = connection.execute(_PLACE, given).first()
    return None if row is None else Place(None, row[0], row[1])


def ids_in(database: Database, account_id: AccountId, mailbox_id: MailboxId, thread_ids: Collection[int]) -> list[MessageId]:
    """The messages that these threads have in one mailbox, for what is done to whole threads there."""
    found: list[MessageId] = []
    ordered = sorted(set(thread_ids))
    with database.index() as connection:
        for start in range(0, len(ordered), _AT_ONCE):
            given = {"account": account_id, "mailbox": mailbox_id, "threads": ordered[start : start + _AT_ONCE]}
            found += [MessageId(each) for each in connection.execute(_IN_MAILBOX, given).scalars()]
    return found
