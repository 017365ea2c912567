"""The head of a message on paper, in the reader's words."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext as _

from webmail.address import Address, format_address
from webmail.mail.message_pages import MessagePage
from webmail.web import times


def rows(page: MessagePage) -> tuple[tuple[str, str], ...]:
    """What stands above the body: name and value, without those that are empty."""
    envelope = page.message.envelope
    found = (
        (_("From"), envelope.from_raw if envelope.sender_doubtful and envelope.from_raw else _line(envelope.sender)),
        (_("To"), _line(envelope.to)),
        (_("Cc"), _line(envelope.cc)),
        (_("Date"), times.full_date(envelope.date) if envelope.date else ""),
        (_("Attachments"), ", ".join(file.filename for file in page.attachments)),
    )
    return tuple((name, value) for name, value in found if value)


def _line(addresses: Sequence[Address]) -> str:
    return ", ".join(format_address(each) for each in addresses)
