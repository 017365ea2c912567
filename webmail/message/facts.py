"""What the header of a message says that a list need not know: learned when the message is opened first, then kept."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from webmail.message.encoded_words import decode_words, text_of
from webmail.message.fields import split_fields
from webmail.message.lookalikes import hides

FACTS_VERSION = 2
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
_MAX_VALUE = 2_000
_MAX_SENDERS = 10
_MAX_TRACE = 30


@dataclass(frozen=True, slots=True)
class Facts:
    """``doubled`` names the fields, in lower case, that a message may have once and has more often (RFC 5322 §3.6, RFC 2045 §3).

    ``hidden`` tells what was taken out of the names of its senders (``order``, ``unseen``). ``trace`` are the lines that servers
    put above it on its way, newest first: ``received`` or ``results``, a blank, and the value (see ``webmail.authentication``).
    """

    doubled: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    trace: tuple[str, ...] = ()


NO_FACTS = Facts()


def facts(header: bytes) -> Facts:
    """What a header says. Never raises; linear in the header, of which ``split_fields`` reads the first megabyte."""
    fields = [(name.lower(), value) for name, value in split_fields(header)]
    names = Counter(name for name, _ in fields)
    return Facts(
        doubled=tuple(name for name, count in names.items() if count > 1 and name in _ONCE), hidden=_hidden(fields), trace=_trace(fields)
    )


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
