"""What lies in a message besides its body, as frozen values for its page (see ``pages``)."""

from __future__ import annotations

from dataclasses import dataclass

from webmail.formats.icalendar import Calendar
from webmail.formats.report import DeliveryReport, Feedback, Receipt
from webmail.formats.vcard import Card
from webmail.mail.pages import AttachmentRow
from webmail.message.summary import Envelope
from webmail.message.text import TextBlock


@dataclass(frozen=True, slots=True)
class Returned:
    """The message that a report is about, as far as the report brings its header."""

    envelope: Envelope


@dataclass(frozen=True, slots=True)
class AttachedCard:
    """The first cards of an attached file; ``more`` counts those that are not shown."""

    section: str
    filename: str
    cards: tuple[Card, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class Invitation:
    """A calendar that came with a message."""

    section: str
    filename: str
    calendar: Calendar


@dataclass(frozen=True, slots=True)
class Winmail:
    """What an opened winmail.dat holds: its own body and its files. ``problem``: ``broken`` or ``large`` where it could not be opened.

    ``document`` tells that its body is HTML, which the frame of its section shows.
    """

    section: str
    filename: str
    document: bool = False
    frame_height: int = 0
    text: tuple[TextBlock, ...] = ()
    files: tuple[AttachmentRow, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Enclosed:
    """Reports, invitations, cards and winmail.dat of one message, in its own order; not those of messages attached to it."""

    deliveries: tuple[DeliveryReport, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    feedback: tuple[Feedback, ...] = ()
    returned: Returned | None = None
    invitations: tuple[Invitation, ...] = ()
    cards: tuple[AttachedCard, ...] = ()
    winmail: tuple[Winmail, ...] = ()

    @property
    def reports(self) -> bool:
        return bool(self.deliveries or self.receipts or self.feedback)

    @property
    def tells(self) -> bool:
        """Whether there is something to read, so that a message without text is not said to be empty."""
        return self.reports or bool(self.invitations or self.cards or self.winmail)


NOTHING_ENCLOSED = Enclosed()


@dataclass(frozen=True, slots=True)
class AttachedBody:
    """An attached message that is open: what it says and what lies in it. ``document`` tells that its body is HTML, ``coloured`` and
    ``frame_width`` as in ``MessagePage``."""

    document: bool
    text: tuple[TextBlock, ...]
    frame_height: int
    frame_width: int
    coloured: bool
    remote_images: int
    attachments: tuple[AttachmentRow, ...]
    notices: tuple[str, ...]
    enclosed: Enclosed


@dataclass(frozen=True, slots=True)
class AttachedMessage:
    """A message attached to the one that is read, or to one attached to that: ``depth`` counts from 1.

    ``toggled`` are the sections that are open once this one is opened, or folded; ``openable`` is false where the server
    tells nothing about what is in it.
    """

    section: str
    depth: int
    envelope: Envelope
    filename: str
    size: int
    openable: bool
    toggled: tuple[str, ...]
    body: AttachedBody | None = None
