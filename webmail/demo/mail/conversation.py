"""A weekend in the hills: one conversation of six messages between three friends, two of them our own replies."""

from __future__ import annotations

from collections.abc import Iterator

from webmail.demo.mail.letter import ANSWERED, ROBIN_VALE, SEEN, Attachment, Letter, Sample, When, english, put, quoted
from webmail.demo.mail.pictures import pdf

MIRA = "Mira Kestrel <mira.kestrel@example.net>"
JONAS = "Jonas Brandt <jonas@brandt.example>"
SUBJECT = "Hut booking for the ridge walk"

PACKING = """item,how many,who brings it
sleeping bag,1 each,everyone
stove and gas,1,Robin
map and compass,1,Mira
rope (20 m),1,Jonas
head torch,1 each,everyone
coffee,enough,Mira
chess set,1,Jonas (he insists)
"""


def mail(when: When) -> Iterator[Sample]:
    """The conversation, oldest first."""
    weekend = english(when.ahead(19))
    yield from _plan(when, weekend)
    yield from _answers(when)
    yield put(_confirmed(when, weekend))


def _plan(when: When, weekend: str) -> Iterator[Sample]:
    """The idea, the question of the train, and our first reply."""
    start = Letter(
        name="ridge-1",
        sender=MIRA,
        to=f"{ROBIN_VALE}, {JONAS}",
        date=when.days(4, "17:02"),
        subject=SUBJECT,
        text=(
            "Hello you two,\n\n"
            f"the forecast for {weekend} looks almost too good, so: shall we finally do the ridge? I would ask the hut at "
            "Stone Pass for three beds,\nfour if Sunna's brother comes along.\n\n"
            "We would walk up on the Saturday, sleep there, and come down by the lake. About six hours each day with stops, "
            "and I promise fewer stops for photographs than last time.\n\n"
            "Mira\n"
        ),
    )
    yield put(start, SEEN, ANSWERED)
    train = Letter(
        name="ridge-2",
        sender=JONAS,
        to=MIRA,
        cc=ROBIN_VALE,
        date=when.days(3, "18:20"),
        subject=f"Re: {SUBJECT}",
        answers=("ridge-1",),
        text=(
            "Saturday works for me. Should we take the early train or drive up the night before?\n\n"
            "I vote train: I sleep badly in your car, Mira, no offence, and somebody has to finish the crossword.\n\n"
            f"On {start.date:%A}, Mira Kestrel wrote:\n{quoted(start.text[:160].rpartition(' ')[0] + ' ...')}\n"
        ),
    )
    yield put(train, SEEN)
    stove = Letter(
        name="ridge-3",
        sender=ROBIN_VALE,
        to=f"{JONAS}, {MIRA}",
        date=when.days(2, "10:04"),
        subject=f"Re: {SUBJECT}",
        answers=("ridge-1", "ridge-2"),
        text=(
            "Early train please. I can bring the stove and the small tent in case the hut is full.\n\n"
            "And yes to Sunna's brother, he makes the best porridge in the county.\n\n"
            "Robin\n\n"
            f"On {train.date:%A}, Jonas Brandt wrote:\n{quoted(train.text)}\n"
        ),
    )
    yield put(stove, SEEN, mailbox="Sent")


def _answers(when: When) -> Iterator[Sample]:
    """A telephone call, and our second reply."""
    yield put(
        Letter(
            name="ridge-4",
            sender=MIRA,
            to=f"{ROBIN_VALE}, {JONAS}",
            date=when.days(1, "20:31"),
            subject=f"Re: {SUBJECT}",
            answers=("ridge-1", "ridge-2", "ridge-3"),
            text=(
                "I called the hut. The warden was out counting chamois, so they answer tomorrow. Please hold the date until then.\n\n"
                "There is an early train at 6:42 from platform 2. I know. I will bring coffee for everyone who is on it.\n\n"
                "Mira\n"
            ),
        ),
        SEEN,
        ANSWERED,
    )
    yield put(
        Letter(
            name="ridge-5",
            sender=ROBIN_VALE,
            to=f"{MIRA}, {JONAS}",
            date=when.days(1, "21:15"),
            subject=f"Re: {SUBJECT}",
            answers=("ridge-1", "ridge-2", "ridge-3", "ridge-4"),
            text="6:42 it is. I have set three alarms, one of them in the kitchen.\n\nRobin\n",
        ),
        SEEN,
        mailbox="Sent",
    )


def _confirmed(when: When, weekend: str) -> Letter:
    """The newest message, with the map and the packing list."""
    return Letter(
        name="ridge-6",
        sender=MIRA,
        to=f"{ROBIN_VALE}, {JONAS}",
        date=when.minutes(24),
        subject=f"Re: {SUBJECT}",
        answers=("ridge-1", "ridge-2", "ridge-3", "ridge-4", "ridge-5"),
        text=(
            f"Good news: the hut confirmed four beds for {weekend}, breakfast included. They keep the booking until Friday, then "
            "they want a deposit of 40.\n\n"
            "I attached the map with the two descents marked, and a packing list. The northern way down is shorter but it is in "
            "shade until noon, so I would take the southern one if there is ice.\n\n"
            "Can you answer by Wednesday with a yes or no? I will pay the deposit then.\n\n"
            "The hut's page, if you want to look at the stove: https://stone-pass.example/hut?beds=4\n\n"
            "Mira\n"
        ),
        parts=(
            Attachment("ridge-walk-map.pdf", "application/pdf", _map()),
            Attachment("packing-list.csv", "text/csv", PACKING.encode("utf-8")),
        ),
    )


def _map() -> bytes:
    return pdf(
        [
            (60, 780, 20, "Ridge walk, two days"),
            (60, 756, 11, "Solid: the way up. South: 9 km, sun all day. North: 6 km, ice in the gully."),
            (90, 300, 11, "Lake station (412 m)"),
            (300, 640, 11, "Stone Pass hut (1,934 m)"),
            (430, 420, 11, "south descent"),
            (200, 520, 11, "north descent"),
        ],
        strokes=[
            (100, 320, 180, 430),
            (180, 430, 240, 470),
            (240, 470, 320, 630),
            (320, 630, 420, 520),
            (420, 520, 440, 380),
            (320, 630, 200, 560),
            (200, 560, 110, 330),
        ],
    )
