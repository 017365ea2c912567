"""Calendars: every one of the corpus is read, what they say is text, and one strange line never costs the rest."""

from __future__ import annotations

import random
import re
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from webmail.formats import icalendar, timezones
from webmail.formats.content_lines import sniffed
from webmail.formats.icalendar import Calendar, Person, Repetition, When
from webmail.message import charset

INVITATION = """BEGIN:VCALENDAR
VERSION:2.0
METHOD:REQUEST
BEGIN:VTIMEZONE
TZID:Our own zone
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VEVENT
UID:1@example.net
SUMMARY:Measure the window\\, then tea
DTSTART;TZID=Our own zone:20261125T090000
DURATION:PT45M
LOCATION:14 Miller's Row
ORGANIZER;CN="Tarrant, Owen":mailto:owen@example.com
ATTENDEE;CN=Robin;PARTSTAT=NEEDS-ACTION:MAILTO:robin@example.org
ATTENDEE;ROLE=OPT-PARTICIPANT;PARTSTAT=ACCEPTED:mailto:mira@example.net
RRULE:FREQ=WEEKLY;INTERVAL=2;UNTIL=20270303T000000Z
DESCRIPTION:First line\\nsecond
  line
BEGIN:VALARM
SUMMARY:An alarm is no event
END:VALARM
END:VEVENT
END:VCALENDAR
"""


def read(text: str) -> Calendar:
    found = icalendar.calendar(text)
    assert found is not None
    return found


def event(*lines: str) -> icalendar.Event:
    return read("\n".join(("BEGIN:VEVENT", *lines, "END:VEVENT"))).events[0]


def test_an_invitation_says_what_when_where_and_who() -> None:
    found = read(INVITATION)
    assert (found.method, found.more, len(found.events)) == ("request", 0, 1)
    (only,) = found.events
    assert (only.summary, only.location) == ("Measure the window, then tea", "14 Miller's Row")
    assert only.description == "First line\nsecond line"
    assert only.starts is not None
    assert only.starts.value == datetime(2026, 11, 25, 8, tzinfo=UTC)
    assert only.ends is not None
    assert only.ends.value == datetime(2026, 11, 25, 8, 45, tzinfo=UTC)
    assert only.organizer == Person("Tarrant, Owen", "owen@example.com")
    assert only.attendees == (
        Person("Robin", "robin@example.org", "needs-action"),
        Person("", "mira@example.net", "accepted", optional=True),
    )
    assert only.repeats == Repetition("weekly", 2, 0, date(2027, 3, 3))


def calendars(corpus_dir: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((corpus_dir / "calendar").rglob("*")) if path.suffix in (".ics", ".ical")}


def decoded(octets: bytes) -> str:
    return charset.decode(octets, sniffed(octets))[0]


# What a card could show of a component, as a reader finds it without taking the file apart.
TELLS = re.compile(
    r"^BEGIN:V(?:EVENT|TODO|JOURNAL)\r?\n(?:(?!END:|BEGIN:).*\r?\n)*?(?:SUMMARY|DTSTART|DESCRIPTION|LOCATION)[;:]", re.MULTILINE
)


def test_every_calendar_of_the_corpus_that_holds_anything_shows_it(corpus_dir: Path) -> None:
    files = calendars(corpus_dir)
    assert len(files) >= 180
    telling = {name for name, octets in files.items() if TELLS.search(decoded(octets))}
    assert len(telling) >= 130
    shown = set()
    for name, octets in files.items():
        begun = time.process_time()
        found = icalendar.calendar(decoded(octets))
        assert time.process_time() - begun < 0.5, name
        if found is not None and found.events:
            shown.add(name)
    # The one that is missing says nothing but a date that is none.
    assert telling - shown <= {"tests_calendars_broken_dtstart.ics"}


def test_damaged_calendars_raise_nothing_and_stay_short(corpus_dir: Path) -> None:
    dice = random.Random(11)
    for octets in calendars(corpus_dir).values():
        for _ in range(5):
            copy = bytearray(octets)
            for _ in range(20 if copy else 0):
                copy[dice.randrange(len(copy))] = dice.randrange(256)
            icalendar.calendar(decoded(bytes(copy)))


