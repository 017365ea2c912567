"""The full-text index: the words of each message as one document, found by word, phrase, beginning and field.

A document is made in one go, by the pass that reads the bodies (``mail.wording``): a message is either wholly searchable
or not at all, so that "what is not indexed yet" is one condition on ``messages.text_state``, and what it names can be
asked of the server. Its id grows with the date of its message; ``ORDER BY rowid DESC`` is newest first without sorting.

A message that is moved keeps its document. One that is forgotten, for whatever reason, is noted by the database itself,
and its words are taken out a little later (``tidy``); until then they find nothing, because searches join ``messages``.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, literal_column, select, update
from sqlalchemy import Row as Found

from webmail.account import AccountId
from webmail.mailbox import MailboxId
from webmail.message.summary import MessageId
from webmail.store import wordtable
from webmail.store.columns import clean
from webmail.store.database import Database
from webmail.store.documents import FIELDS, documents, unwanted_documents
from webmail.store.documents import Row as Words
from webmail.store.schema import mailbox_state, messages

CHUNK = 100
CHUNK_OCTETS = 400_000
"""Documents and octets of words that are written in one transaction: some 30 ms."""
MERGED_OCTETS = 250_000
"""For so many octets written, one step of merging."""
_COUNTER_BITS = 6
"""Ids that lie near each other make a smaller table of words: each word of each document keeps the distance to the one before."""
_SECOND = 1_000_000
_LEVEL = 6
"""Of compression: 40 µs more a message than the quickest, and a fifteenth less."""


class TextState(IntEnum):
    """How much of a message is in the full-text index; ``messages.text_state``."""

    WAITING = 0
    WHOLE = 1
    UNREADABLE = 2
    """Its body cannot be read: it is found by its header and the names of its attachments only."""
    FILES_WAIT = 3
    """All but the text in its attachments."""


@dataclass(frozen=True, slots=True)
class Document:
    """The words of a message, each field as words joined by blanks, made by ``query.words``."""

    message_id: MessageId
    body: str = ""
    subject: str = ""
    sender: str = ""
    recipients: str = ""
    cc: str = ""
    files: str = ""
    list: str = ""


def waiting(database: Database, mailbox_id: MailboxId, *, limit: int, state: TextState = TextState.WAITING) -> tuple[MessageId, ...]:
    """The newest messages of a mailbox in a state, newest first. Costs by ``limit``, not by the mailbox.

    Only for WAITING and FILES_WAIT, which have an index of their own.
    """
    # Written as a literal, because SQLite uses a partial index only for the very words of its condition.
    query = select(messages.c.id).where(messages.c.mailbox_id == mailbox_id, messages.c.text_state == literal_column(str(int(state))))
    query = query.order_by(messages.c.internal_date.desc(), messages.c.id.desc()).limit(limit)
    with database.index() as connection:
        return tuple(MessageId(each) for each in connection.execute(query).scalars())


def remaining(database: Database, account_id: AccountId) -> dict[MailboxId, int]:
    """How many messages of each mailbox of an account are not in the full-text index yet; mailboxes without any are left out.

    Costs by that number: nothing once all is indexed, some milliseconds for a hundred thousand.
    """
    mine = select(mailbox_state.c.mailbox_id).where(mailbox_state.c.account_id == account_id)
    query = select(messages.c.mailbox_id, func.count()).group_by(messages.c.mailbox_id)
    query = query.where(messages.c.mailbox_id.in_(mine), messages.c.text_state == literal_column("0"))
    with database.index() as connection:
        return {MailboxId(mailbox_id): count for mailbox_id, count in connection.execute(query)}


def add(
    database: Database,
    found: Sequence[Document],
    *,
    states: Mapping[MessageId, TextState] | None = None,
    previews: Mapping[MessageId, str] | None = None,
) -> int:
    """Put documents in, in place of older ones of the same messages; returns how many were put.

    A message gets its state (WHOLE where none is given) and, where one is given, its preview in the same transaction.
    Documents of messages that are gone are left out. Many short transactions, and between them steps of merging.
    """
    put = 0
    octets = 0
    for some in _chunks(found):
        with database.index_write() as connection:
            put += _put(connection, some, states=states or {}, previews=previews or {})
        octets += sum(_size(each) for each in some)
        while octets >= MERGED_OCTETS:
            octets -= MERGED_OCTETS
            if not _merged(database):
                octets = 0
    if octets:
        _merged(database)
    return put


def _merged(database: Database) -> bool:
    with database.index_write() as connection:
        return wordtable.merge(connection)


def _chunks(found: Sequence[Document]) -> Iterator[list[Document]]:
    some: list[Document] = []
    octets = 0
    for each in found:
        some.append(each)
        octets += _size(each)
        if len(some) >= CHUNK or octets >= CHUNK_OCTETS:
            yield some
            some, octets = [], 0
    if some:
        yield some


def _size(document: Document) -> int:
    return len(document.body) + len(document.files) + 200


def _put(
    connection: Connection, found: Sequence[Document], *, states: Mapping[MessageId, TextState], previews: Mapping[MessageId, str]
) -> int:
    by_id = {each.message_id: each for each in found}
    query = select(messages.c.id, messages.c.account_id, messages.c.internal_date).where(messages.c.id.in_(list(by_id)))
    living = connection.execute(query).all()
    old = _stored(connection, [row.id for row in living])
    wordtable.take(connection, [_row(each) for each in old.values()])
    free = _free_ids(connection, [row for row in living if row.id not in old])
    rows, changed, new, marks = [], [], [], []
    for row in living:
        fields = _fields(by_id[row.id])
        content = zlib.compress("\n".join(fields).encode(), _LEVEL)
        if row.id in old:
            changed.append({"message": row.id, "words": content})
        else:
            new.append({"id": free[row.id], "message_id": row.id, "account_id": row.account_id, "content": content})
        rows.append((old[row.id].id if row.id in old else free[row.id], row.account_id, fields))
        preview = clean(previews.get(row.id, "")) or None
        marks.append({"message": row.id, "state": int(states.get(row.id, TextState.WHOLE)), "preview": preview})
    if new:
        connection.execute(insert(documents), new)
    if changed:
        connection.execute(_REPLACE, changed)
    wordtable.put(connection, rows)
    if marks:
        connection.execute(_MARK, marks)
    return len(rows)


_REPLACE = update(documents).where(documents.c.message_id == bindparam("message")).values(content=bindparam("words"))
_MARK = (
    update(messages)
    .where(messages.c.id == bindparam("message"))
    .values(text_state=bindparam("state"), preview=func.coalesce(bindparam("preview"), messages.c.preview))
)


def id_at(moment: int) -> int:
    """The least id that the document of a message of this instant, in microseconds, can have.

    Ids may be a little larger than their instant says, where more than 64 messages came in one second; never smaller.
    """
    return moment // _SECOND << _COUNTER_BITS


def _free_ids(connection: Connection, rows: Sequence[Found[*tuple[Any, ...]]]) -> dict[int, int]:
    """A document id for each message: its second, and within the second the end of its own id, or the next that is free."""
    wished = {row.id: id_at(row.internal_date) + row.id % (1 << _COUNTER_BITS) for row in rows}
    query = select(documents.c.id).where(documents.c.id.in_(list(wished.values())))
    taken = set(connection.execute(query).scalars()) if wished else set()
    found: dict[int, int] = {}
    # Where a second is full, many look for a place behind it: each goes on from where the one before found one.
    reached: dict[int, int] = {}
    for message_id, place in wished.items():
        if place in taken:
            second = place >> _COUNTER_BITS
            place = max(place, reached.get(second, place)) + 1
            while place in taken or (place := _free_from(connection, place)) in taken:
                place += 1
            reached[second] = place
        taken.add(place)
        found[message_id] = place
    return found


def _free_from(connection: Connection, place: int) -> int:
    """The first free id that is not below ``place``."""
    if connection.execute(select(documents.c.id).where(documents.c.id == place)).first() is None:
        return place
    behind = documents.alias()
    followed = select(behind.c.id).where(behind.c.id == documents.c.id + 1).exists()
    query = select(documents.c.id).where(documents.c.id >= place, ~followed).order_by(documents.c.id).limit(1)
    return int(connection.execute(query).scalar_one()) + 1


def _stored(connection: Connection, message_ids: Collection[int]) -> dict[int, Found[*tuple[Any, ...]]]:
    query = select(documents).where(documents.c.message_id.in_(list(message_ids)))
    return {row.message_id: row for row in connection.execute(query)}


def _row(stored: Found[*tuple[Any, ...]]) -> Words:
    return stored.id, stored.account_id, _unpacked(stored.content)


def _unpacked(content: bytes) -> list[str]:
    return zlib.decompress(content).decode().split("\n")


def _fields(document: Document) -> list[str]:
    return [clean(getattr(document, name)).replace("\n", " ") for name in FIELDS]


def content(database: Database, account_id: AccountId, message_ids: Sequence[MessageId]) -> dict[MessageId, Document]:
    """The words of these messages as they were indexed, of those that have any. Costs about 20 µs a message."""
    query = select(documents.c.message_id, documents.c.content).where(
        documents.c.message_id.in_(list(message_ids)), documents.c.account_id == account_id
    )
    with database.index() as connection:
        return {
            MessageId(row.message_id): Document(MessageId(row.message_id), *_unpacked(row.content)) for row in connection.execute(query)
        }


def tidy(database: Database) -> bool:
    """Take out the words of up to a hundred messages that are gone; tells whether there are more."""
    with database.index() as connection:
        if connection.execute(select(unwanted_documents.c.message_id).limit(1)).first() is None:
            return False
    with database.index_write() as connection:
        gone = list(connection.execute(select(unwanted_documents.c.message_id).limit(CHUNK)).scalars())
        wordtable.take(connection, [_row(each) for each in _stored(connection, gone).values()])
        connection.execute(delete(documents).where(documents.c.message_id.in_(gone)))
        connection.execute(delete(unwanted_documents).where(unwanted_documents.c.message_id.in_(gone)))
    _merged(database)
    return len(gone) == CHUNK
