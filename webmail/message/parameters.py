"""Parameters of MIME fields, and the file names among them (RFC 2045 §5.1, RFC 2183, RFC 2231, RFC 2047 where it is forbidden)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from urllib.parse import unquote_to_bytes

from webmail.address import printable
from webmail.message.charset import decode
from webmail.message.encoded_words import decode_text, text_of

_MAX_PARAMETERS = 500
_MAX_VALUE = 2_000
_PARAMETER = re.compile(r'[\s;]*+([^\s;="]++)\s*+=\s*+(?:"((?:[^"\\]|\\.)*+)"?|([^;]*+))|[\s;]*+[^\s;]++', re.DOTALL)
_SECTIONED = re.compile(r"([^*]+)\*(?:(\d{1,3})(\*)?)?")
_CHARSET_MARK = re.compile(r"([\w.:+-]{0,60})'[\w-]{0,20}'(.*)", re.DOTALL)
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")


def split_parameters(value: bytes | str) -> tuple[str, list[tuple[str, str]]]:
    """The value of a field such as Content-Type in lower case, and its parameters as written, in order. Linear, never raises."""
    text = text_of(value)
    head = re.match(r"\s*([^\s;\"=]*)", text)
    start = head.end() if head else 0
    if head and text[start : start + 1] == "=":
        # Parameters alone, of a field whose value is missing.
        head, start = None, 0
    pairs: list[tuple[str, str]] = []
    for match in _PARAMETER.finditer(text, start):
        name, quoted, plain = match.groups()
        if name is None:
            continue
        # Only these two pairs: a backslash elsewhere is a separator of a Windows path that should never have been sent.
        found = quoted.replace('\\"', '"').replace("\\\\", "\\") if quoted is not None else plain.strip()
        pairs.append((name.lower(), found))
        if len(pairs) >= _MAX_PARAMETERS:
            break
    return (head[1].lower() if head else ""), pairs


def _extended(value: str) -> str:
    """A value as RFC 2231 §4 encodes it: charset'language'percent-encoded."""
    mark = _CHARSET_MARK.fullmatch(value)
    charset, encoded = (mark[1], mark[2]) if mark else ("", value)
    return decode(unquote_to_bytes(encoded), charset)[0]


def _joined(pieces: Mapping[int, tuple[str, bool]]) -> str:
    """The pieces of a continued value, up to the first that is missing (RFC 2231 §3)."""
    charset, octets = "", b""
    for number in range(min(pieces), len(pieces) + 1):
        if number not in pieces:
            break
        text, encoded = pieces[number]
        if encoded and not octets and not charset and (mark := _CHARSET_MARK.fullmatch(text)):
            charset, text = mark[1], mark[2]
        octets += unquote_to_bytes(text) if encoded else text.encode("utf-8", "replace")
    return decode(octets, charset)[0]


def decode_parameters(pairs: Iterable[tuple[str | bytes, str | bytes]]) -> dict[str, str]:
    """Parameters by name, continuations joined and decoded; an extended value wins over a plain one of the same name.

    ``pairs`` are as written, from a header or a BODYSTRUCTURE. Of equal names the first counts. RFC 2231.
    """
    plain: dict[str, str] = {}
    extended: dict[str, str] = {}
    continued: dict[str, dict[int, tuple[str, bool]]] = {}
    for number, (raw_name, raw_value) in enumerate(pairs):
        if number >= _MAX_PARAMETERS:
            break
        name, value = text_of(raw_name).strip().lower(), text_of(raw_value)
        section = _SECTIONED.fullmatch(name)
        if section is None:
            plain.setdefault(name, value)
        elif section[2] is None:
            extended.setdefault(section[1], _extended(value))
        else:
            continued.setdefault(section[1], {}).setdefault(int(section[2]), (value, section[3] is not None))
    found = plain | {name: _joined(pieces) for name, pieces in continued.items()} | extended
    return {printable(name): printable(value)[:_MAX_VALUE] for name, value in found.items()}


def filename(disposition: Mapping[str, str], content_type: Mapping[str, str]) -> str:
    """The file name that decoded parameters give a part, safe to show and to save under, or nothing.

    Encoded words are forbidden in parameters (RFC 2047 §5) and used by half of the world, so they are read.
    """
    for name in (disposition.get("filename"), content_type.get("name"), disposition.get("name"), content_type.get("filename")):
        if name and name.strip():
            if "''" in name and _PERCENT.search(name) and _CHARSET_MARK.fullmatch(name):
                # The extended form under the plain name.
                name = _extended(name)
            return safe_filename(decode_text(name))
    return ""


_FORBIDDEN = re.compile(r'[<>:"|?*\x00-\x1f]')
_MAX_FILENAME = 200
_MAX_EXTENSION = 20


def safe_filename(name: str) -> str:
    """The last part of a path as a name every file system takes, or nothing.

    No separators, controls, bidi or invisible characters, no dots in front; at most 200 characters, the extension kept.
    """
    name = printable(unicodedata.normalize("NFC", name[:10_000]))
    parts = [part for part in re.split(r"[/\\\u2044\u2215\u29f5\uff0f\uff3c]", name) if part.strip(". ")]
    name = _FORBIDDEN.sub("_", parts[-1]) if parts else ""
    name = re.sub(r"\s++", " ", name).strip().lstrip(". ").rstrip(". ")
    if len(name) > _MAX_FILENAME:
        stem, dot, extension = name.rpartition(".")
        tail = dot + extension if stem and len(extension) <= _MAX_EXTENSION else ""
        name = name[: _MAX_FILENAME - len(tail)].rstrip(". ") + tail
    return name
