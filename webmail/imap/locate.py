"""Copies found again on servers that do not say where they put them: by Message-ID and size, above UIDNEXT (RFC 3501)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from webmail.errors import ServerRefused
from webmail.imap import fetch, mailboxes, rows
from webmail.imap import response as responses
from webmail.imap.arguments import Syntax, uid_range, uid_sets
from webmail.imap.connection import Connection
from webmail.imap.response import MalformedError
from webmail.imap.selection import Selected
from webmail.mailbox import MailboxCounts
from webmail.message.header import envelope
from webmail.message.summary import Uid

_ITEMS = b"(UID RFC822.SIZE INTERNALDATE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]<0.4096>)"


@dataclass(frozen=True, slots=True)
class Trace:
    """What a copy has in common with its original. The date counts only where there is no Message-ID."""

    message_id_field: str
    size: int
    date: datetime | None


@dataclass(frozen=True, slots=True)
class Before:
    """What was known before anything was copied: the target's counts and the traces of the originals."""

    target: str
    counts: MailboxCounts
    traces: Mapping[Uid, Trace]


def look(connection: Connection, target: str, uids: Collection[Uid]) -> Before:
    """Read the target's UIDNEXT and the traces of the messages about to be copied. Two round trips."""
    counts = mailboxes.counts_if_told(connection, target)
    traces: dict[Uid, Trace] = {}
    for where in uid_sets(uids):
        traces.update(_traces(connection, where))
    return Before(target, counts, {uid: trace for uid, trace in traces.items() if uid in set(uids)})


def _traces(connection: Connection, where: Syntax) -> dict[Uid, Trace]:
    found: dict[Uid, Trace] = {}
    for row in fetch.fetch_rows(connection, "UID FETCH", where, _ITEMS):
        try:
            fields = responses.items(row.pieces)
            body = rows.body_of(fields)
            if body is None:
                connection.changed = True
                continue
            message_id = envelope(body).message_id_field
            date = None if message_id else rows.date_of(fields.get(b"INTERNALDATE", b""))
            found[rows.uid_of(fields)] = Trace(message_id, responses.number(fields.get(b"RFC822.SIZE", b"")), date)
        except MalformedError:
            continue
    return found


def find(connection: Connection, before: Before) -> dict[Uid, Uid]:
    """Which new message of the target is the copy of which original; originals of which that is not certain are left out.

    Opens the target for a moment and then the mailbox that was selected again. Four round trips.
    """
    if before.counts.uidnext is None:
        return {}
    source = connection.selected
    try:
        arrived = _arrived(connection, before)
    except ServerRefused:
        arrived = {}
    _return_to(connection, source)
    return _pairs(before.traces, arrived)


def _arrived(connection: Connection, before: Before) -> dict[Uid, Trace]:
    """The traces of all messages that came into the target since ``before``."""
    low = Uid(before.counts.uidnext or 1)
    connection.noop()
    target = connection.select(before.target)
    if target.uidvalidity != before.counts.uidvalidity:
        return {}
    return {uid: trace for uid, trace in _traces(connection, uid_range(low, None)).items() if uid >= low}


def _return_to(connection: Connection, source: Selected | None) -> None:
    if source is not None and (connection.selected is None or connection.selected.name != source.name):
        connection.select(source.name, uidvalidity=source.uidvalidity, writable=not source.read_only)
        # What other clients did meanwhile was not seen: whoever looks next must compare.
        connection.changed = True


def _pairs(originals: Mapping[Uid, Trace], arrived: Mapping[Uid, Trace]) -> dict[Uid, Uid]:
    """Originals and copies with the same trace, in the order of their UIDs; where the numbers differ, none is certain."""
    copies = _by_trace(arrived.items())
    pairs: dict[Uid, Uid] = {}
    for trace, uids in _by_trace(originals.items()).items():
        if len(uids) == len(copies.get(trace, ())):
            pairs.update(zip(uids, copies[trace], strict=True))
    return pairs


def _by_trace(traces: Iterable[tuple[Uid, Trace]]) -> dict[Trace, list[Uid]]:
    grouped: dict[Trace, list[Uid]] = defaultdict(list)
    for uid, trace in sorted(traces, key=lambda pair: pair[0]):
        grouped[trace].append(uid)
    return grouped


def find_appended(connection: Connection, before: Before, raw: bytes) -> Uid | None:
    """The UID of a message just appended, or None where it is not certain. Four round trips."""
    message_id = envelope(raw[: rows.HEADER_OCTETS]).message_id_field
    source = connection.selected
    try:
        arrived = _arrived(connection, before) if before.counts.uidnext is not None else {}
    except ServerRefused:
        arrived = {}
    _return_to(connection, source)
    named = [uid for uid, trace in arrived.items() if trace.message_id_field == message_id]
    sized = [uid for uid in named if arrived[uid].size == len(raw)]
    if message_id and len(named) == 1:
        return named[0]
    return sized[0] if len(sized) == 1 else None
