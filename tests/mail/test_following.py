"""Following: what has changed is found by what the server tells, at the price of the change, and a server that lies is found out."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.servers.person import Person, letter
from tests.servers.proxy import Proxy
from webmail.mail import drafts, filing, mailboxes, submission
from webmail.mail.drafts import DraftFields
from webmail.mail.pages import Freshness
from webmail.mailbox import SpecialUse
from webmail.message.summary import Flag, Uid
from webmail.store import drafts as stored_drafts
from webmail.store import journal, messages, outgoing
from webmail.store import mailboxes as stored
from webmail.store.mailboxes import MailboxState
from webmail.store.states import DISTRUSTED


def state(person: Person, name: str | SpecialUse = SpecialUse.INBOX) -> MailboxState:
    return stored.state(person.gate.database, person.mailbox(name).id)


def all_flags(person: Person) -> dict[int, frozenset[str]]:
    return {int(uid): flags for uid, flags in messages.flags_between(person.gate.database, person.mailbox().id, low=1, high=None).items()}  # type: ignore[arg-type] # a UID


def filled(person: Person, count: int) -> None:
    person.fill([letter(number) for number in range(1, count + 1)])
    person.page()
    person.work()


def filled_behind(person: Person, proxy: Proxy, monkeypatch: pytest.MonkeyPatch, *, told: str) -> None:
    """Sixty messages on a server that tells of changes by no more than this extension, and a page that waits for it."""
    monkeypatch.setattr("webmail.mail.listing.PATIENCE", 8.0)
    proxy.withhold("NOTIFY", *(["QRESYNC"] if told == "CONDSTORE" else []))
    person.hang_up()
    filled(person, 60)


def test_a_change_far_from_the_page_shown_is_found_without_looking_through_the_mailbox(behind: Person, proxy: Proxy) -> None:
    filled(behind, 200)
    proxy.commands.clear()
    with behind.side() as side:
        side.store("7", "+FLAGS", "($Forwarded)")
        side.store("9", "+FLAGS", "(\\Seen)")
        side.store("11", "+FLAGS", "(\\Deleted)")
        side.expunge()
    behind.deliver(letter(201))
    page = behind.page()
    assert page.rows[0].message.envelope.subject == "Letter 201"
    assert (page.total, page.unseen) == (200, 199)
    found = all_flags(behind)
    assert (found[7], found[9], 11 in found) == (frozenset({Flag.FORWARDED}), frozenset({Flag.SEEN}), False)
    assert not [command for command in proxy.commands if "SEARCH" in command]
    fetched = [command for command in proxy.commands if "FETCH" in command]
    assert not [command for command in fetched if "FETCH 1:" in command and "CHANGEDSINCE" not in command]
    # Twice as many as needed, because a check that is late on a busy machine goes on beside the next one.
    assert 2 <= len(fetched) <= 8


@pytest.mark.parametrize("told", ["QRESYNC", "CONDSTORE"])
def test_a_mailbox_opened_anew_tells_what_happened_meanwhile(behind: Person, proxy: Proxy, told: str) -> None:
    proxy.withhold("NOTIFY", *(["QRESYNC"] if told == "CONDSTORE" else []))
    behind.hang_up()
    filled(behind, 120)
    assert state(behind).tracked
    behind.hang_up()
    with behind.side() as side:
        side.store("3", "+FLAGS", "(\\Answered)")
        side.store("5:6", "+FLAGS", "(\\Deleted)")
        side.expunge()
    proxy.commands.clear()
    page = behind.page()
    assert (page.total, len(all_flags(behind))) == (118, 118)
    assert all_flags(behind)[3] == {Flag.ANSWERED}
    opened = [command for command in proxy.commands if command.startswith("SELECT")]
    assert len(opened) == 1
    assert opened[0].endswith(")" if told == "QRESYNC" else "(CONDSTORE)")
    assert ("(QRESYNC (" in opened[0]) is (told == "QRESYNC")


@pytest.mark.parametrize("anew", [True, False])
def test_what_is_told_in_the_middle_of_another_answer_is_not_lost(
    behind: Person, proxy: Proxy, monkeypatch: pytest.MonkeyPatch, anew: bool
) -> None:
    """The flags of the newest page are on their way, in a check that found a change or one that opened the mailbox."""
    monkeypatch.setattr("webmail.mail.listing.PATIENCE", 5.0)
    filled(behind, 60)
    if anew:
        behind.hang_up()
    else:
        with behind.side() as side:
            side.store("60", "+FLAGS", "(\\Seen)")
    proxy.delay("UID FETCH", 1.0, skip=0 if anew else 1)
    running = behind.session.imap.beside(behind.page)
    time.sleep(0.5)
    with behind.side() as side:
        side.store("1:2", "+FLAGS", "(\\Answered)")
    running.result()
    assert behind.page().freshness is Freshness.FRESH
    assert (all_flags(behind)[1], all_flags(behind)[2]) == ({Flag.ANSWERED}, {Flag.ANSWERED})


def test_a_mailbox_opened_anew_that_is_as_it_was_costs_two_commands_and_no_write(behind: Person, proxy: Proxy) -> None:
    filled(behind, 60)
    before = state(behind)
    behind.hang_up()
    proxy.commands.clear()
    behind.page()
    # The connection hung up before may still be saying goodbye.
    said = [name for name in (command.split(" ")[0] for command in proxy.commands) if name != "LOGOUT"]
    assert said == ["CAPABILITY", "AUTHENTICATE", "ENABLE", "SELECT", "UID"]
    assert state(behind) == before


def test_keywords_set_long_ago_become_true_where_the_server_does_not_tell_of_them(plain_person: Person) -> None:
    filled(plain_person, 150)
    with plain_person.side() as side:
        side.store("2", "+FLAGS", "($Forwarded)")
        side.store("3", "+FLAGS", "(\\Answered)")
    plain_person.page()
    assert all_flags(plain_person)[2] == frozenset()
    with plain_person.gate.database.durable_write() as connection:
        connection.exec_driver_sql("DELETE FROM jobs")
    plain_person.session.imap.close_account(plain_person.session.accounts[0].id)
    plain_person.sign_in()
    plain_person.work()
    assert (all_flags(plain_person)[2], all_flags(plain_person)[3]) == (frozenset({Flag.FORWARDED}), frozenset({Flag.ANSWERED}))


def test_a_scan_of_flags_goes_on_where_it_was(plain_person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(plain_person, 150)
    monkeypatch.setattr("webmail.mail.following.FLAG_WINDOW", 40)
    monkeypatch.setattr("webmail.mail.upkeep.BURST", 0.0)
    with plain_person.side() as side:
        side.store("1:150", "+FLAGS", "($Forwarded)")
    plain_person.page()
    plain_person.sign_in()
    plain_person.work()
    assert set(all_flags(plain_person).values()) == {frozenset({Flag.FORWARDED})}


def test_a_server_whose_numbers_went_back_is_read_anew(behind: Person, proxy: Proxy) -> None:
    filled(behind, 80)
    known = state(behind).highestmodseq
    with behind.gate.database.index_write() as connection:
        connection.exec_driver_sql("UPDATE mailbox_state SET highestmodseq = highestmodseq + 100000")
    with behind.side() as side:
        side.store("2", "+FLAGS", "(\\Answered)")
    behind.page()
    assert all_flags(behind)[2] == {Flag.ANSWERED}
    assert known < state(behind).highestmodseq < known + 1000
    with behind.side() as side:
        side.store("4", "+FLAGS", "(\\Answered)")
    proxy.commands.clear()
    behind.page()
    assert all_flags(behind)[4] == {Flag.ANSWERED}
    assert not [command for command in proxy.commands if command.startswith("SELECT")]


def test_a_server_that_lies_about_its_numbers_is_found_out_and_read_by_looking(behind: Person, proxy: Proxy) -> None:
    filled(behind, 80)
    # Whatever happens, it says that the mailbox is as it was, and answers no question about changes.
    number = state(behind).highestmodseq
    proxy.rewrite(rb"MODSEQ \(\d+\)", b"MODSEQ (%d)" % number)
    proxy.rewrite(rb"HIGHESTMODSEQ \d+", b"HIGHESTMODSEQ %d" % number)
    proxy.rewrite(rb"^\* \d+ FETCH \(UID \d+ FLAGS \(.*\) MODSEQ \(\d+\)\)", rb"* OK nothing")
    behind.hang_up()
    with behind.side() as side:
        side.store("2", "+FLAGS", "(\\Seen)")
        side.store("79", "+FLAGS", "(\\Answered)")
    page = behind.page()
    assert page.rows[1].answered
    assert page.unseen == 79
    assert state(behind).highestmodseq == DISTRUSTED
    with behind.side() as side:
        side.store("3", "+FLAGS", "(\\Seen)")
    assert behind.page().unseen == 78
    behind.work()
    assert state(behind).highestmodseq == DISTRUSTED


@pytest.mark.parametrize("told", ["QRESYNC", "CONDSTORE"])
def test_what_comes_and_goes_while_the_server_tells_what_has_changed_is_not_passed_over(
    behind: Person, proxy: Proxy, monkeypatch: pytest.MonkeyPatch, told: str
) -> None:
    """One has come and one is gone, so that the count is as it was; and what is told last has the highest number."""
    filled_behind(behind, proxy, monkeypatch, told=told)
    # Some servers always tell UIDs.
    proxy.rewrite(rb"^\* 1 FETCH \(MODSEQ", b"* 1 FETCH (UID 1 MODSEQ")
    with behind.side() as side:
        side.store("60", "+FLAGS", "(\\Seen)")
        proxy.delay("UID FETCH", 1.0)
        running = behind.session.imap.beside(behind.page)
        time.sleep(0.4)
        behind.deliver(letter(61))
        side.store("5", "+FLAGS", "(\\Deleted)")
        side.expunge()
        side.store("1", "+FLAGS", "(\\Flagged)")
    running.result()
    assert behind.page().rows[0].message.envelope.subject == "Letter 61"
    assert sorted(all_flags(behind)) == [*range(1, 5), *range(6, 62)]


def test_what_we_move_while_the_server_tells_what_has_changed_has_the_flags_it_has_there(
    behind: Person, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index moves the row it has, with flags that may be old, and then holds as many messages as the server.

    What is moved is older than what the newest page shows, so that no other look finds it.
    """
    monkeypatch.setattr("webmail.mail.listing.PATIENCE", 8.0)
    behind.put([letter(1)])
    behind.put([letter(number) for number in range(1, 61)], mailbox="Archive")
    ids = behind.ids()
    behind.page("Archive")
    behind.work()
    with behind.side() as here, behind.side("Archive") as there:
        there.store("1", "+FLAGS", "(\\Seen)")
        proxy.delay("UID FETCH", 1.0)
        running = behind.session.imap.beside(behind.page, "Archive")
        time.sleep(0.4)
        here.store("1", "+FLAGS", "(\\Answered)")
        filing.act(behind.session, "archive", ids=ids)
        there.store("1", "+FLAGS", "(\\Flagged)")
    running.result()
    page = behind.page("Archive")
    assert (page.total, page.freshness, state(behind, "Archive").tracked) == (61, Freshness.FRESH, True)
    found = messages.flags_between(behind.gate.database, page.mailbox.id, low=Uid(1), high=None)
    assert (found[Uid(1)], found[Uid(61)]) == ({Flag.SEEN, Flag.FLAGGED}, {Flag.ANSWERED})


