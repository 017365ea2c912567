"""Due work besides submissions, and the wake-up of those who do it.

A job is a row named by kind, account and key: wanting it twice is one job, due at the earlier time. Who claims it has it
for some seconds; if they die it becomes due again. Work wanted while a job runs is not lost: ``done`` then leaves the
row. A wake-up only saves waiting: everybody also looks by themselves each second.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import select as readiness
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

from sqlalchemy import ColumnElement, Row, case, delete, func, insert, select, update

from webmail.account import AccountId
from webmail.store.columns import dumps, loads, microseconds, moment
from webmail.store.database import Database
from webmail.store.schema import jobs

PATH_LIMIT = 100
"""A socket's path may have 107 bytes (unix(7))."""


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed piece of work. ``attempts`` counts the failures before this one; ``wanted`` how often it was asked for."""

    id: int
    kind: str
    account_id: AccountId
    key: str
    due_at: datetime
    payload: dict[str, Any]
    attempts: int
    owner: str
    wanted: int


def put(
    database: Database,
    *,
    kind: str,
    due_at: datetime,
    account_id: AccountId | int = 0,
    key: str = "",
    payload: Mapping[str, Any] | None = None,
) -> None:
    """Want a piece of work; the earlier due time wins. Writes nothing if it is waiting like this already."""
    due, content = microseconds(due_at), dumps(dict(payload or {}))
    this = (jobs.c.kind == kind) & (jobs.c.account_id == account_id) & (jobs.c.key == key)
    with database.durable() as connection:
        row = connection.execute(select(jobs).where(this)).first()
    if row is not None and not row.claimed_by and row.due_at <= due and row.payload == content:
        return
    values = {"due_at": case((jobs.c.due_at < due, jobs.c.due_at), else_=due), "payload": content, "wanted": jobs.c.wanted + 1}
    with database.durable_write() as connection:
        if not connection.execute(update(jobs).where(this).values(values)).rowcount:
            connection.execute(insert(jobs).values(kind=kind, account_id=account_id, key=key, due_at=due, payload=content))


def claim(database: Database, *, kinds: Sequence[str], now: datetime, owner: str, seconds: float) -> Job | None:
    """The job of these kinds that is due longest, ours for some seconds; None if nothing is due."""
    due = _due(kinds, now)
    with database.durable() as connection:
        if connection.execute(select(jobs.c.id).where(due).limit(1)).first() is None:
            return None
    until = microseconds(now + timedelta(seconds=seconds))
    # Due again when the claim runs out, so that a job whose worker died is found like any other.
    values = {"claimed_by": owner, "claimed_until": until, "due_at": until}
    with database.durable_write() as connection:
        while (row := connection.execute(select(jobs).where(due).order_by(jobs.c.due_at, jobs.c.id).limit(1)).first()) is not None:
            if connection.execute(update(jobs).where(jobs.c.id == row.id, due).values(values)).rowcount:
                return _job(row, owner)
    return None


def _due(kinds: Sequence[str], now: datetime) -> ColumnElement[bool]:
    at = microseconds(now)
    return jobs.c.kind.in_(kinds) & (jobs.c.due_at <= at) & (jobs.c.claimed_until <= at)


def cancel(database: Database, *, kind: str, account_id: AccountId, key: str) -> bool:
    """Forget a piece of work, also one that somebody is at; returns whether it was wanted."""
    this = (jobs.c.kind == kind) & (jobs.c.account_id == account_id) & (jobs.c.key == key)
    with database.durable_write() as connection:
        return bool(connection.execute(delete(jobs).where(this)).rowcount)


def done(database: Database, job: Job) -> None:
    """Finish a job. It stays if it was wanted again since it was claimed, or if somebody else has it by now."""
    mine = _mine(job)
    with database.durable_write() as connection:
        if not connection.execute(delete(jobs).where(mine, jobs.c.wanted == job.wanted)).rowcount:
            connection.execute(update(jobs).where(mine).values(claimed_by="", claimed_until=0, attempts=0))


def again(database: Database, job: Job, *, due_at: datetime, error: str = "") -> None:
    """Put a claimed job back, due later, or earlier if it was wanted earlier meanwhile; an ``error`` counts as a failure."""
    due = microseconds(due_at)
    wanted_earlier = (jobs.c.wanted != job.wanted) & (jobs.c.due_at < due)
    values = {
        "due_at": case((wanted_earlier, jobs.c.due_at), else_=due),
        "claimed_by": "",
        "claimed_until": 0,
        "attempts": job.attempts + 1 if error else 0,
        "error": error,
    }
    with database.durable_write() as connection:
        connection.execute(update(jobs).where(_mine(job)).values(values))


def keep(database: Database, job: Job, *, until: datetime) -> bool:
    """Go on having a claimed job until an instant. False if somebody else has it by now."""
    instant = microseconds(until)
    with database.durable_write() as connection:
        return bool(connection.execute(update(jobs).where(_mine(job)).values(claimed_until=instant, due_at=instant)).rowcount)


def remember(database: Database, job: Job, payload: Mapping[str, Any]) -> None:
    """Keep with a claimed job how far it has come; whoever has it after us goes on from there."""
    with database.durable_write() as connection:
        connection.execute(update(jobs).where(_mine(job)).values(payload=dumps(dict(payload))))


def _mine(job: Job) -> ColumnElement[bool]:
    return (jobs.c.id == job.id) & (jobs.c.claimed_by == job.owner)


def pending(database: Database, account_id: AccountId, kind: str) -> int:
    """How many jobs of a kind an account has, waiting or running."""
    with database.durable() as connection:
        return connection.execute(select(func.count()).where(jobs.c.account_id == account_id, jobs.c.kind == kind)).scalar_one()


def keys(database: Database, account_id: AccountId, kind: str) -> frozenset[str]:
    """The keys of the jobs of a kind that an account has, waiting or running."""
    with database.durable() as connection:
        return frozenset(connection.execute(select(jobs.c.key).where(jobs.c.account_id == account_id, jobs.c.kind == kind)).scalars())


def resume(database: Database, account_id: AccountId, *, after: str, now: datetime) -> None:
    """What the jobs of an account were put off for, the job ``after``, is over: all others that nobody does are due now."""
    mine = jobs.c.account_id == account_id
    with database.durable_write() as connection:
        if connection.execute(delete(jobs).where(mine, jobs.c.kind == after)).rowcount:
            connection.execute(update(jobs).where(mine, jobs.c.claimed_by == "").values(due_at=microseconds(now), attempts=0))


def _job(row: Row[*tuple[Any, ...]], owner: str) -> Job:
    return Job(row.id, row.kind, row.account_id, row.key, moment(row.due_at), loads(row.payload), row.attempts, owner, row.wanted)


def wake(database: Database) -> None:
    """Tell everybody who waits that there may be work. Never waits and never fails for those who are not there."""
    for path in database.data_dir.glob("wakeup-*.sock"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender, _short(path) as address:
            sender.setblocking(False)
            try:
                sender.sendto(b"!", address)
            except ConnectionRefusedError:
                path.unlink(missing_ok=True)
            except OSError:
                # Full: it wakes anyway. Gone: nobody to wake.
                continue


class Waiter:
    """Waits for wake-ups on a socket of its own in the data folder. Used by one thread; close it."""

    def __init__(self, database: Database) -> None:
        self._path = database.data_dir / f"wakeup-{os.getpid()}-{secrets.token_hex(4)}.sock"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        with _short(self._path) as address:
            self._socket.bind(address)
        self._path.chmod(0o600)

    def wait(self, timeout: float) -> bool:
        """Wait for a wake-up, at most ``timeout`` seconds; tells whether one came. Many at once count as one."""
        ready, _, _ = readiness.select([self._socket], [], [], timeout)
        if ready:
            with contextlib.suppress(BlockingIOError):
                while self._socket.recv(16):
                    pass
        return bool(ready)

    def close(self) -> None:
        self._socket.close()
        self._path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """A name of a socket that is short enough: in a deep data folder it goes by way of the open folder."""
    if len(os.fsencode(path)) < PATH_LIMIT:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
