"""How people and times look in a list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask, current_app
from markupsafe import Markup

from tests.web import samples
from webmail.mail.pages import ListPlace, MailboxPage
from webmail.web import rows, times
from webmail.web.faces import hue, initials


@pytest.fixture(autouse=True)
def rows_of_this_test_only(pages: Flask) -> Iterator[None]:
    """What is drawn here by other hands must not be kept for the pages of later tests."""
    pages.extensions.pop("webmail.rows", None)
    yield
    pages.extensions.pop("webmail.rows", None)


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Mira Kestrel", "MK"),
        ("mira", "M"),
        ("周明雅", "周"),
        ("Jean-Luc de la Tour", "JT"),
        ("robin.vale@example.org", "RV"),
        ('"Quoted" <x>', "QX"),
        ("  ", "?"),
        ("", "?"),
        ("!!!", "?"),
        ("Ölaf", "Ö"),
        ("Mira 周", "M"),
        ("ﬁ", "F"),
    ],
)
def test_an_avatar_shows_the_letters_people_would_choose(name: str, letters: str) -> None:
    assert initials(name) == letters


def test_the_tone_of_an_address_is_stable_and_one_of_ten() -> None:
    assert hue("Mira@Example.net") == hue("mira@example.net")
    assert {hue(f"person{number}@example.org") for number in range(200)} == set(range(1, 11))


@pytest.mark.parametrize(
    ("moment", "short", "heading"),
    [
        (datetime(2026, 11, 23, 9, 41, tzinfo=UTC), "09:41", "Today"),
        (datetime(2026, 11, 22, 17, 20, tzinfo=UTC), "Sun", "Yesterday"),
        (datetime(2026, 11, 20, 17, 20, tzinfo=UTC), "Fri", "Last week"),
        (datetime(2026, 11, 12, 17, 20, tzinfo=UTC), "12 Nov", "November"),
        (datetime(2026, 3, 2, 17, 20, tzinfo=UTC), "2 Mar", "March"),
        (datetime(2025, 12, 11, 17, 20, tzinfo=UTC), "11 Dec 2025", "December 2025"),
        (datetime(2026, 11, 30, 17, 20, tzinfo=UTC), "30 Nov", "In the future"),
        (datetime(1970, 1, 1, tzinfo=UTC), "1 Jan 1970", "January 1970"),
    ],
)
def test_a_time_is_as_short_as_its_age_allows(pages: Flask, moment: datetime, short: str, heading: str) -> None:
    with pages.test_request_context("/", headers={"Accept-Language": "en-GB"}):
        now = times.today()
        assert times.short(times.local(moment), now=now, locale="en_GB") == short
        assert times.group(moment.date(), now=now, locale="en_GB") == heading


def test_a_day_earlier_in_the_week_is_not_last_week(pages: Flask) -> None:
    with pages.test_request_context("/", headers={"Accept-Language": "en-GB"}):
        friday = datetime(2026, 11, 27, 12, tzinfo=UTC)
        assert times.group((friday - timedelta(days=3)).date(), now=friday.date(), locale="en_GB") == "Earlier this week"
        assert times.group((friday - timedelta(days=5)).date(), now=friday.date(), locale="en_GB") == "Last week"


@pytest.mark.parametrize(
    ("octets", "words"), [(0, "1 KB"), (6_200, "6 KB"), (1_023_999, "1,000 KB"), (3_040_000, "2.9 MB"), (5_000_000_000, "4.7 GB")]
)
def test_a_size_is_told_in_the_unit_people_know(pages: Flask, octets: int, words: str) -> None:
    with pages.test_request_context("/"):
        assert times.size(octets) == words


def undrawn(page: MailboxPage, **options: Any) -> tuple[list[rows.DrawnRow], list[tuple[str, list[Markup]]]]:
    """The rows that would be drawn, and what is made of them where only their address is drawn."""
    current_app.extensions.pop("webmail.rows", None)
    found: list[rows.DrawnRow] = []

    def draw(row: rows.DrawnRow) -> Markup:
        found.append(row)
        return Markup(f"<{row.id}: {row.href}>")

    return found, rows.grouped(page, draw=draw, **options)


def test_a_row_is_drawn_again_only_when_it_shows_something_else(pages: Flask) -> None:
    times_drawn: list[int] = []

    def draw(row: rows.DrawnRow) -> Markup:
        times_drawn.append(row.id)
        return Markup("drawn")

    message = samples.summary(90_001)
    flagged = replace(message, flags=message.flags | {"\\Flagged"})
    for each in (message, message, flagged, flagged):
        row = samples.Row(each, each.envelope.sender, has_attachments=False)
        with pages.test_request_context("/"):
            rows.grouped(samples.mailbox_page(rows=(row,)), draw=draw)
    assert len(times_drawn) == 2


def test_rows_stand_under_their_headings_in_order(pages: Flask) -> None:
    with pages.test_request_context("/", headers={"Accept-Language": "en-GB"}):
        found, grouped = undrawn(samples.mailbox_page(), open_id=5, address="robin@example.org")
    assert [(title, len(drawn)) for title, drawn in grouped][:3] == [("Today", 4), ("Yesterday", 3), ("Last week", 2)]
    assert [row.id for row in found[:9]] == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert [row.id for row in found if row.open] == [5]


def test_a_row_keeps_the_place_in_the_list(pages: Flask) -> None:
    with pages.test_request_context("/"):
        undrawn(samples.mailbox_page())
        for place, query in ((ListPlace(after="17-3", sort="from"), "?sort=from&amp;after=17-3"), (ListPlace(), "")):
            again = rows.grouped(samples.mailbox_page(place=place), draw=lambda _: Markup("drawn again"))
            assert again[0][1][0] == f"<1: /messages/1{query}>", "also where the row was drawn for another place"


def test_a_doubtful_sender_is_shown_as_it_came(pages: Flask) -> None:
    message = samples.summary(sender_doubtful=True, from_raw="good@bank.example <evil@x.example>")
    row = samples.Row(message, message.envelope.sender, has_attachments=False)
    with pages.test_request_context("/"):
        ((drawn,), _) = undrawn(samples.mailbox_page(rows=(row,)))
    assert drawn.who == "good@bank.example <evil@x.example>"
    assert drawn.initials == "?"
    assert drawn.doubtful
