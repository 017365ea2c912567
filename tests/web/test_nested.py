"""The words of what lies in messages, in both languages, and the links that open and fold it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from flask import Flask

from webmail.formats.icalendar import Calendar, Event, Person, Repetition, When
from webmail.formats.report import Action, Delivery, DeliveryReport
from webmail.web import calendar_words, nested, report_words


@pytest.fixture(params=["en", "zh-CN"])
def asked(pages: Flask, request: pytest.FixtureRequest) -> Iterator[str]:
    """A request in a language."""
    with pages.test_request_context(headers={"Accept-Language": request.param}):
        yield request.param


def test_a_message_opens_and_folds_at_its_place_in_the_list() -> None:
    assert nested.opening("/messages/7?after=17.3&open=2&q=a+b", 7, ["2", "2.1"]) == "/messages/7?after=17.3&q=a+b&open=2&open=2.1"
    assert nested.opening("/messages/7?open=2", 7, []) == "/messages/7"
    assert nested.opening("/conversations/3?open=7#m7", 7, ["2"]) == "/messages/7?open=2"


CODES = [f"5.{detail}" for detail in report_words.REASONS]


def test_every_code_of_a_server_has_words_in_every_language(asked: str) -> None:
    for code in CODES:
        words = report_words.reason(Delivery("x", Action.FAILED, code))
        assert words
        assert bool(re.search("[\u4e00-\u9fff]", words)) == (asked == "zh-CN"), code


def test_a_code_nobody_knows_is_said_by_its_subject_and_success_needs_no_reason(asked: str) -> None:
    for subject in "1234567":
        assert report_words.reason(Delivery("x", Action.FAILED, f"5.{subject}.999")) == str(report_words.SUBJECTS[subject])
    for code in ("", "2.1.5", "5.0.0", "5.9.9", "nonsense"):
        assert report_words.reason(Delivery("x", Action.FAILED, code)) == ""


def test_a_report_is_headed_by_the_worst_that_happened(asked: str) -> None:
    def tag(*actions: Action) -> tuple[str, str]:
        found = report_words.report_tag(DeliveryReport(tuple(Delivery("x", action) for action in actions)))
        return found.kind, found.text

    assert [tag(action)[0] for action in Action] == ["danger", "warn", "ok", "ok", "ok", ""]
    assert tag(Action.DELIVERED, Action.DELAYED)[0] == "warn"
    assert tag(Action.DELIVERED, Action.FAILED)[0] == "danger"
    assert tag(Action.DELIVERED, Action.FAILED)[1] != tag(Action.FAILED)[1]


def test_when_something_is_stands_in_the_readers_zone_and_the_senders_beside_it(pages: Flask) -> None:
    noon = datetime(2026, 11, 25, 12, tzinfo=timezone(timedelta(hours=9)))
    event = Event("event", "x", starts=When(noon, "Asia/Tokyo"), ends=When(noon + timedelta(minutes=45), "Asia/Tokyo"))
    here = noon.astimezone()
    with pages.test_request_context(headers={"Accept-Language": "en-GB"}):
        words = calendar_words.event_time(event).replace("\u202f", " ")
        assert f"{here.day}" in words
        assert f"{here:%M}" in words
        assert words.count("2026") == 1, "of one day only the end of it is told"
        if here.utcoffset() != timedelta(hours=9):
            assert "Asia/Tokyo" in calendar_words.event_zone(event)
        far = Event("event", starts=When(date(2026, 11, 25)), ends=When(date(2026, 11, 27)))
        assert "25" in calendar_words.event_time(far)
        assert "27" in calendar_words.event_time(far)
        assert calendar_words.event_time(Event("event")) == ""
        unknown = Event("event", starts=When(datetime(2026, 11, 25, 9), "Nowhere"))  # noqa: DTZ001 - a zone nobody knows
        assert calendar_words.event_zone(unknown) == "Nowhere"


def test_how_often_something_repeats(pages: Flask) -> None:
    with pages.test_request_context(headers={"Accept-Language": "en"}):
        assert calendar_words.repetition_words(Repetition("weekly")) == "Every week"
        assert calendar_words.repetition_words(Repetition("weekly", 2, 5)) == "Every 2 weeks, 5 times"
        assert "until" in calendar_words.repetition_words(Repetition("daily", until=date(2027, 3, 3)))


def test_a_name_never_hides_the_address_behind_it(pages: Flask) -> None:
    with pages.test_request_context(headers={"Accept-Language": "en"}):
        person = Person("bank.example", "evil@x.example", "accepted")
        assert calendar_words.person_words(person) == "bank.example <evil@x.example> (accepted)"
        assert calendar_words.person_words(Person("A@x.example", "a@x.example")) == "A@x.example"


def test_what_is_asked_stands_above_an_event(asked: str) -> None:
    event = Event("event", starts=When(datetime(2026, 11, 25, 9, tzinfo=UTC), "UTC"))
    titles = {method: calendar_words.calendar_title(Calendar(method), event) for method in ("request", "cancel", "reply", "publish", "odd")}
    assert titles["publish"] == titles["odd"]
    assert len(set(titles.values())) == 4
    assert calendar_words.calendar_title(Calendar("request"), Event("event", status="cancelled")) == titles["cancel"]
