"""Asking the table of words: a search that begins with its hits, goes on behind one, or looks whether a message is among them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, select

from webmail.store.documents import Asked, documents
from webmail.store.schema import messages


def search(query: Select[Any], asked: Asked, *, ranked: bool | None) -> Select[Any]:
    """Let a query over ``messages`` begin with the hits: newest first, best first (True), in no order (None)."""
    begun = (
        query.select_from(asked.table)
        .join(documents, documents.c.id == asked.place)
        .join(messages, messages.c.id == documents.c.message_id)
        .where(asked.condition)
    )
    if ranked is None:
        return begun
    return begun.order_by(*asked.best) if ranked else begun.order_by(asked.place.desc())


def behind(query: Select[Any], asked: Asked, connection: Connection, message_id: int) -> Select[Any] | None:
    """Let a search go on behind a message, by the place of its document; None where that is gone."""
    place = connection.execute(select(documents.c.id).where(documents.c.message_id == message_id)).scalar()
    return None if place is None else query.where(asked.place < place)


def among(asked: Asked) -> ColumnElement[bool]:
    """Whether a message is one of the hits."""
    found = select(documents.c.message_id).select_from(asked.table).join(documents, documents.c.id == asked.place)
    return messages.c.id.in_(found.where(asked.condition))
