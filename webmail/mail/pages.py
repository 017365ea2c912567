"""What each page shows, as frozen values: the whole contract between the mail service and the templates."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime

from webmail.account import Account
from webmail.address import Address
from webmail.errors import WebmailError
from webmail.mail.draft_pages import Check as Check
from webmail.mail.draft_pages import DraftAttachment as DraftAttachment
from webmail.mail.draft_pages import DraftFormat as DraftFormat
from webmail.mailbox import Mailbox, MailboxId, SpecialUse
from webmail.message.summary import MessageId, MessageSummary
from webmail.store.saved_searches import SavedSearch as SavedSearch


@dataclass(frozen=True, slots=True)
class Frame:
    """What surrounds every page of a signed-in person: the folder tree, its counts, the outbox badge.

    ``mailboxes`` come in the order of the sidebar: role mailboxes first, then the rest as a tree (parents before
    children, use ``depth``). ``missing_roles`` are roles no mailbox has. ``index_progress`` is 0-100 over all
    mailboxes that have been opened, 100 when nothing is left. ``alerts`` are [ALERT] texts of the server.
    """

    account: Account
    mailboxes: tuple[Mailbox, ...]
    missing_roles: tuple[SpecialUse, ...] = ()
    waiting: int = 0
    problems: int = 0
    index_progress: int = 100
    checked_at: datetime | None = None
    alerts: tuple[str, ...] = ()
    needs_sign_in: bool = False
    saved_searches: tuple[SavedSearch, ...] = ()


class Filter(enum.StrEnum):
    """The quick filters of a list."""

    UNREAD = "unread"
    FLAGGED = "flagged"
    ATTACHMENTS = "attachments"
    TO_ME = "to_me"


class Sort(enum.StrEnum):
    """The orders of a list. By date it comes newest first or oldest first; by size, largest or smallest first."""

    DATE = "date"
    OLDEST = "oldest"
    FROM = "from"
    FROM_DESC = "from_desc"
    SUBJECT = "subject"
    SUBJECT_DESC = "subject_desc"
    SIZE = "size"
    SMALLEST = "smallest"

    @property
    def by_date(self) -> bool:
        return self in (Sort.DATE, Sort.OLDEST)


class View(enum.StrEnum):
    """What the rows of a list are. Only a list with the newest first can be one of conversations."""

    MESSAGES = "messages"
    CONVERSATIONS = "conversations"


@dataclass(frozen=True, slots=True)
class ListPlace:
    """Which part of a list a page shows, as the texts of its URL.

    ``sort`` and ``filter``; ``after`` and ``before`` are cursors made by an earlier page, of which one counts; ``on``
    (2024-03-01) is a day to jump to; ``view`` is ``messages`` or ``conversations``, else what was chosen last;
    ``selection`` is the id of a selection to show.
    """

    sort: str = ""
    filter: str = ""
    after: str = ""
    before: str = ""
    on: str = ""
    view: str = ""
    selection: int = 0

    @property
    def query(self) -> dict[str, str]:
        """The place as a query, for links that come back to it."""
        values = {"sort": self.sort, "filter": self.filter, "after": self.after, "before": self.before, "on": self.on, "view": self.view}
        return {name: value for name, value in values.items() if value}


class Freshness(enum.StrEnum):
    """How far a list is known to be true."""

    FRESH = "fresh"
    LATE = "late"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class RowThread:
    """The conversation a row stands for: ``count`` messages in all mailboxes; ``unread`` and ``flagged`` are said of this one."""

    id: int
    count: int
    unread: bool
    flagged: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list: a message, or a conversation by its newest message in this mailbox.

    ``people`` are the correspondents to show: senders, or recipients in Sent and Drafts.
    """

    message: MessageSummary
    people: tuple[Address, ...]
    has_attachments: bool
    answered: bool = False
    forwarded: bool = False
    thread: RowThread | None = None

    @property
    def unread(self) -> bool:
        return self.thread.unread if self.thread else not self.message.seen

    @property
    def flagged(self) -> bool:
        return self.thread.flagged if self.thread else self.message.flagged

    @property
    def count(self) -> int:
        """Of how many messages it tells."""
        return self.thread.count if self.thread else 1


@dataclass(frozen=True, slots=True)
class Neighbour:
    """The row above or below: a message to open, or the conversation it stands for."""

    id: MessageId
    conversation: bool = False


