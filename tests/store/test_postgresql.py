"""The two databases as schemas of PostgreSQL: what is on disk, who waits how long, how they are upgraded, and a server that goes away."""

from __future__ import annotations

import logging
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, make_url

from tests.servers.postgresql import Cluster, cluster, store_on_postgresql, url_for
from tests.store.conftest import IMAP, LISTED, SMTP
from tests.store.samples import NOW, summaries, summary
from tests.store.test_database import add_user, names
from webmail.account import AccountId
from webmail.address import Address
from webmail.errors import Conflict, InvalidInput, NotFound, StoreUnavailable
from webmail.mailbox import Mailbox, MailboxId
from webmail.message.summary import MessageSummary
from webmail.query.syntax import Field, Text
from webmail.store import accounts, fulltext, listing, mailboxes, messages, outgoing, postgresql, schema, search
from webmail.store.database import Database
from webmail.store.fulltext import Document
from webmail.store.migrations.__main__ import upgrade_server
from webmail.store.search import Scope


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Database]:
    """A store of its own on the server."""
    with store_on_postgresql() as database:
        yield database


@pytest.fixture(scope="module")
def own_cluster() -> Iterator[Cluster]:
    """A server that may be stopped."""
    with tempfile.TemporaryDirectory(prefix="webmail-postgresql-", dir="/tmp") as folder:
        found = Cluster(Path(folder))
        yield found
        found.stop()


def filled(database: Database) -> Mailbox:
    account = accounts.find_or_create(database, "demo@example.org", imap=IMAP, smtp=SMTP, now=NOW)
    inbox = mailboxes.reconcile(database, account.id, listed=LISTED)[0]
    mailboxes.start_over(database, inbox.id, uidvalidity=7)
    messages.add(database, inbox, uidvalidity=7, summaries=summaries(range(1, 11)))
    return inbox


def test_both_schemas_of_one_database_are_used(store: Database) -> None:
    inbox = filled(store)
    assert messages.uids(store, inbox.id) == list(range(1, 11))
    with store.durable() as connection:
        there = connection.exec_driver_sql("SELECT schemaname, tablename FROM pg_tables WHERE schemaname LIKE 'webmail%%'").all()
    assert {name for where, name in there if where == "webmail"} == {*schema.durable.tables, "alembic_version"}
    assert {name for where, name in there if where == "webmail_index"} == {*schema.index.tables, "words", "index_version"}


def test_a_commit_waits_for_the_disk_where_nobody_else_knows_what_is_written(store: Database) -> None:
    with store.durable_write() as connection:
        connection.exec_driver_sql("SET LOCAL synchronous_commit TO DEFAULT")
        usual = connection.exec_driver_sql("SHOW synchronous_commit").scalar()
    with store.durable_write() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == usual
    with store.index_write() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "off"


def test_a_writer_that_waits_too_long_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "PATIENCE", 1)
    with closing(Database.open(tmp_path, url=url_for(tmp_path))) as opened, opened.durable_write():
        with pytest.raises(Conflict) as caught:
            add_user(opened, "second")
        assert caught.value.code == "store_busy"
        with opened.index_write():
            assert names(opened) == []


def test_a_process_that_stops_in_the_middle_of_writing_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "STOPPED", 1)
    with closing(Database.open(tmp_path, url=url_for(tmp_path))) as opened:
        stopped, done = threading.Event(), threading.Event()

        def stop() -> None:
            with opened.durable_write() as connection:
                stopped.set()
                done.wait(20)
                connection.exec_driver_sql("SELECT 1")

        def find_out() -> None:
            with pytest.raises(StoreUnavailable):
                stop()

        thread = threading.Thread(target=find_out)
        thread.start()
        stopped.wait(10)
        add_user(opened, "ann")
        done.set()
        thread.join()
        assert names(opened) == ["ann"]


def test_a_server_that_was_started_again_is_used_as_if_nothing_had_been(own_cluster: Cluster, tmp_path: Path) -> None:
    with closing(Database.open(tmp_path, url=own_cluster.url(own_cluster.new_database()))) as opened:
        add_user(opened, "before")
        own_cluster.stop("fast")
        own_cluster.start()
        add_user(opened, "after")
        assert names(opened) == ["before", "after"]


def test_a_server_that_is_away_is_an_error_that_can_be_tried_again(own_cluster: Cluster, tmp_path: Path) -> None:
    with closing(Database.open(tmp_path, url=own_cluster.url(own_cluster.new_database()))) as opened:

        def stop_in_the_middle() -> None:
            with opened.durable_write() as connection:
                own_cluster.stop()
                connection.exec_driver_sql("SELECT 1")

        for action in (stop_in_the_middle, lambda: add_user(opened, "lost"), lambda: names(opened)):
            with pytest.raises(StoreUnavailable) as caught:
                action()
            assert (caught.value.code, caught.value.transient) == ("store_unavailable", True)
        own_cluster.start()
        add_user(opened, "ann")
        assert names(opened) == ["ann"]


