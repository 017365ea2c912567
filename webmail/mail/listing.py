"""Opening a folder: a page of its list from the index, checked against the server beside the request."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from concurrent.futures import TimeoutError as StillRunning
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from webmail.errors import Conflict, InvalidInput, NotAllowed, NotFound, WebmailError
from webmail.mail import sync
from webmail.mail.pages import Filter, Freshness, ListPlace, MailboxPage, Row, Sort
from webmail.mail.session import MailSession, account, again_if_cut, connection
from webmail.mail.sync import PAGE
from webmail.mailbox import Mailbox, MailboxId, SpecialUse
from webmail.message.summary import Flag, MessageSummary, Uid
from webmail.store import jobs, mailboxes, selections, vigil
from webmail.store import listing as lists
from webmail.store.columns import microseconds
from webmail.store.database import Database
from webmail.store.listing import ListedMessage, Place
from webmail.store.mailboxes import MailboxState
from webmail.store.messages import OUTGOING

CURSOR = re.compile(r"(-?[0-9]{1,18})\.([0-9]{1,18})(?:\.([A-Za-z0-9_-]{0,600}))?")
FIRST = ListPlace()
PATIENCE = 0.3
"""Seconds a page waits for the freshness check; a later one finishes by itself and the next page profits."""


def inbox(session: MailSession) -> MailboxId:
    """The id of INBOX. Raises NotFound if the server lists none."""
    found = mailboxes.by_role(session.database, account(session).id, SpecialUse.INBOX)
    if found is None:
        raise NotFound("mailbox")
    return found.id


def mailbox_page(session: MailSession, mailbox_id: MailboxId, place: ListPlace = FIRST) -> MailboxPage:
    """A page of 50 messages.

    Costs one NOOP where the mailbox is selected on a kept connection; the first page of a mailbox never seen costs
    its SELECT and three FETCHes. Raises NotFound, InvalidInput for a broken place, NotAllowed for a folder that only
    holds folders, and the server's errors if nothing is known of the mailbox yet.
    """
    mailbox, known = mailboxes.opened(session.database, account(session).id, mailbox_id)
    if not mailbox.selectable:
        raise NotAllowed("not_selectable", name=mailbox.label)
    return page_of(session, mailbox, place, known=known)


def page_of(session: MailSession, mailbox: Mailbox, place: ListPlace, *, known: MailboxState) -> MailboxPage:
    """As ``mailbox_page``, for who has the mailbox and its stored state at hand."""
    part = part_of(place)

    def shown() -> dict[Uid, frozenset[str]]:
        return {each.summary.uid: each.summary.flags for each in part.rows(session.database, mailbox.id, limit=PAGE)}

    freshness, state = check(session, mailbox, known=known, shown=None if part.newest else shown)
    rows, earlier, later = _with_ends(session.database, mailbox.id, part)
    selected = selections.count(session.database, session.user.id, place.selection) if place.selection else 0
    outgoing = mailbox.special_use in OUTGOING
    return MailboxPage(
        mailbox=mailbox,
        rows=tuple(row(each, outgoing=outgoing) for each in rows),
        total=max(state.exists, state.indexed),
        unseen=state.unseen,
        indexed=state.indexed,
        progress=100 if not state.exists else state.progress,
        freshness=freshness,
        outgoing=outgoing,
        sort=part.sort,
        filter=part.filter,
        place=place,
        next_cursor=write_cursor(rows[-1].place) if later else "",
        previous_cursor=write_cursor(rows[0].place) if earlier else "",
        read_only=state.read_only,
        stamp=f"{state.uidvalidity}.{state.uidnext}",
        selection=place.selection,
        selected=selected,
    )


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a list that a place names, read and checked."""

    sort: Sort
    filter: Filter | None
    after: Place | None = None
    before: Place | None = None

    @property
    def newest(self) -> bool:
        """Whether it is the first page of the plain list, which every sync looks after."""
        return self.sort is Sort.DATE and not (self.filter or self.after or self.before)

    def rows(self, database: Database, mailbox_id: MailboxId, *, limit: int) -> list[ListedMessage]:
        """The rows of this part."""
        return lists.page(
            database, mailbox_id, sort=self.sort.value, filter=self.filter or None, after=self.after, before=self.before, limit=limit
        )


