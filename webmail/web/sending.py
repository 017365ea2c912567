"""When to send: how long what was sent waits for Undo, the times that are offered, and the time that a form has chosen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import request
from flask_babel import gettext as _

from webmail.mail import preferences, schedule
from webmail.mail.session import MailSession
from webmail.web import times
from webmail.web.login import current_mail
from webmail.web.services import services


@dataclass(frozen=True, slots=True)
class Offer:
    """A time to send at: its name in the form, its words, and when that is."""

    name: str
    words: str
    at: str


@dataclass(frozen=True, slots=True)
class Later:
    """What the menu of times shows. ``earliest`` is the least that the field for any time takes."""

    offers: tuple[Offer, ...]
    zone: str
    earliest: str


def hold(mail: MailSession) -> timedelta:
    """How long what this person sends waits for Undo."""
    return timedelta(seconds=preferences.undo_seconds(mail, default=services().gate.undo_seconds))


def asked() -> bool:
    """Whether the form asks to send later."""
    return bool(request.form.get("later"))


def chosen(mail: MailSession) -> datetime | None:
    """The time that the form has chosen, None for one sent now; the zone is remembered. Raises InvalidInput."""
    if not asked():
        return None
    name = request.form.get("zone", preferences.time_zone(mail))
    at = schedule.chosen(request.form["later"], written=request.form.get("later_at", ""), name=name, now=services().now())
    preferences.choose_time_zone(mail, name)
    return at


def zone() -> str:
    """The name of the zone that this person's times are in; empty for the server's own."""
    return preferences.time_zone(current_mail())


def later(name: str) -> Later:
    """The times that are offered, in the zone of a name."""
    now, here = services().now(), schedule.zone(name)
    words = {"evening": _("This evening"), "tomorrow": _("Tomorrow morning"), "monday": _("Monday morning")}
    offers = tuple(Offer(each.name, words[each.name], times.soon(each.at, here)) for each in schedule.choices(now, name))
    return Later(offers, name, f"{now.astimezone(here):%Y-%m-%dT%H:%M}")


def told(at: datetime, name: str) -> str:
    """A moment as somebody says it in the zone of a name."""
    return times.soon(at, schedule.zone(name))


def undo_choices(current: int) -> tuple[int, ...]:
    """The times for Undo that are offered, and the one that holds now."""
    return tuple(sorted({*preferences.UNDO_CHOICES, current}))


FOR_TEMPLATES = {"later_times": later, "time_zones": schedule.zones, "told_time": told, "undo_choices": undo_choices}
