"""What the header of a message says that a list need not know: learned when the message is opened first, then kept."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from webmail.message.encoded_words import decode_words, text_of
from webmail.message.fields import split_fields
from webmail.message.lists import list_fields
from webmail.message.lookalikes import hides
from webmail.message.parameters import split_parameters

FACTS_VERSION = 5
"""Facts written by another version are not read."""
_ONCE = frozenset(
    {
        *("date", "from", "sender", "reply-to", "to", "cc", "bcc", "message-id", "in-reply-to", "references", "subject"),
        *("mime-version", "content-type", "content-transfer-encoding", "content-id", "content-disposition"),
    }
)
_OF_SERVERS = frozenset(
    {"return-path", "delivered-to", "envelope-to", "delivery-date", "received-spf", "dkim-filter", "original-recipient", "status"}
)
_DELIVERED = frozenset({"delivered-to", "x-delivered-to", "envelope-to", "x-original-to"})
_MAX_ADDRESS = 400
_MAX_VALUE = 2_000
_MAX_SENDERS = 10
_MAX_TRACE = 30


_MIME = ("content-type", "content-transfer-encoding", "content-disposition", "content-id")
_IDENTITY = frozenset({"", "7bit", "8bit", "binary"})


@dataclass(frozen=True, slots=True)
class Facts:
    """``doubled`` names the fields, in lower case, that a message may have once and has more often (RFC 5322 §3.6, RFC 2045 §3).

    ``unsubscribe_*`` tell how to leave its mailing list and ``list_post`` how to write to it (see ``lists.ListFields``).
    ``conflicts`` names what is said of its body in more than one way, see ``conflicts``. ``hidden`` tells what was taken out of the
    names of its senders (``order``, ``unseen``). ``trace`` are the lines that servers put above it on its way, newest first:
    ``received`` or ``results``, a blank, and the value (see ``webmail.authentication``). ``delivered`` are the addresses that servers
    say they brought it to, the one its sender used last.
    """

    doubled: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    unsubscribe_https: str = ""
    unsubscribe_link: str = ""
    unsubscribe_mailto: str = ""
    unsubscribe_signers: tuple[str, ...] = ()
    list_post: str = ""
    hidden: tuple[str, ...] = ()
    trace: tuple[str, ...] = ()
    delivered: tuple[str, ...] = ()


NO_FACTS = Facts()


def facts(header: bytes) -> Facts:
    """What a header says. Never raises; linear in the header, of which ``split_fields`` reads the first megabyte."""
    fields = split_fields(header)
    lowered = [(name.lower(), value) for name, value in fields]
    names = Counter(name for name, _ in lowered)
    of_list = list_fields(fields)
    doubled = tuple(name for name, count in names.items() if count > 1 and name in _ONCE)
    return Facts(
        doubled=doubled,
        conflicts=tuple(name for name in _conflicts(fields) if name not in doubled),
        unsubscribe_https=of_list.https,
        unsubscribe_link=of_list.link,
        unsubscribe_mailto=of_list.mailto,
        unsubscribe_signers=of_list.signers,
        list_post=of_list.post,
        hidden=_hidden(lowered),
        trace=_trace(lowered),
        delivered=tuple(
            value.decode("ascii", "replace").strip().strip("<>")
            for name, value in lowered
            if name in _DELIVERED and len(value) < _MAX_ADDRESS
        )[:_MAX_SENDERS],
    )


def conflicts(header: bytes) -> tuple[str, ...]:
    """What a header says of the body under it in more than one way, so that programs may read it differently.

    The names of MIME fields that stand twice, of parameters given twice (``content-type boundary``), and of an encoding given
    to a multipart, which can have none. Never raises. RFC 2045 §3, §5, §6.4.
    """
    return _conflicts(split_fields(header))


def _conflicts(fields: Sequence[tuple[str, bytes]]) -> tuple[str, ...]:
    by_name: dict[str, list[bytes]] = {}
    for name, value in fields:
        if name.lower() in _MIME:
            by_name.setdefault(name.lower(), []).append(value)
    found = [name for name, values in by_name.items() if len(values) > 1]
    for name in ("content-type", "content-disposition"):
        for value in by_name.get(name, ())[:1]:
            found += [f"{name} {parameter}" for parameter in _given_twice(split_parameters(value)[1])]
    encoding = text_of(by_name.get("content-transfer-encoding", [b""])[0]).partition(";")[0].strip().lower()
    kind = by_name.get("content-type", [b""])[0].lstrip().lower()
    if kind.startswith(b"multipart/") and encoding not in _IDENTITY:
        found.append("content-transfer-encoding")
    return tuple(dict.fromkeys(found))


def _given_twice(pairs: Sequence[tuple[str, str]]) -> list[str]:
    """The parameters that have two values, and a boundary given in both of its forms."""
    values: dict[str, set[str]] = {}
    for name, value in pairs:
        values.setdefault("boundary" if name.startswith("boundary*") and "*0" not in name else name, set()).add(value)
    return [name for name, given in values.items() if len(given) > 1 and "*" not in name]


def _hidden(fields: list[tuple[str, bytes]]) -> tuple[str, ...]:
    senders = [value[:_MAX_VALUE] for name, value in fields if name in ("from", "sender", "reply-to")][:_MAX_SENDERS]
    return tuple(sorted({found for value in senders if (found := hides(decode_words(text_of(value))))}))


def _trace(fields: list[tuple[str, bytes]]) -> tuple[str, ...]:
    """The lines of servers above the first field that the sender wrote or signed."""
    found: list[str] = []
    for name, value in fields:
        if name in _ONCE or name == "dkim-signature" or len(found) >= _MAX_TRACE:
            break
        kind = {"received": "received", "authentication-results": "results"}.get(name)
        if kind:
            # Only ASCII has a meaning here; a letter that becomes an ASCII one by changing its case must not.
            found.append(f"{kind} {value[:_MAX_VALUE].decode('ascii', 'replace')}")
        elif name not in _OF_SERVERS and not name.startswith(("x-", "arc-")):
            found.append("other")
    return tuple(found)


def to_json(known: Facts) -> str:
    """Facts as they are kept."""
    return json.dumps(asdict(known))


def from_json(kept: str) -> Facts:
    """Facts as they were kept by ``to_json`` of the same version."""
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in json.loads(kept).items()}
    return Facts(**fields)
