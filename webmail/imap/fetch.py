"""SEARCH and FETCH: summaries for lists, parts for reading; the mailbox must be selected (RFC 9051 §6.4.4-5).

Nothing here sets ``\\Seen``. One malformed response costs one row, never a page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from webmail.errors import Conflict, InvalidInput, NotFound, ServerRefused, ServerUnavailable
from webmail.imap import response as responses
from webmail.imap import rows
from webmail.imap.arguments import Argument, Syntax, checked_section, uid_range, uid_sets
from webmail.imap.connection import Connection
from webmail.imap.refusals import refusal
from webmail.imap.response import MalformedError, Node, Response
from webmail.imap.selection import Selected
from webmail.message.summary import MessageSummary, Uid

SLOW = 28.0
"""Seconds a server may take to look through a big mailbox before it says a word."""

_KEY = re.compile(r"[A-Za-z0-9$.-]{1,60}")
_SET = re.compile(r"[0-9*]{1,10}(?:[:,][0-9*]{1,10})*")
_STRING_KEYS = {"BCC": 1, "BODY": 1, "CC": 1, "FROM": 1, "SUBJECT": 1, "TEXT": 1, "TO": 1, "HEADER": 2}


def selected(connection: Connection) -> Selected:
    """The mailbox selected. Raises Conflict("deselected") where there is none any more."""
    if connection.selected is None:
        raise Conflict("deselected")
    return connection.selected


def fetch_rows(connection: Connection, command: str, where: Syntax, what: bytes) -> list[Response]:
    """The rows of a FETCH. Messages that are gone meanwhile are no error (RFC 5530, EXPUNGEISSUED).

    Flags that others change meanwhile are told among the rows, unasked (RFC 9051 §7): where flags were not asked for, that
    the mailbox has changed is noted here, else by who knows which were.
    """
    selected(connection)
    reply = connection.attempt(command, where, Syntax(what), untagged={"FETCH"})
    if b"FLAGS" not in what and any(responses.mentions_flags(row) for row in reply.responses):
        connection.changed = True
    if not reply.ok and not (reply.condition.status == "NO" and (reply.responses or reply.condition.code == "EXPUNGEISSUED")):
        raise refusal(reply.condition, server=connection.server)
    return reply.responses


def _rows_of_summaries(connection: Connection, command: str, where: Syntax, what: bytes) -> list[Response]:
    """The rows of a FETCH, with EMAILID where the server offers it; one that does not know what it offers is asked no more."""
    if connection.has("OBJECTID"):
        try:
            return fetch_rows(connection, command, where, what[:-1] + b" EMAILID)")
        except ServerRefused:
            found = fetch_rows(connection, command, where, what)
            connection.capabilities -= {"OBJECTID"}
            return found
    return fetch_rows(connection, command, where, what)


def newest(connection: Connection, count: int) -> list[MessageSummary]:
    """The last ``count`` messages of the mailbox, newest first. One round trip, whatever the size of the mailbox."""
    exists = selected(connection).exists
    if exists == 0 or count <= 0:
        return []
    found = _rows_of_summaries(connection, "FETCH", Syntax(b"%d:%d" % (max(1, exists - count + 1), exists)), rows.SUMMARY)
    return _summaries(connection, found)[::-1]


def summaries(connection: Connection, uids: Collection[Uid]) -> list[MessageSummary]:
    """The messages of these UIDs that still exist, oldest first. One round trip for each 7,900 octets of UIDs."""
    found: list[MessageSummary] = []
    asked = set(uids)
    for where in uid_sets(uids):
        given = _summaries(connection, _rows_of_summaries(connection, "UID FETCH", where, rows.SUMMARY))
        found += [summary for summary in given if summary.uid in asked]
    return found


def summaries_between(connection: Connection, low: Uid, high: Uid | None) -> list[MessageSummary]:
    """The messages from one UID to another, or to the end (None), oldest first. One round trip."""
    given = _summaries(connection, _rows_of_summaries(connection, "UID FETCH", uid_range(low, high), rows.SUMMARY))
    return [summary for summary in given if _between(summary.uid, low, high)]


def _between(uid: int, low: int, high: int | None) -> bool:
    # "5:*" always names the last message, even if its UID is below 5 (RFC 9051 §9, seq-range).
    return low <= uid and (high is None or uid <= high)


def _summaries(connection: Connection, given: Sequence[Response]) -> list[MessageSummary]:
    """Rows made into summaries; a broken row is asked for again by itself, and so are the short fields of a very long header."""
    found: dict[Uid, MessageSummary] = {}
    broken: list[Response] = []
    cut: list[tuple[Uid, Mapping[bytes, Node]]] = []
    for row in given:
        try:
            fields = responses.items(row.pieces)
            if rows.body_of(fields) is None:
                connection.changed = True  # Flags that somebody changed meanwhile, told unasked.
                continue
            summary = rows.summary(fields)
            found[summary.uid] = summary
            if rows.is_cut(fields):
                cut.append((summary.uid, fields))
        except MalformedError:
            broken.append(row)
    for whose, read in cut:
        found[whose] = _completed(connection, found[whose], read)
    for row in broken:
        uid = rows.uid_in_ruins(row) or _uid_at(connection, row.number)
        if uid is not None and uid not in found:
            found[uid] = _alone(connection, uid)
    return [found[uid] for uid in sorted(found)]


def _completed(connection: Connection, summary: MessageSummary, fields: Mapping[bytes, Node]) -> MessageSummary:
    """A message whose header was cut: what stands behind thousands of recipients is asked for by itself. One round trip."""
    for row in fetch_rows(connection, "UID FETCH", Syntax(b"%d" % summary.uid), rows.WITHOUT_LONG_FIELDS):
        try:
            again = responses.items(row.pieces)
            short = rows.body_of(again)
            if short is not None and rows.uid_of(again) == summary.uid:
                return rows.summary(rows.with_short_fields(fields, short))
        except MalformedError:
            continue
    return summary


def _uid_at(connection: Connection, sequence_number: int) -> Uid | None:
    for row in fetch_rows(connection, "FETCH", Syntax(b"%d" % max(1, sequence_number)), b"(UID)"):
        if row.number == sequence_number and (uid := rows.uid_in_ruins(row)) is not None:
            return uid
    return None


def _alone(connection: Connection, uid: Uid) -> MessageSummary:
    """A message whose row was broken, without its structure; a placeholder where even that cannot be read."""
    for row in _rows_of_summaries(connection, "UID FETCH", Syntax(b"%d" % uid), rows.WITHOUT_STRUCTURE):
        try:
            fields = responses.items(row.pieces)
            if rows.body_of(fields) is not None and rows.uid_of(fields) == uid:
                return rows.summary(fields)
        except MalformedError:
            continue
        connection.changed = True
    return rows.placeholder(uid)


def flags_between(connection: Connection, low: Uid, high: Uid | None) -> dict[Uid, frozenset[str]]:
    """The flags of all messages from one UID to another, or to the end (None). One round trip."""
    return _flags(connection, [uid_range(low, high)], lambda uid: _between(uid, low, high))


def flags_of(connection: Connection, uids: Collection[Uid]) -> dict[Uid, frozenset[str]]:
    """The flags of these messages, as far as they still exist. One round trip for each 7,900 octets of UIDs."""
    asked = frozenset(uids)
    found = _flags(connection, uid_sets(uids), asked.__contains__)
    return {uid: found[uid] for uid in uids if uid in found}


def _flags(connection: Connection, sets: Iterable[Syntax], asked: Callable[[Uid], bool]) -> dict[Uid, frozenset[str]]:
    """What was told last of each message asked for."""
    found: dict[Uid, frozenset[str]] = {}
    for row in (row for where in sets for row in fetch_rows(connection, "UID FETCH", where, b"(UID FLAGS)")):
        try:
            fields = responses.items(row.pieces)
            uid, flags = rows.uid_of(fields), rows.flags_of(fields[b"FLAGS"])
        except (MalformedError, KeyError):
            connection.changed = True
            continue
        if asked(uid):
            found[uid] = flags
        else:
            connection.changed = True
    return found


def search(connection: Connection, *criteria: str | bytes) -> list[Uid]:
    """The UIDs of the messages that match, in rising order. One round trip.

    ``str`` are search keys and sets, and after a key that takes one, any text; ``bytes`` are protocol text of our own
    (brackets, dates). Raises InvalidInput for a key that is none. RFC 9051 §6.4.4, RFC 4731.
    """
    given = _criteria(criteria)
    charset = any(isinstance(argument, str) and not argument.isascii() for argument in given)
    arguments: list[Argument] = [Syntax(b"CHARSET UTF-8"), *given] if charset else given
    if connection.has("ESEARCH"):
        arguments.insert(0, Syntax(b"RETURN (ALL)"))
    selected(connection)
    reply = connection.command("UID SEARCH", *arguments, untagged={"SEARCH", "ESEARCH"}, seconds=SLOW)
    # A reply that cannot be read must not look like "nothing found": the index would forget messages.
    try:
        found = [uid for answer in reply.responses for uid in _found(answer, limit=selected(connection).exists + 10_000)]
    except MalformedError as error:
        raise ServerUnavailable("protocol", host=connection.server.host, port=connection.server.port) from error
    return sorted({Uid(uid) for uid in found})


def count(connection: Connection, *criteria: str | bytes) -> int:
    """How many messages match; a short answer where the server offers ESEARCH. One round trip. Raises as ``search``."""
    if not connection.has("ESEARCH"):
        return len(search(connection, *criteria))
    selected(connection)
    arguments = [Syntax(b"RETURN (COUNT)"), *_criteria(criteria)]
    reply = connection.command("UID SEARCH", *arguments, untagged={"ESEARCH"}, seconds=SLOW)
    for answer in reply.responses:
        words = [word.upper() for word in answer.pieces[0].split()]
        if b"COUNT" in words[:-1] and (told := words[words.index(b"COUNT") + 1]).isdigit():
            return int(told)
    raise ServerUnavailable("protocol", host=connection.server.host, port=connection.server.port)


def _criteria(criteria: Sequence[str | bytes]) -> list[Argument]:
    given: list[Argument] = []
    strings = 0
    for criterion in criteria:
        if isinstance(criterion, bytes):
            given.append(Syntax(criterion))
        elif strings:
            given.append(criterion)
            strings -= 1
        elif _KEY.fullmatch(criterion) or _SET.fullmatch(criterion):
            given.append(Syntax(criterion.encode("ascii")))
            strings = _STRING_KEYS.get(criterion.upper(), 0)
        else:
            raise InvalidInput("search", field="search")
    return given


def _found(answer: Response, *, limit: int) -> list[int]:
    """The numbers of a SEARCH or ESEARCH response. Raises MalformedError."""
    if answer.kind == "ESEARCH":
        tokens = responses.parse(answer.pieces)
        names = [token.upper() if isinstance(token, bytes) else b"" for token in tokens]
        if b"ALL" not in names:
            return []
        where = tokens[names.index(b"ALL") + 1 :][:1]
        if not where or not isinstance(where[0], bytes):
            raise MalformedError("ALL without a set")
        return responses.expand(where[0], limit=limit)
    numbers = answer.pieces[0].partition(b"(")[0].split()
    if len(answer.pieces) > 1 or not all(number.isdigit() and len(number) <= 10 for number in numbers):
        raise MalformedError("not a list of numbers")
    return [int(number) for number in numbers]


def uids_before(connection: Connection, uid: Uid, count: int) -> list[Uid]:
    """The ``count`` UIDs next below a UID, newest first; fewer only where there are no more.

    One round trip where UIDs are dense, a few more where many are gone; the answer never holds the whole mailbox.
    """
    found: list[Uid] = []
    high, width = uid - 1, max(1, count)
    while high > 0 and len(found) < count:
        low = max(1, high - width + 1)
        found += reversed(search(connection, "UID", f"{low}:{high}"))
        high, width = low - 1, width * 4
    return found[:count]


def find(connection: Connection, *, message_id_field: str, field: str = "MESSAGE-ID") -> list[Uid]:
    """The messages whose Message-ID field, or another such field, holds this id. One round trip."""
    return search(connection, "HEADER", field, message_id_field)


def part(connection: Connection, uid: Uid, section: str, *, limit: int | None = None) -> bytes:
    """The octets of a part as they were sent, at most ``limit``; section ``""`` is the whole message. One round trip.

    Raises NotFound("message") if the UID is gone.
    """
    cut = b"" if limit is None else b"<0.%d>" % max(1, limit)
    return _octets(connection, uid, section, cut)


def sections(connection: Connection, uid: Uid, wanted: Mapping[str, int]) -> dict[str, bytes]:
    """The beginnings of several sections of a message, each at most as many octets as it is given. One round trip.

    Raises NotFound("message") if the UID is gone; a section that the server does not give is missing.
    """
    items = [b"BODY.PEEK[" + checked_section(section).encode("ascii") + b"]<0.%d>" % max(1, limit) for section, limit in wanted.items()]
    (where,) = uid_sets([uid])
    broken = False
    for row in fetch_rows(connection, "UID FETCH", where, b"(UID " + b" ".join(items) + b")"):
        try:
            fields = responses.items(row.pieces)
            if rows.uid_of(fields) == uid and (found := rows.bodies_of(fields)):
                return {section: found[section] for section in wanted if section in found}
        except MalformedError:
            broken = True
    raise ServerRefused("malformed") if broken else NotFound("message")


def header(connection: Connection, uid: Uid, *, limit: int = 1 << 20) -> bytes:
    """The header of a message, at most ``limit`` octets. Raises NotFound("message") if the UID is gone. One round trip."""
    return _octets(connection, uid, "HEADER", b"<0.%d>" % max(1, limit))


def _octets(connection: Connection, uid: Uid, section: str, cut: bytes) -> bytes:
    what = b"(UID BODY.PEEK[" + checked_section(section).encode("ascii") + b"]" + cut + b")"
    (where,) = uid_sets([uid])
    broken = False
    for row in fetch_rows(connection, "UID FETCH", where, what):
        try:
            fields = responses.items(row.pieces)
            body = rows.body_of(fields)
            if body is not None and rows.uid_of(fields) == uid:
                return body
        except MalformedError:
            broken = True
    raise ServerRefused("malformed") if broken else NotFound("message")


def part_chunks(connection: Connection, uid: Uid, section: str, *, chunk: int = 1 << 20, size: int | None = None) -> Iterator[bytes]:
    """The octets of a part piece by piece, in constant memory; one round trip a piece.

    ``size``, where known, saves the question whether a short piece was the last. Raises NotFound("message") if the UID
    is gone.
    """
    offset = 0
    while True:
        piece = _octets(connection, uid, section, b"<%d.%d>" % (offset, chunk))
        if piece:
            yield piece
        offset += len(piece)
        # Some servers give less than asked for: only an empty piece, or the known size, is the end.
        if not piece or len(piece) > chunk or (size is not None and len(piece) < chunk and offset >= size):
            return


def source_chunks(connection: Connection, uid: Uid, *, chunk: int = 1 << 20) -> Iterator[bytes]:
    """A whole message piece by piece, in constant memory. Raises NotFound("message") if the UID is gone."""
    return part_chunks(connection, uid, "", chunk=chunk)


def beginnings(connection: Connection, uids: Collection[Uid], section: str, length: int) -> dict[Uid, bytes]:
    """The first ``length`` octets of the same section of many messages; messages that are gone are left out."""
    what = b"(UID BODY.PEEK[" + checked_section(section).encode("ascii") + b"]<0.%d>)" % max(1, length)
    found: dict[Uid, bytes] = {}
    for where in uid_sets(uids):
        for row in fetch_rows(connection, "UID FETCH", where, what):
            try:
                fields = responses.items(row.pieces)
                body = rows.body_of(fields)
                if body is not None:
                    found[rows.uid_of(fields)] = body
            except MalformedError:
                continue
    return {uid: found[uid] for uid in uids if uid in found}
