"""The syntax tree of a search query: what a message must be like, as frozen values that index and highlighting read."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime


class Field(enum.StrEnum):
    """Where words are looked for. ``TO`` covers To, Cc and Bcc; ``CC`` only Cc; ``LIST`` the List-Id."""

    FROM = "from"
    TO = "to"
    CC = "cc"
    SUBJECT = "subject"
    BODY = "body"
    FILENAME = "filename"
    LIST = "list"


class State(enum.StrEnum):
    """What flags say of a message."""

    UNREAD = "unread"
    READ = "read"
    FLAGGED = "flagged"
    UNFLAGGED = "unflagged"
    ANSWERED = "answered"
    UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True)
class Text:
    """Words that follow each other in one field, or in any when ``field`` is None; with ``prefix`` the last is a beginning.

    There is at least one word, and each is as ``webmail.query.words.words`` gives it.
    """

    words: tuple[str, ...]
    field: Field | None = None
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class Has:
    """The message has an attachment."""


@dataclass(frozen=True, slots=True)
class Is:
    """The message is in a state."""

    state: State


@dataclass(frozen=True, slots=True)
class In:
    """The message is in the mailbox of this name or role, as typed and casefolded; see ``webmail.query.places``."""

    name: str


@dataclass(frozen=True, slots=True)
class Larger:
    """The message has more octets than this (RFC 9051 §6.4.4, LARGER)."""

    octets: int


@dataclass(frozen=True, slots=True)
class Smaller:
    """The message has fewer octets than this (RFC 9051 §6.4.4, SMALLER)."""

    octets: int


@dataclass(frozen=True, slots=True)
class Before:
    """The message is from before this moment, which is aware of its zone."""

    moment: datetime


@dataclass(frozen=True, slots=True)
class After:
    """The message is from this moment, which is aware of its zone, or later."""

    moment: datetime


@dataclass(frozen=True, slots=True)
class And:
    """All parts hold; at least two, none of which is an ``And``."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """One of the parts holds; at least two, none of which is an ``Or``."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold; the part is not a ``Not``."""

    part: Node


Node = Text | Has | Is | In | Larger | Smaller | Before | After | And | Or | Not


def negated(node: Node) -> Node:
    """The opposite of a node."""
    return node.part if isinstance(node, Not) else Not(node)


def all_of(nodes: list[Node]) -> Node | None:
    """A node that holds where all of these hold; None where there are none."""
    parts = tuple(part for node in nodes for part in (node.parts if isinstance(node, And) else (node,)))
    return And(parts) if len(parts) > 1 else parts[0] if parts else None


def any_of(nodes: list[Node]) -> Node | None:
    """A node that holds where one of these holds; None where there are none."""
    parts = tuple(part for node in nodes for part in (node.parts if isinstance(node, Or) else (node,)))
    return Or(parts) if len(parts) > 1 else parts[0] if parts else None


def leaves(node: Node | None, *, wanted: bool = True) -> Iterator[tuple[Node, bool]]:
    """Every leaf of a tree in its order, each with whether it is wanted (True) or, under a negation, unwanted."""
    if isinstance(node, And | Or):
        for part in node.parts:
            yield from leaves(part, wanted=wanted)
    elif isinstance(node, Not):
        yield from leaves(node.part, wanted=not wanted)
    elif node is not None:
        yield node, wanted
