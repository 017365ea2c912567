"""What the header of a message says that a list need not know: learned when the message is opened first, then kept."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from webmail.message.encoded_words import text_of
from webmail.message.fields import split_fields
from webmail.message.lists import list_fields
from webmail.message.parameters import split_parameters

FACTS_VERSION = 3
"""Facts written by another version are not read."""
_ONCE = frozenset(
    {
        *("date", "from", "sender", "reply-to", "to", "cc", "bcc", "message-id", "in-reply-to", "references", "subject"),
        *("mime-version", "content-type", "content-transfer-encoding", "content-id", "content-disposition"),
    }
)


_MIME = ("content-type", "content-transfer-encoding", "content-disposition", "content-id")
_IDENTITY = frozenset({"", "7bit", "8bit", "binary"})


@dataclass(frozen=True, slots=True)
class Facts:
    """``doubled`` names the fields, in lower case, that a message may have once and has more often (RFC 5322 §3.6, RFC 2045 §3).

    ``unsubscribe_*`` tell how to leave its mailing list and ``list_post`` how to write to it (see ``lists.ListFields``).
    ``conflicts`` names what is said of its body in more than one way, see ``conflicts``.
    """

    doubled: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    unsubscribe_https: str = ""
    unsubscribe_link: str = ""
    unsubscribe_mailto: str = ""
    unsubscribe_signers: tuple[str, ...] = ()
    list_post: str = ""


NO_FACTS = Facts()


def facts(header: bytes) -> Facts:
    """What a header says. Never raises; linear in the header, of which ``split_fields`` reads the first megabyte."""
    fields = split_fields(header)
    names = Counter(name.lower() for name, _ in fields)
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


def to_json(known: Facts) -> str:
    """Facts as they are kept."""
    return json.dumps(asdict(known))


def from_json(kept: str) -> Facts:
    """Facts as they were kept by ``to_json`` of the same version."""
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in json.loads(kept).items()}
    return Facts(**fields)
