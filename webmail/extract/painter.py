"""The program that draws: one picture or PDF after the other from its input, small pictures of them to its output.

Started as ``python -m webmail.extract.painter`` by ``child``; what it gives up first stands in ``confined``. What comes out of it
is the octets of a JPEG file, made here from pixels: nothing of the file itself is handed on.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import pypdfium2
from PIL import Image, ImageOps

from webmail.extract import confined
from webmail.extract.child import DRAWINGS

MOST_PIXELS = 50_000_000
"""Of the picture as it is stored; a picture of a few kilobytes can claim to be a wall of gigabytes."""
FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "AVIF")
PAGE_WIDTH = 1240
"""A page of A4 at 150 dots per inch."""
PAGE_PIXELS = 8_000_000
QUALITY = 82


def main() -> None:
    """Answer until the input ends."""
    Image.init()
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    rehearse()
    confined.confine()
    confined.answer(_drawn)


def rehearse() -> None:
    """Draw a picture of each kind: the library loads some of its parts when it first needs them, which is too late later."""
    turned = Image.Exif()
    turned[0x0112] = 6
    for kind in FORMATS:
        sample = BytesIO()
        Image.new("P" if kind in ("GIF", "PNG") else "RGB", (16, 16)).save(sample, kind, exif=turned)
        thumbnail(sample.getvalue(), edge=8)


def _drawn(kind: int, data: bytes, limit: int) -> Iterator[bytes]:
    wanted = DRAWINGS[kind]
    if wanted == "thumbnail":
        yield thumbnail(data, edge=limit)
    elif wanted == "pages":
        with pypdfium2.PdfDocument(data) as document:
            yield str(len(document)).encode()
    else:
        yield page(data, number=limit)


def thumbnail(data: bytes, *, edge: int) -> bytes:
    """A picture cut to a square of ``edge`` pixels, turned as its camera was held. Raises anything; ValueError for one that moves."""
    with Image.open(BytesIO(data), formats=FORMATS) as picture:
        if picture.width * picture.height > MOST_PIXELS or getattr(picture, "is_animated", False):
            raise ValueError("a picture that is not made small")
        # A JPEG is decoded at a fraction of its size, where that is still larger than what is wanted.
        picture.draft("RGB", (edge * 2, edge * 2))
        small = ImageOps.exif_transpose(picture)
        # First quickly to something near, then well: large pictures are most of the work.
        small.thumbnail((edge * 4, edge * 4), Image.Resampling.BOX)
        return _jpeg(ImageOps.fit(_opaque(small), (edge, edge), Image.Resampling.LANCZOS))


def page(data: bytes, *, number: int) -> bytes:
    """A page of a PDF as a picture; the first is 1. Raises anything. No script of the file runs: the library has none."""
    with pypdfium2.PdfDocument(data) as document:
        drawn = document[number - 1]
        width, height = drawn.get_size()
        scale = min(PAGE_WIDTH / width, (PAGE_PIXELS / (width * height)) ** 0.5)
        return _jpeg(drawn.render(scale=scale, may_draw_forms=False).to_pil())


def _opaque(picture: Image.Image) -> Image.Image:
    """On white, as the icon behind it must not shine through."""
    if picture.mode in ("RGB", "L"):
        return picture.convert("RGB")
    layered = picture.convert("RGBA")
    ground = Image.new("RGB", layered.size, "white")
    ground.paste(layered, mask=layered.getchannel("A"))
    return ground


def _jpeg(picture: Image.Image) -> bytes:
    """Pixels only: comments, places and profiles would be taken along otherwise."""
    target, bare = BytesIO(), Image.new("RGB", picture.size)
    bare.paste(picture.convert("RGB"))
    bare.save(target, "JPEG", quality=QUALITY)
    return target.getvalue()


if __name__ == "__main__":
    main()
