"""What a list knows of a message: Flag, Envelope, MessageSummary (RFC 9051 §2.3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NewType

from webmail.address import Address
from webmail.message.mime import Part

Uid = NewType("Uid", int)
ModSeq = NewType("ModSeq", int)
MessageId = NewType("MessageId", int)
"""The id of a message in our index and URLs; the Message-ID field is always called ``message_id_field``."""


class Flag:
    """The system flags of RFC 9051 §2.3.2 and the keywords we use (RFC 5788 registry)."""

    SEEN = "\\Seen"
    ANSWERED = "\\Answered"
    FLAGGED = "\\Flagged"
    DELETED = "\\Deleted"
    DRAFT = "\\Draft"
    FORWARDED = "$Forwarded"
    JUNK = "$Junk"
    NOT_JUNK = "$NotJunk"


@dataclass(frozen=True, slots=True)
class Envelope:
    """The fields of a message header that a list, a reply and a thread need, decoded and bounded.

    ``sender_doubtful`` is true when the From field cannot be trusted to name one address: several fields, several
    addresses, or a form that parsers read differently; such a sender is shown raw (``from_raw``) and marked.
    """

    subject: str
    sender: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    bcc: tuple[Address, ...]
    reply_to: tuple[Address, ...]
    date: datetime | None
    message_id_field: str
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    list_id: str = ""
    from_raw: str = ""
    sender_doubtful: bool = False


@dataclass(frozen=True, slots=True)
class MessageSummary:
    """One message as the index holds it. ``id`` is 0 until the store has given one.

    ``email_id`` is the server's name for its octets, as far as it gives one (RFC 8474 §5.1); the index only keeps what it
    means: which messages are copies of one another (see ``thread.sameness``).
    """

    uid: Uid
    flags: frozenset[str]
    internal_date: datetime
    size: int
    envelope: Envelope
    structure: Part
    preview: str = ""
    id: MessageId = MessageId(0)
    email_id: str = ""

    @property
    def seen(self) -> bool:
        return Flag.SEEN in self.flags

    @property
    def flagged(self) -> bool:
        return Flag.FLAGGED in self.flags
