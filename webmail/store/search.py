"""Searching the index: a query's syntax tree made into SQL, newest first or ranked.

Of a tree, what only asks for words becomes one expression for the table of words, which gives its hits newest first
without sorting; what only asks for dates, sizes, flags and places becomes conditions on ``messages``. Where the two are
mixed below one OR or NOT, the words are looked up apart. What is not in the table of words yet is not found here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, false, func, literal_column, not_, select, tuple_

from webmail.account import AccountId
from webmail.mailbox import MailboxId
from webmail.message.summary import Flag, MessageId, Uid
from webmail.query.syntax import After, And, Before, Has, In, Is, Larger, Node, Not, Or, Smaller, State, Text, all_of
from webmail.store import wordsearch, wordtable
from webmail.store.columns import microseconds
from webmail.store.database import Database
from webmail.store.documents import Asked
from webmail.store.listing import LISTED, ListedMessage, listed
from webmail.store.schema import messages

_FLAGS: dict[State, Callable[[], ColumnElement[bool]]] = {
    State.UNREAD: lambda: messages.c.seen == literal_column("0"),
    State.READ: lambda: messages.c.seen == literal_column("1"),
    State.FLAGGED: lambda: messages.c.flagged == literal_column("1"),
    State.UNFLAGGED: lambda: messages.c.flagged == literal_column("0"),
    State.ANSWERED: lambda: _has_flag(Flag.ANSWERED),
    State.UNANSWERED: lambda: not_(_has_flag(Flag.ANSWERED)),
}

_FOUND = [*LISTED, messages.c.account_id, messages.c.mailbox_id, messages.c.sameness]
CHUNK = 500
"""Messages named in one query."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Where to search: accounts, their mailboxes, and which mailboxes each ``in:`` of the query means."""

    accounts: tuple[AccountId, ...]
    mailboxes: tuple[MailboxId, ...]
    places: Mapping[str, frozenset[MailboxId]]


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that was found. ``sameness`` is equal for copies of one message."""

    listed: ListedMessage
    account_id: AccountId
    mailbox_id: MailboxId
    sameness: bytes


def find(
    database: Database, node: Node, *, scope: Scope, limit: int, before: tuple[int, int] | None = None, ranked: bool = False, skip: int = 0
) -> list[Hit]:
    """The newest hits before a date and id, or the best ones (``ranked``, from the ``skip``-th on). One query.

    Newest first costs by ``limit`` and by what the conditions pass over; ranked by all hits.
    """
    with database.index() as connection:
        asked = _asked(connection, _worded(node), scope)
        asked = wordsearch.narrowed(connection, asked) if asked and not ranked else asked
        query = _query(connection, node, scope, asked, columns=_FOUND, ranked=ranked)
        query = query if before is None else _going_on(connection, query, before, asked=asked)
        return [_hit(row) for row in connection.execute(query.limit(limit).offset(skip or None))]


def _going_on(connection: Connection, query: Select[Any], before: tuple[int, int], *, asked: Asked | None) -> Select[Any]:
    """The hits behind a message. Of one second, the table of words has an order of its own, in which the search goes on."""
    behind = wordsearch.behind(query, asked, connection, before[1]) if asked else None
    return query.where(tuple_(messages.c.internal_date, messages.c.id) < before) if behind is None else behind


def by_uids(database: Database, mailbox_id: MailboxId, uids: Sequence[Uid]) -> list[Hit]:
    """These messages of a mailbox as hits, as far as the index has them; for a few hundred at most."""
    query = select(*_FOUND).where(messages.c.mailbox_id == mailbox_id, messages.c.uid.in_(uids))
    with database.index() as connection:
        return [_hit(row) for row in connection.execute(query)]


def count(database: Database, node: Node, *, scope: Scope, limit: int) -> int:
    """How many messages are found, counted up to ``limit``."""
    with database.index() as connection:
        query = _ids(connection, node, scope).limit(limit).subquery()
        return int(connection.execute(select(func.count()).select_from(query)).scalar_one())


def ids(database: Database, node: Node, *, scope: Scope, limit: int) -> list[MessageId]:
    """The ids of everything that is found, up to ``limit``, in no order."""
    with database.index() as connection:
        return [MessageId(each) for each in connection.execute(_ids(connection, node, scope).limit(limit)).scalars()]


def _hit(row: Row[*tuple[Any, ...]]) -> Hit:
    *columns, account_id, mailbox_id, sameness = row
    return Hit(listed(*columns), account_id, mailbox_id, sameness)


def _ids(connection: Connection, node: Node, scope: Scope) -> Select[Any]:
    return _query(connection, node, scope, _asked(connection, _worded(node), scope), columns=[messages.c.id], ranked=None)


def _asked(connection: Connection, worded: Sequence[Node], scope: Scope) -> Asked | None:
    """What the table of words is asked for all these parts together; None where there are none."""
    found = all_of(list(worded))
    return None if found is None else wordtable.ask(connection, found, scope.accounts)


def _query(
    connection: Connection, node: Node, scope: Scope, asked: Asked | None, *, columns: Sequence[ColumnElement[Any]], ranked: bool | None
) -> Select[Any]:
    """``ranked``: by rank, by date (False), or in no order (None)."""
    worded = _worded(node)
    conditions = [_condition(connection, each, scope) for each in _parts(node) if each not in worded]
    query = select(*columns).where(messages.c.mailbox_id.in_(scope.mailboxes), *conditions)
    if asked is not None:
        return wordsearch.search(query, asked, ranked=ranked)
    query = query.where(messages.c.account_id.in_(scope.accounts))
    return query if ranked is None else query.order_by(messages.c.internal_date.desc(), messages.c.id.desc())


def _parts(node: Node) -> tuple[Node, ...]:
    return node.parts if isinstance(node, And) else (node,)


def _worded(node: Node) -> tuple[Node, ...]:
    """The parts that the table of words answers by itself."""
    return tuple(each for each in _parts(node) if _asks_for_words_only(each))


def _asks_for_words_only(node: Node) -> bool:
    if isinstance(node, And | Or):
        return all(map(_asks_for_words_only, node.parts))
    if isinstance(node, Not):
        return _asks_for_words_only(node.part)
    return isinstance(node, Text)


def _condition(connection: Connection, node: Node, scope: Scope) -> ColumnElement[bool]:
    """A condition on the row of a message, for any tree."""
    if _asks_for_words_only(node):
        return wordsearch.among(wordtable.ask(connection, node, scope.accounts))
    match node:
        case And(parts):
            return reduce(and_, [_condition(connection, each, scope) for each in parts])
        case Or(parts):
            return reduce(or_, [_condition(connection, each, scope) for each in parts])
        case Not(part):
            return not_(_condition(connection, part, scope))
        case In(name):
            return messages.c.mailbox_id.in_(scope.places.get(name, frozenset()))
        case _:
            return _simple(node)


def _simple(node: Node) -> ColumnElement[bool]:
    match node:
        case Has():
            return messages.c.attachments == literal_column("1")
        case Is(state):
            return _FLAGS[state]()
        case Larger(octets):
            return messages.c.size > octets
        case Smaller(octets):
            return messages.c.size < octets
        case Before(moment):
            return messages.c.internal_date < microseconds(moment)
        case After(moment):
            return messages.c.internal_date >= microseconds(moment)
        case _:
            return false()


def _has_flag(flag: str) -> ColumnElement[bool]:
    return (literal_column("' '") + messages.c.flags + literal_column("' '")).contains(f" {flag} ", autoescape=True)


def searched(database: Database, mailbox_id: MailboxId, uids: Sequence[Uid]) -> set[Uid]:
    """Which of these messages of a mailbox the table of words knows already."""
    found: set[Uid] = set()
    query = select(messages.c.uid).where(messages.c.mailbox_id == mailbox_id, messages.c.text_state != literal_column("0"))
    with database.index() as connection:
        for start in range(0, len(uids), CHUNK):
            found.update(connection.execute(query.where(messages.c.uid.in_(uids[start : start + CHUNK]))).scalars())
    return found


def places(
    database: Database, accounts: Sequence[AccountId], message_ids: Sequence[MessageId]
) -> dict[tuple[AccountId, MailboxId, int], list[Uid]]:
    """Where messages are: their UIDs by account, mailbox and UIDVALIDITY."""
    found: dict[tuple[AccountId, MailboxId, int], list[Uid]] = {}
    columns = (messages.c.account_id, messages.c.mailbox_id, messages.c.uidvalidity, messages.c.uid)
    query = select(*columns).where(messages.c.account_id.in_(accounts))
    with database.index() as connection:
        for start in range(0, len(message_ids), CHUNK):
            for account_id, mailbox_id, validity, uid in connection.execute(
                query.where(messages.c.id.in_(message_ids[start : start + CHUNK]))
            ):
                found.setdefault((account_id, mailbox_id, validity), []).append(uid)
    return found


def senders(database: Database, *, mailboxes: Collection[MailboxId], beginning: str, limit: int) -> list[str]:
    """Envelopes of messages whose sender's name begins like this, as columns; for suggestions. Costs by ``limit``."""
    with database.index() as connection:
        return _senders(connection, mailboxes, beginning, limit)


_SENDERS = (
    select(messages.c.envelope)
    .where(
        messages.c.mailbox_id == bindparam("mailbox"),
        messages.c.sender_key >= bindparam("beginning"),
        messages.c.sender_key < bindparam("end"),
    )
    .order_by(messages.c.sender_key, messages.c.internal_date.desc())
    .limit(bindparam("many"))
)


def _senders(connection: Connection, mailboxes: Collection[MailboxId], beginning: str, limit: int) -> list[str]:
    found: list[str] = []
    for mailbox_id in mailboxes:
        given = {"mailbox": mailbox_id, "beginning": beginning, "end": beginning + "\U0010ffff", "many": limit}
        found += connection.execute(_SENDERS, given).scalars()
        if len(found) >= limit:
            break
    return found
