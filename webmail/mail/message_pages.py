"""What the page of a message shows, as frozen values (see ``pages``)."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime

from webmail.address import Address
from webmail.mail.enclosed_pages import NOTHING_ENCLOSED, AttachedMessage, Enclosed
from webmail.mail.pages import AttachmentRow, MailboxPage, Neighbour
from webmail.mail.privacy_pages import NOTHING_REMOTE, RemoteContent
from webmail.mail.senders import NO_SENDER, SenderPage
from webmail.mailbox import Mailbox
from webmail.message.facts import NO_FACTS, Facts
from webmail.message.lists import MailTo
from webmail.message.secured import Encrypted, Signature
from webmail.message.summary import MessageSummary
from webmail.message.text import TextBlock

_HARMLESS = frozenset({"to", "cc", "bcc", "in-reply-to", "references", "mime-version"})
"""Fields of which several are read as one, or which say nothing else the second time."""


class BodyKind(enum.StrEnum):
    """How the body of a message is shown."""

    HTML = "html"
    TEXT = "text"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Mailing:
    """The mailing list of a message: how to leave it, and ``post``, who a message to everybody on it goes to.

    ``host`` is whose web address is asked or opened; ``left_at`` is when this person asked last to be taken off it.
    """

    one_click: bool = False
    host: str = ""
    mail_to: MailTo | None = None
    link: str = ""
    post: str = ""
    left_at: datetime | None = None

    @property
    def can_be_left(self) -> bool:
        return self.one_click or self.mail_to is not None or bool(self.link)


@dataclass(frozen=True, slots=True)
class Wishes:
    """How somebody wants to see a message: ``prefer`` may be ``text`` where there is HTML as well; ``images`` asks for remote images
    this once; ``query`` is what was searched for, and is marked; ``charset`` is one of ``charset.CHOICES``, for a reader who knows better
    than the sender; ``patient`` waits longer for a body that is hard to make safe; ``attached`` are the sections
    of messages in it that are open; ``original`` leaves its colours as they are on dark screens too, ``full_size`` its size on narrow ones.
    """

    prefer: str = ""
    images: bool = False
    query: str = ""
    charset: str = ""
    patient: bool = False
    attached: tuple[str, ...] = ()
    original: bool = False
    full_size: bool = False


NO_WISHES = Wishes()


@dataclass(frozen=True, slots=True)
class MessagePage:
    """One message to read.

    ``saves_to`` is the host that attachments can be saved to, if any.
    ``notices`` are codes of honest remarks that the page words: ``broken``, ``cut``, ``empty``, ``charset``, ``nested``, ``costly``, …
    ``can_show_images`` is true where remote images could be fetched for the reader, so that the page may offer it.
    ``query`` is the search it was opened from, ``list`` the page of its mailbox. ``newer`` and ``older`` are its neighbours in the list.
    ``coloured`` says that the body has colours of its own, which ``original_colours`` shows on dark screens too. ``frame_width`` is how
    wide it is at least where a narrow screen has less; it is shown smaller there, unless ``full_size`` is asked for.
    ``conversation`` counts the messages of its conversation, with itself. ``facts`` are what its header says besides, ``remote`` what it
    wanted of other servers. ``mailing`` is the mailing list it came by, where it says how to leave it or to write to it;
    ``conflicts`` what the headers of the parts that are shown say in more than one way. ``signature`` is what came of
    verifying its signature, ``encrypted`` the part of it that is not opened here.
    ``codec`` read its body, ``charset`` is what somebody has chosen to read it as. ``sender`` is who wrote it.
    ``enclosed`` is what lies in it besides its body; ``attached`` are the messages in it, those in open ones after these.
    """

    message: MessageSummary
    mailbox: Mailbox
    body: BodyKind
    text: tuple[TextBlock, ...]
    attachments: tuple[AttachmentRow, ...]
    remote_images: int
    shows_images: bool
    has_html: bool
    has_text: bool
    frame_height: int
    notices: tuple[str, ...] = ()
    newer: Neighbour | None = None
    older: Neighbour | None = None
    list: MailboxPage | None = None
    is_draft: bool = False
    read_only: bool = False
    can_show_images: bool = False
    query: str = ""
    conversation: int = 1
    coloured: bool = False
    original_colours: bool = False
    frame_width: int = 0
    full_size: bool = False
    facts: Facts = NO_FACTS
    remote: RemoteContent = NOTHING_REMOTE
    mailing: Mailing | None = None
    conflicts: tuple[str, ...] = ()
    signature: Signature | None = None
    encrypted: Encrypted | None = None
    codec: str = ""
    charset: str = ""
    sender: SenderPage = NO_SENDER
    enclosed: Enclosed = NOTHING_ENCLOSED
    attached: tuple[AttachedMessage, ...] = ()
    saves_to: str = ""

    @property
    def told_twice(self) -> tuple[str, ...]:
        """The fields and parameters for which programs may read the message differently, because it has them twice."""
        found = [name for name in self.facts.doubled if name not in _HARMLESS]
        return tuple(dict.fromkeys([*found, *self.facts.conflicts, *self.conflicts]))


@dataclass(frozen=True, slots=True)
class SourcePage:
    """The source of a message as text; ``cut`` where only its beginning is shown."""

    message: MessageSummary
    mailbox: Mailbox
    text: str
    cut: bool


@dataclass(frozen=True, slots=True)
class HeadersPage:
    """All header fields of a message in order, decoded for reading."""

    message: MessageSummary
    mailbox: Mailbox
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class RedirectPage:
    """The form that sends a message on as it is. ``key`` makes one submission of it, however often the form is sent."""

    message: MessageSummary
    mailbox: Mailbox
    identities: tuple[Address, ...]
    key: str
    to: str = ""
    sender: str = ""
