"""The worker: looks for due work each second or when woken, delivers submissions, keeps the index up, and has accounts watched.

Deliveries run in threads of their own, because the answer to a message may take ten minutes; upkeep runs in one thread,
so that a page request never competes with more than one index writer. Work is claimed in the database: any number of
workers may run, and one that is killed loses nothing.
"""

from __future__ import annotations

import logging
import secrets
import threading
from datetime import UTC, datetime
from time import monotonic

from webmail.account import AccountId
from webmail.jobs import watcher
from webmail.mail import accounts, delivery, events, upkeep, verifying, wakeup
from webmail.mail.session import Gate

LOG = logging.getLogger(__name__)
LOOK_SECONDS = 1.0
TIDY_SECONDS = 60.0
LAST_SECONDS = 3.0
"""How long the upkeep under way may go on at the end; all told the worker ends within five seconds."""
DELIVERIES = 8
KEEP_SECONDS = 15.0


def run(gate: Gate, *, stop: threading.Event) -> None:
    """Work until ``stop`` is set; what is running then gets a few seconds to reach a stored state."""
    owner = secrets.token_hex(8)
    verifying.announce(gate)
    upkeeper = threading.Thread(target=_keep_up, args=(gate, owner, stop), name="upkeep", daemon=True)
    upkeeper.start()
    looker = threading.Thread(
        target=watcher.run, args=(gate,), kwargs={"owner": f"{owner}-watch", "stop": stop}, name="watcher", daemon=True
    )
    looker.start()
    room, owned = threading.Semaphore(DELIVERIES), dict[str, int]()
    threading.Thread(target=_keep_claims, args=(gate, owned, stop), name="claims", daemon=True).start()
    with wakeup.waiter(gate) as waiter:
        while not stop.is_set():
            while room.acquire(blocking=False):
                if not _deliver_next(gate, owner=owner, room=room, owned=owned):
                    room.release()
                    break
            waiter.wait(LOOK_SECONDS)
    upkeeper.join(timeout=LAST_SECONDS)
    looker.join(timeout=LAST_SECONDS)


def _keep_claims(gate: Gate, owned: dict[str, int], stop: threading.Event) -> None:
    """Say of the deliveries under way that they are alive, so that nobody else takes them up."""
    while not stop.wait(KEEP_SECONDS):
        try:
            delivery.keep_claims(gate, [(submission_id, name) for name, submission_id in list(owned.items())])
        except Exception:
            LOG.exception("claims could not be kept")


def _deliver_next(gate: Gate, *, owner: str, room: threading.Semaphore, owned: dict[str, int]) -> bool:
    """Start the next due delivery in a thread of its own; tells whether there was one.

    The threads are daemons: the end of the worker does not wait for an answer that may take minutes. What was stored
    before tells the next worker how far each one got.
    """
    name = f"{owner}-{secrets.token_hex(4)}"
    try:
        found = delivery.claim(gate, owner=name)
    except Exception:
        # The database is busy, full or away: what is due is due later too.
        LOG.exception("looking for deliveries failed")
        return False
    if found is None:
        return False
    owned[name] = found.id

    def deliver() -> None:
        try:
            delivery.advance(gate, found, owner=name)
        except Exception:
            LOG.exception("delivery of submission %d stopped", found.id)
        finally:
            owned.pop(name, None)
            room.release()

    threading.Thread(target=deliver, name=f"delivery-{found.id}", daemon=True).start()
    return True


def _keep_up(gate: Gate, owner: str, stop: threading.Event) -> None:
    """Do due upkeep, one piece at a time."""
    tidied = monotonic()
    unused: set[AccountId] = set()
    while not stop.is_set():
        try:
            if monotonic() - tidied > TIDY_SECONDS:
                tidied = monotonic()
                unused = accounts.forget_unused(gate, now=datetime.now(UTC), unused_before=unused)
                events.tidy(gate, now=datetime.now(UTC))
            job = upkeep.claim(gate, owner=owner)
            if job is not None:
                upkeep.run(gate, job)
        except Exception:
            LOG.exception("upkeep stopped")
            job = None
        if job is None:
            stop.wait(LOOK_SECONDS)
