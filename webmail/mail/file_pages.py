"""What the pages about one attachment show, as frozen values (see ``pages``)."""

from __future__ import annotations

from dataclasses import dataclass

from webmail.mail.pages import AttachmentRow
from webmail.mailbox import Mailbox
from webmail.message.summary import MessageSummary


@dataclass(frozen=True, slots=True)
class HarmPage:
    """The question before files that can do harm are downloaded; their ``harm`` says why, with what first octets tell."""

    message: MessageSummary
    mailbox: Mailbox
    files: tuple[AttachmentRow, ...]


@dataclass(frozen=True, slots=True)
class FilePage:
    """An attachment to look at. ``kind``: ``picture``, ``pdf``, ``text``, ``table``, or empty where it cannot be shown.

    ``newer`` and ``older`` are the attachments before and after it, ``place`` its number among ``total``. ``cut`` where only
    the beginning is shown. Of a PDF ``pages`` are the numbers shown of ``length``. ``saves_to``: the host it can be saved to.
    """

    message: MessageSummary
    mailbox: Mailbox
    file: AttachmentRow
    kind: str
    place: int
    total: int
    newer: AttachmentRow | None = None
    older: AttachmentRow | None = None
    text: str = ""
    rows: tuple[tuple[str, ...], ...] = ()
    cut: bool = False
    pages: range = range(0)
    length: int = 0
    saves_to: str = ""


@dataclass(frozen=True, slots=True)
class SavePage:
    """Where attachments are saved to. ``kept``: there is a place, whose password is remembered."""

    address: str = ""
    username: str = ""
    kept: bool = False
