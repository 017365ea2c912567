"""Pictures that HTML names by their Content-Location: the addresses a message uses for its own parts (RFC 2557)."""

from __future__ import annotations

import re
from urllib.parse import urldefrag, urljoin

from webmail.message.part import Part

NOWHERE = "http://thismessage.invalid/"
"""The base of addresses in a message that names none (RFC 2557 §5)."""
_BASE = re.compile(r"<base\b[^>]{0,300}?\bhref\s{0,5}=\s{0,5}[\"']?\s{0,5}(https?://[^\s\"'<>]{1,1000})", re.IGNORECASE)


def joined(base: str, address: str) -> str:
    """An absolute address without its fragment, or nothing where it cannot be made."""
    try:
        return urldefrag(urljoin(base, "".join(address.split())))[0]
    except ValueError:
        return ""


def base_of(root: Part, html: Part, *, text: str = "") -> str:
    """What relative addresses in an HTML part mean: by its own ``base`` element, its Content-Location, or that around it."""
    if found := _BASE.search(text, 0, 8_192):
        return found[1]
    return _bases(root).get(id(html), NOWHERE)


def by_location(root: Part) -> dict[str, Part]:
    """The pictures of a message, without those of attached messages, by their absolute addresses; the first of an address counts."""
    bases = _bases(root)
    found: dict[str, Part] = {}
    waiting = [root]
    while waiting:
        current = waiting.pop()
        if current.media_type == "multipart":
            waiting.extend(reversed(current.parts))
        elif current.location and current.media_type == "image":
            found.setdefault(bases[id(current)], current)
    found.pop("", None)
    return found


def _bases(root: Part) -> dict[int, str]:
    """The absolute address of each part by its identity; that of the part around it where it has none."""
    found: dict[int, str] = {}
    waiting = [(root, NOWHERE)]
    while waiting:
        current, around = waiting.pop()
        found[id(current)] = base = joined(around, current.location) if current.location else around
        if current.media_type == "multipart":
            waiting.extend((child, base or around) for child in current.parts)
    return found
