"""Submission: never lost, never sent twice by itself, and every step is told."""

from __future__ import annotations

import email
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import policy
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import update

from tests.servers.dovecot import Dovecot
from tests.servers.person import Person, letter, new_person
from tests.servers.proxy import Proxy
from tests.servers.smtp_sink import SmtpSink
from webmail.errors import Conflict, InvalidInput, NotAllowed
from webmail.mail import accounts, delivery, drafts, submission
from webmail.mail.attachments import Upload
from webmail.mail.drafts import DraftFields, Incomplete, Wording
from webmail.mail.outbox_pages import RecipientState, SubmissionPage, SubmissionState
from webmail.mailbox import SpecialUse
from webmail.message.summary import Flag
from webmail.store import credentials, outgoing
from webmail.store.schema import submissions

NOW = timedelta(0)
WORDING = Wording("On {date}, {name} wrote:", "-- Forwarded --", ("From", "Date", "Subject", "To", "Cc"), lambda when: f"{when:%Y-%m-%d}")


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    with SmtpSink() as server:
        yield server


@pytest.fixture
def writer(dovecot: Dovecot, sink: SmtpSink) -> Iterator[Person]:
    """Somebody who sends through a server that does what a test tells it."""
    folder = Path(tempfile.mkdtemp(prefix="webmail-writer-"))
    somebody = new_person(dovecot, folder / "data", smtp=sink.server())
    somebody.sign_in()
    yield somebody
    somebody.close()
    shutil.rmtree(folder, ignore_errors=True)


def fields(**changes: str) -> DraftFields:
    given = {"key": drafts.new_key(), "to": "Jonas <jonas@example.net>", "subject": "Grüße 你好", "text": "Early train please."} | changes
    return DraftFields(**given)  # type: ignore[arg-type] # all changes in these tests are texts


def send(person: Person, given: DraftFields | None = None, *, hold: timedelta = NOW, **options: list[Upload]) -> int:
    return submission.queue(person.session, given or fields(), now=datetime.now(UTC), hold=hold, **options)


def report(person: Person, number: int) -> SubmissionPage:
    return submission.report(person.session, number)


def state(person: Person, number: int) -> SubmissionState:
    return report(person, number).submission.state


def due_now(person: Person, number: int) -> None:
    """Let the pause before the next attempt be over."""
    with person.gate.database.durable_write() as connection:
        connection.execute(update(submissions).where(submissions.c.id == number).values(due_at=0))


def test_a_message_is_sent_filed_in_sent_and_its_draft_is_gone(writer: Person, sink: SmtpSink) -> None:
    given = fields(bcc="quiet@example.net")
    drafts.save(writer.session, given, now=datetime.now(UTC))
    assert writer.truth("Drafts") == 1
    number = send(writer, given)
    writer.work()
    assert state(writer, number) is SubmissionState.FILED
    taken = sink.messages[0]
    assert taken.recipients == ("jonas@example.net", "quiet@example.net")
    assert b"quiet@example.net" not in taken.content
    assert (writer.truth("Sent"), writer.truth("Drafts")) == (1, 0)
    with writer.dovecot.side(writer.username, "Sent") as side:
        kept = side.uid("FETCH", "1", "(FLAGS BODY.PEEK[])")[1][0][1]
    assert kept == b"Bcc: quiet@example.net\r\n" + taken.content
    message = email.message_from_bytes(taken.content, policy=policy.default)
    assert message["Subject"] == "Grüße 你好"
    assert message.get_content().strip() == "Early train please."
    assert message["Message-ID"] == report(writer, number).message_id_field


def test_a_form_sent_twice_sends_once(writer: Person, sink: SmtpSink) -> None:
    given = fields()
    assert send(writer, given) == send(writer, given)
    writer.work()
    assert send(writer, given) == submission.outbox(writer.session).sent[0].id
    writer.work()
    assert len(sink.messages) == 1


