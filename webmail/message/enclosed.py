"""Files written into plain text: uuencoded (POSIX uuencode) and yEnc, found, taken out of the text, and decoded as a stream."""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from webmail.message.charset import decode
from webmail.message.parameters import safe_filename

MOST = 50
"""Files of one text that are found."""
_LONGEST = 2_000
_BEGIN = re.compile(rb"begin(-base64)? [0-7]{3,4} (\S[^\r\n]{0,250})")
_YBEGIN = re.compile(rb"=ybegin [^\r\n]{0,200}?\bname=([^\r\n]{1,250})")
_ESCAPED = re.compile(rb"=(.)", re.DOTALL)
_SHIFTED = bytes((value - 42) % 256 for value in range(256))
_ESCAPES = {bytes([value]): bytes([(value - 64) % 256]) for value in range(256)}
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{1,400}={0,2}")

_Line = Callable[[bytes], bytes | None]
"""A line of a file decoded; None: it is none."""


@dataclass(frozen=True, slots=True)
class Enclosed:
    """A file in a text: its name, safe to show, how many octets of it were found, whether its end was, and its type where that is told."""

    name: str
    size: int
    whole: bool
    media_type: str = ""


@dataclass(slots=True)
class _Open:
    name: str
    line: _Line
    ends: Callable[[bytes], bool]
    size: int = 0
    begun: bool = False


def _uu(line: bytes) -> bytes | None:
    count = (line[0] - 32) & 63 if line and 32 <= line[0] <= 96 else 0
    if (
        not count
        or not (count + 2) // 3 * 4 - 2 <= len(line) - 1 <= (count + 2) // 3 * 4 + 2
        or any(not 32 <= value <= 96 for value in line)
    ):
        return b"" if line in (b"`", b" ", b"") else None
    try:
        return binascii.a2b_uu(line[: 1 + (count + 2) // 3 * 4])
    except binascii.Error:
        return None


def _base64(line: bytes) -> bytes | None:
    if not _BASE64.fullmatch(line) or len(line) % 4:
        return None
    return binascii.a2b_base64(line)


def _yenc(line: bytes) -> bytes | None:
    if line.startswith((b"=ypart", b"=ybegin")):
        return b""
    return _ESCAPED.sub(lambda match: _ESCAPES[match[1]], line).translate(_SHIFTED)


def _opened(line: bytes) -> _Open | None:
    """The file that begins with this line."""
    if line.startswith(b"begin") and (found := _BEGIN.fullmatch(line)):
        name = safe_filename(decode(found[2])[0]) or "file"
        return _Open(name, _base64, b"====".__eq__) if found[1] else _Open(name, _uu, b"end".__eq__)
    if line.startswith(b"=ybegin ") and (found := _YBEGIN.match(line)):
        return _Open(safe_filename(decode(found[1])[0]) or "file", _yenc, lambda end: end.startswith(b"=yend"))
    return None


def taken_out(octets: bytes) -> tuple[bytes, tuple[Enclosed, ...]]:
    """The text without the files in it, and the files. Linear; a file that is not complete is taken out as far as it goes."""
    if b"begin" not in octets:
        return octets, ()
    kept: list[bytes] = []
    found: list[Enclosed] = []
    for line, current, end in _walked(octets.split(b"\n")):
        if current is None:
            kept.append(line)
        elif end:
            found.append(Enclosed(current.name, current.size, whole=end == "whole"))
    return (b"\n".join(kept), tuple(found)) if found else (octets, ())


def decoded(chunks: Iterable[bytes], number: int) -> Iterator[tuple[str, bytes]]:
    """The octets of the file of this number (from 1), in pieces, each with the file's name; nothing where there is none."""
    at = 0
    for current, piece, end in _pieces(chunks):
        if at + 1 == number:
            yield current.name, piece
        at += bool(end)
        if at >= number:
            return


def _pieces(chunks: Iterable[bytes]) -> Iterator[tuple[_Open, bytes, str]]:
    for line, current, end in _walked(_lines(chunks)):
        if current is not None:
            yield current, (current.line(line.rstrip(b"\r")) or b"") if not end and current.begun else b"", end


def _walked(lines: Iterable[bytes]) -> Iterator[tuple[bytes, _Open | None, str]]:
    """Each line with the file it belongs to, if to one; and with its last line how it ended: ``whole`` or ``cut``."""
    current: _Open | None = None
    first, count = b"", 0
    for line in lines:
        bare = line.rstrip(b"\r")
        if current is None:
            current, first = (_opened(bare) if count < MOST and len(bare) < _LONGEST else None), line
            if current is None:
                yield line, None, ""
            continue
        data = None if current.ends(bare) or len(bare) > _LONGEST else current.line(bare)
        if not current.begun and (data is None and not current.ends(bare)):
            # What looked like the beginning of a file was a line of words.
            yield first, None, ""
            yield line, None, ""
            current = None
            continue
        if not current.begun:
            yield first, current, ""
            current.begun = True
        ended = "whole" if current.ends(bare) else "cut" if data is None else ""
        current.size += len(data or b"")
        yield line, current, ended
        if ended == "cut":
            yield line, None, ""
        if ended:
            current, count = None, count + 1
    if current is not None:
        yield first if not current.begun else b"", current if current.begun else None, "cut" if current.begun else ""


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Lines across the borders of chunks; one too long to be one is given out in pieces."""
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
        if len(rest) > 100 * _LONGEST:
            yield rest
            rest = b""
    yield rest
