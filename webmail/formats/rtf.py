"""Rich text as Outlook stores the bodies of its messages: unpacked, and made into text or into the HTML it was made from.

MS-OXRTFCP (how it is packed), MS-OXRTFEX (how HTML lies in it), Rich Text Format 1.9.1. Linear, bounded in what comes out
and in how deep its groups lie: packed rich text can be written to unpack without end.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from webmail.formats.codepages import decoded

MOST_OCTETS = 4 * 1024 * 1024
"""Of rich text so much is unpacked and read."""
MOST_CHARACTERS = 1024 * 1024
_DEEPEST = 500
_HEAD = struct.Struct("<IIII")
_PACKED, _PLAIN = 0x75465A4C, 0x414C454D
_BEFORE = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbol"
    b"ArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)
"""What the dictionary holds at the start (MS-OXRTFCP §2.1.2.1)."""


def unpacked(packed: bytes, *, limit: int = MOST_OCTETS) -> bytes:
    """Rich text out of its packed form, at most ``limit`` octets whatever its header says. Raises ValueError for what is none."""
    if len(packed) < _HEAD.size:
        raise ValueError("no packed rich text")
    _, _, kind, _ = _HEAD.unpack_from(packed)
    if kind == _PLAIN:
        return packed[_HEAD.size :][:limit]
    if kind != _PACKED:
        raise ValueError("packed in an unknown way")
    window = bytearray(_BEFORE.ljust(4096, b"\0"))
    place, read, out = len(_BEFORE), _HEAD.size, bytearray()
    while read < len(packed) and len(out) < limit:
        control, read = packed[read], read + 1
        for bit in range(8):
            if not control >> bit & 1:
                run = packed[read : read + 1]
                read += 1
            else:
                token = int.from_bytes(packed[read : read + 2], "big")
                read += 2
                if token >> 4 == place or read > len(packed):
                    return bytes(out[:limit])
                # Octet by octet: a run may reach into what it writes itself.
                run = bytes(_copied(window, token >> 4, place, (token & 15) + 2))
            for octet in run:
                window[place] = octet
                place = (place + 1) % 4096
            out += run
    return bytes(out[:limit])


def _copied(window: bytearray, begin: int, place: int, length: int) -> bytearray:
    found = bytearray()
    for step in range(length):
        at = (begin + step) % 4096
        ahead = (at - place) % 4096
        found.append(found[ahead] if ahead < step else window[at])
    return found


@dataclass(slots=True)
class _State:
    """What holds inside a group of braces."""

    silent: bool = False
    tag: bool = False
    hidden: bool = False
    codepage: int = 0
    skip: int = 1


@dataclass(slots=True)
class _Reading:
    """One rich text on its way to words. ``html`` tells that it was made from HTML, which is what comes out then."""

    html: bool
    codepage: int = 1252
    fonts: dict[int, int] = field(default_factory=dict)
    font: int = 0
    naming_fonts: bool = False
    octets: bytearray = field(default_factory=bytearray)
    out: list[str] = field(default_factory=list)
    length: int = 0
    skipping: int = 0
    state: _State = field(default_factory=_State)
    stack: list[_State] = field(default_factory=list)
    star: bool = False
    surrogate: int = 0

    def write(self, text: str) -> None:
        self.flush()
        if not self.state.silent and not self.state.hidden and self.length < MOST_CHARACTERS:
            self.out.append(text)
            self.length += len(text)

    def octet(self, value: int) -> None:
        if self.skipping:
            self.skipping -= 1
        elif not self.state.silent and not self.state.hidden:
            self.octets.append(value)

    def flush(self) -> None:
        if self.octets:
            text = decoded(bytes(self.octets), self.state.codepage or self.codepage)
            self.octets.clear()
            self.out.append(text)
            self.length += len(text)


_TOKEN = re.compile(r"\\([a-zA-Z]{1,32})(-?[0-9]{1,9})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|([\r\n]+)|([^\\{}\r\n]+)|\\", re.DOTALL)
_SILENT = frozenset(
    {
        *("fonttbl", "colortbl", "stylesheet", "info", "pict", "object", "header", "footer", "headerl", "headerr", "footerl", "footerr"),
        *("listtable", "listoverridetable", "rsidtbl", "generator", "xmlnstbl", "themedata", "datastore", "fldinst", "filetbl", "revtbl"),
    }
)
_LETTERS = {
    **dict.fromkeys(("par", "line", "sect", "page", "row"), "\n"),
    **dict.fromkeys(("tab", "cell"), "\t"),
    "emdash": "\u2014",
    "endash": "\u2013",
    "lquote": "\u2018",
    "rquote": "\u2019",
    "ldblquote": "\u201c",
    "rdblquote": "\u201d",
    "bullet": "\u2022",
    "emspace": "\u2003",
    "enspace": "\u2002",
    "zwj": "\u200d",
    "zwnj": "\u200c",
}
_CHARSETS = dict(
    [
        *((0, 1252), (77, 10000), (128, 932), (129, 949), (130, 1361), (134, 936), (136, 950), (161, 1253), (162, 1254)),
        *((163, 1258), (177, 1255), (178, 1256), (186, 1257), (204, 1251), (222, 874), (238, 1250)),
    ]
)
"""The code pages of the charsets that fonts are declared with."""


def words(rich: bytes) -> tuple[str, bool]:
    """The text of rich text, or the HTML that lies in it and True where it was made from HTML. Never raises."""
    text = rich[:MOST_OCTETS].decode("latin-1")
    reading = _Reading(html="\\fromhtml" in text[:2000])
    for token in _TOKEN.finditer(text):
        if reading.length >= MOST_CHARACTERS:
            break
        _take(reading, token)
    reading.flush()
    return "".join(reading.out).encode("utf-16", "surrogatepass").decode("utf-16", "replace"), reading.html


def _take(reading: _Reading, token: re.Match[str]) -> None:
    word, number, octet, symbol, brace, breaks, plain = token.groups()
    if word:
        _word(reading, word, int(number) if number else None)
    elif octet:
        reading.octet(int(octet, 16))
    elif brace:
        _brace(reading, brace)
    elif symbol:
        _symbol(reading, symbol)
    elif plain:
        skipped = min(reading.skipping, len(plain))
        reading.skipping -= skipped
        for value in plain[skipped:].encode("latin-1"):
            reading.octet(value)
    if not breaks:
        reading.star = bool(symbol == "*")


def _brace(reading: _Reading, brace: str) -> None:
    reading.flush()
    reading.skipping = 0
    if brace == "{":
        if len(reading.stack) < _DEEPEST:
            reading.stack.append(replace(reading.state))
        else:
            reading.state.silent = True
    elif reading.stack:
        reading.state = reading.stack.pop()
        reading.naming_fonts = reading.naming_fonts and reading.state.silent


def _symbol(reading: _Reading, symbol: str) -> None:
    if symbol in "\\{}":
        reading.octet(ord(symbol))
    elif symbol in "\r\n":
        reading.write("\n")
    elif symbol in "~_":
        reading.write("\u00a0" if symbol == "~" else "\u2011")


def _word(reading: _Reading, word: str, number: int | None) -> None:
    if word in _LETTERS:
        # Between tags of HTML the breaks of the rich text are there for those who do not know of it.
        reading.write(_LETTERS[word])
    elif word in _SILENT or (reading.star and word not in ("htmltag", "shppict", "nonshppict")):
        reading.flush()
        reading.state.silent = True
        reading.naming_fonts = reading.naming_fonts or word == "fonttbl"
    elif (does := _WORDS.get(word)) is not None:
        reading.flush()
        does(reading, 1 if number is None else number)
    elif word == "u" and number is not None:
        _character(reading, number)


def _character(reading: _Reading, number: int) -> None:
    """A character by its number, followed by as many octets as there are for readers that do not know it."""
    code = number % 65536
    reading.write(chr(code) if code else "")
    reading.skipping = reading.state.skip


def _htmltag(reading: _Reading, _number: int) -> None:
    reading.state.silent = not reading.html
    reading.state.hidden = False


def _htmlrtf(reading: _Reading, number: int) -> None:
    reading.state.hidden = reading.html and number != 0


def _ansicpg(reading: _Reading, number: int) -> None:
    reading.codepage = number


def _font(reading: _Reading, number: int) -> None:
    reading.font = number
    reading.state.codepage = 0 if reading.naming_fonts else reading.fonts.get(number, 0)


def _fcharset(reading: _Reading, number: int) -> None:
    if reading.naming_fonts and number in _CHARSETS and len(reading.fonts) < 1000:
        reading.fonts[reading.font] = _CHARSETS[number]


def _uc(reading: _Reading, number: int) -> None:
    reading.state.skip = max(0, min(10, number))


def _hidden(reading: _Reading, number: int) -> None:
    reading.state.silent = reading.state.silent or (number != 0 and not reading.html)


def _bin(reading: _Reading, number: int) -> None:
    reading.skipping = max(0, number)


_WORDS: dict[str, Callable[[_Reading, int], None]] = {
    "htmltag": _htmltag,
    "htmlrtf": _htmlrtf,
    "ansicpg": _ansicpg,
    "f": _font,
    "fcharset": _fcharset,
    "uc": _uc,
    "v": _hidden,
    "bin": _bin,
}