def test_a_message_waits_for_undo_and_undo_opens_its_draft_as_it_was(writer: Person, sink: SmtpSink) -> None:
    given = fields(cc="ilse@example.net")
    number = send(writer, given, hold=timedelta(seconds=30))
    writer.work()
    assert state(writer, number) is SubmissionState.QUEUED
    page = drafts.open_draft(writer.session, submission.cancel(writer.session, number, now=datetime.now(UTC)))
    assert (page.to, page.cc, page.subject, page.text) == (given.to, given.cc, given.subject, given.text)
    assert state(writer, number) is SubmissionState.CANCELLED
    writer.work()
    assert sink.messages == []
    again = send(writer, fields(key=page.key))
    assert again != number
    writer.work()
    assert len(sink.messages) == 1


def test_undo_comes_too_late_once_the_message_is_handed_over(writer: Person) -> None:
    number = send(writer)
    writer.work()
    with pytest.raises(Conflict, match="too_late"):
        submission.cancel(writer.session, number, now=datetime.now(UTC))


def test_refused_recipients_are_told_at_once_and_the_others_get_the_message(writer: Person, sink: SmtpSink) -> None:
    sink.refuse("piet@example.net", "550 5.1.1 No such mailbox")
    number = send(writer, fields(to="jonas@example.net, piet@example.net"))
    writer.work()
    page = report(writer, number)
    assert page.submission.state is SubmissionState.FILED
    assert {each.address: each.state for each in page.submission.recipients} == {
        "jonas@example.net": RecipientState.ACCEPTED,
        "piet@example.net": RecipientState.REFUSED,
    }
    refused = page.submission.recipients[1]
    assert (refused.server_code, refused.server_text) == ("550 5.1.1", "No such mailbox")
    assert len(sink.messages) == 1


def test_deferred_recipients_are_tried_again_alone_with_the_same_bytes(writer: Person, sink: SmtpSink) -> None:
    sink.refuse("owen@example.net", "451 4.7.1 Greylisted")
    number = send(writer, fields(to="jonas@example.net, owen@example.net"))
    writer.work()
    assert state(writer, number) is SubmissionState.RETRYING
    sink.forget()
    due_now(writer, number)
    writer.work()
    assert state(writer, number) is SubmissionState.FILED
    assert [taken.recipients for taken in sink.messages] == [("owen@example.net",)]
    with writer.dovecot.side(writer.username, "Sent") as side:
        kept = side.uid("FETCH", "1", "(BODY.PEEK[])")[1][0][1]
    assert kept == sink.messages[0].content
    assert writer.truth("Sent") == 1


def test_a_message_nobody_takes_fails_with_the_servers_words_and_its_text_is_kept(writer: Person, sink: SmtpSink) -> None:
    sink.refuse("jonas@example.net", "550 5.7.1 Not from you")
    given = fields()
    number = send(writer, given)
    writer.work()
    page = report(writer, number)
    assert page.submission.state is SubmissionState.FAILED
    assert "Not from you" in page.server_text
    assert writer.truth("Sent") == 0
    form = drafts.open_draft(writer.session, submission.edit(writer.session, number, now=datetime.now(UTC)))
    assert form.text == given.text


@pytest.mark.parametrize("step", ["connect", "EHLO", "MAIL", "RCPT", "DATA", "body"])
def test_a_connection_lost_before_the_end_of_the_message_is_tried_again(writer: Person, sink: SmtpSink, step: str) -> None:
    sink.drop(step)
    number = send(writer, fields(text="line\n" * 20_000))
    writer.work()
    assert state(writer, number) is SubmissionState.RETRYING
    assert sink.messages == []
    sink.forget()
    due_now(writer, number)
    writer.work()
    assert state(writer, number) is SubmissionState.FILED
    assert len(sink.messages) == 1


def test_no_answer_to_the_final_dot_is_unclear_and_never_sent_again_by_itself(writer: Person, sink: SmtpSink) -> None:
    sink.drop("dot", kept=True)
    number = send(writer)
    writer.work()
    assert state(writer, number) is SubmissionState.UNCLEAR
    assert report(writer, number).submission.recipients[0].state is RecipientState.UNCLEAR
    due_now(writer, number)
    writer.work()
    assert len(sink.messages) == 1
    submission.mark_sent(writer.session, number, now=datetime.now(UTC))
    writer.work()
    assert state(writer, number) is SubmissionState.FILED
    assert (len(sink.messages), writer.truth("Sent")) == (1, 1)


