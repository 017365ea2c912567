"""Filtering: filters tried on messages, on those that are here to see what they would touch, and on each that newly comes.

Of new mail the worker has a mark in the inbox, the first UID it has not looked at, which every message passes once. What a
filter took away and somebody brought back is known again by what stays the same of it (``store.filters.sameness``). A message is
noted before anything is done to it and once more when all is done: who is killed in between does the rest, and makes no second
copy.
"""

from __future__ import annotations

import hashlib
import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from webmail.errors import InvalidInput, NotAllowed, NotFound, ServerRefused
from webmail.formats import filters as rules
from webmail.formats.filters import Facts, Field, MailFilter, Outcome
from webmail.imap import fetch
from webmail.imap.connection import Connection
from webmail.mail import choosing, filing, redirecting
from webmail.mail.choosing import Batch
from webmail.mail.filing import Handling
from webmail.mail.filter_pages import Rehearsal
from webmail.mail.mailboxes import role
from webmail.mail.pages import ActionResult
from webmail.mail.session import MailSession, account, connection, opened, select
from webmail.mailbox import Mailbox, SpecialUse
from webmail.message.header import display_fields
from webmail.message.summary import Flag, MessageSummary, Uid
from webmail.store import filters, journal, listing, mailboxes, selections
from webmail.store.filters import KeptFilters
from webmail.store.messages import StoredMessage
from webmail.store.selections import Chosen

LOG = logging.getLogger(__name__)
LOOKED_AT = 2000
"""Messages of the inbox, the newest, that a rehearsal looks at."""
LOOKED_INTO = 500
"""The same where the server has to be asked for their headers or bodies."""
SHOWN = 8
BATCH = 100
SLACK = timedelta(minutes=5)
"""How far the clock of the mail server may be behind ours."""
HEADER_OCTETS = 65_536
ACTION = "filtered"
"""What the journal calls it."""


def rehearse(session: MailSession, wanted: MailFilter) -> Rehearsal:
    """Which of the newest messages of the inbox a filter means, before it is kept; what it finds can be chosen by the selection.

    Costs a reading of 2,000 rows of the index; where it asks for other fields or for bodies, one or two round trips and 500 rows.
    """
    mine = account(session)
    inbox = role(session, SpecialUse.INBOX)
    asks = bool(rules.headers_wanted([wanted]) or rules.bodies_wanted([wanted]))
    known = [each.summary for each in listing.page(session.database, inbox.id, limit=LOOKED_INTO if asks else LOOKED_AT)]
    uidvalidity = mailboxes.state(session.database, inbox.id).uidvalidity
    if asks and known:
        with opened(session, inbox, uidvalidity=uidvalidity) as lent:
            told = facts(lent, known, [wanted])
    else:
        told = facts(None, known, [wanted])
    found = [each for each in known if rules.meant(wanted, told[each.uid])]
    selection = 0
    if found:
        chosen = Chosen(mine.id, inbox.id, uidvalidity, tuple(sorted(each.uid for each in found)))
        selection = selections.put(session.database, session.user.id, [chosen], now=datetime.now(UTC))
    return Rehearsal(len(found), len(known), tuple(found[:SHOWN]), selection, whole=len(known) >= (inbox.counts.messages or 0))


def apply(session: MailSession, wanted: MailFilter, *, selection: int) -> ActionResult:
    """Do what a filter says to the messages a rehearsal has found; Undo takes it back. Nothing is forwarded.

    Raises as ``filing.act``, and NotFound("selection").
    """
    did = rules.outcome([replace(wanted, conditions=(), enabled=True)], Facts({}, {}, 0, {}))
    batches = choosing.batches(session, ids=(), selection=selection)
    if did is None or not batches:
        raise NotFound("selection")
    handling = _handling(session, did)
    entries = [entry for batch in batches for piece in batch.pieces(filing.PIECE) for entry in filing.handle(session, piece, handling)]
    entries = [entry for entry in entries if entry.uids]
    number = journal.record(session.database, account(session).id, action=ACTION, entries=entries, now=datetime.now(UTC)) if entries else 0
    return ActionResult(ACTION, sum(len(batch.flags) for batch in batches), number, mailbox_id=batches[0].mailbox.id)