def test_a_null_character_that_nobody_took_out_is_refused(store: Database) -> None:
    with pytest.raises(InvalidInput) as caught:
        outgoing.by_key(store, AccountId(1), "key\0")
    assert caught.value.code == "nul"


def test_a_number_that_no_row_can_have_finds_none(store: Database) -> None:
    with pytest.raises(NotFound):
        mailboxes.get(store, AccountId(1), MailboxId(2**63 - 1))


def test_an_address_where_nobody_answers_is_told_without_its_password(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    address = "postgresql://ann:wonderland@127.0.0.1:1/webmail?sslpassword=cheshire"
    with pytest.raises(StoreUnavailable) as caught:
        Database.open(tmp_path, url=address)
    told = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert "refused" in told
    for secret in ("wonderland", "cheshire"):
        assert secret not in told


def test_where_the_databases_are_can_be_told_to_everybody(tmp_path: Path) -> None:
    place = postgresql.Schemas("postgresql://ann:wonderland@db.example.org:5433/mail?sslpassword=cheshire").place
    assert place == "PostgreSQL database mail on db.example.org"


def test_a_password_is_used_and_a_wrong_one_is_told(own_cluster: Cluster, tmp_path: Path) -> None:
    rules = own_cluster.data / "pg_hba.conf"
    before = rules.read_text()
    own_cluster.sql("CREATE ROLE ann LOGIN PASSWORD 'wonderland'")
    own_cluster.sql("CREATE DATABASE ann OWNER ann")
    rules.write_text("local ann ann scram-sha-256\n" + before)
    own_cluster.sql("SELECT pg_reload_conf()")
    address = own_cluster.url("ann", user="ann").replace("ann@", "ann:{}@")
    with closing(Database.open(tmp_path, url=address.format("wonderland"))) as opened:
        add_user(opened, "ann")
        assert names(opened) == ["ann"]
    with pytest.raises(StoreUnavailable, match="password authentication failed"):
        Database.open(tmp_path, url=address.format("wonderlan"))


def test_a_database_that_cannot_hold_every_script_is_refused(tmp_path: Path) -> None:
    name = cluster().new_database(template="template0", extra="ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'")
    with pytest.raises(InvalidInput) as caught:
        Database.open(tmp_path, url=cluster().url(name))
    assert (caught.value.code, caught.value.field) == ("database_encoding", "database_url")


def test_a_new_database_has_the_tables_that_all_steps_make(store: Database) -> None:
    stepwise = cluster().url(cluster().new_database())
    address = make_url(stepwise).set(drivername="postgresql+psycopg")
    upgrade_server(address.render_as_string(hide_password=False))
    for url in (stepwise, url_for(store.data_dir)):
        options = {"options": "-c search_path=webmail"}
        engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), connect_args=options)
        with engine.connect() as connection:
            assert compare_metadata(MigrationContext.configure(connection), schema.durable) == []
        engine.dispose()
    assert shape(stepwise) == shape(url_for(store.data_dir))


def shape(url: str) -> list[str]:
    """Everything the server knows of the tables of the durable schema."""
    name = make_url(url).database or ""
    columns = (
        "SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns"
        " WHERE table_schema = 'webmail'"
    )
    rules = (
        "SELECT conrelid::regclass, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = 'webmail'::regnamespace AND conname NOT LIKE 'alembic%'"
    )
    indexes = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'webmail' AND tablename <> 'alembic_version'"
    return sorted(line for query in (columns, rules, indexes) for line in cluster().sql(query, database=name).splitlines())


def test_an_old_database_is_upgraded_when_it_is_opened(store: Database) -> None:
    with store.durable_write() as connection:
        for table in reversed(schema.durable.sorted_tables):
            connection.exec_driver_sql(f'DROP TABLE webmail."{table.name}"')
        connection.exec_driver_sql("DELETE FROM alembic_version")
    with closing(Database.open(store.data_dir, url=url_for(store.data_dir))) as opened:
        add_user(opened, "ann")
        assert names(opened) == ["ann"]


def test_a_database_of_a_newer_program_is_refused_and_left_alone(store: Database) -> None:
    add_user(store, "ann")
    with store.durable_write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Conflict) as caught:
        Database.open(store.data_dir, url=url_for(store.data_dir))
    assert caught.value.code == "database_upgrade"
    assert "9999" in str(caught.value)
    assert names(store) == ["ann"]


