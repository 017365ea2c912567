"""The two databases, of either kind: shared by threads and processes, written by one at a time, and rebuilt."""

from __future__ import annotations

import os
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import delete, exc, func, insert, select

from tests.servers.postgresql import known_url
from tests.store import companion
from tests.store.samples import NOW, summaries
from webmail.errors import Conflict, InvalidInput
from webmail.mailbox import Mailbox
from webmail.store import mailboxes, messages, migrations, schema
from webmail.store.database import Database


def names(opened: Database) -> list[str]:
    with opened.durable() as connection:
        return list(connection.execute(select(schema.users.c.name).order_by(schema.users.c.id)).scalars())


def add_user(opened: Database, name: str) -> None:
    with opened.durable_write() as connection:
        connection.execute(insert(schema.users).values(name=name, created_at=0))


def again(database: Database) -> Database:
    """The same databases opened once more."""
    return Database.open(database.data_dir, url=known_url(database.data_dir))


def test_what_was_written_is_there_after_opening_again(database: Database) -> None:
    add_user(database, "ann")
    database.close()
    with closing(again(database)) as opened:
        assert names(opened) == ["ann"]
    assert names(database) == ["ann"]


def test_opening_what_is_up_to_date_takes_no_time(database: Database) -> None:
    def seconds() -> float:
        before = time.perf_counter()
        again(database).close()
        return time.perf_counter() - before

    assert min(seconds() for _ in range(5)) < 0.1


def test_an_error_takes_back_the_whole_transaction(database: Database) -> None:
    def write_and_fail() -> None:
        with database.durable_write() as connection:
            connection.execute(insert(schema.users).values(name="ann", created_at=0))
            raise Conflict("stop")

    with pytest.raises(Conflict):
        write_and_fail()
    assert names(database) == []


def test_a_transaction_for_reading_cannot_write(database: Database) -> None:
    add_user(database, "ann")
    for transaction, table in ((database.durable, schema.users), (database.index, schema.events)):
        with pytest.raises(exc.DBAPIError, match=r"readonly|read-only"), transaction() as connection:
            connection.execute(delete(table))
    assert names(database) == ["ann"]


def test_a_transaction_for_reading_sees_one_moment(database: Database) -> None:
    with database.durable() as connection:
        count = select(func.count()).select_from(schema.users)
        assert connection.execute(count).scalar_one() == 0
        add_user(database, "ann")
        assert connection.execute(count).scalar_one() == 0
    assert names(database) == ["ann"]


def test_an_error_of_the_database_does_not_tell_what_was_written(database: Database) -> None:
    written = " ".join(["private", "words"])
    with pytest.raises(exc.IntegrityError) as caught, database.durable_write() as connection:
        connection.execute(insert(schema.users).values(name=written))
    assert written not in "".join(traceback.format_exception(caught.value))


def test_a_writer_waits_for_the_one_before(database: Database) -> None:
    inside = threading.Event()

    def slow() -> None:
        with database.durable_write() as connection:
            connection.execute(insert(schema.users).values(name="first", created_at=0))
            inside.set()
            time.sleep(0.2)

    thread = threading.Thread(target=slow)
    thread.start()
    inside.wait(5)
    add_user(database, "second")
    thread.join()
    assert names(database) == ["first", "second"]


def test_many_threads_write_without_losing_anything(database: Database) -> None:
    threads = [threading.Thread(target=lambda n=n: [add_user(database, f"{n}-{k}") for k in range(5)]) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(names(database))) == 60


def test_a_killed_process_leaves_nothing_half_done_and_nobody_waiting(database: Database) -> None:
    other = companion.start("hold_transaction", database.data_dir, "ghost")
    companion.go(other)
    assert companion.answer(other) == []
    other.kill()
    other.communicate()
    add_user(database, "ann")
    assert names(database) == ["ann"]


def assert_sound(database: Database) -> None:
    """Nothing in the databases contradicts itself, as far as SQLite can tell; a server looks after that itself."""
    for transaction in (database.durable, database.index):
        with transaction() as connection:
            if connection.dialect.name == "sqlite":
                assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


def forked(work: Callable[[], None]) -> int:
    """A child process at work; its id, to wait for."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return child


def in_a_fork(work: Callable[[], None]) -> None:
    os.waitpid(forked(work), 0)


def test_a_child_process_after_a_fork_uses_connections_of_its_own(database: Database, inbox: Mailbox) -> None:
    def work() -> None:
        add_user(database, "child")
        messages.add(database, inbox, uidvalidity=7, summaries=summaries([1]))

    in_a_fork(work)
    add_user(database, "parent")
    assert names(database)[-2:] == ["child", "parent"]
    assert messages.uids(database, inbox.id) == [1]
    assert_sound(database)


@pytest.mark.parametrize(
    "url", ["mysql://ann:secret@localhost/webmail", "secret", "postgresql+asyncpg://:secret@h/d", "sqlite:///secret", "://secret"]
)
def test_another_kind_of_database_is_refused_without_telling_what_was_given(tmp_path: Path, url: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Database.open(tmp_path / "data", url=url)
    assert (caught.value.code, caught.value.field) == ("database_url_unsupported", "database_url")
    assert "secret" not in "".join(traceback.format_exception(caught.value)).replace(f'"{url}"', "")
    assert not (tmp_path / "data").exists()


def test_the_head_is_the_last_step_that_alembic_finds() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    assert ScriptDirectory.from_config(config).get_current_head() == migrations.HEAD


def test_other_processes_notice_that_the_index_was_dropped(database: Database, inbox: Mailbox) -> None:
    other = companion.start("watch_state", database.data_dir, str(inbox.id))
    companion.go(other)
    assert companion.answer(other) == [7]
    database.drop_index()
    mailboxes.start_over(database, inbox.id, uidvalidity=8)
    companion.go(other)
    assert companion.answer(other) == [8, 1]
    companion.finish(other)
    assert not mailboxes.lease(database, inbox.id, owner="me", now=NOW, seconds=10)
    assert_sound(database)


def test_message_ids_go_on_after_the_index_was_dropped(database: Database, inbox: Mailbox) -> None:
    highest = max(each.id for each in messages.add(database, inbox, uidvalidity=7, summaries=summaries(range(1, 301))))
    database.drop_index()
    assert mailboxes.state(database, inbox.id).uidvalidity == 0
    assert mailboxes.get(database, inbox.account_id, inbox.id).name == "INBOX"
    mailboxes.start_over(database, inbox.id, uidvalidity=7)
    assert messages.add(database, inbox, uidvalidity=7, summaries=summaries([1]))[0].id > highest
