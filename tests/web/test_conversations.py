"""Reading conversations in the pages, without script, on a real IMAP server."""

from __future__ import annotations

import pytest

from tests.mail.test_conversations import letter, put
from tests.servers.person import Person
from tests.visitor import Visitor
from tests.web.built import build_on
from webmail.mail import preferences
from webmail.message.summary import Flag


@pytest.fixture
def visitor(person: Person) -> Visitor:
    """Somebody signed in, with a conversation of seven of which the last is new, and a letter above it."""
    put(person, *[letter(f"m{number}", f"m{number - 1}" if number else "", minute=number) for number in range(5)], flags="\\Seen")
    put(person, letter("m5", "m4", sender="Robin Vale <robin@example.test>", minute=5), mailbox="Sent", flags="\\Seen")
    put(person, letter("m6", "m5", minute=6), letter("other", subject="Else", minute=7))
    person.page("Sent")
    preferences.choose(person.session, view="conversations")
    return Visitor(build_on(person.gate)).sign_in(person.username, person.password)


def press(visitor: Visitor, form: str, **button: str) -> Visitor:
    """Send the first form that an XPath finds, by a button of this name and value."""
    return visitor.send(visitor.page.xpath(form)[0], button=next(iter(button.items()), None))


def heads(visitor: Visitor) -> list[str]:
    """Who wrote the open messages, in the order of the page."""
    return [str(each.text_content()) for each in visitor.page.xpath("//article[contains(@class, 'msg')]//h2")]


def test_a_conversation_is_read_from_its_row(visitor: Visitor, person: Person) -> None:
    visitor.get("/")
    (count,) = visitor.page.xpath("//*[@class='count']/*[@class='vh']/text()")
    assert count == ", 7 messages"
    (row,) = visitor.page.xpath("//li[@data-message][.//*[@class='count']]//a[@class='row__link']/@href")
    assert str(row).startswith("/conversations/")
    visitor.get(row)
    assert visitor.page.xpath("//h1/text()") == ["Plans"]
    assert heads(visitor) == ["Ann Lee"]
    assert "This is m6." in visitor.text
    assert "This is m3." not in "".join(visitor.page.xpath("//article//text()"))
    assert len(visitor.page.xpath("//a[@class='fold']")) == 6
    assert len(visitor.page.xpath("//details/ol[@class='folds']/li")) == 4, "the middle is folded away behind one line"
    assert person.truth("INBOX", "UNSEEN") == 1, "it was marked as read by being opened"
    assert visitor.page.xpath("//li[@aria-current or contains(@class, 'on')]/@data-message") == [str(row).rpartition("/")[2]]


def test_folded_messages_open_and_fold_again_by_links(visitor: Visitor) -> None:
    visitor.get("/").get(visitor.page.xpath("//li[.//*[@class='count']]//a[@class='row__link']/@href")[0])
    first = visitor.page.xpath("//a[@class='fold']/@href")[0]
    visitor.get(str(first).partition("#")[0])
    assert len(heads(visitor)) == 2
    assert "This is m0." in visitor.text
    (fold, *_) = visitor.page.xpath("//a[contains(., 'Fold')]/@href")
    visitor.get(fold)
    assert len(heads(visitor)) == 1
    (everything,) = visitor.page.xpath("//a[contains(., 'Open all')]/@href")
    visitor.get(everything)
    assert len(heads(visitor)) == 7
    assert all(f"This is m{number}." in visitor.text for number in range(7))


def test_conversations_are_archived_from_the_list_and_brought_back(visitor: Visitor, person: Person) -> None:
    visitor.get("/")
    (button,) = visitor.page.xpath("//li[.//*[@class='count']]//button[starts-with(@value, 'archive:')]/@value")
    press(visitor, "//form[@id='rows']", one=button)
    assert "6 messages archived." in visitor.text
    assert (person.truth(), person.truth("Archive"), person.truth("Sent")) == (1, 6, 1)
    press(visitor, "//form[starts-with(@action, '/undo/')]")
    assert person.truth() == 7


def test_the_bar_of_a_conversation_acts_on_all_of_it(visitor: Visitor, person: Person) -> None:
    visitor.get("/").get(visitor.page.xpath("//li[.//*[@class='count']]//a[@class='row__link']/@href")[0])
    press(visitor, "//form[@id='stay']", action="flag")
    assert person.truth("INBOX", "FLAGGED") == 6
    assert visitor.page.xpath("//button[@value='unflag'][@form='stay']")
    press(visitor, "//form[@id='act']", action="delete_forever")
    assert "Delete 6 messages forever?" in visitor.text
    press(visitor, "//form[@action='/messages/actions']")
    assert person.truth() == 1


def test_one_message_of_a_conversation_is_deleted_alone(visitor: Visitor, person: Person) -> None:
    visitor.get("/").get(visitor.page.xpath("//li[.//*[@class='count']]//a[@class='row__link']/@href")[0])
    press(visitor, "//article/following-sibling::div//form", action="delete")
    assert (person.truth(), person.truth("Trash")) == (6, 1)


def test_the_list_can_be_one_of_messages_and_stays_so(visitor: Visitor, person: Person) -> None:
    visitor.get("/")
    assert len(visitor.page.xpath("//li[@data-message]")) == 2
    press(visitor, "//form[@action='/settings/reading']", view="messages")
    assert len(visitor.page.xpath("//li[@data-message]")) == 7
    visitor.get(f"/mailboxes/{person.mailbox().id}?view=conversations")
    assert len(visitor.page.xpath("//li[@data-message]")) == 2
    visitor.get("/")
    assert len(visitor.page.xpath("//li[@data-message]")) == 7
    visitor.get(visitor.page.xpath("//li[@data-message]//a[@class='row__link']/@href")[1])
    (whole,) = visitor.page.xpath("//a[contains(., 'Conversation of 7 messages')]/@href")
    visitor.get(str(whole).partition("#")[0])
    assert visitor.page.xpath("//h1/text()") == ["Plans"]


def test_the_order_of_a_conversation_is_turned_around_and_stays_so(visitor: Visitor) -> None:
    visitor.get("/").get(visitor.page.xpath("//li[.//*[@class='count']]//a[@class='row__link']/@href")[0])
    press(visitor, "//div[@id='more']//form[@action='/settings/reading']", order="newest")
    stack = visitor.page.xpath("//div[@class='stack']/*")
    assert [each.tag for each in stack] == ["article", "div", "ol", "div"]
    assert visitor.page.xpath("//button[@name='order']/@value") == ["oldest"]


@pytest.mark.parametrize("asked", ["view=x", "order=x"])
def test_a_choice_that_is_none_is_refused_with_words(visitor: Visitor, asked: str) -> None:
    name, _, value = asked.partition("=")
    press(visitor.get("/"), "//form[@action='/settings/reading']", **{name: value})
    assert "not known here" in visitor.text


def test_a_page_fetched_ahead_marks_nothing_as_read(visitor: Visitor, person: Person) -> None:
    visitor.get("/")
    row = visitor.page.xpath("//li[.//*[@class='count']]//a[@class='row__link']/@href")[0]
    visitor.get(row, headers={"Sec-Purpose": "prefetch"})
    assert person.truth("INBOX", "UNSEEN") == 2
    assert not [each for each in person.page().rows if each.message.envelope.subject == "Else" and Flag.SEEN in each.message.flags]