@pytest.mark.parametrize("told", ["QRESYNC", "CONDSTORE"])
def test_a_message_that_is_flagged_and_removed_while_we_look_makes_nobody_a_liar(
    behind: Person, proxy: Proxy, monkeypatch: pytest.MonkeyPatch, told: str
) -> None:
    filled_behind(behind, proxy, monkeypatch, told=told)
    behind.deliver(letter(61))
    with behind.side() as side:
        # The answers tell what happened, of the new message, of its words, and of the flags on the page, in this order.
        proxy.delay("UID FETCH", 1.0, skip=1)
        running = behind.session.imap.beside(behind.page)
        time.sleep(0.5)
        side.store("59", "+FLAGS", "(\\Deleted)")
        proxy.delay("UID FETCH", 1.0, skip=1)
        time.sleep(1.0)
        side.expunge()
    running.result()
    assert behind.page().total == 60
    assert state(behind).tracked


def test_a_server_that_does_not_answer_to_its_own_numbers_is_read_by_looking(behind: Person, proxy: Proxy) -> None:
    filled(behind, 60)
    with behind.side() as side:
        side.store("2", "+FLAGS", "(\\Seen)")
    proxy.refuse("UID FETCH", "CHANGEDSINCE")
    assert behind.page().unseen == 59
    assert state(behind).highestmodseq == DISTRUSTED


