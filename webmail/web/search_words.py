"""The words of a search: hints about a query, and what its operators do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from flask_babel import gettext as _

HINTS: Mapping[str, Callable[[], str]] = {
    "unknown_operator": lambda: _("“%(operator)s” is no operator here, so it was searched for as it is."),
    "unknown_operator_suggested": lambda: _("“%(operator)s” is no operator here. Is “%(suggestion)s” meant?"),
    "unknown_value": lambda: _("“%(operator)s” does not know “%(value)s”."),
    "bad_date": lambda: _("“%(value)s” is not a date. Write it as 2026-03-01."),
    "bad_size": lambda: _("“%(value)s” is not a size. Write it as 500k or 10M."),
    "empty_operator": lambda: _("Nothing stands behind “%(operator)s”."),
    "unclosed_quote": lambda: _("A quotation mark is open at the end."),
    "unclosed_parenthesis": lambda: _("A parenthesis is open at the end."),
    "stray_parenthesis": lambda: _("A parenthesis is closed that was not open."),
    "stray_or": lambda: _("OR stands between two things to search for."),
    "nothing_to_search": lambda: _("There is no word in it to search for."),
    "too_long": lambda: _("Only the first %(limit)s characters were read."),
    "too_deep": lambda: _("Parentheses are read %(limit)s deep."),
}


def hint(code: str, values: Mapping[str, str]) -> str:
    """A hint in words."""
    words = HINTS.get(f"{code}_suggested") if values.get("suggestion") else None
    found = words or HINTS.get(code)
    return found() % values if found else ""


def operators() -> Sequence[tuple[str, str]]:
    """The operators people use most, with what they do."""
    return [
        ("from:", _("who wrote it")),
        ("to:", _("who got it, copies included")),
        ("subject:", _("words of the subject")),
        ("has:attachment", _("with files")),
        ("filename:", _("name of a file, or words in it")),
        ("in:archive", _("one folder; in:anywhere also looks into Trash and Junk")),
        ("is:unread", _("also is:read, is:flagged, is:answered")),
        ("before:2026-03-01", _("older than a day; after: is the opposite")),
        ("newer_than:7d", _("of the last days (d), weeks (w), months (m), years (y)")),
        ("larger:5M", _("larger than that; smaller: is the opposite")),
        ('"…"', _("words that follow each other")),
        ("hut*", _("words that begin like this")),
        ("a OR b", _("one of the two; parentheses group")),
        ("-word", _("not this")),
    ]
