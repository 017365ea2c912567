"""Sync: the list equals the server, whatever other clients do."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.servers.person import Person, letter
from webmail.errors import Conflict
from webmail.mail import indexing, listing, sync
from webmail.mail import mailboxes as mailboxes_service
from webmail.mail.pages import Freshness
from webmail.mail.session import connection
from webmail.mailbox import SpecialUse
from webmail.store import listing as store_listing
from webmail.store import mailboxes


@pytest.fixture
def person(everyone: Person) -> Person:
    """Every rule of this file holds on each server: by mod-sequences with and without expunges told, by scanning, elsewhere."""
    return everyone


def fill(person: Person, count: int) -> None:
    person.fill([letter(number) for number in range(1, count + 1)])


def everything(person: Person) -> list[str]:
    """All subjects of the inbox, page after page."""
    found, cursor = [], ""
    while True:
        page = person.page(cursor=cursor)
        found += [row.message.envelope.subject for row in page.rows]
        if not page.next_cursor:
            return found
        cursor = page.next_cursor


def test_the_newest_page_of_a_large_mailbox_is_shown_at_once(person: Person) -> None:
    fill(person, 400)
    page = person.page()
    assert [row.message.envelope.subject for row in page.rows] == [f"Letter {number}" for number in range(400, 350, -1)]
    assert page.total == 400
    assert page.indexed == 50
    assert 0 < page.progress < 100
    assert page.rows[0].message.preview == "Good morning."


def test_the_worker_indexes_the_rest_newest_first_and_the_progress_ends_at_100(person: Person) -> None:
    fill(person, 400)
    person.page()
    person.work()
    page = person.page()
    assert (page.progress, page.indexed, page.total) == (100, 400, 400)
    assert everything(person) == [f"Letter {number}" for number in range(400, 0, -1)]


def test_a_backfill_that_was_killed_goes_on_where_it_was(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sync, "WINDOW", 300)
    fill(person, 400)
    person.page()
    with connection(person.session) as lent:
        sync.backfill(sync.Index(person.gate.database, lent, person.mailbox()))
    state = mailboxes.state(person.gate.database, person.mailbox().id)
    assert (state.indexed, state.complete) == (350, False)
    person.work()
    assert len(everything(person)) == 400


def test_new_mail_is_on_the_next_page_request(person: Person) -> None:
    fill(person, 3)
    assert person.subjects() == ["Letter 3", "Letter 2", "Letter 1"]
    person.deliver(letter(4))
    assert person.subjects()[0] == "Letter 4"


def test_what_another_client_expunges_is_gone_on_the_next_page_request(person: Person) -> None:
    fill(person, 120)
    person.page()
    person.work()
    with person.side() as side:
        side.store("1:10,119", "+FLAGS", "(\\Deleted)")
        side.expunge()
    page = person.page()
    assert page.rows[1].message.envelope.subject == "Letter 118"
    assert (page.total, page.indexed) == (109, 109)


def test_what_another_client_expunges_is_gone_also_while_the_index_is_incomplete(person: Person) -> None:
    fill(person, 300)
    person.page()
    with person.side() as side:
        side.store("1,299", "+FLAGS", "(\\Deleted)")
        side.expunge()
    assert person.subjects()[:2] == ["Letter 300", "Letter 298"]
    person.work()
    assert len(everything(person)) == 298


def test_flags_set_by_another_client_are_seen_on_the_next_page_request(person: Person) -> None:
    fill(person, 5)
    person.page()
    with person.side() as side:
        side.store("5", "+FLAGS", "(\\Seen \\Flagged)")
        side.store("4", "+FLAGS", "(\\Answered)")
    page = person.page()
    assert page.rows[0].message.seen
    assert page.rows[0].message.flagged
    assert page.rows[1].answered
    assert page.unseen == 4


def test_messages_far_from_the_page_shown_lose_their_unread_mark_too(person: Person) -> None:
    fill(person, 200)
    person.page()
    person.work()
    with person.side() as side:
        side.store("1:100", "+FLAGS", "(\\Seen)")
    assert person.page().unseen == 100
    assert len(person.page(filter="unread").rows) == 50


def test_a_mailbox_made_anew_under_its_name_starts_over(person: Person) -> None:
    with person.side() as side:
        side.create("Plans")
    person.put([letter(1, subject="Old")], mailbox="Plans")
    person.work()
    assert person.subjects("Plans") == ["Old"]
    person.page()
    with person.side() as side:
        side.delete("Plans")
        side.create("Plans")
    person.put([letter(2, subject="New")], mailbox="Plans")
    mailboxes_service.refresh(person.session)
    assert person.subjects("Plans") == ["New"]
    assert person.page("Plans").total == 1


def test_a_page_that_changed_nothing_writes_nothing(person: Person) -> None:
    fill(person, 5)
    person.page()
    before = mailboxes.state(person.gate.database, person.mailbox().id)
    person.page()
    assert mailboxes.state(person.gate.database, person.mailbox().id) == before


def test_two_writers_never_work_on_one_mailbox_at_once(person: Person) -> None:
    fill(person, 5)
    person.page()
    assert mailboxes.lease(person.gate.database, person.mailbox().id, owner="somebody else", now=datetime.now(UTC), seconds=60)
    with connection(person.session) as lent:
        index = sync.Index(person.gate.database, lent, person.mailbox())
        with pytest.raises(Conflict), indexing.lease(index, patience=0.1):
            raise AssertionError("the lease was given twice")


def test_a_check_that_is_late_shows_the_last_known_state_and_says_so(person: Person) -> None:
    fill(person, 5)
    person.page()
    assert mailboxes.lease(person.gate.database, person.mailbox().id, owner="somebody else", now=datetime.now(UTC), seconds=60)
    person.deliver(letter(6))
    page = person.page(patient=False)
    assert page.freshness is Freshness.LATE
    assert page.rows[0].message.envelope.subject == "Letter 5"
    mailboxes.release(person.gate.database, person.mailbox().id, owner="somebody else")


def test_a_dropped_index_is_built_again_with_ids_nobody_had(person: Person) -> None:
    fill(person, 60)
    old = set(person.ids())
    person.work()
    person.gate.database.drop_index()
    person.session.imap.close_account(person.session.accounts[0].id)
    assert person.subjects()[0] == "Letter 60"
    assert not old & set(person.ids())


def test_sent_and_drafts_show_whom_a_message_is_for(person: Person) -> None:
    person.put([letter(1)], mailbox="Sent")
    page = person.page(SpecialUse.SENT)
    assert page.outgoing
    assert page.rows[0].people[0].addr_spec == "robin@example.test"


def test_a_cursor_of_our_own_is_read_back_and_any_other_is_refused(person: Person) -> None:
    fill(person, 51)
    person.page()
    rows = store_listing.page(person.gate.database, person.mailbox().id, limit=1)
    cursor = listing.write_cursor(rows[0].place)
    assert listing.read_cursor(cursor) == rows[0].place
    for bad in ("x", "1", "1.", ".1", "1.2.3", "9" * 80, "١.٢", "1 .2", "1.-2"):
        with pytest.raises(Exception, match="cursor"):
            listing.read_cursor(bad)
