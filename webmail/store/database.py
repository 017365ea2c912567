"""Database: the durable database and the disposable index beside it, for many threads and several processes.

The durable one holds what nobody else knows; the index what the mail server can tell again. They are two SQLite files in
the data folder (``sqlite``), or two schemas of one PostgreSQL database (``postgresql``); nothing above knows which.
"""

from __future__ import annotations

import os
import weakref
from contextlib import AbstractContextManager
from pathlib import Path

from sqlalchemy import Connection

from webmail.store.masterkey import MasterKey
from webmail.store.postgresql import Schemas
from webmail.store.sqlite import Files


class Database:
    """What we remember. Cheap to share between threads; a fork closes what is idle, and parent and child open anew.

    The four context managers give a connection inside one transaction, committed at the end and rolled back by an
    error. A transaction for writing holds the only write lock from its first moment, so what it reads stays true until it
    commits; one for reading cannot write, and sees one moment. Raises Conflict("store_busy") if another writer does not
    finish in 30 s, Conflict("index_rebuilt") if the index was found damaged and has been started anew, and
    StoreUnavailable where the database is on a server that does not answer.
    """

    def __init__(self, data_dir: Path, key: MasterKey, kept: Files | Schemas) -> None:
        self.data_dir = data_dir
        self.key = key
        self._kept = kept
        _opened.add(self)
        weakref.finalize(self, kept.close).atexit = False

    @classmethod
    def open(cls, data_dir: Path, *, url: str = "", key_path: Path | None = None) -> Database:
        """Open the databases, made where missing, upgraded where old: in the data folder, or where a ``url`` says.

        The key, waiting attachments and wake-ups are in the data folder in any case. Raises InvalidInput for a ``url``
        other than ``postgresql://`` and for a key file that cannot be used; Conflict("database_upgrade") if the durable
        database cannot be upgraded; StoreUnavailable. Costs some milliseconds when there is nothing to do.
        """
        kept = Schemas(url) if url else Files(data_dir)
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        database = cls(data_dir, MasterKey.load(key_path or data_dir / "master.key"), kept)
        try:
            kept.prepare()
        except BaseException:
            kept.close()
            raise
        return database

    @property
    def place(self) -> str:
        """Where the databases are, for an administrator to read; it holds no secret."""
        return self._kept.place

    def durable(self) -> AbstractContextManager[Connection]:
        """Read the durable database."""
        return self._kept.durable()

    def durable_write(self) -> AbstractContextManager[Connection]:
        """Change the durable database; on disk when the block has ended."""
        return self._kept.durable_write()

    def index(self) -> AbstractContextManager[Connection]:
        """Read the index."""
        return self._kept.index()

    def index_write(self) -> AbstractContextManager[Connection]:
        """Change the index. Keep it under 50 ms: others wait."""
        return self._kept.index_write()

    def drop_index(self) -> None:
        """Delete the index of all accounts and start an empty one; message ids go on where they were."""
        self._kept.drop_index()

    def close(self) -> None:
        """Close what is open. The database can still be used and opens itself again."""
        self._kept.close()


_opened: weakref.WeakSet[Database] = weakref.WeakSet()


def _close_all() -> None:
    for database in list(_opened):
        database.close()


os.register_at_fork(before=_close_all)
