"""FETCH responses made into values: UIDs, flags, dates, summaries (RFC 9051 §7.5.2)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

from webmail.imap.response import MalformedError, Node, Response, number, octets, text
from webmail.imap.structure import BROKEN, structure
from webmail.message import mime
from webmail.message.header import SUMMARY_FIELDS, envelope
from webmail.message.summary import Flag, MessageSummary, Uid

HEADER_OCTETS = 65_536
"""A list reads no more of a header than this."""
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for an internal date that cannot be read where the header has none either."""
HEADER_ITEM = f"BODY.PEEK[HEADER.FIELDS ({' '.join(SUMMARY_FIELDS)})]<0.{HEADER_OCTETS}>".encode("ascii")
_LONG = frozenset({"TO", "CC", "BCC", "REFERENCES"})
"""The fields that can be longer than everything else together."""
_SHORT = " ".join(field for field in SUMMARY_FIELDS if field not in _LONG)
WITHOUT_LONG_FIELDS = f"(UID BODY.PEEK[HEADER.FIELDS ({_SHORT})]<0.{HEADER_OCTETS}>)".encode("ascii")
WITHOUT_STRUCTURE = b"(UID FLAGS INTERNALDATE RFC822.SIZE " + HEADER_ITEM + b")"
SUMMARY = b"(UID FLAGS INTERNALDATE RFC822.SIZE BODYSTRUCTURE " + HEADER_ITEM + b")"

_UID = re.compile(rb"(?:^|[\s(])UID (\d{1,10})(?=[\s)]|$)", re.IGNORECASE)
_DATE = re.compile(rb'"([ 0-3]?\d)-([A-Za-z]{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)"')
_OBJECT_ID = re.compile(r"[A-Za-z0-9_-]{1,255}")
_FIELD_ENDS = re.compile(rb"\r*\n(?![ \t])")
_MONTHS = {name: number for number, name in enumerate(b"jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_SYSTEM_FLAGS = {flag.lower(): flag for flag in (Flag.SEEN, Flag.ANSWERED, Flag.FLAGGED, Flag.DELETED, Flag.DRAFT)}


def uid_of(fields: Mapping[bytes, Node]) -> Uid:
    """The UID of a row. Raises MalformedError where there is none."""
    uid = number(fields.get(b"UID", b""))
    if not 0 < uid <= 0xFFFFFFFF:
        raise MalformedError("a row without a UID")
    return Uid(uid)


def uid_in_ruins(row: Response) -> Uid | None:
    """The UID of a row that cannot be taken apart, as far as it can be seen; literals are not looked at."""
    for piece in row.pieces[::2]:
        if match := _UID.search(piece):
            return Uid(int(match[1]))
    return None


def flags_of(node: Node) -> frozenset[str]:
    """Flags in their usual spelling, without ``\\Recent``, which says something of the session and not of the message."""
    if not isinstance(node, list):
        return frozenset()
    return _flags(tuple(flag for flag in node if isinstance(flag, bytes)))


@lru_cache(maxsize=1024)
def _flags(tokens: tuple[bytes, ...]) -> frozenset[str]:
    names = (text(token) for token in tokens)
    return frozenset(_SYSTEM_FLAGS.get(name.lower(), name) for name in names if name.lower() != "\\recent")


@lru_cache(maxsize=64)
def _zone(sign: bytes, hours: bytes, minutes: bytes) -> timezone:
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-offset if sign == b"-" else offset)


def date_of(node: Node) -> datetime | None:
    """An internal date, or None for one that is not a date (RFC 9051 §9, date-time)."""
    match = _DATE.fullmatch(node) if isinstance(node, bytes) else None
    if match is None:
        return None
    day, month, year, hour, minute, second, sign, zone_hours, zone_minutes = match.groups()
    try:
        zone = _zone(sign, zone_hours, zone_minutes)
        return datetime(int(year), _MONTHS[month.lower()], int(day), int(hour), int(minute), int(second), tzinfo=zone)
    except (ValueError, KeyError):
        return None


def body_of(fields: Mapping[bytes, Node]) -> bytes | None:
    """The octets of the one BODY[…] item of a row, or None where it has none."""
    for name, value in fields.items():
        if name.startswith(b"BODY["):
            return octets(value)
    return None


def bodies_of(fields: Mapping[bytes, Node]) -> dict[str, bytes]:
    """The octets of each BODY[…] item of a row by its section."""
    found: dict[str, bytes] = {}
    for name, value in fields.items():
        if name.startswith(b"BODY["):
            found[name[5:].partition(b"]")[0].decode("latin-1").upper()] = octets(value)
    return found


def is_cut(fields: Mapping[bytes, Node]) -> bool:
    """Whether the header of a row was longer than a list reads, so that fields may be missing."""
    return len(body_of(fields) or b"") >= HEADER_OCTETS


def with_short_fields(fields: Mapping[bytes, Node], short: bytes) -> dict[bytes, Node]:
    """A row whose header was cut, with the fields of ``WITHOUT_LONG_FIELDS`` and as much of the others as was read."""
    lines = _FIELD_ENDS.split(body_of(fields) or b"")
    long = [line for line in lines if line.partition(b":")[0].strip().upper().decode("latin-1") in _LONG]
    whole = b"\n".join([short.rstrip(b"\r\n"), *long, b""])
    return {name: whole if name.startswith(b"BODY[") else value for name, value in fields.items()}


def summary(fields: Mapping[bytes, Node]) -> MessageSummary:
    """A row as a list shows it; only a row without a UID or with an unreadable structure raises MalformedError."""
    size, header = number(fields.get(b"RFC822.SIZE", b"")), body_of(fields) or b""
    tree = structure(fields[b"BODYSTRUCTURE"], octets=size) if b"BODYSTRUCTURE" in fields else BROKEN
    found = envelope(header, charset="" if header.isascii() else mime.charset_of(tree))
    return MessageSummary(
        uid=uid_of(fields),
        flags=flags_of(fields.get(b"FLAGS", b"")),
        internal_date=date_of(fields.get(b"INTERNALDATE", b"")) or found.date or NEVER,
        size=size,
        envelope=found,
        structure=tree,
        email_id=email_id_of(fields.get(b"EMAILID", b"")),
    )


def email_id_of(node: Node) -> str:
    """What the server calls the octets of a message, or nothing for an id that is none (RFC 8474 §5.1, §7)."""
    found = text(node[0]) if isinstance(node, list) and len(node) == 1 and isinstance(node[0], bytes) else ""
    return found if _OBJECT_ID.fullmatch(found) else ""


def placeholder(uid: Uid) -> MessageSummary:
    """Stands for a message of which the server says nothing that can be read."""
    return MessageSummary(uid=uid, flags=frozenset(), internal_date=NEVER, size=0, envelope=envelope(b""), structure=BROKEN)
