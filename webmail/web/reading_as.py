"""Reading a message as another charset than it says: the choices by language, in words, and the address of each."""

from __future__ import annotations

from urllib.parse import urlencode

from flask_babel import gettext as _

from webmail.mail.message_pages import BodyKind, MessagePage
from webmail.message.charset import CHOICES, codec
from webmail.web import reading_text


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


def is_read_as(page: MessagePage, name: str) -> bool:
    """Whether a message is read as this charset now, by choice or by itself."""
    return page.charset == name if page.charset else codec(name) == page.codec


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
    "reread": reread,
    "text_runs": reading_text.runs,
}
"""What the templates of a message call to draw its text."""
