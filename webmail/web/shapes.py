"""Shapes: the ways a row can look. Each is drawn once, with gaps, which are filled for every message that looks like this.

To draw a row by its template costs ten times what it costs to fill its gaps, and a page has fifty rows of a few shapes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from dataclasses import fields, replace
from operator import attrgetter
from typing import Any

from flask import current_app
from markupsafe import Markup, escape

from webmail.web.rows import DrawnRow

GAPS = ("id", "href", "initials", "hue", "who", "subject", "subject_text", "preview", "machine_time", "time", "full_time")
"""What differs from message to message. The template shows these as they are and decides nothing by them."""
KEPT = 1000
EDGE = "\0"

_needs_none = re.compile(r"[^&<>\"']*").fullmatch
"""Most texts need no escaping, and to look is a third of the price."""
_in_gaps = attrgetter(*GAPS)
_shape_of = attrgetter(*(each.name for each in fields(DrawnRow) if each.name not in GAPS))
"""All the rest, so that a new field is part of the shape until it is named as a gap."""

_Pieces = tuple[list[str], list[int]]
"""A drawn shape: texts with a gap after each but the last, and which value stands in each gap."""


def by_shape(draw: Callable[[DrawnRow], Markup]) -> Callable[[DrawnRow], Markup]:
    """Draws what the macro ``draw`` draws, a tenth as dear. What is filled in is escaped here."""
    kept: dict[Hashable, _Pieces] = current_app.extensions.setdefault("webmail.shapes", {})
    named = getattr(draw, "name", "")

    def drawn(row: DrawnRow) -> Markup:
        shape = (named, _shape_of(row))
        found = kept.get(shape)
        if found is None:
            if len(kept) >= KEPT:
                kept.clear()
            found = kept[shape] = _with_gaps(draw, row)
        texts, places = found
        values = [str(each) if isinstance(each, int) else each if _needs_none(each) else escape(each) for each in _in_gaps(row)]
        whole = [""] * (len(texts) + len(places))
        whole[::2], whole[1::2] = texts, [values[place] for place in places]
        return Markup("".join(whole))  # noqa: S704 - drawn by the template, and escaped values

    return drawn


def _with_gaps(draw: Callable[[DrawnRow], Markup], row: DrawnRow) -> _Pieces:
    marks: dict[str, Any] = {name: f"{EDGE}{number}{EDGE}" for number, name in enumerate(GAPS)}
    pieces = str(draw(replace(row, **marks))).split(EDGE)
    return pieces[::2], [int(each) for each in pieces[1::2]]
