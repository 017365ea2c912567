"""A header taken apart into its fields, before anything is decoded (RFC 5322 §2.2)."""

from __future__ import annotations

import re

_MAX_HEADER = 1_000_000
_MAX_FIELDS = 2_000
_NAME = re.compile(rb"[!-9;-~]+")
_FOLD = re.compile(rb"\n(?=[ \t])")


def header_end(raw: bytes) -> int:
    """Where the body of a message begins: behind the first empty line, or at the end."""
    if raw[:1] == b"\n" or raw[:2] == b"\r\n":
        return raw.index(b"\n") + 1
    ends = [place + len(mark) for mark in (b"\n\r\n", b"\n\n") if (place := raw.find(mark)) >= 0]
    if not ends and b"\n" not in raw and (place := raw.find(b"\r\r")) >= 0:
        ends.append(place + 2)
    return min(ends, default=len(raw))


def split_fields(raw: bytes) -> list[tuple[str, bytes]]:
    """The fields of a header in order: name as written, value unfolded, without the blanks around it.

    Reads up to the first empty line; lines that are no fields are passed over. At most 1 MB and 2,000 fields are read.
    RFC 5322 §2.2.3.
    """
    head = raw[: min(header_end(raw), _MAX_HEADER)]
    if b"\r" in head:
        # Twice, because some programs make "\r\r\n" of "\r\n"; mail with "\r" alone has lines too.
        head = head.replace(b"\r\n", b"\n").replace(b"\r\n", b"\n")
        if b"\n" not in head:
            head = head.replace(b"\r", b"\n")
    fields = []
    for line in _FOLD.sub(b"", head).split(b"\n", _MAX_FIELDS)[:_MAX_FIELDS]:
        name, colon, value = line.partition(b":")
        name = name.rstrip()
        if colon and _NAME.fullmatch(name):
            fields.append((name.decode("ascii"), value.strip()))
    return fields
