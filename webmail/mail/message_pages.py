"""What the page of a message shows, as frozen values (see ``pages``)."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from webmail.mail.pages import AttachmentRow, MailboxPage, Neighbour
from webmail.mailbox import Mailbox
from webmail.message.facts import NO_FACTS, Facts
from webmail.message.summary import MessageSummary
from webmail.message.text import TextBlock


class BodyKind(enum.StrEnum):
    """How the body of a message is shown."""

    HTML = "html"
    TEXT = "text"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class MessagePage:
    """One message to read.

    ``notices`` are codes of honest remarks (``broken``, ``cut``, ``empty``, ``charset``, ``nested``) the page words.
    ``can_show_images`` is true where remote images could be fetched for the reader, so that the page may offer it.
    ``query`` is the search it was opened from, ``list`` the page of its mailbox. ``newer`` and ``older`` are its neighbours in the list.
    ``coloured`` says that the body has colours of its own, which ``original_colours`` shows on dark screens too.
    ``conversation`` counts the messages of its conversation, with itself. ``facts`` are what its header says besides.
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
    facts: Facts = NO_FACTS


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
