"""What the server says: responses taken apart into tokens, without recursion and without trust (RFC 9051 §7, §9).

imapclient's own parser loses a whole batch for one malformed response and needs about three times as long.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

Node: TypeAlias = "bytes | list[Node]"
"""A token as it was sent (quotes included), a Literal, or a list in parentheses."""

DEEPEST = 5_000
"""No structure of a message we would show nests so deep; what does is a bomb."""

_REMEMBERED = 40
_TOKEN = re.compile(
    rb'[()]|"[^"\\]*(?:\\.[^"\\]*)*"|(?:BODY|BINARY)(?:\.[A-Z]+)?\[[^\[\]]*\](?:<\d+>)?|[^\s()"]+|"[\s\S]*',
    re.IGNORECASE | re.DOTALL,
)
_QUOTED = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_HEAD = re.compile(rb"(?:(\d{1,10}) )?([^\s(\[]{1,60}) ?")
_MODSEQ = re.compile(rb"MODSEQ \((\d{1,19})\)", re.IGNORECASE)
_FLAGS = re.compile(rb"(?:^|[\s(])FLAGS \(", re.IGNORECASE)
_CODE = re.compile(rb"\[([^\s\]]+)(?: ([^\]]*))?\] ?")


class MalformedError(Exception):
    """A response that cannot be taken apart. Internal to this room: it costs one row, never a page."""


class Literal(bytes):
    """Octets the server counted: not a token, whatever they look like."""


@dataclass(frozen=True, slots=True)
class Response:
    """One untagged response: its kind in capitals, its number (or -1), and text and literals in turn."""

    kind: str
    number: int
    pieces: list[bytes]


@dataclass(frozen=True, slots=True)
class Condition:
    """What OK, NO, BAD, BYE and PREAUTH carry: a code in capitals, its arguments, and words for people (RFC 9051 §7.1)."""

    status: str
    code: str
    arguments: bytes
    text: str


def untagged(pieces: list[bytes]) -> Response:
    """The response whose line begins with ``*``; an unreadable one has the kind ``""``."""
    match = _HEAD.match(pieces[0], 2)
    if match is None:
        return Response("", -1, pieces)
    pieces[0] = pieces[0][match.end() :]
    number = -1 if match[1] is None else int(match[1])
    return Response(match[2].decode("latin-1").upper(), number, pieces)


def condition(status: str, rest: bytes) -> Condition:
    """The code and the words of a status response."""
    match = _CODE.match(rest)
    if match is None:
        return Condition(status, "", b"", words(rest))
    return Condition(status, match[1].decode("latin-1").upper(), match[2] or b"", words(rest[match.end() :]))


def words(octets: bytes) -> str:
    """Words of the server as text for people: one line, bounded, no control characters."""
    text = octets[:1000].decode("utf-8", "replace")
    return "".join(character if character.isprintable() else " " for character in text).strip()


def parse(pieces: Sequence[bytes]) -> list[Node]:
    """Text and literals in turn, taken apart into nested lists. Linear. Raises MalformedError."""
    current: list[Node] = []
    stack: list[list[Node]] = []
    for index, piece in enumerate(pieces):
        if index % 2:
            current.append(Literal(piece))
            continue
        tokens = _TOKEN.findall(piece)
        if tokens and tokens[-1].startswith(b'"') and not _QUOTED.fullmatch(tokens[-1]):
            raise MalformedError("a quote is never closed")
        for token in tokens:
            if token == b"(":
                if len(stack) >= DEEPEST:
                    raise MalformedError("brackets without end")
                stack.append(current)
                deeper: list[Node] = []
                current.append(deeper)
                current = deeper
            elif token == b")":
                if not stack:
                    raise MalformedError("a bracket was never opened")
                current = stack.pop()
            else:
                current.append(token)
    if stack:
        raise MalformedError("a bracket is never closed")
    return current


def items(pieces: Sequence[bytes]) -> dict[bytes, Node]:
    """The items of a FETCH response by their name in capitals. Raises MalformedError."""
    parsed = parse(pieces)
    if len(parsed) != 1 or not isinstance(parsed[0], list) or len(parsed[0]) % 2:
        raise MalformedError("not a list of pairs")
    pairs = iter(parsed[0])
    found: dict[bytes, Node] = {}
    for key in pairs:
        if not isinstance(key, bytes):
            raise MalformedError("a list where a name should be")
        found[key.upper()] = next(pairs)
    return found


def octets(node: Node) -> bytes:
    """What a string token stands for; NIL and lists are empty."""
    if isinstance(node, list):
        return b""
    return _octets(node) if len(node) <= _REMEMBERED else _octets.__wrapped__(node)


@lru_cache(maxsize=4096, typed=True)
def _octets(token: bytes) -> bytes:
    # The words of structures are few and come again and again. ``typed`` tells a Literal from a token of the same octets.
    if isinstance(token, Literal):
        return bytes(token)
    if token.startswith(b'"'):
        inside = token[1:-1]
        return _ESCAPED.sub(rb"\1", inside) if b"\\" in inside else inside
    return b"" if token.upper() == b"NIL" else token


def text(node: Node) -> str:
    """What a string token stands for, as text; 8-bit octets that are not UTF-8 are read as Latin-1. Never raises."""
    if isinstance(node, list):
        return ""
    return _text(node) if len(node) <= _REMEMBERED else _text.__wrapped__(node)


@lru_cache(maxsize=4096, typed=True)
def _text(token: bytes) -> str:
    found = octets(token)
    try:
        return found.decode("utf-8")
    except UnicodeDecodeError:
        return found.decode("latin-1")


def number(node: Node, *, default: int = 0) -> int:
    """What a number token stands for, also where a server put it in quotes; else the default."""
    if isinstance(node, list):
        return default
    digits = octets(node)
    return int(digits) if digits.isdigit() and len(digits) <= 19 else default


def expand(set_text: bytes, *, limit: int) -> list[int]:
    """The numbers of a set such as ``1:3,7``, at most ``limit`` of them. Raises MalformedError for more or for anything else."""
    return list(_expand(set_text, limit=limit))


def _expand(set_text: bytes, *, limit: int) -> Iterator[int]:
    for piece in set_text.split(b","):
        low, high = _range(piece)
        limit -= high - low + 1
        if limit < 0:
            raise MalformedError("a set of more numbers than there can be")
        yield from range(low, high + 1)


def _range(piece: bytes) -> tuple[int, int]:
    low_text, colon, high_text = piece.partition(b":")
    high_text = high_text if colon else low_text
    if not (low_text.isdigit() and high_text.isdigit()) or len(low_text) > 10 or len(high_text) > 10:
        raise MalformedError("not a set of numbers")
    low, high = int(low_text), int(high_text)
    return (low, high) if low <= high else (high, low)


def vanished(response: Response) -> tuple[bool, list[tuple[int, int]]]:
    """Whether a VANISHED response tells of what is gone for long (EARLIER), and the UIDs as ranges. Raises MalformedError.

    Ranges, because a server that has forgotten what was expunged names everything that is not there (RFC 7162 §3.2.10).
    """
    words_of_it = response.pieces[0].split()
    earlier = bool(words_of_it) and words_of_it[0].upper() == b"(EARLIER)"
    if len(words_of_it) != 1 + earlier:
        raise MalformedError("not a set of UIDs")
    return earlier, [_range(piece) for piece in words_of_it[-1].split(b",")]


def modseqs(response: Response) -> list[int]:
    """The mod-sequence in a FETCH response, as far as it can be seen; literals are not looked at (RFC 7162 §3.1.4.2)."""
    return [int(found[1]) for piece in response.pieces[::2] if (found := _MODSEQ.search(piece))]


def mentions_flags(response: Response) -> bool:
    """Whether a FETCH response tells flags; literals are not looked at."""
    return any(_FLAGS.search(piece) for piece in response.pieces[::2])