def facts(lent: Connection | None, found: Sequence[MessageSummary], wanted: Collection[MailFilter]) -> dict[Uid, Facts]:
    """What filters compare, of messages of the mailbox selected; asked of the server only where the filters ask for it."""
    headers: Mapping[Uid, Mapping[str, Sequence[str]]] = {}
    bodies: Mapping[Uid, set[str]] = {}
    uids = [each.uid for each in found]
    if lent is not None and rules.headers_wanted(wanted):
        headers = {uid: _fields(raw) for uid, raw in fetch.beginnings(lent, uids, "HEADER", HEADER_OCTETS).items()}
    if lent is not None:
        bodies = _bodies(lent, uids, rules.bodies_wanted(wanted))
    return {each.uid: _facts(each, headers.get(each.uid, {}), bodies.get(each.uid, set())) for each in found}


def _facts(summary: MessageSummary, headers: Mapping[str, Sequence[str]], bodies: Collection[str]) -> Facts:
    envelope = summary.envelope
    people = {Field.FROM: envelope.sender, Field.TO: envelope.to, Field.CC: envelope.cc}
    texts: dict[Field, Sequence[str]] = {
        field: [f"{each.name} <{each.addr_spec}>" if each.name else each.addr_spec for each in those] for field, those in people.items()
    }
    texts[Field.SUBJECT] = [envelope.subject]
    texts[Field.LIST] = [envelope.list_id] if envelope.list_id else []
    addresses = {field: [each.addr_spec for each in those] for field, those in people.items()}
    return Facts(texts, addresses, summary.size, headers, frozenset(bodies))


def _fields(raw: bytes) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for name, value in display_fields(raw):
        found[name.lower()].append(value)
    return found


def _bodies(lent: Connection, uids: Sequence[Uid], wanted: Iterable[str]) -> dict[Uid, set[str]]:
    """Which of the texts each body contains: the server looks, since it has the bodies. One round trip a text."""
    found: dict[Uid, set[str]] = defaultdict(set)
    for text in wanted if uids else ():
        for uid in fetch.search(lent, "UID", f"{min(uids)}:{max(uids)}", "BODY", text):
            found[uid].add(text)
    return found


def _handling(session: MailSession, did: Outcome) -> Handling:
    """What is done to messages that lie in the inbox already: put away once, and copied to every other place.

    What is to be discarded goes to Trash, where it can still be found. Raises NotFound("filter_mailbox") for a mailbox that is gone.
    """
    places = [_place(session, name) for name in did.mailboxes]
    if did.discarded:
        places = [role(session, SpecialUse.TRASH)]
    flags = tuple(flag for flag, wanted in ((Flag.SEEN, did.seen), (Flag.FLAGGED, did.flag)) if wanted)
    return Handling(flags, tuple(places if did.kept else places[:-1]), None if did.kept or not places else places[-1])


def _place(session: MailSession, name: str) -> Mailbox:
    found = mailboxes.by_name(session.database, account(session).id, name)
    if found is None:
        raise NotFound("filter_mailbox", name=name)
    return found


def begin(session: MailSession, *, now: datetime) -> None:
    """Let filters be tried on what comes from now on, and on nothing that is here already."""
    inbox = role(session, SpecialUse.INBOX)
    state = mailboxes.state(session.database, inbox.id)
    filters.advance(session.database, account(session).id, uidvalidity=state.uidvalidity, uid=Uid(state.uidnext), since=now)


