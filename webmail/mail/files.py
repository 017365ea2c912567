"""Attachments looked at: the page of one, and the question before one is downloaded that can do harm."""

from __future__ import annotations

import codecs
import csv
from dataclasses import replace
from typing import Any

from webmail.errors import NotFound
from webmail.extract import drawing
from webmail.imap import fetch
from webmail.mail import drawn, parts, saving
from webmail.mail.file_pages import FilePage, HarmPage
from webmail.mail.pages import AttachmentRow
from webmail.mail.part_rows import attachment_row
from webmail.mail.parts import PartStream, find_part
from webmail.mail.session import MailSession, find_message, opened
from webmail.mailbox import Mailbox
from webmail.message import kinds, mime
from webmail.message.mime import Part
from webmail.store.messages import StoredMessage

TEXT_OCTETS = 512 * 1024
"""Decoded octets of a text that are shown; the rest is a download away."""
ENCODED = 3
"""Of quoted-printable every octet may take three."""
MOST_ROWS = 1000
MOST_COLUMNS = 100
MOST_CELLS = 20_000
PAGES_AT_ONCE = 10
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def download(session: MailSession, message_id: int, *, section: str, in_place: bool, confirmed: bool) -> PartStream | HarmPage:
    """A part as a stream, or the question whether it is really wanted. A picture shown ``in_place`` is never asked about."""
    stream = parts.part(session, message_id, section=section)
    if not stream.harm or confirmed or (stream.inline and in_place):
        return stream
    stored, mailbox = find_message(session, message_id)
    # A file in a text or in a winmail.dat is no part of the message: what there is to tell of it, its stream tells.
    return HarmPage(stored.summary, mailbox, (AttachmentRow(section, stream.filename, stream.media_type, 0, harm=stream.harm),))


def view(session: MailSession, message_id: int, *, section: str, first: int = 1) -> FilePage:
    """An attachment to look at, a long PDF from page ``first`` on. One FETCH for a text, none for a picture, several for a PDF
    that was not looked at lately. Raises NotFound for a section the message does not have.
    """
    stored, mailbox = find_message(session, message_id)
    part = find_part(stored, section)
    file = attachment_row(part)
    beside = [attachment_row(each) for each in mime.attachments(stored.summary.structure)]
    place = next((number for number, each in enumerate(beside) if each.section == section), None)
    newer = beside[place - 1] if place else None
    older = beside[place + 1] if place is not None and place + 1 < len(beside) else None
    page = FilePage(stored.summary, mailbox, file, "", (place or 0) + 1, max(1, len(beside)), newer, older, saves_to=saving.place(session))
    if not file.viewable:
        return page
    return replace(page, **_content(session, stored, mailbox, part, file.filename, first=first))


def _content(session: MailSession, stored: StoredMessage, mailbox: Mailbox, part: Part, filename: str, *, first: int) -> dict[str, Any]:
    """What a page shows of a file, as far as it turns out to be what it is called."""
    kind = kinds.preview(filename, f"{part.media_type}/{part.subtype}")
    if kind == "picture":
        return {"kind": kind}
    if kind == "pdf":
        length = drawing.pages(drawn.pdf(session, stored, mailbox, part))
        first = min(max(1, first), max(1, length))
        return {"kind": kind if length else "", "length": length, "pages": range(first, min(length, first + PAGES_AT_ONCE - 1) + 1)}
    octets, cut = _beginning(session, stored, mailbox, part)
    text = _readable(octets, part)
    if text is None:
        return {}
    rows, more = table(text, filename) if kind == "table" else ((), False)
    return {"kind": "table" if rows else "text", "text": "" if rows else text, "rows": rows, "cut": cut or more}


def _beginning(session: MailSession, stored: StoredMessage, mailbox: Mailbox, part: Part) -> tuple[bytes, bool]:
    """The first decoded octets of a part, and whether there are more. One FETCH."""
    if not part.size:
        return b"", False
    with opened(session, mailbox, uidvalidity=stored.uidvalidity) as lent:
        encoded = fetch.part(lent, stored.summary.uid, part.section, limit=TEXT_OCTETS * ENCODED)
    octets = mime.decode_body(encoded, encoding=part.encoding)
    return octets[:TEXT_OCTETS], len(octets) > TEXT_OCTETS or len(encoded) >= TEXT_OCTETS * ENCODED


def _readable(octets: bytes, part: Part) -> str | None:
    """The text of these octets, by their mark, the declared charset, or the likeliest one; None for what is no text."""
    marked = next((name for mark, name in _MARKS if octets.startswith(mark)), "")
    declared = marked or part.params.get("charset", "")
    if b"\0" in octets[:4096] and not declared.lower().startswith(("utf-16", "utf-32", "ucs-2")):
        return None
    plain = replace(part, subtype="plain", encoding="8bit", params={"charset": declared} if declared else {})
    return mime.part_text(octets, plain)[0].removeprefix("\ufeff").replace("\0", "\ufffd")


def table(text: str, filename: str) -> tuple[tuple[tuple[str, ...], ...], bool]:
    """The rows of a table of comma-separated values, and whether there are more; none where it is no table. RFC 4180."""
    head = text[:8192].split("\n")[:20]
    likely = (
        "\t"
        if kinds.extension(filename) == "tsv"
        else max(",;\t|", key=lambda mark: min((line.count(mark) for line in head if line), default=0))
    )
    rows: list[tuple[str, ...]] = []
    cells, more = 0, False
    try:
        for row in csv.reader(text.splitlines(keepends=True), delimiter=likely):
            if len(rows) >= MOST_ROWS or cells >= MOST_CELLS:
                return tuple(rows), True
            more = more or len(row) > MOST_COLUMNS
            rows.append(tuple(row[:MOST_COLUMNS]))
            cells += len(rows[-1])
    except csv.Error:
        return (), False
    return tuple(row for row in rows if row), more


def thumbnail(session: MailSession, message_id: int, *, section: str) -> bytes:
    """A small picture of an attachment as JPEG; empty where there is none. Raises NotFound for what is not made small."""
    stored, mailbox = find_message(session, message_id)
    part = find_part(stored, section)
    if not attachment_row(part).thumbnail:
        raise NotFound("part")
    return drawn.thumbnail(session, stored, mailbox, part)


def page_picture(session: MailSession, message_id: int, *, section: str, number: int) -> bytes:
    """A page of an attached PDF as JPEG. Raises NotFound where it cannot be drawn."""
    stored, mailbox = find_message(session, message_id)
    part = find_part(stored, section)
    file = attachment_row(part)
    if not file.viewable or kinds.preview(file.filename, file.media_type) != "pdf":
        raise NotFound("part")
    picture = drawing.page(drawn.pdf(session, stored, mailbox, part), number)
    if not picture:
        raise NotFound("part")
    return picture
