"""The rules of style sheets as styles of the elements they select, for mail that is sent: many readers throw sheets away.

Selectors of elements, classes and ids, one within or directly in another; what asks for more, and what holds on some screens only, is
left out. The sheets are rebuilt first (``css``), and it is the rebuilt ones that are read here.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import tinycss2
from lxml import etree

from webmail.sanitize import burden, css, values
from webmail.sanitize.tree import tag_name, unshielded

MAX_RULES = 2_000
_MAX_STEPS = 6
_CHECKS = 400_000
_COMPOUND = re.compile(r"(?P<tag>\*|[A-Za-z][A-Za-z0-9]*)?(?P<classes>(?:\.[\w-]+)*)\Z")


@dataclass(frozen=True, slots=True)
class _Step:
    """One element of a selector; ``directly`` says that the one before it in the selector is its parent."""

    tag: str
    classes: frozenset[str]
    directly: bool = False


@dataclass(frozen=True, slots=True)
class _Rule:
    weight: tuple[int, int, int]
    steps: tuple[_Step, ...]
    style: str


class Sheets:
    """The style sheets of a message. It looks at no more than a bounded number of pairs of an element and a rule."""

    def __init__(self, root: etree._Element) -> None:
        self._by_key: dict[str, list[_Rule]] = defaultdict(list)
        self._checks = 0
        sheets = [
            unshielded(each.text or "") for each in root.iter("style") if each.get("media", "all").strip().lower() in ("all", "screen", "")
        ]
        rules = chain.from_iterable(_rules(css.stylesheet(sheet)) for sheet in sheets[: burden.MAX_SHEETS])
        for place, rule in zip(range(MAX_RULES), rules, strict=False):
            last = rule.steps[-1]
            key = next((f".{name}" for name in sorted(last.classes)), last.tag)
            self._by_key[key].append(_Rule((*rule.weight[:2], place), rule.steps, rule.style))

    def style(self, element: etree._Element) -> str:
        """The declarations of all rules that select an element and of its own style, in the order in which they count."""
        own = css.declarations(unshielded(element.get("style", "")))
        if not self._by_key or self._checks > _CHECKS:
            return own
        names = _classes(element)
        keys = ["*", tag_name(element), *(f".{name}" for name in sorted(names))]
        found = [rule for key in keys for rule in self._by_key.get(key, ()) if self._selects(rule, element)]
        found.sort(key=lambda rule: rule.weight)
        return ";".join(filter(None, [*(rule.style for rule in found), own]))

    def _selects(self, rule: _Rule, element: etree._Element) -> bool:
        self._checks += 1
        if self._checks > _CHECKS or not _fits(rule.steps[-1], element):
            return False
        current: etree._Element | None = element
        for place in range(len(rule.steps) - 2, -1, -1):
            current = self._around(rule.steps[place], current, directly=rule.steps[place + 1].directly)
            if current is None:
                return False
        return True

    def _around(self, step: _Step, element: etree._Element | None, *, directly: bool) -> etree._Element | None:
        """The element that a step of a selector means: the parent, else the nearest one around that fits."""
        parent = None if element is None else element.getparent()
        while parent is not None and self._checks <= _CHECKS:
            self._checks += 1
            if _fits(step, parent):
                return parent
            if directly:
                return None
            parent = parent.getparent()
        return None


def _classes(element: etree._Element) -> frozenset[str]:
    """The classes of an element, and as rebuilt sheets know them its id and its name where it is drawn as another."""
    names = element.get("class", "").split()[:50]
    name = element.get("id", "").strip()
    return frozenset([*names, f"{values.ID}{name}", f"{values.KIND}{tag_name(element)}"])


def _fits(step: _Step, element: etree._Element) -> bool:
    return step.tag in ("*", tag_name(element)) and (not step.classes or step.classes <= _classes(element))


def _rules(sheet: str) -> Iterator[_Rule]:
    for node in tinycss2.parse_stylesheet(sheet, skip_comments=True, skip_whitespace=True):
        if node.type == "qualified-rule":
            style = css.declarations(tinycss2.serialize(node.content))
            for selector in tinycss2.serialize(node.prelude).split(","):
                steps = _steps(selector)
                if steps and style:
                    yield _Rule(_weight(steps), steps, style)


def _steps(selector: str) -> tuple[_Step, ...]:
    """The elements that a selector names; nothing where it asks for more than is known here."""
    found: list[_Step] = []
    directly = False
    for word in selector.replace(">", " > ").split():
        if word == ">":
            directly = True
            continue
        compound = _COMPOUND.match(word)
        if compound is None or len(found) >= _MAX_STEPS:
            return ()
        found.append(_Step((compound["tag"] or "*").lower(), frozenset(filter(None, compound["classes"].split("."))), directly))
        directly = False
    return tuple(found)


def _weight(steps: tuple[_Step, ...]) -> tuple[int, int, int]:
    """How much a selector counts (Selectors 4 §17); an id counts more than any number of classes."""
    names = [name for step in steps for name in step.classes]
    ids = sum(name.startswith(values.ID) for name in names)
    tags = sum(step.tag != "*" for step in steps)
    return ids, (len(names) - ids) * 100 + tags, 0