def test_one_strange_line_never_costs_the_rest() -> None:
    strange = ("nonsense", ";;;:::", "X", "DTEND:never", "RRULE:FREQ=;;=", "ATTENDEE;CN=\\, \\; :", "\0\0:\0", 'A;B="unclosed:x', ":", "=")
    found = event("SUMMARY:Tea", *strange, "DTSTART:20261125T090000Z", *strange, "LOCATION:Here")
    assert (found.summary, found.location) == ("Tea", "Here")
    assert found.starts == When(datetime(2026, 11, 25, 9, tzinfo=UTC), "UTC")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("DTSTART:20261125", When(date(2026, 11, 25))),
        ("DTSTART;VALUE=DATE:20261125", When(date(2026, 11, 25))),
        ("DTSTART:2026-11-25T09:00:00Z", When(datetime(2026, 11, 25, 9, tzinfo=UTC), "UTC")),
        ("DTSTART;TZID=Europe/Berlin:20260701T090000", When(datetime(2026, 7, 1, 7, tzinfo=UTC), "Europe/Berlin")),
        (
            "DTSTART;TZID=/x.example/2/Europe/Berlin:20260701T090000",
            When(datetime(2026, 7, 1, 7, tzinfo=UTC), "/x.example/2/Europe/Berlin"),
        ),
        ("DTSTART;TZID=China Standard Time:20260701T090000", When(datetime(2026, 7, 1, 1, tzinfo=UTC), "China Standard Time")),
        ("DTSTART;TZID=../../etc/passwd:20260701T090000", When(datetime.fromisoformat("2026-07-01T09:00"), "../../etc/passwd")),
        ("DTSTART:20260701T090000", When(datetime.fromisoformat("2026-07-01T09:00"))),
        ("DTSTART:20261399", None),
        ("DTSTART:00000000T000000Z", None),
        ("DTSTART:99991231T235959Z", None),
        ("DTSTART:next week", None),
    ],
)
def test_when_it_is_stands_in_the_zone_it_was_written_in(line: str, expected: When | None) -> None:
    assert event("SUMMARY:x", line).starts == expected


def test_a_zone_of_its_own_has_summer_time_and_history() -> None:
    text = INVITATION.replace("20261125T090000", "{}")
    offsets = {}
    for moment in ("20261025T013000", "20261025T033000", "20270328T013000", "20270328T033000", "20270701T120000"):
        starts = read(text.replace("{}", moment)).events[0].starts
        assert starts is not None
        assert isinstance(starts.value, datetime)
        offsets[moment] = starts.value.utcoffset()
    hour = timedelta(hours=1)
    assert list(offsets.values()) == [2 * hour, hour, hour, 2 * hour, 2 * hour]


def test_hostile_zones_and_rules_cost_nothing() -> None:
    begun = time.process_time()
    rule = "RRULE:FREQ=SECONDLY;COUNT=99999999999;BYSECOND=" + ",".join(map(str, range(60))) * 50
    zone = ["BEGIN:VTIMEZONE", "TZID:z", *["BEGIN:STANDARD", "DTSTART:16010101T000000", "TZOFFSETTO:+9999", rule, "END:STANDARD"] * 40]
    found = read("\n".join([*zone, "END:VTIMEZONE", "BEGIN:VEVENT", "SUMMARY:x", "DTSTART;TZID=z:20261125T090000", rule, "END:VEVENT"]))
    assert found.events[0].summary == "x"
    read("BEGIN:VEVENT\n" * 100_000 + "SUMMARY:deep")
    read("BEGIN:VEVENT\nSUMMARY:" + "\\" * 500_000)
    assert icalendar.calendar("A" * 1_000_000) is None
    assert icalendar.calendar("A;" * 500_000) is None
    read("BEGIN:VEVENT\nATTENDEE" + ';CN="' * 100_000 + "\nSUMMARY:x\nEND:VEVENT")
    assert time.process_time() - begun < 4


def test_many_events_and_people_are_counted() -> None:
    found = read("BEGIN:VEVENT\nSUMMARY:x\nEND:VEVENT\n" * 500)
    assert (len(found.events), found.more) == (20, 480)
    many = event(*[f"ATTENDEE:mailto:{number}@example.net" for number in range(500)])
    assert (len(many.attendees), many.more_attendees) == (100, 400)


def test_whole_days_end_on_their_last_day() -> None:
    found = event("DTSTART;VALUE=DATE:20261125", "DTEND;VALUE=DATE:20261128")
    assert found.ends == When(date(2026, 11, 27))
    assert event("DTSTART;VALUE=DATE:20261125", "DTEND;VALUE=DATE:20261126").ends is None


def test_what_fields_hold_is_text_without_marks_that_turn_it_around() -> None:
    found = event("SUMMARY:<script>alert(1)</script>\u202egnp\u2066", "LOCATION:a\x00\x07b")
    assert (found.summary, found.location) == ("<script>alert(1)</script>gnp", "ab")


def test_windows_names_of_zones_are_known() -> None:
    assert timezones.named("W. Europe Standard Time") is not None
    assert timezones.named("No such place") is None