def test_a_server_that_forgets_to_tell_what_vanished_is_found_out_by_the_count(behind: Person, proxy: Proxy) -> None:
    filled(behind, 60)
    behind.hang_up()
    proxy.rewrite(rb"^\* VANISHED.*", rb"* OK nothing")
    with behind.side() as side:
        side.store("1:2", "+FLAGS", "(\\Deleted)")
        side.expunge()
    assert behind.page().total == 58
    assert sorted(all_flags(behind)) == list(range(3, 61))


def test_a_server_that_begins_to_keep_numbers_is_read_once_and_then_told(behind: Person, proxy: Proxy) -> None:
    proxy.withhold("QRESYNC", "CONDSTORE")
    behind.hang_up()
    filled(behind, 80)
    assert not state(behind).tracked
    with behind.side() as side:
        side.store("2", "+FLAGS", "(\\Answered)")
    behind.page()
    proxy.withhold("NOTHING")
    behind.hang_up()
    behind.page()
    assert state(behind).tracked
    assert all_flags(behind)[2] == {Flag.ANSWERED}


def test_our_own_actions_do_not_move_the_number_and_hide_nothing(person: Person) -> None:
    filled(person, 5)
    before = state(person).highestmodseq
    ids = person.ids()
    with person.side() as side:
        side.store("1", "+FLAGS", "(\\Answered)")
    filing.act(person.session, "flag", ids=ids[:1])
    filing.act(person.session, "archive", ids=ids[1:2])
    assert state(person).highestmodseq == before
    page = person.page()
    assert [(row.message.flagged, row.answered) for row in page.rows] == [(True, False), (False, False), (False, False), (False, True)]
    assert state(person).highestmodseq > before


