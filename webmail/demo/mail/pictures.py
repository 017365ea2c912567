"""Pictures and documents drawn by code: PNG images, a PDF page, a zip archive."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Colour(NamedTuple):
    """Red, green and blue, 0 to 255."""

    red: int
    green: int
    blue: int

    def towards(self, other: Colour, share: float) -> Colour:
        """The colour that lies this share of the way to another."""
        return Colour(*(round(mine + (theirs - mine) * share) for mine, theirs in zip(self, other, strict=True)))


class Canvas:
    """A picture that is drawn in horizontal runs, which is quick enough without an image library."""

    def __init__(self, width: int, height: int, colour: Colour) -> None:
        self.width = width
        self.height = height
        self._rows = [bytearray(bytes(colour) * width) for _ in range(height)]

    def run(self, y: int, left: float, right: float, colour: Colour) -> None:
        """Colour the pixels of one row between two places; what lies outside is left out."""
        first, last = max(0, round(left)), min(self.width, round(right))
        if 0 <= y < self.height and first < last:
            self._rows[y][first * 3 : last * 3] = bytes(colour) * (last - first)

    def box(self, left: int, top: int, width: int, height: int, colour: Colour) -> None:
        """A filled rectangle."""
        for y in range(top, top + height):
            self.run(y, left, left + width, colour)

    def fade(self, top: int, bottom: int, above: Colour, below: Colour) -> None:
        """A band that goes from one colour to another."""
        for y in range(top, bottom):
            self.run(y, 0, self.width, above.towards(below, (y - top) / (bottom - top)))

    def disc(self, x: int, y: int, radius: int, colour: Colour) -> None:
        """A filled circle."""
        for offset in range(-radius, radius + 1):
            half = (radius * radius - offset * offset) ** 0.5
            self.run(y + offset, x - half, x + half, colour)

    def peak(self, x: int, top: int, bottom: int, slope: float, colour: Colour) -> None:
        """A triangle that stands on its base, such as a hill or a tree."""
        for y in range(top, bottom):
            self.run(y, x - (y - top) * slope, x + (y - top) * slope, colour)

    def png(self) -> bytes:
        """The picture as a PNG file."""
        header = struct.pack(">IIBBBBB", self.width, self.height, 8, 2, 0, 0, 0)
        pixels = zlib.compress(b"".join(b"\x00" + row for row in self._rows), 6)
        return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def lake(*, evening: bool) -> bytes:
    """A lake between hills, by day or in the evening."""
    sky, glow = (Colour(58, 66, 112), Colour(240, 160, 110)) if evening else (Colour(120, 176, 222), Colour(226, 240, 248))
    picture = Canvas(480, 320, glow)
    picture.fade(0, 170, sky, glow)
    picture.disc(350, 120 if evening else 60, 26, Colour(255, 226, 160))
    picture.peak(110, 70, 180, 1.5, sky.towards(Colour(40, 60, 70), 0.6))
    picture.peak(290, 95, 180, 1.9, sky.towards(Colour(30, 60, 60), 0.75))
    picture.fade(180, 320, glow.towards(sky, 0.35), sky.towards(Colour(10, 30, 50), 0.5))
    for line in range(12):
        y = 190 + line * 10
        picture.run(y, 330 - line * 3, 372 + line * 2, glow)
    return picture.png()


def heron() -> bytes:
    """A heron in the reeds, drawn with more love than skill."""
    picture = Canvas(360, 420, Colour(214, 226, 222))
    picture.fade(0, 420, Colour(226, 236, 236), Colour(150, 178, 170))
    grey, dark = Colour(104, 120, 134), Colour(52, 60, 70)
    picture.box(176, 300, 5, 90, dark)
    picture.box(196, 300, 5, 90, dark)
    for offset in range(-62, 63):
        half = (62 * 62 - offset * offset) ** 0.5
        picture.run(250 + offset, 186 - half * 0.9, 186 + half * 0.75, grey)
    picture.box(208, 120, 14, 110, grey)
    picture.disc(218, 112, 20, grey)
    for offset in range(-5, 6):
        picture.run(112 + offset, 232, 292 - abs(offset) * 9, Colour(206, 158, 60))
    picture.disc(224, 107, 4, dark)
    for stalk in range(14):
        picture.peak(20 + stalk * 25, 210 + stalk * 37 % 90, 420, 0.02, Colour(92, 112, 70))
    return picture.png()


def pine_logo() -> bytes:
    """The mark of the Paper & Pine newsletter: a tree on a sheet of paper."""
    picture = Canvas(96, 96, Colour(247, 242, 232))
    picture.box(12, 8, 72, 80, Colour(255, 255, 255))
    for top in (16, 30, 44):
        picture.peak(48, top, top + 24, 0.9, Colour(38, 92, 70))
    picture.box(44, 68, 8, 12, Colour(120, 84, 52))
    return picture.png()


def ticket_code() -> bytes:
    """A square of dots such as conductors scan; it means nothing."""
    cells, size = 25, 8
    picture = Canvas((cells + 4) * size, (cells + 4) * size, Colour(255, 255, 255))
    seed = 20261
    for row in range(cells):
        for column in range(cells):
            seed = (seed * 1103515245 + 12345) % 2147483648
            if seed >> 16 & 1:
                picture.box((column + 2) * size, (row + 2) * size, size, size, Colour(20, 24, 32))
    for left, top in ((2, 2), (cells - 5, 2), (2, cells - 5)):
        for inset, colour in ((0, Colour(20, 24, 32)), (1, Colour(255, 255, 255)), (2, Colour(20, 24, 32))):
            side = (7 - 2 * inset) * size
            picture.box((left + inset) * size, (top + inset) * size, side, side, colour)
    return picture.png()


def window_sketch() -> bytes:
    """The joiner's sketch of a kitchen window."""
    picture = Canvas(320, 260, Colour(252, 251, 246))
    line, glass = Colour(70, 74, 84), Colour(206, 226, 236)
    picture.box(60, 40, 200, 160, line)
    for left in (68, 164):
        picture.box(left, 48, 88, 144, glass)
    picture.box(48, 200, 224, 12, Colour(176, 138, 96))
    picture.box(150, 112, 6, 20, Colour(206, 158, 60))
    return picture.png()


def pdf(lines: Iterable[tuple[int, int, int, str]], *, strokes: Iterable[tuple[int, int, int, int]] = ()) -> bytes:
    """One A4 page: text as (x, y, size, words), y counted from the bottom, and straight lines as (x, y, x, y)."""
    drawing = [f"BT /F1 {size} Tf {x} {y} Td ({_escaped(words)}) Tj ET" for x, y, size, words in lines]
    drawing += [f"1.2 w {x1} {y1} m {x2} {y2} l S" for x1, y1, x2, y2 in strokes]
    content = "\n".join(drawing).encode("latin-1")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    document = b"%PDF-1.4\n"
    places = []
    for number, each in enumerate(objects, start=1):
        places.append(len(document))
        document += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"xref\n0 6\n0000000000 65535 f \n%strailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (table, len(document))
    return document + end


def _escaped(words: str) -> str:
    return words.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


def archive(files: Mapping[str, bytes]) -> bytes:
    """A zip archive of the files."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            made.writestr(name, content)
    return target.getvalue()
