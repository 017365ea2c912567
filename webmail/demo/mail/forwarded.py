"""A message that brings others along: an offer forwarded as an attachment, inside it the question it answers, and a contact card."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import EmailMessage

from webmail.demo.mail.letter import DEMO, ROBIN_VALE, SEEN, Attachment, Letter, Sample, When

CARD = (
    "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Idris Falk\r\nORG:Falk Stoves\r\nTITLE:Stove builder\r\nEMAIL;TYPE=work:idris@stoves.example\r\n"
    "TEL;TYPE=cell:+49 30 5550 137\r\nADR;TYPE=work:;;9 Kiln Lane;Oldtown;;12345;Germany\r\nEND:VCARD\r\n"
)


def mail(when: When) -> Iterator[Sample]:
    """One message in the inbox, with a message in it, with a message in that."""
    date = when.days(4, "17:20")
    question = Letter(
        name="stove-question",
        sender="Tomas Vale <tomas@example.net>",
        to="Falk Stoves <idris@stoves.example>",
        date=when.days(8, "10:02"),
        subject="A stove for two rooms",
        text="Dear Mr Falk,\n\ncan one stove heat the kitchen and the room behind it?\n\nTomas Vale\n",
    )
    offer = Letter(
        name="stove-offer",
        sender="Idris Falk <idris@stoves.example>",
        to="Tomas Vale <tomas@example.net>",
        date=when.days(5, "09:41"),
        subject="Re: A stove for two rooms",
        html="<div style='font-family:Georgia,serif;padding:8px'><h2 style='color:#8a3b12'>One stove, two rooms</h2>"
        "<p>Yes, if the wall between them may be opened by <b>40 cm</b>. The question is attached, as you sent it.</p></div>",
    )
    cover = Letter(
        name="stove-forward",
        sender="Tomas Vale <tomas@example.net>",
        to=ROBIN_VALE,
        date=date,
        subject="Fwd: A stove for two rooms",
        text="Robin, here is what the stove builder says, and his card. What do you think about the wall?\n\nTomas\n",
        parts=(Attachment("idris-falk.vcf", "text/vcard", CARD.encode()),),
    )
    yield Sample(DEMO, "INBOX", _holding(cover.message(), _holding(offer.message(), question.message())).as_bytes(), date, (SEEN,))


def _holding(outer: EmailMessage, inner: EmailMessage) -> EmailMessage:
    """The outer message with the inner one attached."""
    outer.add_attachment(inner)
    return outer
