"""PostgreSQL: a cluster of its own for each process of tests, on a socket in a temporary folder, and a new database for whoever asks.

It runs without privileges: as the user who runs the tests, or as ``postgres`` where that is root. Nothing of it waits for the
disk. ``TEST_DATABASE=postgresql`` lets everything that opens a store by ``store_in`` do so here.
"""

from __future__ import annotations

import atexit
import contextlib
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from webmail.store.database import Database

ON_POSTGRESQL = os.environ.get("TEST_DATABASE") == "postgresql"
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": "''",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "autovacuum_naptime": "10s",
}


class Cluster:
    """A running PostgreSQL. It has its own folder, socket and superuser."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = itertools.count(1)
        self._owner = pwd.getpwuid(os.getuid())
        if self._owner.pw_uid == 0:
            self._owner = pwd.getpwnam("postgres")
            os.chown(folder, self._owner.pw_uid, self._owner.pw_gid)
        self.data = folder / "data"
        self._run("initdb", "-D", str(self.data), "-U", "webmail", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        with (self.data / "postgresql.conf").open("a", encoding="utf-8") as config:
            config.writelines(f"{name} = {value}\n" for name, value in _SETTINGS.items())
            config.write(f"unix_socket_directories = '{folder}'\n")
        self.start()

    def start(self) -> None:
        self._run("pg_ctl", "-D", str(self.data), "-w", "-l", str(self.folder / "log"), "start")

    def stop(self, mode: str = "immediate") -> None:
        self._run("pg_ctl", "-D", str(self.data), "-w", "-m", mode, "stop")

    def url(self, database: str = "postgres", *, user: str = "webmail") -> str:
        """The address of a database."""
        return f"postgresql://{user}@/{database}?host={self.folder}"

    def sql(self, statement: str, *, database: str = "postgres") -> str:
        """Let another client do something, and return what it was told."""
        return self._run(
            "psql",
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            str(self.folder),
            "-U",
            "webmail",
            "-d",
            database,
            "-c",
            statement,
        )

    def new_database(self, *, template: str = "template1", extra: str = "") -> str:
        """The name of a new database."""
        name = f"store{next(self._numbers)}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE {template} {extra}")
        return name

    def _run(self, program: str, *arguments: str) -> str:
        other: dict[str, Any] = {}
        if os.getuid() == 0:
            other = {"user": self._owner.pw_uid, "group": self._owner.pw_gid, "extra_groups": []}
        environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"}
        # Not by pipes for the server's sake, which would keep them open; pg_ctl lends its own to it.
        with tempfile.TemporaryFile() as said:
            done = subprocess.run(
                [str(_programs() / program), *arguments],
                stdout=said,
                stderr=said,
                stdin=subprocess.DEVNULL,
                cwd="/",
                env=environment,
                check=False,
                **other,
            )
            said.seek(0)
            words = said.read().decode("utf-8", "replace")
        if done.returncode:
            raise RuntimeError(f"{program}: {words[-2000:]}")
        return words.strip()


def _programs() -> Path:
    """Where Debian puts PostgreSQL, the newest version first; elsewhere it is in the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]), reverse=True)
    elsewhere = shutil.which("initdb")
    if not found and not elsewhere:
        raise RuntimeError("PostgreSQL is not installed; tests/servers/packages.sh does it.")
    return (found[0] if found else Path(elsewhere or "")).parent


@cache
def cluster() -> Cluster:
    """The PostgreSQL of this process, started when it is first needed; it ends with the process."""
    folder = Path(tempfile.mkdtemp(prefix="webmail-postgresql-", dir="/tmp"))
    found = Cluster(folder)
    process = os.getpid()

    def end() -> None:
        if os.getpid() == process:
            with contextlib.suppress(RuntimeError):
                found.stop()
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(end)
    return found


@cache
def _template() -> str:
    """A database that has the tables already: to copy it is quicker than to make them."""
    name = cluster().new_database()
    with tempfile.TemporaryDirectory() as folder:
        Database.open(Path(folder), url=cluster().url(name)).close()
    return name


_ADDRESSES: dict[Path, str] = {}


def url_for(folder: Path) -> str:
    """The address of the database that belongs to a data folder: a new one for a new folder."""
    if folder.absolute() not in _ADDRESSES:
        _ADDRESSES[folder.absolute()] = cluster().url(cluster().new_database(template=_template()))
    return _ADDRESSES[folder.absolute()]


def known_url(folder: Path) -> str:
    """The address of the database that belongs to a data folder; empty where the store is in the folder itself."""
    return _ADDRESSES.get(folder.absolute(), "")


def address_for(folder: Path) -> str:
    """The address that belongs to a data folder where PostgreSQL is being tested, else none."""
    return url_for(folder) if ON_POSTGRESQL else ""


def store_in(folder: Path) -> Database:
    """The store of a data folder, in the kind of database that is being tested."""
    return Database.open(folder, url=address_for(folder))


@contextlib.contextmanager
def store_on_postgresql() -> Iterator[Database]:
    """A new store on the cluster of this process, for a test or a measurement."""
    with tempfile.TemporaryDirectory(prefix="webmail-store-") as folder:
        database = Database.open(Path(folder) / "data", url=url_for(Path(folder) / "data"))
        try:
            yield database
        finally:
            database.close()
