"""Files written into plain text are found, taken out and decoded; words that look like the beginning of one stay words."""

from __future__ import annotations

import binascii
import time

import pytest

from webmail.message.enclosed import MOST, Enclosed, decoded, taken_out

CONTENT = bytes(range(256)) * 5


def uu(name: str, content: bytes = CONTENT, *, end: bool = True) -> bytes:
    lines = [binascii.b2a_uu(content[place : place + 45]).rstrip(b"\n") for place in range(0, len(content), 45)]
    return b"\r\n".join([b"begin 644 " + name.encode(), *lines, *([b"`", b"end"] if end else []), b""])


def yenc(name: str, content: bytes = CONTENT) -> bytes:
    coded = b""
    for value in content:
        shifted = (value + 42) % 256
        coded += b"=" + bytes([(shifted + 64) % 256]) if shifted in b"\0\r\n=" else bytes([shifted])
    lines = [coded[:400], coded[400:]]
    if lines[0].endswith(b"="):
        lines = [coded[:401], coded[401:]]
    head = f"=ybegin line=400 size={len(content)} name={name}".encode()
    return b"\r\n".join([head, *lines, f"=yend size={len(content)}".encode(), b""])


def octets(text: bytes, number: int, *, step: int = 7) -> tuple[set[str], bytes]:
    pieces = list(decoded([text[place : place + step] for place in range(0, len(text), step)], number))
    return {name for name, _ in pieces}, b"".join(piece for _, piece in pieces)


def test_a_uuencoded_file_is_taken_out_and_decoded() -> None:
    text = b"Before\r\n" + uu("tree picture.png") + b"Behind\r\n"
    assert taken_out(text) == (b"Before\r\nBehind\r\n", (Enclosed("tree picture.png", len(CONTENT), whole=True),))
    assert octets(text, 1) == ({"tree picture.png"}, CONTENT)
    assert octets(text, 2) == (set(), b"")


def test_a_yenc_file_is_taken_out_and_decoded() -> None:
    text = b"Before\r\n" + yenc("a b.bin") + b"Behind\r\n"
    kept, files = taken_out(text)
    assert (kept, files) == (b"Before\r\nBehind\r\n", (Enclosed("a b.bin", len(CONTENT), whole=True),))
    assert octets(text, 1) == ({"a b.bin"}, CONTENT)


def test_several_files_have_numbers() -> None:
    text = uu("one.bin", b"1" * 100) + b"and\r\n" + yenc("two.bin") + uu("three.bin", b"3")
    kept, files = taken_out(text)
    assert kept == b"and\r\n"
    assert [file.name for file in files] == ["one.bin", "two.bin", "three.bin"]
    assert octets(text, 3) == ({"three.bin"}, b"3")
    assert octets(text, 2, step=1000) == ({"two.bin"}, CONTENT)


def test_a_base64_file_of_uuencode_is_found() -> None:
    text = b"begin-base64 644 a.txt\naGVsbG8=\n====\nrest"
    assert taken_out(text) == (b"rest", (Enclosed("a.txt", 5, whole=True),))
    assert octets(text, 1) == ({"a.txt"}, b"hello")


def test_a_file_that_is_cut_off_is_taken_out_as_far_as_it_goes() -> None:
    text = b"Words\n" + uu("a.bin", end=False).replace(b"\r\n", b"\n") + b"These are words again\n"
    kept, (file,) = taken_out(text)
    assert kept == b"Words\nThese are words again\n"
    assert not file.whole
    assert file.size == len(CONTENT)
    assert taken_out(text[:-600])[1][0].name == "a.bin"


@pytest.mark.parametrize(
    "text",
    [
        b"begin 644 words\nof a sentence that is no file\n",
        b"We begin 644 now\n",
        b"begin 999 x\nM\n",
        b"begin 644 last line",
        b"=ybegins name=x\n",
        b"begin\nend\n",
        b"",
    ],
)
def test_words_stay_words(text: bytes) -> None:
    assert taken_out(text) == (text, ())
    assert octets(text, 1) == (set(), b"")


def test_names_are_safe_and_files_are_bounded() -> None:
    assert taken_out(uu("../../etc/passwd"))[1][0].name == "passwd"
    assert len(taken_out(uu("a", b"x") * 1000)[1]) == MOST


def test_any_text_is_read_in_linear_time() -> None:
    begun = time.process_time()
    for text in (
        b"begin 644 a\n" * 100_000,
        uu("a", b"x" * 2_000_000, end=False),
        b"=ybegin name=a\n" + b"\xff" * 2_000_000,
        b"begin" * 300_000,
    ):
        taken_out(text)
        octets(text, 1, step=60_000)
    assert time.process_time() - begun < 6
