"""A store with one account and one opened mailbox."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.store.samples import NOW
from webmail.account import Account, Security, Server
from webmail.mailbox import ListedMailbox, Mailbox, SpecialUse
from webmail.store import accounts, mailboxes, schema
from webmail.store.database import Database

IMAP = Server("imap.example.org", 993)
SMTP = Server("smtp.example.org", 587, Security.STARTTLS)
LISTED = (ListedMailbox("INBOX", "/", SpecialUse.INBOX), ListedMailbox("Archive", "/", SpecialUse.ARCHIVE))


@pytest.fixture(scope="session")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One store for all tests: making its files and preparing its statements is what takes time."""
    database = Database.open(tmp_path_factory.mktemp("store") / "data")
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
        connection.exec_driver_sql("INSERT INTO words(words) VALUES ('delete-all')")
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
