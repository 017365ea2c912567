"""Winmail.dat: every file of the corpus gives what is in it, and none of their damaged copies does harm."""

from __future__ import annotations

import random
import struct
import time
from pathlib import Path

import pytest

from webmail.formats import rtf, tnef

EXPECTED = {
    "roundcube/body.tnef": ([], "", "are reserved to the states"),
    "roundcube/winmail-10193.tnef": ([("image.png", 34965), ("image.png", 39201), ("image.png", 37205)], "", "anesteziologický protokol"),
    "ytnef/long-filename.tnef": ([("allproductsmar2000.dat", 279)], "I've attached a temp. license for QARun 4.7.", ""),
    "ytnef/missing-filenames.tnef": (
        [("generpts.src", 61210), ("TechlibDEC99.doc", 33792), ("TechlibDEC99-JAN00.doc", 34304), ("TechlibNOV99.doc", 33792)],
        "Sue has encountered a Date problem",
        "",
    ),
    "ytnef/multi-value-attribute.tnef": ([("208225 (5 seconds) Voice Mail.mp3", 10656)], "", ">208225</a>"),
    "ytnef/one-file.tnef": ([("AUTHORS", 244)], "", ""),
    "ytnef/rtf.tnef": ([], "Senior Engineer/QADirector", ""),
    "ytnef/winmail.dat": ([("zappa_av1.jpg", 2937), ("bookmark.htm", 85805)], "Casdasdfasdfasd", ""),
}
"""Files with their sizes, and words of the text and of the HTML: read with ``strings`` and checked with another parser."""


def stream(corpus_dir: Path, name: str) -> bytes:
    return (corpus_dir / "tnef" / name).read_bytes()


def test_every_file_of_the_corpus_is_expected_here(corpus_dir: Path) -> None:
    there = {str(path.relative_to(corpus_dir / "tnef")) for path in (corpus_dir / "tnef").glob("*/*")}
    assert there == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_stream_gives_its_files_and_its_words(corpus_dir: Path, name: str) -> None:
    octets = stream(corpus_dir, name)
    found = tnef.contents(octets)
    files, text, html = EXPECTED[name]
    assert [(each.name, each.size) for each in found.files] == files
    assert text in found.text
    assert html in found.html
    assert not found.broken
    for each in found.files:
        assert 0 < each.offset < each.offset + each.size <= len(octets)


def test_the_octets_of_a_file_are_where_they_are_said_to_be(corpus_dir: Path) -> None:
    octets = stream(corpus_dir, "roundcube/winmail-10193.tnef")
    for each in tnef.contents(octets).files:
        assert octets[each.offset : each.offset + 8] == b"\x89PNG\r\n\x1a\n"
        assert octets[each.offset : each.offset + each.size].endswith(b"IEND\xaeB`\x82")
    octets = stream(corpus_dir, "ytnef/winmail.dat")
    picture = tnef.contents(octets).files[0]
    assert octets[picture.offset : picture.offset + picture.size].endswith(b"\xff\xd9")


def damaged(octets: bytes, dice: random.Random) -> bytes:
    copy = bytearray(octets)
    for _ in range(dice.randrange(1, 30)):
        place = dice.randrange(4, len(copy))
        if dice.random() < 0.3:
            copy[place : place + 4] = dice.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\x7f", b"\x01\0\0\0"))
        else:
            copy[place] = dice.randrange(256)
    return bytes(copy[: dice.randrange(6, len(copy))] if dice.random() < 0.2 else copy)


@pytest.mark.parametrize("name", EXPECTED)
def test_damaged_copies_neither_raise_nor_take_long(corpus_dir: Path, name: str) -> None:
    dice = random.Random(name)
    octets = stream(corpus_dir, name)
    for number in range(100):
        copy = damaged(octets, dice)
        begun = time.process_time()
        found = tnef.contents(copy)
        assert time.process_time() - begun < 2, number
        assert all(0 <= each.offset <= each.offset + each.size <= len(copy) for each in found.files)


def attribute(level: int, number: int, data: bytes) -> bytes:
    return struct.pack("<BHHI", level, number, 6, len(data)) + data + b"\0\0"


def properties(*values: tuple[int, int, bytes]) -> bytes:
    made = struct.pack("<I", len(values))
    for number, kind, data in values:
        made += struct.pack("<HHII", kind, number, 1, len(data)) + data + b"\0" * (-len(data) % 4)
    return made


HEAD = tnef.SIGNATURE + b"\0\0"
MESSAGE_INSIDE = bytes.fromhex("0703020000000000c000000000000046")


