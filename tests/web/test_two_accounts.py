"""A person with two accounts: whatever a page names decides which of the two is shown and written from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from tests.servers.dovecot import Dovecot
from tests.servers.person import Person, letter, new_person
from tests.visitor import Visitor
from tests.web.built import build_on
from webmail.store import schema


@pytest.fixture
def robin(dovecot: Dovecot, tmp_path: Path) -> Iterator[Person]:
    somebody = new_person(dovecot, tmp_path / "data")
    somebody.put([letter(1, subject="Hut of the first", text="Nothing.")])
    somebody.sign_in()
    somebody.page()
    somebody.work()
    yield somebody
    somebody.close()


@pytest.fixture
def other(robin: Person) -> Person:
    """The same person's second account."""
    another = Person(robin.host, robin.gate, robin.host.new_user("secret"), "secret")
    another.put([letter(2, subject="Hut of the second", text="Another account.")])
    another.sign_in()
    another.page()
    another.work()
    owner = robin.session.accounts[0].user_id
    with robin.gate.database.durable_write() as connection:
        connection.execute(update(schema.accounts).where(schema.accounts.c.username == another.username).values(user_id=owner))
    return another


@pytest.fixture
def visitor(robin: Person, other: Person) -> Visitor:
    visitor = Visitor(build_on(robin.gate)).sign_in(robin.username, robin.password)
    visitor.get("/search?q=hut")
    return visitor


def found(visitor: Visitor) -> dict[str, str]:
    """The path of each result by its subject."""
    rows = visitor.page.xpath("//li[@data-message]")
    return {str(row.xpath("string(.//*[@class='row__t'])")): str(row.xpath(".//a/@href")[0]) for row in rows}


def test_what_was_found_in_either_account_opens(visitor: Visitor, robin: Person, other: Person) -> None:
    paths = found(visitor)
    assert set(paths) == {"Hut of the first", "Hut of the second"}
    for subject, person in (("Hut of the first", robin), ("Hut of the second", other)):
        visitor.get(paths[subject])
        assert visitor.status == 200
        assert subject in visitor.words
        assert visitor.mailbox("inbox") == f"/mailboxes/{person.mailbox().id}", "the folders are those of its account"
        assert person.truth("INBOX", "UNSEEN") == 0


def test_it_is_filed_where_it_is_and_brought_back(visitor: Visitor, robin: Person, other: Person) -> None:
    visitor.get(found(visitor)["Hut of the second"])
    visitor.send(visitor.page.get_element_by_id("act"), button=("action", "archive"))
    assert (other.truth("INBOX"), other.truth("Archive"), robin.truth("INBOX")) == (0, 1, 1)
    visitor.send(next(form for form in visitor.page.forms if "/undo/" in form.get("action", "")))
    assert (other.truth("INBOX"), other.truth("Archive")) == (1, 0)


def test_a_reply_is_written_in_the_account_the_message_is_in(visitor: Visitor, other: Person) -> None:
    visitor.get(found(visitor)["Hut of the second"])
    visitor.get(str(visitor.page.xpath("//a[contains(@href, '/compose?reply=')]/@href")[0]))
    visitor.send(visitor.form(holding="subject"), button=("action", "save"), text="From the second.")
    assert visitor.status == 200
    assert "From the second." in str(visitor.page.xpath("string(//textarea[@name='text'])"))
    other.work()
    assert other.truth("Drafts") == 1


def test_messages_of_both_at_once_are_refused_with_a_reason(visitor: Visitor, robin: Person, other: Person) -> None:
    ids = visitor.marked("data-message")
    assert len(ids) == 2
    form = visitor.form(action="/messages/actions")
    visitor.post("/messages/actions", {**dict(form.fields), "ids": list(ids), "action": "archive"})
    assert "several accounts" in visitor.notices()
    assert (robin.truth("INBOX"), other.truth("INBOX")) == (1, 1)
