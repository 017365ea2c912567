"""The two databases as files of SQLite: who may read them, what is on disk, how they are upgraded, and what becomes of damage."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine

from tests.store import companion
from tests.store.conftest import LISTED, on_sqlite
from tests.store.samples import NOW, summaries
from tests.store.test_database import add_user, forked, names
from webmail.account import Account, Server
from webmail.errors import Conflict, StoreUnavailable
from webmail.mailbox import Mailbox
from webmail.store import accounts, listing, mailboxes, messages, schema, sqlite
from webmail.store.database import Database
from webmail.store.migrations.__main__ import upgrade


@on_sqlite
def test_nobody_else_can_read_the_data_folder_or_a_file_in_it(database: Database, inbox: Mailbox) -> None:
    assert stat.S_IMODE(database.data_dir.stat().st_mode) == 0o700
    files = list(database.data_dir.iterdir())
    assert {"webmail.db", "webmail.db-wal", "index.db", "index.db-wal", "master.key"} <= {file.name for file in files}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


@on_sqlite
def test_every_commit_of_the_durable_database_is_on_disk(database: Database) -> None:
    with database.durable_write() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 30_000
    with database.index_write() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 1
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def test_a_writer_that_waits_too_long_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "PATIENCE", 0.05)
    opened = Database.open(tmp_path / "data")
    with opened.durable_write():
        with pytest.raises(Conflict) as caught:
            add_user(opened, "second")
        assert caught.value.code == "store_busy"
    opened.close()


def test_a_full_disk_is_told_and_nothing_is_half_written(tmp_path: Path) -> None:
    opened = Database.open(tmp_path / "data")
    with opened.durable_write() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")  # SQLite makes it what the file has now.
    with pytest.raises(StoreUnavailable, match="store_full"), opened.durable_write() as connection:
        connection.exec_driver_sql("INSERT INTO users (name, created_at) VALUES ('x', zeroblob(10000000))")
    with opened.durable_write() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    add_user(opened, "second")
    assert names(opened) == ["second"]
    opened.close()


def test_an_error_while_rows_are_read_does_not_stop_the_clock_for_the_next_reader(database: Database, account: Account) -> None:
    for number in range(300):
        add_user(database, f"user{number}")
    held = []

    def read() -> None:
        with database.durable() as connection:
            held.append(connection.exec_driver_sql("SELECT * FROM users"))
            assert held[0].fetchone() is not None
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        read()
    add_user(database, "another")
    with database.durable() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM users WHERE name = 'another'").scalar() == 1
    held.clear()  # Until here somebody holds the rows, as a traceback does.


@on_sqlite
def test_a_forked_child_and_a_stranger_do_not_take_the_log_away_from_each_other(database: Database, inbox: Mailbox) -> None:
    """What a process closes last, it tidies up: that must not happen while a child still writes."""
    ready, go = os.pipe(), os.pipe()

    def work() -> None:
        add_user(database, "child before")
        os.write(ready[1], b"!")
        os.read(go[0], 1)
        add_user(database, "child after")

    child = forked(work)
    os.read(ready[0], 1)
    add_user(database, "parent")
    database.close()
    other = companion.start("watch_state", database.data_dir, str(inbox.id))
    other.kill()
    other.communicate()
    add_user(database, "parent again")
    database.close()
    os.write(go[1], b"!")
    os.waitpid(child, 0)
    assert names(database)[-4:] == ["child before", "parent", "parent again", "child after"]


def shape(path: Path) -> dict[str, object]:
    """Everything SQLite knows of the tables of a file."""
    with sqlite3.connect(path) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")]
        found: dict[str, object] = {}
        for table in tables:
            indexes = {row[1] for row in connection.execute(f'PRAGMA index_list("{table}")')}
            found[table] = [
                sorted(row[1:] for row in connection.execute(f'PRAGMA table_info("{table}")')),
                {name: [row[2] for row in connection.execute(f'PRAGMA index_info("{name}")')] for name in sorted(indexes)},
                sorted(row[2:] for row in connection.execute(f'PRAGMA foreign_key_list("{table}")')),
            ]
        found["checked"] = [row[0].count("CHECK") for row in connection.execute("SELECT sql FROM sqlite_master WHERE name = 'submissions'")]
        found["numbered"] = sorted(row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE sql LIKE '%AUTOINCREMENT%'"))
    connection.close()
    return found


def test_a_new_database_has_the_tables_that_all_steps_make(tmp_path: Path) -> None:
    Database.open(tmp_path / "new").close()
    stepwise = tmp_path / "steps.db"
    sqlite3.connect(stepwise).close()
    upgrade(stepwise)
    fresh, made = shape(tmp_path / "new" / "webmail.db"), shape(stepwise)
    assert made == fresh
    engine = create_engine(f"sqlite:///{stepwise}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.durable) == []
    engine.dispose()


def test_an_old_database_is_upgraded_when_it_is_opened(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    Database.open(folder).close()
    with sqlite3.connect(folder / "webmail.db") as connection:
        for table in reversed(schema.durable.sorted_tables):
            connection.execute(f'DROP TABLE "{table.name}"')
        connection.execute("DELETE FROM alembic_version")
    connection.close()
    opened = Database.open(folder)
    add_user(opened, "ann")
    opened.close()
    assert names(Database.open(folder)) == ["ann"]


def test_a_database_of_a_newer_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    opened = Database.open(tmp_path)
    add_user(opened, "ann")
    with opened.durable_write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    opened.close()
    with pytest.raises(Conflict) as caught:
        Database.open(tmp_path)
    assert caught.value.code == "database_upgrade"
    assert "9999" in str(caught.value)
    with sqlite3.connect(tmp_path / "webmail.db") as connection_again:
        assert connection_again.execute("SELECT name FROM users").fetchall() == [("ann",)]
    connection_again.close()


def filled(folder: Path) -> tuple[Database, Account, Mailbox]:
    opened = Database.open(folder)
    account = accounts.find_or_create(opened, "demo", imap=Server("h", 993), smtp=Server("h", 465), now=NOW)
    inbox = mailboxes.reconcile(opened, account.id, listed=LISTED)[0]
    mailboxes.start_over(opened, inbox.id, uidvalidity=7)
    messages.add(opened, inbox, uidvalidity=7, summaries=summaries(range(1, 301)))
    return opened, account, inbox


def test_an_index_of_another_version_is_built_anew(tmp_path: Path) -> None:
    opened, account, inbox = filled(tmp_path)
    with opened.index_write() as connection:
        connection.exec_driver_sql("PRAGMA user_version = 4711")
    opened.close()
    opened = Database.open(tmp_path)
    assert mailboxes.state(opened, inbox.id).uidvalidity == 0
    assert mailboxes.get(opened, account.id, inbox.id).name == "INBOX"
    opened.close()


def test_a_file_that_is_no_database_is_replaced_when_it_is_opened(tmp_path: Path) -> None:
    opened, _, inbox = filled(tmp_path)
    opened.close()
    (tmp_path / "index.db").write_bytes(b"This is not a database. " * 1000)
    opened = Database.open(tmp_path)
    assert messages.uids(opened, inbox.id) == []
    opened.close()


def test_damage_found_while_running_starts_a_new_index(tmp_path: Path) -> None:
    opened, _, inbox = filled(tmp_path)
    with opened.index_write() as connection:
        found = connection.exec_driver_sql("SELECT rootpage FROM sqlite_master WHERE name IN ('messages', 'ix_messages_list')")
        roots = [int(each) for each in found.scalars()]
    opened.close()
    content = bytearray((tmp_path / "index.db").read_bytes())
    for root in roots:
        content[(root - 1) * 4096 : root * 4096] = b"\xaa" * 4096
    (tmp_path / "index.db").write_bytes(content)
    opened = Database.open(tmp_path)
    with pytest.raises(Conflict) as caught:
        listing.page(opened, inbox.id, limit=50)
    assert caught.value.code == "index_rebuilt"
    assert listing.page(opened, inbox.id, limit=50) == []
    opened.close()


def test_message_ids_go_on_after_the_index_was_lost(tmp_path: Path) -> None:
    opened, _, inbox = filled(tmp_path)
    highest = max(each.summary.id for each in listing.page(opened, inbox.id, limit=300))
    opened.close()
    for name in ("index.db", "index.db-wal", "index.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    opened = Database.open(tmp_path)
    mailboxes.start_over(opened, inbox.id, uidvalidity=7)
    assert messages.add(opened, inbox, uidvalidity=7, summaries=summaries([1]))[0].id > highest
    opened.close()


@on_sqlite
def test_an_index_deleted_under_a_running_process_is_made_again(database: Database, inbox: Mailbox) -> None:
    (database.data_dir / "index.db").unlink()
    assert mailboxes.state(database, inbox.id).uidvalidity == 0
    assert mailboxes.lease(database, inbox.id, owner="me", now=NOW, seconds=10)


def test_a_data_folder_with_an_odd_name_works(tmp_path: Path) -> None:
    folder = tmp_path / "mail? 100%#ä"
    opened = Database.open(folder)
    add_user(opened, "ann")
    opened.close()
    shutil.move(folder, tmp_path / "moved")
    assert names(Database.open(tmp_path / "moved")) == ["ann"]
