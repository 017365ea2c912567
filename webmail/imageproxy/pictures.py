"""What kind of picture some octets are and how large it is, told by their beginning and never by what anybody calls them.

Only raster formats that every browser shows: an SVG is a document. Sizes are read so that a small file cannot make a reader's
browser fill its memory.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

MAX_PIXELS = 40_000_000
MAX_SIDE = 20_000
LOOKED_AT = 256 * 1024
"""A size stands before the pixels; cameras put their own notes, and a small copy of the picture, in front of it."""
_JPEG_SIZES = frozenset({*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)})
_JPEG_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})
_AVIF_BRANDS = frozenset({b"avif", b"avis"})


class Shape(NamedTuple):
    """The media type of a picture, and its largest width and height in pixels."""

    media_type: str
    width: int
    height: int


def shape(content: bytes) -> Shape | None:
    """What picture this is; None for what is none of those shown, says no size, or has more than ``MAX_PIXELS``. Never raises."""
    head = content[:LOOKED_AT]
    try:
        found = _shape(head)
    except (struct.error, IndexError):
        return None
    if found is None or not (0 < found.width <= MAX_SIDE and 0 < found.height <= MAX_SIDE):
        return None
    return found if found.width * found.height <= MAX_PIXELS else None


def _shape(head: bytes) -> Shape | None:
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return Shape("image/png", *struct.unpack_from(">II", head, 16)) if head[12:16] == b"IHDR" else None
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return Shape("image/gif", *struct.unpack_from("<HH", head, 6))
    if head.startswith(b"\xff\xd8\xff"):
        return _jpeg(head)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return _webp(head)
    return _avif(head) if head[4:8] == b"ftyp" else None


def _jpeg(head: bytes) -> Shape | None:
    """The size in the frame header, behind segments whose lengths lead from one to the next (ITU T.81 B.1)."""
    place = 2
    while place + 9 <= len(head):
        if head[place] != 0xFF:
            return None
        marker = head[place + 1]
        if marker == 0xFF:
            place += 1
        elif marker in _JPEG_ALONE:
            place += 2
        elif marker in _JPEG_SIZES:
            height, width = struct.unpack_from(">HH", head, place + 5)
            return Shape("image/jpeg", width, height)
        else:
            place += 2 + max(2, struct.unpack_from(">H", head, place + 2)[0])
    return None


def _webp(head: bytes) -> Shape | None:
    """The size of the canvas, or of the one picture (RFC 9649 §2.5-2.7)."""
    kind = head[12:16]
    if kind == b"VP8X" and len(head) >= 30:
        width, height = (int.from_bytes(head[place : place + 3], "little") + 1 for place in (24, 27))
        return Shape("image/webp", width, height)
    if kind == b"VP8L" and head[20] == 0x2F:
        bits = struct.unpack_from("<I", head, 21)[0]
        return Shape("image/webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if kind == b"VP8 " and head[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", head, 26)
        return Shape("image/webp", width & 0x3FFF, height & 0x3FFF)
    return None


def _avif(head: bytes) -> Shape | None:
    """The largest of the sizes that its boxes give (ISO/IEC 23008-12 §6.5.3, ISO/IEC 14496-12 §4.3)."""
    length = struct.unpack_from(">I", head, 0)[0]
    brands = head[8 : min(length, 4096)]
    if not _AVIF_BRANDS & {brands[place : place + 4] for place in range(0, len(brands), 4)}:
        return None
    sizes = list(_extents(head))
    return Shape("image/avif", max(width for width, _ in sizes), max(height for _, height in sizes)) if sizes else None


def _extents(head: bytes) -> Iterator[tuple[int, int]]:
    place = head.find(b"ispe")
    while place >= 0 and place + 16 <= len(head):
        yield struct.unpack_from(">II", head, place + 8)
        place = head.find(b"ispe", place + 4)
