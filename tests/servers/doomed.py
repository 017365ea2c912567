"""Doomed: a worker in a process of its own that kills itself, without a word, at the point it is told.

A point is a durable write, counted from the first of its deliveries, ``before`` it is committed or ``after``.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from webmail.account import Server
from webmail.imap.pool import Pool
from webmail.mail import delivery
from webmail.mail.session import Gate
from webmail.store.database import Database

Point = tuple[int, str]
NEVER: Point = (0, "")


def start(data: Path, *, url: str, imap: Server, smtp: Server, point: Point = NEVER) -> ForkServerProcess:
    """Start the worker; it delivers what is due, and ends."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    process = context.Process(target=_work, args=(str(data), url, imap, smtp, point))
    process.start()
    return process


def _work(data: str, url: str, imap: Server, smtp: Server, point: Point) -> None:
    gate = Gate(Database.open(Path(data), url=url), Pool(), imap, smtp)
    if point != NEVER:
        _count(gate.database, point)
    owner = f"doomed-{os.getpid()}"
    while (found := delivery.claim(gate, owner=owner)) is not None:
        delivery.advance(gate, found, owner=owner)
    os._exit(0)


def _count(database: Database, point: Point) -> None:
    """Count the durable writes from here on, and die at one of them."""
    write, seen = database.durable_write, iter(range(1, 1_000_000))

    @contextmanager
    def counted() -> Iterator[Any]:
        number = next(seen)
        with write() as connection:
            yield connection
            if point == (number, "before"):
                os.kill(os.getpid(), signal.SIGKILL)
        if point == (number, "after"):
            os.kill(os.getpid(), signal.SIGKILL)

    database.durable_write = counted  # type: ignore[method-assign] # where it dies is all that is changed
