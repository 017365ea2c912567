"""Content transfer encodings undone: base64, quoted-printable, uuencode; whole or as a stream (RFC 2045 §6)."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable, Iterator
from itertools import chain

_BASE64_DIGITS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOT_BASE64 = bytes(octet for octet in range(256) if octet not in _BASE64_DIGITS and octet != ord("="))
_BASE64_LINE = re.compile(rb"(?:[A-Za-z0-9+/]{4})*+(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)")
_SOFT_BREAK = re.compile(rb"=[ \t]+(?=\r?\n)")
_MAX_LINE = 200_000
SLICE = 78 * 1344
"""Octets of base64 decoded at once: whole lines as they are mostly cut, and little enough for memory that is used again at once."""
_UU_BEGIN = re.compile(rb"^begin [^\r\n]*\r?\n", re.MULTILINE)
_UU = frozenset({"uuencode", "x-uuencode", "uue", "x-uue"})


def decode_body(data: bytes, *, encoding: str) -> bytes:
    """The octets a body stands for. What does not fit the encoding is passed over; never raises. RFC 2045 §6.

    What is called uuencoded and is not stands for itself.
    """
    return b"".join(decode_stream((data,), encoding=encoding))


def decode_stream(chunks: Iterable[bytes], *, encoding: str) -> Iterator[bytes]:
    """The same in pieces: memory for one chunk at a time, wherever the chunks were cut."""
    name = encoding.strip().lower()
    if name == "base64":
        return _base64(chunks)
    if name == "quoted-printable":
        return _quoted_printable(chunks)
    if name in _UU:
        return _uuencoded(chunks)
    return iter(chunks)


def _digits(data: bytes) -> bytes:
    """Base64 digits decoded; a last digit that stands alone means nothing."""
    if len(data) % 4 == 1:
        data = data[:-1]
    return binascii.a2b_base64(data + b"=" * (-len(data) % 4))


def _base64(chunks: Iterable[bytes]) -> Iterator[bytes]:
    source = iter(chunks)
    waiting = b""
    for chunk in source:
        padded, view = b"=" in chunk, memoryview(chunk)
        for start in range(0, len(chunk), SLICE):
            if not waiting and not padded and (decoded := _groups(view[start : start + SLICE])):
                yield decoded
                continue
            before, padding, after = chunk[start : start + SLICE].partition(b"=")
            data = waiting + before.translate(None, _NOT_BASE64)
            if padding:
                yield _digits(data)
                yield from _base64_lines((after + chunk[start + SLICE :]).lstrip(b"="), source)
                return
            whole = len(data) - len(data) % 4
            if whole:
                yield binascii.a2b_base64(data[:whole])
            waiting = data[whole:]
    if waiting:
        yield _digits(waiting)


def _groups(digits: memoryview) -> bytes:
    """What whole groups of four digits decode to, whatever stands between them; nothing where the last group is not whole.

    This is how nearly all of a large file comes where it is cut at ends of lines, and it needs no copy of it.
    """
    try:
        return binascii.a2b_base64(digits)
    except binascii.Error:
        return b""


def _base64_lines(rest: bytes, source: Iterator[bytes]) -> Iterator[bytes]:
    """What follows padding: more encoded lines, as some programs pad each line, but not the footer of a mailing list."""
    for line in _lines(rest, source):
        line = line.strip().lstrip(b"=")
        if not line:
            continue
        if not _BASE64_LINE.fullmatch(line):
            return
        yield binascii.a2b_base64(line)


def _lines(rest: bytes, source: Iterator[bytes]) -> Iterator[bytes]:
    """Lines across chunk borders; a line too long to be one is given out in pieces."""
    for chunk in source:
        rest += chunk
        if len(rest) > _MAX_LINE or b"\n" in rest:
            *lines, rest = rest.split(b"\n")
            yield from lines
            if len(rest) > _MAX_LINE:
                yield rest
                rest = b""
    yield from rest.split(b"\n")


def _quoted_printable(chunks: Iterable[bytes]) -> Iterator[bytes]:
    waiting = b""
    for chunk in chunks:
        data = waiting + chunk
        waiting = b""
        mark = data.rfind(b"=")
        # An escape or a soft line break may go on in the next chunk.
        if mark >= 0 and (len(data) - mark < 3 or (len(data) - mark < 1000 and not data[mark + 1 :].strip(b" \t\r"))):
            data, waiting = data[:mark], data[mark:]
        if data:
            yield binascii.a2b_qp(_SOFT_BREAK.sub(b"=", data))
    if waiting:
        yield binascii.a2b_qp(waiting)


def _uuencoded(chunks: Iterable[bytes]) -> Iterator[bytes]:
    source, waiting = iter(chunks), b""
    for chunk in source:
        waiting += chunk
        if begin := _UU_BEGIN.search(waiting):
            yield from _uu_lines(chain((waiting[begin.end() :],), source))
            return
        if len(waiting) > _MAX_LINE:
            break
    yield waiting
    yield from source


def _uu_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    for line in _lines(b"", iter(chunks)):
        line = line.rstrip(b"\r")
        if line == b"end":
            return
        if line:
            yield _uu_line(line)


def _uu_line(line: bytes) -> bytes:
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        # Some encoders leave trailing octets behind the counted ones; the count in front is to be believed.
        length = ((line[0] - 32) & 63) * 4 + 5
        try:
            return binascii.a2b_uu(line[: length // 3])
        except binascii.Error:
            return b""
