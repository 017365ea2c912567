"""STORE, COPY, MOVE, EXPUNGE, APPEND: what changes a mailbox; the source must be selected for writing (RFC 9051 §6.4).

No message is ever expunged that was not asked for, also on servers whose EXPUNGE takes every message marked
``\\Deleted``, whoever marked it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from webmail.errors import Conflict, NotAllowed, WebmailError
from webmail.imap import fetch, locate, mailboxes
from webmail.imap import response as responses
from webmail.imap.arguments import Argument, MailboxName, MessageOctets, Syntax, flag_list, uid_sets
from webmail.imap.connection import Connection
from webmail.imap.exchange import Reply
from webmail.imap.response import MalformedError
from webmail.imap.selection import Selected
from webmail.message.summary import Flag, Uid

SLOW = 28.0
"""Seconds a server may take to copy or remove many messages before it says a word; a page must answer within 30."""
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


@dataclass(frozen=True, slots=True)
class CopyResult:
    """Where copies are: the target's UIDVALIDITY (0: not known) and the new UID of each, as far as it is certain."""

    uidvalidity: int
    uids: Mapping[Uid, Uid]


@dataclass(frozen=True, slots=True)
class AppendResult:
    """Where an appended message is; 0 and None where the server does not tell and it cannot be found with certainty."""

    uidvalidity: int
    uid: Uid | None


def _writable(connection: Connection) -> Selected:
    mailbox = fetch.selected(connection)
    if mailbox.read_only:
        raise NotAllowed("read_only", name=mailbox.name)
    return mailbox


def store_flags(connection: Connection, uids: Collection[Uid], *, add: Iterable[str] = (), remove: Iterable[str] = ()) -> None:
    """Set and take flags; UIDs that are gone are passed over. One round trip for each direction and 7,900 octets of UIDs.

    Raises NotAllowed("read_only"), InvalidInput for a flag that is none. RFC 9051 §6.4.6.
    """
    changes = [
        (Syntax(sign), flag_list(flags)) for sign, flags in ((b"+FLAGS.SILENT", list(add)), (b"-FLAGS.SILENT", list(remove))) if flags
    ]
    sets = uid_sets(uids)
    _writable(connection)
    for sign, flags in changes:
        for where in sets:
            connection.command("UID STORE", where, sign, flags, seconds=SLOW)


def copy(connection: Connection, uids: Collection[Uid], target: str) -> CopyResult:
    """Copy messages into another mailbox. One round trip, six on servers without UIDPLUS.

    Raises ServerRefused (``nonexistent``, ``overquota``, ``noperm`` …); nothing has been copied of the set refused.
    RFC 9051 §6.4.7, RFC 4315.
    """
    fetch.selected(connection)
    return _transfer(connection, "UID COPY", uids, target)


def move(connection: Connection, uids: Collection[Uid], target: str) -> CopyResult:
    """Move messages into another mailbox. One round trip where the server offers MOVE.

    Else they are copied, and only when all copies are there, the originals are expunged. Raises as ``copy``, and
    NotAllowed("read_only"). RFC 9051 §6.4.8.
    """
    _writable(connection)
    if connection.has("MOVE"):
        return _transfer(connection, "UID MOVE", uids, target)
    result = _transfer(connection, "UID COPY", uids, target)
    expunge(connection, uids)
    return result


def _transfer(connection: Connection, command: str, uids: Collection[Uid], target: str) -> CopyResult:
    sets = uid_sets(uids)
    if not sets:
        return CopyResult(0, {})
    before = None if connection.has("UIDPLUS") else locate.look(connection, target, uids)
    uidvalidity = 0
    found: dict[Uid, Uid] = {}
    for where in sets:
        reply = connection.command(command, where, MailboxName(target), untagged={"OK"}, seconds=SLOW)
        told, pairs = _copyuid(reply, limit=len(uids))
        uidvalidity = told or uidvalidity
        found.update(pairs)
    if before is not None and not found:
        return CopyResult(before.counts.uidvalidity or 0, locate.find(connection, before))
    return CopyResult(uidvalidity, found)


