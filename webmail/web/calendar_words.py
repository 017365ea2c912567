"""The words of invitations and cards: what is asked, when it is for the reader, how often, and who comes."""

from __future__ import annotations

from datetime import date, datetime

from babel import Locale
from babel.dates import format_date
from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext

from webmail.formats.icalendar import Calendar, Event, Person, Repetition, When
from webmail.formats.vcard import Labelled
from webmail.web import language, times

TITLES = {
    "request": lazy_gettext("Invitation"),
    "cancel": lazy_gettext("Cancelled"),
    "reply": lazy_gettext("Answer to an invitation"),
    "counter": lazy_gettext("Another time is proposed"),
    "declinecounter": lazy_gettext("The proposed time is declined"),
    "refresh": lazy_gettext("Somebody asks for the newest state of an event"),
    "add": lazy_gettext("More dates of an event"),
}
KINDS = {
    "event": lazy_gettext("Event"),
    "todo": lazy_gettext("Task"),
    "journal": lazy_gettext("Journal entry"),
    "freebusy": lazy_gettext("Times that are free or busy"),
    "availability": lazy_gettext("Times that are free or busy"),
    "alarm": lazy_gettext("Reminder"),
}
ANSWERS = {
    "accepted": lazy_gettext("accepted"),
    "declined": lazy_gettext("declined"),
    "tentative": lazy_gettext("perhaps"),
    "delegated": lazy_gettext("sends somebody else"),
}
PLACES = {
    "home": lazy_gettext("home"),
    "work": lazy_gettext("work"),
    "cell": lazy_gettext("mobile"),
    "fax": lazy_gettext("fax"),
}


def calendar_title(calendar: Calendar, event: Event | None = None) -> str:
    """What a calendar asks or tells, in a word or two."""
    if event is not None and event.status == "cancelled":
        return str(TITLES["cancel"])
    if calendar.method in TITLES:
        return str(TITLES[calendar.method])
    return str(KINDS.get(event.kind if event else "event", KINDS["event"]))


def calendar_leaf(event: Event) -> tuple[str, str, str] | None:
    """The leaf of a calendar for the day it begins: month, day, weekday."""
    if event.starts is None:
        return None
    day = _here(event.starts)
    locale = Locale.parse(language.code())
    return tuple(str(format_date(day, form, locale=locale)) for form in ("MMM", "d", "EEE"))  # type: ignore[return-value]  # three forms


def _here(when: When) -> date:
    """The day, or the moment in the reader's zone."""
    if isinstance(when.value, datetime):
        return times.local(when.value) if when.value.tzinfo else when.value
    return when.value


def _day(day: date) -> str:
    return str(format_date(day, "full", locale=Locale.parse(language.code())))


def _moment(here: date) -> str:
    return times.full(here, locale=language.code()) if isinstance(here, datetime) else _day(here)


def event_time(event: Event) -> str:
    """When it is, in the reader's zone; empty where it does not say."""
    if event.starts is None:
        return _("until %(time)s", time=_moment(_here(event.ends))) if event.ends else ""
    begins = _here(event.starts)
    if event.ends is None:
        return _moment(begins)
    ends = _here(event.ends)
    if isinstance(begins, datetime) and isinstance(ends, datetime) and begins.date() == ends.date():
        return _("%(begin)s to %(end)s", begin=_moment(begins), end=times.full(ends, locale=language.code()).rpartition(", ")[2])
    return _("%(begin)s to %(end)s", begin=_moment(begins), end=_moment(ends))


def event_zone(event: Event) -> str:
    """How the sender writes the time, where that is another time of day than the reader's, or in a zone nobody knows; else empty."""
    starts = event.starts
    if starts is None or not isinstance(starts.value, datetime) or starts.zone == "UTC":
        return ""
    if not starts.value.tzinfo:
        return starts.zone
    here = times.local(starts.value)
    if here.utcoffset() == starts.value.utcoffset():
        return ""
    return _("%(time)s in %(zone)s", time=times.full(starts.value.replace(tzinfo=None), locale=language.code()), zone=starts.zone)


def repetition_words(repetition: Repetition) -> str:
    """How often it repeats: "Every 2 weeks until 3 March"."""
    n = max(1, repetition.interval)
    often = {
        "hourly": ngettext("Every hour", "Every %(n)s hours", n, n=times.number(n)),
        "daily": ngettext("Every day", "Every %(n)s days", n, n=times.number(n)),
        "weekly": ngettext("Every week", "Every %(n)s weeks", n, n=times.number(n)),
        "monthly": ngettext("Every month", "Every %(n)s months", n, n=times.number(n)),
        "yearly": ngettext("Every year", "Every %(n)s years", n, n=times.number(n)),
    }[repetition.frequency]
    if repetition.until:
        return _("%(often)s until %(day)s", often=often, day=_day(repetition.until))
    if repetition.count:
        return ngettext("%(often)s, %(n)s time", "%(often)s, %(n)s times", repetition.count, often=often, n=times.number(repetition.count))
    return often


def person_words(person: Person) -> str:
    """Who, and what they answered: "Mira Kestrel (accepted)". The address stands beside a name that hides it."""
    named = person.name and person.address and person.name.lower() != person.address.lower()
    who = f"{person.name} <{person.address}>" if named else person.name or person.address
    answer = ANSWERS.get(person.answer)
    return _("%(who)s (%(answer)s)", who=who, answer=str(answer)) if answer else who


def label_words(labelled: Labelled) -> str:
    """Of what kind an address or number is: "home", "work, fax"."""
    return _(", ").join(str(PLACES[kind]) for kind in labelled.kinds if kind in PLACES)
