"""Watcher: an account watched in a thread, with connections of its own, as the worker has it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.servers.person import Person
from webmail.imap.pool import Pool
from webmail.mail import watching
from webmail.store import sessions


class Watcher:
    """Watches whoever is to be watched until ``stop`` is set."""

    def __init__(self, person: Person) -> None:
        self.gate = replace(person.gate, imap=Pool(limit=2, timeout=person.gate.imap.timeout))
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self.stop.is_set():
            job = watching.claim(self.gate, owner="test")
            if job is not None:
                watching.watch(self.gate, job, stop=self.stop.is_set)
            self.stop.wait(0.05)

    @property
    def job(self) -> str:
        """What the stored job says: nothing, who has it, or the error it waits after."""
        with self.gate.database.durable() as connection:
            row = connection.exec_driver_sql("SELECT claimed_by, error FROM jobs WHERE kind = 'watch'").first()
        return "none" if row is None else str(row[1] or row[0] or "due")


def arrive(person: Person) -> None:
    """Somebody is here, in a browser."""
    mine = person.session.accounts[0]
    sessions.create(
        person.gate.database,
        user_id=mine.user_id,
        account_id=mine.id,
        address="",
        agent="",
        now=datetime.now(UTC),
        data={},
        lifetime=timedelta(days=1),
    )


@contextmanager
def watching_over(person: Person) -> Iterator[Watcher]:
    """Watch somebody who is here."""
    arrive(person)
    person.page()
    person.work()
    watching.want(person.gate.database, person.session.accounts[0].id)
    watcher = Watcher(person)
    with watching.on_duty(person.gate):
        watcher.thread.start()
        try:
            yield watcher
        finally:
            watcher.stop.set()
            watcher.thread.join(20)
            watcher.gate.imap.close()
    assert not watcher.thread.is_alive()


@pytest.fixture
def watch() -> Iterator[Callable[[Person], Watcher]]:
    """Begins to watch somebody; ends with the test."""
    with ExitStack() as stack:
        yield lambda person: stack.enter_context(watching_over(person))


def wait_until(true: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until something has come true."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "this takes too long"
        time.sleep(0.02)