def test_a_mailbox_made_anew_loses_its_messages_and_nothing_else(person: Person) -> None:
    with person.side() as side:
        side.create("Plans")
    person.put([letter(1), letter(2)], mailbox="Plans")
    person.work()
    ids = person.ids("Plans")
    answer = DraftFields(
        drafts.new_key(), to="jonas@example.net", subject="Re: Plans", text="Yes.", original=ids[0], original_action="reply"
    )
    drafts.save(person.session, answer, now=datetime.now(UTC))
    sent = DraftFields(drafts.new_key(), to="jonas@example.net", subject="Re: Plans", text="No.", original=ids[1], original_action="reply")
    submitted = submission.queue(person.session, sent, now=datetime.now(UTC), hold=timedelta(hours=1))
    marked = filing.act(person.session, "flag", ids=ids[:1])
    with person.side() as side:
        side.delete("Plans")
        side.create("Plans")
    person.put([letter(3)], mailbox="Plans")
    mailboxes.refresh(person.session)
    assert person.subjects("Plans") == ["Letter 3"]
    mine = person.session.accounts[0].id
    assert getattr(stored_drafts.by_key(person.gate.database, mine, answer.key), "subject", None) == "Re: Plans"
    assert outgoing.get(person.gate.database, mine, submitted).state == "queued"
    written = journal.get(person.gate.database, mine, marked.journal_id)  # type: ignore[union-attr] # flagging asks nothing
    assert written.undone_at is None
    assert re.fullmatch(r"\d+", str(written.entries[0].uidvalidity))
