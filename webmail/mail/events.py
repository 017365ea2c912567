"""Events: what happened to an account, for the pages that are open.

A page is drawn after the event that was the newest then, and asks for what came after it. Where something is missing in
between (the index was made anew, or the page slept for a day) it is told so, and must be drawn anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

from webmail.mail.session import Gate, MailSession, account
from webmail.store import events
from webmail.store.events import ARRIVED as ARRIVED
from webmail.store.events import CHANGED as CHANGED
from webmail.store.events import COUNTS as COUNTS
from webmail.store.events import FOLDERS as FOLDERS
from webmail.store.events import Event as Event
from webmail.store.jobs import Waiter

KEPT = timedelta(days=1)
MANY = 100


@dataclass(frozen=True, slots=True)
class Followed:
    """What happened since: the events, the id to ask after next, and whether some are missing before them."""

    events: tuple[Event, ...]
    last: int
    missed: bool = False


def newest(session: MailSession) -> int:
    """The id of the newest event, which a page about to be drawn follows from. One look-up."""
    return events.ends(session.database, account(session).id)[1]


def since(session: MailSession, last: int) -> Followed:
    """What happened after the event ``last``, at most a hundred at once. Two look-ups."""
    mine = account(session).id
    oldest, newest = events.ends(session.database, mine)
    if last > newest or (oldest and last and last < oldest - 1):
        return Followed((), newest, missed=True)
    found = events.since(session.database, mine, after=last, limit=MANY)
    return Followed(found, found[-1].id if found else last)


def wait(session: MailSession, last: int, *, waiter: Waiter, seconds: float) -> Followed:
    """As ``since``, but where nothing has happened yet it waits for it, at most so long.

    ``waiter`` is from ``wakeup.waiter``: one for each who waits. It is woken by everything that happens on this machine.
    """
    until = monotonic() + seconds
    while True:
        found = since(session, last)
        left = until - monotonic()
        if found.events or found.missed or left <= 0:
            return found
        waiter.wait(min(left, 1.0))


def tidy(gate: Gate, *, now: datetime) -> None:
    """Forget what no page will ask for any more. Called by the worker now and then."""
    events.prune(gate.database, before=now - KEPT)
