"""Searching everything: folders and accounts of a person, from the index, and from the server what the index lacks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import update

from tests.servers.person import Person, letter
from webmail.errors import Conflict, InvalidInput, NotFound
from webmail.mail import filing, reading, saved_searches, search
from webmail.mail.found import SearchForm, SearchPage
from webmail.mail.message_pages import Wishes
from webmail.mail.pages import ActionResult
from webmail.store import accounts, schema


@pytest.fixture
def reader(person: Person) -> Person:
    """Somebody with letters in three folders, wholly indexed."""
    person.put([letter(1, subject="Hut booking", text="The hut is ours from Friday.", sender="Mira Kestrel <mira@example.net>")])
    person.put([letter(2, subject="展览筹备", text="周五早上好，一起去看展览吧。", sender="陈静 <jing@example.net>")])
    person.put([letter(3, subject="Zürich", text="Grüße aus der Hütte", sender="Jonas <jonas@example.com>")], flags="\\Seen")
    person.put([letter(4, subject="Old hut key", text="It hangs in the shed.")], mailbox="Archive")
    person.put([letter(5, subject="Cheap huts", text="Buy a hut now.", sender="Spam <s@example.com>")], mailbox="Junk")
    person.page()
    person.work()
    return person


def page(person: Person, query: str, **asked: Any) -> SearchPage:
    return search.search_page(person.session, query, **asked)


def subjects(person: Person, query: str, **asked: str) -> list[str]:
    return [each.row.message.envelope.subject for each in page(person, query, **asked).rows]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("hut", ["Old hut key", "Hut booking"]),
        ("hut in:anywhere", ["Cheap huts", "Old hut key", "Hut booking"]),
        ("hut in:inbox", ["Hut booking"]),
        ("hut in:junk", ["Cheap huts"]),
        ("hutte", ["Zürich"]),
        ("GRÜSSE", ["Zürich"]),
        ("早上", ["展览筹备"]),
        ("from:mira", ["Old hut key", "Hut booking"]),
        ("from:example.com", ["Zürich"]),
        ("to:robin subject:hut", ["Old hut key", "Hut booking"]),
        ('"ours from friday"', ["Hut booking"]),
        ("hut -key", ["Hut booking"]),
        ("boo* OR 展", ["展览筹备", "Hut booking"]),
        ("is:read", ["Zürich"]),
        ("is:unread hut", ["Old hut key", "Hut booking"]),
        ("larger:1G", []),
        ("nothing-like-this", []),
    ],
)
def test_a_search_finds_what_it_says_newest_first(reader: Person, query: str, found: list[str]) -> None:
    assert subjects(reader, query) == found
    assert page(reader, query).count == len(found)


def test_hits_are_told_in_subject_and_preview(reader: Person) -> None:
    (row,) = page(reader, "hut in:inbox").rows
    subject, preview = row.row.message.envelope.subject, row.row.message.preview
    assert [subject[start:end] for start, end in row.subject_hits] == ["Hut"]
    assert [preview[start:end] for start, end in row.preview_hits] == ["hut"]
    assert [each.name for each in row.mailboxes] == ["INBOX"]


def test_the_opened_message_marks_what_was_searched_for(reader: Person) -> None:
    (row,) = page(reader, "friday in:inbox").rows
    opened = reading.message_page(reader.session, row.row.message.id, mark_seen=False, wishes=Wishes(query="friday"))
    assert [span.text for block in opened.text for line in block.lines for span in line if span.hit] == ["Friday"]


def test_pages_of_results_follow_each_other_and_the_best_come_first_when_asked(person: Person) -> None:
    person.fill(
        [letter(number, subject=f"hut {number}" if number % 2 else "Other", text="hut " * (number % 5)) for number in range(1, 141)]
    )
    person.page()
    person.work()
    found: list[str] = []
    first = page(person, "subject:hut")
    found += [each.row.message.envelope.subject for each in first.rows]
    second = page(person, "subject:hut", after=first.next_cursor)
    found += [each.row.message.envelope.subject for each in second.rows]
    assert found == [f"hut {number}" for number in range(139, 0, -2)]
    assert not second.next_cursor
    best = page(person, "hut", order="best")
    assert len(best.rows) == 50
    assert len(page(person, "hut", order="best", after=best.next_cursor).rows) == 50


def test_a_message_that_is_gone_is_not_found(reader: Person) -> None:
    (row,) = page(reader, "friday").rows
    filing.act(reader.session, "delete", ids=[row.row.message.id])
    assert subjects(reader, "friday") == []
    assert subjects(reader, "friday in:trash") == ["Hut booking"]


def test_a_mistake_gets_a_hint_and_results(reader: Person) -> None:
    found = page(reader, 'form:mira "hut')
    assert {code for code, _ in found.hints} == {"unknown_operator", "unclosed_quote"}
    assert page(reader, "").hints[0][0] == "nothing_to_search"
    assert page(reader, "hut in:nowhere").unknown_mailboxes == ("nowhere",)
    for bad in ({"order": "x"}, {"after": "x"}):
        with pytest.raises(InvalidInput):
            page(reader, "hut", **bad)


def test_people_are_suggested_by_the_beginning_of_their_name(reader: Person) -> None:
    assert [each.query for each in page(reader, "mir").suggestions] == ["from:mira@example.net"]


def test_the_server_is_asked_for_what_the_index_does_not_have(anyone: Person) -> None:
    anyone.fill([letter(number, subject=f"Letter {number}", text="needle" if number == 3 else "hay") for number in range(1, 121)])
    anyone.page()
    found = search.search_page(anyone.session, "needle", patience=20)
    assert [each.row.message.envelope.subject for each in found.rows] == ["Letter 3"]
    assert found.coverage.asked
    assert not found.coverage.late
    assert found.coverage.total == 120
    assert found.coverage.indexed < 120
    anyone.work()
    after = search.search_page(anyone.session, "needle")
    assert [each.row.message.envelope.subject for each in after.rows] == ["Letter 3"]
    assert not after.coverage.asked
    assert anyone.page().indexed == 120


def test_what_both_the_index_and_the_server_find_is_shown_once(person: Person) -> None:
    person.fill([letter(number) for number in range(1, 31)])
    person.page()
    found = search.search_page(person.session, "is:unread", patience=20)
    assert found.coverage.asked
    assert [each.row.message.envelope.subject for each in found.rows] == [f"Letter {number}" for number in range(30, 0, -1)]
    assert found.count == 30


def test_everything_found_can_be_chosen_and_filed(reader: Person) -> None:
    selection = search.select_all(reader.session, "hut")
    result = filing.act(reader.session, "delete", selection=selection)
    assert isinstance(result, ActionResult)
    assert result.count == 2
    assert reader.truth("Trash") == 2
    filing.undo(reader.session, result.journal_id)
    assert subjects(reader, "hut") == ["Old hut key", "Hut booking"]
    with pytest.raises(InvalidInput):
        search.select_all(reader.session, "nothing-like-this")


def test_a_search_is_kept_under_a_name_with_what_is_unread_of_it(reader: Person) -> None:
    kept = saved_searches.save(reader.session, "  Huts ", query="hut in:anywhere")
    found = page(reader, "hut in:anywhere")
    assert found.saved is not None
    assert (found.saved.name, found.saved.unread) == ("Huts", 3)
    with pytest.raises(Conflict):
        saved_searches.save(reader.session, "Huts", query="x")
    with pytest.raises(InvalidInput):
        saved_searches.save(reader.session, " ", query="x")
    saved_searches.forget(reader.session, kept.id)
    with pytest.raises(NotFound):
        saved_searches.forget(reader.session, kept.id)


def test_a_form_writes_the_query_it_means() -> None:
    form = SearchForm(sender="Mira", words="hut", has_attachment=True, state="unread", mailbox="archive", after="2026-01-01", larger="1,5")
    assert saved_searches.query_of(form) == "hut from:Mira has:attachment is:unread in:archive after:2026-01-01 larger:1536k"
    assert saved_searches.query_of(SearchForm(after="x", before="9", larger="much", state="tasty")) == ""


def test_all_accounts_of_a_person_are_searched(reader: Person, dovecot: object) -> None:
    first = reader.session.accounts[0]
    username = reader.host.new_user("secret")
    other = Person(reader.host, reader.gate, username, "secret")
    other.put([letter(9, subject="Second hut", text="Another account.")])
    other.sign_in()
    other.page()
    other.work()
    with reader.gate.database.durable_write() as connection:
        connection.execute(update(schema.accounts).where(schema.accounts.c.username == username).values(user_id=first.user_id))
    assert "Second hut" not in subjects(reader, "hut")
    both = accounts.of_user(reader.gate.database, first.user_id)
    assert len(both) == 2
    reader.sign_in()
    found = page(reader, "hut").rows
    assert [each.row.message.envelope.subject for each in found] == ["Second hut", "Old hut key", "Hut booking"]
    assert {each.mailboxes[0].account_id for each in found} == {each.id for each in both}
    assert datetime.now(UTC) > found[0].row.message.internal_date
