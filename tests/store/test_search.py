"""Searching the index costs by what is found, not by how many messages there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, event

from tests.store.conftest import on_sqlite
from webmail.account import AccountId
from webmail.mailbox import MailboxId
from webmail.query.parse import parse
from webmail.query.syntax import Node
from webmail.store import search
from webmail.store.database import Database
from webmail.store.search import Scope

SCOPE = Scope((AccountId(1),), (MailboxId(1), MailboxId(2)), {"work": frozenset([MailboxId(2)])})
WAYS: dict[str, Callable[[Database, Node], object]] = {
    "newest": lambda database, node: search.find(database, node, scope=SCOPE, limit=51),
    "going on": lambda database, node: search.find(database, node, scope=SCOPE, limit=51, before=(1, 1)),
    "ranked": lambda database, node: search.find(database, node, scope=SCOPE, limit=51, ranked=True),
    "count": lambda database, node: search.count(database, node, scope=SCOPE, limit=1001),
    "ids": lambda database, node: search.ids(database, node, scope=SCOPE, limit=50_000),
}


def understood(text: str) -> Node:
    node = parse(text, now=datetime(2026, 11, 25, tzinfo=UTC), zone=UTC).node
    assert node is not None
    return node


@contextmanager
def asked() -> Iterator[list[tuple[str, Any]]]:
    """Every SELECT that is run meanwhile, with what it is given."""
    seen: list[tuple[str, Any]] = []

    def note(connection: object, cursor: object, statement: str, given: Any, context: object, many: bool) -> None:
        if statement.startswith("SELECT"):
            seen.append((statement, given))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@on_sqlite
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "text", ["train", '"the train"', "train from:mira is:unread", "tr* in:work after:2020-01-01 larger:1k", "火车 has:attachment"]
)
def test_words_are_looked_up_before_messages_are_looked_at_in_sqlite(database: Database, way: str, text: str) -> None:
    with asked() as statements:
        WAYS[way](database, understood(text))
    of_words = [(statement, given) for statement, given in statements if "MATCH" in statement]
    assert of_words
    for statement, given in of_words:
        with database.index() as connection:
            plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)]
        steps = [step for step in plan if "words" in step or "messages" in step]
        assert "words VIRTUAL TABLE" in steps[0], plan
