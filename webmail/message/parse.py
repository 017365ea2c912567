"""The MIME tree of a message whose octets we hold: drafts, attached messages (RFC 2046 §5.1, RFC 9051 §6.4.5)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from webmail.address import printable
from webmail.message.encoded_words import text_of
from webmail.message.fields import header_end, split_fields
from webmail.message.parameters import decode_parameters, filename, split_parameters
from webmail.message.part import Part

_MAX_NESTING = 100
_MAX_PARTS = 10_000
_MAX_HEAD = 1_000_000
_FIELD = re.compile(rb"[!-9;-~]+[ \t]*:")
# The separator line of an mbox file, or a line of blanks that somebody left in front of the first field.
_BEFORE_HEADER = re.compile(rb">?From [^\r\n]*+\r?\n|[ \t]++\r?\n(?=[!-9;-~]++:)")


@dataclass(slots=True)
class _Parsing:
    """One parse: the octets, where each part's body lies in them, and how many more parts may come."""

    raw: bytes
    bodies: dict[str, slice] = field(default_factory=dict)
    left: int = _MAX_PARTS


def parse(raw: bytes) -> Part:
    """The tree of a message whose octets we hold, its sections numbered as IMAP numbers them (RFC 9051 §6.4.5).

    Never raises; a hundred levels and 10,000 parts at most. A multipart without any part is read as plain text.
    """
    return parse_with_bodies(raw)[0]


def parse_with_bodies(raw: bytes) -> tuple[Part, dict[str, slice]]:
    """The tree, and where in ``raw`` the encoded body of each section lies."""
    parsing = _Parsing(raw)
    return _message(parsing, slice(0, len(raw)), inside="", depth=0), parsing.bodies


def _message(parsing: _Parsing, region: slice, *, inside: str, depth: int) -> Part:
    """The root of a message: a multipart has no number of its own, anything else is part 1 (RFC 9051 §6.4.5.1)."""
    if before := _BEFORE_HEADER.match(parsing.raw, region.start, region.stop):
        region = slice(before.end(), region.stop)
    return _entity(
        parsing,
        region,
        section=f"{inside}.1" if inside else "1",
        multipart_section=f"{inside}.TEXT" if inside else "",
        inside=inside,
        depth=depth,
    )


def _entity(
    parsing: _Parsing, region: slice, *, section: str, multipart_section: str, inside: str, depth: int, usual: str = "text/plain"
) -> Part:
    fields, body = _head(parsing.raw, region)
    kind, pairs = split_parameters(fields.get("content-type", b""))
    media_type, slash, subtype = (kind or usual).partition("/")
    if not (slash and media_type and subtype):
        media_type, subtype = ("multipart", "mixed") if media_type == "multipart" else ("text", "plain")
    params = decode_parameters(pairs)
    disposition, disposition_pairs = split_parameters(fields.get("content-disposition", b""))
    encoding = text_of(fields.get("content-transfer-encoding", b"")).partition(";")[0].strip().lower() or "7bit"
    children: tuple[Part, ...] = ()
    if media_type == "multipart":
        boundary = (dict(reversed(pairs)).get("boundary") or params.get("boundary", "")).encode("utf-8", "replace").rstrip()
        children = _children(parsing, body, boundary=boundary, inside=inside, depth=depth, digest=subtype == "digest")
        if children:
            section = multipart_section
        else:
            media_type, subtype = "text", "plain"
    elif (media_type, subtype) in (("message", "rfc822"), ("message", "global")) and depth < _MAX_NESTING and parsing.left > 0:
        parsing.left -= 1
        children = (_message(parsing, body, inside=section, depth=depth + 1),)
    parsing.bodies[section] = body
    return Part(
        section=section,
        media_type=media_type,
        subtype=subtype,
        params=params,
        encoding=encoding,
        size=body.stop - body.start,
        disposition=disposition,
        filename=filename(decode_parameters(disposition_pairs), params),
        content_id=printable(text_of(fields.get("content-id", b""))).strip().strip("<>"),
        parts=children,
        location="".join(printable(text_of(fields.get("content-location", b""))).split()),
    )


def _head(raw: bytes, region: slice) -> tuple[dict[str, bytes], slice]:
    """The MIME fields of an entity, of each the first, and where its body lies."""
    start, end = region.start, region.stop
    head = raw[start : min(end, start + _MAX_HEAD)]
    if not _FIELD.match(head):
        # Text that follows a boundary at once, without an empty line, is body.
        return {}, slice(start + (header_end(head) if head[:1] in (b"\r", b"\n") else 0), end)
    fields: dict[str, bytes] = {}
    for name, value in split_fields(head):
        fields.setdefault(name.lower(), value)
    return fields, slice(start + header_end(head), end)


def _children(parsing: _Parsing, body: slice, *, boundary: bytes, inside: str, depth: int, digest: bool) -> tuple[Part, ...]:
    if not boundary or depth >= _MAX_NESTING:
        return ()
    prefix = f"{inside}." if inside else ""
    usual = "message/rfc822" if digest else "text/plain"
    children = []
    for number, region in enumerate(_regions(parsing.raw, body, boundary=boundary), 1):
        if parsing.left <= 0:
            break
        parsing.left -= 1
        name = f"{prefix}{number}"
        children.append(
            _entity(parsing, region, section=name, multipart_section=name, inside=name, depth=depth + 1, usual=usual),
        )
    return tuple(children)


def _regions(raw: bytes, body: slice, *, boundary: bytes) -> Iterator[slice]:
    """Where the parts between the delimiter lines begin and end; the last may lack its delimiter (RFC 2046 §5.1.1)."""
    start, end = body.start, body.stop
    delimiter = b"--" + boundary
    begun = -1
    place = raw.find(delimiter, start, end)
    while place >= 0:
        behind = place + len(delimiter)
        line_end = raw.find(b"\n", behind, min(end, behind + 1_000))
        line_end = min(end, behind + 1_000) if line_end < 0 else line_end
        rest = raw[behind:line_end].strip()
        if (place == start or raw[place - 1] in b"\r\n") and rest in (b"", b"--"):
            if begun >= 0:
                yield slice(begun, _without_line_end(raw, place, begun=begun))
            begun = min(line_end + 1, end)
            if rest:
                return
        place = raw.find(delimiter, behind, end)
    if begun >= 0:
        yield slice(begun, end)


def _without_line_end(raw: bytes, place: int, *, begun: int) -> int:
    """The line break before a delimiter line belongs to the delimiter."""
    if place > begun and raw[place - 1] == 0x0A:
        place -= 1
    if place > begun and raw[place - 1] == 0x0D:
        place -= 1
    return max(place, begun)
