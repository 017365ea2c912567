"""What lies in the other mailboxes: drafts, junk, trash, the archive and the house."""

from __future__ import annotations

from collections.abc import Iterator

from webmail.demo.mail.letter import ALICE_LIN, DRAFT, FLAGGED, ROBIN_VALE, SEEN, Attachment, Letter, Sample, When, english, page, put
from webmail.demo.mail.pictures import pdf

MIRA = "Mira Kestrel <mira.kestrel@example.net>"
OFFICE = "Mill Lane Housing <office@mill-lane.example>"


def mail(when: When) -> Iterator[Sample]:
    """Mail that is not in the inbox and belongs to no other module."""
    yield from _drafts(when)
    yield from _junk(when)
    yield from _archive(when)
    yield from _house(when)
    yield put(
        Letter(
            name="sofa",
            sender="Second Chance Furniture <hello@second-chance.example>",
            date=when.days(6, "10:30"),
            subject="The green sofa is gone",
            text="Sorry! Somebody with a van was faster.\n",
        ),
        SEEN,
        mailbox="Trash",
    )
    yield put(
        Letter(
            name="market",
            sender=ROBIN_VALE,
            to=ALICE_LIN,
            date=when.days(6, "12:02"),
            subject="The noodle stall",
            text=(
                "Alice, the noodle stall is closed until further notice. There is a hand-written sign and a sad "
                "cat. I will report.\n\nRobin\n"
            ),
        ),
        SEEN,
        mailbox="Sent",
    )


def _drafts(when: When) -> Iterator[Sample]:
    yield put(
        Letter(
            name="draft-hut",
            sender=ROBIN_VALE,
            to="Stone Pass hut <warden@stone-pass.example>",
            date=when.days(1, "22:40"),
            subject="A question about the stove in the winter room",
            text="Dear warden,\n\nthank you for the beds. One question: is the stove in the winter room\n",
        ),
        SEEN,
        DRAFT,
        mailbox="Drafts",
    )
    yield put(
        Letter(
            name="draft-speech",
            sender="林若宾 <demo@example.org>",
            to="",
            date=when.days(2, "23:12"),
            subject="开幕致辞（草稿）",
            text="各位朋友：\n\n四百张照片，四百双眼睛。（这句不好，重写。）\n",
        ),
        SEEN,
        DRAFT,
        mailbox="Drafts",
    )


def _junk(when: When) -> Iterator[Sample]:
    yield put(
        Letter(
            name="lottery",
            sender="International Luck Office <winner@luck-office.example>",
            date=when.days(1, "03:33"),
            subject="CONGRATULATIONS you have WON 4.500.000 !!!",
            text=(
                "DEAR LUCKY ONE,\n\nyour e-mail was drawn from a hat. To receive your prize send us your name, your "
                "address and the fee for the hat.\n"
            ),
        ),
        mailbox="Junk",
    )
    yield put(
        Letter(
            name="pills",
            sender="Doctor Best Price <offer@best-price.example>",
            date=when.days(3, "04:10"),
            subject="Hair that grows while you sleep",
            html=page("hair.html"),
        ),
        mailbox="Junk",
    )
    yield put(
        Letter(
            name="invoice-spam",
            sender="财务通知 <caiwu@best-price.example>",
            to="demo@example.org",
            date=when.days(5, "02:18"),
            subject="【代开发票】优惠中",
            text="各行各业均可代开，先开后付。加微：0000000。\n",
        ),
        SEEN,
        mailbox="Junk",
    )


def _archive(when: When) -> Iterator[Sample]:
    yield put(
        Letter(
            name="library-card",
            sender="Northfield Library <desk@northfield-library.example>",
            date=when.days(44, "15:00"),
            subject="Welcome, reader 10442",
            text=(
                "Your card is at the desk. You may borrow twelve books at a time; most people think that is too "
                "many until the first rainy week.\n"
            ),
        ),
        SEEN,
        mailbox="Archive",
    )
    yield put(
        Letter(
            name="summer",
            sender=MIRA,
            date=when.days(98, "21:11"),
            subject="The summer in one list",
            text="11 summits, 4 lakes, 1 bull (large), 0 maps lost. Same again next year?\n\nMira\n",
        ),
        SEEN,
        FLAGGED,
        mailbox="Archive",
    )
    yield put(
        Letter(
            name="password-rule",
            sender="Example Mail <support@example.org>",
            date=when.days(60, "09:09"),
            subject="Your new mailbox",
            text="Welcome to your new mailbox. This is a demonstration: whatever you do here is forgotten when the program ends.\n",
        ),
        SEEN,
        mailbox="Archive",
    )


def _house(when: When) -> Iterator[Sample]:
    lease = pdf(
        [
            (60, 780, 20, "Lease"),
            (60, 744, 12, "Mill Lane 4, second floor, with the use of the garden and one fig a day."),
            (60, 700, 12, "Signed: R. Vale"),
        ]
    )
    yield put(
        Letter(
            name="lease",
            sender=OFFICE,
            date=when.days(75, "10:10"),
            subject="Your lease, signed",
            text="Please keep this copy.\n",
            parts=(Attachment("lease.pdf", "application/pdf", lease),),
        ),
        SEEN,
        mailbox="House",
    )
    yield put(
        Letter(
            name="chimney",
            sender="Ash & Daughter Chimneys <sweep@ash-daughter.example>",
            date=when.days(29, "07:45"),
            subject=f"We sweep your chimney on {english(when.ahead(6))}",
            text="Between eight and noon. Please cover the piano, and if there is a nest in it (the chimney), tell us before.\n",
        ),
        mailbox="House",
    )
    yield put(
        Letter(
            name="tiles",
            sender="Owen Tarrant <owen@tarrant-joinery.example>",
            date=when.days(33, "17:17"),
            subject="Worktop: beech or slate?",
            text="Beech is warmer, slate is for ever. With your tea habit I would take the slate.\n\nOwen\n",
        ),
        SEEN,
        mailbox="House/Kitchen",
    )