def run(session: MailSession, *, now: datetime) -> datetime | None:
    """Try the filters of an account on up to a hundred messages of the inbox; returns when there are more to do.

    May be killed at any line and called again. Raises the errors of the connection.
    """
    mine = account(session).id
    kept, inbox = filters.get(session.database, mine), role(session, SpecialUse.INBOX)
    state = mailboxes.state(session.database, inbox.id)
    if kept is None:
        return None
    if kept.uidvalidity != state.uidvalidity or not kept.uid:
        # The inbox was made anew, or was never opened before: what is in it now is not new mail.
        begin(session, now=now)
        return None
    wanted = [each for each in kept.filters if each.enabled]
    if not wanted:
        filters.advance(session.database, mine, uidvalidity=state.uidvalidity, uid=Uid(max(kept.uid, state.uidnext)))
        return None
    with opened(session, inbox, uidvalidity=kept.uidvalidity) as lent:
        there = [uid for uid in fetch.search(lent, "UID", f"{kept.uid}:*") if uid >= kept.uid]
        found = [each for each in fetch.summaries(lent, there[:BATCH]) if each.internal_date >= kept.since - SLACK]
        told = facts(lent, found, wanted)
    known = filters.tried(session.database, mine, [filters.sameness(each) for each in found])
    fresh = [each for each in found if not known.get(filters.sameness(each)) and Flag.DELETED not in each.flags]
    outcomes = ((each, rules.outcome(wanted, told[each.uid])) for each in fresh)
    judged = [_Judged(each, did, filters.sameness(each) in known) for each, did in outcomes if did is not None]
    _try_on(session, inbox, kept, judged, now=now)
    filters.note(session.database, mine, [filters.sameness(each) for each in fresh], finished=True, now=now)
    if there:
        filters.advance(session.database, mine, uidvalidity=kept.uidvalidity, uid=Uid(there[:BATCH][-1] + 1))
    return now if len(there) > BATCH else None


@dataclass(frozen=True, slots=True)
class _Judged:
    """A message, what the filters came to, and whether somebody has begun with it before."""

    summary: MessageSummary
    did: Outcome
    resumed: bool


@dataclass(frozen=True, slots=True)
class _Group:
    """Messages of the inbox to which the same is done; ``resumed``: somebody began with it and did not finish."""

    did: Outcome
    batch: Batch
    messages: tuple[MessageSummary, ...]
    resumed: bool


def _try_on(session: MailSession, inbox: Mailbox, kept: KeptFilters, judged: Sequence[_Judged], *, now: datetime) -> None:
    """Do what the filters came to, message group by message group."""
    groups: dict[tuple[Outcome, bool], list[MessageSummary]] = defaultdict(list)
    for each in judged:
        groups[each.did, each.resumed].append(each.summary)
    for (did, resumed), those in groups.items():
        filters.note(session.database, account(session).id, [filters.sameness(each) for each in those], finished=False, now=now)
        batch = Batch(inbox, kept.uidvalidity, {each.uid: each.flags for each in those})
        group = _Group(did, batch, tuple(those), resumed)
        for address in did.forwards:
            with _left_where_forbidden():
                _forward(session, group, address, now=now)
        with _left_where_forbidden():
            _file(session, group, now=now)


@contextmanager
def _left_where_forbidden() -> Iterator[None]:
    """Where the server or the rules forbid what a filter says, the message stays as it is, and the next one has its turn."""
    try:
        yield
    except (NotFound, NotAllowed, InvalidInput, ServerRefused) as error:
        if error.transient:
            raise
        LOG.warning("a filter could not do all it should: %s", error.code)


def _forward(session: MailSession, group: _Group, address: str, *, now: datetime) -> None:
    for each in group.messages:
        key = hashlib.sha256(f"{filters.sameness(each)} {address}".encode()).hexdigest()
        stored = StoredMessage(each, group.batch.mailbox.id, group.batch.uidvalidity)
        redirecting.pass_on(session, stored, to=address, key=key, now=now)


def _file(session: MailSession, group: _Group, *, now: datetime) -> None:
    handling = _handling(session, group.did)
    if group.resumed:
        handling = replace(handling, copies=tuple(each for each in handling.copies if not _is_copied(session, each, group.messages)))
    entries = [entry for entry in filing.handle(session, group.batch, handling) if entry.uids]
    if entries:
        journal.record(session.database, account(session).id, action=ACTION, entries=entries, now=now)


def _is_copied(session: MailSession, target: Mailbox, messages: Iterable[MessageSummary]) -> bool:
    """Whether a copy was made before the one who made it was killed. COPY is of all messages or of none (RFC 9051 §6.4.7)."""
    with connection(session, prefer=target) as lent:
        select(session.database, lent, target)
        named = (each.envelope.message_id_field for each in messages)
        return any(fetch.find(lent, message_id_field=name) for name in named if name)
