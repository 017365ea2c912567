"""PostgreSQL: the durable database and the disposable index as two schemas of one database, for processes on many machines.

What the rest of the house counts on with SQLite holds here too, by the simplest means that are right:

- *One writer.* A transaction for writing takes an advisory lock of its schema as its first act and keeps it to its end, so
  that what it has read stays true, and rows become visible in the order of their ids. Locks on the rows alone would be
  quicker for many people at once, and every function of this room would have to be thought through again.
- *One moment.* A transaction for reading is READ ONLY and REPEATABLE READ: all its queries see the same rows.
- *On disk.* A commit waits for the disk in the durable schema only. After a crash the index may lack its last half second,
  as a whole; a sync finds that again.
- *Nobody waits for ever*: for a connection, a lock, a statement, a server that has vanished, or a process that has stopped
  in the middle of a transaction.

A connection that has died in the pool shows it at BEGIN, where nothing has been done yet: then another one is taken.
The address may hold a password: it is in no error, no log line and no list of processes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import (
    URL,
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    column,
    create_engine,
    event,
    exc,
    func,
    insert,
    make_url,
    select,
    table,
)
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.pool import QueuePool

from webmail.errors import Conflict, InvalidInput, StoreUnavailable
from webmail.store import schema, wordtable
from webmail.store.migrations import HEAD

DURABLE, INDEX = "webmail", "webmail_index"
PATIENCE = 30
"""Seconds a writer waits for another one."""
STATEMENT, STOPPED, CONNECT = 60, 60, 10
"""Seconds a statement may take, a process may do nothing in the middle of a transaction, a connection may take to be made."""
KEPT, MORE = 8, 24
"""Connections kept open per process, and opened beyond them when needed; PostgreSQL allows 100 unless told otherwise."""

_WRITING_DURABLE, _WRITING_INDEX, _MAKING = 0x7765_6201, 0x7765_6202, 0x7765_6203
"""The advisory locks of a database."""
_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_WRITE_DURABLE = f"BEGIN; SELECT pg_advisory_xact_lock({_WRITING_DURABLE})"
_WRITE_INDEX = f"BEGIN; SET LOCAL synchronous_commit TO off; SELECT pg_advisory_xact_lock({_WRITING_INDEX})"
_ALONE = (
    "BEGIN; SET LOCAL lock_timeout TO 0; SET LOCAL statement_timeout TO 0; SET LOCAL idle_in_transaction_session_timeout TO 0; "
    f"SELECT pg_advisory_xact_lock({_MAKING})"
)

_BUSY = {"55P03", "57014", "40P01"}
"""A lock was waited for too long, a statement took too long, two waited for each other."""
_NOT_TEXT = {"", "22021"}
"""What the driver or the server says of a text with a null character, which is a text for SQLite."""
_DAMAGED = {"42P01", "3F000", "XX001", "XX002"}
"""A table or the schema is missing, or a page of them cannot be read."""

_ALEMBIC = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))
_VERSION = Table("index_version", MetaData(), Column("version", Integer, nullable=False))
_PG_TABLES = table("pg_tables", column("schemaname", String), column("tablename", String))


class Schemas:
    """The two databases on a server (see ``database.Database``). Raises InvalidInput for an address that cannot be used."""

    def __init__(self, url: str) -> None:
        self._url = _understood(url)
        self._opened: tuple[int, Engine] | None = None
        self._left: list[Engine] = []

    @property
    def place(self) -> str:
        """Where the databases are, for an administrator to read; without the password."""
        host = self._url.host or self._url.query.get("host") or "this machine"
        return f"PostgreSQL database {self._url.database or self._url.username or ''} on {host}"

    def prepare(self) -> None:
        """Make what is missing, upgrade what is old. Raises Conflict("database_upgrade"), StoreUnavailable."""
        with self._transaction(_ALONE):
            self._check()
            self._prepare_durable()
            if not self._index_fits():
                self._make_index()

    @contextmanager
    def durable(self) -> Iterator[Connection]:
        """Read the durable database (see ``database.Database``)."""
        with self._transaction(_READ) as connection:
            yield connection

    @contextmanager
    def durable_write(self) -> Iterator[Connection]:
        """Change the durable database; on disk when the block has ended."""
        with self._transaction(_WRITE_DURABLE) as connection:
            yield connection

    @contextmanager
    def index(self) -> Iterator[Connection]:
        """Read the index."""
        with self._mended(), self._transaction(_READ) as connection:
            yield connection

    @contextmanager
    def index_write(self) -> Iterator[Connection]:
        """Change the index. Keep it under 50 ms: others wait."""
        with self._mended(), self._transaction(_WRITE_INDEX) as connection:
            yield connection

    def drop_index(self) -> None:
        """Delete the index of all accounts and start an empty one; message ids go on where they were."""
        with self._transaction(_ALONE):
            self._make_index()

    def close(self) -> None:
        """Close what is idle. What is in use is closed when it is given back; later uses open anew."""
        opened, self._opened = self._opened, None
        if opened is None:
            return
        if opened[0] == os.getpid():
            opened[1].dispose()
        else:
            self._left.append(opened[1])

    def _engine(self) -> Engine:
        opened = self._opened
        if opened is None or opened[0] != os.getpid():
            # One of another process is kept and never touched: its connections are not ours.
            self.close()
            opened = self._opened = os.getpid(), _engine(self._url)
        return opened[1]

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[Connection]:
        engine = self._engine()
        try:
            with _begun(engine, begin) as connection:
                yield connection
                connection.commit()
        except exc.TimeoutError as error:
            raise Conflict("store_busy") from error
        except (exc.DBAPIError, engine.dialect.loaded_dbapi.Error) as error:
            state, lost = _state(error), _lost(error)
            if state in _BUSY:
                raise Conflict("store_busy") from error
            if isinstance(error, exc.DataError) and state in _NOT_TEXT:
                raise InvalidInput("nul", field="") from error
            if lost:
                raise StoreUnavailable("store_unavailable", reason=_reason(error)) from error
            raise

    @contextmanager
    def _mended(self) -> Iterator[None]:
        """Start the index anew as soon as a query stumbles over damage, or finds that somebody has dropped it."""
        try:
            yield
        except exc.DBAPIError as error:
            if _state(error) not in _DAMAGED:
                raise
            with self._transaction(_ALONE):
                if _state(error) not in ("42P01", "3F000") or not self._index_fits():
                    self._make_index()
            raise Conflict("index_rebuilt") from error

    def _check(self) -> None:
        with self._transaction(_READ) as connection:
            encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
        if encoding != "UTF8":
            raise InvalidInput("database_encoding", field="database_url", encoding=encoding)

    def _prepare_durable(self) -> None:
        """Bring the durable schema to HEAD. Alembic runs in a process of its own, as for SQLite, and reads the address there."""
        version = self._durable_version()
        if version == HEAD:
            return
        if version:
            command = [sys.executable, "-m", "webmail.store.migrations", "-"]
            address = self._url.render_as_string(hide_password=False)
            root = Path(__file__).parents[2]
            upgrade = subprocess.run(command, cwd=root, input=address, capture_output=True, text=True, check=False)  # noqa: S603 - no word of it comes from outside
            if upgrade.returncode:
                raise Conflict("database_upgrade", version=version, reason=upgrade.stderr.strip().rpartition("\n")[2])
            return
        with self._transaction(_WRITE_DURABLE) as connection:
            connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {DURABLE}")
            connection.exec_driver_sql(f"SET LOCAL search_path TO {DURABLE}")
            schema.durable.create_all(connection, checkfirst=False)
            _ALEMBIC.create(connection, checkfirst=False)
            connection.execute(insert(_ALEMBIC).values(version_num=HEAD))

    def _durable_version(self) -> str:
        """The version of the durable schema; empty for one without tables, ``base`` for one before its first step."""
        with self._transaction(_READ) as connection:
            if connection.execute(select(func.to_regclass(f"{DURABLE}.{_ALEMBIC.name}"))).scalar() is None:
                return ""
            found = connection.execute(select(_ALEMBIC.c.version_num)).scalar()
        return str(found) if found else "base"

    def _index_fits(self) -> bool:
        with self._transaction(_READ) as connection:
            if connection.execute(select(func.to_regclass(f"{INDEX}.{_VERSION.name}"))).scalar() is None:
                return False
            found = connection.execute(select(_VERSION.c.version)).scalar()
            there = set(connection.execute(select(_PG_TABLES.c.tablename).where(_PG_TABLES.c.schemaname == INDEX)).scalars())
        return found == schema.INDEX_VERSION and there.issuperset(schema.index.tables)

    def _make_index(self) -> None:
        """Replace the index by an empty one, at one stroke: whoever reads waits, and then finds it empty."""
        with self._transaction(_WRITE_INDEX) as connection:
            connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {INDEX} CASCADE")
            connection.exec_driver_sql(f"CREATE SCHEMA {INDEX}")
            connection.exec_driver_sql(f"SET LOCAL search_path TO {INDEX}")
            schema.index.create_all(connection, checkfirst=False)
            wordtable.create(connection)
            _VERSION.create(connection, checkfirst=False)
            connection.execute(insert(_VERSION).values(version=schema.INDEX_VERSION))


def options(url: URL) -> dict[str, str | int]:
    """What every connection is made with: where its tables are, how long it waits, and how a server that vanished is noticed."""
    settings = {
        "search_path": f"{DURABLE},{INDEX}",
        "lock_timeout": f"{PATIENCE}s",
        "statement_timeout": f"{STATEMENT}s",
        "idle_in_transaction_session_timeout": f"{STOPPED}s",
        "client_encoding": "UTF8",
        "client_min_messages": "warning",
        # To compile a query takes longer than to run it: pages are short queries.
        "jit": "off",
        # What is asked here has an index. The planner would sometimes rather read a whole table, because it does not count what
        # it costs to unpack the words of each row.
        "enable_seqscan": "off",
        # A word that is frequent and one that is rare want different plans.
        "plan_cache_mode": "force_custom_plan",
    }
    given = url.query.get("options", "")
    ours = " ".join(f"-c {name}={value}" for name, value in settings.items())
    return {
        "options": f"{given} {ours}" if isinstance(given, str) and given else ours,
        "application_name": "webmail",
        "connect_timeout": CONNECT,
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
        "tcp_user_timeout": 1000 * PATIENCE,
    }


def _understood(url: str) -> URL:
    try:
        found = make_url(url)
    except (exc.ArgumentError, ValueError):
        # What cannot be taken apart may still hold a password, so it is not repeated.
        raise InvalidInput("database_url_unsupported", field="database_url") from None
    if found.drivername not in ("postgresql", "postgres", "postgresql+psycopg"):
        raise InvalidInput("database_url_unsupported", field="database_url")
    return found.set(drivername="postgresql+psycopg")


def _engine(url: URL) -> Engine:
    # The driver is loaded here, and nowhere where SQLite is used.
    engine = create_engine(
        url.difference_update_query(["options"]),
        poolclass=QueuePool,
        pool_size=KEPT,
        max_overflow=MORE,
        pool_timeout=PATIENCE,
        pool_use_lifo=True,
        hide_parameters=True,
        connect_args={**options(url), "autocommit": True},
    )

    @event.listens_for(engine, "handle_error")
    def _(context: ExceptionContext) -> None:
        # Errors end up in logs, which must not hold what people write: the server adds it in the lines behind the first.
        for error in (context.original_exception, context.sqlalchemy_exception):
            if error is not None:
                error.args = (str(error.args[0]).partition("\n")[0],) if error.args else ()

    return engine


@contextmanager
def _begun(engine: Engine, begin: str) -> Iterator[Connection]:
    """A connection in a transaction; rolled back unless it was committed."""
    connection = engine.connect()
    try:
        try:
            _begin(connection, begin)
        except engine.dialect.loaded_dbapi.Error:
            if not connection.connection.driver_connection.closed:  # type: ignore[union-attr] # psycopg's
                raise
            # It died in the pool, and the others there most likely with it.
            connection.invalidate()
            connection.close()
            engine.dispose()
            connection = engine.connect()
            _begin(connection, begin)
        yield connection
    finally:
        connection.close()


def _begin(connection: Connection, begin: str) -> None:
    connection.begin()
    # By the driver itself, which commits when told and not before; several statements are one round trip.
    connection.connection.driver_connection.execute(begin, prepare=False)  # type: ignore[union-attr] # psycopg's


def _state(error: BaseException) -> str:
    reason = error.orig if isinstance(error, exc.DBAPIError) else error
    return str(getattr(reason, "sqlstate", None) or "")


def _lost(error: BaseException) -> bool:
    """Whether it is the server that is gone or going, or takes no more connections."""
    reason = error.orig if isinstance(error, exc.DBAPIError) else error
    invalidated = isinstance(error, exc.DBAPIError) and error.connection_invalidated
    state = _state(error)
    return (
        invalidated or state[:2] in ("08", "28", "53") or state[:3] == "57P" or (not state and type(reason).__name__ == "OperationalError")
    )


def _reason(error: BaseException) -> str:
    """The first line of what the server or the driver said, which names host and user at most."""
    reason = error.orig if isinstance(error, exc.DBAPIError) else error
    return str(reason).partition("\n")[0][:200]
