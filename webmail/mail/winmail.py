"""Winmail.dat: what Outlook packs into one part (MS-OXTNEF), opened in a child process and kept as what is in it.

The part itself is never kept: its files are read from the server again, at the place in it where they lie.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from webmail.errors import NotFound
from webmail.extract import tnef
from webmail.mail.enclosed_pages import Winmail
from webmail.mail.message_pages import Wishes
from webmail.mail.pages import AttachmentRow
from webmail.message import kinds, mime, text
from webmail.message.mime import Part
from webmail.sanitize import html

MOST_OCTETS = 24 * 1024 * 1024
"""A larger one is not opened, only offered for download."""
SEPARATOR = "!"
"""Between the section of a winmail.dat and the number of a file in it: ``2!1``."""
TYPES = ("application/ms-tnef", "application/vnd.ms-tnef")
_MARKUP = re.compile(r"<style\b.*?</style|<[^>]*>", re.DOTALL | re.IGNORECASE)


def is_winmail(part: Part) -> bool:
    """Whether a part is one, by its type or by the name that Outlook gives it."""
    return f"{part.media_type}/{part.subtype}" in TYPES or (part.media_type == "application" and part.filename.lower() == "winmail.dat")


def contents(octets: bytes) -> str:
    """What is in it, as it is kept; empty where it cannot be read. Costs up to ten seconds of a child process; never raises."""
    return tnef.contents(octets)


def page(part: Part, kept: str | None) -> Winmail:
    """What the page of a message shows of it."""
    name = part.filename or "winmail.dat"
    if kept is None:
        return Winmail(part.section, name, problem="large" if part.size > MOST_OCTETS else "broken")
    found = tnef.from_kept(kept, size=part.size)
    if found is None:
        return Winmail(part.section, name, problem="broken")
    return Winmail(
        part.section,
        name,
        document=bool(found.html.strip()),
        frame_height=max(160, min(2000, 80 + len(_MARKUP.sub("", found.html)) // 3)),
        text=text.blocks(found.text) if found.text.strip() and not found.html.strip() else (),
        files=tuple(_row(part, number, each) for number, each in enumerate(found.files, 1)),
        problem="broken" if found.broken else "",
    )


def _row(part: Part, number: int, packed: tnef.PackedFile) -> AttachmentRow:
    name = mime.safe_filename(packed.name) or f"file-{number}"
    kind = packed.media_type.lower() or "application/octet-stream"
    return AttachmentRow(f"{part.section}{SEPARATOR}{number}", name, kind, packed.size, harm=kinds.harm(name, kind))


def document(part: Part, kept: str | None, *, message_id: int, wishes: Wishes) -> str:
    """Its body, where that is HTML, cleaned, with its pictures from its own files. Raises NotFound("body") where it is not."""
    found = tnef.from_kept(kept, size=part.size) if kept is not None else None
    if found is None or not found.html.strip():
        raise NotFound("body")
    place = f"/messages/{message_id}/parts/{part.section}{SEPARATOR}"
    pictures = {
        each.content_id: f"{place}{number}/{quote(mime.safe_filename(each.name) or 'image', safe='')}"
        for number, each in reversed(list(enumerate(found.files, 1)))
        if each.content_id
    }
    options = html.BodyOptions(images=html.ImagePolicy.BLOCKED, cid=pictures, dark=not wishes.original, fit=not wishes.full_size)
    return html.clean(found.html, options=options).document


def packed_file(part: Part, kept: str | None, number: int) -> tnef.PackedFile:
    """One of its files. Raises NotFound("part") for a number it does not have."""
    found = tnef.from_kept(kept, size=part.size) if kept is not None else None
    if found is None or not 1 <= number <= len(found.files):
        raise NotFound("part")
    return found.files[number - 1]


def cut_out(chunks: Iterable[bytes], packed: tnef.PackedFile) -> Iterator[bytes]:
    """The octets of a file out of those of its winmail.dat, in constant memory; stops reading where the file ends."""
    skip, left = packed.offset, packed.size
    for chunk in chunks:
        piece = chunk[skip : skip + left]
        skip = max(0, skip - len(chunk))
        left -= len(piece)
        if piece:
            yield piece
        if left <= 0:
            return
