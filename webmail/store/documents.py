"""Documents: the words of each message as they were indexed, and what every table of words, whichever database it is in, has in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Column, ColumnElement, FromClause, Integer, LargeBinary, Table, UniqueConstraint

from webmail.query.syntax import Field
from webmail.store.column_kinds import INTEGER
from webmail.store.schema import index

FIELDS = ("body", "subject", "sender", "recipients", "cc", "files", "list")
"""What a query can be limited to. ``recipients`` are To and Bcc; ``files`` the names of attachments and the text in them.

The body is first, because FTS5 writes the number of a column into every entry but those of the first: a fifth of the table.
"""
MEANT: dict[Field | None, tuple[str, ...]] = {
    None: (),
    Field.FROM: ("sender",),
    Field.TO: ("recipients", "cc"),
    Field.CC: ("cc",),
    Field.SUBJECT: ("subject",),
    Field.BODY: ("body",),
    Field.FILENAME: ("files",),
    Field.LIST: ("list",),
}
"""The fields that an operator means; none for words that may stand in any."""

documents = Table(
    "documents",
    index,
    # In the order in which they were put: pages that grow at their end only are full, and the content fills most of the index.
    Column("number", INTEGER, primary_key=True),
    # The row of the table of words, in the order of the messages' dates: the newest hits of a search are found first.
    Column("id", BigInteger, nullable=False),
    Column("message_id", BigInteger, nullable=False, unique=True),
    Column("account_id", INTEGER, nullable=False),
    # The words as they were indexed, compressed: they are needed again to take them out, and to show where a hit stands.
    Column("content", LargeBinary, nullable=False),
    # From a hit to its message without a look at the content.
    UniqueConstraint("id", "message_id"),
)

unwanted_documents = Table(
    "unwanted_documents",
    index,
    # Messages that are gone and whose words are still to be taken out. A trigger notes them, whoever forgets a message.
    Column("message_id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
)

Row = tuple[int, int, Sequence[str]]
"""The id of a document, the account it belongs to, and its words, field by field."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A search in the language of one database: which rows of its table of words are wanted.

    ``place`` is the id of a document; ``also`` a condition on ``documents``; ``best`` is what puts the best hits first.
    ``candidates`` is a condition that hits fulfil and that is quick to look up, for a database that has to choose its way by it.
    """

    table: FromClause
    place: ColumnElement[int]
    condition: ColumnElement[bool]
    best: tuple[ColumnElement[Any], ...] = ()
    also: tuple[ColumnElement[bool], ...] = ()
    candidates: ColumnElement[bool] | None = None
