"""Cards of people and organisations, of every version of the format, read for being looked at (RFC 6350, RFC 2426, vCard 2.1)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from webmail.formats.content_lines import Line, lines, split

MOST_CARDS = 50
MOST_VALUES = 20


@dataclass(frozen=True, slots=True)
class Labelled:
    """A value and the kinds it has, in small letters: ``home``, ``work``, ``cell``."""

    value: str
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Card:
    """A card. Every field is text of a stranger; addresses and links are not checked, and nothing in them is looked up."""

    name: str
    organization: str = ""
    title: str = ""
    emails: tuple[Labelled, ...] = ()
    phones: tuple[Labelled, ...] = ()
    addresses: tuple[Labelled, ...] = ()
    links: tuple[Labelled, ...] = ()
    birthday: str = ""
    note: str = ""


_KINDS = frozenset({"home", "work", "cell", "fax", "pager", "car", "video", "voice"})


def cards(text: str) -> tuple[tuple[Card, ...], int]:
    """The cards of a file, and how many more there are than the fifty read.

    Never raises; linear. A card without a name is called by its nickname, organisation, address or number; one without any
    of these has no name.
    """
    found: list[Card] = []
    more = 0
    for block in _blocks(lines(text)):
        if len(found) < MOST_CARDS:
            found.append(_card(block))
        else:
            more += 1
    return tuple(found), more


def _blocks(given: Iterable[Line]) -> Iterable[list[Line]]:
    block: list[Line] = []
    for line in given:
        if line.name in ("BEGIN", "END"):
            if block:
                yield block
            block = []
        else:
            block.append(line)
    if block:
        yield block


def _card(block: list[Line]) -> Card:
    first: dict[str, Line] = {}
    for line in block:
        if line.value:
            first.setdefault(line.name, line)

    def told(name: str) -> str:
        return first[name].text if name in first else ""

    organization = _joined(first["ORG"].value) if "ORG" in first else ""
    emails = _labelled(block, "EMAIL")
    phones = _labelled(block, "TEL")
    fallback = (told("NICKNAME"), organization, *[each.value for each in (*emails, *phones)][:1])
    return Card(
        next(filter(None, (told("FN"), _full_name(first.get("N")), *fallback)), ""),
        organization=organization,
        title=told("TITLE") or told("ROLE"),
        emails=emails,
        phones=phones,
        addresses=_labelled(block, "ADR"),
        links=_labelled(block, "URL"),
        birthday=told("BDAY"),
        note=told("NOTE"),
    )


def _full_name(line: Line | None) -> str:
    """A name in its parts as one is called: prefix, given, further, family, suffix (RFC 6350 §6.2.2)."""
    if line is None:
        return ""
    parts = [*split(line.value, ";"), "", "", "", "", ""][:5]
    family, given, further, before, after = (part.replace(",", " ") for part in parts)
    return " ".join(filter(None, (before, given, further, family, after)))


def _joined(value: str) -> str:
    return ", ".join(filter(None, split(value, ";")))


def _labelled(block: list[Line], name: str) -> tuple[Labelled, ...]:
    found: list[Labelled] = []
    for line in block:
        if line.name == name and line.value and len(found) < MOST_VALUES:
            value = _joined(line.value) if name == "ADR" else line.text
            if name in ("EMAIL", "TEL"):
                value = value.removeprefix("mailto:").removeprefix("tel:")
            kinds = [kind.strip().lower() for kind in line.params.get("TYPE", "").split(",")]
            if value:
                found.append(Labelled(value, tuple(dict.fromkeys(kind for kind in kinds if kind in _KINDS))))
    return tuple(found)
