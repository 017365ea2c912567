"""Calendars that come by mail, read for being looked at: what, when, where, who, and what is asked (RFC 5545, RFC 5546)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from webmail.formats.content_lines import Line, lines
from webmail.formats.timezones import Zones, zones

MOST_EVENTS = 20
MOST_PEOPLE = 100
_SHOWN = ("VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VAVAILABILITY")
_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks or is asked. ``answer`` is the word of PARTSTAT in small letters; ``optional`` for who need not come."""

    name: str
    address: str
    answer: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class When:
    """A day, or a moment of it. A moment whose ``zone`` nobody knows, or that has none, is a time of day only."""

    value: date | datetime
    zone: str = ""

    @property
    def whole_day(self) -> bool:
        return not isinstance(self.value, datetime)


@dataclass(frozen=True, slots=True)
class Repetition:
    """How often something repeats: ``frequency`` in small letters, each ``interval`` of them, ``count`` times or until a day."""

    frequency: str
    interval: int = 1
    count: int = 0
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One thing in a calendar. ``kind`` is event, todo, journal, freebusy, availability or alarm.

    ``ends`` is the last day of whole days.
    """

    kind: str
    summary: str = ""
    description: str = ""
    location: str = ""
    status: str = ""
    starts: When | None = None
    ends: When | None = None
    organizer: Person | None = None
    attendees: tuple[Person, ...] = ()
    more_attendees: int = 0
    repeats: Repetition | None = None
    uid: str = ""


@dataclass(frozen=True, slots=True)
class Calendar:
    """A calendar: ``method`` is what is asked, in small letters (request, cancel, reply, publish), or empty."""

    method: str = ""
    name: str = ""
    events: tuple[Event, ...] = ()
    more: int = 0


@dataclass(slots=True)
class _Component:
    name: str
    lines: list[Line] = field(default_factory=list)


def calendar(text: str) -> Calendar | None:
    """What a calendar holds, perhaps without any event; None for what is no calendar at all.

    Never raises; linear: half a million characters, 10,000 lines and twenty events at most. Times are given in the zone they
    were written in; nothing is looked up.
    """
    top, components = _components(lines(text))
    first = _firsts(top)
    known = zones(components_named(components, ("VTIMEZONE", "STANDARD", "DAYLIGHT")))
    shown = [component for component in components if component.name in _SHOWN] or [
        component for component in components if component.name == "VALARM"
    ]
    if not shown and any(line.name in ("DTSTART", "SUMMARY") for line in top):
        shown = [_Component("VEVENT", top)]
    events = [event for component in shown[:MOST_EVENTS] if _tells(event := _event(component, known))]
    name = _told(first, "NAME") or _told(first, "X-WR-CALNAME")
    if not events and not name and not components:
        return None
    method = _told(first, "METHOD").lower()
    return Calendar(method, name, tuple(events), max(0, len(shown) - MOST_EVENTS))


def components_named(components: Iterable[_Component], names: tuple[str, ...]) -> list[tuple[str, list[Line]]]:
    """The names and lines of components that have one of these names, in order."""
    return [(component.name, component.lines) for component in components if component.name in names]


def _components(given: Iterable[Line]) -> tuple[list[Line], list[_Component]]:
    """The lines of the calendar itself, and its components in order; alarms inside others are apart from them."""
    top: list[Line] = []
    found: list[_Component] = []
    opened: list[_Component] = []
    for line in given:
        if line.name == "BEGIN":
            component = _Component(line.value.upper(), top if line.value.upper() == "VCALENDAR" else [])
            if len(opened) < _DEEPEST:
                opened.append(component)
            found.append(component)
        elif line.name == "END":
            if opened:
                opened.pop()
        elif opened:
            opened[-1].lines.append(line)
        else:
            top.append(line)
    return top, found


def _firsts(given: Iterable[Line]) -> dict[str, Line]:
    first: dict[str, Line] = {}
    for line in given:
        first.setdefault(line.name, line)
    return first


def _told(first: Mapping[str, Line], name: str) -> str:
    return first[name].text if name in first else ""


def _tells(event: Event) -> bool:
    return bool(event.summary or event.starts or event.ends or event.description or event.location or event.attendees or event.organizer)


def _event(component: _Component, known: Zones) -> Event:
    first = _firsts(component.lines)
    starts = _when(first.get("DTSTART") or first.get("RDATE") or first.get("FREEBUSY"), known)
    people = [person for line in component.lines if line.name == "ATTENDEE" and (person := _person(line))]
    organizer = first.get("ORGANIZER")
    return Event(
        component.name.removeprefix("V").lower(),
        summary=_told(first, "SUMMARY"),
        description=_told(first, "DESCRIPTION") or _told(first, "COMMENT"),
        location=_told(first, "LOCATION"),
        status=_told(first, "STATUS").lower(),
        starts=starts,
        ends=_ends(first, starts, known),
        organizer=_person(organizer) if organizer else None,
        attendees=tuple(people[:MOST_PEOPLE]),
        more_attendees=max(0, len(people) - MOST_PEOPLE),
        repeats=_repetition(first.get("RRULE")),
        uid=_told(first, "UID")[:255],
    )


def _ends(first: Mapping[str, Line], starts: When | None, known: Zones) -> When | None:
    ends = _when(first.get("DTEND") or first.get("DUE"), known)
    if ends is None and starts is not None and "DURATION" in first:
        length = duration(first["DURATION"].value)
        try:
            ends = When(starts.value + length, starts.zone) if length else None
        except OverflowError:
            ends = None
    if ends is not None and starts is not None and ends.whole_day and starts.whole_day and "DUE" not in first:
        # The end of whole days is the first day that is free again (RFC 5545 §3.6.1).
        last = ends.value - timedelta(days=1) if ends.value > starts.value else ends.value
        return When(last) if last > starts.value else None
    return ends


def _person(line: Line) -> Person | None:
    address = re.sub(r"(?i)^\s*mailto:", "", line.value)[:320]
    name = line.params.get("CN", "")[:200]
    if not (address or name):
        return None
    return Person(name, address, line.params.get("PARTSTAT", "").lower(), optional=line.params.get("ROLE", "").upper() == "OPT-PARTICIPANT")


_MOMENT = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?:[T ](\d{2}):?(\d{2})(?::?(\d{2}))?(?:\.\d{1,6})?(Z)?)?", re.IGNORECASE)


def _when(line: Line | None, known: Zones) -> When | None:
    """A day or moment; None where it is none, or before 1900 and after 9990, where calendars hold nonsense."""
    told = _MOMENT.match(line.value.strip()) if line else None
    if line is None or told is None:
        return None
    year, month, day = int(told[1]), int(told[2]), int(told[3])
    try:
        if told[4] is None:
            return When(date(year, month, day)) if 1900 <= year <= 9990 else None
        naive = datetime(year, month, day, int(told[4]), int(told[5]), min(59, int(told[6] or 0)))  # noqa: DTZ001 - its zone follows
    except ValueError:
        return None
    if not 1900 <= year <= 9990:
        return None
    name = "UTC" if told[7] else line.params.get("TZID", "")[:100]
    zoned = known.applied(naive, name)
    return When(zoned, name)


_DURATION = re.compile(r"([+-])?P(?:(\d{1,6})W)?(?:(\d{1,6})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,8})S)?)?", re.IGNORECASE)


def duration(value: str) -> timedelta | None:
    """The length that a DURATION tells; None where it is none, or negative."""
    told = _DURATION.fullmatch(value.strip())
    if told is None or told[1] == "-":
        return None
    weeks, days, hours, minutes, seconds = (int(each or 0) for each in told.groups()[1:])
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)


_FREQUENCIES = frozenset({"hourly", "daily", "weekly", "monthly", "yearly"})


def _repetition(line: Line | None) -> Repetition | None:
    """How often it repeats, without the finer rules."""
    if line is None:
        return None
    told = {name.strip().upper(): value.strip() for name, _, value in (each.partition("=") for each in line.value.split(";")[:30])}
    frequency = told.get("FREQ", "").lower()
    if frequency not in _FREQUENCIES:
        return None
    until = _MOMENT.match(told.get("UNTIL", ""))
    try:
        last = date(int(until[1]), int(until[2]), int(until[3])) if until else None
    except ValueError:
        last = None
    return Repetition(frequency, _number(told.get("INTERVAL", ""), usual=1), _number(told.get("COUNT", ""), usual=0), last)


def _number(text: str, *, usual: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) <= 6 else usual
