"""IMAP mailboxes as values: names, roles, counts (RFC 9051 §5.1, §6.3.11; RFC 6154).

Storey 1: values only. Names are decoded Unicode; modified UTF-7 stays inside ``webmail.imap``.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import NewType

from webmail.account import AccountId

MailboxId = NewType("MailboxId", int)


class SpecialUse(enum.StrEnum):
    """The role of a mailbox (RFC 6154 §2); INBOX by its name (RFC 9051 §5.1)."""

    INBOX = "inbox"
    DRAFTS = "drafts"
    SENT = "sent"
    ARCHIVE = "archive"
    JUNK = "junk"
    TRASH = "trash"
    FLAGGED = "flagged"
    ALL = "all"
    IMPORTANT = "important"


HIDDEN = frozenset({SpecialUse.JUNK, SpecialUse.TRASH})
"""What is shown and searched only where it is named: nobody wants it among the rest."""


@dataclass(frozen=True, slots=True)
class MailboxCounts:
    """What STATUS tells of a mailbox (RFC 9051 §6.3.11). None: not known.

    ``highestmodseq`` (RFC 7162 §3.1.7) and ``object_id`` (RFC 8474 §4) are told by servers that keep them.
    """

    messages: int | None = None
    unseen: int | None = None
    uidnext: int | None = None
    uidvalidity: int | None = None
    highestmodseq: int | None = None
    object_id: str = ""


@dataclass(frozen=True, slots=True)
class ListedMailbox:
    """A mailbox as LIST shows it (RFC 9051 §6.3.9); its id is given by the store."""

    name: str
    delimiter: str
    special_use: SpecialUse | None = None
    selectable: bool = True
    subscribed: bool = True
    counts: MailboxCounts = MailboxCounts()


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A mailbox known to the webmail."""

    id: MailboxId
    account_id: AccountId
    name: str
    delimiter: str
    special_use: SpecialUse | None = None
    selectable: bool = True
    subscribed: bool = True
    counts: MailboxCounts = MailboxCounts()

    @property
    def label(self) -> str:
        """The last part of the name, which a tree shows."""
        return self.name.rsplit(self.delimiter, 1)[-1] if self.delimiter else self.name

    @property
    def depth(self) -> int:
        """How many parents the name has."""
        return self.name.count(self.delimiter) if self.delimiter else 0
