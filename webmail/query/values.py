"""The values of operators: days, ages and sizes as people write them."""

from __future__ import annotations

import calendar
import re
import unicodedata
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal

FIRST_YEAR, LAST_YEAR = 1900, 2999
MAX_OCTETS = 2**62

_NAMED_DAYS = {"today": 0, "yesterday": 1, "今天": 0, "昨天": 1}
_CHINESE_DATE = str.maketrans({"年": "-", "月": "-", "日": "", "号": ""})
_YEAR_FIRST = re.compile(r"([0-9]{4})(?:[-/.]([0-9]{1,2})(?:[-/.]([0-9]{1,2}))?)?[-/.]?")
_DAY_FIRST = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})")
_AGE = re.compile(r"([0-9]{1,5})([dwmy])")
_SIZE = re.compile(r"([0-9]{1,18})(?:[.,]([0-9]{1,6}))? ?([kmgt]?)(?:i?b|bytes?)?")
_UNITS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}


def moment(text: str, *, now: datetime, zone: tzinfo) -> datetime | None:
    """The beginning of the day that a date or an age (``3d``, ``2w``, ``5m``, ``1y``) names, in the person's zone; None: no date.

    A month or a year means its first day. An age counts back from today; one that goes back too far means the first day there is.
    """
    written = unicodedata.normalize("NFKC", text).strip().casefold()
    today = now.astimezone(zone).date()
    if written in _NAMED_DAYS:
        day: date | None = today - timedelta(days=_NAMED_DAYS[written])
    elif age := _AGE.fullmatch(written):
        day = _back(today, int(age[1]), age[2])
    else:
        day = _date(written.translate(_CHINESE_DATE))
    return None if day is None else datetime(day.year, day.month, day.day, tzinfo=zone)


def _date(written: str) -> date | None:
    if found := _YEAR_FIRST.fullmatch(written):
        year, month, day = int(found[1]), int(found[2] or 1), int(found[3] or 1)
    elif found := _DAY_FIRST.fullmatch(written):
        day, month, year = int(found[1]), int(found[2]), int(found[3])
    else:
        return None
    if not (FIRST_YEAR <= year <= LAST_YEAR and 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]):
        return None
    return date(year, month, day)


def _back(today: date, count: int, unit: str) -> date:
    """The day so many days, weeks, months or years before; the last of its month where the month is too short."""
    first = date(FIRST_YEAR, 1, 1)
    if unit in "dw":
        return max(first, today - timedelta(days=min(count * (7 if unit == "w" else 1), (today - first).days)))
    months = today.year * 12 + today.month - 1 - count * (12 if unit == "y" else 1)
    year, month = divmod(months, 12)
    if year < FIRST_YEAR:
        return first
    return date(year, month + 1, min(today.day, calendar.monthrange(year, month + 1)[1]))


def octets(text: str) -> int | None:
    """The size that ``10M``, ``500k``, ``1.5MB`` or ``2000`` means, in steps of 1,024 as sizes are shown; None: no size."""
    found = _SIZE.fullmatch(unicodedata.normalize("NFKC", text).strip().casefold())
    if found is None:
        return None
    size = int(Decimal(f"{found[1]}.{found[2] or 0}") * _UNITS[found[3]])
    return size if size <= MAX_OCTETS else None
