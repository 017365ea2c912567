"""Races: whatever happens while a check or a backfill is under way, the next page tells the truth."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from tests.servers.person import Person, letter
from tests.servers.proxy import Proxy
from webmail.errors import Conflict
from webmail.mail import filing, indexing, mailboxes, parts, sync
from webmail.mail.pages import Freshness
from webmail.mail.session import connection
from webmail.mailbox import SpecialUse
from webmail.message.summary import Flag, Uid
from webmail.store import listing, messages
from webmail.store import mailboxes as stored
from webmail.store.mailboxes import MailboxState
from webmail.store.states import Found


def state(person: Person, name: str | SpecialUse = SpecialUse.INBOX) -> MailboxState:
    return stored.state(person.gate.database, person.mailbox(name).id)


def uids(person: Person) -> list[int]:
    return list(messages.uids(person.gate.database, person.mailbox().id))


def test_a_mark_set_while_a_check_is_under_way_is_not_put_back(behind: Person, proxy: Proxy) -> None:
    behind.put([letter(1), letter(2)])
    ids = behind.ids()
    behind.put([letter(3)])
    proxy.delay("UID FETCH", 1.2)
    late = behind.page(patient=False)
    assert late.freshness is Freshness.LATE
    filing.act(behind.session, "seen", ids=ids)
    time.sleep(1.5)
    with connection(behind.session, prefer=behind.mailbox()):  # The one that checked, and was told of the marks.
        page = behind.page()
    assert [row.message.seen for row in page.rows] == [False, True, True]
    assert page.unseen == 1


def test_a_check_that_failed_half_way_is_made_again(behind: Person, proxy: Proxy) -> None:
    behind.put([letter(1), letter(2)])
    behind.page()
    with behind.side() as side:
        side.store("1", "+FLAGS", "(\\Seen)")
    proxy.rewrite(rb"^W\d+ OK Fetch", rb"W0 OK Fetch")
    assert behind.page().freshness is Freshness.UNREACHABLE
    proxy.speak_truly()
    assert behind.page().unseen == 1


def test_what_changed_before_a_message_was_opened_is_in_the_list_after_it(person: Person) -> None:
    person.put([letter(1), letter(2)])
    ids = person.ids()
    person.hang_up()
    with person.side() as side:
        side.store("1", "+FLAGS", "(\\Seen \\Answered)")
    parts.source_page(person.session, ids[0])
    page = person.page()
    assert (page.unseen, page.rows[1].answered) == (1, True)


def test_flags_of_a_page_further_down_are_those_of_the_server(anyone: Person) -> None:
    anyone.fill([letter(number) for number in range(1, 121)])
    anyone.page()
    anyone.work()
    cursor = anyone.page().next_cursor
    assert not anyone.page(cursor=cursor).rows[0].answered
    with anyone.side() as side:
        side.store("70", "+FLAGS", "(\\Answered)")
        side.store("120", "+FLAGS", "(\\Answered)")
    assert anyone.page().rows[0].answered
    assert anyone.page(cursor=cursor).rows[0].answered
    with anyone.side() as side:
        side.store("70,120", "-FLAGS", "(\\Answered)")
    assert not anyone.page(cursor=cursor).rows[0].answered
    assert not anyone.page().rows[0].answered


def test_a_first_contact_that_was_killed_begins_again(person: Person) -> None:
    person.fill([letter(number) for number in range(1, 121)])
    uidvalidity = person.page().mailbox.counts.uidvalidity or state(person).uidvalidity
    stored.start_over(person.gate.database, person.mailbox().id, uidvalidity=uidvalidity)
    page = person.page()
    assert (len(page.rows), page.indexed, page.total) == (50, 50, 120)
    person.work()
    assert (state(person).complete, state(person).indexed) == (True, 120)


def test_two_who_open_a_folder_nobody_has_seen_see_the_same(person: Person) -> None:
    person.fill([letter(number) for number in range(1, 101)])
    with ThreadPoolExecutor(3) as crowd:
        seen = list(crowd.map(lambda _: person.ids(), range(3)))
    assert seen[0] == seen[1] == seen[2]
    assert len(set(seen[0])) == 50
    assert state(person).indexed == 50


def test_an_empty_folder_is_complete_and_its_first_message_is_seen(anyone: Person) -> None:
    page = anyone.page()
    assert (page.rows, page.progress, state(anyone).complete) == ((), 100, True)
    anyone.deliver(letter(1))
    assert anyone.subjects() == ["Letter 1"]
    assert (state(anyone).complete, state(anyone).indexed, state(anyone).exists) == (True, 1, 1)
    filing.act(anyone.session, "delete", ids=anyone.ids())
    assert anyone.subjects() == []
    assert state(anyone).exists == 0


def test_messages_moved_in_and_out_while_older_ones_are_indexed_are_each_there_once(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync, "WINDOW", 300)
    person.fill([letter(number) for number in range(1, 701)])
    person.put([letter(900), letter(901)], mailbox="Archive")
    kept = person.ids(SpecialUse.ARCHIVE)
    ids = person.ids()
    with connection(person.session) as lent:
        sync.backfill(sync.Index(person.gate.database, lent, person.mailbox()))
    filing.act(person.session, "move", ids=kept, target=person.mailbox().id)
    filing.act(person.session, "archive", ids=ids[:3])
    lowest = listing.page(person.gate.database, person.mailbox().id, limit=1000)[-1].summary.id
    result = filing.act(person.session, "archive", ids=[lowest])
    filing.undo(person.session, result.journal_id)  # type: ignore[union-attr] # archiving asks nothing
    person.work()
    page = person.page()
    assert (page.total, page.indexed, page.progress) == (699, 699, 100)
    with person.side() as side:
        there = [int(uid) for uid in side.uid("SEARCH", "ALL")[1][0].split()]
    assert uids(person) == there


def test_what_happens_to_older_messages_while_they_are_on_their_way_is_true_of_them(
    anyone: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync, "WINDOW", 100)
    anyone.fill([letter(number) for number in range(1, 161)])
    anyone.page()
    with connection(anyone.session) as lent:
        index = sync.Index(anyone.gate.database, lent, anyone.mailbox())
        sync.update(index)
        window = sync._window(index, Uid(state(anyone).lowest_uid))
        with anyone.side() as side:
            marked, gone = (int(uid) for uid in side.uid("SEARCH", "ALL")[1][0].split()[99:101])
            side.store("100", "+FLAGS", "(\\Seen \\Answered)")
            side.store("101", "+FLAGS", "(\\Deleted)")
            side.expunge()
        anyone.page()  # By another connection, which is told of it and has nothing to apply it to.
        sync._store(index, window, wait=None)
    found = messages.flags_between(anyone.gate.database, anyone.mailbox().id, low=Uid(1), high=None)
    assert found[Uid(marked)] == {Flag.SEEN, Flag.ANSWERED}
    assert Uid(gone) not in found
    assert len(found) == 149


def test_very_many_new_messages_show_the_newest_at_once_and_the_gap_is_filled(person: Person) -> None:
    person.put([letter(number) for number in range(1, 4)])
    person.page()
    person.work()
    person.put([letter(number) for number in range(4, 404)])
    page = person.page()
    assert page.rows[0].message.envelope.subject == "Letter 403"
    assert page.total == 403
    assert page.progress < 100
    person.work()
    assert (state(person).complete, uids(person)) == (True, list(range(1, 404)))


def test_who_has_lost_the_lease_writes_nothing_more(person: Person) -> None:
    person.put([letter(1)])
    person.page()
    with connection(person.session) as lent:
        index = sync.Index(person.gate.database, lent, person.mailbox())
        with indexing.lease(index) as held:
            held.since -= indexing.LEASE_SECONDS
            held.keep()
            held.since -= indexing.LEASE_SECONDS
            later = datetime.now(UTC) + timedelta(seconds=2 * indexing.LEASE_SECONDS)
            assert stored.lease(person.gate.database, index.mailbox.id, owner="another", now=later, seconds=60)
            with pytest.raises(Conflict, match="busy"):
                held.keep()


def test_a_state_that_moved_meanwhile_is_not_overwritten(person: Person) -> None:
    person.put([letter(1)])
    person.page()
    before = state(person)
    person.put([letter(2)])
    person.page()
    found = Found(uidnext=before.uidnext, lowest_uid=1, complete=True, checked_at=datetime.now(UTC), exists=1, unseen=1)
    assert not stored.apply(person.gate.database, person.mailbox(), expected=before, found=found)
    assert state(person).exists == 2


def test_a_backfill_leaves_the_counts_to_the_checks(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sync, "WINDOW", 300)
    person.fill([letter(number) for number in range(1, 401)])
    person.page()
    with connection(person.session) as lent:
        after = sync.backfill(sync.Index(person.gate.database, lent, person.mailbox()))
    assert (after.unseen, after.exists, after.indexed) == (400, 400, 350)


def test_a_folder_that_is_gone_does_not_hold_the_progress_back(person: Person) -> None:
    with person.side() as side:
        side.create("Plans")
    mailboxes.refresh(person.session)
    person.put([letter(number) for number in range(1, 61)], mailbox="Plans")
    person.page("Plans")
    assert mailboxes.frame(person.session).index_progress < 100
    with person.side() as side:
        side.delete("Plans")
    mailboxes.refresh(person.session)
    assert mailboxes.frame(person.session).index_progress == 100
