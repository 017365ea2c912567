"""Times and messages to fill a store with."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, event, select

from tests.servers.postgresql import cluster, known_url
from webmail.address import Address
from webmail.mailbox import Mailbox
from webmail.message.mime import Part
from webmail.message.summary import Envelope, MessageId, MessageSummary, Uid
from webmail.query.syntax import Node
from webmail.store import listing, schema, wordsearch, wordtable
from webmail.store.database import Database
from webmail.store.documents import documents
from webmail.store.listing import ListedMessage

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


TEXT = Part("1", "text", "plain", {"charset": "utf-8"}, "7bit", 120)
PDF = Part("2", "application", "pdf", {}, "base64", 4000, "attachment", "report.pdf")
WITH_PDF = Part("", "multipart", "mixed", {"boundary": "x"}, parts=(TEXT, PDF))


def envelope(uid: int) -> Envelope:
    return Envelope(
        subject=f"Message {uid}",
        sender=(Address("Ann Example", "ann@example.org"),),
        to=(Address("", "demo@example.org"),),
        cc=(),
        bcc=(),
        reply_to=(),
        date=later(uid),
        message_id_field=f"<{uid}@example.org>",
        in_reply_to=(),
        references=(f"<{uid - 1}@example.org>",),
    )


def summary(uid: int, *flags: str, structure: Part = TEXT, preview: str = "", at: datetime | None = None) -> MessageSummary:
    return MessageSummary(Uid(uid), frozenset(flags), at or later(uid), 1000 + uid, envelope(uid), structure, preview)


def files_with(words: bytes, database: Database) -> list[str]:
    """The files that hold these bytes, of the data folder or of the server.

    Another process looks, because reading a database's file would drop our locks on it.
    """
    folder = database.data_dir
    if known_url(folder):
        folder = cluster().data
        cluster().sql("CHECKPOINT")
    pattern = "".join(f"\\x{octet:02x}" for octet in words)
    found = subprocess.run(["grep", "-rlaP", pattern, str(folder)], capture_output=True, text=True, check=False, env={"LC_ALL": "C"})
    assert found.returncode in (0, 1), found.stderr
    return found.stdout.splitlines()


Transaction = Callable[[], AbstractContextManager[Connection]]


def plans(transaction: Transaction, action: Callable[[], object]) -> list[str]:
    """How SQLite carries out each SELECT of an action."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        seen.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        action()
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    with transaction() as connection:
        queries = [(statement, parameters) for statement, parameters in seen if statement.startswith("SELECT")]
        return [row[3] for query, values in queries for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", values)]


def uids(*numbers: int) -> list[Uid]:
    return [Uid(number) for number in numbers]


def summaries(numbers: Collection[int]) -> list[MessageSummary]:
    return [summary(number) for number in numbers]


def page(
    database: Database, mailbox: Mailbox, kind: str | None = None, *, after: listing.Place | None = None, limit: int = 50
) -> list[ListedMessage]:
    """The first rows of a list, newest first."""
    return listing.page(database, mailbox.id, filter=kind, after=after, limit=limit)


def shown(database: Database, mailbox: Mailbox, kind: str | None = None) -> list[int]:
    """The UIDs of the first rows of a list."""
    return [each.summary.uid for each in page(database, mailbox, kind)]


def matching(database: Database, node: Node) -> list[MessageId]:
    """The messages whose words match, newest first, whoever's they are; straight from the table of words."""
    with database.index() as connection:
        owners = connection.execute(select(documents.c.account_id).distinct()).scalars().all()
        asked = wordtable.ask(connection, node, owners or [1])
        found = wordsearch.search(select(schema.messages.c.id), asked, ranked=False)
        return [MessageId(each) for each in connection.execute(found).scalars()]


def sound(database: Database) -> None:
    """The table of words holds what the documents say, neither more nor less."""
    with database.index_write() as connection:
        stored = set(connection.execute(select(documents.c.id)).scalars())
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("INSERT INTO words(words) VALUES ('integrity-check')")
            assert set(connection.exec_driver_sql("SELECT id FROM words_docsize").scalars()) == stored
        else:
            assert set(connection.exec_driver_sql("SELECT id FROM words").scalars()) == stored