@dataclass(frozen=True, slots=True)
class MailboxPage:
    """A page of a mailbox list. ``next_cursor`` is empty on the last page, ``previous_cursor`` on the first.

    ``place`` is the part of the list that was asked for. ``total`` and ``unseen`` count the whole mailbox; ``indexed`` how
    many of ``total`` the index holds already. ``progress`` is 0-100 of this mailbox. ``outgoing`` is true where rows show
    recipients. ``stamp`` says what was there when the page was drawn. ``selection`` is what "all" was when it was chosen, of
    ``selected`` messages; 0 where nothing is. ``above`` and ``below`` are what stands right before and after the rows, as far
    as that was read with them.
    """

    mailbox: Mailbox
    rows: tuple[Row, ...]
    total: int
    unseen: int
    indexed: int
    progress: int
    freshness: Freshness
    outgoing: bool = False
    sort: Sort = Sort.DATE
    filter: Filter | None = None
    view: View = View.MESSAGES
    place: ListPlace = ListPlace()
    next_cursor: str = ""
    previous_cursor: str = ""
    read_only: bool = False
    stamp: str = ""
    selection: int = 0
    selected: int = 0
    above: Neighbour | None = None
    below: Neighbour | None = None


@dataclass(frozen=True, slots=True)
class ActionResult:
    """What an action did: ``count`` messages; ``journal_id`` is what Undo takes, 0 where nothing can be undone.

    ``code`` names it (``archived``, ``moved``, ``deleted`` …); ``target`` the mailbox moved to. ``refused`` is why the rest
    of what was chosen was left as it was.
    """

    code: str
    count: int
    journal_id: int = 0
    target: Mailbox | None = None
    mailbox_id: MailboxId | None = None
    refused: WebmailError | None = None


@dataclass(frozen=True, slots=True)
class ConfirmPage:
    """A question before something that cannot be undone. ``action`` is what to repeat with ``confirmed=<stamp>``."""

    action: str
    count: int
    mailbox: Mailbox
    ids: tuple[MessageId, ...] = ()
    stamp: str = "1"
    selection: int = 0
    conversations: str = ""


@dataclass(frozen=True, slots=True)
class AttachmentRow:
    """An attachment of a message page. ``size`` is the decoded size, estimated from the encoded one.

    ``viewable`` where we have a page to look at it, ``thumbnail`` where there is a small picture of it; ``harm`` are codes of
    what to warn about (see ``kinds.harm``).
    """

    section: str
    filename: str
    media_type: str
    size: int
    viewable: bool = False
    thumbnail: bool = False
    harm: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ComposePage:
    """The compose form. ``key`` is the draft's random key; ``errors`` are (field, code, values).

    ``original`` and ``original_action`` (see ``answers``) go back as hidden fields. ``included`` are the
    attachments of a forwarded message not yet taken into a draft: checked boxes named ``include`` with the section.
    ``placed`` is false while the server's Drafts folder does not have the newest text yet.
    ``quotes`` says that the HTML of a message can be quoted beside the text, under the words of ``heading``, and ``quoted`` that it is.
    ``pictures`` are sections of the original that the text shows. ``signed`` is the address whose signature the text has.
    ``version`` is that of the draft the form was made of. ``checks`` are to be looked at before sending; ``asks`` where it was to be sent,
    and goes when Send is pressed once more.
    ``templates`` are texts to begin with, by id and name. ``elsewhere`` says that another program took the copy in Drafts away.
    """

    key: str
    identities: tuple[Address, ...]
    sender: str
    to: str
    cc: str
    bcc: str
    subject: str
    text: str
    attachments: tuple[DraftAttachment, ...] = ()
    included: tuple[AttachmentRow, ...] = ()
    saved_at: datetime | None = None
    placed: bool = True
    errors: tuple[tuple[str, str, dict[str, object]], ...] = ()
    original: MessageId | None = None
    original_action: str = ""
    time_zone: str = ""
    format: DraftFormat = DraftFormat.PLAIN
    reply_to: str = ""
    priority: str = ""
    receipt: bool = False
    dsn: bool = False
    quotes: bool = False
    quoted: bool = False
    heading: str = ""
    pictures: tuple[str, ...] = ()
    signed: str = ""
    version: int = 0
    checks: tuple[Check, ...] = ()
    asks: bool = False
    templates: tuple[tuple[int, str], ...] = ()
    elsewhere: bool = False
