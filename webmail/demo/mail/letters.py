"""Letters from friends and family, in English."""

from __future__ import annotations

from collections.abc import Iterator

from webmail.demo.mail.letter import ALICE_LIN, ANSWERED, FLAGGED, ROBIN_VALE, SEEN, Attachment, Letter, Sample, When, english, put, quoted
from webmail.demo.mail.pictures import heron, lake, window_sketch

OWEN = "Owen Tarrant <owen@tarrant-joinery.example>"
ILSE = "Ilse Marchand <ilse.marchand@example.com>"
SUNNA = "Sunna Hale <sunna@hale-family.example>"


def mail(when: When) -> Iterator[Sample]:
    """Everything from people who know Robin."""
    yield from _window(when)
    yield from _photos(when)
    yield from _recipe(when)
    yield from _short_notes(when)
    yield _forwarded(when)


def _window(when: When) -> Iterator[Sample]:
    """A joiner's quote: asked, answered, agreed."""
    offer = Letter(
        name="window-1",
        sender=OWEN,
        date=when.days(5, "11:20"),
        subject="Quote for the kitchen window",
        text=(
            "Good morning Robin,\n\n"
            "for the kitchen window in oak, double glazed, with a new sill: 1,180 including fitting and taking the old one away. "
            "Larch would be 940, and honestly you will not see the difference from the table.\n\n"
            "A sketch is attached. I can do it in the second week of the month.\n\n"
            "-- \nOwen Tarrant\nTarrant Joinery, Mill Lane 4\n"
        ),
        parts=(Attachment("kitchen-window-sketch.png", "image/png", window_sketch()),),
    )
    yield put(offer, SEEN, ANSWERED)
    reply = Letter(
        name="window-2",
        sender=ROBIN_VALE,
        to=OWEN,
        date=when.days(2, "19:45"),
        subject="Re: Quote for the kitchen window",
        answers=("window-1",),
        text=(
            "Hello Owen,\n\nlarch it is, then. Could the sill be deep enough for herbs? Three pots, one of them stubborn.\n\n"
            "Would Wednesday morning suit you for measuring?\n\nRobin\n\n"
            f"On {offer.date:%A}, Owen Tarrant wrote:\n{quoted(offer.text)}\n"
        ),
    )
    yield put(reply, SEEN, mailbox="Sent")
    yield put(
        Letter(
            name="window-3",
            sender=OWEN,
            date=when.days(1, "15:02"),
            subject="Re: Quote for the kitchen window",
            answers=("window-1", "window-2"),
            text=(
                "Thanks, that works. I can measure on Wednesday morning if the side door is open, so no need to stay home for it.\n\n"
                "Herbs noted. I will make the sill 24 cm.\n\nOwen\n\n"
                f"On {reply.date:%A}, Robin Vale wrote:\n{quoted(reply.text)}\n"
            ),
        ),
        SEEN,
    )


def _photos(when: When) -> Iterator[Sample]:
    yield put(
        Letter(
            name="lake-photos",
            sender=SUNNA,
            to=f"{ROBIN_VALE}, Grandma <rosalind@hale-family.example>",
            date=when.days(1, "11:48"),
            subject="Photos from the lake",
            text=(
                "Three pictures, the good ones first. The one with the heron is for your wall: he stood there for eleven minutes and "
                "I did not dare to breathe.\n\n"
                "Papa says the evening one is crooked. Papa is crooked.\n\n"
                "Love, Sunna\n"
            ),
            parts=(
                Attachment("heron.png", "image/png", heron()),
                Attachment("lake-morning.png", "image/png", lake(evening=False)),
                Attachment("lake-evening.png", "image/png", lake(evening=True)),
            ),
        ),
        FLAGGED,
    )


