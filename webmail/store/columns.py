"""How the values of the house become columns, and columns become values again.

Instants are integer microseconds since 1970 in UTC. What is read as a whole and never searched is compact JSON: an
envelope is a list, because a list page decodes fifty of them while somebody waits.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from webmail.address import Address
from webmail.message import mime
from webmail.message.mime import Part
from webmail.message.reply import base_subject
from webmail.message.summary import Envelope

KEY_LENGTH = 80
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode
loads = json.loads


def microseconds(moment: datetime) -> int:
    """An aware datetime as a column. Raises TypeError for a naive one."""
    delta = moment - EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def moment(column: int) -> datetime:
    """The aware datetime, in UTC, of a column."""
    return EPOCH + timedelta(microseconds=column)


def optional_moment(column: int | None) -> datetime | None:
    """The aware datetime of a column that may be empty."""
    return None if column is None else moment(column)


def clean(text: str) -> str:
    """Text that every database can hold: a lone surrogate of a broken message must not cost the whole transaction."""
    if text.isascii():
        return text.replace("\0", "")
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "")


def dumps(value: object) -> str:
    """Compact JSON text."""
    text = _dumps(value)
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def flags_column(flags: Iterable[str]) -> str:
    """Flags are atoms (RFC 9051 §2.3.2), so a space parts them; sorted, so that equal sets are equal columns."""
    return " ".join(sorted(flags))


@lru_cache(maxsize=1024)
def flags_value(column: str) -> frozenset[str]:
    """The flags of a column; few combinations exist, so they are shared."""
    return frozenset(column.split())


def envelope_column(envelope: Envelope) -> str:
    """An envelope as compact JSON text."""
    return dumps(
        [
            envelope.subject,
            _pairs(envelope.sender),
            _pairs(envelope.to),
            _pairs(envelope.cc),
            _pairs(envelope.bcc),
            _pairs(envelope.reply_to),
            envelope.date.isoformat() if envelope.date else None,
            envelope.message_id_field,
            envelope.in_reply_to,
            envelope.references,
            envelope.list_id,
            envelope.from_raw,
            int(envelope.sender_doubtful),
        ]
    )


@lru_cache(maxsize=640)
def envelope_value(column: str) -> Envelope:
    """The envelope of a column; costs about ten microseconds, and next to nothing for those read lately."""
    subject, sender, to, cc, bcc, reply_to, date, message_id_field, in_reply_to, references, list_id, from_raw, doubtful = loads(column)
    return Envelope(
        subject,
        _addresses(sender),
        _addresses(to),
        _addresses(cc),
        _addresses(bcc),
        _addresses(reply_to),
        datetime.fromisoformat(date) if date else None,
        message_id_field,
        tuple(in_reply_to),
        tuple(references),
        list_id,
        from_raw,
        bool(doubtful),
    )


def sender_key(envelope: Envelope, *, outgoing: bool) -> str:
    """What a list is sorted by where it is sorted by people: the name shown of the sender, or of the first recipient."""
    people = (*envelope.to, *envelope.cc, *envelope.bcc) if outgoing else envelope.sender
    return _key(people[0].display if people else "")


def subject_key(envelope: Envelope) -> str:
    """What a list is sorted by where it is sorted by subject: the base subject (RFC 5256 §2.1)."""
    return _key(base_subject(envelope.subject))


def _key(text: str) -> str:
    """Text in the form it is sorted by: case and width do not count, nor do quotes and brackets in front of it."""
    folded = text if text.isascii() else unicodedata.normalize("NFKC", clean(text))
    return folded.casefold().lstrip("\"'([<{ \t")[:KEY_LENGTH].replace("\0", "")


def _pairs(addresses: tuple[Address, ...]) -> list[tuple[str, str]]:
    return [(address.name, address.addr_spec) for address in addresses]


def _addresses(pairs: list[list[str]]) -> tuple[Address, ...]:
    if not pairs:
        return ()
    return tuple([Address(name, addr_spec) for name, addr_spec in pairs])


def structure_column(structure: Part) -> str:
    """A MIME tree as compact JSON text."""
    return dumps(mime.to_json(structure))


def structure_value(column: str) -> Part:
    """The MIME tree of a column."""
    content: list[Any] = loads(column)
    return mime.from_json(content)
