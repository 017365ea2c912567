"""Opening a folder: a page of its list from the index, checked against the server beside the request."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from concurrent.futures import TimeoutError as StillRunning
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from webmail.errors import Conflict, InvalidInput, NotAllowed, NotFound, WebmailError
from webmail.mail import preferences, sync
from webmail.mail.pages import Filter, Freshness, ListPlace, MailboxPage, Neighbour, Row, RowThread, Sort, View
from webmail.mail.session import MailSession, account, again_if_cut, connection
from webmail.mail.sync import PAGE
from webmail.mailbox import HIDDEN, Mailbox, MailboxId, SpecialUse
from webmail.message.summary import Flag, MessageSummary, Uid
from webmail.store import jobs, mailboxes, messages, selections, threads, vigil
from webmail.store import listing as lists
from webmail.store.columns import microseconds
from webmail.store.database import Database
from webmail.store.listing import ListedMessage, Place
from webmail.store.mailboxes import MailboxState
from webmail.store.messages import OUTGOING
from webmail.store.threads import ListedThread

CURSOR = re.compile(r"(-?[0-9]{1,18})\.([0-9]{1,18})(?:\.([A-Za-z0-9_-]{0,600}))?")
FIRST = ListPlace()
CHECKED = 500
"""Messages whose flags a check asks for, where the server does not tell which have changed."""
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


def page_of(
    session: MailSession, mailbox: Mailbox, place: ListPlace, *, known: MailboxState, checked: Freshness | None = None, view: str = ""
) -> MailboxPage:
    """As ``mailbox_page``, for who has the mailbox and its stored state at hand, or knows the ``view`` that is meant where the
    place names none; ``checked`` is what a check has told just now.
    """
    part = _viewed(session, mailbox, part_of(place), asked=place.view or view)
    freshness, state = (checked, known) if checked and known.tracked else _check_part(session, mailbox, part, known=known)
    window = _window(session.database, mailbox, part)
    rows = window.rows
    selected = selections.count(session.database, session.user.id, place.selection) if place.selection else 0
    outgoing = mailbox.special_use in OUTGOING
    return MailboxPage(
        mailbox=mailbox,
        rows=tuple(_drawn(each, outgoing=outgoing) for each in rows),
        total=max(state.exists, state.indexed),
        unseen=state.unseen,
        indexed=state.indexed,
        progress=100 if not state.exists else state.progress,
        freshness=freshness,
        outgoing=outgoing,
        sort=part.sort,
        filter=part.filter,
        view=part.view,
        place=place,
        next_cursor=write_cursor(_place(rows[-1])) if window.goes_on else "",
        previous_cursor=write_cursor(_place(rows[0])) if window.above else "",
        read_only=state.read_only,
        stamp=stamp(state),
        selection=place.selection,
        selected=selected,
        above=_neighbour(_drawn(window.above, outgoing=outgoing)) if window.above else None,
        below=_neighbour(_drawn(window.below, outgoing=outgoing)) if window.below else None,
    )


Listed = ListedMessage | ListedThread


def _place(listed: Listed) -> Place:
    return listed.newest.place if isinstance(listed, ListedThread) else listed.place


def stamp(state: MailboxState) -> str:
    """What there is in a mailbox now, for actions on all of it: what comes later is not meant (see ``choosing``)."""
    return f"{state.uidvalidity}.{state.uidnext}"


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a list that a place names, read and checked. Conversations leave out what is in ``without``."""

    sort: Sort
    filter: Filter | None
    after: Place | None = None
    before: Place | None = None
    view: View = View.MESSAGES
    without: frozenset[MailboxId] = frozenset()

    @property
    def newest(self) -> bool:
        """Whether it is the first page of the plain list, which every sync looks after."""
        return self.sort is Sort.DATE and self.view is View.MESSAGES and not (self.filter or self.after or self.before)

    def rows(self, database: Database, mailbox: Mailbox, *, limit: int) -> Sequence[Listed]:
        """The rows of this part."""
        wanted = self.filter or None
        if self.view is View.MESSAGES:
            return lists.page(database, mailbox.id, sort=self.sort.value, filter=wanted, after=self.after, before=self.before, limit=limit)
        return threads.page(
            database, mailbox.account_id, mailbox.id, filter=wanted, after=self.after, before=self.before, limit=limit, without=self.without
        )

    def shown(self, database: Database, mailbox: Mailbox) -> dict[Uid, frozenset[str]]:
        """The flags of all that the rows tell of in this mailbox, for a check that has to ask for them."""
        rows = self.rows(database, mailbox, limit=PAGE)
        known = {each.summary.uid: each.summary.flags for each in rows if isinstance(each, ListedMessage)}
        whole = [each.thread_id for each in rows if isinstance(each, ListedThread)]
        ids = threads.ids_in(database, mailbox.account_id, mailbox.id, whole)[:CHECKED] if whole else []
        return known | {each.summary.uid: each.summary.flags for each in messages.get_many(database, mailbox.account_id, ids)}


