"""Where the filters of an account are kept, and so who runs them: this webmail, where the mail server has nothing for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from webmail.account import Server
from webmail.formats.filters import MailFilter
from webmail.mail import filtering
from webmail.mail.filter_pages import Standing
from webmail.mail.session import MailSession, account
from webmail.store import filters

Place = Server | None
"""The server of scripts, or None where filters run here."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """Filters as they were found; ``stamp`` says which they were."""

    filters: tuple[MailFilter, ...]
    stamp: str
    standing: Standing


def read(session: MailSession, place: Place) -> Shelf:
    """The filters of the account shown. One look-up where they are kept here."""
    kept = filters.get(session.database, account(session).id)
    return Shelf(kept.filters if kept else (), str(kept.revision if kept else 0), Standing(host=place.host if place else ""))


def write(
    session: MailSession,
    place: Place,  # noqa: ARG001
    shelf: Shelf,
    wanted: Sequence[MailFilter],
    *,
    now: datetime,
    agreed: bool = False,  # noqa: ARG001
) -> None:
    """Keep filters in place of those of a shelf. Raises Conflict("filters_changed") where these are others by now."""
    filters.put(session.database, account(session).id, wanted, revision=int(shelf.stamp), now=now)
    if not any(each.enabled for each in shelf.filters):
        # What came while no filter was on is not theirs.
        filtering.begin(session, now=now)
