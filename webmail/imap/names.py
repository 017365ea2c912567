"""Mailbox names on the wire: modified UTF-7, read tolerantly and written strictly (RFC 3501 §5.1.3)."""

from __future__ import annotations

import binascii
import re

RAW = "\N{REPLACEMENT CHARACTER}"
"""Opens a name that is kept as the server sent it, because decoding and encoding it would not give the same name."""
RAW_OCTETS = RAW + RAW
"""The same for a name that is not even UTF-8: each character that follows stands for one octet."""

_PRINTABLE = re.compile(r"([\x20-\x7e]+)|([^\x20-\x7e]+)")
_SHIFTED = re.compile(rb"&([A-Za-z0-9+,]*)-")


def encode(name: str) -> bytes:
    """The octets that name a mailbox to the server. Linear; raises nothing for text that ``decode`` gave."""
    if name.startswith(RAW_OCTETS):
        return name[len(RAW_OCTETS) :].encode("latin-1", "replace")
    if name.startswith(RAW):
        return name[len(RAW) :].encode("utf-8", "replace")
    return _encode(name)


def _encode(name: str) -> bytes:
    encoded = []
    for printable, other in _PRINTABLE.findall(name):
        if printable:
            encoded.append(printable.replace("&", "&-").encode("ascii"))
        else:
            utf16 = other.encode("utf-16-be", "replace")
            encoded.append(b"&" + binascii.b2a_base64(utf16, newline=False).rstrip(b"=").replace(b"/", b",") + b"-")
    return b"".join(encoded)


def decode(raw: bytes) -> str:
    """The name of a mailbox as people read it. Never raises.

    A name that is not valid modified UTF-7 is kept raw behind a replacement character, so that ``encode`` gives the
    server exactly what it sent and the mailbox can still be opened. INBOX is always in capitals (RFC 9051 §5.1).
    """
    if raw.upper() == b"INBOX":
        return "INBOX"
    try:
        name = _decode(raw)
        if encode(name) == raw:
            return name
    except (UnicodeError, ValueError):
        pass
    try:
        return RAW + raw.decode("utf-8")
    except UnicodeDecodeError:
        return RAW_OCTETS + raw.decode("latin-1")


def _decode(raw: bytes) -> str:
    decoded, position = [], 0
    for match in _SHIFTED.finditer(raw):
        decoded.append(raw[position : match.start()].decode("ascii"))
        position = match.end()
        shifted = match[1].replace(b",", b"/")
        if not shifted:
            decoded.append("&")
        else:
            decoded.append(binascii.a2b_base64(shifted + b"=" * (-len(shifted) % 4)).decode("utf-16-be"))
    decoded.append(raw[position:].decode("ascii"))
    return "".join(decoded)
