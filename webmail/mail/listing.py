"""Opening a folder: a page of its list from the index, checked against the server beside the request."""

from __future__ import annotations

import re
from concurrent.futures import TimeoutError as StillRunning
from datetime import UTC, datetime

from webmail.errors import Conflict, InvalidInput, NotAllowed, NotFound, WebmailError
from webmail.mail import sync
from webmail.mail.pages import Filter, Freshness, MailboxPage, Row
from webmail.mail.session import MailSession, account, again_if_cut, connection
from webmail.mail.sync import PAGE
from webmail.mailbox import Mailbox, MailboxId, SpecialUse
from webmail.message.summary import Flag, MessageSummary, Uid
from webmail.store import jobs, mailboxes, messages
from webmail.store.mailboxes import MailboxState
from webmail.store.messages import ListedMessage

CURSOR = re.compile(r"(-?[0-9]{1,18})\.([0-9]{1,18})")
PATIENCE = 0.3
"""Seconds a page waits for the freshness check; a later one finishes by itself and the next page profits."""


def inbox(session: MailSession) -> MailboxId:
    """The id of INBOX. Raises NotFound if the server lists none."""
    found = mailboxes.by_role(session.database, account(session).id, SpecialUse.INBOX)
    if found is None:
        raise NotFound("mailbox")
    return found.id


def mailbox_page(session: MailSession, mailbox_id: MailboxId, *, cursor: str = "", filter: str = "") -> MailboxPage:
    """A page of 50 messages, newest first.

    Costs one NOOP where the mailbox is selected on a kept connection; the first page of a mailbox never seen costs
    its SELECT and three FETCHes. Raises NotFound, InvalidInput for a broken cursor or filter, NotAllowed for a folder
    that only holds folders, and the server's errors if nothing is known of the mailbox yet.
    """
    mailbox, known = mailboxes.opened(session.database, account(session).id, mailbox_id)
    if not mailbox.selectable:
        raise NotAllowed("not_selectable", name=mailbox.label)
    return page_of(session, mailbox, known=known, cursor=cursor, filter=filter)


def page_of(session: MailSession, mailbox: Mailbox, *, known: MailboxState, cursor: str, filter: str) -> MailboxPage:
    """As ``mailbox_page``, for who has the mailbox and its stored state at hand."""
    before = read_cursor(cursor)
    kind = Filter(filter) if filter in list(Filter) else None
    if filter and kind is None:
        raise InvalidInput("filter", field="filter", value=filter)

    def shown() -> dict[Uid, frozenset[str]]:
        page = messages.page(session.database, mailbox.id, filter=filter or None, before=before, limit=PAGE)
        return {each.summary.uid: each.summary.flags for each in page}

    freshness, state = check(session, mailbox, known=known, shown=shown if before or filter else None)
    rows = messages.page(session.database, mailbox.id, filter=filter or None, before=before, limit=PAGE + 1)
    outgoing = mailbox.special_use in (SpecialUse.SENT, SpecialUse.DRAFTS)
    return MailboxPage(
        mailbox=mailbox,
        rows=tuple(row(each, outgoing=outgoing) for each in rows[:PAGE]),
        total=max(state.exists, state.indexed),
        unseen=state.unseen,
        indexed=state.indexed,
        progress=100 if not state.exists else state.progress,
        freshness=freshness,
        outgoing=outgoing,
        filter=kind,
        cursor=cursor,
        next_cursor=write_cursor(rows[PAGE - 1]) if len(rows) > PAGE else "",
        read_only=state.read_only,
    )


def check(session: MailSession, mailbox: Mailbox, *, known: MailboxState, shown: sync.Shown | None) -> tuple[Freshness, MailboxState]:
    """Compare the index of a mailbox with the server, beside the request, and tell how far it is true now.

    Waits 300 ms at most, except where nothing is known of the mailbox yet: then there is nothing else to show.
    """

    def update() -> MailboxState:
        with connection(session, prefer=mailbox) as lent:
            return sync.update(sync.Index(session.database, lent, mailbox), known=known, shown=shown)

    def look() -> MailboxState:
        state = again_if_cut(update)
        if not state.complete and (known.complete or not known.uidnext):
            _continue_in_background(session)
        return state

    if not known.uidnext:
        return Freshness.FRESH, look()
    running = session.imap.beside(look)
    try:
        return Freshness.FRESH, running.result(timeout=PATIENCE)
    except (StillRunning, Conflict):
        return Freshness.LATE, mailboxes.state(session.database, mailbox.id)
    except WebmailError as error:
        if not error.transient:
            raise
        return Freshness.UNREACHABLE, known


def _continue_in_background(session: MailSession) -> None:
    """Let the worker index what is older than the newest page."""
    jobs.put(session.database, kind="backfill", account_id=account(session).id, due_at=datetime.now(UTC))
    jobs.wake(session.database)


def row(listed: ListedMessage, *, outgoing: bool) -> Row:
    """A line of a list; in Sent and Drafts it names the recipients."""
    summary = listed.summary
    envelope = summary.envelope
    people = envelope.to + envelope.cc + envelope.bcc if outgoing else envelope.sender
    return Row(
        message=summary,
        people=people,
        has_attachments=listed.has_attachments,
        answered=Flag.ANSWERED in summary.flags,
        forwarded=Flag.FORWARDED in summary.flags,
    )


def write_cursor(listed: ListedMessage) -> str:
    """The place of a row in its list, as text for a URL: its internal date in microseconds and its id."""
    date, message_id = messages.place(listed.summary)
    return f"{date}.{message_id}"


def cursor_at(summary: MessageSummary) -> str:
    """The cursor of the page whose first row is this message."""
    date, message_id = messages.place(summary)
    return f"{date}.{message_id + 1}"


def read_cursor(text: str) -> tuple[int, int] | None:
    """The place a cursor names. Raises InvalidInput for anything we did not write."""
    if not text:
        return None
    found = CURSOR.fullmatch(text)
    if found is None:
        raise InvalidInput("cursor", field="after", value=text)
    return int(found[1]), int(found[2])
