"""Connections kept open for each account and lent to one borrower at a time.

Making a pool starts nothing. After a fork the child begins with an empty pool and leaves the parent's connections alone.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

from webmail.account import Account, AccountId, Credentials
from webmail.errors import ServerUnavailable, WebmailError
from webmail.imap.connection import TIMEOUT, Connection, connect

P = ParamSpec("P")
T = TypeVar("T")

TRUSTED_SECONDS = 30.0
"""A connection idle for longer is asked by NOOP before it is lent: servers and routers forget without a word."""
_ALERTS = 20


@dataclass(slots=True)
class _Idle:
    connection: Connection
    since: float


@dataclass(slots=True)
class _Kept:
    """What the pool holds of one account; ``generation`` moves on when what is lent out must not come back."""

    idle: list[_Idle] = field(default_factory=list)
    lent: int = 0
    generation: int = 0
    alerts: list[str] = field(default_factory=list)


class Pool:
    """At most ``limit`` connections for each account; those idle for ``idle_seconds`` are closed when somebody looks.

    ``timeout`` is how many seconds a server is waited for.
    """

    def __init__(self, *, limit: int = 3, idle_seconds: float = 300, timeout: float = TIMEOUT, workers: int = 4) -> None:
        self._limit = limit
        self._idle_seconds = idle_seconds
        self.timeout = timeout
        self._workers = workers
        self._start_empty()

    def _start_empty(self) -> None:
        self._pid = os.getpid()
        self._free = threading.Condition()
        self._accounts: dict[AccountId, _Kept] = {}
        self._executor: ThreadPoolExecutor | None = None

    def _here(self) -> None:
        """Start empty in a child process. The lock may be held there for ever by a thread that was not forked."""
        if self._pid == os.getpid():
            return
        inherited = [idle.connection for kept in self._accounts.values() for idle in kept.idle]
        self._start_empty()
        for connection in inherited:
            connection.abandon()

    @contextmanager
    def borrow(
        self, account: Account, credentials: Callable[[], Credentials], *, prefer: str | None = None, wait: float = 10
    ) -> Iterator[Connection]:
        """Lend an authenticated connection, best one on which the mailbox ``prefer`` is selected.

        ``credentials`` is asked only where a new connection is needed. Raises ServerUnavailable("busy") if all are lent for
        ``wait`` seconds, and the errors of ``connect`` and ``authenticate``. A connection that broke is dropped. Costs
        nothing where one is idle, a NOOP where it has been for long, a sign-in else.
        """
        self._here()
        generation = self._take_slot(account, until=time.monotonic() + wait)
        connection = None
        try:
            connection = self._connection(account, credentials, prefer=prefer)
            yield connection
        finally:
            self._give_back(account.id, connection, generation=generation)

    def _take_slot(self, account: Account, *, until: float) -> int:
        with self._free:
            while True:
                # Looked up each time: the account may have been closed while we waited.
                kept = self._accounts.setdefault(account.id, _Kept())
                if kept.lent < self._limit:
                    kept.lent += 1
                    return kept.generation
                if not self._free.wait(until - time.monotonic()) and time.monotonic() >= until:
                    raise ServerUnavailable("busy", host=account.imap.host, port=account.imap.port)

    def _connection(self, account: Account, credentials: Callable[[], Credentials], *, prefer: str | None) -> Connection:
        """An idle connection that still answers, or a new one. Nothing is locked while the network is waited for."""
        while (idle := self._take_idle(account.id, prefer=prefer)) is not None:
            if time.monotonic() - idle.since < TRUSTED_SECONDS or _answers(idle.connection):
                return idle.connection
            idle.connection.close()
        connection = connect(account.imap, timeout=self.timeout)
        try:
            connection.authenticate(credentials())
        except BaseException:
            connection.close()
            raise
        return connection

    def _take_idle(self, account_id: AccountId, *, prefer: str | None) -> _Idle | None:
        """The idle connection that suits best: with the mailbox selected, else with none, else the one unused for longest."""
        with self._free:
            stale = self._take_stale()
            idle = self._accounts[account_id].idle if account_id in self._accounts else []
            chosen = min(idle, key=lambda one: _distance(one, prefer), default=None)
            if chosen is not None:
                idle.remove(chosen)
        for connection in stale:
            connection.close()
        return chosen

    def _take_stale(self) -> list[Connection]:
        """Connections nobody has used for long, of all accounts."""
        until = time.monotonic() - self._idle_seconds
        stale = []
        for kept in self._accounts.values():
            stale += [one.connection for one in kept.idle if one.since < until or not one.connection.usable]
            kept.idle = [one for one in kept.idle if one.since >= until and one.connection.usable]
        return stale

    def _give_back(self, account_id: AccountId, connection: Connection | None, *, generation: int) -> None:
        if self._pid != os.getpid():
            return  # A child of a fork inside the borrower: the connection is the parent's.
        surplus: list[Connection] = []
        with self._free:
            kept = self._accounts.setdefault(account_id, _Kept())
            kept.lent = max(0, kept.lent - 1)
            if connection is not None:
                kept.alerts = [*kept.alerts, *connection.take_alerts()][-_ALERTS:]
                if connection.usable and kept.generation == generation:
                    kept.idle.append(_Idle(connection, time.monotonic()))
                else:
                    surplus.append(connection)
            surplus += self._surplus(kept)
            self._free.notify()
        for one in surplus:
            one.close()

    def _surplus(self, kept: _Kept) -> list[Connection]:
        """What is open beyond the limit, longest unused first."""
        beyond = max(0, len(kept.idle) + kept.lent - self._limit)
        surplus, kept.idle = kept.idle[:beyond], kept.idle[beyond:]
        return [one.connection for one in surplus]

    def adopt(self, account_id: AccountId, connection: Connection) -> None:
        """Keep a connection that was opened and authenticated elsewhere; the pool owns it from now on."""
        self._here()
        with self._free:
            kept = self._accounts.setdefault(account_id, _Kept())
            kept.alerts = [*kept.alerts, *connection.take_alerts()][-_ALERTS:]
            kept.idle.append(_Idle(connection, time.monotonic()))
            surplus = self._surplus(kept)
            self._free.notify()
        for one in surplus:
            one.close()

    def take_alerts(self, account_id: AccountId) -> tuple[str, ...]:
        """What the server wanted people to see, each text once."""
        self._here()
        with self._free:
            kept = self._accounts.get(account_id)
            if kept is None:
                return ()
            taken, kept.alerts = tuple(dict.fromkeys(kept.alerts)), []
            return taken

    def beside(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run something beside the request, in one of a few threads that are started on first use."""
        self._here()
        with self._free:
            if self._executor is None:
                self._executor = ThreadPoolExecutor(self._workers, thread_name_prefix="imap-beside")
            return self._executor.submit(function, *args, **kwargs)

    def close_account(self, account_id: AccountId) -> None:
        """Close what is idle of an account now, and what is lent when it comes back."""
        self._here()
        with self._free:
            kept = self._accounts.get(account_id)
            if kept is None:
                return
            kept.generation += 1
            idle, kept.idle = kept.idle, []
        for one in idle:
            one.connection.close()

    def close(self) -> None:
        """Close everything; waits for what still runs beside a request."""
        self._here()
        executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown(cancel_futures=True)
        for account_id in list(self._accounts):
            self.close_account(account_id)


def _distance(idle: _Idle, prefer: str | None) -> tuple[int, float]:
    selected = idle.connection.selected
    if selected is None:
        return 1, idle.since
    return (0, -idle.since) if selected.name == prefer else (2, idle.since)


def _answers(connection: Connection) -> bool:
    try:
        connection.noop()
    except WebmailError:
        return False
    return connection.usable
