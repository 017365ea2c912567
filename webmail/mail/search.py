"""Searching everything: all folders and accounts of a person, from the index, and from the server what the index lacks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import TimeoutError as StillRunning
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from time import monotonic

from webmail.account import Account
from webmail.errors import InvalidInput, WebmailError
from webmail.imap import fetch
from webmail.imap import search as criteria
from webmail.mail import indexing, listing, sync
from webmail.mail.found import Coverage, FoundRow, SearchOrder, SearchPage, Suggestion
from webmail.mail.session import MailSession, connection, focused
from webmail.mailbox import HIDDEN, Mailbox, MailboxId, SpecialUse
from webmail.query.hits import hits
from webmail.query.parse import Query, parse
from webmail.query.places import means, names_place
from webmail.query.syntax import And, Field, In, Node, Text, leaves
from webmail.store import fulltext, mailboxes, messages, saved_searches, search, selections
from webmail.store.columns import envelope_value
from webmail.store.mailboxes import MailboxState
from webmail.store.search import Hit, Scope
from webmail.store.selections import Chosen

PAGE = 50
COUNTED = 1000
"""Hits that are counted one by one; beyond it is "more than a thousand"."""
CHOSEN = 50_000
PATIENCE = 1.5
"""Seconds a page waits for the server to look through what the index does not have."""

Marks = Callable[[str], list[tuple[int, int]]]
"""Which pieces of a text (from, to) were searched for."""


def understood(text: str) -> Query:
    """A query as it is understood now, in the time zone of this machine."""
    now = datetime.now(UTC).astimezone()
    return parse(text, now=now, zone=now.tzinfo or UTC)


def marker(text: str, *, fields: Sequence[Field | None] = (None, Field.BODY)) -> Marks | None:
    """What of any text a query found, for marking it; None for a query without words."""
    node = understood(text).node if text else None
    return None if node is None else lambda part: hits(part, node, fields=fields)


@dataclass(frozen=True, slots=True)
class Ground:
    """Every folder of a person, and where a query looks among them."""

    accounts: tuple[Account, ...]
    known: dict[MailboxId, Mailbox]
    states: dict[MailboxId, MailboxState]
    scope: Scope
    unknown: tuple[str, ...]


def ground(session: MailSession, node: Node) -> Ground:
    """Where a query looks: all folders of all accounts, or those it names. Two look-ups an account."""
    known: dict[MailboxId, Mailbox] = {}
    states: dict[MailboxId, MailboxState] = {}
    for mine in session.accounts:
        listed, of_these = mailboxes.overview(session.database, mine.id)
        known |= {each.id: each for each in listed if each.selectable}
        states |= of_these
    names = frozenset(leaf.name for leaf, _ in leaves(node) if isinstance(leaf, In))
    places = {name: frozenset(each.id for each in known.values() if _is_called(each, name)) for name in names}
    named = names_place(node)
    # Who names a folder means it; else what was thrown away stays out of sight.
    shown = [each.id for each in known.values() if named or each.special_use not in HIDDEN]
    scope = Scope(tuple(each.id for each in session.accounts), tuple(shown), places)
    return Ground(session.accounts, known, states, scope, tuple(sorted(name for name, found in places.items() if not found)))


def _is_called(mailbox: Mailbox, name: str) -> bool:
    return means(name, mailbox=mailbox.name, delimiter=mailbox.delimiter, role=mailbox.special_use)


def search_page(
    session: MailSession, text: str, *, order: str = "", after: str = "", selection: int = 0, patience: float = PATIENCE
) -> SearchPage:
    """A page of what a query finds, newest first or best first.

    Costs one query of the index, and a bounded count. Where the index is not complete the server is asked for the rest,
    beside the request, for ``patience`` seconds at most. A mistake in the query gives a hint and never an error. Raises
    InvalidInput for an order or a cursor that is none.
    """
    chosen = SearchOrder(order) if order in list(SearchOrder) else None
    if order and chosen is None:
        raise InvalidInput("sort", field="order", value=order)
    query = understood(text)
    saved = saved_searches.of_user(session.database, session.user.id)
    known = next((each for each in saved if each.query == text), None)
    hints = tuple((hint.code, dict(hint.values)) for hint in query.hints)
    selected = selections.count(session.database, session.user.id, selection) if selection else 0
    page = SearchPage(text, chosen or SearchOrder.NEWEST, hints, after=after, saved=known, suggestions=_suggestions(session, query))
    if query.node is None:
        return page
    where = ground(session, query.node)
    found, next_cursor = _found(session, query.node, where, order=page.order, after=after)
    coverage, more = _rest(session, query.node, where, patience=patience) if not after else (Coverage(), [])
    rows = [_row(each, where, query.node) for each in _once([*found, *more], order=page.order)]
    return replace(
        page,
        rows=tuple(rows),
        count=max(len(rows), _counted(session, query.node, where, found, whole=not after and not next_cursor)),
        next_cursor=next_cursor,
        coverage=coverage,
        unknown_mailboxes=where.unknown,
        selection=selection,
        selected=selected,
    )


def _found(session: MailSession, node: Node, where: Ground, *, order: SearchOrder, after: str) -> tuple[list[Hit], str]:
    if order is SearchOrder.BEST:
        skip = int(after) if after.isascii() and after.isdigit() and len(after) < 6 else 0
        found = search.find(session.database, node, scope=where.scope, limit=PAGE + 1, ranked=True, skip=skip)
        return found[:PAGE], str(skip + PAGE) if len(found) > PAGE else ""
    place = listing.read_cursor(after)
    before = (place.date, place.id) if place else None
    found = search.find(session.database, node, scope=where.scope, limit=PAGE + 1, before=before)
    return found[:PAGE], listing.write_cursor(found[PAGE - 1].listed.place) if len(found) > PAGE else ""


def _counted(session: MailSession, node: Node, where: Ground, found: Sequence[Hit], *, whole: bool) -> int:
    """How many are found, up to a little more than a thousand; to count them costs as much as to find them."""
    return len(found) if whole else search.count(session.database, node, scope=where.scope, limit=COUNTED + 1)


def _once(found: Sequence[Hit], *, order: SearchOrder) -> Iterator[tuple[Hit, list[MailboxId]]]:
    """Each message once, with the folders its copies are in."""
    copies: dict[tuple[int, bytes | int], list[Hit]] = defaultdict(list)
    for hit in found:
        copies[hit.account_id, hit.sameness or hit.listed.summary.id].append(hit)
    groups = list(copies.values())
    if order is SearchOrder.NEWEST:
        groups.sort(key=lambda group: group[0].listed.place[1:], reverse=True)
    for group in groups:
        yield group[0], list(dict.fromkeys(each.mailbox_id for each in group))


def _row(found: tuple[Hit, list[MailboxId]], where: Ground, node: Node) -> FoundRow:
    hit, places = found
    mailbox = where.known[hit.mailbox_id]
    summary = hit.listed.summary
    outgoing = mailbox.special_use in messages.OUTGOING
    return FoundRow(
        row=listing.row(hit.listed, outgoing=outgoing),
        mailboxes=tuple(where.known[each] for each in places),
        subject_hits=tuple(hits(summary.envelope.subject, node, fields=(None, Field.SUBJECT))),
        preview_hits=tuple(hits(summary.preview, node, fields=(None, Field.BODY))),
    )


@dataclass(frozen=True, slots=True)
class _Missing:
    """A folder of which the index does not have everything, and how much of it."""

    mailbox: Mailbox
    lacking: int


def _missing(session: MailSession, where: Ground) -> tuple[list[_Missing], int]:
    """The folders the index does not wholly know, and how many messages there are in all."""
    found, total = [], 0
    for mine in where.accounts:
        without_words = fulltext.remaining(session.database, mine.id)
        for mailbox_id in where.scope.mailboxes:
            mailbox = where.known[mailbox_id]
            if mailbox.account_id != mine.id:
                continue
            state = where.states.get(mailbox_id)
            exists = mailbox.counts.messages or 0 if state is None else max(state.exists, mailbox.counts.messages or 0)
            total += exists
            lacking = max(0, exists - (state.indexed if state else 0)) + without_words.get(mailbox_id, 0)
            if lacking:
                found.append(_Missing(mailbox, lacking))
    return found, total


def _rest(session: MailSession, node: Node, where: Ground, *, patience: float) -> tuple[Coverage, list[Hit]]:
    """What the server finds among the messages that the index does not have."""
    missing, total = _missing(session, where)
    if not missing:
        return Coverage(total=total, indexed=total), []
    lacking = sum(each.lacking for each in missing)
    coverage = Coverage(total=total, indexed=max(0, total - lacking), asked=True)
    answered: dict[MailboxId, list[Hit]] = {}
    until = monotonic() + patience

    def ask() -> None:
        for each in sorted(missing, key=lambda one: one.mailbox.special_use is not SpecialUse.INBOX):
            if monotonic() > until:
                return
            answered[each.mailbox.id] = _ask(focused(session, each.mailbox.account_id), each.mailbox, node)

    running = session.imap.beside(ask)
    try:
        running.result(timeout=patience)
    except (StillRunning, WebmailError):
        coverage = replace(coverage, late=True)
    found = [hit for hits_here in dict(answered).values() for hit in hits_here]
    return replace(coverage, late=coverage.late or len(answered) < len(missing)), found


def _ask(session: MailSession, mailbox: Mailbox, node: Node) -> list[Hit]:
    """Let the server search one folder; the newest hits that the index has not searched itself."""
    with connection(session, prefer=mailbox) as lent:
        index = sync.Index(session.database, lent, mailbox)
        state = sync.update(index)
        uids = fetch.search(lent, *criteria.criteria(node))
        asked = search.searched(session.database, mailbox.id, uids)
        rest = sorted((uid for uid in uids if uid not in asked), reverse=True)[:PAGE]
        unknown = [uid for uid in rest if uid < state.lowest_uid]
        if unknown:
            with indexing.lease(index) as held:
                indexing.add(index, held, fetch.summaries(lent, unknown))
    return search.by_uids(session.database, mailbox.id, rest)


def _suggestions(session: MailSession, query: Query) -> tuple[Suggestion, ...]:
    """People whose name begins with the last word of the query, for those who look for somebody."""
    last = _last_words(query.node)
    if not last:
        return ()
    found: dict[str, Suggestion] = {}
    for mine in session.accounts:
        known = mailboxes.living(session.database, mine.id).values()
        ids = [each.id for each in known if each.special_use not in HIDDEN | {*messages.OUTGOING}]
        for envelope in search.senders(session.database, mailboxes=ids, beginning=last, limit=40):
            for sender in envelope_value(envelope).sender[:1]:
                found.setdefault(sender.addr_spec.lower(), Suggestion(sender, f"from:{sender.addr_spec}"))
    return tuple(found.values())[:5]


def _last_words(node: Node | None) -> str:
    last = node.parts[-1] if isinstance(node, And) else node
    return " ".join(last.words) if isinstance(last, Text) and last.field in (None, Field.FROM) and len(last.words[0]) > 1 else ""


def select_all(session: MailSession, text: str) -> int:
    """Choose everything that a query finds now; returns the id of the selection. Raises InvalidInput where it finds nothing."""
    query = understood(text)
    if query.node is None:
        raise InvalidInput("nothing_selected", field="ids")
    where = ground(session, query.node)
    found = search.ids(session.database, query.node, scope=where.scope, limit=CHOSEN)
    by_place = search.places(session.database, where.scope.accounts, found)
    if not by_place:
        raise InvalidInput("nothing_selected", field="ids")
    chosen = [Chosen(mine, mailbox, validity, tuple(sorted(uids))) for (mine, mailbox, validity), uids in by_place.items()]
    return selections.put(session.database, session.user.id, chosen, now=datetime.now(UTC))
