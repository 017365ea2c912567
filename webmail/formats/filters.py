"""Filters as values: what mail they mean, what is done with it, and whether a message is meant, as Sieve would judge it (RFC 5228).

One model for both who may run them, the mail server by a Sieve script and this webmail by itself: so texts are compared without
regard to the case of ASCII letters and of no others, and ``*`` and ``?`` are the only wildcards.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

LONGEST = 500
"""Characters of a value or a name."""
MOST_CONDITIONS = 30
KEY = re.compile(r"[A-Za-z0-9_-]{1,24}")
HEADER_NAME = re.compile(r"[!-9;-~]{1,70}")
"""A field name (RFC 5322 §2.2)."""
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


class Field(enum.StrEnum):
    """What of a message a condition looks at."""

    FROM = "from"
    TO = "to"
    CC = "cc"
    SUBJECT = "subject"
    LIST = "list"
    HEADER = "header"
    SIZE = "size"
    BODY = "body"


class Match(enum.StrEnum):
    """How a condition compares; ``LARGER`` and ``SMALLER`` are for sizes, in kilobytes of 1,024 octets."""

    CONTAINS = "contains"
    CONTAINS_NOT = "contains_not"
    IS = "is"
    IS_NOT = "is_not"
    MATCHES = "matches"
    MATCHES_NOT = "matches_not"
    LARGER = "larger"
    SMALLER = "smaller"

    @property
    def negated(self) -> bool:
        return self.value.endswith("_not")

    @property
    def positive(self) -> Match:
        """The same comparison without its "not"."""
        return Match(self.value.removesuffix("_not"))


SIZES = (Match.LARGER, Match.SMALLER)
BODY_MATCHES = (Match.CONTAINS, Match.CONTAINS_NOT)
ADDRESS_FIELDS = (Field.FROM, Field.TO, Field.CC)


def possible(field: Field) -> tuple[Match, ...]:
    """The comparisons that make sense for a field."""
    if field is Field.SIZE:
        return SIZES
    return BODY_MATCHES if field is Field.BODY else tuple(each for each in Match if each not in SIZES)


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that a message must be like. ``header`` names the field where ``field`` is HEADER."""

    field: Field
    match: Match
    value: str
    header: str = ""

    @property
    def octets(self) -> int:
        """The size that a condition on the size names."""
        return int(self.value) * 1024


@dataclass(frozen=True, slots=True)
class Actions:
    """What is done. ``move`` and ``copy`` name mailboxes, ``forward`` an address; ``stop``: no filter after this one is tried."""

    move: str = ""
    copy: str = ""
    seen: bool = False
    flag: bool = False
    forward: str = ""
    discard: bool = False
    stop: bool = False

    @property
    def none(self) -> bool:
        """Whether nothing at all is done."""
        return self == Actions()