def test_an_unclear_message_is_sent_again_when_the_person_says_so(writer: Person, sink: SmtpSink) -> None:
    sink.drop("dot")
    number = send(writer)
    writer.work()
    sink.forget()
    submission.retry(writer.session, number, now=datetime.now(UTC))
    writer.work()
    assert state(writer, number) is SubmissionState.FILED
    assert len(sink.messages) == 1


@pytest.mark.parametrize(("reply", "expected"), [("452 4.2.2 Full", SubmissionState.RETRYING), ("554 5.6.0 Spam", SubmissionState.FAILED)])
def test_the_answer_to_the_dot_decides(writer: Person, sink: SmtpSink, reply: str, expected: SubmissionState) -> None:
    sink.answer("dot", reply)
    number = send(writer)
    writer.work()
    assert state(writer, number) is expected
    assert writer.truth("Sent") == 0


def test_a_worker_killed_while_handing_over_leaves_it_unclear(writer: Person, sink: SmtpSink) -> None:
    number = send(writer)
    claimed = delivery.claim(writer.gate, owner="doomed")
    assert claimed is not None
    for old, new in (("queued", "submitting"), ("submitting", "handing_over")):
        assert outgoing.transition(writer.gate.database, number, owner="doomed", expect=old, to=new, now=datetime.now(UTC))
    with writer.gate.database.durable_write() as connection:
        connection.exec_driver_sql("UPDATE submissions SET claimed_until = 0")
    writer.work()
    assert state(writer, number) is SubmissionState.UNCLEAR
    assert sink.messages == []


def test_a_worker_killed_before_handing_over_changes_nothing(writer: Person, sink: SmtpSink) -> None:
    number = send(writer)
    assert delivery.claim(writer.gate, owner="doomed") is not None
    assert outgoing.transition(writer.gate.database, number, owner="doomed", expect="queued", to="submitting", now=datetime.now(UTC))
    with writer.gate.database.durable_write() as connection:
        connection.exec_driver_sql("UPDATE submissions SET claimed_until = 0")
    writer.work()
    assert state(writer, number) is SubmissionState.FILED
    assert len(sink.messages) == 1


def test_sent_copy_is_retried_without_sending_again(writer: Person, sink: SmtpSink) -> None:
    number = send(writer)
    with writer.dovecot.side(writer.username) as side:
        side.rename("Sent", "Elsewhere")
    writer.work()
    with writer.dovecot.side(writer.username) as side:
        side.create("Sent")
    due_now(writer, number)
    writer.work()
    assert state(writer, number) is SubmissionState.FILED
    assert (len(sink.messages), writer.truth("Sent")) == (1, 1)


def test_a_sent_copy_that_is_there_already_is_not_made_again(writer: Person) -> None:
    number = send(writer)
    octets = outgoing.raw(writer.gate.database, number)
    writer.dovecot.put(writer.username, [octets], mailbox="Sent")
    writer.work()
    assert writer.truth("Sent") == 1


def test_a_refused_password_stops_the_work_until_the_next_sign_in(dovecot: Dovecot, tmp_path: Path) -> None:
    with SmtpSink() as sink:
        somebody = new_person(dovecot, tmp_path / "data", smtp=sink.server())
        somebody.sign_in()
        credentials.erase(somebody.gate.database, somebody.session.accounts[0].id)
        number = send(somebody)
        somebody.work()
        assert state(somebody, number) is SubmissionState.NEEDS_SIGN_IN
        assert sink.messages == []
        somebody.sign_in()
        somebody.work()
        assert state(somebody, number) is SubmissionState.FILED
        somebody.close()


