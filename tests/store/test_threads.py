"""Threads in lists, their messages over all mailboxes, and what that costs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import pytest

from tests.store.conftest import on_sqlite
from tests.store.samples import plans
from tests.store.test_joining import Letter, add, made
from webmail.account import Account
from webmail.errors import InvalidInput, NotFound
from webmail.mailbox import Mailbox
from webmail.message.summary import Flag, MessageSummary, Uid
from webmail.store import mailboxes, messages, threads
from webmail.store.database import Database
from webmail.store.threads import ListedThread

Shown = list[tuple[int, int]]


@pytest.fixture
def archive(database: Database, archive: Mailbox) -> Mailbox:
    mailboxes.start_over(database, archive.id, uidvalidity=7)
    return archive


def put(database: Database, mailbox: Mailbox, *summaries: MessageSummary) -> list[MessageSummary]:
    return messages.add(database, mailbox, uidvalidity=7, summaries=summaries)


def listed(database: Database, account: Account, mailbox: Mailbox, *, filter: str | None = None, limit: int = 50) -> list[ListedThread]:
    return threads.page(database, account.id, mailbox.id, filter=filter, limit=limit)


def shown(found: Collection[ListedThread]) -> Shown:
    """The UID of the newest message of each thread, and how many it has."""
    return [(each.newest.summary.uid, each.messages) for each in found]


def test_a_mailbox_lists_each_thread_once_where_its_newest_message_is(
    database: Database, account: Account, inbox: Mailbox, archive: Mailbox
) -> None:
    letters = {
        1: Letter("a", people="ann"),
        2: Letter("b", "a", "Re: Plans", 1, "bob"),
        3: Letter("x", subject="Cake", hour=2),
        4: Letter("c", "a b", "Re: Plans", 3, "ann"),
        5: Letter("d", "a b c", "Re: Plans", 4, "carol"),
    }
    add(database, inbox, letters, [4, 3, 1])
    add(database, archive, letters, [5, 2])
    found = listed(database, account, inbox)
    assert shown(found) == [(4, 4), (3, 1)]
    assert [each.addr_spec for each in found[0].senders] == ["ann@example.org", "bob@example.org", "carol@example.org"]
    assert shown(listed(database, account, archive)) == [(5, 4)]


def test_a_row_counts_all_its_thread_and_is_unread_by_what_is_here(
    database: Database, account: Account, inbox: Mailbox, archive: Mailbox
) -> None:
    letters = {1: Letter("a"), 2: Letter("b", "a", "Re: Plans", 1)}
    add(database, inbox, letters, [1])
    messages.change_flags(database, inbox.id, uids=[Uid(1)], add=[Flag.SEEN], remove=[])
    assert [(each.unread, each.flagged) for each in listed(database, account, inbox)] == [(0, False)]
    put(database, archive, replace(made(letters[2], 2), flags=frozenset({Flag.FLAGGED})))
    (found,) = listed(database, account, inbox)
    assert (found.messages, found.unread, found.flagged, found.has_attachments, found.counted) == (2, 0, False, False, True)
    (found,) = listed(database, account, archive)
    assert (found.messages, found.unread, found.flagged) == (2, 1, True)
    (found,) = threads.page(database, account.id, inbox.id, limit=50, without=[archive.id])
    assert found.messages == 1
    assert threads.size(database, account.id, found.thread_id) == 2
    assert threads.size(database, account.id, found.thread_id, without=[archive.id]) == 1
    (found,) = threads.page(database, account.id, archive.id, limit=50, without=[archive.id])
    assert found.messages == 2


def test_pages_go_on_where_the_last_one_ended_in_both_directions(database: Database, account: Account, inbox: Mailbox) -> None:
    letters = {
        uid: Letter(f"m{uid}", f"m{uid - uid % 3}" if uid % 3 else "", f"{'Re: ' if uid % 3 else ''}Topic {uid // 3}", uid // 5)
        for uid in range(60)
    }
    add(database, inbox, letters, [uid + 1 for uid in range(59)])
    whole = listed(database, account, inbox)
    assert len(whole) == 20
    pages = [threads.page(database, account.id, inbox.id, limit=7)]
    while pages[-1]:
        pages.append(threads.page(database, account.id, inbox.id, limit=7, after=pages[-1][-1].newest.place))
    assert [each for page in pages for each in page] == whole
    assert threads.page(database, account.id, inbox.id, limit=7, before=pages[1][0].newest.place) == pages[0]
    assert threads.page(database, account.id, inbox.id, limit=3, before=pages[1][0].newest.place) == pages[0][-3:]
    assert threads.page(database, account.id, inbox.id, limit=3, before=whole[0].newest.place) == []


def test_a_filter_shows_threads_that_have_such_a_message_here(
    database: Database, account: Account, inbox: Mailbox, archive: Mailbox
) -> None:
    seen = frozenset({Flag.SEEN})
    letters = {1: Letter("a"), 2: Letter("b", "a", "Re: Plans", 1), 3: Letter("c", "a", "Re: Plans", 2), 4: Letter("x", hour=3)}
    put(database, inbox, made(letters[1], 1), made(letters[2], 2), *(replace(made(letters[uid], uid), flags=seen) for uid in (3, 4)))
    put(database, archive, made(Letter("y", "x", "Re: Plans", 5), 5))
    assert shown(listed(database, account, inbox, filter="unread")) == [(2, 3)]
    assert shown(listed(database, account, inbox, filter="to_me")) == [(4, 2), (3, 3)]
    assert listed(database, account, inbox, filter="flagged") == listed(database, account, inbox, filter="attachments") == []
    with pytest.raises(InvalidInput):
        listed(database, account, inbox, filter="seen")


def test_a_message_in_two_mailboxes_is_one_message(database: Database, account: Account, inbox: Mailbox, archive: Mailbox) -> None:
    original = made(Letter("a"), 1)
    (here,) = put(database, inbox, original)
    (there,) = put(database, archive, replace(original, uid=Uid(8)))
    (answer,) = put(database, archive, made(Letter("b", "a", "Re: Plans", 1), 2))
    (found,) = listed(database, account, inbox)
    assert (found.messages, found.unread) == (2, 1)
    assert threads.size(database, account.id, found.thread_id) == 2
    first, second = threads.members(database, account.id, found.thread_id, shown_in=archive.id)
    assert [(each.mailbox_id, each.summary.id) for each in first.places] == [(archive.id, there.id), (inbox.id, here.id)]
    assert first.message == first.places[0]
    assert [each.summary.id for each in second.places] == [answer.id]
    assert threads.members(database, account.id, found.thread_id, shown_in=inbox.id)[0].message.summary.id == here.id


def test_a_forged_repeat_of_a_message_id_is_shown_beside_the_message(database: Database, account: Account, inbox: Mailbox) -> None:
    original = made(Letter("a"), 1)
    forged = [
        replace(original, uid=Uid(2), size=original.size + 1),
        replace(original, uid=Uid(3), envelope=replace(original.envelope, date=None)),
        replace(original, uid=Uid(4), envelope=replace(original.envelope, sender=made(Letter("a", people="eve"), 1).envelope.sender)),
    ]
    put(database, inbox, original, *forged)
    (found,) = listed(database, account, inbox)
    assert found.messages == 4
    assert [each.message.summary.uid for each in threads.members(database, account.id, found.thread_id)] == [1, 2, 3, 4]


def test_the_servers_name_for_the_octets_tells_copies_from_forgeries(
    database: Database, account: Account, inbox: Mailbox, archive: Mailbox
) -> None:
    """Where one was read without it, nothing is hidden: the message is there twice."""
    original = replace(made(Letter("a"), 1), email_id="M1")
    put(database, inbox, original, replace(original, uid=Uid(2), email_id="M2"))
    put(database, archive, replace(original, uid=Uid(3)))
    (found,) = listed(database, account, inbox)
    members = threads.members(database, account.id, found.thread_id, shown_in=archive.id)
    assert [[each.summary.uid for each in member.places] for member in members] == [[3, 1], [2]]
    put(database, archive, replace(original, uid=Uid(4), email_id=""))
    members = threads.members(database, account.id, found.thread_id)
    assert sorted(sorted(each.summary.uid for each in member.places) for member in members) == [[1, 3], [2], [4]]


def test_what_is_done_to_threads_is_done_to_their_messages_here(
    database: Database, account: Account, stranger: Account, inbox: Mailbox, archive: Mailbox
) -> None:
    letters = {1: Letter("a"), 2: Letter("b", "a", "Re: Plans", 1), 3: Letter("c", "a", "Re: Plans", 2), 4: Letter("x")}
    add(database, inbox, letters, [1, 2, 4])
    add(database, archive, letters, [3])
    (first, *_, other) = messages.get_many(database, account.id, threads_ids := [each.summary.id for each in everything(database, inbox)])
    thread_id = first.thread_id
    assert sorted(threads.ids_in(database, account.id, inbox.id, [thread_id])) == sorted(threads_ids)[:2]
    assert len(threads.ids_in(database, account.id, inbox.id, [thread_id, other.thread_id])) == 3
    assert threads.ids_in(database, stranger.id, inbox.id, [thread_id]) == []
    assert threads.members(database, stranger.id, thread_id) == []
    with pytest.raises(NotFound):
        messages.get(database, stranger.id, first.summary.id)


def everything(database: Database, mailbox: Mailbox) -> list[messages.StoredMessage]:
    found = [messages.by_uid(database, mailbox.id, uid) for uid in messages.uids(database, mailbox.id)]
    return [each for each in found if each is not None]


def test_a_moved_message_stays_in_its_thread(database: Database, account: Account, inbox: Mailbox, archive: Mailbox) -> None:
    letters = {1: Letter("a"), 2: Letter("b", "a", "Re: Plans", 1)}
    add(database, inbox, letters, [1, 2])
    messages.relocate(database, inbox.id, target=archive.id, uidvalidity=7, uids=[Uid(2)], new_uids={Uid(2): Uid(20)})
    assert shown(listed(database, account, inbox)) == [(1, 2)]
    assert shown(listed(database, account, archive)) == [(20, 2)]


def test_a_thread_goes_on_although_what_joined_it_was_deleted(database: Database, account: Account, inbox: Mailbox) -> None:
    letters = {1: Letter("a"), 2: Letter("b", "a", "Re: Plans", 1), 3: Letter("c", "", "Re: Plans", 2, answers="b")}
    add(database, inbox, letters, [1, 2])
    messages.remove(database, inbox.id, uids=[Uid(2)])
    add(database, inbox, letters, [3])
    assert shown(listed(database, account, inbox)) == [(3, 2)]


def test_of_a_very_long_thread_only_some_is_looked_at(database: Database, account: Account, inbox: Mailbox) -> None:
    many = threads.MANY + 20
    letters = {uid: Letter(f"m{uid}", "m1" if uid > 1 else "", "Plans", uid) for uid in range(1, many + 1)}
    add(database, inbox, letters, letters)
    (found,) = listed(database, account, inbox)
    assert (found.messages, found.counted, found.unread) == (many, False, threads.MANY)
    members = threads.members(database, account.id, found.thread_id, limit=10)
    assert [each.message.summary.uid for each in members] == list(range(many - 9, many + 1))


@on_sqlite
@pytest.mark.parametrize("filter", [None, "unread", "flagged", "attachments", "to_me"])
def test_a_page_is_read_from_its_index_without_sorting_the_mailbox_in_sqlite(
    database: Database, account: Account, inbox: Mailbox, filter: str | None
) -> None:
    add(database, inbox, {1: Letter("a")}, [1])
    first, newer, *_ = plans(database.index, lambda: listed(database, account, inbox, filter=filter))
    assert f"ix_messages_{'list' if filter is None else filter} " in first
    assert "CORRELATED" in newer
    place = threads.page(database, account.id, inbox.id, limit=1)[0].newest.place
    for carried in (
        plans(database.index, lambda: threads.page(database, account.id, inbox.id, filter=filter, limit=5, after=place)),
        plans(database.index, lambda: threads.page(database, account.id, inbox.id, filter=filter, limit=5, before=place)),
    ):
        assert "(internal_date,id)" in carried[0]
        assert "TEMP B-TREE" not in " ".join(carried[:3])


@on_sqlite
def test_messages_are_found_by_their_ids_without_a_look_at_all_of_the_account_in_sqlite(
    database: Database, account: Account, inbox: Mailbox
) -> None:
    add(database, inbox, {uid: Letter(f"m{uid}") for uid in range(1, 31)}, range(1, 31))
    ids = [each.summary.id for each in everything(database, inbox)]
    (plan,) = plans(database.index, lambda: messages.get_many(database, account.id, ids))
    assert len(ids) == 30
    assert "(id=?)" in plan
