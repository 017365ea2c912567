"""TNEF: the stream of properties that Outlook packs a message into, called winmail.dat (MS-OXTNEF).

Read in one pass without trust: every length is checked against what is there, and files are not copied but told by where
they lie. Packed in it are bodies as text, HTML or rich text, files, and whole messages of the same kind.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from webmail.formats import rtf
from webmail.formats.codepages import decoded

SIGNATURE = b"\x78\x9f\x3e\x22"
MOST_FILES = 500
MOST_CHARACTERS = 512 * 1024
MOST_HTML = 1024 * 1024
_MOST_ATTRIBUTES = 20_000
_MOST_PROPERTIES = 5_000
_MOST_VALUES = 10_000
_DEEPEST = 5
_ATTRIBUTE = struct.Struct("<BHHI")
_FIXED = {0x0002: 4, 0x0003: 4, 0x0004: 4, 0x0005: 8, 0x0006: 8, 0x0007: 8, 0x000A: 4, 0x000B: 4, 0x0014: 8, 0x0040: 8, 0x0048: 16}
_VARIABLE = frozenset({0x000D, 0x001E, 0x001F, 0x0102})
_OBJECT, _STRING, _UNICODE = 0x000D, 0x001E, 0x001F
# Attributes (MS-OXTNEF §2.1.3) and properties (MS-OXPROPS) that are looked at.
_SUBJECT, _BODY, _CODEPAGE, _PROPERTIES = 0x8004, 0x800C, 0x9007, 0x9003
_NEW_FILE, _FILE_NAME, _FILE_DATA, _FILE_PROPERTIES = 0x9002, 0x8010, 0x800F, 0x9005
_P_SUBJECT, _P_BODY, _P_HTML, _P_RTF, _P_CODEPAGE = 0x0037, 0x1000, 0x1013, 0x1009, 0x3FDE
_P_LONG_NAME, _P_NAME, _P_DISPLAY, _P_DATA, _P_TYPE, _P_CONTENT_ID = 0x3707, 0x3704, 0x3001, 0x3701, 0x370E, 0x3712
_MESSAGE_INSIDE = b"\x07\x03\x02\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46"


@dataclass(slots=True)
class PackedFile:
    """A file in the stream: what it is called, and where in the stream its octets lie."""

    name: str = ""
    media_type: str = ""
    content_id: str = ""
    offset: int = 0
    size: int = 0
    ranks: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Contents:
    """What a stream holds. ``html`` is a stranger's and uncleaned; ``broken`` where the stream ends or fails before its end."""

    subject: str = ""
    text: str = ""
    html: str = ""
    files: list[PackedFile] = field(default_factory=list)
    broken: bool = False


@dataclass(frozen=True, slots=True)
class _Value:
    """A property's value: its number, its type, and where it lies."""

    number: int
    kind: int
    start: int
    end: int


@dataclass(slots=True)
class _Bodies:
    """The bodies found, before it is known in which code page they are."""

    codepage: int = 1252
    text: bytes = b""
    unicode: str = ""
    html: bytes = b""
    html_codepage: int = 0
    rich: bytes = b""


def contents(stream: bytes) -> Contents:
    """What a stream holds, as much of it as can be read. Raises ValueError for what is no such stream; never loops."""
    if stream[:4] != SIGNATURE:
        raise ValueError("no TNEF")
    return _contents(stream, 0, len(stream), depth=0)


def _contents(stream: bytes, start: int, end: int, *, depth: int) -> Contents:
    found, bodies = Contents(), _Bodies()
    place = start + 6
    for _ in range(_MOST_ATTRIBUTES):
        if place + _ATTRIBUTE.size > end:
            found.broken = place < end
            break
        level, number, _, length = _ATTRIBUTE.unpack_from(stream, place)
        begin = place + _ATTRIBUTE.size
        if level not in (1, 2) or begin + length > end:
            found.broken = True
            break
        try:
            if level == 1:
                _of_message(stream, begin, begin + length, number=number, found=found, bodies=bodies)
            else:
                _of_file(stream, begin, begin + length, number=number, found=found, bodies=bodies, depth=depth)
        except (struct.error, ValueError):
            found.broken = True  # The next attribute lies where the length of this one says.
        place = begin + length + 2
    _finished(found, bodies)
    return found


def _of_message(stream: bytes, start: int, end: int, *, number: int, found: Contents, bodies: _Bodies) -> None:
    if number == _CODEPAGE and end - start >= 4:
        bodies.codepage = int.from_bytes(stream[start : start + 4], "little")
    elif number == _SUBJECT:
        found.subject = _string(stream[start:end], bodies.codepage)[:998]
    elif number == _BODY:
        bodies.text = stream[start:end][:MOST_CHARACTERS]
    elif number == _PROPERTIES:
        for value in _properties(stream, start, end):
            _body(stream[value.start : value.end], value, found=found, bodies=bodies)


def _body(octets: bytes, value: _Value, *, found: Contents, bodies: _Bodies) -> None:
    if value.number == _P_SUBJECT and not found.subject:
        found.subject = _text(octets, value.kind, bodies.codepage)[:998]
    elif value.number == _P_BODY:
        if value.kind == _UNICODE:
            bodies.unicode = _text(octets[: 2 * MOST_CHARACTERS], value.kind, 0)
        else:
            bodies.text = octets[:MOST_CHARACTERS]
    elif value.number == _P_HTML:
        bodies.html = octets[:MOST_HTML] if value.kind != _UNICODE else _text(octets[: 2 * MOST_HTML], _UNICODE, 0).encode("utf-8")
        bodies.html_codepage = 65001 if value.kind == _UNICODE else bodies.html_codepage
    elif value.number == _P_RTF:
        bodies.rich = octets
    elif value.number == _P_CODEPAGE and value.kind == 0x0003:
        bodies.html_codepage = bodies.html_codepage or int.from_bytes(octets[:4], "little")


