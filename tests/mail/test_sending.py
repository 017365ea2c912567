"""Sending: when it happens, what a person can still do, and what is told of it later."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.servers.dovecot import Dovecot
from tests.servers.person import Person, new_person
from tests.servers.proxy import Proxy
from tests.servers.smtp_sink import SmtpSink
from webmail.errors import Conflict, InvalidInput
from webmail.mail import delivery, drafts, schedule, sent_copies, submission
from webmail.mail.drafts import DraftFields, Incomplete
from webmail.mail.outbox_pages import SubmissionPage, SubmissionState

NOW = timedelta(0)
TO = "jonas@example.net"


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    with SmtpSink(dsn=True) as server:
        yield server


@pytest.fixture
def line(dovecot: Dovecot) -> Iterator[Proxy]:
    one = Proxy(dovecot.imap)
    yield one
    one.stop()


@pytest.fixture
def writer(dovecot: Dovecot, sink: SmtpSink, line: Proxy) -> Iterator[Person]:
    folder = Path(tempfile.mkdtemp(prefix="webmail-sending-"))
    somebody = new_person(dovecot, folder / "data", imap=line.server(), smtp=sink.server())
    somebody.sign_in()
    yield somebody
    somebody.close()
    shutil.rmtree(folder, ignore_errors=True)


def fields(**changes: str) -> DraftFields:
    return DraftFields(**({"key": drafts.new_key(), "to": TO, "subject": "Train", "text": "Early train please."} | changes))  # type: ignore[arg-type] # all texts


def send(person: Person, given: DraftFields, *, hold: timedelta = NOW, at: datetime | None = None, notify: str = "") -> int:
    return submission.queue(person.session, given, now=datetime.now(UTC), hold=hold, at=at, notify=notify)


def page(person: Person, number: int) -> SubmissionPage:
    return submission.report(person.session, number)


def state(person: Person, number: int) -> SubmissionState:
    return page(person, number).submission.state


def steps(person: Person, number: int) -> list[str]:
    return [step.code for step in page(person, number).steps]


def problems(person: Person) -> list[int]:
    return [row.id for row in submission.outbox(person.session).problems]


def now() -> datetime:
    return datetime.now(UTC)


def let_due(person: Person) -> None:
    with person.gate.database.durable_write() as connection:
        connection.exec_driver_sql("UPDATE submissions SET due_at = 0 WHERE state IN ('retrying', 'accepted')")


def test_a_message_goes_out_at_the_time_that_was_chosen_and_not_before(writer: Person, sink: SmtpSink) -> None:
    number = send(writer, fields(), at=now() + timedelta(seconds=1.5))
    writer.work()
    assert (state(writer, number), sink.messages) == (SubmissionState.QUEUED, [])
    row = page(writer, number).submission
    assert (row.scheduled, row.can_cancel, row.can_send_now) == (True, True, True)
    while datetime.now(UTC) < row.due_at:
        pass
    writer.work()
    assert state(writer, number) is SubmissionState.FILED


def test_what_waits_can_be_sent_now_or_at_another_time(writer: Person, sink: SmtpSink) -> None:
    number = send(writer, fields(), at=now() + timedelta(days=1))
    submission.set_time(writer.session, number, now=now(), at=now() + timedelta(days=2))
    assert page(writer, number).submission.due_at > now() + timedelta(days=1)
    with pytest.raises(InvalidInput, match="time_over"):
        submission.set_time(writer.session, number, now=now(), at=now() - timedelta(seconds=1))
    submission.set_time(writer.session, number, now=now())
    writer.work()
    assert (state(writer, number), len(sink.messages)) == (SubmissionState.FILED, 1)
    with pytest.raises(Conflict, match="too_late"):
        submission.set_time(writer.session, number, now=now())


def test_a_message_of_next_week_is_retried_for_days_like_any_other(writer: Person, sink: SmtpSink) -> None:
    number = send(writer, fields(), at=now() + timedelta(days=9))
    with writer.gate.database.durable_write() as connection:
        connection.exec_driver_sql(f"UPDATE submissions SET created_at = created_at - {10 * 86_400_000_000}, due_at = 0")
    sink.drop("MAIL")
    writer.work()
    assert state(writer, number) is SubmissionState.RETRYING


def test_the_usual_times_are_those_of_the_persons_zone() -> None:
    friday = datetime(2026, 3, 6, 12, tzinfo=UTC)
    told = {each.name: each.at for each in schedule.choices(friday, "Europe/Berlin")}
    assert told == {
        "evening": datetime(2026, 3, 6, 17, tzinfo=UTC),
        "tomorrow": datetime(2026, 3, 7, 7, tzinfo=UTC),
        "monday": datetime(2026, 3, 9, 7, tzinfo=UTC),
    }
    late = friday.replace(hour=20)
    assert [each.name for each in schedule.choices(late, "Europe/Berlin")] == ["tomorrow", "monday"]
    assert schedule.choices(late, "America/New_York")[0].at == datetime(2026, 3, 6, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-03-29T02:30", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        ("2026-10-25 02:30", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("2026-07-01T08:00:00", datetime(2026, 7, 1, 6, tzinfo=UTC)),
    ],
)
def test_a_time_is_what_the_clock_of_that_day_says(written: str, expected: datetime) -> None:
    found = schedule.chosen("at", written=written, name="Europe/Berlin", now=datetime(2026, 3, 1, tzinfo=UTC))
    assert found == expected


@pytest.mark.parametrize(
    ("written", "zone", "code"),
    [
        ("", "Europe/Berlin", "time_unknown"),
        ("tomorrow", "", "time_unknown"),
        ("2026-02-30T08:00", "", "time_unknown"),
        ("9999-12-31T23:59", "Pacific/Honolulu", "time_unknown"),
        ("2026-02-01T08:00", "Asia/Shanghai", "time_over"),
        ("2026-03-02T08:00", "../etc/passwd", "time_zone"),
    ],
)
def test_a_time_that_is_none_is_refused(written: str, zone: str, code: str) -> None:
    with pytest.raises(InvalidInput, match=code):
        schedule.chosen("at", written=written, name=zone, now=datetime(2026, 3, 1, tzinfo=UTC))


def test_going_back_changing_the_text_and_sending_again_makes_a_draft_and_asks(writer: Person, sink: SmtpSink) -> None:
    given = fields()
    first = send(writer, given)
    with pytest.raises(Incomplete) as caught:
        send(writer, replace(given, text="No, the late one."))
    assert [code for _, code, _ in caught.value.page.errors] == ["sent_already"]
    writer.work()
    kept = drafts.open_draft(writer.session, caught.value.page.key)
    assert (state(writer, first), kept.text) == (SubmissionState.FILED, "No, the late one.")
    second = send(writer, fields(key=kept.key, text=kept.text))
    writer.work()
    assert second != first
    assert [b"Early" in each.content for each in sink.messages] == [True, False]


def test_going_back_after_undo_and_sending_again_asks_and_loses_nothing(writer: Person, sink: SmtpSink) -> None:
    given = fields()
    number = send(writer, given, hold=timedelta(seconds=30))
    submission.cancel(writer.session, number, now=now())
    with pytest.raises(Incomplete) as caught:
        send(writer, given)
    assert [code for _, code, _ in caught.value.page.errors] == ["taken_back"]
    send(writer, fields(key=caught.value.page.key, text=caught.value.page.text))
    writer.work()
    assert len(sink.messages) == 1


def test_what_another_tab_saves_after_sending_is_kept(writer: Person, sink: SmtpSink) -> None:
    given = fields()
    number = send(writer, given)
    drafts.store(writer.session, replace(given, text="A thought of the other tab."), now=now())
    writer.work()
    assert (state(writer, number), len(sink.messages)) == (SubmissionState.FILED, 1)
    assert "draft_kept" in steps(writer, number)
    with writer.gate.database.durable() as connection:
        texts = [row[0] for row in connection.exec_driver_sql("SELECT text FROM drafts")]
    assert texts == ["A thought of the other tab."]


def test_a_form_that_comes_twice_at_once_leaves_no_draft_behind(writer: Person) -> None:
    given = fields()
    number = send(writer, given)
    drafts.store(writer.session, given, now=now())
    writer.work()
    assert "draft_kept" not in steps(writer, number)
    assert state(writer, number) is SubmissionState.FILED


def test_a_message_whose_draft_is_gone_opens_again_from_what_was_to_be_sent(writer: Person) -> None:
    given = fields(cc="ilse@example.net", bcc="quiet@example.net")
    number = send(writer, given, hold=timedelta(seconds=30))
    drafts.forget(writer.session, given.key)
    form = drafts.open_draft(writer.session, submission.cancel(writer.session, number, now=now()))
    assert (form.to, form.cc, form.bcc, form.subject, form.text.strip()) == (TO, given.cc, given.bcc, given.subject, given.text)


def test_what_failed_needs_somebody_until_they_have_seen_it(writer: Person, sink: SmtpSink) -> None:
    sink.refuse("piet@example.net", "550 5.1.1 No such mailbox")
    number = send(writer, fields(to=f"{TO}, piet@example.net"))
    writer.work()
    assert problems(writer) == [number]
    submission.dismiss(writer.session, number, now=now())
    assert problems(writer) == []
    assert [row.id for row in submission.outbox(writer.session).sent] == [number]
    sink.drop("dot")
    unclear = send(writer, fields())
    writer.work()
    with pytest.raises(Conflict, match="too_late"):
        submission.dismiss(writer.session, unclear, now=now())
    assert problems(writer) == [unclear]


def test_recipients_who_are_deferred_too_long_are_left_out_and_told(writer: Person, sink: SmtpSink) -> None:
    sink.refuse("owen@example.net", "451 4.7.1 Greylisted")
    number = send(writer, fields(to=f"{TO}, owen@example.net"))
    writer.work()
    with writer.gate.database.durable_write() as connection:
        connection.exec_driver_sql(f"UPDATE submissions SET begun_at = begun_at - {6 * 86_400_000_000}")
    let_due(writer)
    writer.work()
    assert state(writer, number) is SubmissionState.FILED
    assert [each.state.value for each in page(writer, number).submission.recipients] == ["accepted", "refused"]
    assert "gave_up" in steps(writer, number)
    assert problems(writer) == [number]


def test_more_recipients_than_the_server_takes_at_once_are_sent_theirs_at_once(writer: Person, sink: SmtpSink) -> None:
    sink.refuse("owen@example.net", "452 4.5.3 Too many recipients")
    number = send(writer, fields(to=f"{TO}, owen@example.net"))
    writer.work()
    assert page(writer, number).submission.due_at < now() + timedelta(seconds=2)
    sink.forget()
    let_due(writer)
    writer.work()
    assert [taken.recipients for taken in sink.messages] == [("owen@example.net",)]
    assert state(writer, number) is SubmissionState.FILED


def test_every_conversation_about_a_message_is_kept(writer: Person, sink: SmtpSink) -> None:
    sink.answer("MAIL", "451 4.3.0 Not now", times=1)
    number = send(writer, fields())
    writer.work()
    let_due(writer)
    writer.work()
    said = page(writer, number).transcript
    assert sum(line.startswith("== ") for line in said) == 2
    for command in ("EHLO", "MAIL", "RCPT", "DATA", "QUIT"):
        assert any(line.startswith(f"C: {command}") for line in said), command
    assert "S: 451 4.3.0 Not now" in said


def test_a_server_that_turns_us_away_at_the_door_is_in_the_report(writer: Person, sink: SmtpSink) -> None:
    sink.answer("connect", "554 5.7.1 Not from your address", drop=True)
    number = send(writer, fields())
    writer.work()
    assert "S: 554 5.7.1 Not from your address" in page(writer, number).transcript


def test_the_copy_is_left_to_a_server_that_files_by_itself(writer: Person, line: Proxy, sink: SmtpSink) -> None:
    line.rewrite(rb"(CAPABILITY IMAP4rev1)", rb"\1 X-GM-EXT-1")
    writer.hang_up()
    number = send(writer, fields())
    writer.work()
    assert (state(writer, number), writer.truth("Sent")) == (SubmissionState.ACCEPTED, 0)
    writer.put([sink.messages[0].content], mailbox="Sent")
    let_due(writer)
    writer.work()
    assert (state(writer, number), writer.truth("Sent")) == (SubmissionState.FILED, 1)
    assert "sent_by_server" in steps(writer, number)


def test_a_server_that_says_so_and_does_not_file_gets_the_copy_after_a_while(
    writer: Person, line: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    line.rewrite(rb"(CAPABILITY IMAP4rev1)", rb"\1 X-GM-EXT-1")
    writer.hang_up()
    monkeypatch.setattr(sent_copies, "PATIENCE", timedelta(0))
    number = send(writer, fields())
    writer.work()
    assert (state(writer, number), writer.truth("Sent")) == (SubmissionState.FILED, 1)


def test_the_setting_decides_who_files(writer: Person, sink: SmtpSink) -> None:
    writer.gate = replace(writer.gate, sent_copy=sent_copies.BY_SERVER)
    number = send(writer, fields())
    writer.work()
    assert (state(writer, number), writer.truth("Sent")) == (SubmissionState.ACCEPTED, 0)
    assert (page(writer, number).error_code, problems(writer)) == ("", [])


def test_reports_are_asked_for_where_the_server_offers_them(writer: Person, sink: SmtpSink) -> None:
    send(writer, fields(), notify="SUCCESS,FAILURE,DELAY")
    writer.work()
    mail, rcpt = (next(each for each in sink.commands if each.startswith(name)) for name in ("MAIL", "RCPT"))
    assert " RET=HDRS ENVID=" in mail
    assert rcpt.endswith(f"NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;{TO}")


def report_of(person: Person, number: int, action: str, status: str, *, by: str = "envelope", recipient: str = TO) -> bytes:
    """A delivery report as a mail server writes one, which names the message in one of three ways."""
    from_sent = submission.outgoing.get(person.gate.database, person.session.accounts[0].id, number)
    names = {"envelope": "", "returned": "", "references": ""}
    names[by] = {
        "envelope": f"Original-Envelope-Id: {from_sent.envelope_id}\r\n",
        "returned": f"Message-ID: {from_sent.message_id_field}\r\n",
        "references": f"References: {from_sent.message_id_field}\r\n",
    }[by]
    return (
        f"From: MAILER-DAEMON@mx.example.net\r\nTo: {person.username}\r\nSubject: Report\r\nDate: Sun, 01 Mar 2026 08:00:00 +0000\r\n"
        f"Message-ID: <{action}.{by}@mx.example.net>\r\n{names['references']}MIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nIn words.\r\n"
        f"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.net\r\n{names['envelope']}\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: {action}\r\nStatus: {status}\r\nDiagnostic-Code: smtp; 550 no such user\r\n"
        f"\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\nSubject: Train\r\n{names['returned']}\r\n--b--\r\n"
    ).encode()


def receipt_of(person: Person, number: int) -> bytes:
    sent = page(person, number).message_id_field
    return (
        f"From: {TO}\r\nTo: {person.username}\r\nSubject: Read\r\n"
        "Date: Sun, 01 Mar 2026 09:00:00 +0000\r\nMessage-ID: <read@example.net>\r\n"
        "MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=disposition-notification; boundary=b\r\n\r\n--b\r\n\r\nRead.\r\n"
        f"--b\r\nContent-Type: message/disposition-notification\r\n\r\nFinal-Recipient: rfc822; {TO}\r\nOriginal-Message-ID: {sent}\r\n"
        "Disposition: manual-action/MDN-sent-manually; displayed\r\n\r\n--b--\r\n"
    ).encode()


def come(person: Person, raw: bytes) -> None:
    """Mail arrives in the inbox, is indexed, and is looked at by the worker."""
    person.put([raw])
    person.page()
    person.work()


@pytest.mark.parametrize("by", ["envelope", "returned", "references"])
def test_a_bounce_is_told_where_the_message_was_sent(writer: Person, by: str) -> None:
    writer.page()
    number = send(writer, fields(to=f"{TO}, ilse@example.net"))
    writer.work()
    come(writer, report_of(writer, number, "failed", "5.1.1", by=by))
    told = page(writer, number)
    assert [(each.fate, each.fate_status) for each in told.submission.recipients] == [("failed", "5.1.1"), ("", "")]
    assert told.steps[-1].code == "report_failed"
    assert problems(writer) == [number]


def test_what_came_later_says_more_and_the_same_report_counts_once(writer: Person) -> None:
    writer.page()
    number = send(writer, fields())
    writer.work()
    fates = []
    arrive: list[Callable[[], bytes]] = [
        lambda: report_of(writer, number, "delayed", "4.4.1"),
        lambda: report_of(writer, number, "delivered", "2.0.0"),
        lambda: report_of(writer, number, "delayed", "4.4.1", by="returned"),
        lambda: receipt_of(writer, number),
        lambda: receipt_of(writer, number),
    ]
    for raw in arrive:
        come(writer, raw())
        fates.append(page(writer, number).submission.recipients[0].fate)
    assert fates == ["delayed", "delivered", "delivered", "displayed", "displayed"]
    assert steps(writer, number)[-4:] == ["report_delayed", "report_delivered", "report_delayed", "report_displayed"]
    assert problems(writer) == []


def test_a_report_about_somebody_elses_message_changes_nothing(writer: Person) -> None:
    writer.page()
    number = send(writer, fields())
    writer.work()
    before = page(writer, number)
    come(
        writer,
        report_of(writer, number, "failed", "5.1.1", by="returned").replace(before.message_id_field.encode(), b"<other@example.org>"),
    )
    assert page(writer, number) == before


def test_an_old_bounce_without_a_part_for_programs_is_joined_by_what_it_refers_to(writer: Person) -> None:
    writer.page()
    number = send(writer, fields())
    writer.work()
    raw = (
        f"From: MAILER-DAEMON@mx.example.net\r\nTo: {writer.username}\r\nSubject: failure notice\r\n"
        "Date: Sun, 01 Mar 2026 08:00:00 +0000\r\n"
        f"Message-ID: <old@mx.example.net>\r\nIn-Reply-To: {page(writer, number).message_id_field}\r\n\r\n"
        f"Hi. This is the qmail-send program at mx.example.net.\r\n\r\n<{TO}>:\r\nSorry, no mailbox here by that name. (#5.1.1)\r\n"
    ).encode()
    come(writer, raw)
    assert page(writer, number).submission.recipients[0].fate == "failed"


def test_a_password_that_cannot_be_read_any_more_waits_for_a_sign_in(writer: Person) -> None:
    number = send(writer, fields())
    with writer.gate.database.durable_write() as connection:
        connection.exec_driver_sql("UPDATE credentials SET key_id = 'another'")
    writer.work()
    assert state(writer, number) is SubmissionState.NEEDS_SIGN_IN
    writer.sign_in()
    writer.work()
    assert state(writer, number) is SubmissionState.FILED


def test_an_attempt_that_was_taken_for_dead_changes_nothing_of_the_next(writer: Person, sink: SmtpSink) -> None:
    number = send(writer, fields())
    first = delivery.claim(writer.gate, owner="slow")
    assert first is not None
    with writer.gate.database.durable_write() as connection:
        connection.exec_driver_sql("UPDATE submissions SET claimed_until = 1")
    writer.work()
    delivery.advance(writer.gate, first, owner="slow")
    assert (state(writer, number), len(sink.messages), writer.truth("Sent")) == (SubmissionState.FILED, 1, 1)


def test_a_slow_delivery_that_says_it_lives_is_left_alone(writer: Person, sink: SmtpSink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "CLAIM_SECONDS", 0.6)
    sink.pause = 0.3
    number = send(writer, fields())
    found = delivery.claim(writer.gate, owner="slow")
    assert found is not None
    slow = threading.Thread(target=delivery.advance, args=(writer.gate, found), kwargs={"owner": "slow"})
    slow.start()
    while slow.is_alive():
        delivery.keep_claims(writer.gate, [(number, "slow")])
        assert delivery.claim(writer.gate, owner="other") is None
        slow.join(0.1)
    assert (state(writer, number), len(sink.messages), writer.truth("Sent")) == (SubmissionState.FILED, 1, 1)


def test_an_answer_that_comes_after_all_hope_was_given_up_settles_what_was_unclear(
    writer: Person, sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "CLAIM_SECONDS", 0.7)
    sink.at("dot", lambda: time.sleep(1.5))
    number = send(writer, fields())
    found = delivery.claim(writer.gate, owner="slow")
    assert found is not None
    slow = threading.Thread(target=delivery.advance, args=(writer.gate, found), kwargs={"owner": "slow"})
    slow.start()
    time.sleep(1.0)
    assert delivery.claim(writer.gate, owner="other") is None
    assert state(writer, number) is SubmissionState.UNCLEAR
    slow.join(20)
    assert (state(writer, number), len(sink.messages), writer.truth("Sent")) == (SubmissionState.FILED, 1, 1)
    assert problems(writer) == []
