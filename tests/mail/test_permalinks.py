"""A message by its Message-ID: the best copy, also when the index was thrown away."""

from __future__ import annotations

import pytest

from tests.servers.person import Person, letter
from webmail.errors import NotFound
from webmail.mail import permalinks, reading
from webmail.mailbox import SpecialUse


def subject(person: Person, named: str) -> tuple[str, str]:
    owner, found = permalinks.find(person.session, named)
    assert owner == person.session.accounts[0].id
    page = reading.message_page(person.session, found, mark_seen=False)
    return page.message.envelope.subject, page.mailbox.name


def test_a_message_is_found_by_its_id_with_or_without_brackets(person: Person) -> None:
    raw = letter(1, subject="Hut")
    named = raw.partition(b"Message-ID: <")[2].partition(b">")[0].decode()
    person.put([raw, letter(2)])
    assert len(person.ids()) == 2
    assert subject(person, named) == subject(person, f"<{named}>") == ("Hut", "INBOX")


def test_a_copy_in_trash_is_shown_only_where_there_is_no_other(person: Person) -> None:
    raw = letter(1, subject="Hut", extra="X: y\r\n")
    named = raw.partition(b"Message-ID: <")[2].partition(b">")[0].decode()
    person.put([raw], mailbox="Trash")
    assert len(person.ids(SpecialUse.TRASH)) == 1
    assert subject(person, named) == ("Hut", "Trash")
    person.put([raw], mailbox="Archive")
    assert len(person.ids(SpecialUse.ARCHIVE)) == 1
    person.put([raw], mailbox="Junk")
    assert len(person.ids(SpecialUse.JUNK)) == 1
    assert subject(person, named) == ("Hut", "Archive")


def test_the_link_stays_good_when_the_index_is_built_again(person: Person) -> None:
    raw = letter(1, subject="Hut")
    named = raw.partition(b"Message-ID: <")[2].partition(b">")[0].decode()
    person.put([raw])
    (before,) = person.ids()
    person.gate.database.drop_index()
    person.sign_in()
    (after,) = person.ids()
    assert before != after
    assert permalinks.find(person.session, named)[1] == after


@pytest.mark.parametrize("named", ["nothing@example.net", "", "<a@b><c@d>", "x" * 2000, "%00", "a\nb@c"])
def test_an_id_that_nothing_has_is_not_found(person: Person, named: str) -> None:
    with pytest.raises(NotFound) as error:
        permalinks.find(person.session, named)
    assert error.value.code == "permalink"