def _finished(found: Contents, bodies: _Bodies) -> None:
    """The bodies as text: HTML as it is, else out of rich text, which may hold either."""
    own = bodies.unicode or _string(bodies.text, bodies.codepage)
    found.html = decoded(bodies.html.rstrip(b"\0"), bodies.html_codepage or bodies.codepage)[:MOST_HTML]
    if bodies.rich and not (found.html and own):
        try:
            words, is_html = rtf.words(rtf.unpacked(bodies.rich))
        except ValueError:
            words, is_html = "", False
        if is_html:
            found.html = found.html or words
        else:
            own = own or words
    found.text = (own.replace("\r\n", "\n").replace("\r", "\n").strip("\n\0") + found.text)[:MOST_CHARACTERS]


def _of_file(stream: bytes, start: int, end: int, *, number: int, found: Contents, bodies: _Bodies, depth: int) -> None:
    if number == _NEW_FILE:
        if len(found.files) >= MOST_FILES:
            raise ValueError("too many files")
        found.files.append(PackedFile())
        return
    if not found.files:
        return
    current = found.files[-1]
    if number == _FILE_NAME:
        _called(current, _string(stream[start:end], bodies.codepage), rank=1)
    elif number == _FILE_DATA:
        current.offset, current.size = start, end - start
    elif number == _FILE_PROPERTIES:
        for value in _properties(stream, start, end):
            _file_property(stream, value, current=current, found=found, bodies=bodies, depth=depth)


def _file_property(stream: bytes, value: _Value, *, current: PackedFile, found: Contents, bodies: _Bodies, depth: int) -> None:
    ranks = {_P_DISPLAY: 0, _P_NAME: 2, _P_LONG_NAME: 3}
    if value.number in ranks:
        _called(current, _text(stream[value.start : value.end], value.kind, bodies.codepage), rank=ranks[value.number])
    elif value.number == _P_TYPE:
        current.media_type = _text(stream[value.start : value.end], value.kind, bodies.codepage)[:100]
    elif value.number == _P_CONTENT_ID:
        current.content_id = _text(stream[value.start : value.end], value.kind, bodies.codepage).strip("<>")[:998]
    elif value.number == _P_DATA and value.end > value.start:
        begin = value.start
        if value.kind == _OBJECT and value.end - begin > 16:
            if stream[begin : begin + 16] == _MESSAGE_INSIDE and stream[begin + 16 : begin + 20] == SIGNATURE:
                _message_inside(stream, begin + 16, value.end, found=found, depth=depth)
            begin += 16
        current.offset, current.size = begin, value.end - begin


def _message_inside(stream: bytes, start: int, end: int, *, found: Contents, depth: int) -> None:
    """A message in the stream: its words follow those of the message, its files stand among the files."""
    if depth >= _DEEPEST:
        return
    inner = _contents(stream, start, end, depth=depth + 1)
    said = "\n\n".join(filter(None, (inner.subject, inner.text)))
    found.text = f"{found.text}\n\n\u2014\u2014\u2014\n\n{said}"[:MOST_CHARACTERS] if said else found.text
    # Before the message itself, so that what follows still belongs to it.
    room = MOST_FILES - len(found.files)
    found.files[-1:-1] = inner.files[: max(0, room)]


def _called(current: PackedFile, name: str, *, rank: int) -> None:
    if name and rank >= current.ranks.get("name", 0):
        current.name = name[:255]
        current.ranks["name"] = rank


def _properties(stream: bytes, start: int, end: int) -> Iterator[_Value]:
    """The properties of a list; raises struct.error or ValueError where it breaks off."""
    count = min(int.from_bytes(stream[start : min(start + 4, end)], "little"), _MOST_PROPERTIES)
    place = start + 4
    for _ in range(count):
        if place + 4 > end:
            raise ValueError("a list that breaks off")
        kind, number = struct.unpack_from("<HH", stream, place)
        place += 4
        if number >= 0x8000:
            place = _behind_name(stream, place, end)
        many = bool(kind & 0x1000)
        kind &= 0xEFFF
        if kind not in _FIXED and kind not in _VARIABLE:
            raise ValueError("a property of an unknown type")
        values = 1
        if many or kind in _VARIABLE:
            values, place = _number(stream, place, end), place + 4
        if values > _MOST_VALUES:
            raise ValueError("too many values")
        for index in range(values):
            begin = place + (0 if kind in _FIXED else 4)
            length = _FIXED.get(kind) or _number(stream, place, end)
            if begin + length > end:
                raise ValueError("a value that breaks off")
            if index == 0:
                yield _Value(number, kind, begin, begin + length)
            place = begin + length + (-length % 4)


def _behind_name(stream: bytes, place: int, end: int) -> int:
    """Behind the name of a property that has one: a set, and in it a number or a word."""
    named = _number(stream, place + 16, end)
    if named == 0:
        return place + 24
    length = _number(stream, place + 20, end)
    return place + 24 + length + (-length % 4)


def _number(stream: bytes, place: int, end: int) -> int:
    if place + 4 > end:
        raise ValueError("a list that breaks off")
    return int.from_bytes(stream[place : place + 4], "little")


def _text(octets: bytes, kind: int, codepage: int) -> str:
    if kind == _UNICODE:
        return octets.decode("utf-16-le", "replace").partition("\0")[0]
    return _string(octets, codepage) if kind in (_STRING, 0x0102) else ""


def _string(octets: bytes, codepage: int) -> str:
    return decoded(octets.partition(b"\0")[0], codepage)
