"""Address: a display name and an addr-spec, and address lists with groups (RFC 5322 §3.4, RFC 6532).

Storey 1: values, and the one reader of address lists, for header fields and for what people type alike. It is linear
in the length of the text, never raises, and says when a text can be read in more than one way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, ValidatedEmail, validate_email


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox address. ``name`` is decoded text without control or bidi characters; it may be empty."""

    name: str
    addr_spec: str

    @property
    def display(self) -> str:
        """The name, or the addr-spec where there is none."""
        return self.name or self.addr_spec

    @property
    def domain(self) -> str:
        return self.addr_spec.rpartition("@")[2].lower()


@dataclass(frozen=True, slots=True)
class AddressList:
    """What an address list says.

    ``invalid`` are the pieces that hold no address, as they were written. ``doubtful`` is true where another reader
    could find other addresses in the same text. ``cut`` is true if the limit ended the reading.
    """

    addresses: tuple[Address, ...] = ()
    invalid: tuple[str, ...] = ()
    doubtful: bool = False
    cut: bool = False


_JOINED = "\u0600-\u1fff\u2070-\ud7ff\ue000-\U0010ffff"
_UNSEEN = re.compile(
    # Line breaks and controls, C0 and C1; line and paragraph separators.
    r"(?P<control>[\x00-\x1f\x7f-\x9f\u2028\u2029]+)"
    # Half of a surrogate pair: cannot be encoded, would break JSON and every page.
    r"|(?P<surrogate>[\ud800-\udfff])"
    # Joiners mean something between letters of Arabic or Indic scripts and inside emoji; elsewhere they only hide.
    rf"|(?P<joiner>(?<=[{_JOINED}])[\u200c\u200d](?=[{_JOINED}]))"
    # Bidi controls, invisible characters and fillers.
    r"|[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)


def _seen(match: re.Match[str]) -> str:
    if match.lastgroup == "control":
        return " "
    if match.lastgroup == "surrogate":
        return "\ufffd"
    return match.group() if match.lastgroup == "joiner" else ""


def printable(text: str) -> str:
    """The text on one line: no controls, no line breaks, no bidi or invisible formatting characters, no surrogates."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSEEN.sub(_seen, text)


_MAX_NAME = 500
_MAX_SPEC = 900
_LOCAL = r"[^\s\"\\()<>\[\],;:@\x00-\x1f\x7f]+"
_ASCII_SPEC = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]++@[A-Za-z0-9.-]++"
# A member as nearly all mail has it. Where one does not fit, the whole list is read token by token instead.
_MEMBER = re.compile(rf'[ \t]*+(?:(?:"([^"\\<>@\r\n]*+)" ?|([^"\\<>@,;:()\[\]\r\n]*+))<({_ASCII_SPEC})>|({_ASCII_SPEC}))[ \t]*+(?:,|\Z)')
_SPEC = re.compile(rf'(?:{_LOCAL}|"(?:[^"\\]|\\.)*")@(?:{_LOCAL}|\[[^\[\]\s<>,]*\])')
_TOKEN = re.compile(
    r"(?P<space>[ \t]+)"
    r'|(?P<quoted>"(?:[^"\\\r\n]|\\[^\r\n])*")'
    r"|(?P<literal>\[[^\[\]\r\n<>,]*\])"
    r"|(?P<pair>\\[^\r\n])"
    r'|(?P<atom>[^ \t\r\n"\\()<>\[\],;:@]+)'
    r"|(?P<break>[\r\n,;])"
    r"|(?P<special>.)",
    re.DOTALL,
)
_COMMENT_STEP = re.compile(r"\\.|[()]", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@dataclass(slots=True)
class _Word:
    """A run of tokens without blanks: as written, as read, whether it holds an ``@`` outside quotes, and whether it ``waits`` for more.

    It does where its last dot had a blank before it, as no full stop has.
    """

    raw: str = ""
    shown: str = ""
    at: bool = False
    waits: bool = False


@dataclass(slots=True)
class _Piece:
    """One member of the list while it is read: its words, its angle addresses with the words before each, its comments."""

    start: int
    words: list[_Word] = field(default_factory=list)
    angles: list[tuple[str, list[_Word]]] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    open_word: bool = False
    doubtful: bool = False

    def add(self, raw: str, shown: str, *, at: bool = False) -> None:
        if not self.open_word or not self.words:
            self.words.append(_Word())
            self.open_word = True
        word = self.words[-1]
        word.raw += raw
        word.shown += shown
        word.at = word.at or at

    def goes_on(self, atom: str) -> bool:
        """Whether an atom behind a blank belongs to the domain before it, as its dots say."""
        if self.open_word or not self.words or not self.words[-1].at:
            return False
        last, dot = self.words[-1], atom.startswith(".") and not atom.startswith("..")
        goes_on, last.waits = dot or last.waits, atom == "."
        return goes_on

    def close_angle(self, spec: str, *, whole: bool) -> None:
        self.angles.append((spec, self.words))
        self.words, self.open_word = [], False
        self.doubtful = self.doubtful or not whole


def _comment_end(text: str, start: int) -> int:
    """Where the comment that opens at ``start`` ends, or -1. Comments nest (RFC 5322 §3.2.2)."""
    depth = 0
    for step in _COMMENT_STEP.finditer(text, start):
        if step.group() == "(":
            depth += 1
        elif step.group() == ")":
            depth -= 1
            if depth == 0:
                return step.end()
    return -1


class _Reader:
    """Reads an address list once from left to right; every character is looked at a bounded number of times."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.comments = True
        self.angle: list[str] | None = None
        self.piece = _Piece(0)

    def pieces(self) -> Iterator[tuple[_Piece, str]]:
        """The members of the list, each with its text."""
        while self.position < len(self.text):
            token = _TOKEN.match(self.text, self.position)
            if token is None:
                break
            self.position = token.end()
            kind, value = token.lastgroup, token.group()
            if self.angle is not None:
                self._in_angle(kind, value)
            else:
                self._outside(kind, value)
            if kind == "break" and self.angle is None:
                yield self._finish(token.start())
        if self.angle is not None:
            self._end_angle(whole=False)
        yield self._finish(len(self.text))

    def _finish(self, end: int) -> tuple[_Piece, str]:
        piece, text = self.piece, self.text[self.piece.start : end].strip()
        self.piece = _Piece(self.position)
        return piece, text

    def _in_angle(self, kind: str | None, value: str) -> None:
        assert self.angle is not None
        if value == ">":
            self._end_angle(whole=True)
        elif value == "<":
            # "<<a@b>": what stands before the second bracket is no address.
            self.angle, self.piece.doubtful = [], True
        elif kind == "break" and not (value == "," and self.angle and self.angle[0] == "@"):
            self._end_angle(whole=False)
        elif value == "(" and self._comment() is not None:
            pass
        elif kind != "space":
            self.angle.append(value)

    def _end_angle(self, *, whole: bool) -> None:
        self.piece.close_angle("".join(self.angle or ()), whole=whole)
        self.angle = None

    def _comment(self) -> str | None:
        """The comment whose bracket was just read, or None if it never ends: then brackets are plain characters."""
        if not self.comments:
            return None
        end = _comment_end(self.text, self.position - 1)
        if end < 0:
            self.comments = False
            return None
        text, self.position = self.text[self.position : end - 1], end
        return _ESCAPED.sub(r"\1", text)

    def _outside(self, kind: str | None, value: str) -> None:
        piece = self.piece
        if kind == "atom" and piece.goes_on(value):
            # Blanks around the dots of a domain are obsolete and mean nothing (RFC 5322 §4.4); others may read two words.
            piece.open_word = piece.doubtful = True
        if kind == "space":
            piece.open_word = False
        elif kind == "quoted":
            piece.add(value, _ESCAPED.sub(r"\1", value[1:-1]))
        elif kind == "pair":
            piece.add(value, value[1])
        elif kind == "special":
            self._special(value)
        elif kind != "break":
            piece.add(value, value)

    def _special(self, value: str) -> None:
        piece = self.piece
        if value == "<":
            self.angle = []
        elif value == "@":
            self._at()
        elif value == ":" and not piece.angles and not any(word.at for word in piece.words):
            # The name of a group, or "mailto": neither belongs to the first address.
            self.piece = _Piece(self.position)
        elif value == "(" and (comment := self._comment()) is not None:
            piece.comments.append(comment)
        else:
            piece.doubtful = True
            piece.add(value, value)

    def _at(self) -> None:
        """An ``@`` binds the words around it, also over blanks (RFC 5322 §4.4)."""
        self.piece.open_word = True
        self.piece.add("@", "@", at=True)
        while self.position < len(self.text) and self.text[self.position] in " \t":
            self.position += 1


def _spec(text: str) -> str:
    """The addr-spec in the text, without a route (RFC 5322 §4.4), or nothing."""
    if text.startswith("@") and ":" in text:
        text = text.partition(":")[2]
    return text if len(text) <= _MAX_SPEC and _SPEC.fullmatch(text) and printable(text) == text else ""


def _name(words: list[_Word], comments: list[str]) -> str:
    name = " ".join(word.shown for word in words) if words else " ".join(comments)
    return printable(name).strip()[:_MAX_NAME]


def _angle_addresses(piece: _Piece) -> tuple[list[Address], bool]:
    """The addresses of a piece that has angle brackets, and whether they are doubtful."""
    found = []
    doubtful = piece.doubtful or len(piece.angles) > 1 or bool(piece.words)
    for text, words in piece.angles:
        spec = _spec(text)
        before = [word.raw for word in words if word.at]
        if not spec:
            found += [Address("", one) for one in map(_spec, before) if one]
            doubtful = True
            continue
        if any(one.strip("'").casefold() != spec.casefold() for one in before):
            doubtful = True
        name = _name(words, piece.comments)
        found.append(Address("" if name.casefold() == spec.casefold() else name, spec))
    return found, doubtful


def _bare_addresses(piece: _Piece) -> tuple[list[Address], bool]:
    """The addresses of a piece without angle brackets, and whether they are doubtful."""
    specs = [spec for word in piece.words if word.at and (spec := _spec(word.raw))]
    if len(specs) == 1:
        others = [word for word in piece.words if not word.at]
        return [Address(_name(others, piece.comments), specs[0])], piece.doubtful or len(piece.words) > 1
    return [Address("", spec) for spec in specs], True


def _plain_members(text: str, limit: int) -> list[Address] | None:
    """The addresses of a list of usual members, one more than the limit at most; None where a member is unusual."""
    found: list[Address] = []
    position = 0
    while position < len(text) and len(found) <= limit:
        member = _MEMBER.match(text, position)
        if member is None:
            return None
        quoted, words, spec, bare = member.groups()
        name = printable(quoted or words or "").strip()[:_MAX_NAME]
        found.append(Address("" if spec and name.casefold() == spec.casefold() else name, spec or bare))
        position = member.end()
    return found


def parse_address_list(text: str, *, limit: int = 1000) -> AddressList:
    """Read an address list: of a header field before its encoded words are decoded, or as a person typed it.

    Members are parted by commas, semicolons or line breaks; groups are opened, comments become names where there is no
    other. An addr-spec is taken as written: whether it can be delivered to is asked of ``valid_addr_spec``. Never
    raises; linear time; at most ``limit`` addresses. RFC 5322 §3.4, §4.4.
    """
    plain = _plain_members(text.strip(), limit)
    if plain is not None:
        return AddressList(tuple(plain[:limit]), cut=len(plain) > limit)
    addresses: list[Address] = []
    invalid: list[str] = []
    doubtful = False
    for piece, written in _Reader(text).pieces():
        if len(addresses) + len(invalid) >= limit:
            return AddressList(tuple(addresses), tuple(invalid), doubtful, cut=bool(written))
        found, unsure = _angle_addresses(piece) if piece.angles else _bare_addresses(piece)
        if found:
            addresses += found
            doubtful = doubtful or unsure
        elif piece.words or piece.angles:
            invalid.append(printable(written)[:_MAX_NAME])
    return AddressList(tuple(addresses[:limit]), tuple(invalid), doubtful, cut=len(addresses) > limit)


def is_addr_spec(text: str) -> bool:
    """True for anything shaped as an addr-spec, which a header field can carry; mail systems may still refuse it."""
    return _spec(text) == text != ""


_PLAIN_NAME = re.compile(r"[^\s\"\\()<>\[\],;:@.=?\x00-\x1f\x7f]+(?: [^\s\"\\()<>\[\],;:@=?\x00-\x1f\x7f]+)*")


def format_address(address: Address) -> str:
    """The address as people write and read it, name quoted where it must be; the inverse of ``parse_address_list``."""
    if not address.name:
        return address.addr_spec
    name = printable(address.name)
    if not _PLAIN_NAME.fullmatch(name):
        name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{name} <{address.addr_spec}>"


def _validated(text: str) -> ValidatedEmail | None:
    # Home networks have names like "mail.local", which the validator refuses as special whatever their syntax: with one
    # more label behind them it judges the syntax alone.
    special = text.rpartition("@")[2].rpartition(".")[2].lower() in SPECIAL_USE_DOMAIN_NAMES
    try:
        return validate_email(
            f"{text}.example" if special else text,
            check_deliverability=False,
            globally_deliverable=False,
            allow_quoted_local=True,
            allow_domain_literal=True,
        )
    except EmailNotValidError:
        return None


def valid_addr_spec(text: str) -> bool:
    """True if mail can be addressed to it: syntax only, nothing is looked up. Unicode is allowed (RFC 6531, RFC 5890)."""
    return _validated(text) is not None


def ascii_addr_spec(text: str) -> str | None:
    """The addr-spec with its domain in ASCII (IDNA), or None if it is invalid or only SMTPUTF8 can carry it (RFC 6531)."""
    if text.isascii():
        return text if valid_addr_spec(text) else None
    valid = _validated(text)
    return valid.ascii_email if valid else None
