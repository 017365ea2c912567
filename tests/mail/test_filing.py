"""Filing: every action reaches the server, shows in the list at once, and can be taken back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.servers.dovecot import Dovecot
from tests.servers.imap_servers import ImapServer
from tests.servers.person import NOBODY, Person, letter
from tests.servers.postgresql import store_in
from webmail.errors import Conflict, InvalidInput, NotAllowed, NotFound
from webmail.imap.pool import Pool
from webmail.mail import choosing, filing, mailboxes
from webmail.mail.pages import ActionResult, ConfirmPage
from webmail.mail.session import Gate
from webmail.mailbox import SpecialUse


@pytest.fixture
def person(anyone: Person) -> Person:
    """Every rule of this file holds on each server."""
    return anyone


def fill(person: Person, count: int = 5) -> list[int]:
    person.put([letter(number) for number in range(1, count + 1)])
    return person.ids()


def done(result: ActionResult | ConfirmPage) -> ActionResult:
    assert isinstance(result, ActionResult)
    return result


def test_a_message_can_be_archived_and_brought_back(person: Person) -> None:
    ids = fill(person)
    result = done(filing.act(person.session, "archive", ids=ids[:2]))
    assert (result.code, result.count) == ("archived", 2)
    assert person.subjects() == ["Letter 3", "Letter 2", "Letter 1"]
    assert person.truth("Archive") == 2
    assert person.subjects(SpecialUse.ARCHIVE) == ["Letter 5", "Letter 4"]
    filing.undo(person.session, result.journal_id)
    assert person.truth("Archive") == 0
    assert person.subjects() == [f"Letter {number}" for number in range(5, 0, -1)]


def test_a_moved_message_keeps_its_id_where_the_target_was_open(person: Person) -> None:
    ids = fill(person)
    person.page(SpecialUse.ARCHIVE)
    filing.act(person.session, "archive", ids=ids[:1])
    assert person.ids(SpecialUse.ARCHIVE) == ids[:1]


@pytest.mark.parametrize(
    ("action", "role", "name"),
    [("junk", SpecialUse.JUNK, "Junk"), ("delete", SpecialUse.TRASH, "Trash"), ("archive", SpecialUse.ARCHIVE, "Archive")],
)
def test_what_goes_to_a_role_folder_comes_back_by_undo(person: Person, action: str, role: SpecialUse, name: str) -> None:
    ids = fill(person, 2)
    result = done(filing.act(person.session, action, ids=ids))
    assert result.target is not None
    assert result.target.special_use is role
    assert (person.truth(), person.truth(name)) == (0, 2)
    filing.undo(person.session, result.journal_id)
    assert (person.truth(), person.truth(name)) == (2, 0)


@pytest.mark.parametrize(("action", "criterion"), [("seen", "SEEN"), ("flag", "FLAGGED")])
def test_a_flag_can_be_set_and_undone(person: Person, action: str, criterion: str) -> None:
    ids = fill(person)
    result = done(filing.act(person.session, action, ids=ids[:3]))
    assert person.truth("INBOX", criterion) == 3
    filing.undo(person.session, result.journal_id)
    assert person.truth("INBOX", criterion) == 0


def test_undo_gives_back_only_the_flags_that_the_action_changed(person: Person) -> None:
    ids = fill(person)
    filing.act(person.session, "seen", ids=ids[:1])
    result = done(filing.act(person.session, "seen", ids=ids))
    filing.undo(person.session, result.journal_id)
    assert person.truth("INBOX", "SEEN") == 1


def test_an_action_is_undone_once(person: Person) -> None:
    result = done(filing.act(person.session, "archive", ids=fill(person)[:1]))
    filing.undo(person.session, result.journal_id)
    with pytest.raises(Conflict):
        filing.undo(person.session, result.journal_id)


def test_deleting_moves_to_trash_and_deleting_from_trash_asks_first(person: Person) -> None:
    ids = fill(person)
    filing.act(person.session, "delete", ids=ids[:1])
    in_trash = person.ids(SpecialUse.TRASH)
    question = filing.act(person.session, "delete", ids=in_trash)
    assert isinstance(question, ConfirmPage)
    assert person.truth("Trash") == 1
    filing.act(person.session, question.action, ids=question.ids, confirmed=True)
    assert person.truth("Trash") == 0


def test_a_missing_trash_stops_the_deletion_and_offers_to_make_one(pymap: ImapServer, dovecot: Dovecot, tmp_path: Path) -> None:
    gate = Gate(store_in(tmp_path / "data"), Pool(), pymap.server, NOBODY)
    somebody = Person(dovecot, gate, pymap.credentials.username, pymap.credentials.password)
    somebody.sign_in()
    pymap.put([letter(1), letter(2)])
    known = {each.name: each for each in mailboxes.frame(somebody.session).mailboxes}
    if "Trash" in known:
        with pymap.side() as side:
            side.delete("Trash")
        mailboxes.refresh(somebody.session)
    ids = somebody.ids()
    with pytest.raises(NotFound, match="missing_role"):
        filing.act(somebody.session, "delete", ids=ids[:1])
    assert len(pymap.uids()) == 2
    made = mailboxes.create_role(somebody.session, SpecialUse.TRASH)
    assert made.special_use is SpecialUse.TRASH
    filing.act(somebody.session, "delete", ids=ids[:1])
    assert (len(pymap.uids()), len(pymap.uids("Trash"))) == (1, 1)
    somebody.close()


def test_messages_are_copied_and_the_copies_taken_back(person: Person) -> None:
    ids = fill(person)
    target = person.mailbox(SpecialUse.ARCHIVE)
    result = done(filing.act(person.session, "copy", ids=ids[:2], target=target.id))
    assert (person.truth(), person.truth("Archive")) == (5, 2)
    filing.undo(person.session, result.journal_id)
    assert (person.truth(), person.truth("Archive")) == (5, 0)


def test_nothing_chosen_too_much_chosen_and_unknown_actions_are_refused(person: Person) -> None:
    ids = fill(person, 1)
    for bad in ({"ids": []}, {"ids": list(range(choosing.LIMIT + 1))}):
        with pytest.raises(InvalidInput):
            filing.act(person.session, "archive", **bad)
    with pytest.raises(InvalidInput):
        filing.act(person.session, "explode", ids=ids)
    with pytest.raises(NotFound):
        filing.act(person.session, "archive", ids=[999_999])


def test_deleted_marks_of_other_clients_are_never_expunged(person: Person) -> None:
    ids = fill(person)
    with person.side() as side:
        side.store("1", "+FLAGS", "(\\Deleted)")
    filing.act(person.session, "delete_forever", ids=ids[:1], confirmed=True)
    assert person.truth() == 4
    assert person.truth("INBOX", "DELETED") == 1


def test_a_folder_can_be_made_renamed_and_deleted_with_a_name_in_any_script(person: Person) -> None:
    made = mailboxes.create(person.session, "项目 & Café 📬")
    assert made.label == "项目 & Café 📬"
    inner = mailboxes.create(person.session, "Inner", parent=made.id)
    assert inner.depth == made.depth + 1
    renamed = mailboxes.rename(person.session, made.id, name="Проекты")
    assert renamed.id == made.id
    assert person.mailbox("Проекты/Inner").id == inner.id
    with pytest.raises(Conflict, match="has_children"):
        mailboxes.delete(person.session, made.id, confirmed=True)
    assert isinstance(mailboxes.delete(person.session, inner.id, confirmed=False), ConfirmPage)
    mailboxes.delete(person.session, inner.id, confirmed=True)
    mailboxes.delete(person.session, made.id, confirmed=True)
    assert "Проекты" not in {each.name for each in mailboxes.frame(person.session).mailboxes}


def test_a_folder_name_that_cannot_be_is_refused(person: Person) -> None:
    for name in ("", "  ", "a/b", "a\nb", "inbox", "x" * 300, "a\0"):
        with pytest.raises(InvalidInput):
            mailboxes.create(person.session, name)


def test_a_folder_with_a_role_is_neither_renamed_nor_deleted(person: Person) -> None:
    inbox = person.mailbox()
    with pytest.raises(NotAllowed):
        mailboxes.rename(person.session, inbox.id, name="Other")
    with pytest.raises(NotAllowed):
        mailboxes.delete(person.session, inbox.id, confirmed=True)


def test_trash_is_emptied_after_asking_and_the_inbox_never(person: Person) -> None:
    ids = fill(person)
    filing.act(person.session, "delete", ids=ids)
    trash = person.mailbox(SpecialUse.TRASH)
    question = mailboxes.empty(person.session, trash.id)
    assert isinstance(question, ConfirmPage)
    assert question.count == 5
    mailboxes.empty(person.session, trash.id, confirmed=question.stamp)
    assert person.truth("Trash") == 0
    with pytest.raises(NotAllowed):
        mailboxes.empty(person.session, person.mailbox().id, confirmed=question.stamp)


def test_what_arrives_between_the_question_and_the_answer_is_not_deleted(person: Person) -> None:
    filing.act(person.session, "delete", ids=fill(person))
    trash = person.mailbox(SpecialUse.TRASH)
    question = mailboxes.empty(person.session, trash.id)
    assert isinstance(question, ConfirmPage)
    person.put([letter(9, subject="Late")], mailbox=trash.name)
    mailboxes.empty(person.session, trash.id, confirmed=question.stamp)
    assert person.subjects(SpecialUse.TRASH) == ["Late"]
    for stamp in ("", "1", "1.99", f"{question.stamp}x", "x.1"):
        assert isinstance(mailboxes.empty(person.session, trash.id, confirmed=stamp), ConfirmPage)
    assert person.truth("Trash") == 1


def test_all_messages_of_a_folder_are_marked_read_and_that_is_undone(person: Person) -> None:
    fill(person)
    result = mailboxes.mark_all_read(person.session, person.mailbox().id)
    assert (person.truth("INBOX", "UNSEEN"), person.page().unseen) == (0, 0)
    filing.undo(person.session, result.journal_id)
    assert (person.truth("INBOX", "UNSEEN"), person.page().unseen) == (5, 5)


def test_counts_in_the_sidebar_follow_our_own_actions_at_once(person: Person) -> None:
    ids = fill(person)
    filing.act(person.session, "seen", ids=ids[:2])
    inbox = next(each for each in mailboxes.frame(person.session).mailboxes if each.special_use is SpecialUse.INBOX)
    assert inbox.counts.unseen == 3
