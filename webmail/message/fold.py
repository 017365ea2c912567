"""Header fields written: encoded, folded at 78 characters where words allow it, never beyond 998 (RFC 5322 §2.2.3, RFC 2047)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from webmail.address import Address, ascii_addr_spec, printable
from webmail.message.encoded_words import encode_words

_WIDTH = 78
_LONGEST_WORD = 66
_WORDS = re.compile(r"[!-~]+(?: [!-~]+)*")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")


def folded(name: str, words: Iterable[str]) -> str:
    """A field of unbreakable words, on as many lines as it takes, without its last line break."""
    lines = []
    line = f"{name}:"
    for number, word in enumerate(words):
        if number and len(line) + 1 + len(word) > _WIDTH:
            lines.append(line)
            line = ""
        line += f" {word}"
    return "\r\n".join([*lines, line])


def text_words(text: str) -> list[str]:
    """The words of an unstructured value such as a subject, encoded where it is not plain ASCII. RFC 2047 §5."""
    text = text.strip()
    plain = _WORDS.fullmatch(text) is not None and "=?" not in text and all(len(word) <= _LONGEST_WORD for word in text.split(" "))
    return text.split(" ") if plain else encode_words(text)


def _phrase(name: str) -> list[str]:
    """The words of a display name (RFC 5322 §3.2.5)."""
    if _ATOMS.fullmatch(name) and "=?" not in name and all(len(word) <= _LONGEST_WORD for word in name.split(" ")):
        return name.split(" ")
    if name.isascii() and name.isprintable() and "=?" not in name and len(name) <= _LONGEST_WORD - 10:
        return ['"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"']
    return encode_words(name)


def ascii_if_possible(addr_spec: str) -> str:
    """The addr-spec with its domain in ASCII, or as it is where only SMTPUTF8 can carry it (RFC 6531)."""
    return addr_spec if addr_spec.isascii() else ascii_addr_spec(addr_spec) or addr_spec


def address_words(addresses: Sequence[Address]) -> list[str]:
    """The words of an address list."""
    words: list[str] = []
    for number, address in enumerate(addresses, 1):
        name, spec = printable(address.name).strip(), ascii_if_possible(address.addr_spec)
        words += [*_phrase(name), f"<{spec}>"] if name else [spec]
        if number < len(addresses):
            words[-1] += ","
    return words


def parameter(name: str, value: str) -> list[str]:
    """One parameter of a MIME field as words: plain where ASCII and short, else extended and continued (RFC 2231 §3-4)."""
    if value.isascii() and value.isprintable() and len(value) <= 50:
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return [f'{name}="{escaped}"']
    encoded = quote(value, safe="", errors="replace")
    pieces = re.findall(r"(?:%[0-9A-F]{2}|[^%]){1,16}", encoded)
    if len(pieces) == 1:
        return [f"{name}*=utf-8''{pieces[0]}"]
    pieces[0] = f"utf-8''{pieces[0]}"
    last = len(pieces) - 1
    return [f"{name}*{number}*={piece}{';' if number < last else ''}" for number, piece in enumerate(pieces)]


def name_parameter(value: str) -> list[str]:
    """The ``name`` of a Content-Type, for programs that know no RFC 2231: encoded words inside quotation marks."""
    if value.isascii():
        return parameter("name", value)
    words = encode_words(value)
    words[0] = f'name="{words[0]}'
    words[-1] += '"'
    return words
