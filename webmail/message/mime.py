"""MIME trees: what other rooms need of them, the text of a part, and multiparts that a server left closed (RFC 2045, 2046, 2392)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from webmail.message.body import UNOPENED, Shown, attachments, has_attachments, is_picture, pictures_beside, shown
from webmail.message.charset import codec, read
from webmail.message.enclosed import Enclosed, decoded, taken_out
from webmail.message.parameters import safe_filename
from webmail.message.parse import parse, parse_with_bodies
from webmail.message.part import Part, from_json, to_json, walk
from webmail.message.transfer import decode_body, decode_stream

__all__ = [
    "UNOPENED",
    "Part",
    "ReadText",
    "Shown",
    "around",
    "attachments",
    "charset_of",
    "decode_body",
    "decode_stream",
    "decoded_size",
    "enclosed_file",
    "from_json",
    "has_attachments",
    "inline_by_cid",
    "is_picture",
    "parse",
    "parse_with_bodies",
    "part_text",
    "pictures_beside",
    "read_text",
    "safe_filename",
    "shown",
    "to_json",
    "walk",
]


def inline_by_cid(part: Part) -> dict[str, Part]:
    """The parts an HTML body can refer to by ``cid:``, without those of attached messages; the first of a name counts. RFC 2392."""
    found: dict[str, Part] = {}
    waiting = [part]
    while waiting:
        current = waiting.pop()
        if current.media_type == "multipart":
            waiting.extend(reversed(current.parts))
        elif current.content_id and current.media_type not in ("text", "message"):
            found.setdefault(current.content_id, current)
    return found


def around(root: Part, part: Part) -> tuple[Part, ...]:
    """The parts between a message and one of its parts, and the part itself, outermost first; nothing where it is the message."""
    path: list[Part] = []
    current = root
    while current is not part:
        inside = next((child for child in current.parts if any(each is part for each in walk(child))), None)
        if inside is None:
            return ()
        path.append(inside)
        current = inside
    return tuple(path)


def charset_of(root: Part) -> str:
    """The charset that the first text of a message which names one is declared to be in, or nothing."""
    body = shown(root)
    return next((named for part in (*body.plain, *body.rich) if part.media_type == "text" and (named := part.params.get("charset"))), "")


def decoded_size(part: Part) -> int:
    """About how many octets the part has when decoded: exact to the line breaks for base64, an upper bound for the rest."""
    encoding = part.encoding.lower()
    if encoding == "base64":
        lines, rest = divmod(part.size, 78)
        return lines * 57 + rest * 3 // 4
    if encoding in ("uuencode", "x-uuencode", "uue", "x-uue"):
        return part.size * 45 // 63
    return part.size


_META_CHARSET = re.compile(rb"<meta\b[^>]{0,200}?charset\s{0,5}=\s{0,5}[\"']?\s{0,5}([\w.:+-]{1,40})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ReadText:
    """The text of a part, lines ending in LF, whether its declared charset was ``right``, and the ``codec`` that read it.

    ``files`` were written into it and are taken out of it, in order.
    """

    text: str
    right: bool
    codec: str = ""
    files: tuple[Enclosed, ...] = ()


def _lines_of(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_text(data: bytes, part: Part, *, charset: str = "") -> ReadText:
    """The text of a part from its encoded octets, as ``charset`` if one was chosen.

    Never raises; also for the beginning of a part only. RFC 2046 §4.1.
    """
    octets = decode_body(data, encoding=part.encoding)
    if opened := _opened(octets, part):
        return opened.read(charset)
    declared = part.params.get("charset", "")
    if not codec(declared) and part.subtype == "html" and (meta := _META_CHARSET.search(octets, 0, 2048)):
        declared = meta[1].decode("ascii", "replace")
    octets, files = taken_out(octets) if part.subtype != "html" else (octets, ())
    found = read(octets, declared, chosen=charset)
    return ReadText(_lines_of(found.text), found.right, found.codec, files)


_TOKEN = re.compile(r"[a-z0-9.+-]{1,60}")
_DELIMITER = re.compile(rb"^--([!-~](?:[ -~]{0,68}[!-~])?)[ \t]*\r?\nContent-[A-Za-z-]{1,30}:", re.MULTILINE | re.IGNORECASE)
_MOST_OPENED = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Opened:
    """A multipart taken apart here: its octets, its tree, and where the bodies of its parts lie."""

    raw: bytes
    tree: Part
    places: Mapping[str, slice]

    def octets(self, part: Part) -> bytes:
        return self.raw[self.places[part.section]]

    def read(self, charset: str) -> ReadText:
        """Its words as one text, and what is attached in it as files that were written into that."""
        texts = [_read_words(self.octets(part), part, charset=charset) for part in shown(self.tree).words]
        return ReadText(
            "\n\n".join(each.text.strip("\n") for each in texts),
            all(each.right for each in texts),
            next((each.codec for each in texts), ""),
            tuple(map(self._file, attachments(self.tree))),
        )

    def _file(self, part: Part) -> Enclosed:
        size = len(decode_body(self.octets(part), encoding=part.encoding))
        return Enclosed(_name(part), size, whole=True, media_type=f"{part.media_type}/{part.subtype}")


def _opened(octets: bytes, part: Part) -> _Opened | None:
    """A multipart that the server did not take apart, taken apart here; None where that is no use: then it is read as it stands.

    Its boundary is the one it declares, else the line of hyphens that stands before a field of a part.
    """
    subtype, declared = part.params.get(UNOPENED, ""), part.params.get("boundary", "").encode("utf-8", "replace")
    if not _TOKEN.fullmatch(subtype):
        return None
    seen = _DELIMITER.search(octets)
    for boundary in filter(None, (declared, seen[1] if seen else b"")):
        quoted = boundary.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
        raw = b'Content-Type: multipart/%b; boundary="%b"\r\n\r\n%b' % (subtype.encode(), quoted, octets)
        tree, places = parse_with_bodies(raw)
        if tree.media_type == "multipart":
            return _Opened(raw, tree, places)
    return None


def _read_words(data: bytes, part: Part, *, charset: str) -> ReadText:
    found = read(decode_body(data, encoding=part.encoding), part.params.get("charset", ""), chosen=charset)
    return ReadText(_lines_of(found.text), found.right, found.codec)


def _name(part: Part) -> str:
    return part.filename or ("message.eml" if part.media_type == "message" else f"part-{part.section}")


def enclosed_file(chunks: Iterable[bytes], part: Part, number: int) -> Iterator[tuple[str, bytes]]:
    """The octets of the file of this number (from 1) in a text, in pieces, each with the file's name; nothing where there is none.

    ``chunks`` are the octets of the text, decoded. In constant memory, but for a multipart that is opened here.
    """
    if UNOPENED not in part.params:
        yield from decoded(chunks, number)
        return
    octets = bytearray()
    for chunk in chunks:
        octets += chunk[: _MOST_OPENED - len(octets)]
    opened = _opened(bytes(octets), part)
    if opened is None:
        yield from decoded([bytes(octets)], number)
        return
    for found in attachments(opened.tree)[number - 1 : number]:
        yield _name(found), decode_body(opened.octets(found), encoding=found.encoding)


def part_text(data: bytes, part: Part) -> tuple[str, bool]:
    """The text of a part, and whether its declared charset was right; see ``read_text``."""
    found = read_text(data, part)
    return found.text, found.right
