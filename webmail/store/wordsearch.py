"""Asking the table of words: SQLite's FTS5 query language, and everything of a search that only SQLite says in this way.

Every expression begins with the word of an account, so that what other people have costs nothing
(https://sqlite.org/fts5.html#full_text_query_syntax). Words are always quoted: nothing a person types is syntax here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Join, Select, bindparam, column, literal_column, select, table, text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from webmail.store.schema import messages
from webmail.store.wordtable import account_word, documents

_TABLE = table("words", column("rowid"), column("words"))
# Hits in the subject and of people say most; what stands in files least.
_RANK = text("bm25(words, 1.0, 6.0, 4.0, 2.0, 1.0, 0.5, 1.0, 0.0)")


class _Before(Join):
    """A join whose left side is looked up first.

    SQLite would rather walk through a whole mailbox, which it takes for small, and look up the words for each message of it
    (https://sqlite.org/optoverview.html#manual_control_of_query_plans_using_cross_join).
    """

    inherit_cache = True


@compiles(_Before)
def _in_this_order(join: _Before, compiler: SQLCompiler, **options: Any) -> str:
    left, right = (compiler.process(each, **options) for each in (join.left, join.right))
    assert join.onclause is not None
    return f"{left} CROSS JOIN {right} ON {compiler.process(join.onclause, **options | {'asfrom': False})}"


def search(query: Select[Any], expression: str, *, ranked: bool | None) -> Select[Any]:
    """Let a query over ``messages`` begin with the hits of an expression: newest first, best first (True), in no order (None)."""
    with_documents = _Before(_TABLE, documents, documents.c.id == _TABLE.c.rowid)
    begun = query.select_from(_Before(with_documents, messages, messages.c.id == documents.c.message_id)).where(_matches(expression))
    if ranked is None:
        return begun
    return begun.order_by(_RANK) if ranked else begun.order_by(_TABLE.c.rowid.desc())


def behind(query: Select[Any], connection: Connection, message_id: int) -> Select[Any] | None:
    """Let a search go on behind a message, by the place of its document; None where that is gone."""
    place = connection.execute(select(documents.c.id).where(documents.c.message_id == message_id)).scalar()
    return None if place is None else query.where(_TABLE.c.rowid < place)


def among(expression: str) -> ColumnElement[bool]:
    """Whether a message is one of the hits of an expression."""
    found = select(documents.c.message_id).select_from(_TABLE).join(documents, documents.c.id == _TABLE.c.rowid)
    return messages.c.id.in_(found.where(_matches(expression)))


def _matches(expression: str) -> ColumnElement[bool]:
    return literal_column("words").op("MATCH")(bindparam(None, expression))


def accounts(ids: Iterable[int]) -> str:
    """Every document of these accounts."""
    return "account : (" + " OR ".join(f'"{account_word(each)}"' for each in ids) + ")"


def phrase(words: Sequence[str], *, fields: Sequence[str], prefix: bool) -> str:
    """Words that follow each other, in one of these fields or in any."""
    quoted = '"' + " ".join(each.replace('"', "") for each in words) + '"' + ("*" if prefix else "")
    return f"{{{' '.join(fields)}}} : {quoted}" if fields else quoted
