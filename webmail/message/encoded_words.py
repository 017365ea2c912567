"""Encoded words: header text in any charset, read tolerantly and written strictly (RFC 2047)."""

from __future__ import annotations

import base64
import binascii
import re

from webmail.address import printable
from webmail.message.charset import decode, undeclared

# Blanks and question marks inside the text of a word are forbidden and common, and the last word of a field may lack its end.
# Another word cannot begin inside one, so that each character is looked at once.
_WORD = re.compile(r"=\?([^?\s=]{1,60})[ \t]{0,2}\?([bBqQ])\?((?:[^?=]++|=(?!\?(?!=))|\?(?!=|\Z))*+)(?:\?=|\??\Z)")
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/]")
_ENCODED_OCTET = re.compile(r"=([0-9A-Fa-f]{2})")


def text_of(raw: bytes | str, *, likely: str = "") -> str:
    """The characters of a raw header value, encoded words untouched: UTF-8 (RFC 6532), else as old mail programs sent it.

    ``likely`` is a charset that the message names elsewhere.
    """
    if isinstance(raw, str):
        return raw
    return raw.decode("ascii") if raw.isascii() else undeclared(raw, likely=likely)


def _octets(encoding: str, text: str) -> bytes:
    """The octets a word stands for; what is not in its alphabet is passed over."""
    if encoding in ("b", "B"):
        digits = _NOT_BASE64.sub("", text)
        if len(digits) % 4 == 1:
            digits = digits[:-1]
        return binascii.a2b_base64(digits + "=" * (-len(digits) % 4))
    text = text.replace("_", " ")
    octets = _ENCODED_OCTET.sub(lambda match: chr(int(match[1], 16)), text) if "=" in text else text
    # Characters beyond Latin-1 have no place in a word; they keep their own octets.
    return octets.encode("latin-1") if all(character < "\u0100" for character in octets) else octets.encode("utf-8", "replace")


def _together(words: list[tuple[str, str]], charset: str) -> str:
    """The text of adjoining words of one charset. Characters may be cut in two between them, digits of base64 as well."""
    octets: list[bytes] = []
    digits: list[str] = []
    for encoding, text in [*words, ("", "")]:
        if digits and (encoding not in ("b", "B") or digits[-1].endswith("=")):
            octets.append(_octets("b", "".join(digits)))
            digits = []
        if encoding in ("b", "B"):
            digits.append(text)
        elif encoding:
            octets.append(_octets(encoding, text))
    return decode(b"".join(octets), charset)[0]


def decode_words(text: str) -> str:
    """The text with its encoded words decoded; not yet made safe to show. Words next to each other are one (RFC 2047 §6.2)."""
    if "=?" not in text:
        return text
    out: list[str] = []
    together: list[tuple[str, str]] = []
    charset, end = "", 0
    for word in _WORD.finditer(text):
        between = text[end : word.start()]
        adjoining = bool(together) and not between.strip()
        name = word[1].partition("*")[0].lower()
        if together and not (adjoining and name == charset):
            out.append(_together(together, charset))
            together = []
        if not adjoining:
            out.append(between)
        together.append((word[2], word[3]))
        charset, end = name, word.end()
    if together:
        out.append(_together(together, charset))
    out.append(text[end:])
    return "".join(out)


def decode_text(raw: bytes | str) -> str:
    """A header value as a person reads it, on one line.

    Encoded words are decoded from any charset, known or not; raw 8-bit text is read as UTF-8, else as an old charset.
    No controls, line breaks, bidi or invisible characters, lone surrogates. Never raises; linear time. RFC 2047.
    """
    return printable(decode_words(text_of(raw))).strip()


# RFC 2047 §2 allows 75; with the name of the field in front a line stays within 78 so.
_MAX_WORD = 66
_Q_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")


def _q(octets: bytes) -> str:
    return "".join("_" if octet == 0x20 else chr(octet) if octet in _Q_SAFE else f"={octet:02X}" for octet in octets)


def _b(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")


def encode_words(text: str) -> list[str]:
    """The text as encoded words of at most 66 characters each, in the shorter of the two encodings (RFC 2047 §2).

    Every word holds whole characters. Joined by blanks they decode to the text; valid in a phrase too (§5, rule 3).
    """
    octets = text.encode("utf-8", "replace")
    letter, encode = ("q", _q) if len(_q(octets)) <= len(_b(octets)) else ("b", _b)
    start = f"=?utf-8?{letter}?"
    room = _MAX_WORD - len(start) - 2
    words: list[str] = []
    current = b""
    for character in text:
        more = current + character.encode("utf-8", "replace")
        if current and len(encode(more)) > room:
            words.append(f"{start}{encode(current)}?=")
            more = character.encode("utf-8", "replace")
        current = more
    if current:
        words.append(f"{start}{encode(current)}?=")
    return words