def _recipe(when: When) -> Iterator[Sample]:
    """A letter in format=flowed, and our answer."""
    recipe = Letter(
        name="lentils-1",
        sender=ILSE,
        date=when.days(4, "12:40"),
        subject="The lentil recipe you asked for",
        flowed=True,
        text=(
            "Dear Robin, \n\n"
            "It is my aunt's, so the quantities are in handfuls. Start the onions before \n"
            "anything else, and do not let them hurry you.\n\n"
            "- two handfuls of brown lentils, washed twice because she did\n"
            "- one onion for each guest and one for the pot\n"
            "- cumin, more than you think; a bay leaf; the heel of an old loaf\n\n"
            "Fry the onions slowly until the kitchen smells like a good decision. Add \n"
            "lentils, cumin and water, two fingers above. Then leave it alone for forty \n"
            "minutes. The bread goes in at the end and nobody needs to know.\n\n"
            "My aunt used to say:\n"
            "> A lentil forgives everything except \n"
            "> a lid that is opened too often.\n\n"
            "Tell me how it went. \n"
            "-- \n"
            "Ilse\n"
        ),
    )
    yield put(recipe, SEEN, ANSWERED)
    yield put(
        Letter(
            name="lentils-2",
            sender=ROBIN_VALE,
            to=ILSE,
            date=when.days(3, "21:30"),
            subject="Re: The lentil recipe you asked for",
            answers=("lentils-1",),
            text="Ilse,\n\nI opened the lid only once and it forgave me. There is nothing left. Please thank your aunt.\n\nRobin\n",
        ),
        SEEN,
        mailbox="Sent",
    )


def _short_notes(when: When) -> Iterator[Sample]:
    yield put(
        Letter(
            name="lunch-1",
            sender=ALICE_LIN,
            date=when.minutes(9),
            subject="Lunch at the market?",
            text=(
                "The noodle stall is back! Under the clock at half past twelve? I will keep you a stool, but only until "
                "the dumplings arrive. 🍜🥟🥟🥟\n\nAlice 🌻\n"
            ),
        )
    )
    yield put(
        Letter(
            name="no-subject",
            sender="Tomas Vale <tomas.vale@example.com>",
            date=when.days(2, "22:51"),
            subject="",
            text="forgot to say: the spare key is under the blue pot, not the green one. the green one is the hedgehog's.\n\nT.\n",
        )
    )
    yield put(
        Letter(
            name="birthday",
            sender="Nana Rosalind <rosalind@hale-family.example>",
            date=when.days(8, "09:00"),
            subject="Many happy returns 🎂🎈",
            text=(
                "My dear Robin,\n\nmany happy returns of the day! The parcel is late because I knitted the second sleeve twice. "
                "It is green. You said you liked green. If you no longer like green, say nothing and wear it on Sundays.\n\n"
                f"Come for supper before {english(when.ahead(30))}, the pears will not keep.\n\n💚 Nana\n"
            ),
        ),
        SEEN,
        FLAGGED,
    )


def _forwarded(when: When) -> Sample:
    """A whole message forwarded as an attachment (message/rfc822)."""
    inner = Letter(
        name="cellar-notice",
        sender="Mill Lane Housing <office@mill-lane.example>",
        to="All tenants <tenants@mill-lane.example>",
        date=when.days(9, "10:00"),
        subject="Water in the cellar: please move your boxes",
        text=(
            "Dear neighbours,\n\nthe pump will be replaced next week. Until then please keep everything that dislikes water at least "
            "thirty centimetres above the floor.\n\nThank you for your patience.\nMill Lane Housing\n"
        ),
    )
    outer = Letter(
        name="cellar-forward",
        sender="Jonas Brandt <jonas@brandt.example>",
        date=when.days(7, "13:37"),
        subject="Fwd: Water in the cellar: please move your boxes",
        text="Did you get this one? It went to the old list, and your skis are standing right in the corner.\n\nJonas\n",
    )
    message = outer.message()
    message.add_attachment(inner.message())
    return Sample("demo@example.org", "INBOX", message.as_bytes(), outer.date, (SEEN,))
