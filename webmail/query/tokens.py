"""A query's text taken apart: parentheses, quotation marks, operators, and the words between."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

from webmail.query.operators import operator


class Kind(enum.Enum):
    """What a token is."""

    OPEN = enum.auto()
    CLOSE = enum.auto()
    OR = enum.auto()
    AND = enum.auto()
    NOT = enum.auto()
    OPERATOR = enum.auto()
    WORD = enum.auto()
    PHRASE = enum.auto()
    END = enum.auto()


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a query: ``text`` is an operator's name, or what a word or a phrase says; ``end`` where the piece ends."""

    kind: Kind
    text: str
    end: int
    closed: bool = True


QUOTES = '"\u201c\u201d\u201e\u201f\uff02'
"""What opens and closes a phrase; a telephone writes other marks than a keyboard."""

_BREAKS = rf"\s()\uff08\uff09|\uff5c{QUOTES}"
_BLANKS = re.compile(r"\s*+")
_PHRASE = re.compile(rf"[{QUOTES}]([^{QUOTES}]*+)([{QUOTES}]?)(\*?)")
_SIGN = re.compile(r"[()\uff08\uff09]|[|\uff5c]++")
_MINUS = re.compile(r"[-\uff0d]++(?=[^\s)\uff09|\uff5c])")
_NAME = re.compile(r"([^\W\d_]\w{0,31}+)[:\uff1a]")
_WORD = re.compile(rf"[^{_BREAKS}]++")
_UNKNOWN_NAME = re.compile(rf"([A-Za-z][A-Za-z_]{{1,31}}+)[:\uff1a](?=[\w(\uff08{QUOTES}])")

_SIGNS = {"(": Kind.OPEN, "\uff08": Kind.OPEN, ")": Kind.CLOSE, "\uff09": Kind.CLOSE}
_CONNECTIVES = {"OR": Kind.OR, "AND": Kind.AND, "NOT": Kind.NOT}


def token_at(text: str, at: int) -> Token:
    """The token that begins at a place of a query or behind the blanks there. Costs the length of the token."""
    at = _after_blanks(text, at)
    if found := _MINUS.match(text, at):
        return Token(Kind.NOT, "-", found.end())
    if (found := _NAME.match(text, at)) and (name := operator(found[1])):
        return Token(Kind.OPERATOR, name, found.end())
    token = value_at(text, at)
    if token.kind is Kind.WORD and token.text in _CONNECTIVES:
        return Token(_CONNECTIVES[token.text], token.text, token.end)
    return token


def value_at(text: str, at: int) -> Token:
    """The token that begins right here as the value of an operator, where nothing but quotes and parentheses is special."""
    if at >= len(text):
        return Token(Kind.END, "", at)
    if found := _PHRASE.match(text, at):
        return Token(Kind.PHRASE, found[1] + found[3], found.end(), closed=bool(found[2]))
    if found := _SIGN.match(text, at):
        return Token(_SIGNS.get(found.group(), Kind.OR), found.group(), found.end())
    word = _WORD.match(text, at)
    return Token(Kind.WORD, word.group(), word.end()) if word else token_at(text, at)


def unknown_name_at(text: str, at: int) -> str:
    """The name before a colon that looks like an operator and is none, at a place of a query; empty if there is none."""
    found = _UNKNOWN_NAME.match(text, _after_blanks(text, at))
    return found[1] if found else ""


def _after_blanks(text: str, at: int) -> int:
    found = _BLANKS.match(text, at)
    return found.end() if found else at
