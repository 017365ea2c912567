"""Dates, times and figures in the reader's language, cheap enough for every row of a list.

Without script the browser's time zone is unknown, so times are shown in the server's own. Formatting by Babel costs
tens of microseconds a call; each day and each minute of the clock is therefore formatted once and remembered.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time
from babel.numbers import format_decimal

from webmail.web import language
from webmail.web.language import words as _
from webmail.web.services import services


def local(moment: datetime) -> datetime:
    """The moment in the server's time zone."""
    return moment.astimezone()


def today() -> date:
    """The day it is now for the reader."""
    return local(services().now()).date()


@lru_cache(maxsize=2048)
def _clock(locale: str, hour: int, minute: int) -> str:
    return str(format_time(time(hour, minute), "short", locale=Locale.parse(locale)))


@lru_cache(maxsize=1024)
def _exact_clock(locale: str, hour: int, minute: int, second: int) -> str:
    return str(format_time(time(hour, minute, second), "medium", locale=Locale.parse(locale)))


@lru_cache(maxsize=2048)
def _day(locale: str, day: date, form: str) -> str:
    if form in ("full", "long"):
        return str(format_date(day, form, locale=Locale.parse(locale)))
    if form in ("EEE", "LLLL"):
        return str(format_date(day, form, locale=Locale.parse(locale)))
    return str(format_skeleton(form, datetime.combine(day, time(12), tzinfo=UTC), locale=Locale.parse(locale)))


def clock(moment: datetime) -> str:
    """The time of day: 09:41."""
    here = local(moment)
    return _clock(language.code(), here.hour, here.minute)


def exact_clock(moment: datetime) -> str:
    """The time of day with seconds: 09:41:07."""
    here = local(moment)
    return _exact_clock(language.code(), here.hour, here.minute, here.second)


def short(here: datetime, *, now: date, locale: str) -> str:
    """For the end of a row, of a local time: the time today, the weekday within a week, else the date."""
    day = here.date()
    if day == now:
        return _clock(locale, here.hour, here.minute)
    if timedelta(0) < now - day < timedelta(days=7):
        return _day(locale, day, "EEE")
    return _day(locale, day, "MMMd" if day.year == now.year else "yMMMd")


def full(here: datetime, *, locale: str) -> str:
    """The whole date and time of a local time, for a title."""
    return f"{_day(locale, here.date(), 'full')}, {_clock(locale, here.hour, here.minute)}"


def full_date(moment: datetime) -> str:
    """The whole date and time in the language of this request."""
    return full(local(moment), locale=language.code())


def day_of(moment: datetime) -> str:
    """The whole date of a moment, for a text that somebody writes."""
    return _day(language.code(), local(moment).date(), "long")


def spoken(moment: datetime) -> str:
    """For the head of a message: "Today, 09:41", "Sun 20:31", "12 Nov, 08:00"."""
    locale = language.code()
    here, now = local(moment), today()
    at = _clock(locale, here.hour, here.minute)
    age = now - here.date()
    if age == timedelta(0):
        return _("Today, %(time)s", time=at)
    if age == timedelta(days=1):
        return _("Yesterday, %(time)s", time=at)
    day = _day(locale, here.date(), "MMMEd" if here.year == now.year else "yMMMd")
    return _("%(date)s, %(time)s", date=day, time=at)


def saved(moment: datetime) -> str:
    """For a remark about something that just happened: the time today, else the date as well."""
    return clock(moment) if local(moment).date() == today() else spoken(moment)


def soon(moment: datetime, zone: tzinfo | None) -> str:
    """A time that is to come, in a zone that somebody chose: the time today, else with its day."""
    locale = language.code()
    here, now = moment.astimezone(zone), services().now().astimezone(zone).date()
    at = _clock(locale, here.hour, here.minute)
    if here.date() == now:
        return at
    day = _day(locale, here.date(), "MMMEd" if here.year == now.year else "yMMMEd")
    return _("%(date)s, %(time)s", date=day, time=at)


def group(day: date, *, now: date, locale: str) -> str:
    """The heading a row of that day stands under: a day, a week, a month."""
    age = (now - day).days
    monday = now - timedelta(days=now.weekday())
    if age == 0:
        return _("Today")
    if age == 1:
        return _("Yesterday")
    if age < 0:
        return _("In the future")
    if day >= monday:
        return _("Earlier this week")
    if day >= monday - timedelta(days=7):
        return _("Last week")
    return _day(locale, day.replace(day=1), "LLLL" if day.year == now.year else "yMMMM")


@lru_cache(maxsize=1024)
def _figure(locale: str, value: float) -> str:
    return str(format_decimal(value, locale=Locale.parse(locale)))


def number(value: int) -> str:
    """A count with the separators of the language: 1,284."""
    return _figure(language.code(), value)


def size(octets: int) -> str:
    """A size in KB, MB or GB."""
    locale = language.code()
    if octets < 1000 * 1024:
        return _("%(n)s KB", n=_figure(locale, max(1, round(octets / 1024))))
    if octets < 1000 * 1024 * 1024:
        return _("%(n)s MB", n=_figure(locale, round(octets / 1024**2, 1)))
    return _("%(n)s GB", n=_figure(locale, round(octets / 1024**3, 1)))