@dataclass(frozen=True, slots=True)
class MailFilter:
    """A filter. ``key`` names it among those of an account; without conditions it means every message."""

    key: str
    name: str
    conditions: tuple[Condition, ...]
    actions: Actions
    any_of: bool = False
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Facts:
    """What conditions are compared with.

    ``texts`` are whole values by field, ``addresses`` the addr-specs of ADDRESS_FIELDS, ``headers`` the decoded values of other
    fields by their name in lower case, ``bodies`` the texts asked for that the body contains.
    """

    texts: Mapping[Field, Sequence[str]]
    addresses: Mapping[Field, Sequence[str]]
    size: int
    headers: Mapping[str, Sequence[str]]
    bodies: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the filters of an account come to for one message.

    ``mailboxes`` are those it is put into, in order; ``kept``: it stays in the inbox besides; ``discarded``: nothing keeps it.
    """

    filters: tuple[str, ...]
    seen: bool = False
    flag: bool = False
    mailboxes: tuple[str, ...] = ()
    forwards: tuple[str, ...] = ()
    kept: bool = True
    discarded: bool = False


def meant(wanted: MailFilter, facts: Facts) -> bool:
    """Whether a message fulfils the conditions of a filter. Linear in the texts times the patterns."""
    if not wanted.conditions:
        return True
    found = (fulfilled(each, facts) for each in wanted.conditions)
    return any(found) if wanted.any_of else all(found)


def outcome(filters: Iterable[MailFilter], facts: Facts) -> Outcome | None:
    """What the filters that are on do to a message, in their order; None where it fulfils none."""
    hit: list[MailFilter] = []
    for each in filters:
        if each.enabled and meant(each, facts):
            hit.append(each)
            if each.actions.stop:
                break
    if not hit:
        return None
    did = [each.actions for each in hit]
    mailboxes = tuple(dict.fromkeys(name for each in did for name in (each.copy, each.move) if name))
    moved, thrown_away = any(each.move for each in did), any(each.discard for each in did)
    return Outcome(
        filters=tuple(each.name for each in hit),
        seen=any(each.seen for each in did),
        flag=any(each.flag for each in did),
        mailboxes=mailboxes,
        forwards=tuple(dict.fromkeys(each.forward for each in did if each.forward)),
        kept=not moved and not thrown_away,
        discarded=thrown_away and not mailboxes,
    )


def fulfilled(condition: Condition, facts: Facts) -> bool:
    """Whether a message is as one condition says. A field that is missing contains nothing and is nothing."""
    match condition.match:
        case Match.LARGER:
            return facts.size > condition.octets
        case Match.SMALLER:
            return facts.size < condition.octets
    if condition.field is Field.BODY:
        return (condition.value in facts.bodies) is not condition.match.negated
    kind, wanted = condition.match.positive, fold(condition.value)
    return any(_agrees(kind, wanted, fold(text)) for text in _values(condition, facts)) is not condition.match.negated


def _values(condition: Condition, facts: Facts) -> Sequence[str]:
    if condition.field is Field.HEADER:
        return facts.headers.get(condition.header.lower(), ())
    if condition.field in ADDRESS_FIELDS and condition.match.positive is not Match.CONTAINS:
        return facts.addresses.get(condition.field, ())
    return facts.texts.get(condition.field, ())


def _agrees(kind: Match, wanted: str, text: str) -> bool:
    if kind is Match.CONTAINS:
        return wanted in text
    return wanted == text if kind is Match.IS else wildcard(wanted, text)


def fold(text: str) -> str:
    """Text as it is compared: ASCII letters in lower case, all others as they are (RFC 4790 §9.2, i;ascii-casemap)."""
    return text.lower() if text.isascii() else text.translate(_LOWER)


def wildcard(pattern: str, text: str) -> bool:
    """Whether a whole text is like a pattern with ``*`` and ``?``; a backslash makes the next character mean itself (RFC 5228 §2.7.1).

    Costs at most the product of both lengths, whatever a stranger wrote.
    """
    items = [(found[1], True) if found[1] else (found[0], False) for found in re.finditer(r"\\(.)|.", pattern, re.DOTALL)]
    at, position, star, resumed = 0, 0, -1, 0
    while at < len(text):
        item = items[position] if position < len(items) else None
        if item == ("*", False):
            star, resumed, position = position, at, position + 1
        elif item is not None and (item == ("?", False) or item[0] == text[at]):
            at, position = at + 1, position + 1
        elif star >= 0:
            resumed += 1
            at, position = resumed, star + 1
        else:
            return False
    return all(item == ("*", False) for item in items[position:])


def headers_wanted(filters: Iterable[MailFilter]) -> frozenset[str]:
    """The fields, in lower case, that conditions ask for beyond those a list knows."""
    return frozenset(each.header.lower() for one in filters for each in one.conditions if each.field is Field.HEADER)


def bodies_wanted(filters: Iterable[MailFilter]) -> frozenset[str]:
    """The texts that conditions look for in bodies."""
    return frozenset(each.value for one in filters for each in one.conditions if each.field is Field.BODY)


def to_json(wanted: MailFilter) -> dict[str, Any]:
    """A filter as plain values; what is as usual is left out."""
    did, usual = wanted.actions, Actions()
    return {
        "key": wanted.key,
        "name": wanted.name,
        "if": [[each.field.value, each.match.value, each.value, each.header] for each in wanted.conditions],
        "any": wanted.any_of,
        "on": wanted.enabled,
        "do": {name: getattr(did, name) for name in Actions.__slots__ if getattr(did, name) != getattr(usual, name)},
    }


def from_json(given: object) -> MailFilter:
    """The filter of plain values, which somebody else may have written. Raises ValueError for anything ``to_json`` would not write."""
    if not isinstance(given, dict):
        raise ValueError("not a filter")
    try:
        conditions = tuple(
            Condition(Field(field), Match(match), _text(value), _text(header)) for field, match, value, header in given["if"]
        )
        actions = replace(Actions(), **given["do"])
        found = MailFilter(_text(given["key"]), _text(given["name"]), conditions, actions, bool(given["any"]), bool(given["on"]))
    except (KeyError, TypeError) as error:
        raise ValueError("not a filter") from error
    problem = flaw(found)
    if problem:
        raise ValueError(problem)
    return found


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("not a text")
    return value


def flaw(wanted: MailFilter) -> str:
    """What is wrong with a filter, as a word for whoever programs; empty for one that can be kept and run."""
    did = wanted.actions
    texts = (wanted.name, did.move, did.copy, did.forward)
    marks = (did.seen, did.flag, did.discard, did.stop)
    if not KEY.fullmatch(wanted.key):
        return "key"
    if not all(isinstance(each, str) for each in texts) or not all(isinstance(each, bool) for each in marks):
        return "actions"
    if any(CONTROL.search(each) or len(each) > LONGEST for each in texts):
        return "text"
    if len(wanted.conditions) > MOST_CONDITIONS:
        return "conditions"
    return next((problem for each in wanted.conditions if (problem := _flaw_of(each))), "")


def _flaw_of(condition: Condition) -> str:
    if condition.match not in possible(condition.field):
        return "match"
    if not condition.value or len(condition.value) > LONGEST or CONTROL.search(condition.value):
        return "value"
    if condition.field is Field.HEADER and not HEADER_NAME.fullmatch(condition.header):
        return "header"
    if condition.field is Field.SIZE and not re.fullmatch(r"[1-9][0-9]{0,8}", condition.value):
        return "size"
    return ""
