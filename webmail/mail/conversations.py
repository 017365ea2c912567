"""Reading a conversation: all its messages from all mailboxes on one page, most of them folded to a line.

Its page is named by one of its messages: threads get other ids when mail arrives that joins two of them, messages keep
theirs. It is seen from the mailbox of that message, where actions on it act.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from webmail.errors import NotFound, WebmailError
from webmail.mail import listing, preferences, reading
from webmail.mail.message_pages import MessagePage, Wishes
from webmail.mail.pages import ListPlace, MailboxPage, Neighbour
from webmail.mail.session import MailSession, account
from webmail.mailbox import HIDDEN, Mailbox, MailboxId
from webmail.message.subject import base_subject
from webmail.message.summary import Flag, MessageId, MessageSummary
from webmail.store import mailboxes, messages, threads
from webmail.store.messages import StoredMessage
from webmail.store.threads import ThreadMember

SHOWN = 500
"""Of a longer conversation the newest so many are shown."""
OPEN = 25
"""Messages open at once: each costs a FETCH the first time."""
ALL = "all"


@dataclass(frozen=True, slots=True)
class ConversationMessage:
    """A message of a conversation, and the mailboxes it is in, the one it is shown from first.

    ``page`` is what there is to read of it where it is open; None where it is folded, or where ``error`` says why it
    cannot be shown now.
    """

    message: MessageSummary
    mailboxes: tuple[Mailbox, ...]
    page: MessagePage | None = None
    error: WebmailError | None = None

    @property
    def open(self) -> bool:
        return self.page is not None or self.error is not None


@dataclass(frozen=True, slots=True)
class ConversationPage:
    """A whole conversation, of all mailboxes, in the order it is read in, seen from one mailbox.

    ``message`` is its newest message in ``mailbox``; actions mean its messages there, as ``stamp`` says it was when the page
    was drawn. ``left_out`` says that older ones are too many to show. ``row`` is the message of its row in ``list``;
    ``order`` what was asked for in place of what is chosen.
    """

    message: MessageSummary
    mailbox: Mailbox
    subject: str
    messages: tuple[ConversationMessage, ...]
    newest_first: bool
    flagged: bool
    stamp: str
    left_out: bool = False
    newer: Neighbour | None = None
    older: Neighbour | None = None
    list: MailboxPage | None = None
    row: MessageId | None = None
    order: str = ""

    @property
    def opened(self) -> tuple[MessageId, ...]:
        """The messages that are open."""
        return tuple(each.message.id for each in self.messages if each.open)

    @property
    def newest(self) -> ConversationMessage:
        return self.messages[0] if self.newest_first else self.messages[-1]


def conversation_page(
    session: MailSession,
    message_id: int,
    *,
    mark_seen: bool,
    opened: Collection[str] = (),
    order: str = "",
    images: int = 0,
    place: ListPlace = listing.FIRST,
) -> ConversationPage:
    """A conversation to read, beside the list it was opened from.

    Open are the messages ``opened`` (ids, or ``all``), else all that are unread, else the newest; ``images`` is the one whose
    remote images are shown. Costs the check of the list; one FETCH for each open body not yet in the index, and a STORE for
    those that had not been read. Raises NotFound if the message is gone, InvalidInput; a body that cannot be had is told in place.
    """
    mine = account(session).id
    newest_first = preferences.newest_first(session, order)
    named = messages.get(session.database, mine, MessageId(message_id))
    mailbox, state = mailboxes.opened(session.database, mine, named.mailbox_id)
    thread_id = named.thread_id
    beside = listing.page_beside(session, mailbox, named.summary, place, known=state, thread_id=thread_id)
    # Of before the messages are read: what comes between is shown, and not yet meant by actions.
    stamp = beside.stamp if beside else listing.stamp(state)
    known = mailboxes.living(session.database, mine)
    members, left_out = _members(session, mailbox, thread_id, known=known)
    here = [each.message.summary for each in members if each.message.mailbox_id == mailbox.id]
    if not here:
        raise NotFound("message")
    shown = _shown(session, members, opened=_open_ones(members, opened), images=images, known=known)
    if mark_seen and _make_seen(session, members, shown) and beside is not None:
        state_now = mailboxes.state(session.database, mailbox.id)
        beside = listing.page_beside(session, mailbox, named.summary, place, known=state_now, thread_id=thread_id)
    newer, older = listing.neighbours(session, mailbox, here[-1], beside, thread_id=thread_id)
    row = listing.row_of(beside, here[-1], thread_id=thread_id)
    return ConversationPage(
        message=here[-1],
        mailbox=mailbox,
        subject=base_subject(here[-1].envelope.subject),
        messages=tuple(shown[::-1] if newest_first else shown),
        newest_first=newest_first,
        flagged=any(each.flagged for each in here),
        stamp=stamp,
        left_out=left_out,
        newer=newer,
        older=older,
        list=beside,
        row=beside.rows[row].message.id if beside is not None and row is not None else None,
        order=order,
    )


Known = Mapping[MailboxId, Mailbox]


def _members(session: MailSession, mailbox: Mailbox, thread_id: int, *, known: Known) -> tuple[list[ThreadMember], bool]:
    """The messages of a conversation, oldest first, as they are seen from a mailbox, and whether there are older ones."""
    shown_from = {each.id for each in known.values() if each.special_use not in HIDDEN or each.id == mailbox.id}
    found = threads.members(session.database, mailbox.account_id, thread_id, shown_in=mailbox.id, limit=SHOWN + 1)
    # Copies of one message are one of these, and each of them counts against the limit.
    more = sum(len(each.places) for each in found) > SHOWN
    seen_from_here = []
    for each in found[1:] if more else found:
        places = tuple(place for place in each.places if place.mailbox_id in shown_from)
        if places:
            seen_from_here.append(ThreadMember(places[0], places))
    return seen_from_here, more


def _open_ones(members: Sequence[ThreadMember], asked: Collection[str]) -> frozenset[MessageId]:
    """The messages to open: those asked for, else what has not been read, else the newest that is no draft of one's own."""
    summaries = [each.message.summary for each in members]
    if ALL in asked:
        return frozenset(each.id for each in summaries[-OPEN:])
    wanted = [each.id for each in summaries if (str(each.id) in asked if asked else not each.seen)]
    written = [each.id for each in summaries if Flag.DRAFT not in each.flags] or [each.id for each in summaries]
    return frozenset(wanted[:OPEN] or written[-1:])


