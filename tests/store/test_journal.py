"""The journal of actions that can be undone."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import update

from tests.store.samples import NOW, later
from webmail.account import Account
from webmail.errors import NotFound
from webmail.mailbox import Mailbox
from webmail.message.summary import Flag, Uid
from webmail.store import journal, schema
from webmail.store.database import Database
from webmail.store.journal import JournalEntry


def entries(inbox: Mailbox, archive: Mailbox) -> tuple[JournalEntry, ...]:
    return (
        JournalEntry("flags", inbox.id, 7, (Uid(1), Uid(2)), added=(Flag.SEEN,), removed=("$Label",)),
        JournalEntry("move", inbox.id, 7, (Uid(3),), target_mailbox_id=archive.id, target_uidvalidity=3, target_uids=(Uid(11),)),
    )


def test_an_action_comes_back_as_it_was_written(database: Database, account: Account, inbox: Mailbox, archive: Mailbox) -> None:
    done = entries(inbox, archive)
    written = journal.record(database, account.id, action="archive", entries=done, now=NOW)
    found = journal.get(database, account.id, written)
    assert (found.action, found.entries, found.created_at, found.undone_at) == ("archive", done, NOW, None)


def test_an_action_is_undone_once(database: Database, account: Account, inbox: Mailbox, archive: Mailbox) -> None:
    written = journal.record(database, account.id, action="archive", entries=entries(inbox, archive), now=NOW)
    won: list[bool] = []
    threads = [threading.Thread(target=lambda: won.append(journal.mark_undone(database, written, now=later(1)))) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * 9 + [True]
    assert journal.get(database, account.id, written).undone_at == later(1)


def test_an_action_of_somebody_else_is_not_found(database: Database, account: Account, stranger: Account) -> None:
    written = journal.record(database, account.id, action="seen", entries=[], now=NOW)
    with pytest.raises(NotFound):
        journal.get(database, stranger.id, written)


def test_an_action_written_in_another_form_cannot_be_undone(database: Database, account: Account) -> None:
    written = journal.record(database, account.id, action="seen", entries=[], now=NOW)
    with database.durable_write() as connection:
        connection.execute(update(schema.journal).values(version=99))
    with pytest.raises(NotFound):
        journal.get(database, account.id, written)


def test_what_is_older_than_a_month_is_forgotten(database: Database, account: Account) -> None:
    old = journal.record(database, account.id, action="seen", entries=[], now=NOW)
    new = journal.record(database, account.id, action="seen", entries=[], now=NOW + timedelta(days=31))
    assert new > old
    with pytest.raises(NotFound):
        journal.get(database, account.id, old)