def _viewed(session: MailSession, mailbox: Mailbox, part: Part, *, asked: str) -> Part:
    """A part as conversations, where that is asked for or was chosen last and the list can be one of conversations.

    Drafts are none, and in other orders a conversation has no place of its own.
    """
    view = preferences.view(session, asked)
    if view is View.MESSAGES or part.sort is not Sort.DATE or mailbox.special_use is SpecialUse.DRAFTS:
        return part
    return replace(part, view=view, without=hidden_from(session.database, mailbox))


def hidden_from(database: Database, mailbox: Mailbox) -> frozenset[MailboxId]:
    """The mailboxes of which conversations show nothing: Trash and Junk, but where they are looked at from there."""
    return mailboxes.of_roles(database, mailbox.account_id, HIDDEN) - {mailbox.id}


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


@dataclass(frozen=True, slots=True)
class _Window:
    """The rows of a page, the one before them, and the one after them where it was read; ``goes_on`` says that there is one."""

    rows: Sequence[Listed]
    above: Listed | None
    below: Listed | None
    goes_on: bool


def _window(database: Database, mailbox: Mailbox, part: Part) -> _Window:
    rows = part.rows(database, mailbox, limit=PAGE + 1)
    if part.before is None:
        earlier = _beside(database, mailbox, part, before=_place(rows[0])) if rows and part.after is not None else ()
        below = rows[PAGE] if len(rows) > PAGE else None
        return _Window(rows[:PAGE], next(iter(earlier), None), below, goes_on=below is not None)
    if len(rows) <= PAGE:
        # Less than a page is left in front of the place: that is the first page, and it is shown whole.
        return _window(database, mailbox, replace(part, before=None))
    return _Window(rows[1:], rows[0], None, goes_on=True)


def _beside(
    database: Database, mailbox: Mailbox, part: Part, *, before: Place | None = None, after: Place | None = None
) -> Sequence[Listed]:
    """The one row right before or right after a place; none at an end of the list."""
    return replace(part, before=before, after=after).rows(database, mailbox, limit=1)


def page_beside(
    session: MailSession, mailbox: Mailbox, summary: MessageSummary, place: ListPlace, *, known: MailboxState, thread_id: int
) -> MailboxPage | None:
    """The list stays visible beside a message, on the page that has its row; a message must open even without it (None)."""
    try:
        view = preferences.view(session, place.view)
        if place == ListPlace(view=place.view) and _lies_beyond(session, mailbox, summary, view):
            return page_of(session, mailbox, ListPlace(after=cursor_at(summary), view=place.view), known=known, view=view)
        page = page_of(session, mailbox, place, known=known, view=view)
        if not page.sort.by_date or page.filter or row_of(page, summary, thread_id=thread_id) is not None:
            return page
        now = mailboxes.state(session.database, mailbox.id)
        # A conversation stands where its newest message here does.
        stands = threads.place_in(session.database, mailbox.account_id, mailbox.id, thread_id) if page.view is View.CONVERSATIONS else None
        after = write_cursor(stands._replace(id=stands.id + 1)) if stands else cursor_at(summary)
        return page_of(session, mailbox, ListPlace(after=after, view=place.view), known=now, checked=page.freshness, view=view)
    except WebmailError:
        return None


