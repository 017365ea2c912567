"""Time zones as calendars name them: by the IANA name, by Windows' name, or by rules of their own (RFC 5545 §3.6.5)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from babel.core import get_global

from webmail.formats.content_lines import Line

_MOST_ZONES = 50
_MOST_ONSETS = 200
_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})(?::?(\d{2}))?")
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_NAMED = re.compile(r"[A-Za-z0-9_+-]{1,40}(?:/[A-Za-z0-9_+-]{1,40}){0,2}")
_WINDOWS: Mapping[str, str] = get_global("windows_zone_mapping")


@dataclass(slots=True)
class Observance:
    """Standard time or summer time: the offset from UTC while it holds, and when in each year it begins."""

    offset: timedelta
    before: timedelta
    onsets: list[datetime] = field(default_factory=list)
    month: int = 0
    nth: int = 0
    weekday: int = 0
    last_year: int = 9999

    def begun(self, moment: datetime) -> datetime | None:
        """When it last began before a moment of local time."""
        first = min(self.onsets, default=None)
        if first is None:
            return None
        found = [onset for onset in self.onsets if onset <= moment]
        for year in (moment.year, moment.year - 1) if self.month else ():
            if first.year < year <= self.last_year and (onset := self._in(year, first)) <= moment:
                found.append(onset)
        return max(found, default=None)

    def _in(self, year: int, first: datetime) -> datetime:
        if self.nth > 0:
            start = date(year, self.month, 1)
            day = start + timedelta(days=(self.weekday - start.weekday()) % 7 + 7 * (min(self.nth, 4) - 1))
        else:
            following = date(year + self.month // 12, self.month % 12 + 1, 1) - timedelta(days=1)
            day = following - timedelta(days=(following.weekday() - self.weekday) % 7)
        return datetime.combine(day, first.time())


@dataclass(frozen=True, slots=True)
class Zones:
    """The zones that a calendar describes itself."""

    own: Mapping[str, list[Observance]]

    def applied(self, naive: datetime, name: str) -> datetime:
        """The moment in the zone of a name; still without a zone where nobody knows the name."""
        if name.upper() in ("UTC", "GMT", "Z", "ETC/UTC"):
            return naive.replace(tzinfo=UTC)
        zone = named(name)
        if zone is not None:
            return naive.replace(tzinfo=zone)
        described = self.own.get(name)
        return naive.replace(tzinfo=timezone(_offset_at(described, naive))) if described else naive


def named(name: str) -> ZoneInfo | None:
    """The zone of an IANA name, of a longer name that ends in one, or of Windows' name; None for any other."""
    name = _WINDOWS.get(name, name).strip("/ ")
    pieces = name.split("/")[-3:]
    for begin in range(len(pieces)):
        candidate = "/".join(pieces[begin:])
        if _NAMED.fullmatch(candidate) and (begin == 0 or "/" in candidate):
            try:
                return ZoneInfo(candidate)
            except (KeyError, ValueError, OSError):
                continue
    return None


def zones(components: Iterable[tuple[str, list[Line]]]) -> Zones:
    """The zones described by VTIMEZONE components and the STANDARD and DAYLIGHT ones that follow each."""
    own: dict[str, list[Observance]] = {}
    current: list[Observance] = []
    for name, lines in components:
        first = {line.name: line for line in reversed(lines)}
        if name == "VTIMEZONE":
            current = own.setdefault(first["TZID"].value, []) if "TZID" in first and len(own) < _MOST_ZONES else []
        elif (found := _observance(first, lines)) is not None and len(current) < _MOST_ONSETS:
            current.append(found)
    return Zones(own)


def _observance(first: Mapping[str, Line], lines: list[Line]) -> Observance | None:
    offset = _offset(first.get("TZOFFSETTO"))
    if offset is None:
        return None
    before = _offset(first.get("TZOFFSETFROM"))
    found = Observance(offset, offset if before is None else before)
    for line in lines:
        if line.name in ("DTSTART", "RDATE"):
            found.onsets += [onset for each in line.value.split(",")[:_MOST_ONSETS] if (onset := _onset(each)) is not None]
    if "RRULE" in first:
        _ruled(found, first["RRULE"].value)
    return found


def _ruled(found: Observance, rule: str) -> None:
    """What of a yearly rule is needed: the month, and which weekday of it. Others leave the onsets that are named."""
    told = {name.strip().upper(): value.strip().upper() for name, _, value in (each.partition("=") for each in rule.split(";")[:20])}
    day = re.fullmatch(r"([+-]?\d)?(MO|TU|WE|TH|FR|SA|SU)", told.get("BYDAY", ""))
    month = told.get("BYMONTH", "")
    if told.get("FREQ") == "YEARLY" and day and month.isascii() and month.isdigit() and 1 <= int(month) <= 12:
        found.month, found.nth, found.weekday = int(month), int(day[1] or 1), _DAYS.index(day[2])
        until = told.get("UNTIL", "")[:4]
        found.last_year = int(until) if until.isascii() and until.isdigit() else 9999


def _onset(value: str) -> datetime | None:
    told = re.match(r"(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2}))?", value.strip())
    try:
        return datetime(*(int(each or 0) for each in told.groups())) if told else None  # type: ignore[arg-type]  # noqa: DTZ001 - local by its nature
    except ValueError:
        return None


def _offset(line: Line | None) -> timedelta | None:
    told = _OFFSET.match(line.value.strip()) if line else None
    if told is None:
        return None
    length = timedelta(hours=int(told[2]), minutes=int(told[3]), seconds=int(told[4] or 0))
    return max(-timedelta(hours=23), min(timedelta(hours=23), -length if told[1] == "-" else length))


def _offset_at(described: list[Observance], moment: datetime) -> timedelta:
    begun = [(onset, each.offset) for each in described if (onset := each.begun(moment)) is not None]
    return max(begun, key=lambda pair: pair[0])[1] if begun else described[0].before
