"""What happened to the selected mailbox since we last looked, where the server keeps count of it (RFC 7162)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from webmail.imap import fetch, rows
from webmail.imap import response as responses
from webmail.imap.arguments import Syntax
from webmail.imap.connection import Connection
from webmail.imap.refusals import refusal
from webmail.imap.response import MalformedError, Response
from webmail.imap.selection import Tracking
from webmail.message.summary import ModSeq, Uid


@dataclass(frozen=True, slots=True)
class News:
    """What happened after a mod-sequence and up to ``modseq``.

    ``flags`` are those of every message that changed or came; ``vanished`` are ranges of UIDs that are not there (any
    more), or None where the server does not tell which: then only the count can.
    """

    flags: Mapping[Uid, frozenset[str]]
    vanished: Sequence[tuple[int, int]] | None
    modseq: ModSeq


def can_tell(connection: Connection) -> bool:
    """Whether the server keeps a mod-sequence for the mailbox selected (RFC 7162 §3.1.2.2 allows that it does not)."""
    return connection.tracking is not Tracking.NONE and bool(fetch.selected(connection).highestmodseq)


def since(connection: Connection, modseq: ModSeq) -> News:
    """What happened after ``modseq``. One round trip; none where SELECT has told it. Costs by the changes, not by the mailbox.

    What cannot be read keeps ``modseq`` where it was, so that the same is asked again. Raises ServerRefused.
    """
    opening = connection.opening
    # What was told on this connection before the question is part of the answer.
    upto = fetch.selected(connection).highestmodseq or 0
    if opening is not None and opening.since == modseq:
        return _news(opening.responses, modseq, upto, whole=True, qresync=True)
    known = connection.changed
    connection.settle()
    told, whole = _ask(connection, modseq)
    # What came or went while it told may have a lower number than the last flags it told of: the same is asked again.
    whole = whole and not connection.changed
    connection.changed = connection.changed or known
    return _news(told, modseq, upto, whole=whole, qresync=connection.tracking is Tracking.QRESYNC)


def _ask(connection: Connection, modseq: ModSeq) -> tuple[list[Response], bool]:
    """What the server tells, and whether it is all: messages that others have just expunged may keep it from going on."""
    vanished = b" VANISHED" if connection.tracking is Tracking.QRESYNC else b""
    modifier = Syntax(b"(CHANGEDSINCE %d%s)" % (modseq, vanished))
    kinds = {"FETCH", "VANISHED"}
    reply = connection.attempt("UID FETCH", Syntax(b"1:*"), Syntax(b"(FLAGS)"), modifier, untagged=kinds, seconds=fetch.SLOW)
    if not reply.ok and reply.condition.code != "EXPUNGEISSUED":
        raise refusal(reply.condition, server=connection.server)
    return reply.responses, reply.ok


def _news(told: Iterable[Response], modseq: ModSeq, upto: int, *, whole: bool, qresync: bool) -> News:
    flags: dict[Uid, frozenset[str]] = {}
    vanished: list[tuple[int, int]] = []
    for response in told:
        try:
            if response.kind == "VANISHED":
                vanished += responses.vanished(response)[1]
                continue
            fields = responses.items(response.pieces)
            if b"FLAGS" in fields:
                flags[rows.uid_of(fields)] = rows.flags_of(fields[b"FLAGS"])
                upto = max(upto, *responses.modseqs(response), 0)
        except MalformedError:
            whole = False
    return News(flags, vanished if qresync else None, ModSeq(max(modseq, upto)) if whole else modseq)
