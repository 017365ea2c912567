"""Choosing everything: what "all" was when it was drawn, and nothing that came later."""

from __future__ import annotations

import pytest

from tests.servers.person import Person, letter
from webmail.errors import InvalidInput, NotFound
from webmail.mail import choosing, filing
from webmail.mail.pages import ActionResult, ConfirmPage, ListPlace
from webmail.mailbox import SpecialUse
from webmail.store import selections


@pytest.fixture
def person(anyone: Person) -> Person:
    """Every rule of this file holds on each server."""
    return anyone


def fill(person: Person, count: int) -> None:
    person.fill([letter(number) for number in range(1, count + 1)])


def choose(person: Person, stamp: str, **place: str) -> int:
    return choosing.select_all(person.session, person.mailbox().id, ListPlace(**place), stamp=stamp)


def done(result: ActionResult | ConfirmPage) -> ActionResult:
    assert isinstance(result, ActionResult)
    return result


def test_all_is_every_message_that_was_there_and_none_that_came_later(person: Person) -> None:
    fill(person, 120)
    stamp = person.page().stamp
    person.put([letter(500, subject="Later")])
    person.page()
    selection = choose(person, stamp)
    assert selections.count(person.gate.database, person.session.user.id, selection) == 120
    person.put([letter(501, subject="Much later")])
    result = done(filing.act(person.session, "archive", selection=selection))
    assert (result.code, result.count) == ("archived", 120)
    assert person.subjects() == ["Much later", "Later"]
    assert person.truth("Archive") == 120
    filing.undo(person.session, result.journal_id)
    assert person.truth() == 122


def test_all_of_a_filter_stays_what_it_was_whatever_is_read_meanwhile(person: Person) -> None:
    fill(person, 60)
    person.page()
    person.work()
    ids = person.ids()
    filing.act(person.session, "flag", ids=ids[:5])
    selection = choose(person, person.page(filter="flagged").stamp, filter="flagged")
    filing.act(person.session, "flag", ids=ids[10:20])
    filing.act(person.session, "unflag", ids=ids[:2])
    result = done(filing.act(person.session, "delete", selection=selection))
    assert result.count == 5
    assert person.truth("Trash") == 5
    assert set(ids[:5]).isdisjoint(person.ids())


def test_the_server_says_what_all_is_where_the_index_is_not_complete(person: Person) -> None:
    fill(person, 400)
    page = person.page()
    assert page.indexed == 50
    selection = choose(person, page.stamp)
    result = done(filing.act(person.session, "seen", selection=selection))
    assert result.count == 400
    assert person.truth("INBOX", "UNSEEN") == 0
    filing.undo(person.session, result.journal_id)
    assert person.truth("INBOX", "UNSEEN") == 400


def test_what_was_seen_before_stays_seen_after_undo(person: Person) -> None:
    fill(person, 400)
    with person.side() as side:
        side.store("1:3", "+FLAGS", "(\\Seen)")
    selection = choose(person, person.page().stamp)
    filing.undo(person.session, done(filing.act(person.session, "seen", selection=selection)).journal_id)
    assert person.truth("INBOX", "SEEN") == 3


def test_very_many_are_moved_by_the_worker_and_come_back_by_undo(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filing, "AT_ONCE", 50)
    monkeypatch.setattr(filing, "PIECE", 20)
    fill(person, 130)
    result = done(filing.act(person.session, "archive", selection=choose(person, person.page().stamp)))
    assert (result.code, result.count) == ("working", 130)
    assert person.truth("Archive") == 0
    person.work()
    assert person.truth("Archive") == 130
    assert person.subjects() == []
    assert len(person.page(SpecialUse.ARCHIVE).rows) == 50
    filing.undo(person.session, result.journal_id)
    assert person.truth() == 130


def test_undo_stops_what_the_worker_has_not_done_yet(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filing, "AT_ONCE", 50)
    fill(person, 60)
    result = done(filing.act(person.session, "archive", selection=choose(person, person.page().stamp)))
    filing.undo(person.session, result.journal_id)
    person.work()
    assert person.truth() == 60


def test_deleting_all_for_good_asks_first(person: Person) -> None:
    fill(person, 3)
    selection = choose(person, person.page().stamp)
    asked = filing.act(person.session, "delete_forever", selection=selection)
    assert isinstance(asked, ConfirmPage)
    assert (asked.count, asked.selection) == (3, selection)
    assert person.truth() == 3
    filing.act(person.session, "delete_forever", selection=selection, confirmed=True)
    assert person.truth() == 0


def test_a_selection_that_is_none_is_refused(person: Person) -> None:
    fill(person, 3)
    stamp = person.page().stamp
    for bad in ("", "x", "1", "1.2.3", "-1.5"):
        with pytest.raises(InvalidInput):
            choose(person, bad)
    uidvalidity = stamp.partition(".")[0]
    with pytest.raises(InvalidInput):
        choose(person, f"{uidvalidity}.1")
    with pytest.raises(NotFound):
        choose(person, f"{int(uidvalidity) + 1}.9")
    with pytest.raises(NotFound):
        filing.act(person.session, "seen", selection=10**9)
