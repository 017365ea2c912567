"""Vigil: whether anybody watches at all. A lock that the kernel takes back from a process that dies, whatever it died of.

What a watcher has vouched for is worth nothing any more when the watcher is gone; the instant it named would come too late.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from webmail.store.database import Database

PATTERN = "watching-*.lock"


@contextmanager
def vigil(database: Database) -> Iterator[None]:
    """Be known to watch, in this block and as long as this process lives."""
    name = f"{os.getpid()}-{secrets.token_hex(4)}"
    waiting, path = database.data_dir / f"watching-{name}.new", database.data_dir / f"watching-{name}.lock"
    descriptor = os.open(waiting, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        waiting.rename(path)  # Seen only when it is locked: one that is not would be taken for one left behind.
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def kept(database: Database) -> bool:
    """Whether somebody watches now. Costs some microseconds."""
    for path in database.data_dir.glob(PATTERN):
        with contextlib.suppress(FileNotFoundError):
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            else:
                path.unlink(missing_ok=True)
            finally:
                os.close(descriptor)
    return False
