"""SQLite: the durable database and the disposable index as two files of the data folder, for many threads and several processes.

``webmail.db`` is in WAL mode, every commit on disk before it returns, upgraded by ``webmail.store.migrations``. A version of
``index.db`` that does not fit, or a damaged file, is deleted and built anew, also while other processes have it open: they
notice that the file is another one and open it again.

Two rules of SQLite and POSIX locks (https://sqlite.org/howtocorrupt.html §2.2, §2.6) that broke data when they were not
kept: a process that uses a database never opens its file by other means, because closing that descriptor drops SQLite's
locks; and no connection lives across a fork, because the child's SQLite believes to hold locks it does not have.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event, exc
from sqlalchemy.pool import QueuePool

from webmail.errors import Conflict, StoreUnavailable
from webmail.store import schema, wordtable
from webmail.store.migrations import HEAD

PATIENCE = 30.0
"""Seconds a writer waits for another one. Transactions are short; only a stuck disk takes this long."""
READERS, WRITERS = 32, 8
"""Connections kept open per process and database; more are opened when needed, and closed after use."""
ROOM = ("cache_size=-16384", "wal_autocheckpoint=4000")
"""Writers of a hundred thousand rows touch many pages of many indexes again and again: 16 MB of them stay at hand."""
DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


@dataclass(frozen=True, slots=True)
class _File:
    """One open database file. A file of another process, or one that was replaced, must be opened again."""

    path: Path
    process: int
    inode: int
    reader: Engine
    writer: Engine
    idle: deque[Connection] = field(default_factory=deque)

    @property
    def current(self) -> bool:
        return self.process == os.getpid() and self.inode == _inode(self.path)

    def close(self) -> None:
        """Close what nobody is using."""
        while self.idle:
            self.idle.pop().close()
        self.reader.dispose()
        self.writer.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that cannot write.

        Connections are handed on as they are, the one used last first: a page looks things up a dozen times, and to take a
        connection out of the engine's pool and put it back costs more than most of these look-ups.
        """
        try:
            connection = self.idle.pop()
        except IndexError:
            connection = self.reader.connect()
        try:
            with connection.begin():
                yield connection
        except BaseException as error:
            # Not handed on: rows that were being read keep the moment they were read at for as long as the traceback lives.
            connection.invalidate()
            connection.close()
            if _is_busy(error):
                raise Conflict("store_busy") from error
            raise
        if len(self.idle) < READERS:
            self.idle.append(connection)
        else:
            connection.close()


class Files:
    """The two databases in a data folder (see ``database.Database``)."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self._files: dict[str, _File] = {}
        self._left: list[_File] = []

    @property
    def place(self) -> str:
        """Where the databases are, for an administrator to read."""
        return str(self.data_dir.absolute())

    def prepare(self) -> None:
        """Make what is missing, upgrade what is old. Raises Conflict("database_upgrade"). A few milliseconds if all is well."""
        with self._alone():
            _prepare_durable(self.data_dir / "webmail.db")
            if not _index_fits(self.data_dir / "index.db"):
                _make_index(self.data_dir / "index.db")

    @contextmanager
    def durable(self) -> Iterator[Connection]:
        """Read the durable database (see ``database.Database``)."""
        with self._file("webmail.db").reading() as connection:
            yield connection

    @contextmanager
    def durable_write(self) -> Iterator[Connection]:
        """Change the durable database; on disk when the block has ended."""
        with _transaction(self._file("webmail.db").writer) as connection:
            yield connection

    @contextmanager
    def index(self) -> Iterator[Connection]:
        """Read the index."""
        file = self._file("index.db")
        with self._mended(file), file.reading() as connection:
            yield connection

    @contextmanager
    def index_write(self) -> Iterator[Connection]:
        """Change the index. Keep it under 50 ms: others wait."""
        file = self._file("index.db")
        with self._mended(file), _transaction(file.writer) as connection:
            yield connection

    def drop_index(self) -> None:
        """Delete the index of all accounts and start an empty one; message ids go on where they were."""
        with self._alone():
            _make_index(self.data_dir / "index.db")

    def close(self) -> None:
        """Close what is open. The database can still be used and opens itself again."""
        while self._files:
            _, file = self._files.popitem()
            if file.process == os.getpid():
                file.close()
            else:
                self._left.append(file)

    def _file(self, name: str) -> _File:
        file = self._files.get(name)
        if file is not None and file.current:
            return file
        path = self.data_dir / name
        if name == "index.db" and not path.exists():
            self._replace_index(0)
        opened = _open(path, synchronous="FULL" if name == "webmail.db" else "NORMAL")
        if file is not None and file.process != os.getpid():
            # Opened between the closing before a fork and the fork: kept and never touched.
            self._left.append(file)
        elif file is not None:
            file.close()
        self._files[name] = opened
        return opened

    @contextmanager
    def _mended(self, file: _File) -> Iterator[None]:
        """Replace a damaged index as soon as a query stumbles over the damage."""
        try:
            yield
        except exc.DatabaseError as error:
            if getattr(error.orig, "sqlite_errorcode", 0) & 0xFF not in DAMAGED:
                raise
            self._replace_index(file.inode)
            raise Conflict("index_rebuilt") from error

    def _replace_index(self, inode: int) -> None:
        """Replace the index file unless somebody else did so already."""
        path = self.data_dir / "index.db"
        with self._alone():
            if _inode(path) == inode:
                _make_index(path)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Be the only one, of all processes, that makes, upgrades or deletes files."""
        descriptor = os.open(self.data_dir / "database.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return 0


def _open(path: Path, *, synchronous: str) -> _File:
    inode = _inode(path)
    return _File(
        path,
        os.getpid(),
        inode,
        reader=_engine(path, size=READERS, begin="BEGIN", pragmas=(f"synchronous={synchronous}", "query_only=ON")),
        writer=_engine(path, size=WRITERS, begin="BEGIN IMMEDIATE", pragmas=(f"synchronous={synchronous}", "foreign_keys=ON", *ROOM)),
    )


def _connect(path: Path) -> sqlite3.Connection:
    """A connection to a file that exists: a missing one must not come back empty behind our back."""
    location = f"file:{quote(str(path.absolute()))}?mode=rw"
    return sqlite3.connect(location, uri=True, timeout=PATIENCE, isolation_level=None, check_same_thread=False)


def _engine(path: Path, *, size: int, begin: str, pragmas: tuple[str, ...]) -> Engine:
    def connect() -> sqlite3.Connection:
        connection = _connect(path)
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")
        return connection

    # The connection used last has the warmest cache. Errors end up in logs, which must not hold what people write.
    engine = create_engine(
        "sqlite://", creator=connect, poolclass=QueuePool, pool_size=size, max_overflow=-1, pool_use_lifo=True, hide_parameters=True
    )

    @event.listens_for(engine, "begin")
    def _(connection: Connection) -> None:
        # By the driver itself: this happens for every look-up, and SQLAlchemy's way costs as much as the look-up.
        driver: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment] # what our creator made
        driver.execute(begin)

    return engine


