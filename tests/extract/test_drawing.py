"""Pictures made small and pages drawn: what comes out is a JPEG of our own, and no file does harm or takes long."""

from __future__ import annotations

import struct
import time
import zlib
from collections.abc import Iterator
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.extract.children import attempts_of_a_child
from webmail.demo.mail import pictures
from webmail.extract import drawing

PAPER = pictures.pdf([(72, 700, 24, "The plan")], strokes=[(72, 600, 500, 600)])


@pytest.fixture(scope="module", autouse=True)
def rested() -> Iterator[None]:
    """No child is left behind."""
    yield
    drawing.rest()


def picture(kind: str, size: tuple[int, int] = (300, 200), mode: str = "RGB", **options: object) -> bytes:
    """Red on the left, blue on the right."""
    made = Image.new("RGB", size, "red")
    made.paste("blue", (size[0] // 2, 0, *size))
    target = BytesIO()
    made.convert(mode).save(target, kind, **options)
    return target.getvalue()


def opened(data: bytes) -> Image.Image:
    found = Image.open(BytesIO(data))
    assert found.format == "JPEG"
    return found


def colour(found: Image.Image, x: int, y: int) -> str:
    pixel = found.convert("RGB").getpixel((x, y))
    assert isinstance(pixel, tuple)
    red, _, blue = pixel
    return "red" if red > 150 > blue else "blue" if blue > 150 > red else "other"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "AVIF"])
def test_a_picture_of_each_kind_is_made_small(kind: str) -> None:
    small = opened(drawing.thumbnail(picture(kind)))
    assert small.size == (144, 144)
    assert (colour(small, 20, 72), colour(small, 124, 72)) == ("red", "blue")


@pytest.mark.parametrize(("mode", "kind"), [("RGBA", "PNG"), ("LA", "PNG"), ("P", "PNG"), ("1", "PNG"), ("I;16", "PNG"), ("CMYK", "JPEG")])
def test_a_picture_of_each_depth_is_made_small(mode: str, kind: str) -> None:
    made = BytesIO()
    Image.new(mode, (90, 300)).save(made, kind)
    assert opened(drawing.thumbnail(made.getvalue())).size == (144, 144)


def test_a_photograph_is_turned_as_its_camera_was_held() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    small = opened(drawing.thumbnail(picture("JPEG", exif=exif)))
    assert (colour(small, 72, 20), colour(small, 72, 124)) == ("red", "blue")


def test_nothing_of_the_file_itself_is_handed_on() -> None:
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    made = picture("JPEG", exif=exif, comment=b"taken at home")
    assert b"taken at home" in made
    assert b"taken at home" not in drawing.thumbnail(made)


def moving() -> bytes:
    target = BytesIO()
    frames = [Image.new("RGB", (20, 20), name) for name in ("red", "blue")]
    frames[0].save(target, "GIF", save_all=True, append_images=frames[1:])
    return target.getvalue()


def claiming(width: int, height: int) -> bytes:
    """A PNG file of a few octets that says it is a wall."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pieces = [(b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in pieces
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\x89PNG\r\n\x1a\n" + b"\0" * 40,
        picture("PNG")[:200],
        picture("TIFF"),
        moving(),
        claiming(30_000, 30_000),
        claiming(2**31 - 1, 2**31 - 1),
        PAPER,
    ],
    ids=["empty", "svg", "broken", "cut", "tiff", "moving", "wall", "universe", "pdf"],
)
def test_what_is_no_picture_is_broken_moves_or_is_a_wall_is_left_alone(data: bytes) -> None:
    start = time.monotonic()
    assert drawing.thumbnail(data) == b""
    assert time.monotonic() - start < drawing.SECONDS


def test_pages_of_a_pdf_are_counted_and_drawn() -> None:
    assert drawing.pages(PAPER) == 1
    page = opened(drawing.page(PAPER, 1))
    assert page.width == 1240
    assert abs(page.height / page.width - 297 / 210) < 0.01
    darkest, lightest = page.convert("L").getextrema()
    assert (darkest < 50, lightest > 250) == (True, True), "ink on paper"


@pytest.mark.parametrize("number", [0, 2, 2**31])
def test_there_is_no_page_beside_those_of_the_file(number: int) -> None:
    assert drawing.page(PAPER, number) == b""


def test_what_is_no_pdf_has_no_pages() -> None:
    for data in (b"", b"%PDF-1.4", PAPER[: len(PAPER) // 2], picture("PNG")):
        assert drawing.pages(data) in (0, 1)
        assert drawing.page(data, 1) == b"" or opened(drawing.page(data, 1))


def test_a_page_as_large_as_a_field_is_drawn_small() -> None:
    field = PAPER.replace(b"/MediaBox [0 0 595 842]", b"/MediaBox [0 0 9e6 14e]")
    assert len(drawing.page(field, 1)) < 4_000_000


def test_the_child_that_draws_can_open_no_file_no_socket_and_no_program() -> None:
    assert attempts_of_a_child("painter") == ["refused"] * 4


@settings(max_examples=40, deadline=None)
@given(
    st.binary(max_size=300), st.sampled_from([b"%PDF-1.4\n", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\xff\xd8\xff\xe0", b"RIFF\0\0\0\0WEBPVP8 "])
)
def test_whatever_a_file_holds_nothing_is_raised(rest: bytes, beginning: bytes) -> None:
    assert drawing.thumbnail(beginning + rest) == b"" or opened(drawing.thumbnail(beginning + rest))
    assert drawing.pages(beginning + rest) >= 0
