"""Pieces of pages: the same as drawn anew, for whoever looks and wherever, and drawn once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask, g
from flask_wtf.csrf import generate_csrf

from tests.web import samples
from webmail.mail.pages import ListPlace
from webmail.web import pieces


@pytest.fixture(autouse=True)
def pieces_of_this_test_only(pages: Flask) -> Iterator[None]:
    pages.extensions.pop("webmail.pieces", None)
    yield
    pages.extensions.pop("webmail.pieces", None)


def macro(pages: Flask, name: str, file: str = "frame") -> Any:
    return getattr(pages.jinja_env.get_template(f"macros/{file}.html").module, name)


@pytest.mark.parametrize("path", ["/mailboxes/1", '/search?q="><xmp>&a=%(x)s', "/mailboxes/1?after=17.3&filter=unread"])
def test_a_piece_is_what_its_macro_draws_on_this_page(pages: Flask, path: str) -> None:
    nav, frame = macro(pages, "nav"), samples.frame()
    with pages.test_request_context("/mailboxes/9"):
        pieces.piece(nav, frame, 1)
    with pages.test_request_context(path):
        again = pieces.piece(nav, frame, 1)
        assert again == nav(frame, 1)
        assert str(generate_csrf()) in again
        assert "\0" not in again
        assert "<xmp" not in again


def test_a_piece_is_drawn_once_for_what_it_shows(pages: Flask) -> None:
    drawn: list[object] = []

    class Drawing:
        name = "drawing"

        def __call__(self, *values: object) -> str:
            drawn.append(values)
            return f"{pieces.token()} {values}"

    tokens = set()
    for _ in range(3):
        with pages.test_request_context("/"):
            tokens.add(pieces.piece(Drawing(), samples.frame()).partition(" ")[0])
    assert (len(drawn), len(tokens)) == (1, 3), "each session has its own token"
    for values in [(samples.frame(waiting=5),), (samples.frame(), "outbox")]:
        with pages.test_request_context("/"):
            pieces.piece(Drawing(), *values)
    with pages.test_request_context("/", headers={"Accept-Language": "zh-CN"}):
        pieces.piece(Drawing(), samples.frame())
    assert len(drawn) == 4


def test_what_fails_while_a_piece_is_drawn_leaves_no_gaps_in_the_rest(pages: Flask) -> None:
    class Broken:
        name = "broken"

        def __call__(self) -> str:
            raise ZeroDivisionError

    with pages.test_request_context("/x?y"):
        with pytest.raises(ZeroDivisionError):
            pieces.piece(Broken())
        assert pieces.here() == "/x?y"
        assert pieces.token() == generate_csrf()
        assert not g.gaps


def test_what_stands_around_the_rows_does_not_know_them(pages: Flask) -> None:
    page = samples.mailbox_page()
    around = pieces.head(page)
    assert not around.rows
    assert pieces.head(replace(page, rows=page.rows[:2], next_cursor="17.1")) == around
    with pages.test_request_context("/mailboxes/1"):
        for name in ("list_bar", "bulk_bar"):
            drawn = macro(pages, name, "list")
            values = (around, "h1", True) if name == "list_bar" else (around,)
            assert pieces.piece(drawn, *values) == drawn(*values)


@pytest.mark.parametrize("place", [ListPlace(after="17.3"), ListPlace(after="4.1.YW5u", sort="from"), ListPlace(before="9.9"), ListPlace()])
def test_a_piece_around_a_list_has_the_cursor_of_its_page(pages: Flask, place: ListPlace) -> None:
    bar, page = macro(pages, "bulk_bar", "list"), samples.mailbox_page(place=place)
    with pages.test_request_context("/mailboxes/1"):
        pieces.piece(bar, pieces.head(replace(page, place=replace(place, after=place.after and "1.1", before=place.before and "1.1"))))
        kept = len(pages.extensions["webmail.pieces"])
        assert pieces.piece(bar, pieces.head(page), cursor=pieces.cursor(page)) == bar(page)
    assert len(pages.extensions["webmail.pieces"]) == kept
