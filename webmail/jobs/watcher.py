"""The watcher: keeps one connection open for each account that somebody uses, on which the server tells what happens.

Each account is watched in a thread of its own, which mostly waits. Accounts are claimed in the database: any number of
workers may run, and each account is watched once.
"""

from __future__ import annotations

import logging
import threading
from time import monotonic

from webmail.errors import WebmailError
from webmail.mail import wakeup, watching
from webmail.mail.session import Gate

LOG = logging.getLogger(__name__)
LOOK_SECONDS = 1.0
LAST_SECONDS = 3.0
MOST = 200
"""Accounts watched by one process; the others are looked at once a minute, as without a watcher."""


def run(gate: Gate, owner: str, stop: threading.Event) -> None:
    """Watch until ``stop`` is set; then every connection gets a moment to end."""
    threads: list[threading.Thread] = []
    with watching.on_duty(gate), wakeup.waiter(gate) as waiter:
        while not stop.is_set():
            threads = [each for each in threads if each.is_alive()]
            while len(threads) < MOST and (started := _watch_next(gate, owner=owner, stop=stop)) is not None:
                threads.append(started)
            waiter.wait(LOOK_SECONDS)
        until = monotonic() + LAST_SECONDS
        for each in threads:
            each.join(max(0.0, until - monotonic()))


def _watch_next(gate: Gate, *, owner: str, stop: threading.Event) -> threading.Thread | None:
    """Watch the next account that is due, in a thread of its own; None if there is none."""
    try:
        job = watching.claim(gate, owner=owner)
    except WebmailError:
        # The database is busy or away: who is to be watched is looked for again in a second.
        LOG.exception("looking for accounts to watch failed")
        return None
    if job is None:
        return None

    def watch() -> None:
        try:
            watching.watch(gate, job, stop=stop.is_set)
        except Exception:
            LOG.exception("watching account %d stopped", job.account_id)

    thread = threading.Thread(target=watch, name=f"watch-{job.account_id}", daemon=True)
    thread.start()
    return thread
