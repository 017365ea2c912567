"""Times to send at: the usual ones and any other, in the person's time zone. Pure but for the zones the system knows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from webmail.errors import InvalidInput

EVENING, MORNING = time(18), time(8)
CHOICES = ("evening", "tomorrow", "monday")
AT = "at"
"""The choice of a time that is written out."""
FARTHEST = timedelta(days=366 * 5)


@dataclass(frozen=True, slots=True)
class Choice:
    """A time that is offered: its name and when it is."""

    name: str
    at: datetime


def zone(name: str) -> ZoneInfo | None:
    """The zone of a name; None for the server's own. Raises InvalidInput("time_zone")."""
    if not name:
        return None
    if name not in zones():
        raise InvalidInput("time_zone", field="zone", value=name)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError) as error:
        raise InvalidInput("time_zone", field="zone", value=name) from error


@lru_cache(maxsize=1)
def zones() -> tuple[str, ...]:
    """The names of all zones, those of regions only, sorted."""
    kept = ("Africa/", "America/", "Antarctica/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")
    return ("UTC", *sorted(name for name in available_timezones() if name.startswith(kept)))


def choices(now: datetime, name: str) -> tuple[Choice, ...]:
    """This evening (while it is still to come), tomorrow morning, Monday morning, as moments in UTC."""
    here = now.astimezone(zone(name))
    tomorrow, monday = here.date() + timedelta(days=1), here.date() + timedelta(days=7 - here.weekday())
    offered = [("evening", here.date(), EVENING), ("tomorrow", tomorrow, MORNING), ("monday", monday, MORNING)]
    found = [Choice(each, _moment(datetime.combine(day, clock), name)) for each, day, clock in offered]
    return tuple(each for each in found if each.at > now + timedelta(minutes=5))


def chosen(choice: str, *, written: str, name: str, now: datetime) -> datetime:
    """The moment that was chosen, by the name of a choice or as a local date and time (``2026-03-01T08:00``).

    Raises InvalidInput: ``time_unknown``, ``time_over``, ``time_zone``. A time that a change of the clocks leaves out is
    taken an hour later, one that comes twice is the first.
    """
    offered = {each.name: each.at for each in choices(now, name)}
    if choice in offered:
        return offered[choice]
    if choice in CHOICES:
        raise InvalidInput("time_over", field="later")
    try:
        local = datetime.strptime(written.strip().replace(" ", "T")[:16], "%Y-%m-%dT%H:%M")  # noqa: DTZ007 - the zone is beside it
        at = _moment(local, name)
    except (ValueError, OverflowError) as error:
        raise InvalidInput("time_unknown", field="later", value=written) from error
    if at <= now:
        raise InvalidInput("time_over", field="later")
    if at - now > FARTHEST:
        raise InvalidInput("time_unknown", field="later", value=written)
    return at


def _moment(local: datetime, name: str) -> datetime:
    where = zone(name)
    return (local.replace(tzinfo=where) if where else local).astimezone(UTC)
