"""Preferences: how a person likes to read, chosen once and kept on every device."""

from __future__ import annotations

from webmail.errors import InvalidInput
from webmail.mail.pages import View
from webmail.mail.session import MailSession
from webmail.store import preferences

VIEW, ORDER, UNDO, ZONE = "list_view", "conversation_order", "undo_seconds", "time_zone"
ORDERS = ("oldest", "newest")
"""The message a conversation begins with; the first is how it is shown until somebody chooses."""
UNDO_CHOICES = (0, 5, 10, 20, 30)
"""Seconds that what a person sends may wait for Undo."""


def view(session: MailSession, asked: str = "") -> View:
    """What lists show: what is asked for, else what was chosen last, else each message, as the server has them. Raises InvalidInput."""
    if asked:
        return View(_one_of("view", asked, tuple(View)))
    return View(preferences.get(session.database, session.user.id, VIEW, default=View.MESSAGES))


def newest_first(session: MailSession, asked: str = "") -> bool:
    """Whether conversations begin with their newest message: as asked for, else as chosen last. Raises InvalidInput."""
    order = _one_of("order", asked, ORDERS) if asked else preferences.get(session.database, session.user.id, ORDER, default=ORDERS[0])
    return order == "newest"


def choose(session: MailSession, *, view: str = "", order: str = "") -> None:
    """Remember what lists show and what conversations begin with; what is empty stays. Raises InvalidInput."""
    chosen = {VIEW: _one_of("view", view, tuple(View)), ORDER: _one_of("order", order, ORDERS)}
    for name, value in chosen.items():
        if value:
            preferences.put(session.database, session.user.id, name, value)


def undo_seconds(session: MailSession, *, default: int) -> int:
    """How long what this person sends waits for Undo."""
    chosen = preferences.get(session.database, session.user.id, UNDO)
    return int(chosen) if chosen.isdecimal() else default


def choose_undo(session: MailSession, seconds: str) -> None:
    """Remember how long that is. Raises InvalidInput for what is not offered."""
    preferences.put(session.database, session.user.id, UNDO, _one_of("undo", seconds, tuple(str(each) for each in UNDO_CHOICES)) or "0")


def time_zone(session: MailSession) -> str:
    """The name of the zone that a person's times are in, as they chose it last; empty for the server's own."""
    return preferences.get(session.database, session.user.id, ZONE)


def choose_time_zone(session: MailSession, name: str) -> None:
    """Remember the zone; writes only where it is another one."""
    if name != time_zone(session):
        preferences.put(session.database, session.user.id, ZONE, name)


def _one_of(field: str, value: str, known: tuple[str, ...]) -> str:
    if value and value not in known:
        raise InvalidInput(field, field=field, value=value)
    return value
