"""Redirecting and writing anew: the octets of others stay as they are, and what is new is a message of its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.mail.test_submission import WORDING, due_now, sink, state, writer  # noqa: F401 - the fixtures of those who send
from tests.servers.person import Person, letter
from tests.servers.smtp_sink import SmtpSink
from webmail.errors import InvalidInput, NotAllowed
from webmail.mail import drafts, redirecting, submission
from webmail.mail.drafts import DraftFields
from webmail.mail.outbox_pages import SubmissionState

LIST = "List-Id: <walks.example.net>\r\nList-Post: <mailto:walks@example.net>\r\n"


def put(person: Person, raw: bytes) -> int:
    person.put([raw])
    return person.ids()[0]


def redirect(person: Person, number: int, *, key: str = "k1", to: str = "Ilse <ilse@example.net>", hold: int = 0) -> int:
    now = datetime.now(UTC)
    return redirecting.redirect(person.session, number, key=key, to=to, sender="", now=now, hold=timedelta(seconds=hold))


def test_a_message_is_sent_on_as_it_is_and_a_copy_is_kept(writer: Person, sink: SmtpSink) -> None:  # noqa: F811
    raw = letter(1, subject="Hut", text="Four beds.\r\n.\r\n-- \r\nMira")
    queued = redirect(writer, put(writer, raw))
    writer.work()
    assert state(writer, queued) is SubmissionState.FILED
    (taken,) = sink.messages
    assert (taken.recipients, taken.sender) == (("ilse@example.net",), writer.username)
    block, _, rest = taken.content.partition(b"From: Mira")
    assert b"From: Mira" + rest == raw
    assert [line.partition(b":")[0] for line in block.splitlines()] == [b"Resent-Date", b"Resent-From", b"Resent-To", b"Resent-Message-ID"]
    assert writer.truth("Sent") == 1
    assert writer.truth("INBOX", "KEYWORD", "$Forwarded") == 1


def test_the_copy_is_kept_once_however_often_it_is_tried(writer: Person, sink: SmtpSink) -> None:  # noqa: F811
    number = put(writer, letter(1))
    assert redirect(writer, number) == redirect(writer, number)
    writer.work()
    again = redirect(writer, number, key="k2")
    writer.work()
    assert state(writer, again) is SubmissionState.FILED
    assert (len(sink.messages), writer.truth("Sent")) == (2, 2)


def test_it_can_be_taken_back_and_nothing_opens_for_writing(writer: Person, sink: SmtpSink) -> None:  # noqa: F811
    queued = redirect(writer, put(writer, letter(1)), hold=30)
    assert not submission.report(writer.session, queued).submission.can_edit
    for _ in range(2):
        assert submission.cancel(writer.session, queued, now=datetime.now(UTC)) == ""
    writer.work()
    assert sink.messages == []


def test_the_form_sent_again_to_others_or_after_it_was_taken_back_is_another_message(writer: Person, sink: SmtpSink) -> None:  # noqa: F811
    number = put(writer, letter(1))
    first = redirect(writer, number, hold=30)
    assert redirect(writer, number, hold=30) == first
    submission.cancel(writer.session, first, now=datetime.now(UTC))
    again, others = redirect(writer, number), redirect(writer, number, to="owen@example.net")
    assert len({first, again, others}) == 3
    writer.work()
    assert sorted(taken.recipients for taken in sink.messages) == [("ilse@example.net",), ("owen@example.net",)]


@pytest.mark.parametrize("to", ["", "hut@", "a@example.net\r\nBcc: b@example.net"])
def test_whom_it_goes_to_has_to_be_an_address(writer: Person, to: str) -> None:  # noqa: F811
    with pytest.raises(InvalidInput):
        redirect(writer, put(writer, letter(1)), to=to)
    assert submission.outbox(writer.session).waiting == ()


def test_a_message_is_written_anew_with_its_people_its_words_and_its_files(writer: Person, sink: SmtpSink) -> None:  # noqa: F811
    raw = (
        f"From: {writer.username}\r\nTo: mira@example.net\r\nCc: jonas@example.net\r\nSubject: Minutes\r\n"
        "Message-ID: <minutes@example.net>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/plain\r\n\r\nAs said.\r\n"
        "--b\r\nContent-Type: text/csv\r\nContent-Disposition: attachment; filename=a.csv\r\n\r\n1,2\r\n--b--\r\n"
    ).encode()
    number = put(writer, raw)
    page = drafts.new(writer.session, wording=WORDING, original=number, original_action="again")
    assert (page.to, page.cc, page.subject, page.text.strip()) == ("mira@example.net", "jonas@example.net", "Minutes", "As said.")
    assert writer.username in page.sender
    assert [each.filename for each in page.included] == ["a.csv"]
    given = DraftFields(
        key=page.key, to=page.to, subject=page.subject, text=page.text, original=number, original_action="again", include=("2",)
    )
    submission.queue(writer.session, given, now=datetime.now(UTC), hold=timedelta(0))
    writer.work()
    sent = sink.messages[0].content
    assert b"1,2" in sent or b"MSwy" in sent
    assert b"minutes@example.net" not in sent, "it answers nothing"
    assert writer.truth("INBOX", "ANSWERED") == 0


def test_an_answer_to_the_list_goes_to_the_list(writer: Person) -> None:  # noqa: F811
    number = put(writer, letter(1, extra=LIST))
    page = drafts.new(writer.session, wording=WORDING, original=number, original_action="reply_list")
    assert (page.to, page.cc) == ("walks@example.net", "")
    closed = put(writer, letter(2, extra=LIST.replace("<mailto:walks@example.net>", "NO")))
    with pytest.raises(NotAllowed):
        drafts.new(writer.session, wording=WORDING, original=closed, original_action="reply_list")
