"""Where the filters of an account are kept, and so who runs them: the mail server, as a Sieve script, or this webmail.

On the server there is one script of ours. Scripts that others made are never lost: one that is active when ours is first made is
included by it, or stays active until the person decides; ours, where another program has changed it, is kept under another name
before it is written anew, and only when the person says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from webmail import managesieve
from webmail.account import Server
from webmail.errors import Conflict, ServerRefused
from webmail.formats import sieve
from webmail.formats.filters import Field, MailFilter
from webmail.formats.sieve import Script
from webmail.mail import filtering
from webmail.mail.filter_pages import Runner, Standing
from webmail.mail.session import MailSession, account
from webmail.managesieve import Visit
from webmail.store import credentials, filters

Place = Server | None
"""The server of scripts, or None where filters run here."""
NAME = "webmail"


@dataclass(frozen=True, slots=True)
class Shelf:
    """Filters as they were found; ``stamp`` says which they were."""

    filters: tuple[MailFilter, ...]
    stamp: str
    standing: Standing


@dataclass(frozen=True, slots=True)
class _There:
    """What is on the server: our script as text and as it reads, all names, and the one that is active."""

    text: str
    script: Script
    names: frozenset[str]
    active: str

    @property
    def stamp(self) -> str:
        return hashlib.sha256(self.text.encode("utf-8", "replace")).hexdigest()[:20] if NAME in self.names else "0"

    @property
    def other(self) -> str:
        """A script made elsewhere that is active."""
        return self.active if self.active != NAME else ""


def read(session: MailSession, place: Place) -> Shelf:
    """The filters of the account shown. One look-up where they are kept here, else a visit to the server; raises its errors."""
    if place is None:
        kept = filters.get(session.database, account(session).id)
        return Shelf(kept.filters if kept else (), str(kept.revision if kept else 0), Standing())
    with _visit(session, place) as found:
        there = _look(found)
        return Shelf(there.script.filters, there.stamp, _standing(place, there, found))


def write(session: MailSession, place: Place, shelf: Shelf, wanted: Sequence[MailFilter], *, now: datetime) -> None:
    """Keep filters in place of those of a shelf, and let them run where no script made elsewhere stands in the way.

    Raises Conflict: ``filters_changed`` where these are others by now, ``filter_edited`` where another program has changed our
    script. And what the server says of the script, before anything is changed.
    """
    if place is None:
        filters.put(session.database, account(session).id, wanted, revision=int(shelf.stamp), now=now)
        if not any(each.enabled for each in shelf.filters):
            # What came while no filter was on is not theirs.
            filtering.begin(session, now=now)
        return
    with _visit(session, place) as found:
        there = _unchanged(found, shelf.stamp)
        if there.script.edited:
            raise Conflict("filter_edited")
        include = there.script.include
        first = NAME not in there.names
        if first and there.other and "include" in found.extensions:
            include = there.other
        found.put(NAME, sieve.write(wanted, include=include))
        # A script that somebody has made active since is so on purpose.
        if first and (include or not there.other):
            found.activate(NAME)


def take_over(session: MailSession, place: Place, *, stamp: str, now: datetime) -> None:
    """Let our filters run, as the person has decided: what another program made of our script is kept under a name of its own, and
    a script that is active is included, or, where the server knows no such thing, no longer active. Raises as ``write``.
    """
    if place is None:
        return
    with _visit(session, place) as found:
        there = _unchanged(found, stamp)
        kept = there.script.include if there.script.ours and there.script.include in there.names else ""
        if there.script.edited:
            backup = _free(there.names, f"{NAME}-{now:%Y-%m-%d}")
            found.put(backup, there.text)
            # A script that was never ours goes on doing what it did.
            kept = backup if not there.script.ours and there.active == NAME else kept
        include = (there.other or kept) if "include" in found.extensions else ""
        found.put(NAME, sieve.write(there.script.filters, include=include))
        found.activate(NAME)


@contextmanager
def _visit(session: MailSession, place: Server) -> Iterator[Visit]:
    mine = account(session)
    with managesieve.visit(place, credentials.read(session.database, session.database.key, mine.id)) as found:
        yield found


def _look(found: Visit) -> _There:
    scripts = found.scripts()
    text = found.get(NAME) if NAME in scripts else ""
    active = next((name for name, is_active in scripts.items() if is_active), "")
    return _There(text, sieve.read(text), frozenset(scripts), active)


def _unchanged(found: Visit, stamp: str) -> _There:
    """What is on the server, if it is still what the page showed. Raises Conflict("filters_changed")."""
    there = _look(found)
    if there.stamp != stamp:
        raise Conflict("filters_changed")
    return there


def _free(names: frozenset[str], wanted: str) -> str:
    """A name that no script has."""
    candidates = (wanted, *(f"{wanted}-{number}" for number in range(2, 1000)))
    free = next((each for each in candidates if each not in names), None)
    if free is None:
        raise ServerRefused("limit")
    return free


def _standing(place: Server, there: _There, found: Visit) -> Standing:
    known = tuple(each for each in Field if each is not Field.BODY or "body" in found.extensions)
    running = there.active == NAME
    return Standing(
        Runner.SERVER,
        place.host,
        active=running,
        other=there.other or (there.script.include if there.script.include in there.names else ""),
        included=running and bool(there.script.include),
        includes="include" in found.extensions,
        edited=there.script.edited,
        fields=known,
    )
