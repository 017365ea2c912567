"""The parts of a message as streams, its source and its header.

Sections are those of the server's BODYSTRUCTURE, so that what is downloaded is what was listed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass

from webmail.errors import NotFound
from webmail.imap import fetch
from webmail.imap.connection import Connection
from webmail.mail import packed_files, prefetch, winmail
from webmail.mail.message_pages import HeadersPage, SourcePage
from webmail.mail.part_rows import attachment_row
from webmail.mail.session import MailSession, find_message, opened
from webmail.message import charset, header, kinds, mime
from webmail.message.mime import Part
from webmail.store.messages import StoredMessage

ENCLOSED = re.compile(r"((?:[1-9][0-9.]{0,400})?(?:TEXT)?)\.uu([1-9][0-9]?)")
"""The section of a file written into a text: that of the text, and its number there."""
SOURCE_LIMIT = 256 * 1024
HEADER_LIMIT = 256 * 1024
PIECE = 78 * 13_440
"""Octets fetched at once: a megabyte that ends where a line of base64 mostly does (RFC 2045 §6.8), so that it is decoded as it is.

What is not larger comes in one answer, for which no thread is started.
"""


@dataclass(frozen=True, slots=True)
class PartStream:
    """The decoded content of a part, in pieces. ``inline`` only for pictures whose octets say so.

    ``harm`` are codes of what to warn about before it is opened (see ``kinds.harm``), by its first octets as well.
    """

    chunks: Iterator[bytes]
    media_type: str
    filename: str
    inline: bool
    harm: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceStream:
    """A whole message as the server keeps it, in pieces; ``size`` in octets."""

    chunks: Iterator[bytes]
    filename: str
    size: int


def find_part(stored: StoredMessage, section: str) -> Part:
    """A part of a message that has content. Raises NotFound for a section the message does not have."""
    found = next((each for each in mime.walk(stored.summary.structure) if each.section == section and each.media_type != "multipart"), None)
    if found is None:
        raise NotFound("part")
    return found


def is_enclosed(section: str) -> bool:
    """Whether a section names a file written into a text."""
    return ENCLOSED.fullmatch(section) is not None


def _enclosed(session: MailSession, message_id: int, *, section: str, number: int) -> PartStream:
    """A file written into a text, decoded, in constant memory. Raises NotFound where there is none."""
    stored, mailbox = find_message(session, message_id)
    found = next((each for each in mime.walk(stored.summary.structure) if each.section == section and each.media_type == "text"), None)
    if found is None or found.subtype == "html":
        raise NotFound("part")
    encoding, name = found.encoding, ""

    def octets() -> Generator[bytes, None, None]:
        nonlocal name
        with opened(session, mailbox, uidvalidity=stored.uidvalidity) as lent:
            chunks = mime.decode_stream(fetch.part_chunks(lent, stored.summary.uid, section), encoding=encoding)
            for name, piece in _together(mime.enclosed_file(chunks, found, number)):  # noqa: B007 - the name is read outside
                yield piece
        if not name:
            raise NotFound("part")

    first, rest = started(octets, size=0)
    return _as_stream(first, rest, name)


def _as_stream(first: bytes, rest: Iterator[bytes], name: str, harm: tuple[str, ...] = ()) -> PartStream:
    """A file as it is handed out: a picture only if its octets say so, and with all that is to be warned of."""
    media_type = kinds.picture(first)
    seen = kinds.disguised(name, first)
    found = dict.fromkeys((*(harm or kinds.harm(name, "")), *((seen, "disguised") if seen else ())))
    return PartStream(rest, media_type or "application/octet-stream", name, inline=bool(media_type), harm=tuple(found))


def _together(pieces: Iterator[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    """The lines of a file as pieces of some size."""
    name, waiting = "", bytearray()
    for name, piece in pieces:
        waiting += piece
        if len(waiting) > PIECE:
            yield name, bytes(waiting)
            waiting.clear()
    if name:
        yield name, bytes(waiting)


def part(session: MailSession, message_id: int, *, section: str) -> PartStream:
    """A part, decoded, in constant memory. Raises NotFound for a section the message does not have."""
    if inside := ENCLOSED.fullmatch(section):
        return _enclosed(session, message_id, section=inside[1], number=int(inside[2]))
    if winmail.SEPARATOR in section:
        name, octets_of_file = packed_files.packed_file(session, message_id, section=section)
        return _as_stream(*started(lambda: octets_of_file, size=0), name)
    stored, mailbox = find_message(session, message_id)
    found = find_part(stored, section)
    attached = attachment_row(found)

    def octets() -> Generator[bytes, None, None]:
        with opened(session, mailbox, uidvalidity=stored.uidvalidity) as lent:
            yield from encoded(lent, stored, found)

    first, rest = started(octets, size=found.size, encoding=found.encoding)
    return _as_stream(first, rest, attached.filename, attached.harm)


def encoded(lent: Connection, stored: StoredMessage, part: Part) -> Iterator[bytes]:
    """The octets of a part as they were sent, in pieces, on a connection on which its mailbox is selected."""
    return fetch.part_chunks(lent, stored.summary.uid, part.section, chunk=PIECE, size=part.size or None)


def decoded(lent: Connection, stored: StoredMessage, part: Part) -> Iterator[bytes]:
    """The same decoded."""
    return mime.decode_stream(encoded(lent, stored, part), encoding=part.encoding)


def started(octets: Callable[[], Generator[bytes, None, None]], *, size: int, encoding: str = "") -> tuple[bytes, Iterator[bytes]]:
    """Fetch the first piece now, so that an error has a page of its own; the rest follows, a piece ahead of who reads it.

    What is fetched is decoded where it is read: the thread that fetches has enough to do.
    """
    stream = mime.decode_stream(prefetch.fetched(octets) if size > PIECE else octets(), encoding=encoding)
    first = next(stream, b"")

    def resumed() -> Iterator[bytes]:
        yield first
        yield from stream

    return first, resumed()


def source(session: MailSession, message_id: int) -> SourceStream:
    """The message as the server keeps it, for download as .eml (RFC 5322), in constant memory."""
    stored, mailbox = find_message(session, message_id)

    def octets() -> Generator[bytes, None, None]:
        with opened(session, mailbox, uidvalidity=stored.uidvalidity) as lent:
            yield from fetch.source_chunks(lent, stored.summary.uid)

    _, chunks = started(octets, size=stored.summary.size)
    name = mime.safe_filename(stored.summary.envelope.subject)[:80] or "message"
    return SourceStream(chunks, f"{name}.eml", stored.summary.size)


def source_page(session: MailSession, message_id: int) -> SourcePage:
    """The beginning of the source as readable text."""
    stored, mailbox = find_message(session, message_id)
    with opened(session, mailbox, uidvalidity=stored.uidvalidity) as lent:
        octets = fetch.part(lent, stored.summary.uid, "", limit=SOURCE_LIMIT)
    decoded, _ = charset.decode(octets, "utf-8")
    return SourcePage(stored.summary, mailbox, decoded.replace("\r\n", "\n").replace("\0", "\ufffd"), cut=len(octets) >= SOURCE_LIMIT)


def headers(session: MailSession, message_id: int) -> HeadersPage:
    """All header fields in order, decoded."""
    stored, mailbox = find_message(session, message_id)
    with opened(session, mailbox, uidvalidity=stored.uidvalidity) as lent:
        raw = fetch.header(lent, stored.summary.uid, limit=HEADER_LIMIT)
    return HeadersPage(stored.summary, mailbox, header.display_fields(raw))
