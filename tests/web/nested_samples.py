"""Messages with all that can lie in them, and hostile words in every field of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from tests.web import samples
from webmail.formats.icalendar import Calendar, Event, Person, Repetition, When
from webmail.formats.report import Action, Delivery, DeliveryReport, Disposition, Feedback, Receipt
from webmail.formats.vcard import Card, Labelled
from webmail.mail.enclosed_pages import AttachedBody, AttachedCard, AttachedMessage, Enclosed, Invitation, Returned, Winmail
from webmail.mail.message_pages import MessagePage
from webmail.mail.pages import AttachmentRow

EVIL = "<script>alert(1)</script>\"'><img src=x>"
FILE = AttachmentRow("2!1", EVIL + ".png", "image/png", 2937)
NOON = datetime(2026, 11, 25, 12, tzinfo=timezone(timedelta(hours=9)))
EVENT = Event(
    "event",
    EVIL,
    EVIL,
    EVIL,
    starts=When(NOON, EVIL),
    ends=When(NOON + timedelta(minutes=45), EVIL),
    organizer=Person(EVIL, EVIL),
    attendees=tuple(Person(f"{EVIL}{number}", "x@example.net", "accepted") for number in range(12)),
    more_attendees=3,
    repeats=Repetition("weekly", 2, until=date(2027, 3, 3)),
)
EVENTS = (
    EVENT,
    replace(EVENT, starts=When(date(2026, 11, 25)), ends=When(date(2026, 11, 27)), status="cancelled", repeats=Repetition("daily", 1, 5)),
    replace(EVENT, starts=None, kind="todo", repeats=Repetition("yearly")),
    Event("freebusy", starts=When(datetime(2026, 11, 25, 9))),  # noqa: DTZ001 - the same time of day wherever one is
    Event("journal", "", ends=When(NOON)),
    EVENT,
)
DELIVERIES = tuple(
    Delivery(
        EVIL,
        action,
        "5.1.1" if number % 2 else "4.99.1",
        EVIL,
        EVIL,
        EVIL,
        datetime(2026, 11, 23, tzinfo=UTC),
        datetime(2026, 11, 25, tzinfo=UTC),
    )
    for number, action in enumerate(Action)
)
CARD = Card(
    EVIL,
    EVIL,
    EVIL,
    emails=(Labelled(EVIL, ("work", "fax")), Labelled("javascript:alert(1)")),
    phones=(Labelled(EVIL, ("cell",)),),
    addresses=(Labelled(EVIL),),
    links=(Labelled("javascript:alert(1)"),),
    birthday=EVIL,
    note=EVIL,
)
ENCLOSED = Enclosed(
    deliveries=(DeliveryReport(DELIVERIES, EVIL, datetime(2026, 11, 23, tzinfo=UTC), left_out=4), DeliveryReport(DELIVERIES[:1])),
    receipts=tuple(Receipt(disposition, EVIL, True, EVIL, EVIL, EVIL, EVIL) for disposition in Disposition),
    feedback=(Feedback(EVIL, EVIL, EVIL, EVIL, EVIL, (EVIL, EVIL)), Feedback("abuse")),
    returned=Returned(samples.envelope(subject=EVIL)),
    invitations=(
        Invitation("3", EVIL, Calendar("request", EVIL, EVENTS, more=2)),
        Invitation("4", EVIL, Calendar("publish", "", (EVENT,))),
        Invitation("5", EVIL, Calendar("", EVIL)),
    ),
    cards=(AttachedCard("6", EVIL, (CARD, Card("")), more=3),),
    winmail=(
        Winmail("2", EVIL, document=True, frame_height=300, files=(FILE,)),
        Winmail("7", EVIL, text=samples.TEXT, problem="broken"),
        Winmail("8", "winmail.dat", problem="large"),
    ),
)
BODY = AttachedBody(True, (), 300, 640, True, 2, (FILE,), (), ENCLOSED)


def attached(section: str, depth: int, **changes: Any) -> AttachedMessage:
    return replace(AttachedMessage(section, depth, samples.envelope(subject=EVIL), EVIL, 2000, True, (section,)), **changes)


def page(**changes: Any) -> MessagePage:
    """A message in which everything lies that can, with hostile words everywhere."""
    doubtful = samples.envelope(sender=None, subject="", sender_doubtful=True, from_raw=EVIL)
    return samples.message_page(
        enclosed=ENCLOSED,
        attached=(
            attached("9", 1, body=BODY),
            attached("9.2", 2, body=replace(BODY, document=False, text=samples.TEXT, enclosed=Enclosed(), remote_images=0)),
            attached("9.2.1", 3, body=replace(BODY, document=False, enclosed=Enclosed()), envelope=doubtful),
            attached("9.2.1.1", 7, openable=False),
        ),
        **changes,
    )
