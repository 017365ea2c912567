"""Reading a message: its page, its body for the frame, its parts, header and source.

What is shown, listed, downloaded and quoted is one and the same part: the tree is the server's BODYSTRUCTURE, and every
section is fetched by its number. Bodies are decoded and cleaned once and kept in the index (bounded, least used first).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from urllib.parse import quote

from webmail.errors import NotAllowed, NotFound, ServerRefused, ServerUnavailable
from webmail.imap import fetch
from webmail.mail import listing, sync
from webmail.mail.pages import AttachmentRow, BodyKind, HeadersPage, ListPlace, MessagePage, SourcePage
from webmail.mail.permission import keeps
from webmail.mail.search import Marks, marker
from webmail.mail.session import MailSession, account, again_if_cut, opened
from webmail.mailbox import Mailbox, SpecialUse
from webmail.message import charset, header, mime, text
from webmail.message.mime import Part
from webmail.message.summary import Flag, MessageId
from webmail.sanitize import html
from webmail.sanitize import text as sanitized_text
from webmail.store import bodies, mailboxes, messages, threads
from webmail.store.messages import StoredMessage

TEXT_LIMIT = 512 * 1024
"""Octets of a text part that are shown; the rest is a download away."""
HTML_LIMIT = 1024 * 1024
SOURCE_LIMIT = 256 * 1024
HEADER_LIMIT = 256 * 1024
WORDS = re.compile(r">([^<]*[^<\s][^<]*)<")
BLOCKS = re.compile(r"<(?:p|br|li|tr|h[1-6]|hr|div|blockquote|pre|dt|dd)\b")
PICTURE_HEIGHTS = re.compile(r"<img\b[^>]*?\bheight=[\"'](\d{1,4})[\"']")
IMAGE_SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}
"""Pictures shown in place are told by their first octets, never by what the sender called them."""


@dataclass(frozen=True, slots=True)
class Body:
    """A decoded, and for HTML cleaned, body. ``document`` is empty for plain text, ``text`` for HTML."""

    document: str = ""
    text: str = ""
    remote_images: int = 0
    notices: tuple[str, ...] = ()


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


def message_page(
    session: MailSession,
    message_id: int,
    *,
    mark_seen: bool,
    images: bool = False,
    prefer: str = "",
    query: str = "",
    place: ListPlace = listing.FIRST,
) -> MessagePage:
    """A message to read, beside the list it was opened from.

    What a ``query`` searched for is marked in it. Costs the check of the list once the body is in the index and the message
    is seen; else one FETCH, and one STORE for \\Seen. Raises NotFound if it is gone, and the server's errors if its body is
    not known yet.
    """
    mine = account(session).id
    stored = messages.get(session.database, mine, MessageId(message_id))
    mailbox, state = mailboxes.opened(session.database, mine, stored.mailbox_id)
    page = opened_message(session, stored, mailbox, images=images, prefer=prefer, query=query)
    # Marked once it can be shown; and a server that keeps flags in file names would look for the file again.
    if mark_seen and not stored.summary.seen and not state.read_only:
        make_seen(session, [stored], mailbox)
        state = mailboxes.state(session.database, mailbox.id)
    thread_id = threads.of(session.database, mine, stored.summary.id)
    beside = listing.page_beside(session, mailbox, stored.summary, place, known=state, thread_id=thread_id)
    if beside is None or all(row.message.id != message_id for row in beside.rows):
        # The check of the list may have found that the message or its folder is gone, of which we had the body.
        _find(session, message_id)
    newer, older = listing.neighbours(session, mailbox, stored.summary, beside, thread_id=thread_id)
    whole = threads.size(session.database, mine, thread_id, without=listing.hidden_from(session.database, mailbox))
    return replace(page, newer=newer, older=older, list=beside, read_only=state.read_only, conversation=whole)


def opened_message(
    session: MailSession, stored: StoredMessage, mailbox: Mailbox, *, images: bool = False, prefer: str = "", query: str = ""
) -> MessagePage:
    """What there is to read of a message, without what stands around it. One FETCH where its body is not in the index yet."""
    summary = stored.summary
    shown = mime.shown(summary.structure)
    kind = _kind(shown, prefer=prefer)
    content = again_if_cut(lambda: _body(session, stored, mailbox, images=images, kind=kind))
    blocks = text.blocks(content.text, flowed=_flowed(shown.text), delsp=_delsp(shown.text)) if kind is BodyKind.TEXT else ()
    marks = marker(query) if blocks else None
    return MessagePage(
        message=summary,
        mailbox=mailbox,
        body=kind if kind is BodyKind.HTML or content.text.strip() else BodyKind.EMPTY,
        text=blocks if marks is None else text.highlighted(blocks, hits=marks),
        attachments=tuple(attachment_row(part) for part in mime.attachments(summary.structure)),
        remote_images=content.remote_images,
        shows_images=images,
        has_html=shown.html is not None,
        has_text=shown.text is not None,
        frame_height=_height(content.document),
        notices=content.notices,
        is_draft=mailbox.special_use is SpecialUse.DRAFTS or Flag.DRAFT in summary.flags,
        query=query,
    )


def _kind(shown: mime.Shown, *, prefer: str) -> BodyKind:
    if shown.html is not None and not (prefer == "text" and shown.text is not None):
        return BodyKind.HTML
    return BodyKind.TEXT if shown.text is not None else BodyKind.EMPTY


def _flowed(part: Part | None) -> bool:
    return part is not None and part.params.get("format", "").lower() == "flowed"


def _delsp(part: Part | None) -> bool:
    return part is not None and part.params.get("delsp", "").lower() == "yes"


def _height(document: str) -> int:
    """A guess at the height of the frame in pixels: without script the frame keeps it and scrolls inside.

    Counts lines of words, pictures and the things that begin a line; rather too high than too low.
    """
    body = document.partition("<body")[2]
    words = sum(len(run) for run in WORDS.findall(body))
    pictures = sum(min(600, int(height)) for height in PICTURE_HEIGHTS.findall(body))
    blocks = len(BLOCKS.findall(body))
    return max(160, min(6000, 60 + words * 24 // 70 + blocks * 20 + pictures))


def attachment_row(part: Part) -> AttachmentRow:
    """An attachment as the page lists it; an attached message without a name is named by its kind."""
    names = {"message/rfc822": "message.eml", "text/calendar": "invitation.ics"}
    media_type = f"{part.media_type}/{part.subtype}"
    name = part.filename or names.get(media_type, f"part-{part.section or '0'}")
    return AttachmentRow(part.section, name, media_type, mime.decoded_size(part), viewable=media_type in IMAGE_SIGNATURES.values())


def make_seen(session: MailSession, stored: Sequence[StoredMessage], mailbox: Mailbox) -> None:
    """Set \\Seen on messages of a mailbox, on the server and in the index: the one change a page makes by being read.

    A server that does not let us, or cannot now, must not keep anybody from reading.
    """

    def store() -> None:
        with opened(session, mailbox, uidvalidity=stored[0].uidvalidity) as lent:
            if keeps(lent, Flag.SEEN):
                sync.store_flags(sync.Index(session.database, lent, mailbox), [each.summary.uid for each in stored], add=[Flag.SEEN])

    with suppress(NotAllowed, ServerRefused, ServerUnavailable):
        again_if_cut(store)


def _body(session: MailSession, stored: StoredMessage, mailbox: Mailbox, *, images: bool, kind: BodyKind, query: str = "") -> Body:
    """The body as it is shown, from the index if it was read before; one with marks is made anew each time."""
    marks = marker(query)
    shown = mime.shown(stored.summary.structure)
    part = shown.html if kind is BodyKind.HTML else shown.text
    if part is None:
        return Body()
    key = f"{mailbox.id}/{stored.uidvalidity}/{stored.summary.uid}/{part.section}/{kind}/{int(images)}/{html.POLICY_VERSION}"
    mine = account(session).id
    kept = bodies.cached_body(session.database, account_id=mine, key=key)
    if kept is not None and marks is None:
        found = json.loads(kept)
        return Body(found["document"], found["text"], found["remote_images"], tuple(found["notices"]))
    limit = HTML_LIMIT if kind is BodyKind.HTML else TEXT_LIMIT
    with opened(session, mailbox, uidvalidity=stored.uidvalidity) as lent:
        octets = fetch.part(lent, stored.summary.uid, part.section, limit=limit)
    body = _shown_html(stored, part, octets, images=images, marks=marks) if kind is BodyKind.HTML else _shown_text(part, octets)
    notices = body.notices + (("cut",) if len(octets) >= limit else ()) + (("broken",) if "broken" in part.params else ())
    body = Body(body.document, body.text, body.remote_images, tuple(dict.fromkeys(notices)))
    if marks is None:
        bodies.cache_body(session.database, account_id=mine, key=key, html=json.dumps(asdict(body)))
    return body


def _shown_text(part: Part, octets: bytes) -> Body:
    decoded, known = mime.part_text(octets, part)
    return Body(text=decoded, notices=() if known else ("charset",))


def _shown_html(stored: StoredMessage, part: Part, octets: bytes, *, images: bool, marks: Marks | None) -> Body:
    decoded, known = mime.part_text(octets, part)
    inline = {
        content_id: f"/messages/{stored.summary.id}/parts/{each.section}/{quote(each.filename or 'image', safe='')}"
        for content_id, each in mime.inline_by_cid(stored.summary.structure).items()
    }
    policy = html.ImagePolicy.PROXIED if images else html.ImagePolicy.BLOCKED
    cleaned = html.clean(decoded, options=html.BodyOptions(images=policy, cid=inline, hits=marks))
    notices = (() if known else ("charset",)) + (("cut",) if cleaned.cut else ())
    return Body(document=cleaned.document, remote_images=cleaned.remote_images, notices=notices)


def body(session: MailSession, message_id: int, *, images: bool = False, query: str = "") -> str:
    """The cleaned HTML document of a message for its frame. Raises NotFound where the message has no HTML."""
    stored, mailbox = _find(session, message_id)
    if mime.shown(stored.summary.structure).html is None:
        raise NotFound("body")
    return _body(session, stored, mailbox, images=images, kind=BodyKind.HTML, query=query).document


def readable_text(session: MailSession, message_id: int) -> str:
    """The body as plain text, for quoting: the text part, else the words of the HTML part."""
    stored, mailbox = _find(session, message_id)
    shown = mime.shown(stored.summary.structure)
    part = shown.text or shown.html
    if part is None:
        return ""
    with opened(session, mailbox, uidvalidity=stored.uidvalidity) as lent:
        octets = fetch.part(lent, stored.summary.uid, part.section, limit=TEXT_LIMIT)
    decoded, _ = mime.part_text(octets, part)
    if part is shown.html:
        return sanitized_text.as_text(decoded)
    return text.unflow(decoded, delsp=_delsp(part)) if _flowed(part) else decoded


def part(session: MailSession, message_id: int, *, section: str) -> PartStream:
    """A part, decoded, in constant memory. Raises NotFound for a section the message does not have."""
    stored, mailbox = _find(session, message_id)
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
    stored, mailbox = _find(session, message_id)

    def octets() -> Iterator[bytes]:
        with opened(session, mailbox, uidvalidity=stored.uidvalidity) as lent:
            yield from fetch.source_chunks(lent, stored.summary.uid)

    _, chunks = _started(octets)
    name = mime.safe_filename(stored.summary.envelope.subject)[:80] or "message"
    return SourceStream(chunks, f"{name}.eml", stored.summary.size)


def source_page(session: MailSession, message_id: int) -> SourcePage:
    """The beginning of the source as readable text."""
    stored, mailbox = _find(session, message_id)
    with opened(session, mailbox, uidvalidity=stored.uidvalidity) as lent:
        octets = fetch.part(lent, stored.summary.uid, "", limit=SOURCE_LIMIT)
    decoded, _ = charset.decode(octets, "utf-8")
    return SourcePage(stored.summary, mailbox, decoded.replace("\r\n", "\n").replace("\0", "\ufffd"), cut=len(octets) >= SOURCE_LIMIT)


def headers(session: MailSession, message_id: int) -> HeadersPage:
    """All header fields in order, decoded."""
    stored, mailbox = _find(session, message_id)
    with opened(session, mailbox, uidvalidity=stored.uidvalidity) as lent:
        raw = fetch.header(lent, stored.summary.uid, limit=HEADER_LIMIT)
    return HeadersPage(stored.summary, mailbox, header.display_fields(raw))


def _find(session: MailSession, message_id: int) -> tuple[StoredMessage, Mailbox]:
    mine = account(session).id
    stored = messages.get(session.database, mine, MessageId(message_id))
    return stored, mailboxes.get(session.database, mine, stored.mailbox_id)
