"""The message index: ids, flags, counts and pages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.store.conftest import on_sqlite
from tests.store.samples import NOW, PDF, TEXT, WITH_PDF, page, plans, shown, summaries, summary, uids
from webmail.account import Account
from webmail.address import Address
from webmail.errors import NotFound, UidValidityChanged
from webmail.mailbox import Mailbox
from webmail.message.mime import Part
from webmail.message.summary import Envelope, Flag, MessageId, MessageSummary, Uid
from webmail.store import bodies, columns, listing, mailboxes, messages
from webmail.store.database import Database
from webmail.store.states import Found


def add(database: Database, mailbox: Mailbox, *added: MessageSummary, uidvalidity: int = 7) -> list[MessageSummary]:
    return messages.add(database, mailbox, uidvalidity=uidvalidity, summaries=added)


def test_an_added_message_comes_back_as_it_was(database: Database, account: Account, inbox: Mailbox) -> None:
    (added,) = add(database, inbox, summary(5, Flag.SEEN, "$Forwarded", structure=WITH_PDF, preview="First words"))
    assert added.id > 0
    found = messages.get(database, account.id, added.id)
    assert found.summary == added
    assert (found.mailbox_id, found.uidvalidity) == (inbox.id, 7)
    assert messages.by_uid(database, inbox.id, Uid(5)) == found
    assert messages.by_uid(database, inbox.id, Uid(6)) is None


def test_a_row_of_a_list_has_everything_but_the_structure(database: Database, inbox: Mailbox) -> None:
    (added,) = add(database, inbox, summary(5, Flag.SEEN, structure=WITH_PDF, preview="First words"))
    (listed,) = page(database, inbox)
    assert listed.summary == replace(added, structure=listing.UNKNOWN_STRUCTURE)
    assert listed.has_attachments


patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@patient
@given(
    texts=st.lists(st.text(max_size=30), min_size=5, max_size=5),
    addresses=st.lists(st.builds(Address, st.text(max_size=10), st.text(max_size=10)), max_size=4),
    date=st.none() | st.datetimes(timezones=st.builds(timezone, st.timedeltas(timedelta(hours=-23), timedelta(hours=23)))),
    doubtful=st.booleans(),
)
def test_every_envelope_survives_the_database(texts: list[str], addresses: list[Address], date: datetime | None, doubtful: bool) -> None:
    people = tuple(addresses)
    envelope = Envelope(
        texts[0], people, people[:1], (), (), people[1:], date, texts[1], (texts[2],), (texts[3], "<x@y>"), texts[4], texts[0], doubtful
    )
    assert columns.envelope_value(columns.envelope_column(envelope)) == envelope


@patient
@given(st.datetimes(timezones=st.just(UTC)))
def test_every_instant_survives_the_database(instant: datetime) -> None:
    assert columns.moment(columns.microseconds(instant)) == instant


def test_text_no_database_can_hold_does_not_stop_a_whole_page(database: Database, account: Account, inbox: Mailbox) -> None:
    broken = summary(1, preview="nul\0 and \ud83d half")
    broken = replace(broken, envelope=replace(broken.envelope, subject="half \ud83d a pair", from_raw="\0"))
    broken = replace(broken, structure=replace(TEXT, filename="\udcff.txt"))
    added = add(database, inbox, broken, summary(2))
    assert shown(database, inbox) == [2, 1]
    found = messages.get(database, account.id, added[0].id).summary
    assert (found.envelope.subject, found.preview) == ("half ? a pair", "nul and ? half")


def test_a_message_already_known_keeps_its_id_and_gets_the_new_flags(database: Database, inbox: Mailbox) -> None:
    first = add(database, inbox, summary(1), summary(2, Flag.SEEN))
    again = add(database, inbox, summary(3), summary(2), summary(1, Flag.SEEN, Flag.FLAGGED))
    assert [each.uid for each in again] == [3, 2, 1]
    assert [each.id for each in again[1:]] == [first[1].id, first[0].id]
    assert {each.summary.uid: each.summary.flags for each in page(database, inbox)} == {
        1: {Flag.SEEN, Flag.FLAGGED},
        2: frozenset(),
        3: frozenset(),
    }
    assert messages.counts(database, inbox.id)[2] == 3


def test_ids_are_never_used_twice(database: Database, inbox: Mailbox) -> None:
    seen: set[int] = set()
    for validity in (7, 8, 9):
        mailboxes.start_over(database, inbox.id, uidvalidity=validity)
        added = add(database, inbox, *summaries(range(1, 451)), uidvalidity=validity)
        assert seen.isdisjoint(each.id for each in added)
        seen.update(each.id for each in added)
    database.drop_index()
    mailboxes.start_over(database, inbox.id, uidvalidity=9)
    assert add(database, inbox, summary(1), uidvalidity=9)[0].id > max(seen)


def test_messages_of_another_uidvalidity_are_refused(database: Database, inbox: Mailbox, archive: Mailbox) -> None:
    with pytest.raises(UidValidityChanged) as caught:
        add(database, inbox, summary(1), uidvalidity=6)
    assert caught.value.found == 7
    with pytest.raises(UidValidityChanged):
        add(database, archive, summary(1), uidvalidity=0)
    assert messages.uids(database, inbox.id) == []


def test_the_flags_of_a_list_follow_the_server(database: Database, inbox: Mailbox) -> None:
    add(database, inbox, *summaries([1, 2, 3]))
    changed = messages.set_flags(
        database, inbox.id, flags={Uid(1): frozenset({Flag.SEEN}), Uid(2): frozenset(), Uid(99): frozenset({Flag.SEEN})}
    )
    assert changed == 1
    assert messages.flags_between(database, inbox.id, low=Uid(1), high=Uid(2)) == {1: {Flag.SEEN}, 2: frozenset()}
    assert set(messages.flags_between(database, inbox.id, low=Uid(2), high=None)) == {2, 3}


def test_changed_flags_keep_the_others(database: Database, inbox: Mailbox) -> None:
    add(database, inbox, summary(1, "$Label1"), summary(2, Flag.FLAGGED))
    assert messages.change_flags(database, inbox.id, uids=uids(1, 2), add=[Flag.SEEN], remove=[Flag.FLAGGED]) == 2
    assert messages.change_flags(database, inbox.id, uids=uids(1, 2), add=[Flag.SEEN], remove=[]) == 0
    assert messages.flags_between(database, inbox.id, low=Uid(1), high=None) == {1: {"$Label1", Flag.SEEN}, 2: {Flag.SEEN}}
    assert shown(database, inbox, "unread") == shown(database, inbox, "flagged") == []


def test_a_search_of_the_server_makes_a_flag_true_everywhere(database: Database, inbox: Mailbox) -> None:
    add(database, inbox, *[summary(uid, Flag.SEEN) for uid in range(1, 400)], *summaries(range(400, 800)))
    changed = messages.set_flag_everywhere(database, inbox.id, flag=Flag.SEEN, without=uids(3, 790, 5000))
    assert changed == 1 + 399
    assert shown(database, inbox, "unread") == [790, 3]
    messages.set_flag_everywhere(database, inbox.id, flag=Flag.FLAGGED, only=uids(1, 2))
    messages.set_flag_everywhere(database, inbox.id, flag=Flag.FLAGGED, only=uids(2, 3))
    assert shown(database, inbox, "flagged") == [3, 2]
    assert messages.set_flag_everywhere(database, inbox.id, flag=Flag.FLAGGED, only=uids(2, 3)) == 0
    messages.set_flag_everywhere(database, inbox.id, flag=Flag.FLAGGED, only=[])
    assert shown(database, inbox, "flagged") == []


def settle(database: Database, mailbox: Mailbox, *, exists: int, unseen: int) -> None:
    state = mailboxes.state(database, mailbox.id)
    found = Found(uidnext=900, exists=exists, unseen=unseen, lowest_uid=1, complete=True, checked_at=NOW)
    assert mailboxes.apply(database, mailbox, expected=state, found=found)


def test_our_own_changes_keep_the_counts_true(database: Database, account: Account, inbox: Mailbox) -> None:
    add(database, inbox, *summaries(range(1, 11)))
    settle(database, inbox, exists=10, unseen=10)
    messages.change_flags(database, inbox.id, uids=uids(1, 2, 3), add=[Flag.SEEN], remove=[])
    assert messages.counts(database, inbox.id) == (10, 7, 10)
    messages.remove(database, inbox.id, uids=uids(3, 4, 77))
    assert messages.counts(database, inbox.id) == (8, 6, 8)
    messages.change_flags(database, inbox.id, uids=uids(1), add=[], remove=[Flag.SEEN])
    assert messages.counts(database, inbox.id) == (8, 7, 8)
    shown_counts = mailboxes.get(database, account.id, inbox.id).counts
    assert (shown_counts.messages, shown_counts.unseen) == (8, 7)
    assert mailboxes.state(database, inbox.id).uidnext == 900, "only a sync moves it"


def test_counts_never_fall_below_nothing(database: Database, inbox: Mailbox) -> None:
    add(database, inbox, *summaries([1, 2]))
    messages.remove(database, inbox.id, uids=uids(1, 2))
    assert messages.counts(database, inbox.id) == (0, 0, 0)


def test_a_moved_message_keeps_its_id_where_its_new_uid_is_known(
    database: Database, account: Account, inbox: Mailbox, archive: Mailbox
) -> None:
    mailboxes.start_over(database, archive.id, uidvalidity=3)
    added = add(database, inbox, summary(1), summary(2, Flag.SEEN), summary(3))
    settle(database, inbox, exists=3, unseen=2)
    settle(database, archive, exists=0, unseen=0)
    moved = messages.relocate(
        database, inbox.id, target=archive.id, uidvalidity=3, uids=uids(1, 2, 3), new_uids={Uid(1): Uid(11), Uid(2): Uid(12)}
    )
    assert moved == 2
    assert messages.uids(database, inbox.id) == []
    found = messages.get(database, account.id, added[0].id)
    assert (found.mailbox_id, found.uidvalidity, found.summary.uid) == (archive.id, 3, 11)
    assert messages.counts(database, inbox.id) == (0, 0, 0)
    assert messages.counts(database, archive.id) == (2, 1, 2)
    with pytest.raises(NotFound):
        messages.get(database, account.id, added[2].id)


def test_a_message_moved_to_a_mailbox_never_opened_is_forgotten(database: Database, inbox: Mailbox, archive: Mailbox) -> None:
    add(database, inbox, summary(1))
    assert messages.relocate(database, inbox.id, target=archive.id, uidvalidity=3, uids=uids(1), new_uids={Uid(1): Uid(11)}) == 0
    assert messages.uids(database, inbox.id) == messages.uids(database, archive.id) == []


def test_a_move_that_a_sync_saw_first_leaves_one_row(database: Database, inbox: Mailbox, archive: Mailbox) -> None:
    mailboxes.start_over(database, archive.id, uidvalidity=3)
    add(database, inbox, summary(1))
    add(database, archive, summary(11), uidvalidity=3)
    assert messages.relocate(database, inbox.id, target=archive.id, uidvalidity=3, uids=uids(1), new_uids={Uid(1): Uid(11)}) == 0
    assert (messages.uids(database, inbox.id), messages.uids(database, archive.id)) == ([], [11])


def test_a_preview_is_kept_with_its_message(database: Database, inbox: Mailbox) -> None:
    add(database, inbox, summary(1), summary(2, preview="known", structure=WITH_PDF))
    assert {each.summary.uid: each.summary.preview for each in page(database, inbox)} == {1: "", 2: "known"}


def test_a_message_of_somebody_else_is_not_found(database: Database, inbox: Mailbox, stranger: Account) -> None:
    (added,) = add(database, inbox, summary(1))
    with pytest.raises(NotFound):
        messages.get(database, stranger.id, added.id)
    assert messages.get_many(database, stranger.id, [added.id]) == []


def test_many_messages_come_in_the_order_asked_for_and_each_once(database: Database, account: Account, inbox: Mailbox) -> None:
    added = add(database, inbox, *summaries(range(1, 451)))
    wanted = [each.id for each in reversed(added)]
    found = messages.get_many(database, account.id, [*wanted, wanted[0], MessageId(10**9)])
    assert [each.summary.id for each in found] == wanted


@on_sqlite
def test_a_sync_reads_flags_from_small_indexes_in_sqlite(database: Database, inbox: Mailbox) -> None:
    def sync() -> None:
        messages.set_flag_everywhere(database, inbox.id, flag=Flag.SEEN, without=[])
        messages.set_flag_everywhere(database, inbox.id, flag=Flag.FLAGGED, only=[])

    found = plans(database.index, sync)
    for name in ("unread", "flagged"):
        assert any(f"INDEX ix_messages_{name} " in plan for plan in found)
    assert not any("SCAN" in plan or "B-TREE" in plan for plan in found)


def test_attachments_are_known_without_the_structure(database: Database, inbox: Mailbox) -> None:
    nested = Part("", "multipart", "mixed", parts=(TEXT, replace(PDF, section="2"), replace(TEXT, section="3")))
    add(database, inbox, summary(1, structure=nested), summary(2, structure=TEXT))
    assert [each.has_attachments for each in page(database, inbox)] == [False, True]


def test_a_body_is_kept_for_its_account(database: Database, account: Account, stranger: Account) -> None:
    bodies.cache_body(database, account_id=account.id, key="a", html="<p>\u00e4</p>")
    assert bodies.cached_body(database, account_id=account.id, key="a") == "<p>\u00e4</p>"
    assert bodies.cached_body(database, account_id=stranger.id, key="a") is None
    bodies.cache_body(database, account_id=account.id, key="a", html="new")
    assert bodies.cached_body(database, account_id=account.id, key="a") == "new"


def test_the_bodies_not_used_for_longest_make_way(database: Database, account: Account) -> None:
    def kept() -> list[int]:
        return [n for n in range(1130) if bodies.cached_body(database, account_id=account.id, key=str(n)) is not None]

    for n in range(1100):
        bodies.cache_body(database, account_id=account.id, key=str(n), html="x" * 100, limit_bytes=110_000)
    assert set(bodies.cached_bodies(database, account_id=account.id, keys=["0", "1"])) == {"0", "1"}
    bodies.cache_body(database, account_id=account.id, key="1100", html="x" * 200, limit_bytes=110_000)
    assert kept() == [0, 1, *range(4, 1101)], "0 and 1 were used again, 2 and 3 were not"
    bodies.cache_body(database, account_id=account.id, key="1101", html="x" * 110_001, limit_bytes=110_000)
    assert 1101 not in kept(), "what is larger than everything is not kept"
