"""Lists of a mailbox in any order: pages that cost by what they show, not by the mailbox or by how far down they are.

An order is an index and a direction. A page begins after a *place*: what the last row shown is sorted by, its date and
its id. Rows that are sorted by something else than the date take two steps over one index: the rest of those that are
equal there (one sender, say), then those beyond, because a comparison of whole places cannot go up in one column and
down in another.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, literal_column, select, tuple_

from webmail.errors import InvalidInput
from webmail.mailbox import MailboxId
from webmail.message.mime import Part
from webmail.message.summary import MessageId, MessageSummary, Uid
from webmail.store.columns import envelope_value, flags_value, moment
from webmail.store.database import Database
from webmail.store.schema import messages

UNKNOWN_STRUCTURE = Part("", "text", "plain")
"""What stands in for the structure in lists, which never look at it."""
LISTED = [messages.c[name] for name in ("id", "uid", "flags", "internal_date", "size", "preview", "envelope", "attachments")]
# Written as literals, because SQLite uses a partial index only for the very words of its condition.
FILTERS: dict[str, ColumnElement[bool]] = {
    "unread": messages.c.seen == literal_column("0"),
    "flagged": messages.c.flagged == literal_column("1"),
    "attachments": messages.c.attachments == literal_column("1"),
    "to_me": messages.c.to_me == literal_column("1"),
}


class Place(NamedTuple):
    """Where a row stands in an order: what it is sorted by (None: only the date), its date in microseconds, its id."""

    key: str | int | None
    date: int
    id: int


@dataclass(frozen=True, slots=True)
class Order:
    """A way to sort: by a column that has an index, and then by date; each of the two downwards or upwards."""

    column: str | None
    down: bool
    newest_first: bool

    @property
    def reversed(self) -> Order:
        """The same index the other way round."""
        return Order(self.column, not self.down, not self.newest_first)


ORDERS = {
    "date": Order(None, down=True, newest_first=True),
    "oldest": Order(None, down=False, newest_first=False),
    "from": Order("sender_key", down=False, newest_first=True),
    "from_desc": Order("sender_key", down=True, newest_first=False),
    "subject": Order("subject_key", down=False, newest_first=True),
    "subject_desc": Order("subject_key", down=True, newest_first=False),
    "size": Order("size", down=True, newest_first=True),
    "smallest": Order("size", down=False, newest_first=False),
}


@dataclass(frozen=True, slots=True)
class ListedMessage:
    """A row of a list and its place. Its summary has no structure: ``has_attachments`` is all a list wants to know of it."""

    summary: MessageSummary
    has_attachments: bool
    place: Place


def page(
    database: Database,
    mailbox_id: MailboxId,
    *,
    sort: str = "date",
    filter: str | None = None,
    after: Place | None = None,
    before: Place | None = None,
    limit: int,
) -> list[ListedMessage]:
    """Rows of a mailbox in an order: the first ones, those after a place, or those right before one.

    Costs by ``limit`` (with a filter in an order other than by date: by the rows passed over as well). Raises
    InvalidInput for an order or a filter that is none.
    """
    order = ORDERS.get(sort)
    if order is None:
        raise InvalidInput("sort", field="sort", value=sort)
    if filter is not None and filter not in FILTERS:
        raise InvalidInput("filter", field="filter", value=filter)
    with database.index() as connection:
        if before is None:
            return _walk(connection, mailbox_id, order, filter, start=after, limit=limit)
        return _walk(connection, mailbox_id, order.reversed, filter, start=before, limit=limit)[::-1]


def uids(database: Database, mailbox_id: MailboxId, *, filter: str | None) -> list[Uid]:
    """The UIDs of every message a filter shows; None: of all."""
    query = select(messages.c.uid).where(messages.c.mailbox_id == mailbox_id)
    with database.index() as connection:
        return list(connection.execute(query if filter is None else query.where(FILTERS[filter])).scalars())


def newest_flags(database: Database, mailbox_id: MailboxId, *, limit: int) -> dict[Uid, frozenset[str]]:
    """The flags of the newest messages of a mailbox, as its list shows them."""
    query = select(messages.c.uid, messages.c.flags).where(messages.c.mailbox_id == mailbox_id)
    query = query.order_by(messages.c.internal_date.desc(), messages.c.id.desc()).limit(limit)
    with database.index() as connection:
        return {Uid(uid): flags_value(flags) for uid, flags in connection.execute(query)}


def uids_below(database: Database, mailbox_id: MailboxId, *, below: int, limit: int) -> list[Uid]:
    """The highest UIDs the index knows of a mailbox below a UID (0: of all), descending."""
    query = select(messages.c.uid).where(messages.c.mailbox_id == mailbox_id).order_by(messages.c.uid.desc()).limit(limit)
    with database.index() as connection:
        return list(connection.execute(query.where(messages.c.uid < below) if below else query).scalars())


def newer(database: Database, mailbox_id: MailboxId, place: Place, *, limit: int) -> int:
    """How many messages of a mailbox are newer than a place by date, ``limit`` at most. One look-up, of an index only."""
    with database.index() as connection:
        given = {"mailbox": mailbox_id, "date": place.date, "id": place.id, "many": limit}
        return len(connection.execute(_NEWER, given).scalars().all())


_NEWER = (
    select(messages.c.id)
    .where(
        messages.c.mailbox_id == bindparam("mailbox"),
        tuple_(messages.c.internal_date, messages.c.id) > tuple_(bindparam("date"), bindparam("id")),
    )
    .order_by(messages.c.internal_date, messages.c.id)
    .limit(bindparam("many"))
)


def neighbours(
    database: Database, mailbox_id: MailboxId, message_id: MessageId, *, sort: str = "date", filter: str | None = None
) -> tuple[MessageId | None, MessageId | None]:
    """The messages right before and right after one in its list; both None if it is not in the index."""
    order = ORDERS[sort]
    with database.index() as connection:
        here = place_of(connection, message_id, order)
        if here is None:
            return None, None
        around = [_walk(connection, mailbox_id, each, filter, start=here, limit=1) for each in (order.reversed, order)]
    before, after = (found[0].summary.id if found else None for found in around)
    return before, after


def place_of(connection: Connection, message_id: MessageId, order: Order) -> Place | None:
    """The place of a message in an order. One look-up."""
    columns = [messages.c.internal_date, *([messages.c[order.column]] if order.column else [])]
    row = connection.execute(select(*columns).where(messages.c.id == message_id)).first()
    return None if row is None else Place(row[1] if order.column else None, row[0], message_id)


def _walk(
    connection: Connection, mailbox_id: MailboxId, order: Order, filter: str | None, *, start: Place | None, limit: int
) -> list[ListedMessage]:
    given: dict[str, object] = {"mailbox": mailbox_id, "many": limit}
    if start is None:
        return _listed(connection.execute(_query(order, filter, step="all"), given))
    given |= {"key": start.key, "date": start.date, "id": start.id}
    if order.column is None:
        return _listed(connection.execute(_query(order, filter, step="rest"), given))
    rows = _listed(connection.execute(_query(order, filter, step="rest"), given))
    if len(rows) < limit:
        rows += _listed(connection.execute(_query(order, filter, step="beyond"), given | {"many": limit - len(rows)}))
    return rows


@cache
def _query(order: Order, filter: str | None, *, step: str) -> Select[Any]:
    """One step of a walk. Made once: to put a query together costs as much as to run it."""
    key = messages.c[order.column] if order.column else None
    query = select(*LISTED, *([key] if key is not None else [])).where(messages.c.mailbox_id == bindparam("mailbox"))
    if filter is not None:
        query = query.where(FILTERS[filter])
    if step == "rest":
        here, there = tuple_(messages.c.internal_date, messages.c.id), tuple_(bindparam("date"), bindparam("id"))
        query = query.where(here < there if order.newest_first else here > there)
        if key is not None:
            query = query.where(key == bindparam("key"))
    elif step == "beyond" and key is not None:
        query = query.where(key < bindparam("key") if order.down else key > bindparam("key"))
    by_date = [messages.c.internal_date, messages.c.id]
    dated = [each.desc() for each in by_date] if order.newest_first else by_date
    sorted_by = [] if key is None else [key.desc() if order.down else key]
    return query.order_by(*sorted_by, *dated).limit(bindparam("many"))


def _listed(rows: Iterable[Row[*tuple[Any, ...]]]) -> list[ListedMessage]:
    return [listed(*row) for row in rows]


def listed(  # the columns of a row, in the order of LISTED
    message_id: MessageId,
    uid: Uid,
    flags: str,
    internal_date: int,
    size: int,
    preview: str | None,
    envelope: str,
    attachments: int,
    key: str | int | None = None,
) -> ListedMessage:
    """A row of the columns ``LISTED``, and after them what it is sorted by."""
    summary = MessageSummary(
        uid, flags_value(flags), moment(internal_date), size, envelope_value(envelope), UNKNOWN_STRUCTURE, preview or "", message_id
    )
    return ListedMessage(summary, attachments == 1, Place(key, internal_date, message_id))
