"""The table of words, which finds messages by them: FTS5 in SQLite, a tsvector in PostgreSQL; here it is chosen which."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from sqlalchemy import Connection

from webmail.query.syntax import Node
from webmail.store import fts5, tsvector
from webmail.store.documents import Asked, Row


def create(connection: Connection) -> None:
    """Make the table beside the tables of the index."""
    _of(connection).create(connection)


def put(connection: Connection, rows: Sequence[Row]) -> None:
    """Put words in. Their ids must be free."""
    _of(connection).put(connection, rows)


def take(connection: Connection, rows: Sequence[Row]) -> None:
    """Take words out, which must be those that were put in."""
    _of(connection).take(connection, rows)


def merge(connection: Connection) -> bool:
    """One step of merging, so that searches need not look in many places; tells whether there is more to do."""
    return _of(connection).merge(connection)


def ask(connection: Connection, node: Node, accounts: Iterable[int]) -> Asked:
    """A tree that asks for words only, as this database understands it: among the documents of these accounts."""
    return _of(connection).ask(node, tuple(accounts))


class _Kind(Protocol):
    """What each of the two modules has."""

    def create(self, connection: Connection, /) -> None: ...
    def put(self, connection: Connection, rows: Sequence[Row], /) -> None: ...
    def take(self, connection: Connection, rows: Sequence[Row], /) -> None: ...
    def merge(self, connection: Connection, /) -> bool: ...
    def ask(self, node: Node, accounts: Sequence[int], /) -> Asked: ...


def _of(connection: Connection) -> _Kind:
    return tsvector if connection.dialect.name == "postgresql" else fts5
