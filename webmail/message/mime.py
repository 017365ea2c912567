"""What to show of a MIME tree, what is an attachment, and the text of a part (RFC 2045, 2046, 2183, 2387, 2392)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from webmail.message.charset import decode
from webmail.message.parameters import safe_filename
from webmail.message.parse import parse, parse_with_bodies
from webmail.message.part import Part, from_json, to_json, walk
from webmail.message.transfer import decode_body, decode_stream

__all__ = [
    "Part",
    "Shown",
    "attachments",
    "decode_body",
    "decode_stream",
    "decoded_size",
    "from_json",
    "has_attachments",
    "inline_by_cid",
    "parse",
    "parse_with_bodies",
    "part_text",
    "safe_filename",
    "shown",
    "to_json",
    "walk",
]


@dataclass(frozen=True, slots=True)
class Shown:
    """The parts a message shows: the same ones that are listed, quoted and searched. Either may be missing."""

    html: Part | None = None
    text: Part | None = None


_MAX_DEPTH = 120
_EMPTY = 2
_NOTHING = Shown()
# Kinds of text that only mean something to a program; as the body of a message they would be noise.
_NO_BODY = frozenset({"calendar", "x-vcard", "vcard", "directory", "rfc822-headers", "x-amp-html", "css"})
_SIGNATURES = frozenset({"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"})


def _is_body(part: Part) -> bool:
    return part.media_type == "text" and part.subtype not in _NO_BODY and part.disposition != "attachment"


def shown(part: Part) -> Shown:
    """Which parts of a message are its body: of alternatives the last that can be shown, with its plain text beside it.

    Of a mixed, signed or report message the first text that is not a file; of a related one its root. An attached
    message is never opened for it. RFC 2046 §5.1, RFC 2387, RFC 1847, RFC 6522.
    """
    return _shown(part, 0)


def _shown(part: Part, depth: int) -> Shown:
    if part.media_type != "multipart":
        if not _is_body(part):
            return _NOTHING
        return Shown(html=part) if part.subtype == "html" else Shown(text=part)
    if depth >= _MAX_DEPTH:
        return _NOTHING
    found = [(child, what) for child in part.parts if (what := _shown(child, depth + 1)) != _NOTHING]
    if part.subtype == "alternative":
        html = [what.html for _, what in found if what.html]
        # An empty text beside HTML is there for form's sake; a preview or a quotation made of it would be empty.
        text = [what.text for _, what in found if what.text and not (html and what.text.size <= _EMPTY)]
        return Shown(html[-1] if html else None, _plainest(text))
    if part.subtype == "related":
        found.sort(key=lambda pair: not _is_root(pair[0], part))
    else:
        found.sort(key=lambda pair: _rank(pair[0]))
    return found[0][1] if found else _NOTHING


def _plainest(texts: list[Part]) -> Part | None:
    """Of several kinds of text the last plain one, else the last."""
    plain = [text for text in texts if text.subtype == "plain"]
    best = plain or texts
    return best[-1] if best else None


def _rank(child: Part) -> int:
    """Order among the children of a mixed part, stable: texts, then texts that are files, then empty ones."""
    if child.media_type == "multipart":
        return 0
    if child.size <= _EMPTY:
        return 2
    return 1 if child.filename else 0


def _is_root(child: Part, related: Part) -> bool:
    """True for the root of a related part: the one ``start`` names, else the first (RFC 2387 §3.2)."""
    start = related.params.get("start", "").strip().strip("<>")
    if start and any(other.content_id == start for other in related.parts):
        return child.content_id == start
    return child is related.parts[0]


def attachments(part: Part) -> tuple[Part, ...]:
    """Every part that is not shown as the body: files, attached messages, invitations, further texts, unused pictures.

    Left out are the other forms of a body that is shown, and pictures that belong to a shown HTML part. Whether a
    picture is really used there only the HTML knows; it is one if it stands beside it and has a Content-ID.
    """
    body = shown(part)
    found: list[Part] = []
    _collect(part, body, found=found, depth=0)
    return tuple(found)


def _collect(part: Part, body: Shown, *, found: list[Part], depth: int) -> None:
    if part.media_type != "multipart":
        if part is not body.html and part is not body.text:
            found.append(part)
        return
    if depth >= _MAX_DEPTH:
        return
    within = part.subtype in ("alternative", "related") and _holds(part, body)
    for child in part.parts:
        if within and child.media_type != "multipart" and _belongs(child, part, body=body):
            continue
        _collect(child, body, found=found, depth=depth + 1)


def _holds(part: Part, body: Shown) -> bool:
    return any(child is body.html or child is body.text for child in walk(part))


def _belongs(child: Part, parent: Part, *, body: Shown) -> bool:
    """True for a sibling that is part of the body, or another form of it."""
    if child.disposition == "attachment":
        return False
    if parent.subtype == "alternative":
        return child.media_type == "text" and child.subtype != "calendar" and not child.filename
    return body.html is not None and child.media_type == "image" and bool(child.content_id)


def has_attachments(part: Part) -> bool:
    """True where a list shows a paper clip: attachments other than the signature of a signed message."""
    return any(f"{each.media_type}/{each.subtype}" not in _SIGNATURES for each in attachments(part))


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


def part_text(data: bytes, part: Part) -> tuple[str, bool]:
    """The text of a part from its encoded octets, lines ending in LF, and whether its declared charset was right.

    Never raises; also for the beginning of a part only. RFC 2046 §4.1.
    """
    octets = decode_body(data, encoding=part.encoding)
    declared = part.params.get("charset", "")
    if not declared and part.subtype == "html" and (meta := _META_CHARSET.search(octets, 0, 2048)):
        declared = meta[1].decode("ascii", "replace")
    text, known = decode(octets, declared)
    return text.replace("\r\n", "\n").replace("\r", "\n"), known
