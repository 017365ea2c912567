"""Avatars: the letters and the tone that stand for a person."""

from __future__ import annotations

import zlib
from functools import lru_cache

HUES = 10
"""Tones of avatars; which one is a stable hash of the address."""


@lru_cache(maxsize=1024)
def hue(text: str) -> int:
    """The tone of an address, 1 to 10; the same for everybody and for ever."""
    return zlib.crc32(text.lower().encode()) % HUES + 1


@lru_cache(maxsize=1024)
def initials(name: str) -> str:
    """One or two letters: the first Han character, or the first letters of first and last word of a name or address."""
    words = [word.lstrip("\"'([<{-*#") for word in name.partition("@")[0].replace(".", " ").replace("_", " ").split()]
    words = [word for word in words if word and word[0].isalnum()]
    if not words:
        return "?"
    first = words[0][0]
    if _says_enough(first):
        return first
    last = words[-1][0] if len(words) > 1 and not _says_enough(words[-1][0]) else ""
    return first.upper()[:1] + last.upper()[:1]


def _says_enough(character: str) -> bool:
    """Whether one character of a script says as much as two letters: Han, kana, Hangul."""
    return "\u2e80" <= character <= "\ufaff" or character >= "\U00020000"
