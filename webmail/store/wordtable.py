"""The table of words, which finds messages by them: SQLite's FTS5, and everything that only SQLite says in this way.

It is *contentless*: it keeps where words stand and not the text, which ``documents`` keeps compressed. SQLite 3.40 can take
a row out of such a table only when it is told the exact old words. It is not merged while rows are written, which would
make one writing in fifty five times as long, but in steps of their own (https://sqlite.org/fts5.html#the_merge_command).
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import BigInteger, Column, Connection, Integer, LargeBinary, Table, UniqueConstraint

from webmail.store.schema import index

FIELDS = ("body", "subject", "sender", "recipients", "cc", "files", "list")
"""What a query can be limited to. ``recipients`` are To and Bcc; ``files`` the names of attachments and the text in them.

The body is first, because FTS5 writes the number of a column into every entry but those of the first: a fifth of the table.
"""
MERGE_PAGES = 150
"""Pages of 4 kB that one step of merging writes: some 20 ms."""
_ACCOUNT_MARK = "\ue000"
"""A letter for private use, which no word of a message has, so that a search for ``a12`` finds no account."""

documents = Table(
    "documents",
    index,
    # In the order in which they were put: pages that grow at their end only are full, and the content fills most of the index.
    Column("number", Integer, primary_key=True),
    # The row of the table of words, in the order of the messages' dates: the newest hits of a search are found first.
    Column("id", BigInteger, nullable=False),
    Column("message_id", BigInteger, nullable=False, unique=True),
    Column("account_id", Integer, nullable=False),
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

_COLUMNS = ", ".join((*FIELDS, "account"))
_MARKS = ", ".join("?" * (len(FIELDS) + 1))
_MAKE = (
    # Tokens come ready made and hold no punctuation: `ascii` only parts them at the blanks.
    f"CREATE VIRTUAL TABLE words USING fts5({_COLUMNS}, content='', tokenize='ascii')",
    "INSERT INTO words(words, rank) VALUES ('automerge', 0)",
    """
    CREATE TRIGGER messages_forgotten AFTER DELETE ON messages
    WHEN EXISTS (SELECT 1 FROM documents WHERE message_id = OLD.id)
    BEGIN INSERT OR IGNORE INTO unwanted_documents VALUES (OLD.id); END
    """,
)

Row = tuple[int, int, Sequence[str]]
"""The id of a document, the account it belongs to, and its words, field by field."""


def create(connection: Connection) -> None:
    """Make the table beside the tables of the index."""
    for statement in _MAKE:
        connection.exec_driver_sql(statement)


def account_word(account_id: int) -> str:
    """The word that stands in every document of an account, and nowhere else."""
    return f"{_ACCOUNT_MARK}{account_id}"


def put(connection: Connection, rows: Sequence[Row]) -> None:
    """Put words in. Their ids must be free."""
    if rows:
        values = [(row_id, *words, account_word(account_id)) for row_id, account_id, words in rows]
        connection.exec_driver_sql(f"INSERT INTO words(rowid, {_COLUMNS}) VALUES (?, {_MARKS})", values)  # noqa: S608 - names of ours


def take(connection: Connection, rows: Sequence[Row]) -> None:
    """Take words out, which must be those that were put in."""
    if rows:
        values = [(row_id, *words, account_word(account_id)) for row_id, account_id, words in rows]
        connection.exec_driver_sql(f"INSERT INTO words(words, rowid, {_COLUMNS}) VALUES ('delete', ?, {_MARKS})", values)  # noqa: S608 - names of ours


def merge(connection: Connection) -> bool:
    """One step of merging, so that searches need not look in many places; tells whether there is more to do."""
    before = _changes(connection)
    connection.exec_driver_sql("INSERT INTO words(words, rank) VALUES ('merge', ?)", (MERGE_PAGES,))
    return _changes(connection) - before >= 2


def _changes(connection: Connection) -> int:
    return int(connection.exec_driver_sql("SELECT total_changes()").scalar_one())
