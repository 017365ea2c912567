"""The mailbox selected, as SELECT and what the server says after it describe it (RFC 9051 §6.3.2, RFC 7162)."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from webmail.imap import response as responses
from webmail.imap.exchange import Reply
from webmail.imap.response import Response

_USUAL_FLAGS = frozenset({"\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft", "\\*"})


@dataclass(frozen=True, slots=True)
class Selected:
    """The mailbox selected, as the server last described it (RFC 9051 §6.3.2).

    ``exists`` and ``highestmodseq`` follow what the server says unasked; ``uidnext`` is that of SELECT and may be behind then.
    ``highestmodseq`` is None where the server keeps no such number for this mailbox (RFC 7162 §3.1.2).
    """

    name: str
    uidvalidity: int
    uidnext: int
    exists: int
    read_only: bool
    permanent_flags: frozenset[str]
    highestmodseq: int | None = None


class Tracking(enum.IntEnum):
    """How well the server tells what happened to a mailbox: not at all, changed flags, or expunges as well (RFC 7162)."""

    NONE = 0
    CONDSTORE = 1
    QRESYNC = 2


@dataclass(frozen=True, slots=True)
class Opening:
    """What SELECT told of the mailbox since a mod-sequence; void as soon as another command is sent."""

    since: int
    responses: list[Response]


def described(name: str, reply: Reply, *, writable: bool) -> Selected | None:
    """What the answer to SELECT tells of the mailbox, or None where it has no UIDVALIDITY (RFC 9051 §6.3.2)."""
    values: dict[str, int] = {}
    exists = 0
    flags: frozenset[str] | None = None
    defined: frozenset[str] = frozenset()
    for response in reply.responses:
        if response.kind == "EXISTS":
            exists = response.number
        elif response.kind == "FLAGS":
            defined = _flags(response.pieces[0])
        else:
            found = responses.condition("OK", response.pieces[0])
            values[found.code] = responses.number(found.arguments)
            if found.code == "PERMANENTFLAGS":
                flags = _flags(found.arguments)
    if not values.get("UIDVALIDITY"):
        return None
    return Selected(
        name=name,
        uidvalidity=values["UIDVALIDITY"],
        uidnext=values.get("UIDNEXT", 0),
        exists=exists,
        read_only=not writable or reply.condition.code == "READ-ONLY",
        # A server that does not tell keeps whatever it is given (RFC 9051 §7.1).
        permanent_flags=(defined or _USUAL_FLAGS) if flags is None else flags,
        highestmodseq=values.get("HIGHESTMODSEQ") or None,
    )


def _flags(octets: bytes) -> frozenset[str]:
    return frozenset(octets.strip(b"() ").decode("utf-8", "replace").split())
