"""The mailbox of the second demo account, so that a conversation has two ends."""

from __future__ import annotations

from collections.abc import Iterator

from webmail.demo.mail.letter import ALICE, ALICE_LIN, CHINA, ROBIN_VALE, SEEN, Letter, Sample, When, put


def mail(when: When) -> Iterator[Sample]:
    """What Alice finds."""
    lunch = Letter(
        name="lunch-1",
        sender=ALICE_LIN,
        date=when.minutes(9),
        subject="Lunch at the market?",
        text=(
            "The noodle stall is back! Under the clock at half past twelve? I will keep you a stool, but only "
            "until the dumplings arrive. 🍜🥟🥟🥟\n\nAlice 🌻\n"
        ),
    )
    yield put(lunch, SEEN, mailbox="Sent", owner=ALICE)
    for letter in _inbox(when):
        yield put(letter, owner=ALICE)


def _inbox(when: When) -> Iterator[Letter]:
    yield Letter(
        name="market",
        sender=ROBIN_VALE,
        to=ALICE_LIN,
        date=when.days(6, "12:02"),
        subject="The noodle stall",
        text=(
            "Alice, the noodle stall is closed until further notice. There is a hand-written sign and a sad cat. I will report.\n\nRobin\n"
        ),
    )
    yield Letter(
        name="rehearsal",
        sender="Harbour Choir <choir@harbour-choir.example>",
        to=ALICE_LIN,
        date=when.days(2, "18:30"),
        subject="Rehearsal moved to the boathouse",
        text="The chapel has a wedding. The boathouse has an echo. Please bring a coat.\n",
    )
    yield Letter(
        name="mother",
        sender="妈妈 <lin.mama@example.net>",
        to=f"林爱丽 <{ALICE}>",
        date=when.days(1, "20:05").astimezone(CHINA),
        subject="天冷了",
        text="爱丽：\n\n天冷了，多穿一件。寄了两斤柿饼，给若宾也分一点。\n\n妈妈\n",
    )
