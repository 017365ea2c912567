"""FTS5: SQLite's table of words and its query language, and everything of a search that only SQLite says in this way.

The table is *contentless*: it keeps where words stand and not the text, which ``documents`` keeps compressed. SQLite 3.40 can
take a row out of such a table only when it is told the exact old words. It is not merged while rows are written, which would
make one writing in fifty five times as long, but in steps of their own (https://sqlite.org/fts5.html#the_merge_command).

Every expression begins with the word of an account, so that what other people have costs nothing
(https://sqlite.org/fts5.html#full_text_query_syntax). Words are always quoted: nothing a person types is syntax here.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, bindparam, column, literal_column, table

from webmail.query.syntax import And, Node, Not, Or, Text
from webmail.store.documents import FIELDS, MEANT, Asked, Row

MERGE_PAGES = 150
"""Pages of 4 kB that one step of merging writes: some 20 ms."""
_ACCOUNT_MARK = "\ue000"
"""A letter for private use, which no word of a message has, so that a search for ``a12`` finds no account."""

_TABLE = table("words", column("rowid"), column("words"))
# Hits in the subject and of people say most; what stands in files least.
_BEST: ColumnElement[float] = literal_column("bm25(words, 1.0, 6.0, 4.0, 2.0, 1.0, 0.5, 1.0, 0.0)")
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


def ask(node: Node, accounts: Sequence[int]) -> Asked:
    """A tree that asks for words only, limited to the accounts."""
    everything = "account : (" + " OR ".join(f'"{account_word(each)}"' for each in accounts) + ")"
    expression = f"{everything} AND ({_expression(node, everything)})"
    matches = literal_column("words").op("MATCH")(bindparam(None, expression))
    return Asked(_TABLE, _TABLE.c.rowid, matches, (_BEST,))


def _expression(node: Node, everything: str) -> str:
    match node:
        case And(parts):
            return " AND ".join(f"({_expression(each, everything)})" for each in parts)
        case Or(parts):
            return " OR ".join(f"({_expression(each, everything)})" for each in parts)
        case Not(part):
            # The table knows "this, but not that" only.
            return f"{everything} NOT ({_expression(part, everything)})"
        case Text(found, field, prefix):
            return _phrase(found, fields=MEANT[field], prefix=prefix)
    raise TypeError(node)


def _phrase(words: Sequence[str], *, fields: Sequence[str], prefix: bool) -> str:
    """Words that follow each other, in one of these fields or in any."""
    quoted = '"' + " ".join(each.replace('"', "") for each in words) + '"' + ("*" if prefix else "")
    return f"{{{' '.join(fields)}}} : {quoted}" if fields else quoted
