"""A store with one account and one opened mailbox."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers.postgresql import url_for
from tests.store.samples import NOW
from webmail.account import Account, Security, Server
from webmail.mailbox import ListedMailbox, Mailbox, SpecialUse
from webmail.store import accounts, mailboxes, schema
from webmail.store.database import Database

IMAP = Server("imap.example.org", 993)
SMTP = Server("smtp.example.org", 587, Security.STARTTLS)
LISTED = (ListedMailbox("INBOX", "/", SpecialUse.INBOX), ListedMailbox("Archive", "/", SpecialUse.ARCHIVE))


on_sqlite = pytest.mark.parametrize("opened", ["sqlite"], indirect=True)
"""For rules about what SQLite does with its files, its locks and its plans, which say so in their names."""
on_postgresql = pytest.mark.parametrize("opened", ["postgresql"], indirect=True)
"""For rules about what a server does, which say so in their names."""


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One store for all tests, of each kind: making its tables and preparing its statements is what takes time."""
    folder = tmp_path_factory.mktemp("store") / "data"
    database = Database.open(folder, url=url_for(folder) if request.param == "postgresql" else "")
    yield database
    database.close()


@pytest.fixture
def database(opened: Database) -> Database:
    """A store without any rows."""
    with opened.durable_write() as connection:
        for table in reversed(schema.durable.sorted_tables):
            connection.execute(table.delete())
    with opened.index_write() as connection:
        for table in schema.index.sorted_tables:
            connection.execute(table.delete())
        sqlite = connection.dialect.name == "sqlite"
        connection.exec_driver_sql("INSERT INTO words(words) VALUES ('delete-all')" if sqlite else "DELETE FROM words")
    return opened


@pytest.fixture
def account(database: Database) -> Account:
    return accounts.find_or_create(database, "demo@example.org", imap=IMAP, smtp=SMTP, now=NOW)


@pytest.fixture
def stranger(database: Database) -> Account:
    return accounts.find_or_create(database, "mallory@example.org", imap=IMAP, smtp=SMTP, now=NOW)


@pytest.fixture
def inbox(database: Database, account: Account) -> Mailbox:
    found = mailboxes.reconcile(database, account.id, listed=LISTED)[0]
    mailboxes.start_over(database, found.id, uidvalidity=7)
    return found


@pytest.fixture
def archive(database: Database, account: Account, inbox: Mailbox) -> Mailbox:
    found = mailboxes.by_role(database, account.id, SpecialUse.ARCHIVE)
    assert found is not None
    return found
