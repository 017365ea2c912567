"""Rows drawn by their shape: the same as drawn one by one, whatever a stranger writes, and once a shape."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, get_type_hints

import pytest
from flask import Flask
from markupsafe import Markup

from tests.web import samples
from webmail.web import rows
from webmail.web.rows import DrawnRow
from webmail.web.shapes import EDGE, GAPS, by_shape


@pytest.fixture
def some(pages: Flask) -> list[DrawnRow]:
    """Rows of every kind that the sample list has."""
    with pages.test_request_context("/"):
        pages.extensions.pop("webmail.rows", None)
        found: list[DrawnRow] = []
        rows.grouped(samples.mailbox_page(), draw=lambda row: found.append(row) or Markup(), open_id=5)
        return found


def macro(pages: Flask) -> Any:
    return pages.jinja_env.get_template("macros/list.html").module.row  # type: ignore[attr-defined]


def test_a_row_looks_the_same_as_drawn_by_itself(pages: Flask, some: list[DrawnRow]) -> None:
    with pages.test_request_context("/"):
        draw = macro(pages)
        assert [by_shape(draw)(row) for row in some] == [draw(row) for row in some]


def test_nothing_a_stranger_writes_becomes_markup(pages: Flask, some: list[DrawnRow]) -> None:
    nasty = f'<xmp a="{EDGE}1{EDGE}">%(who)s {{{{ 7 * 7 }}}} \' & '
    row = replace(some[0], who=nasty, subject=nasty, subject_text=nasty, preview=nasty, initials="<", href='/messages/1?a=1&b="')
    with pages.test_request_context("/"):
        draw = macro(pages)
        drawn = by_shape(draw)(row)
        assert drawn == draw(row)
        assert "<xmp" not in drawn


def test_marked_words_stay_marked_in_the_text_and_out_of_labels(pages: Flask, some: list[DrawnRow]) -> None:
    row = replace(some[0], subject=Markup("the <mark>train</mark>"), subject_text="the train")
    with pages.test_request_context("/"):
        drawn = by_shape(macro(pages))(row)
    assert '<span class="row__t">the <mark>train</mark></span>' in drawn
    assert ', the train"' in drawn


def test_each_shape_is_drawn_once_and_every_other_field_is_part_of_it(pages: Flask, some: list[DrawnRow]) -> None:
    row, drawn = replace(some[0], words=replace(some[0].words)), []  # Words of its own: a shape nobody has drawn yet.
    hints = get_type_hints(DrawnRow)

    def draw(given: DrawnRow) -> Markup:
        drawn.append(given)
        return Markup("drawn")

    with pages.test_request_context("/"):
        again = by_shape(draw)
        for name in GAPS:
            again(replace(row, **{name: "another"}))
        assert len(drawn) == 1
        others = [each.name for each in fields(DrawnRow) if each.name not in (*GAPS, "words")]
        for name in others:
            value: object = {"bool": not getattr(row, name), "int": 77}.get(getattr(hints[name], "__name__", ""), ("another",))
            again(replace(row, **{name: value}))
        assert len(drawn) == 1 + len(others)