def _copyuid(reply: Reply, *, limit: int) -> tuple[int, dict[Uid, Uid]]:
    """UIDVALIDITY and UIDs of COPYUID: in the tagged OK of COPY, in an untagged one of MOVE (RFC 4315 §3, RFC 6851 §4.3)."""
    for code in [reply.condition, *(responses.condition("OK", answer.pieces[0]) for answer in reply.responses)]:
        parts = code.arguments.split()
        if code.code != "COPYUID" or len(parts) != 3:
            continue
        try:
            old, new = (responses.expand(part, limit=limit) for part in parts[1:])
        except MalformedError:
            continue
        if len(old) == len(new):
            return responses.number(parts[0]), {Uid(one): Uid(other) for one, other in zip(old, new, strict=True)}
    return 0, {}


def expunge(connection: Connection, uids: Collection[Uid]) -> None:
    """Remove messages for ever, these and no others. Two round trips; about four on servers without UIDPLUS.

    Raises NotAllowed("read_only"), Conflict("busy") where other clients keep marking messages; then what is still there bears
    no mark of ours. RFC 4315 §2.1.
    """
    _writable(connection)
    if not uids:
        return
    try:
        store_flags(connection, uids, add=[Flag.DELETED])
        if connection.has("UIDPLUS"):
            for where in uid_sets(uids):
                connection.command("UID EXPUNGE", where, seconds=SLOW)
        else:
            _expunge_only(connection, frozenset(uids))
    except WebmailError:
        # With the mark they would go with whatever anybody expunges next, after we have said that they stay.
        if connection.usable and connection.selected is not None:
            with suppress(WebmailError):
                store_flags(connection, uids, remove=[Flag.DELETED])
        raise


def _expunge_only(connection: Connection, uids: frozenset[Uid]) -> None:
    """EXPUNGE with the marks of others taken off and put back, for it takes every message marked.

    If the connection breaks in between, the others' messages stay, without their marks: the safe side.
    """
    spared: set[Uid] = set()
    try:
        _spare_others(connection, uids, spared)
        connection.command("EXPUNGE", seconds=SLOW)
    finally:
        if spared and connection.usable and connection.selected is not None:
            store_flags(connection, spared, add=[Flag.DELETED])


def _spare_others(connection: Connection, uids: frozenset[Uid], spared: set[Uid]) -> None:
    """Take the mark off every message that is not ours, until a search made right before finds none."""
    for _ in range(5):
        others = [uid for uid in fetch.search(connection, "DELETED") if uid not in uids]
        if not others:
            return
        spared.update(others)
        store_flags(connection, others, remove=[Flag.DELETED])
    raise Conflict("busy")


def append(connection: Connection, name: str, raw: bytes, *, flags: Sequence[str] = (), date: datetime | None = None) -> AppendResult:
    """Put a message into a mailbox, its octets as they are (lines end in CRLF). Two round trips, seven without UIDPLUS.

    Raises ServerRefused (``nonexistent`` where the mailbox is missing, ``overquota`` …); InvalidInput for NUL octets or a
    flag that is none. ``date`` must know its zone. RFC 9051 §6.3.12, RFC 4315.
    """
    arguments: list[Argument] = [MailboxName(name), flag_list(flags)]
    if date is not None:
        arguments.append(Syntax(_internal_date(date)))
    before = None if connection.has("UIDPLUS") else locate.Before(name, mailboxes.counts_if_told(connection, name), {})
    reply = connection.command("APPEND", *arguments, MessageOctets(raw), seconds=SLOW)
    parts = reply.condition.arguments.split()
    if reply.condition.code == "APPENDUID" and len(parts) == 2 and responses.number(parts[1]):
        return AppendResult(responses.number(parts[0]), Uid(responses.number(parts[1])))
    if before is None:
        return AppendResult(0, None)
    return AppendResult(before.counts.uidvalidity or 0, locate.find_appended(connection, before, raw))


def _internal_date(date: datetime) -> bytes:
    """A date-time of RFC 9051 §9; months are English whatever the locale."""
    zone = date.strftime("%z")[:5]
    return f'"{date.day:2d}-{_MONTHS[date.month - 1]}-{date.year:04d} {date:%H:%M:%S} {zone}"'.encode("ascii")