def test_a_message_in_the_stream_gives_its_words_and_files_too() -> None:
    inner = HEAD + attribute(1, 0x8004, b"Inner\0") + attribute(1, 0x800C, b"Inner words\0") + attribute(2, 0x9002, b"\0" * 14)
    inner += attribute(2, 0x8010, b"inner.txt\0") + attribute(2, 0x800F, b"octets")
    whole = HEAD + attribute(1, 0x800C, b"Outer words\0") + attribute(2, 0x9002, b"\0" * 14)
    whole += attribute(2, 0x9005, properties((0x3001, 0x1E, b"Inner\0"), (0x3701, 0x0D, MESSAGE_INSIDE + inner)))
    found = tnef.contents(whole)
    assert found.text.startswith("Outer words")
    assert "Inner words" in found.text
    assert [(each.name, whole[each.offset : each.offset + 6]) for each in found.files] == [("inner.txt", b"octets"), ("Inner", HEAD)]


def test_messages_in_messages_without_end_are_followed_five_deep() -> None:
    inner = HEAD
    for _ in range(200):
        data = properties((0x3701, 0x0D, MESSAGE_INSIDE + inner))
        inner = HEAD + attribute(2, 0x9002, b"\0" * 14) + attribute(2, 0x9005, data)
    assert len(tnef.contents(inner).files) == 6


def test_a_million_files_and_properties_are_bounded() -> None:
    begun = time.process_time()
    found = tnef.contents(HEAD + attribute(2, 0x9002, b"") * 200_000)
    assert len(found.files) == tnef.MOST_FILES
    tnef.contents(HEAD + attribute(1, 0x9003, b"\xff\xff\xff\xff" + b"\x02\x00\x01\x00\x00\x00\x00\x00" * 500_000))
    tnef.contents(HEAD + attribute(1, 0x9003, struct.pack("<IHHI", 1, 0x1002, 1, 0xFFFFFFFF)))
    assert time.process_time() - begun < 2


def test_what_is_no_such_stream_is_refused() -> None:
    for octets in (b"", b"PK\x03\x04", b"\x78\x9f\x3e"):
        with pytest.raises(ValueError, match="TNEF"):
            tnef.contents(octets)


PACKED = bytes.fromhex("2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0")
"""The example of MS-OXRTFCP §3.2.1."""


def test_packed_rich_text_is_unpacked_as_the_standard_shows() -> None:
    assert rtf.unpacked(PACKED) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    assert rtf.words(rtf.unpacked(PACKED)) == ("hello world", False)
    crossing = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")
    assert rtf.unpacked(crossing) == b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"


def test_a_small_file_that_unpacks_without_end_is_cut() -> None:
    begun = time.process_time()
    tokens, place = [], 207
    for _ in range(100_000):
        # Each says: seventeen times the octet before; it never points at the end, which would be the end.
        tokens.append(((place - 1) % 4096 << 4 | 15).to_bytes(2, "big"))
        place = (place + 17) % 4096
    groups = [b"\xff" + b"".join(tokens[begin : begin + 8]) for begin in range(0, len(tokens), 8)]
    endless = struct.pack("<IIII", 0, 0xFFFFFFFF, 0x75465A4C, 0) + b"".join(groups)
    assert len(endless) < 250_000
    assert len(rtf.unpacked(endless)) > 1_500_000
    assert len(rtf.unpacked(endless, limit=1_000_000)) == 1_000_000
    assert time.process_time() - begun < 5


@pytest.mark.parametrize(
    ("rich", "expected"),
    [
        (rb"{\rtf1\ansi\ansicpg1252 caf\'e9 \u9731? {\*\hidden no}{\info no}yes\par\tab end}", "café \u2603 yes\n\tend"),
        (rb"{\rtf1\ansi{\fonttbl{\f0\fcharset0 A;}{\f1\fcharset204 B;}}\f1 \'cf\'f0\'e8\'e2\'e5\'f2}", "Привет"),
        (rb"{\rtf1\uc2\u20013\'d6\'d0\u25991\'ce\'c4}", "中文"),
        (rb"{\rtf1 a\{b\}c\\d\~e {\v hidden}}", "a{b}c\\d\u00a0e "),
        (b"{\\rtf1 " + b"{" * 100_000 + b"deep", ""),
        (b"not rich at all", "not rich at all"),
        (rb"{\rtf1\u55357?\u56832?\u55357? x}", "\U0001f600\ufffd x"),
    ],
)
def test_rich_text_gives_its_words(rich: bytes, expected: str) -> None:
    assert rtf.words(rich) == (expected, False)


def test_html_comes_out_of_rich_text_as_it_went_in() -> None:
    rich = (
        rb"{\rtf1\ansi\ansicpg1252\fromhtml1 \deff0{\fonttbl{\f0\fswiss Arial;}}{\*\htmltag64 <p>}\htmlrtf {\htmlrtf0 "
        rb"Caf\'e9 {\*\htmltag84 <b>}\htmlrtf {\b \htmlrtf0 bold\htmlrtf }\htmlrtf0 {\*\htmltag92 </b>}{\*\mhtmltag84 no}"
        rb"\htmlrtf \par}\htmlrtf0 {\*\htmltag72 </p>}}"
    )
    assert rtf.words(rich) == ("<p>Café <b>bold</b></p>", True)
