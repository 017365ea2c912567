"""Lists of a mailbox: every order, both directions, every filter, at the same cost everywhere."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.store.conftest import on_sqlite
from tests.store.samples import WITH_PDF, envelope, later, page, plans, shown, summaries, summary
from webmail.account import Account
from webmail.address import Address
from webmail.errors import InvalidInput
from webmail.mailbox import Mailbox
from webmail.message.summary import Flag, MessageSummary
from webmail.store import accounts, listing, mailboxes, messages
from webmail.store.database import Database


def add(database: Database, mailbox: Mailbox, *added: MessageSummary) -> list[MessageSummary]:
    return messages.add(database, mailbox, uidvalidity=7, summaries=added)


def test_a_page_is_newest_first_and_the_next_one_goes_on(database: Database, inbox: Mailbox) -> None:
    same = [summary(uid, at=later(5)) for uid in (4, 1, 3)]
    add(database, inbox, *same, summary(9, at=later(1)), summary(2, at=later(9)))
    assert shown(database, inbox) == [2, 4, 3, 1, 9], "messages of one instant: the later UID is the newer"
    found: list[int] = []
    after = None
    while rows := page(database, inbox, after=after, limit=2):
        found += [each.summary.uid for each in rows]
        after = rows[-1].place
    assert found == [2, 4, 3, 1, 9]


def test_messages_older_than_1970_have_their_place(database: Database, inbox: Mailbox) -> None:
    add(database, inbox, summary(1, at=datetime(1969, 7, 20, tzinfo=UTC)), summary(2, at=datetime(1, 1, 1, tzinfo=UTC)))
    assert shown(database, inbox) == [1, 2]
    assert [each.summary.uid for each in page(database, inbox, after=page(database, inbox)[0].place)] == [2]


def test_filters_show_what_they_say(database: Database, inbox: Mailbox) -> None:
    add(
        database,
        inbox,
        summary(1, Flag.SEEN),
        summary(2, Flag.FLAGGED),
        summary(3, Flag.SEEN, structure=WITH_PDF),
        summary(4, Flag.SEEN, Flag.FLAGGED),
    )
    assert shown(database, inbox, "unread") == [2]
    assert shown(database, inbox, "flagged") == [4, 2]
    assert shown(database, inbox, "attachments") == [3]
    with pytest.raises(InvalidInput):
        page(database, inbox, "unknown")


COLUMNS = {"unread": "seen", "flagged": "flagged", "attachments": "attachments", "to_me": "to_me"}


@on_sqlite
@pytest.mark.parametrize("kind", [None, *COLUMNS])
@pytest.mark.parametrize("after", [None, listing.Place(None, 10**15, 5)])
def test_a_page_costs_the_same_in_every_mailbox_in_sqlite(
    database: Database, inbox: Mailbox, kind: str | None, after: listing.Place | None
) -> None:
    add(database, inbox, *summaries(range(1, 301)))
    plan = plans(database.index, lambda: page(database, inbox, kind, after=after))
    assert len(plan) == 1, plan
    terms = ["mailbox_id=?", *([f"{COLUMNS[kind]}=?"] if kind else []), *(["(internal_date,id)<(?,?)"] if after else [])]
    assert plan[0] == f"SEARCH messages USING INDEX ix_messages_{kind or 'list'} ({' AND '.join(terms)})"


def test_neighbours_are_the_rows_above_and_below(database: Database, inbox: Mailbox) -> None:
    first, second, third = add(database, inbox, *[summary(uid, at=later(5)) for uid in (1, 2)], summary(3))
    rows = [each.summary for each in page(database, inbox)]
    assert [each.uid for each in rows] == [2, 1, 3]
    assert listing.neighbours(database, inbox.id, second.id) == (None, first.id)
    assert listing.neighbours(database, inbox.id, first.id) == (second.id, third.id)
    assert listing.neighbours(database, inbox.id, third.id) == (first.id, None)


@on_sqlite
def test_neighbours_are_found_by_an_index_in_sqlite(database: Database, inbox: Mailbox) -> None:
    (added,) = add(database, inbox, summary(1))
    plan = plans(database.index, lambda: listing.neighbours(database, inbox.id, added.id))
    terms = "mailbox_id=? AND (internal_date,id)"
    assert plan[1:] == [f"SEARCH messages USING INDEX ix_messages_list ({terms}{sign}(?,?))" for sign in "><"]


NAMES = ["Zoë Quill", "ann", "Ann", "“Ann”", "Bob", "陈静", ""]
SUBJECTS = ["Re: Plans", "plans", "AW: Plans", "Zebra", "", "apple"]


def mixed(number: int, chance: random.Random) -> MessageSummary:
    """A message that shares its name, subject, size and date with others."""
    sender = (Address(chance.choice(NAMES), f"p{chance.randint(0, 2)}@example.org"),)
    made = replace(envelope(number), sender=sender, subject=chance.choice(SUBJECTS))
    return replace(summary(number, at=later(chance.randint(0, 30))), envelope=made, size=chance.choice([10, 20, 20_000]))


def expected(rows: list[MessageSummary], sort: str) -> list[int]:
    """What an order means, said in Python."""
    order = listing.ORDERS[sort]
    by_date = sorted(rows, key=lambda each: (each.internal_date, each.id), reverse=order.newest_first)
    if order.column is None:
        return [each.uid for each in by_date]
    key = {
        "sender_key": lambda each: messages.sender_key(each.envelope, outgoing=False),
        "subject_key": lambda each: messages.subject_key(each.envelope),
        "size": lambda each: each.size,
    }[order.column]
    # Sorting again keeps the order of what is equal.
    return [each.uid for each in sorted(by_date, key=key, reverse=order.down)]


@pytest.mark.parametrize("sort", listing.ORDERS)
def test_every_order_goes_down_and_up_again_page_by_page(database: Database, inbox: Mailbox, sort: str) -> None:
    chance = random.Random(sort)
    rows = add(database, inbox, *[mixed(number, chance) for number in range(1, 200)])
    wanted = expected(rows, sort)
    pages = [listing.page(database, inbox.id, sort=sort, limit=7)]
    while after := listing.page(database, inbox.id, sort=sort, after=pages[-1][-1].place, limit=7):
        pages.append(after)
    assert [each.summary.uid for found in pages for each in found] == wanted
    for earlier, later_one in itertools.pairwise(pages):
        assert listing.page(database, inbox.id, sort=sort, before=later_one[0].place, limit=7) == earlier
    assert listing.page(database, inbox.id, sort=sort, before=pages[0][0].place, limit=7) == []


@on_sqlite
@pytest.mark.parametrize("sort", listing.ORDERS)
def test_no_order_looks_at_more_than_it_shows_in_sqlite(database: Database, inbox: Mailbox, sort: str) -> None:
    add(database, inbox, *summaries(range(1, 301)))
    middle = listing.page(database, inbox.id, sort=sort, limit=150)[-1].place
    for place in ({}, {"after": middle}, {"before": middle}):
        plan = plans(database.index, lambda place=place: listing.page(database, inbox.id, sort=sort, limit=50, **place))  # type: ignore[misc]
        assert plan, place
        assert all("SEARCH messages USING INDEX ix_messages_" in each for each in plan), plan
        assert not any("B-TREE" in each for each in plan), plan


@pytest.mark.parametrize("sort", listing.ORDERS)
def test_the_neighbours_of_a_row_are_those_of_its_order(database: Database, inbox: Mailbox, sort: str) -> None:
    chance = random.Random(sort)
    rows = {each.uid: each.id for each in add(database, inbox, *[mixed(number, chance) for number in range(1, 40)])}
    order = [rows[uid] for uid in (each.summary.uid for each in listing.page(database, inbox.id, sort=sort, limit=50))]
    for before, here, after in zip([None, *order], order, [*order[1:], None], strict=False):
        assert listing.neighbours(database, inbox.id, here, sort=sort) == (before, after)


def test_an_order_that_is_none_is_refused(database: Database, inbox: Mailbox) -> None:
    with pytest.raises(InvalidInput):
        listing.page(database, inbox.id, sort="colour", limit=5)


def test_messages_to_me_name_one_of_my_addresses(database: Database, inbox: Mailbox) -> None:
    def to(uid: int, *specs: str, cc: str = "") -> MessageSummary:
        people, copies = tuple(Address("", each) for each in specs), (Address("", cc),) if cc else ()
        return replace(summary(uid), envelope=replace(envelope(uid), to=people, cc=copies))

    add(database, inbox, to(1, "list@example.org"), to(2, "Demo@Example.org"), to(3, "list@example.org", cc="demo@example.org"), to(4))
    assert shown(database, inbox, "to_me") == [3, 2]


def test_a_new_address_of_mine_is_looked_for_in_what_is_there(database: Database, account: Account, inbox: Mailbox) -> None:
    def to(uid: int, spec: str) -> MessageSummary:
        return replace(summary(uid), envelope=replace(envelope(uid), to=(Address("", spec),)))

    add(database, inbox, *[to(uid, "other@example.org" if uid % 3 else "demo@example.org") for uid in range(1, 451)])
    accounts.set_identity(database, account.id, address=Address("", "Other@example.org"))
    assert messages.mark_to_me(database, account.id) == 300
    assert len(listing.page(database, inbox.id, filter="to_me", limit=500)) == 450
    assert messages.mark_to_me(database, account.id) == 0


def test_sent_mail_is_sorted_by_its_recipients(database: Database, inbox: Mailbox) -> None:
    sent = replace(inbox, special_use=messages.OUTGOING[0])
    people = {1: "Mira", 2: "Anna", 3: "Zoe"}
    for uid, name in people.items():
        made = replace(envelope(uid), to=(Address(name, "x@example.org"),))
        messages.add(database, sent, uidvalidity=7, summaries=[replace(summary(uid), envelope=made)])
    assert [each.summary.uid for each in listing.page(database, inbox.id, sort="from", limit=5)] == [2, 1, 3]


def test_moved_messages_keep_their_place_in_every_order(database: Database, inbox: Mailbox, archive: Mailbox) -> None:
    mailboxes.start_over(database, archive.id, uidvalidity=3)
    rows = add(database, inbox, *summaries(range(1, 6)))
    new = {each.uid: each.uid for each in rows}
    messages.relocate(database, inbox.id, target=archive.id, uidvalidity=3, uids=[each.uid for each in rows], new_uids=new)
    for sort in listing.ORDERS:
        assert len(listing.page(database, archive.id, sort=sort, limit=9)) == 5
        assert listing.page(database, inbox.id, sort=sort, limit=9) == []
