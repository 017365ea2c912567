"""What the header of a message says that a list need not know: learned when the message is opened first, then kept."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from webmail.message.fields import split_fields

FACTS_VERSION = 1
"""Facts written by another version are not read."""
_ONCE = frozenset(
    {
        *("date", "from", "sender", "reply-to", "to", "cc", "bcc", "message-id", "in-reply-to", "references", "subject"),
        *("mime-version", "content-type", "content-transfer-encoding", "content-id", "content-disposition"),
    }
)


@dataclass(frozen=True, slots=True)
class Facts:
    """``doubled`` names the fields, in lower case, that a message may have once and has more often (RFC 5322 §3.6, RFC 2045 §3)."""

    doubled: tuple[str, ...] = ()


NO_FACTS = Facts()


def facts(header: bytes) -> Facts:
    """What a header says. Never raises; linear in the header, of which ``split_fields`` reads the first megabyte."""
    names = Counter(name.lower() for name, _ in split_fields(header))
    return Facts(doubled=tuple(name for name, count in names.items() if count > 1 and name in _ONCE))


def to_json(known: Facts) -> str:
    """Facts as they are kept."""
    return json.dumps(asdict(known))


def from_json(kept: str) -> Facts:
    """Facts as they were kept by ``to_json`` of the same version."""
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in json.loads(kept).items()}
    return Facts(**fields)
