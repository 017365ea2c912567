"""Parts as pages list them and as addresses name them; nothing here asks a server."""

from __future__ import annotations

from mimetypes import guess_type
from urllib.parse import quote

from webmail.mail.pages import AttachmentRow
from webmail.message import kinds, mime
from webmail.message.mime import Part, ReadText

MOST_DRAWN = 10 * 1024 * 1024
"""Octets of a picture that is made small."""
MOST_VIEWED = {"picture": 64 * 1024 * 1024, "pdf": 2 * MOST_DRAWN}
"""Octets of a file that has a page to be looked at; what is larger is for downloading only. Of texts the beginning is shown."""
OWN_NAMES = frozenset({"view", "thumbnail"})
"""Names in the addresses of parts that mean pages of ours, not a file that is called so."""


def attachment_row(part: Part) -> AttachmentRow:
    """An attachment as the page lists it; an attached message without a name is named by its kind."""
    names = {"message/rfc822": "message.eml", "text/calendar": "invitation.ics"}
    media_type = f"{part.media_type}/{part.subtype}"
    name = part.filename or names.get(media_type, f"part-{part.section or '0'}")
    size = mime.decoded_size(part)
    preview = kinds.preview(name, media_type)
    return AttachmentRow(
        part.section,
        name,
        media_type,
        size,
        viewable=bool(preview) and size <= MOST_VIEWED.get(preview, size),
        thumbnail=preview == "picture" and size <= MOST_DRAWN,
        harm=kinds.harm(name, media_type),
    )


def path_of(message_id: int, section: str, filename: str) -> str:
    """The path of a part. The name in it is for people, and never one that means a page of ours."""
    name = f"file-{filename}" if filename in OWN_NAMES else filename or "file"
    return f"/messages/{message_id}/parts/{section}/{quote(name, safe='')}"


def enclosed_rows(part: Part, read: ReadText) -> tuple[AttachmentRow, ...]:
    """The files written into a text as the page lists them, under sections of their own such as ``1.uu1``."""
    found = []
    for number, file in enumerate(read.files, 1):
        media_type = file.media_type or guess_type(file.name)[0] or "application/octet-stream"
        # Of a file that goes on beyond what was read of the text, the rest of the part is taken for it.
        size = file.size if file.whole else max(file.size, mime.decoded_size(part) * 45 // 63)
        found.append(AttachmentRow(f"{part.section}.uu{number}", file.name, media_type, size, harm=kinds.harm(file.name, media_type)))
    return tuple(found)
