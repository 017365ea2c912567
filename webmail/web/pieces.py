"""Pieces: what stands around a list, drawn once for what it shows and kept, because most pages show the same again.

A piece is a macro and its arguments, which are values and hold all it shows; besides these it may ask for the reader's
language, for the token of forms and for where the reader is. The last two are left open and filled in for each page.
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

KEPT = 200
"""Pieces kept in the process, some ten kilobytes each."""
TOKEN, HERE = "\0token\0", "\0here\0"
HERE_IN_A_QUERY = quote_plus(HERE)


def piece(macro: Any, /, *values: Hashable) -> Markup:
    """What a macro draws of values. Costs a look-up where it was drawn before; else what the macro costs."""
    kept: dict[Hashable, str] = current_app.extensions.setdefault("webmail.pieces", {})
    key = (macro.name, language.code(), times.today(), values)
    drawn = kept.get(key)
    if drawn is None:
        if len(kept) >= KEPT:
            kept.clear()
        drawn = kept[key] = _with_gaps(macro, values)
    return _filled(drawn)


def _with_gaps(macro: Callable[..., Markup], values: tuple[Hashable, ...]) -> str:
    g.gaps = True
    try:
        return str(macro(*values))
    finally:
        g.gaps = False


def _filled(drawn: str) -> Markup:
    here = navigation.here()
    whole = drawn.replace(TOKEN, str(escape(generate_csrf()))).replace(HERE, str(escape(here)))
    return Markup(whole.replace(HERE_IN_A_QUERY, quote_plus(here)))  # noqa: S704 - drawn by a template, and escaped values


def token() -> str:
    """The token of forms, for templates; a gap in a piece."""
    return TOKEN if g.get("gaps") else generate_csrf()


def here() -> str:
    """The path and query of this page, for templates; a gap in a piece."""
    return HERE if g.get("gaps") else navigation.here()


def head(page: MailboxPage) -> MailboxPage:
    """A page of a list without what differs from one to the next, for what stands around the rows."""
    return replace(page, rows=(), next_cursor="", previous_cursor="", above=None, below=None)
