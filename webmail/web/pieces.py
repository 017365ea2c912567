"""Pieces: what stands around a list, drawn once for what it shows and kept, because most pages show the same again.

A piece is a macro and its arguments, which are values and hold all it shows; besides these it may ask for the reader's
language, for the token of forms and for where the reader is. The last two are left open and filled in for each page, as is
the cursor of a list: each page of a list has another.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any
from urllib.parse import quote_plus

from flask import current_app, g
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup, escape

from webmail.mail.pages import MailboxPage
from webmail.web import language, navigation, times

KEPT = 60
"""Pieces kept in the process, some ten kilobytes each."""
TOKEN, HERE, CURSOR = "\0token\0", "\0here\0", "\0cursor\0"
HERE_IN_A_QUERY, CURSOR_IN_A_QUERY = quote_plus(HERE), quote_plus(CURSOR)


def piece(macro: Any, /, *values: Hashable, cursor: str = "") -> Markup:
    """What a macro draws of values. Costs a look-up where it was drawn before; else what the macro costs.

    ``cursor`` stands where the macro has put that of a ``head`` into an address.
    """
    kept: dict[Hashable, str] = current_app.extensions.setdefault("webmail.pieces", {})
    key = (macro.name, language.code(), times.today(), values)
    drawn = kept.get(key)
    if drawn is None:
        if len(kept) >= KEPT:
            kept.clear()
        drawn = kept[key] = _with_gaps(macro, values)
    return _filled(drawn, cursor)


def _with_gaps(macro: Callable[..., Markup], values: tuple[Hashable, ...]) -> str:
    g.gaps = True
    try:
        return str(macro(*values))
    finally:
        g.gaps = False


def _filled(drawn: str, cursor: str) -> Markup:
    here = navigation.here()
    whole = drawn.replace(TOKEN, str(escape(generate_csrf()))).replace(HERE, str(escape(here)))
    whole = whole.replace(CURSOR_IN_A_QUERY, quote_plus(cursor))
    return Markup(whole.replace(HERE_IN_A_QUERY, quote_plus(here)))  # noqa: S704 - drawn by a template, and escaped values


def token() -> str:
    """The token of forms, for templates; a gap in a piece."""
    return TOKEN if g.get("gaps") else generate_csrf()


def here() -> str:
    """The path and query of this page, for templates; a gap in a piece."""
    return HERE if g.get("gaps") else navigation.here()


def head(page: MailboxPage) -> MailboxPage:
    """A page of a list without what differs from one to the next, for what stands around the rows."""
    place = replace(
        page.place, after=CURSOR if page.place.after else "", before=CURSOR if page.place.before and not page.place.after else ""
    )
    return replace(page, rows=(), next_cursor="", previous_cursor="", above=None, below=None, place=place)


def cursor(page: MailboxPage) -> str:
    """The cursor of a page of a list, of which one counts."""
    return page.place.after or page.place.before
