"""What we send: every argument of every command is checked here, so that none can begin a command of its own.

CR, LF and NUL are refused in every argument except the octets of a message, which travel as a counted literal
(RFC 9051 §4.3, §9).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from webmail.errors import InvalidInput
from webmail.imap import names
from webmail.message.summary import Uid

SET_OCTETS = 7900
"""Servers must take command lines of 8,192 octets (RFC 7162 §4); the rest is left for the command around the set."""
HIGHEST_UID = 0xFFFFFFFF

_FORBIDDEN = re.compile(r"[\r\n\0]")
_FORBIDDEN_OCTETS = re.compile(rb"[\r\n\0]")
_COUNT = re.compile(rb"\{\d+[+-]?\}")
_QUOTABLE = re.compile(r"[\x20-\x7e]*")
_COMMAND = re.compile(r"[A-Z]+( [A-Z]+)?")
_FLAG = re.compile(r"\\?[!#$&'+\-.,/0-9:;<=>?@A-Z\[^_`a-z|}~]+")
_SECTION = re.compile(r"|(\d{1,9}\.){0,200}(\d{1,9}|HEADER|TEXT|MIME)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Syntax:
    """Protocol text we wrote ourselves (a UID set, a list of items), sent as it is."""

    text: bytes


@dataclass(frozen=True, slots=True)
class MailboxName:
    """The name of a mailbox, sent in modified UTF-7."""

    name: str


@dataclass(frozen=True, slots=True)
class MessageOctets:
    """A whole message; the only argument that may hold line breaks, because its octets are counted."""

    octets: bytes


Argument = str | int | Syntax | MailboxName | MessageOctets
"""``str`` is sent as a string: quoted where that can be, else as a literal in UTF-8."""


_OPEN, _CLOSE = Syntax(b"("), Syntax(b")")


def segments(name: str, arguments: Sequence[Argument], *, literal_plus: bool) -> list[bytes]:
    """A command line cut where the server has to agree before we go on; the tag is not part of it.

    Raises InvalidInput("line_break") for CR, LF or NUL in an argument: nothing has been sent then.
    """
    if not _COMMAND.fullmatch(name):
        raise InvalidInput("command", field="command")
    lines = [bytearray(name.encode("ascii"))]
    opened = False
    for argument in arguments:
        text, literal = _encoded(argument)
        # No blank stands inside a bracket (RFC 9051 §9, search-key).
        if not opened and argument != _CLOSE:
            lines[-1] += b" "
        opened = argument == _OPEN
        if literal is None:
            lines[-1] += text
        elif literal_plus and len(literal) <= 4096:
            lines[-1] += b"{%d+}\r\n" % len(literal) + literal
        else:
            lines[-1] += b"{%d}\r\n" % len(literal)
            lines.append(bytearray(literal))
    lines[-1] += b"\r\n"
    return [bytes(line) for line in lines]


def _encoded(argument: Argument) -> tuple[bytes, bytes | None]:
    """An argument as text, or as the octets of a literal."""
    if isinstance(argument, int):
        return b"%d" % argument, None
    if isinstance(argument, Syntax):
        if _COUNT.search(checked_octets(argument.text, field="argument")):
            # The server would take what follows for octets that were announced.
            raise InvalidInput("line_break", field="argument")
        return argument.text, None
    if isinstance(argument, MessageOctets):
        if b"\0" in argument.octets:
            raise InvalidInput("line_break", field="message")
        return b"", argument.octets
    if isinstance(argument, MailboxName):
        checked_text(argument.name, field="mailbox")
        octets = checked_octets(names.encode(argument.name), field="mailbox")
        return _string(octets.decode("latin-1"), octets)
    checked_text(argument, field="argument")
    return _string(argument, argument.encode("utf-8", "replace"))


def _string(text: str, octets: bytes) -> tuple[bytes, bytes | None]:
    if len(text) <= 1000 and _QUOTABLE.fullmatch(text):
        return b'"' + octets.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"', None
    return b"", octets


def checked_text(text: str, *, field: str) -> str:
    """The text itself. Raises InvalidInput("line_break") if it holds CR, LF or NUL."""
    if _FORBIDDEN.search(text):
        raise InvalidInput("line_break", field=field)
    return text


def checked_octets(octets: bytes, *, field: str) -> bytes:
    """The octets themselves. Raises InvalidInput("line_break") if they hold CR, LF or NUL."""
    if _FORBIDDEN_OCTETS.search(octets):
        raise InvalidInput("line_break", field=field)
    return octets


def flag_list(flags: Iterable[str]) -> Syntax:
    """Flags in parentheses. Raises InvalidInput("flag") for anything that is not an atom (RFC 9051 §9, flag)."""
    chosen = sorted(set(flags))
    for flag in chosen:
        checked_text(flag, field="flag")
        if not _FLAG.fullmatch(flag) or len(flag) > 200:
            raise InvalidInput("flag", field="flag")
    return Syntax(f"({' '.join(chosen)})".encode("ascii"))


def checked_section(section: str) -> str:
    """The section itself. Raises InvalidInput("section") unless it is one (RFC 9051 §6.4.5.1)."""
    if not _SECTION.fullmatch(section) or section == "MIME":
        raise InvalidInput("section", field="section")
    return section


def uid_sets(uids: Iterable[Uid]) -> list[Syntax]:
    """The UIDs as few sets, ranges compressed, each short enough for one command line (RFC 9051 §9, sequence-set).

    Raises InvalidInput("uid") for a number that no message can have.
    """
    sets: list[Syntax] = []
    pieces: list[bytes] = []
    length = 0
    for low, high in _ranges(sorted(set(uids))):
        piece = b"%d" % low if low == high else b"%d:%d" % (low, high)
        if length + len(piece) + 1 > SET_OCTETS:
            sets.append(Syntax(b",".join(pieces)))
            pieces, length = [], 0
        pieces.append(piece)
        length += len(piece) + 1
    if pieces:
        sets.append(Syntax(b",".join(pieces)))
    return sets


def _ranges(uids: Sequence[Uid]) -> list[tuple[int, int]]:
    if uids and not 0 < uids[0] <= uids[-1] <= HIGHEST_UID:
        raise InvalidInput("uid", field="uid")
    ranges: list[tuple[int, int]] = []
    for uid in uids:
        if ranges and uid == ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], uid)
        else:
            ranges.append((uid, uid))
    return ranges


def uid_range(low: int, high: int | None) -> Syntax:
    """All UIDs from ``low`` to ``high``, or to the end. Raises InvalidInput("uid")."""
    if not 0 < low <= HIGHEST_UID or (high is not None and not 0 < high <= HIGHEST_UID):
        raise InvalidInput("uid", field="uid")
    return Syntax(b"%d:*" % low if high is None else b"%d:%d" % (low, high))