@contextmanager
def _transaction(engine: Engine) -> Iterator[Connection]:
    try:
        with engine.begin() as connection:
            yield connection
    except (exc.OperationalError, sqlite3.OperationalError) as error:
        if _is_busy(error):
            raise Conflict("store_busy") from error
        if _code(error) == sqlite3.SQLITE_FULL:
            raise StoreUnavailable("store_full") from error
        raise


def _is_busy(error: BaseException) -> bool:
    """Whether another writer has not finished in time."""
    return _code(error) == sqlite3.SQLITE_BUSY


def _code(error: BaseException) -> int:
    reason = error.orig if isinstance(error, exc.OperationalError) else error
    return getattr(reason, "sqlite_errorcode", 0) & 0xFF if isinstance(reason, sqlite3.OperationalError) else 0


def _create(path: Path, *, synchronous: str = "FULL") -> None:
    """An empty file only we can read; SQLite gives its companions the same mode."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    with contextlib.closing(_connect(path)) as connection:
        connection.execute(f"PRAGMA synchronous={synchronous}")
        connection.execute("PRAGMA journal_mode=WAL")


def _prepare_durable(path: Path) -> None:
    """Bring the durable database to HEAD.

    A new one gets its tables at once. Only an old one needs Alembic, which runs in a process of its own: importing it
    costs more time than everything else at the start, and an upgrade is rare.
    """
    version = _durable_version(path) if path.exists() else ""
    if version == HEAD:
        return
    if version:
        command = [sys.executable, "-m", "webmail.store.migrations", str(path.absolute())]
        upgrade = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)  # noqa: S603 - no word of it comes from outside
        if upgrade.returncode:
            raise Conflict("database_upgrade", version=version, reason=upgrade.stderr.strip().rpartition("\n")[2])
        return
    _create(path)
    file = _open(path, synchronous="FULL")
    with _transaction(file.writer) as connection:
        schema.durable.create_all(connection, checkfirst=False)
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (HEAD,))
    file.writer.dispose()


def _durable_version(path: Path) -> str:
    """The version of a durable database; empty for one without tables, ``base`` for one before its first step."""
    with contextlib.closing(_connect(path)) as connection:
        if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone() is None:
            return ""
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return str(row[0]) if row else "base"


def _index_fits(path: Path) -> bool:
    try:
        with contextlib.closing(_connect(path)) as connection:
            row = connection.execute("PRAGMA user_version").fetchone()
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            return bool(row[0] == schema.INDEX_VERSION)
    except sqlite3.DatabaseError:
        return False


def _make_index(path: Path) -> None:
    """Replace the index by an empty one, which appears under its name only when it is ready.

    The old database goes first and its companions after it: SQLite never touches the companions of a database whose file
    is no longer the one it opened.
    """
    fresh = path.with_name("index.new")
    for companion in ("", "-wal", "-shm"):
        fresh.with_name(fresh.name + companion).unlink(missing_ok=True)
    _create(fresh, synchronous="OFF")
    file = _open(fresh, synchronous="OFF")
    with _transaction(file.writer) as connection:
        schema.index.create_all(connection, checkfirst=False)
        wordtable.create(connection)
        connection.exec_driver_sql(f"PRAGMA user_version = {schema.INDEX_VERSION}")
    file.writer.dispose()
    for companion in ("", "-wal", "-shm"):
        path.with_name(path.name + companion).unlink(missing_ok=True)
    fresh.rename(path)
