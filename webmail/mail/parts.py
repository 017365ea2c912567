"""The parts of a message as streams, its source and its header.

Sections are those of the server's BODYSTRUCTURE, so that what is downloaded is what was listed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from webmail.errors import NotFound
from webmail.imap import fetch
from webmail.mail import packed_files, winmail
from webmail.mail.message_pages import HeadersPage, SourcePage
from webmail.mail.pages import AttachmentRow
from webmail.mail.session import MailSession, find_message, opened
from webmail.message import charset, header, mime
from webmail.message.mime import Part

SOURCE_LIMIT = 256 * 1024
HEADER_LIMIT = 256 * 1024
IMAGE_SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}
"""Pictures shown in place are told by their first octets, never by what the sender called them."""


@dataclass(frozen=True, slots=True)
class PartStream:
    """The decoded content of a part, in pieces. ``inline`` only for pictures whose octets say so."""

    chunks: Iterator[bytes]
    media_type: str
    filename: str
    inline: bool


@dataclass(frozen=True, slots=True)
class SourceStream:
    """A whole message as the server keeps it, in pieces; ``size`` in octets."""

    chunks: Iterator[bytes]
    filename: str
    size: int


def attachment_row(part: Part) -> AttachmentRow:
    """An attachment as the page lists it; an attached message without a name is named by its kind."""
    names = {"message/rfc822": "message.eml", "text/calendar": "invitation.ics"}
    media_type = f"{part.media_type}/{part.subtype}"
    name = part.filename or names.get(media_type, f"part-{part.section or '0'}")
    return AttachmentRow(part.section, name, media_type, mime.decoded_size(part), viewable=media_type in IMAGE_SIGNATURES.values())


def part(session: MailSession, message_id: int, *, section: str) -> PartStream:
    """A part, decoded, in constant memory. Raises NotFound for a section the message does not have."""
    if winmail.SEPARATOR in section:
        name, octets_of_file = packed_files.packed_file(session, message_id, section=section)
        first, rest = _started(lambda: octets_of_file)
        return PartStream(rest, _picture(first) or "application/octet-stream", name, inline=bool(_picture(first)))
    stored, mailbox = find_message(session, message_id)
    found = next((each for each in mime.walk(stored.summary.structure) if each.section == section and each.media_type != "multipart"), None)
    if found is None:
        raise NotFound("part")
    attached = attachment_row(found)

    def octets() -> Iterator[bytes]:
        with opened(session, mailbox, uidvalidity=stored.uidvalidity) as lent:
            yield from mime.decode_stream(fetch.part_chunks(lent, stored.summary.uid, section), encoding=found.encoding)

    first, rest = _started(octets)
    media_type = _picture(first)
    return PartStream(rest, media_type or "application/octet-stream", attached.filename, inline=bool(media_type))


def _started(octets: Callable[[], Iterator[bytes]]) -> tuple[bytes, Iterator[bytes]]:
    """Fetch the first piece now, so that an error has a page of its own; the rest follows on demand."""
    stream = octets()
    first = next(stream, b"")

    def resumed() -> Iterator[bytes]:
        yield first
        yield from stream

    return first, resumed()


def _picture(beginning: bytes) -> str:
    """The media type of a picture that browsers show safely, by its first octets; else empty."""
    for signature, media_type in IMAGE_SIGNATURES.items():
        if beginning.startswith(signature):
            return media_type
    if beginning[:4] == b"RIFF" and beginning[8:12] == b"WEBP":
        return "image/webp"
    return ""


def source(session: MailSession, message_id: int) -> SourceStream:
    """The message as the server keeps it, for download as .eml (RFC 5322), in constant memory."""
    stored, mailbox = find_message(session, message_id)

    def octets() -> Iterator[bytes]:
        with opened(session, mailbox, uidvalidity=stored.uidvalidity) as lent:
            yield from fetch.source_chunks(lent, stored.summary.uid)

    _, chunks = _started(octets)
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