def _lies_beyond(session: MailSession, mailbox: Mailbox, summary: MessageSummary, view: View) -> bool:
    """Whether it is clear beforehand that a message is not on the first page of its list: that is one of messages, and many are newer."""
    return view is View.MESSAGES and lists.newer(session.database, mailbox.id, _place_of(summary), limit=PAGE) == PAGE


def row_of(page: MailboxPage | None, summary: MessageSummary, *, thread_id: int) -> int | None:
    """Which row of a page is that of a message or of its conversation."""
    for number, each in enumerate(page.rows if page else ()):
        if each.message.id == summary.id or (each.thread is not None and each.thread.id == thread_id):
            return number
    return None


def neighbours(
    session: MailSession, mailbox: Mailbox, summary: MessageSummary, page: MailboxPage | None, *, thread_id: int
) -> tuple[Neighbour | None, Neighbour | None]:
    """The rows above and below the one of a message or of its conversation: from the page it stands on, else from the index."""
    rows, here = page.rows if page else (), row_of(page, summary, thread_id=thread_id)
    if here is None or page is None:
        return _neighbours_in_index(session, mailbox, summary, page)
    above, below = page.above, page.below
    if here == len(rows) - 1 and page.next_cursor and below is None:
        _, below = _neighbours_in_index(session, mailbox, rows[here].message, page)
    return (
        _neighbour(rows[here - 1]) if here > 0 else above,
        _neighbour(rows[here + 1]) if here < len(rows) - 1 else below,
    )


def _neighbours_in_index(
    session: MailSession, mailbox: Mailbox, summary: MessageSummary, page: MailboxPage | None
) -> tuple[Neighbour | None, Neighbour | None]:
    if page is None or page.view is View.MESSAGES:
        sort, filter = (page.sort.value, page.filter) if page else ("date", None)
        above, below = lists.neighbours(session.database, mailbox.id, summary.id, sort=sort, filter=filter)
        return Neighbour(above) if above else None, Neighbour(below) if below else None
    part, place = _viewed(session, mailbox, Part(page.sort, page.filter), asked=page.view), _place_of(summary)
    around = _beside(session.database, mailbox, part, before=place), _beside(session.database, mailbox, part, after=place)
    drawn = [_neighbour(_drawn(each, outgoing=page.outgoing)) if (each := next(iter(found), None)) else None for found in around]
    return drawn[0], drawn[1]


def _place_of(summary: MessageSummary, *, behind: int = 0) -> Place:
    """Where a message stands in a list by date."""
    return Place(None, microseconds(summary.internal_date), summary.id + behind)


def _neighbour(row: Row) -> Neighbour:
    return Neighbour(row.message.id, conversation=row.count > 1)


def _drawn(listed: Listed, *, outgoing: bool) -> Row:
    return thread_row(listed, outgoing=outgoing) if isinstance(listed, ListedThread) else row(listed, outgoing=outgoing)


def _check_part(session: MailSession, mailbox: Mailbox, part: Part, *, known: MailboxState) -> tuple[Freshness, MailboxState]:
    return check(session, mailbox, known=known, shown=None if part.newest else lambda: part.shown(session.database, mailbox))


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


def thread_row(listed: ListedThread, *, outgoing: bool) -> Row:
    """A line of a list of conversations; it names who has written in it, and in Sent who the newest message there is to."""
    newest = row(listed.newest, outgoing=outgoing)
    told = RowThread(listed.thread_id, listed.messages, unread=listed.unread > 0, flagged=listed.flagged)
    # A sender who is not clear is shown as it came, and never among others.
    alone = outgoing or newest.message.envelope.sender_doubtful or not listed.senders
    people = newest.people if alone else listed.senders
    return replace(newest, people=people, has_attachments=listed.has_attachments, thread=told)


def write_cursor(place: Place) -> str:
    """The place of a row as text for a URL: its date in microseconds, its id, and what else it is sorted by."""
    written = f"{place.date}.{place.id}"
    if place.key is None:
        return written
    return f"{written}.{urlsafe_b64encode(str(place.key).encode()).decode().rstrip('=')}"


def cursor_at(summary: MessageSummary) -> str:
    """The cursor of the page, newest first, whose first row is this message."""
    return write_cursor(_place_of(summary, behind=1))


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
