"""Mailboxes: lasting ids, the state of their index, and the order of the sidebar."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from tests.store.conftest import LISTED
from tests.store.samples import later, summaries, summary
from webmail.account import Account
from webmail.errors import NotFound
from webmail.mailbox import ListedMailbox, Mailbox, MailboxCounts, MailboxId, SpecialUse
from webmail.store import events, mailboxes, messages
from webmail.store.database import Database
from webmail.store.states import COUNTED, Found


def names(database: Database, account: Account) -> list[str]:
    return [each.name for each in mailboxes.list_of(database, account.id)]


def ids(database: Database, account: Account) -> dict[str, MailboxId]:
    return {each.name: each.id for each in mailboxes.list_of(database, account.id)}


def listed(*wanted: str) -> list[ListedMailbox]:
    return [ListedMailbox(name, "/") for name in wanted]


def test_listed_mailboxes_get_ids_and_keep_them(database: Database, account: Account) -> None:
    first = mailboxes.reconcile(database, account.id, listed=LISTED)
    assert [(each.name, each.special_use, each.account_id) for each in first] == [
        ("INBOX", SpecialUse.INBOX, account.id),
        ("Archive", SpecialUse.ARCHIVE, account.id),
    ]
    assert mailboxes.reconcile(database, account.id, listed=LISTED) == first
    assert mailboxes.list_of(database, account.id) == first


def test_a_mailbox_that_vanishes_is_not_shown_and_comes_back_with_its_id(database: Database, account: Account) -> None:
    before = {each.name: each.id for each in mailboxes.reconcile(database, account.id, listed=listed("INBOX", "Work"))}
    mailboxes.reconcile(database, account.id, listed=listed("INBOX"))
    assert names(database, account) == ["INBOX"]
    assert mailboxes.by_name(database, account.id, "Work") is None
    with pytest.raises(NotFound):
        mailboxes.get(database, account.id, before["Work"])
    mailboxes.reconcile(database, account.id, listed=listed("INBOX", "Work"))
    assert mailboxes.get(database, account.id, before["Work"]).name == "Work"


def test_attributes_follow_the_server(database: Database, account: Account) -> None:
    mailboxes.reconcile(database, account.id, listed=[ListedMailbox("Old", "/", SpecialUse.ARCHIVE)])
    mailboxes.reconcile(database, account.id, listed=[ListedMailbox("Old", ".", None, selectable=False, subscribed=False)])
    found = mailboxes.by_name(database, account.id, "Old")
    assert found is not None
    assert (found.delimiter, found.special_use, found.selectable, found.subscribed) == (".", None, False, False)
    assert mailboxes.by_role(database, account.id, SpecialUse.ARCHIVE) is None


def test_a_mailbox_of_somebody_else_is_not_found(database: Database, inbox: Mailbox, stranger: Account) -> None:
    with pytest.raises(NotFound):
        mailboxes.get(database, stranger.id, inbox.id)
    assert mailboxes.list_of(database, stranger.id) == ()
    mailboxes.removed(database, stranger.id, inbox.id)
    assert mailboxes.get(database, inbox.account_id, inbox.id).name == "INBOX"


def test_the_sidebar_shows_roles_first_and_then_a_tree(database: Database, account: Account) -> None:
    found = [
        *listed("work/b", "Work", "apple", "work/A", "Zebra", "\u00c4rger"),
        ListedMailbox("Deleted", "/", SpecialUse.TRASH),
        ListedMailbox("INBOX", "/", SpecialUse.INBOX),
        ListedMailbox("Sent", "/", SpecialUse.SENT),
        ListedMailbox("Sent 2", "/", SpecialUse.SENT),
        ListedMailbox("Drafts", "/", SpecialUse.DRAFTS),
        ListedMailbox("INBOX/sub", "/"),
    ]
    mailboxes.reconcile(database, account.id, listed=found)
    assert names(database, account) == [
        *("INBOX", "Drafts", "Sent", "Deleted"),
        *("apple", "INBOX/sub", "Sent 2", "Work", "work/A", "work/b", "Zebra", "\u00c4rger"),
    ]


def test_counts_of_the_server_are_shown_and_unknown_ones_keep_what_was_known(database: Database, account: Account) -> None:
    counts = MailboxCounts(messages=12, unseen=3, uidnext=40, uidvalidity=7)
    mailboxes.reconcile(database, account.id, listed=[ListedMailbox("INBOX", "/", counts=counts)])
    assert mailboxes.list_of(database, account.id)[0].counts == counts
    mailboxes.reconcile(database, account.id, listed=[ListedMailbox("INBOX", "/")])
    assert mailboxes.list_of(database, account.id)[0].counts == counts
    mailboxes.reconcile(database, account.id, listed=[ListedMailbox("INBOX", "/", counts=MailboxCounts(unseen=0))])
    assert mailboxes.list_of(database, account.id)[0].counts == replace(counts, unseen=0)


def test_counts_of_the_server_do_not_move_the_state_of_a_sync(database: Database, account: Account, inbox: Mailbox) -> None:
    before = mailboxes.state(database, inbox.id)
    counts = MailboxCounts(messages=12, unseen=3, uidnext=40, uidvalidity=9)
    mailboxes.reconcile(database, account.id, listed=[replace(LISTED[0], counts=counts)])
    assert mailboxes.state(database, inbox.id) == before


def test_a_rename_keeps_the_ids_of_the_mailbox_and_all_below_it(database: Database, account: Account) -> None:
    mailboxes.reconcile(database, account.id, listed=listed("Work", "Work/a", "Work/a/b", "Workshop"))
    before = ids(database, account)
    mailboxes.renamed(database, account.id, old="Work", new="Done/Work", delimiter="/")
    assert ids(database, account) == {
        "Done/Work": before["Work"],
        "Done/Work/a": before["Work/a"],
        "Done/Work/a/b": before["Work/a/b"],
        "Workshop": before["Workshop"],
    }


def test_a_rename_to_a_name_that_once_was_makes_the_old_row_give_way(database: Database, account: Account) -> None:
    mailboxes.reconcile(database, account.id, listed=listed("New", "Old"))
    mailboxes.reconcile(database, account.id, listed=listed("Old"))
    before = ids(database, account)
    mailboxes.renamed(database, account.id, old="Old", new="New", delimiter="/")
    assert ids(database, account) == {"New": before["Old"]}


def test_a_mailbox_renamed_below_its_own_name_does_not_trip_over_itself(database: Database, account: Account) -> None:
    mailboxes.reconcile(database, account.id, listed=listed("a", "a/a", "a/a/a"))
    before = ids(database, account)
    mailboxes.renamed(database, account.id, old="a/a", new="a", delimiter="/")
    assert ids(database, account) == {"a": before["a/a"], "a/a": before["a/a/a"]}


def counted(name: str, uidvalidity: int, *, uidnext: int = 5, object_id: str = "") -> ListedMailbox:
    return ListedMailbox(name, "/", counts=MailboxCounts(4, 0, uidnext, uidvalidity, object_id=object_id))


def test_a_mailbox_that_another_client_renamed_keeps_its_id_and_its_index(database: Database, account: Account) -> None:
    tree = [counted("INBOX", 1), counted("Work", 2), counted("Work/a", 3), counted("Old", 4)]
    mailboxes.reconcile(database, account.id, listed=tree)
    before = ids(database, account)
    moved = [counted("INBOX", 1), counted("Job", 2, uidnext=9), counted("Job/a", 3), counted("Old", 4)]
    mailboxes.reconcile(database, account.id, listed=moved)
    after = {"INBOX": before["INBOX"], "Job": before["Work"], "Job/a": before["Work/a"], "Old": before["Old"]}
    assert ids(database, account) == after


def test_a_mailbox_renamed_to_a_name_that_once_was_keeps_its_own_id(database: Database, account: Account) -> None:
    mailboxes.reconcile(database, account.id, listed=[counted("A", 1), counted("B", 2)])
    before = ids(database, account)
    mailboxes.reconcile(database, account.id, listed=[counted("A", 1)])
    mailboxes.reconcile(database, account.id, listed=[counted("B", 1)])
    assert ids(database, account) == {"B": before["A"]}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (counted("A", 2), counted("B", 3)),  # Another UIDVALIDITY.
        (counted("A", 2, uidnext=9), counted("B", 2, uidnext=5)),  # Numbers went back.
        (counted("A", 1), counted("B", 1)),  # INBOX has the same: it tells nothing.
        (counted("A", 2, object_id="x"), counted("B", 2, object_id="y")),  # The server says that they are two.
        (ListedMailbox("A", "/"), ListedMailbox("B", "/")),  # Nothing is known of either.
    ],
)
def test_a_mailbox_that_is_another_one_gets_an_id_of_its_own(
    database: Database, account: Account, old: ListedMailbox, new: ListedMailbox
) -> None:
    mailboxes.reconcile(database, account.id, listed=[counted("INBOX", 1), old])
    before = ids(database, account)
    mailboxes.reconcile(database, account.id, listed=[counted("INBOX", 1), new])
    assert ids(database, account)["B"] not in before.values()


def test_an_object_id_tells_what_was_renamed_where_nothing_else_does(database: Database, account: Account) -> None:
    mailboxes.reconcile(database, account.id, listed=[counted("INBOX", 1), counted("A", 1, object_id="x"), counted("B", 1, object_id="y")])
    before = ids(database, account)
    mailboxes.reconcile(database, account.id, listed=[counted("INBOX", 1), counted("C", 1, object_id="y"), counted("D", 1, object_id="x")])
    assert ids(database, account) == {"INBOX": before["INBOX"], "C": before["B"], "D": before["A"]}


def test_a_deleted_mailbox_is_gone_with_its_messages(database: Database, account: Account, inbox: Mailbox) -> None:
    messages.add(database, inbox, uidvalidity=7, summaries=summaries([1, 2]))
    mailboxes.removed(database, account.id, inbox.id)
    assert names(database, account) == ["Archive"]
    assert messages.uids(database, inbox.id) == []


def test_a_mailbox_never_opened_has_an_empty_state(database: Database, archive: Mailbox) -> None:
    state = mailboxes.state(database, archive.id)
    assert state == mailboxes.MailboxState(archive.id)
    assert state.progress == 0


def test_a_sync_applies_what_it_found_if_nobody_moved_the_state(database: Database, account: Account, inbox: Mailbox) -> None:
    before = mailboxes.state(database, inbox.id)

    def apply(uidnext: int) -> bool:
        found = Found(
            uidnext=uidnext,
            exists=10,
            unseen=4,
            lowest_uid=3,
            complete=False,
            checked_at=later(1),
            highestmodseq=90,
            read_only=True,
            permanent_keywords=True,
            happened=[(events.ARRIVED, {"count": uidnext})],
        )
        return mailboxes.apply(database, inbox, expected=before, found=found)

    assert apply(11)
    assert not apply(12)
    after = mailboxes.state(database, inbox.id)
    assert (after.uidnext, after.exists, after.unseen, after.lowest_uid, after.checked_at) == (11, 10, 4, 3, later(1))
    assert (after.complete, after.read_only, after.permanent_keywords, after.highestmodseq) == (False, True, True, 90)
    told = events.since(database, account.id, after=0)
    assert [(each.kind, each.mailbox_id, each.payload) for each in told if each.mailbox_id] == [("arrived", inbox.id, {"count": 11})]
    assert mailboxes.states(database, account.id)[inbox.id] == after
    assert mailboxes.get(database, account.id, inbox.id).counts == MailboxCounts(10, 4, 11, 7, 90)


def test_unread_messages_are_counted_in_the_index_where_it_holds_all(database: Database, inbox: Mailbox) -> None:
    messages.add(database, inbox, uidvalidity=7, summaries=[summary(1), summary(2, "\\Seen"), summary(3)])
    found = Found(uidnext=4, lowest_uid=1, complete=True, checked_at=later(1), exists=3, unseen=COUNTED)
    assert mailboxes.apply(database, inbox, expected=mailboxes.state(database, inbox.id), found=found)
    assert mailboxes.state(database, inbox.id).unseen == 2


def test_a_state_whose_mod_sequence_moved_is_not_overwritten(database: Database, inbox: Mailbox) -> None:
    before = mailboxes.state(database, inbox.id)
    found = Found(uidnext=0, lowest_uid=0, complete=False, checked_at=later(1), highestmodseq=5)
    assert mailboxes.apply(database, inbox, expected=before, found=found)
    assert not mailboxes.apply(database, inbox, expected=before, found=found)


def test_a_watcher_vouches_for_a_while_and_takes_it_back(database: Database, inbox: Mailbox, archive: Mailbox) -> None:
    assert mailboxes.watch(database, [inbox.id], until=later(30), proved=later(0)) == {inbox.id}
    assert mailboxes.state(database, inbox.id).watched(later(29))
    assert not mailboxes.state(database, inbox.id).watched(later(30))
    assert not mailboxes.state(database, archive.id).watched(later(29))
    mailboxes.unwatch(database, [inbox.id], now=later(1))
    assert not mailboxes.state(database, inbox.id).watched(later(1))


def test_nobody_vouches_for_what_changed_after_the_look_that_proved_it(database: Database, inbox: Mailbox) -> None:
    assert mailboxes.watch(database, [inbox.id], until=later(30)) == set(), "there is nothing to prolong"
    mailboxes.watch(database, [inbox.id], until=later(30), proved=later(0))
    assert mailboxes.watch(database, [inbox.id], until=later(50)) == {inbox.id}
    mailboxes.unwatch(database, [inbox.id], now=later(10))
    assert mailboxes.watch(database, [inbox.id], until=later(60)) == set()
    assert mailboxes.watch(database, [inbox.id], until=later(60), proved=later(9)) == set()
    assert not mailboxes.state(database, inbox.id).watched(later(11))
    assert mailboxes.watch(database, [inbox.id], until=later(60), proved=later(11)) == {inbox.id}


def test_progress_is_complete_only_when_the_index_is(database: Database, inbox: Mailbox) -> None:
    state = replace(mailboxes.state(database, inbox.id), exists=200)
    assert replace(state, indexed=50).progress == 25
    assert replace(state, indexed=200).progress == 99
    assert replace(state, indexed=200, complete=True).progress == 100


def test_starting_over_forgets_messages_and_state(database: Database, inbox: Mailbox, archive: Mailbox) -> None:
    mailboxes.start_over(database, archive.id, uidvalidity=1)
    messages.add(database, archive, uidvalidity=1, summaries=summaries([1]))
    messages.add(database, inbox, uidvalidity=7, summaries=summaries(range(1, 1200)))
    mailboxes.start_over(database, inbox.id, uidvalidity=8)
    assert messages.uids(database, inbox.id) == []
    assert mailboxes.state(database, inbox.id) == mailboxes.MailboxState(inbox.id, uidvalidity=8)
    assert messages.uids(database, archive.id) == [1]


def test_one_writer_holds_the_lease_until_it_gives_it_back(database: Database, inbox: Mailbox) -> None:
    assert mailboxes.lease(database, inbox.id, owner="a", now=later(0), seconds=60)
    assert not mailboxes.lease(database, inbox.id, owner="b", now=later(30), seconds=60)
    assert mailboxes.lease(database, inbox.id, owner="a", now=later(40), seconds=60), "the owner may prolong it"
    mailboxes.release(database, inbox.id, owner="b")
    assert not mailboxes.lease(database, inbox.id, owner="b", now=later(99), seconds=60)
    mailboxes.release(database, inbox.id, owner="a")
    assert mailboxes.lease(database, inbox.id, owner="b", now=later(99), seconds=60)


def test_a_lease_that_ran_out_can_be_taken(database: Database, inbox: Mailbox) -> None:
    assert mailboxes.lease(database, inbox.id, owner="dead", now=later(0), seconds=60)
    assert mailboxes.lease(database, inbox.id, owner="b", now=later(60), seconds=60)


def test_a_mailbox_the_index_never_heard_of_can_be_leased(database: Database, archive: Mailbox) -> None:
    assert mailboxes.lease(database, archive.id, owner="a", now=later(0), seconds=60)
    assert not mailboxes.lease(database, archive.id, owner="b", now=later(0), seconds=60)
    with pytest.raises(NotFound):
        mailboxes.lease(database, MailboxId(999), owner="a", now=later(0), seconds=60)


def test_of_many_who_want_the_lease_at_once_one_gets_it(database: Database, archive: Mailbox) -> None:
    won: list[bool] = []
    threads = [
        threading.Thread(target=lambda n=n: won.append(mailboxes.lease(database, archive.id, owner=str(n), now=later(0), seconds=60)))
        for n in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * 15 + [True]
