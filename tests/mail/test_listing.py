"""Lists of a folder: orders, filters, pages in both directions, a jump to a day."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.servers.person import Person, letter
from webmail.errors import InvalidInput
from webmail.mail.pages import MailboxPage


def subjects(page: MailboxPage) -> list[str]:
    return [row.message.envelope.subject for row in page.rows]


@pytest.fixture
def reader(person: Person) -> Person:
    """Somebody with 120 indexed letters of three senders, each a second younger than the one before."""
    names = ["Zoë <z@example.net>", "Anna <a@example.net>", "bob <b@example.net>"]
    person.fill([letter(number, sender=names[number % 3], text="x" * (number % 7)) for number in range(120)])
    person.page()
    person.work()
    return person


def test_pages_go_down_to_the_end_and_back_to_the_top(reader: Person) -> None:
    pages = [reader.page()]
    while pages[-1].next_cursor:
        pages.append(reader.page(after=pages[-1].next_cursor))
    assert [len(page.rows) for page in pages] == [50, 50, 20]
    assert [bool(page.previous_cursor) for page in pages] == [False, True, True]
    back = reader.page(before=pages[2].previous_cursor)
    assert subjects(back) == subjects(pages[1])
    assert back.next_cursor == pages[1].next_cursor
    top = reader.page(before=back.previous_cursor)
    assert subjects(top) == subjects(pages[0])
    assert not top.previous_cursor


def test_a_page_near_the_top_is_the_first_page(reader: Person) -> None:
    first = reader.page()
    assert subjects(reader.page(before=reader.page(after=first.next_cursor).previous_cursor)) == subjects(first)
    reader.put([letter(number) for number in range(200, 203)])
    with_new = reader.page(before=reader.page(after=first.next_cursor).previous_cursor)
    assert len(with_new.rows) == 50
    assert with_new.previous_cursor, "three newer ones stand above"


def test_a_list_by_sender_puts_names_in_order_whatever_their_case(reader: Person) -> None:
    page = reader.page(sort="from")
    names = [row.people[0].name for row in page.rows]
    assert names == ["Anna"] * 40 + ["bob"] * 10
    following = reader.page(sort="from", after=page.next_cursor)
    assert [row.people[0].name for row in following.rows] == ["bob"] * 30 + ["Zoë"] * 20
    assert [row.people[0].name for row in reader.page(sort="from_desc").rows][:1] == ["Zoë"]


def test_lists_by_size_and_by_age_turn_around(reader: Person) -> None:
    sizes = [row.message.size for row in reader.page(sort="size").rows]
    assert sizes == sorted(sizes, reverse=True)
    smallest = [row.message.size for row in reader.page(sort="smallest").rows]
    assert smallest == sorted(smallest)
    assert smallest[0] < sizes[0]
    assert subjects(reader.page(sort="oldest"))[:2] == ["Letter 0", "Letter 1"]


def test_a_jump_to_a_day_shows_that_day_first(person: Person) -> None:
    with person.side() as side:
        for number in range(60):
            day = datetime(2026, 1, 1, 12).astimezone() + timedelta(days=number)
            side.append("INBOX", "", f'"{day:%d-%b-%Y %H:%M:%S %z}"', letter(number))
    person.page()
    person.work()
    page = person.page(on="2026-01-20")
    assert subjects(page)[:2] == ["Letter 19", "Letter 18"]
    assert subjects(person.page(before=page.previous_cursor)) == [f"Letter {number}" for number in range(59, 9, -1)]
    assert subjects(person.page(on="2026-01-20", sort="oldest"))[:2] == ["Letter 19", "Letter 20"]
    assert subjects(person.page(on="1999-01-01")) == []


@pytest.mark.parametrize(
    "place",
    [
        {"sort": "colour"},
        {"filter": "colour"},
        {"on": "yesterday"},
        {"on": "9999-12-31"},
        {"after": "x"},
        {"after": "1.2", "sort": "from"},
        {"after": "1.2.YQ"},
        {"before": "1.2.!", "sort": "from"},
        {"after": "1.2.YQ", "sort": "size"},
        {"after": "1.2.gICA", "sort": "from"},
    ],
)
def test_a_place_that_is_none_is_refused(reader: Person, place: dict[str, str]) -> None:
    with pytest.raises(InvalidInput) as refused:
        reader.page(**place)
    assert refused.value.code in ("sort", "filter", "day", "cursor")