def test_the_password_is_kept_at_sign_out_only_while_work_is_due(writer: Person) -> None:
    mine = writer.session.accounts[0].id
    number = send(writer)
    assert accounts.sign_out(writer.session, last=True)
    writer.work()
    assert state(writer, number) is SubmissionState.FILED
    assert not accounts.sign_out(writer.session, last=True)
    assert not credentials.exists(writer.gate.database, mine)


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"to": ""}, "to", "no_recipient"),
        ({"to": "hut@"}, "to", "address"),
        ({"cc": "a b c"}, "cc", "address"),
        ({"sender": "boss@example.com"}, "from", "identity_unknown"),
    ],
)
def test_a_message_that_cannot_be_sent_says_which_field_and_why(writer: Person, changes: dict[str, str], field: str, code: str) -> None:
    with pytest.raises(Incomplete) as caught:
        send(writer, fields(**changes))
    assert (field, code) in {(where, what) for where, what, _ in caught.value.page.errors}
    assert caught.value.page.text == "Early train please."


@pytest.mark.parametrize("name", ["to", "cc", "bcc", "subject", "sender"])
def test_a_line_break_in_a_header_field_is_refused(writer: Person, name: str) -> None:
    with pytest.raises(InvalidInput, match="line_break"):
        send(writer, fields(**{name: "x\r\nBcc: victim@example.net"}))


def test_a_reply_goes_to_the_sender_and_marks_the_original_as_answered(writer: Person, sink: SmtpSink) -> None:
    writer.dovecot.put(writer.username, [letter(1, subject="Hut booking", text="Saturday?")])
    original = writer.ids()[0]
    page = drafts.new(writer.session, wording=WORDING, original=original, original_action="reply")
    assert (page.to, page.subject) == ("Mira Kestrel <mira@example.net>", "Re: Hut booking")
    assert "On 2026-03-01, Mira Kestrel wrote:" in page.text
    assert "> Saturday?" in page.text
    send(writer, DraftFields(page.key, "", page.to, "", "", page.subject, "Yes.", original, "reply"))
    writer.work()
    message = email.message_from_bytes(sink.messages[0].content, policy=policy.default)
    assert message["In-Reply-To"] == message["References"]
    assert message["In-Reply-To"].startswith("<letter.1.")
    assert Flag.ANSWERED in writer.page().rows[0].message.flags
    assert writer.truth("INBOX", "ANSWERED") == 1


def test_a_forward_takes_the_attachments_along(writer: Person, sink: SmtpSink) -> None:
    given = fields(to="robin@example.test")
    send(writer, given, files=[Upload("plan 计划.pdf", "application/pdf", BytesIO(b"%PDF-1.4 plan"))])
    writer.work()
    writer.dovecot.put(writer.username, [sink.messages[0].content])
    original = writer.ids()[0]
    page = drafts.new(writer.session, wording=WORDING, original=original, original_action="forward")
    assert [each.filename for each in page.included] == ["plan 计划.pdf"]
    sections = tuple(each.section for each in page.included)
    send(writer, DraftFields(page.key, "", "jonas@example.net", "", "", page.subject, page.text, original, "forward", sections))
    writer.work()
    message = email.message_from_bytes(sink.messages[1].content, policy=policy.default)
    attached = list(message.iter_attachments())
    assert [(each.get_filename(), each.get_content()) for each in attached] == [("plan 计划.pdf", b"%PDF-1.4 plan")]
    assert writer.truth("INBOX", "KEYWORD", "$Forwarded") == 1


def test_a_draft_too_large_to_be_opened_whole_is_left_as_it_is(writer: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts, "MESSAGE_LIMIT", 100)
    with writer.side() as side:
        side.append("Drafts", "(\\Draft)", None, letter(1, text="x" * 200))  # type: ignore[arg-type] # no date is a date of now
    with pytest.raises(NotAllowed, match="draft_too_large"):
        drafts.open_message(writer.session, writer.ids(SpecialUse.DRAFTS)[0])
    assert writer.truth("Drafts") == 1


def test_a_draft_of_another_client_can_be_edited_and_sent(writer: Person, sink: SmtpSink) -> None:
    writer.dovecot.put(writer.username, [letter(1, subject="Half a letter", text="Dear Robin")], mailbox="Drafts", flags="(\\Draft)")
    key = drafts.open_message(writer.session, writer.ids(SpecialUse.DRAFTS)[0])
    assert key == drafts.open_message(writer.session, writer.ids(SpecialUse.DRAFTS)[0])
    page = drafts.open_draft(writer.session, key)
    assert (page.subject, page.text.strip()) == ("Half a letter", "Dear Robin")
    send(writer, DraftFields(key, "", "mira@example.net", "", "", page.subject, page.text + " and Mira"))
    writer.work()
    assert (len(sink.messages), writer.truth("Drafts")) == (1, 0)


