"""A gardening mailing list: List-* fields, threads, and a long message with quotes within quotes."""

from __future__ import annotations

from collections.abc import Iterator

from webmail.demo.mail.letter import SEEN, Letter, Sample, When, put, quoted

LIST = "Northfield gardeners <gardening@lists.northfield.example>"
TAG = "[gardening]"
FIELDS = (
    ("List-Id", "Northfield gardeners <gardening.lists.northfield.example>"),
    ("List-Post", "<mailto:gardening@lists.northfield.example>"),
    ("List-Help", "<https://lists.northfield.example/gardening/help>"),
    ("List-Subscribe", "<https://lists.northfield.example/gardening/join>"),
    ("List-Unsubscribe", "<https://lists.northfield.example/gardening/leave>, <mailto:gardening-leave@lists.northfield.example>"),
    ("List-Archive", "<https://lists.northfield.example/gardening/archive>"),
    ("Precedence", "list"),
)
FOOTER = "\n_______________________________________________\ngardening mailing list\nhttps://lists.northfield.example/gardening\n"
FOLDER = "Mailing lists/gardening"


def mail(when: When) -> Iterator[Sample]:
    """One thread still in the inbox, another filed."""
    yield from _slugs(when)
    yield put(
        Letter(
            name="seed-swap",
            sender="Perpetua Lund <perpetua@allotment.example>",
            to=LIST,
            date=when.minutes(312),
            subject=f"{TAG} Seed swap on Sunday, please label your envelopes",
            fields=FIELDS,
            text=(
                "Friends of the wet soil,\n\n"
                "the seed swap is on Sunday at ten in the tool shed. Please write on the envelope WHAT it is and "
                "WHICH YEAR it is from. Last spring somebody's 'surprise' was bindweed.\n\n"
                "I bring: runner beans (two kinds), sweet peas, far too many courgettes.\n"
                "I look for: black salsify, a patient person for the pond.\n\n"
                f"Perpetua, plot 14\n{FOOTER}"
            ),
        )
    )
    yield put(
        Letter(
            name="compost",
            sender="Bram Aldous <bram.aldous@example.com>",
            to=LIST,
            date=when.days(21, "07:40"),
            subject=f"{TAG} The compost is steaming, is that good?",
            fields=FIELDS,
            text=f"It fogged up the greenhouse windows this morning and the cat has moved in.\n\nBram, plot 3\n{FOOTER}",
        ),
        SEEN,
        mailbox=FOLDER,
    )


def _slugs(when: When) -> Iterator[Sample]:
    """Quotes within quotes, five deep; the last and longest message is in the inbox."""
    subject = f"{TAG} Slugs: the great debate"
    opening = "The slugs have eaten row one of the lettuce. I am told there is a humane way. What is it?\n\nPerpetua, plot 14\n"
    second = (
        "Boards. Lay boards between the rows, lift them at dawn, move the guests to the far hedge.\n\nBram, plot 3\n\n"
        f"Perpetua Lund wrote:\n{quoted(opening)}\n"
    )
    third = (
        "They walk back from the hedge. I painted a dot on one. He was back on Thursday.\n\nIda, plot 9\n\n"
        f"Bram Aldous wrote:\n{quoted(second)}\n"
    )
    fourth = f"A dot!\n\nCould it have been another slug with a dot?\n\nBram, plot 3\n\nIda Renn wrote:\n{quoted(third)}\n"
    steps = (
        ("slugs-1", "Perpetua Lund <perpetua@allotment.example>", 15, opening),
        ("slugs-2", "Bram Aldous <bram.aldous@example.com>", 14, second),
        ("slugs-3", "Ida Renn <ida@allotment.example>", 13, third),
        ("slugs-4", "Bram Aldous <bram.aldous@example.com>", 12, fourth),
    )
    names: tuple[str, ...] = ()
    for name, sender, days, text in steps:
        title = f"Re: {subject}" if names else subject
        letter = Letter(
            name=name,
            sender=sender,
            to=LIST,
            date=when.days(days, "06:50"),
            subject=title,
            answers=names,
            fields=FIELDS,
            text=text + FOOTER,
        )
        yield put(letter, SEEN, mailbox=FOLDER)
        names = (*names, name)
    yield put(
        Letter(
            name="slugs-5",
            sender="Ida Renn <ida@allotment.example>",
            to=LIST,
            date=when.days(2, "06:45"),
            subject=f"Re: {subject}",
            answers=names,
            fields=FIELDS,
            text=_summary(fourth),
        )
    )


def _summary(before: str) -> str:
    return (
        "Dear all,\n\n"
        "as promised, two weeks of counting, at dawn, with a torch and a neighbour who thinks I have lost something.\n\n"
        "1. Boards (plots 3 and 14)\n"
        "   214 slugs moved to the hedge. Of 30 marked ones, 19 came back, median journey four nights. Bram, it was "
        "not another slug with a dot.\n\n"
        "2. Copper tape (plot 9)\n"
        "   Works where it is clean. Nobody keeps it clean.\n\n"
        "3. Coffee grounds (plot 6)\n"
        "   No effect on slugs. Considerable effect on the robin.\n\n"
        "4. Planting more lettuce than they can eat (plot 11)\n"
        "   The clear winner. Costs about two envelopes of seed and all of your pride.\n\n"
        "The numbers are at https://allotment.example/slugs/table.html?from=plot3&to=plot14#dawn (thank you, "
        "Jonas), and I will bring them to the seed swap on paper.\n\n"
        "My proposal: one row per plot is planted for them, along the hedge, and they get it to themselves.\n\n"
        "Ida, plot 9\n\n"
        f"On another morning, Bram Aldous wrote:\n{quoted(before)}\n"
        "-- \nIda Renn\nplot 9, the one with the blue door\n"
        f"{FOOTER}"
    )