def part_of(place: ListPlace) -> Part:
    """Read a place. Raises InvalidInput for an order, a filter, a cursor or a day that is none."""
    if place.sort and place.sort not in list(Sort):
        raise InvalidInput("sort", field="sort", value=place.sort)
    if place.filter and place.filter not in list(Filter):
        raise InvalidInput("filter", field="filter", value=place.filter)
    sort, chosen = Sort(place.sort or Sort.DATE), Filter(place.filter) if place.filter else None
    after = read_cursor(place.after, sort=sort)
    if place.on and not after:
        # Days only mean something in a list by date; a jump out of another order leads there.
        sort, after = (sort if sort.by_date else Sort.DATE), _beginning_of(place.on, oldest_first=sort is Sort.OLDEST)
    return Part(sort, chosen, after=after, before=None if after else read_cursor(place.before, sort=sort))


def _beginning_of(day: str, *, oldest_first: bool) -> Place:
    """The place before all messages of a day, in the time zone of this machine. Raises InvalidInput."""
    try:
        chosen = date.fromisoformat(day)
        midnight = datetime.combine(chosen if oldest_first else chosen + timedelta(days=1), time()).astimezone()
        return Place(None, microseconds(midnight), 0)
    except (ValueError, OverflowError) as error:
        raise InvalidInput("day", field="on", value=day) from error


def _with_ends(database: Database, mailbox_id: MailboxId, part: Part) -> tuple[list[ListedMessage], bool, bool]:
    """The rows of a page, and whether there are rows before and after it."""
    rows = part.rows(database, mailbox_id, limit=PAGE + 1)
    if part.before is None:
        earlier = bool(rows) and part.after is not None and _stands_below_another(database, mailbox_id, part, rows[0])
        return rows[:PAGE], earlier, len(rows) > PAGE
    if len(rows) <= PAGE:
        # Less than a page is left in front of the place: that is the first page, and it is shown whole.
        return _with_ends(database, mailbox_id, replace(part, before=None))
    return rows[1:], True, True


def _stands_below_another(database: Database, mailbox_id: MailboxId, part: Part, first: ListedMessage) -> bool:
    return bool(replace(part, after=None, before=first.place).rows(database, mailbox_id, limit=1))


def check(session: MailSession, mailbox: Mailbox, *, known: MailboxState, shown: sync.Shown | None) -> tuple[Freshness, MailboxState]:
    """Compare the index of a mailbox with the server, beside the request, and tell how far it is true now.

    Costs nothing where a watcher vouches for it; rows off the first page need more than that where the server tells of
    changed flags only in part. Waits 300 ms at most, except where nothing is known of the mailbox yet: then there is nothing else to show.
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
    if (shown is None or known.tracked) and _vouched_for(session.database, mailbox, known):
        return Freshness.FRESH, known
    running = session.imap.beside(look)
    try:
        return Freshness.FRESH, running.result(timeout=PATIENCE)
    except (StillRunning, Conflict):
        return Freshness.LATE, mailboxes.state(session.database, mailbox.id)
    except WebmailError as error:
        if not error.transient:
            raise
        return Freshness.UNREACHABLE, known


def _vouched_for(database: Database, mailbox: Mailbox, state: MailboxState) -> bool:
    """Whether the index of a mailbox is known to be true without asking: a living watcher says so, and the counts agree."""
    counts, known = mailbox.counts, (state.uidvalidity, state.uidnext, state.exists, state.unseen)
    if not state.watched(datetime.now(UTC)) or (counts.uidvalidity, counts.uidnext, counts.messages, counts.unseen) != known:
        return False
    return vigil.kept(database)


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


def write_cursor(place: Place) -> str:
    """The place of a row as text for a URL: its date in microseconds, its id, and what else it is sorted by."""
    written = f"{place.date}.{place.id}"
    if place.key is None:
        return written
    return f"{written}.{urlsafe_b64encode(str(place.key).encode()).decode().rstrip('=')}"


def cursor_at(summary: MessageSummary) -> str:
    """The cursor of the page, newest first, whose first row is this message."""
    return write_cursor(Place(None, microseconds(summary.internal_date), summary.id + 1))


def read_cursor(text: str, *, sort: Sort = Sort.DATE) -> Place | None:
    """The place a cursor names. Raises InvalidInput for anything we did not write for this order."""
    if not text:
        return None
    found = CURSOR.fullmatch(text)
    if found is None or bool(found[3]) is sort.by_date:
        raise InvalidInput("cursor", field="after", value=text)
    return Place(_key(found[3], sort=sort) if found[3] else None, int(found[1]), int(found[2]))


def _key(text: str, *, sort: Sort) -> str | int:
    try:
        key = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        return int(key[:18]) if sort in (Sort.SIZE, Sort.SMALLEST) else key
    except ValueError as error:
        raise InvalidInput("cursor", field="after", value=text) from error
