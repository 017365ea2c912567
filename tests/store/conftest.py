"""A store with one account and one opened mailbox."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.store.samples import NOW
from webmail.account import Account, Security, Server
from webmail.mailbox import ListedMailbox, Mailbox, SpecialUse
from webmail.store import accounts, mailboxes
from webmail.store.database import Database

IMAP = Server("imap.example.org", 993)
SMTP = Server("smtp.example.org", 587, Security.STARTTLS)
LISTED = (ListedMailbox("INBOX", "/", SpecialUse.INBOX), ListedMailbox("Archive", "/", SpecialUse.ARCHIVE))


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder without content, which each test copies: faster than a new one, which is synced to disk many times."""
    folder = tmp_path_factory.mktemp("store") / "empty"
    Database.open(folder).close()
    return folder


@pytest.fixture
def database(empty: Path, tmp_path: Path) -> Iterator[Database]:
    shutil.copytree(empty, tmp_path / "data")
    opened = Database.open(tmp_path / "data")
    yield opened
    opened.close()


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
