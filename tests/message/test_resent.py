"""A message sent on as it is: a block in front, and not an octet else."""

from __future__ import annotations

import email
from datetime import UTC, datetime
from email import policy

import pytest

from webmail.address import Address
from webmail.errors import InvalidInput
from webmail.message.resent import resent

DATE = datetime(2026, 11, 23, 6, 49, 24, tzinfo=UTC)
ROBIN, ILSE = Address("Robin Välë", "robin@example.org"), Address("Ilse", "ilse@example.net")
RAW = b"Received: by x\r\nFrom: mira@example.net\r\nSubject: Hut\r\n\r\nBcc: in the body\r\n"


def sent_on(raw: bytes, *, to: Address = ILSE) -> bytes:
    return resent(raw, sender=ROBIN, to=[to], date=DATE, message_id="<1@example.org>")


def test_the_block_stands_in_front_and_the_rest_is_as_it_was() -> None:
    made = sent_on(RAW)
    assert made.endswith(RAW)
    found = email.message_from_bytes(made, policy=policy.default)
    assert list(found.keys())[:4] == ["Resent-Date", "Resent-From", "Resent-To", "Resent-Message-ID"]
    assert str(found["Resent-From"]) == "Robin Välë <robin@example.org>"
    assert (str(found["Resent-To"]), found["From"], found["Resent-Message-ID"]) == (
        "Ilse <ilse@example.net>",
        "mira@example.net",
        "<1@example.org>",
    )


def test_who_got_a_blind_copy_is_not_told() -> None:
    made = sent_on(b"Bcc: secret@example.net,\r\n more@example.net\r\n" + RAW)
    assert made == sent_on(RAW)


def test_an_address_cannot_begin_a_field_of_its_own() -> None:
    for bad in (Address("x\r\nBcc: y@example.net", "x@example.net"), Address("", "x@example.net\r\nBcc: y")):
        with pytest.raises(InvalidInput):
            sent_on(RAW, to=bad)