@pytest.mark.parametrize("change", ["UPDATE index_version SET version = 4711", "DELETE FROM index_version", "DROP TABLE bodies"])
def test_an_index_that_does_not_fit_is_built_anew(store: Database, change: str) -> None:
    inbox = filled(store)
    with store.index_write() as connection:
        connection.exec_driver_sql(change)
    with closing(Database.open(store.data_dir, url=url_for(store.data_dir))) as opened:
        assert mailboxes.state(opened, inbox.id).uidvalidity == 0
        assert mailboxes.get(opened, inbox.account_id, inbox.id).name == "INBOX"


def test_an_index_deleted_under_a_running_process_is_made_again(store: Database) -> None:
    inbox = filled(store)
    cluster().sql("DROP SCHEMA webmail_index CASCADE", database=make_url(url_for(store.data_dir)).database or "")
    with pytest.raises(Conflict) as caught:
        listing.page(store, inbox.id, limit=50)
    assert caught.value.code == "index_rebuilt"
    assert listing.page(store, inbox.id, limit=50) == []


def test_processes_that_start_at_once_make_one_database(tmp_path: Path) -> None:
    url = cluster().url(cluster().new_database())
    found: list[Database] = []
    threads = [threading.Thread(target=lambda: found.append(Database.open(tmp_path, url=url))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    for number, each in enumerate(found):
        add_user(each, f"{number}")
        each.close()
    assert len(names(found[0])) == 4
    found[0].close()


def test_lists_are_sorted_alike_whatever_language_the_database_was_made_for(tmp_path: Path) -> None:
    name = cluster().new_database(template="template0", extra="LOCALE_PROVIDER icu ICU_LOCALE 'sv' LOCALE 'C.UTF-8'")
    with closing(Database.open(tmp_path, url=cluster().url(name))) as opened:
        inbox = filled(opened)
        people = ["Zoe", "ann", "Änne", "Öde", "aa-b", "aab", "a b", "王", "Ωmega", "_x"]
        added = [_from(number, person) for number, person in enumerate(people, 100)]
        messages.add(opened, inbox, uidvalidity=7, summaries=added)
        found = listing.page(opened, inbox.id, sort="from", limit=50)
    keys = [each.place.key for each in found]
    assert len(found) == 20
    assert keys == sorted(keys, key=str)


def _from(uid: int, name: str) -> MessageSummary:
    one = summary(uid)
    envelope = type(one.envelope)(one.envelope.subject, (Address(name, "x@example.org"),), (), (), (), (), None, f"<{uid}@y>", (), ())
    return MessageSummary(one.uid, one.flags, one.internal_date, one.size, envelope, one.structure, "")


def test_of_a_document_with_too_many_words_the_first_ones_are_found(store: Database) -> None:
    inbox = filled(store)
    (found,) = messages.add(store, inbox, uidvalidity=7, summaries=[summary(99)])
    endless = " ".join("\U00010400" * 60 + f"{number}" for number in range(8_000))
    document = Document(found.id, subject="long list", body="first " + endless + " last", files="manual")
    assert fulltext.add(store, [document]) == 1
    scope = Scope((inbox.account_id,), (inbox.id,), {})

    def ids(*words: str, field: Field | None = None) -> list[int]:
        return [each.listed.summary.id or 0 for each in search.find(store, Text(words, field), scope=scope, limit=5)]

    assert ids("long", "list", field=Field.SUBJECT) == ids("first") == [found.id]
    assert ids("last") == ids("manual") == []


def test_searching_and_listing_use_the_indexes_made_for_them(store: Database) -> None:
    inbox = filled(store)
    with store.index_write() as connection:
        connection.exec_driver_sql("SET LOCAL enable_seqscan TO off")
        listed = connection.exec_driver_sql(
            f"EXPLAIN SELECT id FROM messages WHERE mailbox_id = {inbox.id} AND (internal_date, id) < (1, 1)"
            " ORDER BY internal_date DESC, id DESC LIMIT 50"
        )
        plan = "\n".join(listed.scalars())
        assert "ix_messages_list" in plan
        assert "Sort" not in plan
        unread = connection.exec_driver_sql(
            f"EXPLAIN SELECT id FROM messages WHERE mailbox_id = {inbox.id} AND seen = 0 ORDER BY internal_date DESC, id DESC LIMIT 50"
        )
        assert "ix_messages_unread" in "\n".join(unread.scalars())
        found = connection.exec_driver_sql("EXPLAIN SELECT id FROM words WHERE words @@ 'rent & due'::tsquery")
        assert "ix_words_words" in "\n".join(found.scalars())


def test_the_driver_is_loaded_only_where_it_is_used() -> None:
    program = "import sys, app; print('psycopg' in sys.modules)"
    import_only = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    assert import_only.stdout.strip() == "False"
