"""Asking the table of words: a search that begins with its hits, goes on behind one, or looks whether a message is among them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Connection, Join, Select, any_, func, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from webmail.store.documents import Asked, documents
from webmail.store.schema import messages

FEW = 2_000
"""To look up so many takes as long as to look through a hundred thousand until a page of them is found."""


class _Before(Join):
    """A join whose left side is looked up first.

    SQLite would rather walk through a whole mailbox, which it takes for small, and look up the words for each message of it
    (https://sqlite.org/optoverview.html#manual_control_of_query_plans_using_cross_join). Elsewhere it is a join like any other.
    """

    inherit_cache = True


@compiles(_Before)
def _as_any(join: _Before, compiler: SQLCompiler, **options: Any) -> str:
    return str(compiler.visit_join(join, **options))  # type: ignore[no-untyped-call]


@compiles(_Before, "sqlite")
def _in_this_order(join: _Before, compiler: SQLCompiler, **options: Any) -> str:
    left, right = (compiler.process(each, **options) for each in (join.left, join.right))
    assert join.onclause is not None
    return f"{left} CROSS JOIN {right} ON {compiler.process(join.onclause, **options | {'asfrom': False})}"


def search(query: Select[Any], asked: Asked, *, ranked: bool | None) -> Select[Any]:
    """Let a query over ``messages`` begin with the hits: newest first, best first (True), in no order (None)."""
    found = documents if asked.table is documents else _Before(asked.table, documents, documents.c.id == asked.place)
    begun = query.select_from(_Before(found, messages, messages.c.id == documents.c.message_id)).where(asked.condition, *asked.also)
    if ranked is None:
        return begun
    return begun.order_by(*asked.best) if ranked else begun.order_by(asked.place.desc())


def narrowed(connection: Connection, asked: Asked) -> Asked:
    """A search for the newest hits, by the way that is quicker: of few candidates all are looked up, of many the newest are looked through.

    The statistics of a database know how frequent the most frequent words are, and nothing of the others.
    """
    if asked.candidates is None:
        return asked
    some = select(asked.place).where(asked.candidates).limit(FEW).subquery()
    if connection.execute(select(func.count()).select_from(some)).scalar_one() == FEW:
        return asked
    hits = func.array(select(asked.place).where(asked.condition).scalar_subquery(), type_=ARRAY(BigInteger))
    return replace(asked, table=documents, place=documents.c.id, condition=documents.c.id == any_(hits))


def behind(query: Select[Any], asked: Asked, connection: Connection, message_id: int) -> Select[Any] | None:
    """Let a search go on behind a message, by the place of its document; None where that is gone."""
    place = connection.execute(select(documents.c.id).where(documents.c.message_id == message_id)).scalar()
    return None if place is None else query.where(asked.place < place)


def among(asked: Asked) -> ColumnElement[bool]:
    """Whether a message is one of the hits."""
    found = select(documents.c.message_id).select_from(asked.table).join(documents, documents.c.id == asked.place)
    return messages.c.id.in_(found.where(asked.condition, *asked.also))
