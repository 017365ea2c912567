"""The outbox as people use it: when a message goes out, what can be done while it waits, and what is said when it fails."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.servers.dovecot import Dovecot
from tests.servers.person import Person
from tests.servers.smtp_sink import SmtpSink
from tests.visitor import Visitor
from tests.web.built import build_on

TO = "jonas@example.net"


@pytest.fixture
def visitor(robin: Person) -> Visitor:
    return Visitor(build_on(robin.gate), language="en-GB").sign_in(robin.username, robin.password)


def write(visitor: Visitor, *, button: tuple[str, str] = ("action", "send"), **fields: str) -> Visitor:
    visitor.get("/compose")
    form = visitor.form(holding="subject")
    return visitor.send(form, button=button, **({"to": TO, "subject": "Train", "text": "Early train please."} | fields))


def report(visitor: Visitor) -> Visitor:
    """Open the newest entry of the outbox."""
    visitor.get("/outbox")
    return visitor.get(str(visitor.page.xpath("//a[starts-with(@href, '/submissions/')]/@href")[0]))


def test_a_message_waits_for_the_morning_that_was_chosen_and_can_go_out_now(visitor: Visitor, robin: Person, smtp_sink: SmtpSink) -> None:
    write(visitor, button=("later", "tomorrow"))
    assert "The message goes out:" in visitor.notices()
    robin.work()
    assert smtp_sink.messages == []
    assert "08:00" in report(visitor).words
    visitor.send(visitor.form(action="/now"))
    assert "The message is being sent." in visitor.notices()
    robin.work()
    assert len(smtp_sink.messages) == 1


def test_any_time_can_be_chosen_in_a_zone_of_ones_own(visitor: Visitor, robin: Person) -> None:
    visitor.get("/outbox")
    visitor.send(visitor.form(holding="zone"), undo="30", zone="Asia/Shanghai")
    assert "Your choice is saved." in visitor.notices()
    day = datetime.now(UTC).date() + timedelta(days=3)
    write(visitor, button=("later", "at"), later_at=f"{day}T09:30")
    assert "09:30" in visitor.notices()
    assert "Asia/Shanghai" in report(visitor).words
    visitor.send(visitor.form(action="/time"), button=("later", "at"), later_at=f"{day}T10:45")
    assert "10:45" in visitor.notices()
    with robin.gate.database.durable() as connection:
        due = connection.exec_driver_sql("SELECT due_at FROM submissions").scalar_one()
    assert datetime.fromtimestamp(due / 1_000_000, UTC) == datetime(day.year, day.month, day.day, 2, 45, tzinfo=UTC)


@pytest.mark.parametrize("time", ["", "yesterday", "2020-01-01T08:00"])
def test_a_time_that_cannot_be_keeps_what_was_written(visitor: Visitor, time: str, smtp_sink: SmtpSink) -> None:
    write(visitor, button=("later", "at"), later_at=time)
    assert visitor.status in (400, 422)
    assert "date and time" in visitor.words or "over already" in visitor.words
    assert str(visitor.form(holding="subject").fields["text"]).strip() == "Early train please."
    assert "Nothing waits to be sent" in visitor.get("/outbox").words


def test_the_time_for_undo_is_each_persons_own(visitor: Visitor, robin: Person, smtp_sink: SmtpSink) -> None:
    visitor.get("/outbox")
    visitor.send(visitor.form(holding="zone"), undo="20")
    write(visitor)
    robin.work()
    assert smtp_sink.messages == []
    visitor.post("/outbox/settings", {"undo": "7", "zone": "", "csrf_token": visitor.page.xpath("//input[@name='csrf_token']/@value")[0]})
    assert visitor.status in (400, 422)
    assert "not offered" in visitor.words


def test_going_back_and_changing_the_text_asks_before_a_second_message(visitor: Visitor, robin: Person, smtp_sink: SmtpSink) -> None:
    visitor.get("/compose")
    old = visitor.form(holding="subject")
    visitor.send(old, button=("action", "send"), to=TO, subject="Train", text="The early one.")
    visitor.send(old, button=("action", "send"), to=TO, subject="Train", text="No, the late one.")
    assert visitor.status == 422
    assert "This form was sent before." in visitor.words
    robin.work()
    assert len(smtp_sink.messages) == 1
    visitor.send(visitor.form(holding="subject"), button=("action", "send"))
    robin.work()
    assert [b"late" in each.content for each in smtp_sink.messages] == [False, True]


def test_a_failure_is_said_on_every_page_until_it_was_seen(visitor: Visitor, robin: Person, smtp_sink: SmtpSink) -> None:
    smtp_sink.refuse(TO, "550 5.1.1 No such mailbox")
    write(visitor)
    robin.work()
    visitor.get("/")
    assert "A message needs you" in visitor.notices()
    assert "No such mailbox" in report(visitor).words
    visitor.send(visitor.form(action="/dismiss"))
    visitor.get("/")
    assert "needs you" not in visitor.notices()
    assert robin.truth("Drafts") == 0
    with robin.gate.database.durable() as connection:
        assert connection.exec_driver_sql("SELECT text FROM drafts").scalar_one() == "Early train please."


def test_an_unclear_message_offers_both_answers(visitor: Visitor, robin: Person, smtp_sink: SmtpSink) -> None:
    smtp_sink.drop("dot", kept=True)
    write(visitor)
    robin.work()
    report(visitor)
    assert "It is not known whether this message was sent." in visitor.words
    assert visitor.form(action="/retry") is not None
    visitor.send(visitor.form(action="/sent"))
    robin.work()
    assert "Accepted" in report(visitor).words
    assert (len(smtp_sink.messages), robin.truth("Sent")) == (1, 1)


def test_somebody_elses_entry_is_not_there(visitor: Visitor, robin: Person, dovecot: Dovecot, tmp_path: Path) -> None:
    write(visitor, button=("later", "tomorrow"))
    path = str(visitor.get("/outbox").page.xpath("//a[starts-with(@href, '/submissions/')]/@href")[0])
    other = dovecot.new_user("secret")
    stranger = Visitor(visitor.client.application).sign_in(other, "secret")
    token = stranger.page.xpath("//input[@name='csrf_token']/@value")[0]
    assert stranger.get(path).status == 404
    for action in ("now", "time", "dismiss", "cancel", "retry", "edit", "sent"):
        assert stranger.post(f"{path}/{action}", {"csrf_token": token}).status == 404, action
    assert visitor.get(path).status == 200
