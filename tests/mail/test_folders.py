"""Folders: what other clients do to the tree is followed, and a folder that was only renamed keeps what is known of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.servers.person import Person, letter
from tests.servers.proxy import Proxy
from webmail.errors import NotAllowed
from webmail.imap import names
from webmail.mail import listing, mailboxes, upkeep
from webmail.store import jobs, messages
from webmail.store import mailboxes as stored


def known(person: Person) -> set[str]:
    return {each.name for each in stored.list_of(person.gate.database, person.session.accounts[0].id)}


@pytest.mark.parametrize("new", ["Job", "Pläne/2026 & mehr", "计划"])
def test_a_folder_renamed_elsewhere_keeps_its_id_its_messages_and_their_ids(anyone: Person, new: str) -> None:
    with anyone.side() as side:
        side.create("Plans")
    anyone.put([letter(number) for number in range(1, 4)], mailbox="Plans")
    anyone.work_all()
    before, ids = anyone.mailbox("Plans").id, anyone.ids("Plans")
    assert len(ids) == 3
    with anyone.side() as side:
        assert side.rename("Plans", f'"{names.encode(new).decode()}"')[0] == "OK"
    mailboxes.refresh(anyone.session)
    assert "Plans" not in known(anyone)
    assert anyone.mailbox(new).id == before
    assert anyone.ids(new) == ids
    anyone.put([letter(4)], mailbox=names.encode(new).decode())
    assert anyone.subjects(new)[0] == "Letter 4"


def test_a_folder_with_folders_inside_is_renamed_as_a_whole(person: Person) -> None:
    with person.side() as side:
        for name in ("Work", "Work/a", "Work/a/b"):
            side.create(name)
    person.put([letter(1)], mailbox="Work/a/b")
    mailboxes.refresh(person.session)
    before = {name: person.mailbox(name).id for name in ("Work", "Work/a", "Work/a/b")}
    with person.side() as side:
        side.rename("Work", "Job")
    mailboxes.refresh(person.session)
    assert {name: person.mailbox(name.replace("Work", "Job")).id for name in before} == before


def test_new_and_deleted_folders_are_followed_and_what_is_gone_is_forgotten_after_a_while(person: Person) -> None:
    with person.side() as side:
        side.create("Plans")
    person.put([letter(1)], mailbox="Plans")
    person.work_all()
    gone = person.mailbox("Plans").id
    assert len(person.ids("Plans")) == 1
    with person.side() as side:
        side.delete("Plans")
        side.create("Notes")
    person.sign_in()
    person.work()
    assert ("Plans" in known(person), "Notes" in known(person)) == (False, True)
    assert messages.uids(person.gate.database, gone) == [1]
    account = person.session.accounts[0].id
    assert jobs.keys(person.gate.database, account, "forget") == {str(gone)}
    with person.gate.database.durable_write() as connection:
        connection.exec_driver_sql("UPDATE jobs SET due_at = 0 WHERE kind = 'forget'")
    person.work()
    assert messages.uids(person.gate.database, gone) == []
    assert stored.gone(person.gate.database, account) == []


def test_a_folder_that_was_away_for_a_while_only_is_not_forgotten(behind: Person, proxy: Proxy) -> None:
    with behind.side() as side:
        side.create("Plans")
    behind.put([letter(1)], mailbox="Plans")
    behind.work_all()
    before, ids = behind.mailbox("Plans").id, behind.ids("Plans")
    proxy.rewrite(rb'^\* LIST .* "?Plans"?.*', rb"* OK nothing")
    jobs.put(behind.gate.database, kind="sync", account_id=behind.session.accounts[0].id, due_at=datetime.now(UTC))
    behind.work()
    assert "Plans" not in known(behind)
    proxy.speak_truly()
    mailboxes.refresh(behind.session)
    with behind.gate.database.durable_write() as connection:
        connection.exec_driver_sql("UPDATE jobs SET due_at = 0 WHERE kind = 'forget'")
    behind.work()
    assert behind.mailbox("Plans").id == before
    assert behind.ids("Plans") == ids


def test_a_folder_that_only_holds_folders_is_shown_and_never_opened(person: Person) -> None:
    with person.side() as side:
        side.create("Above/Below")
        side.unsubscribe("Above/Below")
    person.put([letter(1)], mailbox="Above/Below")
    person.work_all()
    above, below = person.mailbox("Above"), person.mailbox("Above/Below")
    assert (above.selectable, below.selectable, below.subscribed) == (False, True, False)
    with pytest.raises(NotAllowed):
        listing.mailbox_page(person.session, above.id)
    assert person.subjects("Above/Below") == ["Letter 1"]
    with person.side() as side:
        side.subscribe("Above/Below")
    mailboxes.refresh(person.session)
    assert person.mailbox("Above/Below").subscribed


@pytest.fixture
def shared(person: Person) -> Iterator[Person]:
    """Somebody whose server has a folder that everybody shares."""
    with person.side() as side:
        assert side.create("Public/Board")[0] == "OK"
    yield person
    with person.side() as side:
        side.delete("Public/Board")


def test_a_folder_that_everybody_shares_is_listed_read_and_followed_like_any_other(shared: Person) -> None:
    shared.put([letter(1)], mailbox="Public/Board")
    shared.work_all()
    assert shared.subjects("Public/Board") == ["Letter 1"]
    other = shared.dovecot.new_user()
    shared.dovecot.put(other, [letter(2)], mailbox="Public/Board")
    assert shared.subjects("Public/Board") == ["Letter 2", "Letter 1"]


def test_one_look_at_the_tree_is_enough_for_everything_that_happened_to_it(person: Person) -> None:
    with person.side() as side:
        for name in ("A", "B", "C"):
            side.create(name)
    person.work_all()
    before = {name: person.mailbox(name).id for name in ("A", "B", "C")}
    with person.side() as side:
        side.rename("A", "D")
        side.rename("B", "A")
        side.delete("C")
        side.create("C2")
    mailboxes.refresh(person.session)
    assert person.mailbox("D").id == before["A"]
    assert "C" not in known(person)
    assert person.mailbox("C2").id not in before.values()
    assert upkeep.claim(person.gate, owner="test") is None
