"""Part: one entity of a MIME tree as a value, and its form in the index (RFC 9051 §7.5.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Part:
    """One MIME entity, as BODYSTRUCTURE describes it (RFC 9051 §7.5.2).

    ``section`` is its IMAP section number (``"1"``, ``"2.1"``); the root of a multipart message has ``""``.
    ``size`` counts encoded octets. ``filename`` is decoded (RFC 2231, 2047) and free of path separators and controls.
    ``media_type``, ``subtype``, ``encoding``, ``disposition`` and the names of ``params`` are in lower case;
    ``content_id`` is without its angle brackets; ``location`` is the Content-Location (RFC 2557).
    A message/rfc822 part holds the root of the message in it as its one
    child, which is called ``"2.TEXT"`` if it is a multipart and ``"2.1"`` if not (RFC 9051 §6.4.5.1).
    """

    section: str
    media_type: str
    subtype: str
    params: Mapping[str, str] = field(default_factory=dict)
    encoding: str = "7bit"
    size: int = 0
    disposition: str = ""
    filename: str = ""
    content_id: str = ""
    parts: tuple[Part, ...] = ()
    location: str = ""


def walk(part: Part) -> Iterator[Part]:
    """The part and everything in it, in order, also inside attached messages."""
    waiting = [part]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(reversed(current.parts))


_DEFAULTS: tuple[object, ...] = ("", "text", "plain", {}, "7bit", 0, "", "", "", [], "")


def to_json(part: Part) -> list[object]:
    """The tree as short nested lists for the index; trailing defaults are left out."""
    row: list[object] = [
        part.section,
        part.media_type,
        part.subtype,
        dict(part.params),
        part.encoding,
        part.size,
        part.disposition,
        part.filename,
        part.content_id,
        [to_json(child) for child in part.parts],
        part.location,
    ]
    while row and row[-1] == _DEFAULTS[len(row) - 1]:
        row.pop()
    return row


def from_json(row: list[object]) -> Part:
    """The tree that ``to_json`` wrote."""
    values = [*row, *_DEFAULTS[len(row) :]]
    section, media_type, subtype, params, encoding, size, disposition, filename, content_id, parts, location = values
    assert isinstance(params, dict)
    assert isinstance(size, int)
    assert isinstance(parts, list)
    return Part(
        section=str(section),
        media_type=str(media_type),
        subtype=str(subtype),
        params=params,
        encoding=str(encoding),
        size=size,
        disposition=str(disposition),
        filename=str(filename),
        content_id=str(content_id),
        parts=tuple(from_json(child) for child in parts),
        location=str(location),
    )
