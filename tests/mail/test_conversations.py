"""Conversations: one row for each, all their messages on one page, and actions that mean what was shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.servers.person import Person
from tests.servers.proxy import Proxy
from webmail.errors import InvalidInput, NotFound
from webmail.mail import conversations, filing, preferences
from webmail.mail.conversations import ConversationPage
from webmail.mail.pages import ConfirmPage, ListPlace, MailboxPage, View
from webmail.mailbox import SpecialUse

ANN, ME = "Ann Lee <ann@example.net>", "Robin Vale <robin@example.test>"


def letter(name: str, answers: str = "", *, subject: str = "Plans", sender: str = ANN, to: str = ME, minute: int = 0) -> bytes:
    """A message called ``name`` that answers another one."""
    when = datetime(2026, 3, 1, 8, tzinfo=UTC) + timedelta(minutes=minute)
    fields = [
        f"From: {sender}",
        f"To: {to}",
        f"Subject: {'Re: ' if answers else ''}{subject}",
        f"Date: {when:%a, %d %b %Y %H:%M:%S} +0000",
        f"Message-ID: <{name}@example.net>",
        *([f"In-Reply-To: <{answers}@example.net>", f"References: <{answers}@example.net>"] if answers else []),
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
    ]
    return ("\r\n".join(fields) + f"\r\n\r\nThis is {name}.\r\n").encode()


def put(person: Person, *letters: bytes, mailbox: str = "INBOX", flags: str = "") -> None:
    """Store letters a second apart, so that their order is their own."""
    start = datetime(2026, 3, 1, 8, tzinfo=UTC)
    with person.host.side(person.username, mailbox) as side:
        for raw in letters:
            minute = int(raw.partition(b"Date: ")[2].split(b":")[1])
            when = (start + timedelta(minutes=minute)).strftime("%d-%b-%Y %H:%M:%S +0000")
            side.append(mailbox, f"({flags})" if flags else "", f'"{when}"', raw)


def rows(person: Person, name: str | SpecialUse = SpecialUse.INBOX, **place: Any) -> MailboxPage:
    return person.page(name, view="conversations", **place)


def told(page: MailboxPage) -> list[tuple[str, int]]:
    return [(_name(row), row.count) for row in page.rows]


def _name(row: Any) -> str:
    return str(row.message.envelope.message_id_field).partition("@")[0].lstrip("<")


def names(page: ConversationPage) -> list[str]:
    return [_name(each) for each in page.messages]


def open_ones(page: ConversationPage) -> list[str]:
    return [_name(each) for each in page.messages if each.open]


def conversation(person: Person, message_id: int, *, mark_seen: bool = True, **asked: Any) -> ConversationPage:
    beside = {"place": ListPlace(view="conversations")}
    return conversations.conversation_page(person.session, message_id, mark_seen=mark_seen, **(beside | asked))


@pytest.fixture
def reader(person: Person) -> Person:
    """Somebody with a conversation of four in Inbox, Sent and Archive, and another letter above it; all is read."""
    put(person, letter("one"), letter("three", "two", minute=3), letter("other", subject="Else", minute=5), flags="\\Seen")
    put(person, letter("two", "one", sender=ME, to=ANN, minute=2), mailbox="Sent", flags="\\Seen")
    put(person, letter("four", "three", minute=4), mailbox="Archive", flags="\\Seen")
    for name in ("INBOX", "Sent", "Archive"):
        person.page(name)
    person.work()
    return person


def test_a_conversation_is_one_row_and_all_of_it_one_page(reader: Person) -> None:
    page = rows(reader)
    assert told(page) == [("other", 1), ("three", 4)]
    assert page.view is View.CONVERSATIONS
    assert [each.name for each in page.rows[1].people] == ["Ann Lee", "Robin Vale"]
    found = conversation(reader, page.rows[1].message.id)
    assert names(found) == ["one", "two", "three", "four"]
    assert [[each.name for each in each.mailboxes] for each in found.messages] == [["INBOX"], ["Sent"], ["INBOX"], ["Archive"]]
    assert open_ones(found) == ["four"]
    assert (found.message.id, found.subject) == (page.rows[1].message.id, "Plans")
    assert found.newer is not None
    assert found.newer.id == page.rows[0].message.id
    assert not found.newer.conversation
    assert found.older is None


def test_until_somebody_chooses_lists_show_every_message(reader: Person) -> None:
    assert told(reader.page(view="")) == [("other", 1), ("three", 1), ("one", 1)]
    preferences.choose(reader.session, view="conversations")
    assert told(reader.page(view="")) == [("other", 1), ("three", 4)]
    assert told(reader.page(view="messages")) == [("other", 1), ("three", 1), ("one", 1)]
    preferences.choose(reader.session, view="messages")
    assert told(reader.page(view="")) == [("other", 1), ("three", 1), ("one", 1)]
    assert told(reader.page(view="conversations")) == [("other", 1), ("three", 4)]
    with pytest.raises(InvalidInput):
        preferences.choose(reader.session, view="threads")
    with pytest.raises(InvalidInput):
        reader.page(view="threads")


def test_other_orders_and_drafts_are_lists_of_messages(reader: Person) -> None:
    assert rows(reader, sort="from").view is View.MESSAGES
    assert rows(reader, SpecialUse.DRAFTS).view is View.MESSAGES
    assert rows(reader, SpecialUse.SENT).rows[0].people[0].name == "Ann Lee", "in Sent it is named by who it went to"


def test_a_conversation_can_be_opened_by_any_of_its_messages(reader: Person) -> None:
    first = next(row.message.id for row in reader.page().rows if _name(row) == "one")
    assert names(conversation(reader, first)) == ["one", "two", "three", "four"]
    archived = reader.page("Archive").rows[0].message.id
    found = conversation(reader, archived)
    assert (found.mailbox.name, found.message.id) == ("Archive", archived)
    with pytest.raises(NotFound):
        conversation(reader, 999_999)


def test_the_order_can_be_reversed_and_is_remembered(reader: Person) -> None:
    opened = rows(reader).rows[1].message.id
    assert names(conversation(reader, opened, order="newest")) == ["four", "three", "two", "one"]
    preferences.choose(reader.session, order="newest")
    assert names(conversation(reader, opened)) == ["four", "three", "two", "one"]
    assert names(conversation(reader, opened, order="oldest")) == ["one", "two", "three", "four"]
    with pytest.raises(InvalidInput):
        conversation(reader, opened, order="best")


def test_what_was_not_read_is_open_and_marked_as_read_where_it_is(reader: Person) -> None:
    put(reader, letter("five", "four", minute=6), letter("six", "five", minute=7))
    put(reader, letter("seven", "six", minute=8), mailbox="Archive")
    reader.page("Archive")
    page = rows(reader)
    assert told(page)[0] == ("six", 7)
    assert page.rows[0].unread
    looked = conversation(reader, page.rows[0].message.id, mark_seen=False)
    assert open_ones(looked) == ["five", "six", "seven"]
    assert reader.truth("INBOX", "UNSEEN") == 2, "a page fetched ahead marks nothing"
    found = conversation(reader, page.rows[0].message.id)
    assert open_ones(found) == ["five", "six", "seven"]
    assert (reader.truth("INBOX", "UNSEEN"), reader.truth("Archive", "UNSEEN")) == (0, 0)
    assert found.list is not None
    assert not found.list.rows[0].unread, "the list beside says so at once"
    assert open_ones(conversation(reader, page.rows[0].message.id)) == ["seven"]


def test_the_messages_asked_for_are_open(reader: Person) -> None:
    opened = rows(reader).rows[1].message.id
    ids = {_name(each): str(each.message.id) for each in conversation(reader, opened).messages}
    assert open_ones(conversation(reader, opened, opened=[ids["one"], ids["three"]])) == ["one", "three"]
    assert open_ones(conversation(reader, opened, opened=["all"])) == ["one", "two", "three", "four"]
    assert open_ones(conversation(reader, opened, opened=["0", "x"])) == ["four"]
    page = conversation(reader, opened, opened=[ids["two"]])
    shown = next(each.page for each in page.messages if each.page)
    assert "This is two." in "".join(span.text for block in shown.text for line in block.lines for span in line)


def test_what_is_in_trash_or_junk_is_not_part_of_it_elsewhere(reader: Person) -> None:
    filing.act(reader.session, "delete", ids=[reader.page("Archive").rows[0].message.id])
    page = rows(reader)
    assert told(page)[1] == ("three", 3)
    assert names(conversation(reader, page.rows[1].message.id)) == ["one", "two", "three"]
    deleted = rows(reader, SpecialUse.TRASH)
    assert told(deleted) == [("four", 4)]
    assert names(conversation(reader, deleted.rows[0].message.id)) == ["one", "two", "three", "four"]


def test_a_message_in_two_folders_is_shown_once_and_a_forged_repeat_beside_it(reader: Person) -> None:
    put(reader, letter("one"), mailbox="Archive", flags="\\Seen")
    put(reader, letter("one").replace(b"Subject: Plans", b"Subject: Re: Plans "), mailbox="Archive", flags="\\Seen")
    reader.page("Archive")
    found = conversation(reader, rows(reader).rows[1].message.id)
    assert names(found) == ["one", "one", "two", "three", "four"]
    assert sorted([each.name for each in each.mailboxes] for each in found.messages[:2]) == [["Archive"], ["INBOX", "Archive"]]


def test_an_action_on_a_conversation_means_its_messages_here(reader: Person) -> None:
    page = rows(reader)
    result = filing.act(reader.session, "archive", ids=[page.rows[1].message.id], conversations=page.stamp)
    assert not isinstance(result, ConfirmPage)
    assert result.count == 2
    assert (reader.truth(), reader.truth("Archive"), reader.truth("Sent")) == (1, 3, 1)
    filing.undo(reader.session, result.journal_id)
    assert (reader.truth(), reader.truth("Archive")) == (3, 1)
    assert told(rows(reader)) == [("other", 1), ("three", 4)]


def test_an_action_does_not_mean_what_came_after_the_page_was_drawn(reader: Person) -> None:
    page = rows(reader)
    put(reader, letter("five", "four", minute=6))
    reader.page()
    result = filing.act(reader.session, "delete", ids=[page.rows[1].message.id], conversations=page.stamp)
    assert not isinstance(result, ConfirmPage)
    assert result.count == 2
    assert told(rows(reader)) == [("five", 3), ("other", 1)]


def test_flags_of_a_conversation_are_set_and_taken_as_one(reader: Person) -> None:
    page = rows(reader)
    filing.act(reader.session, "flag", ids=[page.rows[1].message.id], conversations=page.stamp)
    assert reader.truth("INBOX", "FLAGGED") == 2
    assert rows(reader).rows[1].flagged
    assert conversation(reader, page.rows[1].message.id).flagged
    filing.act(reader.session, "unflag", ids=[page.rows[1].message.id], conversations=page.stamp)
    assert reader.truth("INBOX", "FLAGGED") == 0


def test_deleting_a_conversation_forever_asks_first_for_all_of_it(reader: Person) -> None:
    page = rows(reader)
    asked = filing.act(reader.session, "delete_forever", ids=[page.rows[1].message.id], conversations=page.stamp)
    assert isinstance(asked, ConfirmPage)
    assert (asked.count, asked.conversations) == (2, page.stamp)
    filing.act(reader.session, asked.action, ids=list(asked.ids), conversations=asked.conversations, confirmed=True)
    assert reader.truth() == 1


@pytest.mark.parametrize("stamp", ["x", "1", "1.2.3", "-1.5"])
def test_a_stamp_that_is_none_of_ours_is_refused(reader: Person, stamp: str) -> None:
    with pytest.raises(InvalidInput):
        filing.act(reader.session, "archive", ids=[rows(reader).rows[1].message.id], conversations=stamp)


def test_a_stamp_of_another_time_finds_nothing(reader: Person) -> None:
    page = rows(reader)
    with pytest.raises(NotFound):
        filing.act(reader.session, "archive", ids=[page.rows[1].message.id], conversations=f"1.{page.stamp.partition('.')[2]}")
    assert reader.truth() == 3


def test_pages_of_conversations_go_down_and_back_up(person: Person) -> None:
    many = [
        letter(f"m{number}", f"m{number - 1}" if number % 2 else "", subject=f"Topic {number // 2}", minute=number % 60)
        for number in range(240)
    ]
    person.fill(many)
    person.page()
    person.work()
    pages = [rows(person)]
    while pages[-1].next_cursor:
        pages.append(rows(person, after=pages[-1].next_cursor))
    assert [len(page.rows) for page in pages] == [50, 50, 20]
    assert all(row.count == 2 for page in pages for row in page.rows)
    back = rows(person, before=pages[2].previous_cursor)
    assert told(back) == told(pages[1])
    last = pages[0].rows[-1].message.id
    found = conversation(person, last)
    assert found.older is not None
    assert found.older.id == pages[1].rows[0].message.id
    assert found.older.conversation
    beyond = conversation(person, pages[1].rows[3].message.id)
    assert beyond.list is not None
    assert beyond.row == pages[1].rows[3].message.id


def test_the_list_beside_stands_at_the_row_of_a_conversation_opened_by_an_old_message(person: Person) -> None:
    put(person, letter("first"), *[letter(f"m{number}", subject=f"Topic {number}", minute=0) for number in range(55)])
    put(person, letter("last", "first", minute=1), *[letter(f"n{number}", subject=f"News {number}", minute=2) for number in range(55)])
    person.page()
    person.work()
    oldest = next(row for page in _pages(person) for row in page.rows if _name(row) == "first").message.id
    found = conversation(person, oldest)
    assert found.list is not None
    assert [_name(row) for row in found.list.rows if row.message.id == found.row] == ["last"]
    assert (found.newer is None, found.older is None) == (False, False)


def _pages(person: Person) -> list[MailboxPage]:
    pages = [person.page()]
    while pages[-1].next_cursor:
        pages.append(person.page(after=pages[-1].next_cursor))
    return pages


def test_of_a_very_long_conversation_the_newest_are_shown_and_the_page_says_so(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversations, "SHOWN", 5)
    put(person, *[letter(f"m{number}", f"m{number - 1}" if number else "", minute=number) for number in range(5)])
    put(person, letter("m4", "m3", minute=4), mailbox="Archive")
    person.page("Archive")
    found = conversation(person, rows(person).rows[0].message.id, mark_seen=False)
    assert (names(found), found.left_out) == (["m1", "m2", "m3", "m4"], True)
    filing.act(person.session, "delete_forever", ids=[person.page("Archive").rows[0].message.id], confirmed=True)
    found = conversation(person, rows(person).rows[0].message.id, mark_seen=False)
    assert (len(found.messages), found.left_out) == (5, False)


def test_one_body_that_cannot_be_had_leaves_the_others_readable(behind: Person, proxy: Proxy) -> None:
    put(behind, letter("one"), letter("two", "one", minute=1))
    page = rows(behind)
    proxy.refuse("UID FETCH", "UID FETCH 2 (UID BODY")
    found = conversation(behind, page.rows[0].message.id)
    assert names(found) == ["one", "two"]
    assert [(each.page is None, each.error is None) for each in found.messages] == [(False, True), (True, False)]
    assert behind.truth("INBOX", "UNSEEN") == 1, "what could not be read is not marked as read"


def test_flags_that_a_server_does_not_tell_of_are_asked_for(plain_person: Person) -> None:
    put(plain_person, letter("one"), letter("two", "one", minute=1), flags="\\Seen")
    assert not rows(plain_person).rows[0].unread
    with plain_person.side() as side:
        side.store("1", "-FLAGS", "(\\Seen)")
    page = rows(plain_person)
    assert page.rows[0].unread
    assert _name(page.rows[0]) == "two"
