"""Reading a message as another charset than it says: the choices by language, in words, and the address of each."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup, escape

from webmail.mail.message_pages import BodyKind, MessagePage
from webmail.message.charset import CHOICES, codec
from webmail.web import pieces, reading_text
from webmail.web.language import words as _

ID, WITHOUT, BEFORE = "\0id\0", "\0without\0", "\0before\0"
"""What differs from message to message in the menu of charsets: its id, and the addresses without and with a charset."""


def charset_choices() -> list[tuple[str, tuple[str, ...]]]:
    """The charsets that may be chosen, under the names of the languages that are written in them."""
    words = {
        "unicode": _("All languages"),
        "western": _("Western European"),
        "central": _("Central European"),
        "cyrillic": _("Cyrillic"),
        "greek": _("Greek"),
        "turkish": _("Turkish"),
        "baltic": _("Baltic"),
        "hebrew": _("Hebrew"),
        "arabic": _("Arabic"),
        "thai": _("Thai"),
        "vietnamese": _("Vietnamese"),
        "simplified": _("Simplified Chinese"),
        "traditional": _("Traditional Chinese"),
        "japanese": _("Japanese"),
        "korean": _("Korean"),
    }
    return [(words[group], names) for group, names in CHOICES]


def charset_name(name: str) -> str:
    """A charset as people know it."""
    return name.capitalize() if name.startswith(("windows", "mac")) else name.upper()


def is_read_as(charset: str, found: str, name: str) -> bool:
    """Whether a message is read as the charset of this name now: by choice, else by the codec that was found."""
    return charset == name if charset else codec(name) == found


def read_as(draw: Any, id: str, itself: str, page: MessagePage) -> Markup:
    """The menu of charsets, which the macro ``draw`` draws once for all messages that are read alike."""
    base = reread(itself, page, "")
    menu = str(pieces.piece(draw, ID, WITHOUT, BEFORE, page.charset, page.codec))
    for gap, text in ((ID, id), (WITHOUT, base), (BEFORE, f"{base}{'&' if '?' in base else '?'}charset=")):
        menu = menu.replace(gap, str(escape(text)))
    return Markup(menu)  # noqa: S704 - drawn by a template, and escaped values


def reread(itself: str, page: MessagePage, name: str) -> str:
    """The address of the message read as a charset, or as by itself where ``name`` is empty; its place in the list stays."""
    base = itself.partition("#")[0] if itself.startswith("/messages/") else f"/messages/{page.message.id}"
    given = {"q": page.query, "show": "text" if page.body is BodyKind.TEXT and page.has_html else "", "charset": name}
    query = urlencode({key: value for key, value in given.items() if value})
    return base + (("&" if "?" in base else "?") + query if query else "")


FOR_TEMPLATES = {
    "charset_choices": charset_choices,
    "charset_name": charset_name,
    "is_read_as": is_read_as,
    "read_as": read_as,
    "reread": reread,
    "text_runs": reading_text.runs,
}
"""What the templates of a message call to draw its text."""
