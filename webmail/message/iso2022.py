"""Charsets that change their letters by escape sequences: Japanese, Korean and Chinese mail of seven bits.

One reader for all of them, because senders write the letters of one under the name of another, and those of Windows under all.
RFC 1468, RFC 1554, RFC 1557, RFC 1922, RFC 2237.
"""

from __future__ import annotations

import re

_ESCAPE = re.compile(rb"\x1b(?:\$\(?[@A-DOPQ]|\$[)*][ACGEH]|\([A-Z]|\.[AF]|N.|&@)|[\x0e\x0f]|\n", re.DOTALL)
_USED = re.compile(rb"\x1b(?:\$\(?[@A-DOPQ]|\$[)*][ACGEH]|\([IJB])")
_HIGH = bytes(value | 0x80 if 0x21 <= value <= 0x7E else value for value in range(256))
_DOUBLE = {b"@": "jis", b"B": "jis", b"A": "gb2312", b"C": "euc_kr", b"D": "jis212", b"O": "jis213", b"P": "jis213", b"Q": "jis213"}
_SHIFTED = {b"A": "gb2312", b"C": "euc_kr"}


def is_used(data: bytes) -> bool:
    """Whether there are escape sequences in it that begin the letters of such a charset."""
    return b"\x1b" in data and _USED.search(data) is not None


def decode(data: bytes) -> tuple[str, bool]:
    """The text, and whether all of it could be read. Linear; never raises."""
    found: list[str] = []
    whole = True
    state, shifted, out, place = "", "", False, 0
    for mark in _ESCAPE.finditer(data):
        text, good = _segment(data[place : mark.start()], shifted if out else state)
        found.append(text)
        whole, place, what = whole and good, mark.end(), mark[0]
        if what == b"\n":
            # A line ends in ASCII, whatever its sender forgot.
            found.append("\n")
            state, out = "", False
        elif what in (b"\x0e", b"\x0f"):
            out = what == b"\x0e"
        elif what[1:2] == b"$" and what[2:3] in (b")", b"*"):
            shifted = _SHIFTED.get(what[3:], "?")
        elif what[1:2] == b"$":
            state = _DOUBLE.get(what[-1:], "?")
        elif what[1:2] == b"(":
            state = "kana" if what[2:] == b"I" else ""
    text, good = _segment(data[place:], shifted if out else state)
    return "".join([*found, text]), whole and good


def _segment(data: bytes, letters: str) -> tuple[str, bool]:
    """The text between two escape sequences."""
    if not data or not letters:
        return _read(data, "cp1252" if not data.isascii() else "ascii")
    if letters == "?":
        return "\ufffd" * (len(data) // 2), False
    high = data.translate(_HIGH)
    if letters == "kana":
        return _read(high, "cp932")
    if letters == "jis":
        return _jis(data)
    if letters == "jis212":
        pairs = b"".join(b"\x8f" + high[place : place + 2] for place in range(0, len(high) - 1, 2))
        return _read(pairs, "euc_jp")
    return _read(high, "euc_jis_2004" if letters == "jis213" else letters)


def _jis(data: bytes) -> tuple[str, bool]:
    """Letters of JIS X 0208 with what Windows has added to its rows."""
    high = data.translate(_HIGH)
    try:
        return high.decode("euc_jp"), True
    except UnicodeDecodeError:
        pass
    pairs = bytearray()
    place = 0
    while place < len(data):
        first, second = data[place], data[place + 1] if place + 1 < len(data) else 0
        if not (0x21 <= first <= 0x7E and 0x21 <= second <= 0x7E):
            pairs.append(first)
            place += 1
            continue
        lead = (first + 1) // 2 + (0x70 if first <= 0x5E else 0xB0)
        trail = second + (0x1F + (second >= 0x60) if first % 2 else 0x7E)
        pairs += bytes((lead, trail))
        place += 2
    return _read(bytes(pairs), "cp932")


def _read(data: bytes, name: str) -> tuple[str, bool]:
    try:
        return data.decode(name), True
    except UnicodeDecodeError as error:
        return data.decode(name, "replace"), error.end == len(data) and error.start > 0
