"""How wide a cleaned document is at least: what it fixes in pixels, which no narrow screen can make narrower.

Mail is laid out in tables of 600 pixels or more; where a screen has less, the document is shown smaller (``fitting``). A message that
has rules of its own for narrow screens is believed: of the widths that it gives up there nothing is left. What cannot be judged, such as
words that do not wrap or rules with selectors that are not simple, counts for nothing, and then the frame scrolls.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice

from lxml import etree

NARROW = 400
"""Pixels that every screen has, or nearly."""
SMALLEST = 0.4
"""So much smaller is a document shown at most; a wider one scrolls as well."""
_MAX_DEPTH = 120
_MAX_ELEMENTS = 20_000
_PIXELS = re.compile(r"([0-9]{1,5}(?:\.[0-9]+)?)(?:px)?\s*\Z")
_RULE = re.compile(r"([^{}@]+)\{([^{}]*)\}")
_MEDIA = re.compile(r"@media([^{]*)\{((?:[^{}]*\{[^{}]*\})*)[^{}]*\}")
_AT_RULE = re.compile(r"@[^{]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}")
_UP_TO = re.compile(r"max-(?:device-)?width\s*:\s*([0-9]{1,5})(px|r?em)", re.IGNORECASE)
_SIMPLE = re.compile(r"(?:[a-z0-9]*\.[\w-]+|[a-z][a-z0-9]*)\Z")
_LOOKED_AT = frozenset(
    ["display", "max-height", "max-width", "min-width", "overflow", "overflow-x", "position", "width"]
    + [f"{name}{side}" for name in ("margin", "padding") for side in ("", "-left", "-right")]
)
_IN_TABLES = frozenset({"col", "colgroup", "tbody", "td", "tfoot", "th", "thead", "tr"})
"""Of these a width is only a wish."""
_MOST_AROUND = 200
_WITH_WIDTH = frozenset({"table", "img", "hr"})
"""Elements whose attribute is a width that holds."""


def least(body: etree._Element, sheet: str, *, letter: bool) -> int:
    """How many pixels this body needs at least, with the rules of its sheet; 0 where a narrow screen has as many. Linear."""
    rules = _Rules(sheet)
    found, known = 0.0, dict[etree._Element, tuple[float, bool]]()
    for element in islice(body.iter(), _MAX_ELEMENTS if rules.known else 0):
        if rules.may_widen(element):
            own = _own(element, rules.style(element), letter=letter)
            around, is_seen = _place(element, rules, known) if own > max(found, NARROW) - _MOST_AROUND else (0.0, False)
            found = max(found, own + around if is_seen else 0.0)
    return round(found) if found > NARROW else 0


def _place(element: etree._Element, rules: _Rules, known: dict[etree._Element, tuple[float, bool]]) -> tuple[float, bool]:
    """What stands around an element at both sides, and whether it is seen at all, as far as the elements around it say."""
    way = [element]
    while way[-1] not in known and (parent := way[-1].getparent()) is not None and len(way) < _MAX_DEPTH:
        way.append(parent)
    for each in reversed(way):
        if each not in known:
            parent, style = each.getparent(), rules.style(each)
            around, is_seen = known.get(parent, (0.0, True)) if parent is not None else (0.0, True)
            hidden = style.get("display") == "none" or style.get("position") == "absolute" or style.get("max-height") in ("0", "0px")
            clipped = "hidden" in (style.get("overflow"), style.get("overflow-x")) and each is not element
            known[each] = (around + _around(each, style), is_seen and not hidden and not clipped)
    return known[element]


def fitting(width: int) -> str:
    """The rule that shows a document of such a width as small as it takes to fit, without a script; ``""`` where it fits.

    The quotient of two lengths is a number to a browser only of late; the tangent of an angle is one to all.
    """
    if not width:
        return ""
    zoom = f"zoom:max({SMALLEST},tan(atan2(100vw,{width}px)));zoom:max({SMALLEST},calc(100vw / {width}px))"
    return f"@media screen and (max-width:{width - 1}px){{html{{{zoom};-webkit-text-size-adjust:100%}}}}"


class _Rules:
    """The simple rules of a sheet as they count on a narrow screen. ``known`` is false where others decide about widths there."""

    def __init__(self, sheet: str) -> None:
        self.known = True
        self._everywhere: dict[str, dict[str, str]] = {}
        self._above_all: dict[str, dict[str, str]] = {}
        self._known: dict[tuple[str, str, str], dict[str, str]] = {}
        self._add(_RULE.findall(_AT_RULE.sub("", sheet)))
        for condition, rules in _MEDIA.findall(sheet):
            limit = _UP_TO.search(condition)
            if limit is None and "width" in condition and "min-width" not in condition:
                self.known = False
            elif limit is not None and int(limit[1]) * (1 if limit[2].lower() == "px" else 16) >= NARROW:
                self._add(_RULE.findall(rules), narrow=True)

    def _add(self, rules: Iterable[tuple[str, str]], *, narrow: bool = False) -> None:
        for selectors, declared in rules:
            plain, important = dict[str, str](), dict[str, str]()
            for name, value in _declared(declared).items():
                (important if "!important" in value else plain)[name] = value.replace("!important", "").strip()
            for selector in map(str.strip, selectors.split(",")) if plain or important else ():
                if _SIMPLE.match(selector):
                    self._everywhere.setdefault(selector, {}).update(plain)
                    self._above_all.setdefault(selector, {}).update(important)
                elif narrow:
                    self.known = self.known and not any("width" in name or name == "display" for name in plain | important)

    def style(self, element: etree._Element) -> dict[str, str]:
        """What is declared for an element: by rules, by itself, and by what is important."""
        key = (str(element.tag), element.get("class", ""), element.get("style", ""))
        if key not in self._known:
            self._known[key] = self._style(*key)
        return self._known[key]

    def _style(self, tag: str, classes: str, style: str) -> dict[str, str]:
        names = [tag, *(f"{kind}.{name}" for name in classes.split() for kind in ("", tag))] if self._everywhere else []
        found = dict[str, str]()
        for name in names:
            found |= self._everywhere.get(name, {})
        found |= {name: value.replace("!important", "").strip() for name, value in _declared(style).items()}
        for name in names:
            found |= self._above_all.get(name, {})
        return found

    def may_widen(self, element: etree._Element) -> bool:
        """Whether it is worth a look at this element. Most are passed over here."""
        if "width" in (element.get("style") or "") or (element.tag in _WITH_WIDTH and element.get("width")):
            return True
        return bool(self._everywhere) and (bool(element.get("class")) or element.tag in self._everywhere)


def _declared(style: str) -> dict[str, str]:
    pairs = (part.partition(":") for part in style.split(";"))
    return {key: value.strip().lower() for name, _, value in pairs if (key := name.strip().lower()) in _LOOKED_AT}


def _own(element: etree._Element, style: dict[str, str], *, letter: bool) -> float:
    """The width that an element has for itself, whatever there is room for."""
    least, most = _pixels(style.get("min-width", "")), style.get("max-width", "none")
    if element.tag in _IN_TABLES or most.endswith("%") or (element.tag == "img" and letter):
        return least
    wished = _pixels(style.get("width") or (element.get("width") if element.tag in _WITH_WIDTH else "") or "")
    return max(least, min(wished, _pixels(most) or wished))


def _around(element: etree._Element, style: dict[str, str]) -> float:
    """What margins and paddings take at both sides, as far as it is said in pixels."""
    if element.tag == "body" and not any("margin" in name for name in style):
        return 16.0
    return sum(_sides(style, name) for name in ("margin", "padding"))


def _sides(style: dict[str, str], name: str) -> float:
    values = style.get(name, "").split()[:4]
    right = values[1] if len(values) > 1 else "".join(values)
    left = values[3] if len(values) > 3 else right
    return _pixels(style.get(f"{name}-right", right)) + _pixels(style.get(f"{name}-left", left))


def _pixels(value: str) -> float:
    found = _PIXELS.match(value)
    return float(found[1]) if found else 0.0