def _shown(
    session: MailSession, members: Sequence[ThreadMember], *, opened: frozenset[MessageId], images: int, known: Known
) -> list[ConversationMessage]:
    """The messages of the page. One that cannot be opened now says so in its place and leaves the others as they are."""
    found = []
    for each in members:
        summary, places = each.message.summary, tuple(known[place.mailbox_id] for place in each.places)
        page, error = None, None
        if summary.id in opened:
            try:
                page = reading.opened_message(session, each.message, places[0], Wishes(images=images == summary.id))
            except WebmailError as problem:
                error = problem
        found.append(ConversationMessage(summary, places, page, error))
    return found


def _make_seen(session: MailSession, members: Sequence[ThreadMember], shown: Sequence[ConversationMessage]) -> bool:
    """Mark what is open as read, one STORE for each mailbox; tells whether anything was marked."""
    unread: dict[MailboxId, list[StoredMessage]] = defaultdict(list)
    where: dict[MailboxId, Mailbox] = {}
    for member, each in zip(members, shown, strict=True):
        if each.page is not None and not each.message.seen:
            unread[member.message.mailbox_id].append(member.message)
            where[member.message.mailbox_id] = each.mailboxes[0]
    for mailbox_id, stored in unread.items():
        if not mailboxes.state(session.database, mailbox_id).read_only:
            reading.make_seen(session, stored, where[mailbox_id])
    return bool(unread)
