"""Limits: what a server does not allow, does not have any more or cannot keep is said plainly, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.servers.dovecot import Dovecot
from tests.servers.person import NOBODY, Person, letter
from tests.servers.postgresql import store_in
from tests.servers.proxy import Proxy
from tests.servers.smtp_sink import SmtpSink
from webmail.account import Server
from webmail.errors import NotAllowed, NotFound, ServerRefused
from webmail.imap import names
from webmail.imap.pool import Pool
from webmail.mail import drafts, filing, mailboxes, parts, reading, submission
from webmail.mail.drafts import DraftFields
from webmail.mail.outbox_pages import SubmissionState
from webmail.mail.pages import ActionResult
from webmail.mail.session import Gate
from webmail.mailbox import SpecialUse


def hire(host: Dovecot, folder: Path, imap: Server, *, quota: str = "", smtp: Server = NOBODY) -> Person:
    somebody = Person(host, Gate(store_in(folder / "data"), Pool(), imap, smtp), host.new_user(quota=quota), "secret")
    somebody.sign_in()
    return somebody


@pytest.fixture
def visitor(person: Person) -> Iterator[Person]:
    """Somebody whose inbox of three messages the server lets nobody change."""
    person.put([letter(number) for number in (1, 2, 3)])
    inbox = person.dovecot.folder / "mail" / person.username / "Maildir"
    folders = [inbox / "cur", inbox / "new", inbox / "tmp", inbox]
    for each in folders:
        each.chmod(0o555)
    yield person
    for each in folders:
        each.chmod(0o755)


def test_a_message_of_a_read_only_folder_opens_and_stays_unread(visitor: Person) -> None:
    ids = visitor.ids()
    assert visitor.page().read_only
    page = reading.message_page(visitor.session, ids[0], mark_seen=True)
    assert page.read_only
    assert "Good morning." in str(page.text)
    assert visitor.truth("INBOX", "SEEN") == 0
    assert visitor.page().unseen == 3


def test_a_folder_that_became_read_only_a_moment_ago_still_opens(behind: Person, proxy: Proxy) -> None:
    behind.put([letter(1)])
    ids = behind.ids()
    proxy.rewrite(rb"\[READ-WRITE\]", b"[READ-ONLY]")
    behind.hang_up()
    assert reading.message_page(behind.session, ids[0], mark_seen=True).message.envelope.subject == "Letter 1"
    assert behind.truth("INBOX", "SEEN") == 0


def test_an_action_in_a_read_only_folder_is_refused_as_that_and_changes_nothing(visitor: Person) -> None:
    ids, target = visitor.ids(), visitor.mailbox(SpecialUse.ARCHIVE).id
    for action in ("seen", "flag", "archive", "junk", "delete", "move", "delete_forever"):
        with pytest.raises(NotAllowed, match="read_only"):
            filing.act(visitor.session, action, ids=ids, target=target, confirmed=True)
    assert (visitor.truth(), visitor.truth("Archive"), visitor.truth("INBOX", "SEEN")) == (3, 0, 0)


@pytest.mark.parametrize("action", ["flag", "delete"])
def test_what_was_done_before_a_folder_refused_can_be_taken_back(visitor: Person, action: str) -> None:
    with visitor.side("Archive") as side:
        for number in (7, 8):
            side.append("Archive", "", None, letter(number))  # type: ignore[arg-type] # no date is a date of now
    ids = [*visitor.ids(SpecialUse.ARCHIVE), *visitor.ids()]
    result = filing.act(visitor.session, action, ids=ids)
    assert isinstance(result, ActionResult)
    assert (result.count, result.refused and result.refused.code) == (2, "read_only")
    assert visitor.truth() == 3
    assert (visitor.truth("Archive", "FLAGGED") if action == "flag" else visitor.truth("Trash")) == 2
    filing.undo(visitor.session, result.journal_id)
    assert (visitor.truth("Archive"), visitor.truth("Archive", "FLAGGED"), visitor.truth("Trash")) == (2, 0, 0)


def test_messages_are_copied_out_of_a_read_only_folder(visitor: Person) -> None:
    filing.act(visitor.session, "copy", ids=visitor.ids(), target=visitor.mailbox(SpecialUse.ARCHIVE).id)
    assert visitor.truth("Archive") == 3


def test_all_messages_of_a_read_only_folder_cannot_be_marked_read(visitor: Person) -> None:
    with pytest.raises(NotAllowed, match="read_only"):
        mailboxes.mark_all_read(visitor.session, visitor.mailbox().id)


def test_a_flag_the_server_would_forget_is_refused_and_junk_still_moves(behind: Person, proxy: Proxy) -> None:
    behind.put([letter(1), letter(2)])
    proxy.rewrite(rb"PERMANENTFLAGS \([^)]*\)", rb"PERMANENTFLAGS (\\Seen \\Deleted)")
    ids = behind.ids()
    with pytest.raises(NotAllowed, match="flag_not_kept"):
        filing.act(behind.session, "flag", ids=ids)
    assert behind.truth("INBOX", "FLAGGED") == 0
    filing.act(behind.session, "seen", ids=ids[:1])
    filing.act(behind.session, "junk", ids=ids)
    assert (behind.truth(), behind.truth("Junk"), behind.truth("Junk", "KEYWORD", "$Junk")) == (0, 2, 0)


def test_a_folder_that_keeps_no_flags_at_all_opens_unmarked(behind: Person, proxy: Proxy) -> None:
    behind.put([letter(1)])
    proxy.rewrite(rb"PERMANENTFLAGS \([^)]*\)", rb"PERMANENTFLAGS ()")
    ids = behind.ids()
    reading.message_page(behind.session, ids[0], mark_seen=True)
    assert behind.truth("INBOX", "SEEN") == 0
    with pytest.raises(NotAllowed, match="flag_not_kept"):
        mailboxes.mark_all_read(behind.session, behind.mailbox().id)


def test_junk_and_its_undo_tell_filters_what_they_learn_from(person: Person) -> None:
    person.put([letter(1)])
    result = filing.act(person.session, "junk", ids=person.ids())
    assert isinstance(result, ActionResult)
    assert person.truth("Junk", "KEYWORD", "$Junk") == 1
    filing.undo(person.session, result.journal_id)
    assert (person.truth(), person.truth("INBOX", "KEYWORD", "$Junk")) == (1, 0)


def test_a_full_mailbox_refuses_a_copy_and_every_message_stays_in_its_place(dovecot: Dovecot, bare_proxy: Proxy, tmp_path: Path) -> None:
    somebody = hire(dovecot, tmp_path, bare_proxy.server(), quota="6K")
    somebody.put([letter(1, text="x" * 4500)])
    ids = somebody.ids()
    for action in ("junk", "copy"):
        with pytest.raises(ServerRefused, match="overquota"):
            filing.act(somebody.session, action, ids=ids, target=somebody.mailbox(SpecialUse.ARCHIVE).id)
    assert (somebody.truth(), somebody.truth("Junk"), somebody.truth("Archive")) == (1, 0, 0)
    assert somebody.truth("INBOX", "DELETED") == somebody.truth("INBOX", "KEYWORD", "$Junk") == 0
    assert somebody.subjects() == ["Letter 1"]
    somebody.close()


def test_a_full_mailbox_keeps_the_draft_here_and_the_sent_copy_for_later(dovecot: Dovecot, smtp_sink: SmtpSink, tmp_path: Path) -> None:
    somebody = hire(dovecot, tmp_path, dovecot.server(), quota="6K", smtp=smtp_sink.server())
    somebody.put([letter(1, text="x" * 4500)])
    given = DraftFields(key=drafts.new_key(), to="jonas@example.net", subject="Long", text="y" * 4000)
    page = drafts.save(somebody.session, given, now=datetime.now(UTC))
    assert not page.placed
    assert drafts.open_draft(somebody.session, page.key).text == given.text
    number = submission.queue(somebody.session, given, now=datetime.now(UTC), hold=timedelta(0))
    somebody.work()
    report = submission.report(somebody.session, number)
    assert len(smtp_sink.messages) == 1
    assert report.submission.state is SubmissionState.ACCEPTED
    assert any(step.code == "sent_copy_failed" and dict(step.values)["error"] == "overquota" for step in report.steps)
    with somebody.side() as side:
        side.store("1", "+FLAGS", "(\\Deleted)")
        side.expunge()
    with somebody.gate.database.durable_write() as connection:
        connection.exec_driver_sql("UPDATE submissions SET due_at = 0")
    somebody.work()
    assert submission.report(somebody.session, number).submission.state is SubmissionState.FILED
    assert (len(smtp_sink.messages), somebody.truth("Sent")) == (1, 1)
    somebody.close()


def test_what_the_server_wants_people_to_see_stands_in_the_frame_once(behind: Person, proxy: Proxy) -> None:
    behind.put([letter(1)])
    behind.page()
    proxy.rewrite(rb"OK NOOP completed.*", b"OK [ALERT] The house closes at six")
    behind.page()
    assert mailboxes.frame(behind.session).alerts == ("The house closes at six",)
    assert mailboxes.frame(behind.session).alerts == ()


def folders(person: Person) -> set[str]:
    return {each.name for each in mailboxes.frame(person.session).mailboxes}


@pytest.mark.parametrize("kept_open", [True, False])
def test_a_folder_deleted_by_another_client_is_not_found_and_leaves_the_tree(anyone: Person, *, kept_open: bool) -> None:
    with anyone.side() as side:
        side.create("Plans")
    mailboxes.refresh(anyone.session)
    anyone.put([letter(1), letter(2)], mailbox="Plans")
    plans, ids = anyone.mailbox("Plans"), anyone.ids("Plans")
    reading.message_page(anyone.session, ids[0], mark_seen=True)
    if not kept_open:
        anyone.hang_up()
    with anyone.side() as side:
        side.delete("Plans")
    with pytest.raises(NotFound, match="mailbox"):
        anyone.page("Plans")
    assert "Plans" not in folders(anyone)
    for act in (
        lambda: reading.message_page(anyone.session, ids[0], mark_seen=True),
        lambda: reading.message_page(anyone.session, ids[1], mark_seen=True),
        lambda: filing.act(anyone.session, "flag", ids=ids),
    ):
        with pytest.raises(NotFound):
            act()
    assert not any(each.name == plans.name for each in mailboxes.frame(anyone.session).mailboxes)


def test_a_folder_deleted_meanwhile_is_not_found_by_an_action_either(person: Person) -> None:
    with person.side() as side:
        side.create("Plans")
    mailboxes.refresh(person.session)
    person.put([letter(1)], mailbox="Plans")
    ids = person.ids("Plans")
    person.hang_up()
    with person.side() as side:
        side.delete("Plans")
    with pytest.raises(NotFound, match="mailbox"):
        filing.act(person.session, "flag", ids=ids)
    assert "Plans" not in folders(person)


@pytest.mark.parametrize("read_before", [True, False])
def test_a_message_expunged_meanwhile_is_not_found_and_its_row_is_gone(anyone: Person, *, read_before: bool) -> None:
    anyone.put([letter(1), letter(2)])
    ids = anyone.ids()
    if read_before:
        reading.message_page(anyone.session, ids[0], mark_seen=True)
    with anyone.side() as side:
        side.store("2", "+FLAGS", "(\\Deleted)")
        side.expunge()
    with pytest.raises(NotFound, match="message"):
        reading.message_page(anyone.session, ids[0], mark_seen=True)
    assert anyone.subjects() == ["Letter 1"]


@pytest.mark.parametrize("read_before", [True, False])
def test_uids_made_void_never_show_another_message(person: Person, *, read_before: bool) -> None:
    with person.side() as side:
        side.create("Plans")
    mailboxes.refresh(person.session)
    person.put([letter(1, subject="Old", text="The old one.")], mailbox="Plans")
    ids = person.ids("Plans")
    if read_before:
        reading.message_page(person.session, ids[0], mark_seen=False)
    person.hang_up()
    with person.side() as side:
        side.delete("Plans")
        side.create("Plans")
    person.put([letter(2, subject="New", text="The new one.")], mailbox="Plans")
    with pytest.raises(NotFound):
        reading.message_page(person.session, ids[0], mark_seen=True)
    with pytest.raises(NotFound):
        parts.source_page(person.session, ids[0])
    with pytest.raises(NotFound):
        filing.act(person.session, "delete", ids=ids)
    assert (person.truth("Plans"), person.truth("Plans", "SEEN")) == (1, 0)
    assert person.subjects("Plans") == ["New"]


def test_a_role_without_a_mark_of_the_server_is_known_by_its_name_in_many_languages(pymap_person: Person) -> None:
    last = "Trash"
    for number, name in enumerate(["Papierkorb", "Corbeille", "已删除", "ゴミ箱", "Deleted Items"], 1):
        mailboxes.refresh(pymap_person.session)
        old = pymap_person.mailbox(last)
        with pymap_person.side() as side:
            side.delete(f'"{names.encode(last).decode()}"')
        mailboxes.refresh(pymap_person.session)
        made = mailboxes.create(pymap_person.session, name)
        assert (made.special_use, made.id == old.id) == (SpecialUse.TRASH, False)
        pymap_person.put([letter(number)])
        result = filing.act(pymap_person.session, "delete", ids=pymap_person.ids())
        assert isinstance(result, ActionResult)
        assert result.target == pymap_person.mailbox(name)
        assert (pymap_person.truth(), len(pymap_person.ids(name))) == (0, 1)
        last = name


def test_undo_is_not_offered_where_nobody_knows_where_the_messages_are(behind: Person, proxy: Proxy) -> None:
    behind.put([letter(1)])
    proxy.rewrite(rb"\[COPYUID[^]]*\] ?", b"")
    result = filing.act(behind.session, "archive", ids=behind.ids())
    assert isinstance(result, ActionResult)
    assert (result.count, result.journal_id, behind.truth("Archive")) == (1, 0, 1)
    assert behind.subjects(SpecialUse.ARCHIVE) == ["Letter 1"]