def test_saving_a_draft_again_replaces_its_copy(writer: Person) -> None:
    given = fields()
    for text in ("One", "Two", "Three"):
        page = drafts.save(writer.session, fields(key=given.key, text=text), now=datetime.now(UTC))
    assert page.placed
    assert writer.truth("Drafts") == 1
    drafts.discard(writer.session, given.key)
    assert writer.truth("Drafts") == 0


def test_a_draft_is_kept_here_while_the_mail_server_cannot_take_it(dovecot: Dovecot, proxy: Proxy, tmp_path: Path) -> None:
    somebody = new_person(dovecot, tmp_path / "data", imap=proxy.server())
    somebody.sign_in()
    proxy.cut("APPEND", "before")
    page = drafts.save(somebody.session, fields(), now=datetime.now(UTC))
    assert not page.placed
    with somebody.gate.database.durable_write() as connection:
        connection.exec_driver_sql("UPDATE jobs SET due_at = 0")
    somebody.work()
    assert somebody.truth("Drafts") == 1
    assert drafts.open_draft(somebody.session, page.key).placed
    somebody.close()


@pytest.mark.parametrize("when", ["before", "during", "after"])
def test_a_sent_copy_is_made_once_wherever_its_connection_is_cut(
    dovecot: Dovecot, proxy: Proxy, sink: SmtpSink, tmp_path: Path, when: str
) -> None:
    somebody = new_person(dovecot, tmp_path / "data", imap=proxy.server(), smtp=sink.server())
    somebody.sign_in()
    number = send(somebody)
    proxy.cut("APPEND", when)
    somebody.work()
    due_now(somebody, number)
    somebody.work()
    assert state(somebody, number) is SubmissionState.FILED
    assert (len(sink.messages), somebody.truth("Sent")) == (1, 1)
    somebody.close()


def test_a_message_is_filed_also_where_the_server_lets_nobody_mark_or_remove_anything(
    dovecot: Dovecot, proxy: Proxy, sink: SmtpSink, tmp_path: Path
) -> None:
    somebody = new_person(dovecot, tmp_path / "data", imap=proxy.server(), smtp=sink.server())
    somebody.sign_in()
    somebody.put([letter(1)])
    page = drafts.new(somebody.session, wording=WORDING, original=somebody.ids()[0], original_action="reply")
    given = DraftFields(page.key, "", page.to, "", "", page.subject, "Yes.", page.original, "reply")
    drafts.save(somebody.session, given, now=datetime.now(UTC))
    number = send(somebody, given)
    proxy.rewrite(rb"OK Store completed", rb"NO [NOPERM] not for you")
    somebody.work()
    assert state(somebody, number) is SubmissionState.FILED
    assert [step.code for step in report(somebody, number).steps][-2:] == ["accepted", "sent_copy"]
    assert (len(sink.messages), somebody.truth("Sent")) == (1, 1)
    somebody.close()


def test_the_files_of_a_draft_are_gone_from_disk_once_it_is_sent_or_discarded(writer: Person) -> None:
    given = fields()
    folder = writer.gate.database.data_dir / "attachments"
    drafts.save(writer.session, given, now=datetime.now(UTC), files=[Upload("a.txt", "text/plain", BytesIO(b"a"))])
    assert len(list(folder.iterdir())) == 1
    send(writer, given)
    writer.work()
    assert list(folder.iterdir()) == []


def test_the_report_tells_every_step_and_the_conversation_without_secrets(writer: Person) -> None:
    number = send(writer)
    writer.work()
    page = report(writer, number)
    assert [step.code for step in page.steps] == ["connected", "accepted", "sent_copy"]
    assert any(line.startswith("S: 250") for line in page.transcript)
    assert "secret" not in " ".join(page.transcript)
