"""How high a cleaned document will be: a rough layout without a browser, for a frame that no script can fit to its content.

Lines are counted by the mean width of letters, tables get columns by what their cells ask for, and of style sheets only
simple rules are looked at. Right to a few lines for most mail; what is hidden, floats or overlaps is only approximated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from lxml import etree

from webmail.sanitize import breadth

_MAX_DEPTH = 120
_MAX_ELEMENTS = 20_000
_BLOCK_NAMES = """
address article aside blockquote body center dd details dir div dl dt figcaption figure footer h1 h2 h3 h4 h5 h6 header hr html li
main menu nav ol p pre section summary table ul
"""
_BLOCKS = frozenset(_BLOCK_NAMES.split())
_MARGINS = {
    "p": 1,
    "ul": 1,
    "ol": 1,
    "dl": 1,
    "blockquote": 1,
    "pre": 1,
    "h1": 0.67,
    "h2": 0.83,
    "h3": 1,
    "h4": 1.33,
    "h5": 1.67,
    "h6": 2.33,
}
_SIZES = {"h1": 2.0, "h2": 1.5, "h3": 1.17, "h5": 0.83, "h6": 0.67, "small": 0.83, "big": 1.2, "sub": 0.83, "sup": 0.83}
_FONT_SIZES = {"1": 10, "2": 13, "3": 16, "4": 18, "5": 24, "6": 32, "7": 48, "+1": 18, "+2": 24, "+3": 32, "-1": 13, "-2": 10}
_INDENTED = frozenset({"ul", "ol", "blockquote", "dd", "menu", "dir"})
_LENGTH = re.compile(r"(-?[0-9]*\.?[0-9]+)(px|pt|em|rem|%)?\Z")
_UNITS = {"": 1.0, "px": 1.0, "pt": 4 / 3, "rem": 16.0}
_RULE = re.compile(r"([^{}@]+)\{([^{}]*)\}")
_MEDIA = re.compile(r"@[^{]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}")
_LOOKED_AT = frozenset(
    [
        *("display", "font", "font-size", "height", "line-height", "max-height", "max-width", "min-height", "overflow", "width"),
        *(f"{name}{side}" for name in ("margin", "padding") for side in ("", "-top", "-right", "-bottom", "-left")),
    ]
)
_SIMPLE = re.compile(r"(?:[a-z0-9]*\.[\w-]+|[a-z][a-z0-9]*)\Z")
_WIDE = re.compile("[\u1100-\u11ff\u2e80-\ua4cf\uac00-\ud7af\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60]")
_SPACES = re.compile(r"[ \t\r\n\f]+")
_LETTER_WIDTH = 0.54
"""The mean width of a letter as a part of the size of its font."""
_SPARE = 1.1
"""A frame that is a little too high is better than one that scrolls."""


@dataclass(frozen=True, slots=True)
class _Font:
    size: float
    line: float
    preformatted: bool = False

    def height(self) -> float:
        """The height of one line; small numbers are factors, as style sheets write them."""
        return self.line if self.line > 4 else self.size * self.line


@dataclass(slots=True)
class _Run:
    """What stands on lines until the next block: how much there is of it, and how high its highest line is."""

    wide: float = 0.0
    high: float = 0.0
    breaks: int = 0
    heights: float = 0.0

    def ended(self, width: float) -> float:
        """The height of the lines so far; the run begins anew."""
        lines = max(1.0 if self.high else 0.0, -(-self.wide // max(width, 20.0)) if self.wide else 0.0)
        found = self.heights + (self.high if lines <= 1 else self.high * lines)
        self.wide = self.high = self.heights = 0.0
        return found


@dataclass(slots=True)
class _Sheet:
    rules: dict[str, dict[str, str]] = field(default_factory=dict)


def height(document: str, *, width: int) -> int:
    """About how high a document of ours is in a frame of this width, in pixels. Linear; never raises."""
    return measured(document, width=width)[0]


def measured(document: str, *, width: int) -> tuple[int, int]:
    """The height as in ``height``, and how wide the document is at least (see ``breadth``). Linear; never raises."""
    try:
        root = etree.fromstring(document.encode("utf-8", "replace"), etree.HTMLParser(encoding="utf-8", huge_tree=True))
    except (etree.ParserError, etree.XMLSyntaxError):
        return 0, 0
    body = root.find("body") if root is not None else None
    if body is None:
        return 0, 0
    styles = root.findall("head/style")
    letter = bool(styles) and "font:14px" in (styles[0].text or "")
    sheet = "".join(style.text or "" for style in styles[1:] if "prefers-color-scheme:dark" not in (style.text or "")[:80])
    wide = breadth.least(body, sheet, letter=letter)
    font = _Font(14, 21) if letter else _Font(16, 1.17)
    return round(_SPARE * _Layout(_sheet(sheet)).block(body, float(width), font, 0)), wide


def _sheet(text: str) -> _Sheet:
    """The simple rules of a style sheet: for an element, for a class, or for both."""
    found = _Sheet()
    for selectors, body in _RULE.findall(_MEDIA.sub("", text)):
        declared = {name: value for name, value in _declared(body).items() if name in _LOOKED_AT}
        for selector in selectors.split(",") if declared else ():
            selector = selector.strip()
            if _SIMPLE.match(selector):
                found.rules.setdefault(selector, {}).update(declared)
    return found


def _declared(style: str) -> dict[str, str]:
    pairs = (part.partition(":") for part in style.split(";"))
    return {name.strip().lower(): value.replace("!important", "").strip().lower() for name, _, value in pairs if value}


class _Layout:
    """The walk over a document, which ends where there is too much of it."""

    def __init__(self, sheet: _Sheet) -> None:
        self._rules = sheet.rules
        self._elements = 0
        self._styled: dict[tuple[str, str, str], dict[str, str]] = {}

    def block(self, element: etree._Element, width: float, font: _Font, depth: int) -> float:
        """The height of a block with all that is in it."""
        style = self._style(element)
        if style.get("display") == "none" or depth > _MAX_DEPTH or self._elements > _MAX_ELEMENTS:
            return 0.0
        tag = str(element.tag)
        font = _font(tag, element, style, font)
        if tag == "hr":
            return 18.0
        top, side = _edges(style, "padding", font, width)
        outer_top, outer_side = _edges(style, "margin", font, width)
        if tag == "body":
            outer_top, outer_side = (outer_top, outer_side) if any("margin" in name for name in style) else (16.0, 16.0)
        elif tag in _MARGINS and not any("margin" in name for name in style):
            # Margins of neighbours fall together.
            outer_top = _MARGINS[tag] * font.size
        room = width - side - outer_side - (40 if tag in _INDENTED else 0)
        wanted = _length(style.get("width") or element.get("width") or "", font, width)
        most = _length(style.get("max-width", ""), font, width)
        room = min(wanted or room, most or room)
        inner = (
            self._table(element, room if wanted else min(room, width), font, depth)
            if tag == "table"
            else self._flow(element, room, font, depth)
        )
        least = _length(style.get("height") or style.get("min-height") or element.get("height") or "", font, 0.0)
        if (least and style.get("overflow") == "hidden") or style.get("max-height", "") in ("0", "0px"):
            inner = least
        return max(inner, least) + top + outer_top

    def _flow(self, element: etree._Element, width: float, font: _Font, depth: int) -> float:
        run, total = _Run(), 0.0
        for piece, its_font in self._pieces(element, font, depth):
            if isinstance(piece, str):
                self._words(run, piece, its_font, width)
            elif piece.tag == "br":
                run.high = run.high or its_font.height()
                run.heights = run.ended(width)
            elif piece.tag == "img":
                self._picture(run, piece, its_font, width)
            else:
                total += run.ended(width) + self.block(piece, width, its_font, depth + 1)
        return total + run.ended(width)

    def _pieces(self, element: etree._Element, font: _Font, depth: int) -> Iterator[tuple[str | etree._Element, _Font]]:
        """Words, pictures, line breaks and blocks in order, with what is inline taken apart."""
        if element.text:
            yield element.text, font
        for child in element:
            self._elements += 1
            tag, style = str(child.tag), self._style(child)
            display = style.get("display", "")
            if display == "none" or depth > _MAX_DEPTH:
                pass
            elif tag in _BLOCKS or tag in ("br", "img") or display in ("block", "table", "flex", "grid"):
                yield child, font
            else:
                yield from self._pieces(child, _font(tag, child, style, font), depth + 1)
            if child.tail:
                yield child.tail, font

    def _words(self, run: _Run, text: str, font: _Font, width: float) -> None:
        if font.preformatted:
            for line in text.split("\n")[:-1]:
                self._words(run, line or "\u00a0", replace(font, preformatted=False), width)
                run.heights = run.ended(width)
            text = text.rpartition("\n")[2]
        text = _SPACES.sub(" ", text)
        if text.strip(" ") or (run.wide and text):
            run.wide += font.size * (_LETTER_WIDTH * len(text) + (1 - _LETTER_WIDTH) * len(_WIDE.findall(text)))
            run.high = max(run.high, font.height())

    def _picture(self, run: _Run, image: etree._Element, font: _Font, width: float) -> None:
        style = self._style(image)
        wide = _length(style.get("width") or image.get("width") or "", font, width)
        high = _length(style.get("height") or image.get("height") or "", font, 0.0)
        if image.get("src") is None and not (wide and high):
            self._words(run, image.get("alt", ""), font, width)
            return
        run.wide += min(wide or high * 1.5 or 120.0, width)
        run.high = max(run.high, high or (wide * 2 / 3 if wide else 80.0))

    def _table(self, table: etree._Element, width: float, font: _Font, depth: int) -> float:
        rows = [row for group in table for row in (group if group.tag in ("tbody", "thead", "tfoot") else [group])]
        padding = 2 * _length(table.get("cellpadding", "1"), font, 0.0)
        spacing = _length(table.get("cellspacing", "2"), font, 0.0)
        columns = self._columns(rows, width, font)
        total = spacing
        for row in rows:
            if row.tag != "tr":
                total += self.block(row, width, font, depth + 1)
                continue
            heights, column = [_length(row.get("height", ""), font, 0.0)], 0
            for cell in row:
                span = int(cell.get("colspan", "1") or 1)
                room = sum(columns[column : column + span]) or width
                column += span
                style = self._style(cell)
                own = 0.0 if any(name.startswith("padding") for name in style) else padding
                heights.append(self.block(_plain(cell), room - own, font, depth + 1) + own)
            total += (max(heights) + spacing) if self._style(row).get("display") != "none" else 0.0
        return total

    def _columns(self, rows: list[etree._Element], width: float, font: _Font) -> list[float]:
        """The widths of the columns: as asked for, and the rest by how much there is in them."""
        asked: dict[int, float] = {}
        wants: dict[int, float] = {}
        for row in rows[:200]:
            column = 0
            for cell in row if row.tag == "tr" else ():
                span = int(cell.get("colspan", "1") or 1)
                if span == 1:
                    fixed = _length(self._style(cell).get("width") or cell.get("width") or "", font, width)
                    asked[column] = max(asked.get(column, 0.0), fixed)
                    wants[column] = max(wants.get(column, 0.0), self._widest(cell, font))
                column += span
                wants.setdefault(column - 1, 1.0)
        count = max(wants, default=-1) + 1
        given = {column: wide for column, wide in asked.items() if wide}
        rest = max(width - sum(given.values()), 0.0)
        free = {column: min(wants.get(column, 1.0), width) for column in range(count) if column not in given}
        total = sum(free.values()) or 1.0
        scale = min(1.0, width / (sum(given.values()) or 1.0)) if not free else 1.0
        return [given[column] * scale if column in given else max(rest * free[column] / total, 12.0) for column in range(count)]

    def _widest(self, cell: etree._Element, font: _Font) -> float:
        words = sum(len(text) for text in cell.itertext()) * font.size * _LETTER_WIDTH
        pictures = (_length(image.get("width", ""), font, 0.0) for image in cell.iter("img", "table"))
        return max(words, *pictures, 8.0)

    def _style(self, element: etree._Element) -> dict[str, str]:
        """What is said of an element's looks: each is asked several times, and most are like another one."""
        key = (str(element.tag), element.get("class", ""), element.get("style", ""))
        found = self._styled.get(key)
        if found is None:
            found = self._styled[key] = self._said(*key)
        return found

    def _said(self, tag: str, classes: str, style: str) -> dict[str, str]:
        own = _declared(style)
        if not self._rules:
            return own
        found = dict(self._rules.get(tag, {}))
        for name in classes.split():
            found.update(self._rules.get(f".{name}", {}))
            found.update(self._rules.get(f"{tag}.{name}", {}))
        return found | own


def _plain(cell: etree._Element) -> etree._Element:
    """A cell without the width it asked for, which its column has."""
    if "width" in cell.attrib:
        del cell.attrib["width"]
    return cell


def _font(tag: str, element: etree._Element, style: dict[str, str], font: _Font) -> _Font:
    size = font.size * _SIZES.get(tag, 1.0)
    if tag == "font":
        size = float(_FONT_SIZES.get(element.get("size", ""), int(size)))
    shorthand = re.search(r"([\d.]+(?:px|pt|em|rem|%))(?:\s*/\s*([\d.]+(?:px|pt|em|rem|%)?))?", style.get("font", ""))
    given = style.get("font-size") or (shorthand[1] if shorthand else "")
    size = _length(given, font, font.size) or size
    line = font.line if font.line <= 4 or size == font.size else max(font.line, size * 1.17) if tag in _SIZES else font.line
    asked = style.get("line-height") or (shorthand[2] if shorthand and shorthand[2] else "")
    if asked and asked != "normal":
        factor = re.fullmatch(r"[\d.]+", asked)
        line = float(asked) if factor and asked.count(".") < 2 else _length(asked, replace(font, size=size), size) or line
    return _Font(min(max(size, 1.0), 100.0), min(line, 400.0), font.preformatted or tag == "pre")


def _length(value: str, font: _Font, whole: float) -> float:
    """A length in pixels; 0 for what is none."""
    found = _LENGTH.match(value.strip().removesuffix(";"))
    if found is None or found[1].count(".") > 1:
        return 0.0
    number, unit = float(found[1]), found[2] or ""
    factor = {"em": font.size, "%": whole / 100}.get(unit) if unit in ("em", "%") else _UNITS[unit]
    return min(max(number * (factor or 0.0), 0.0), 20_000.0)


def _edges(style: dict[str, str], name: str, font: _Font, width: float) -> tuple[float, float]:
    """What padding or margin takes above and below, and at both sides."""
    sides = [_length(each, font, width) for each in style.get(name, "").split()[:4]] or [0.0]
    top, right = sides[0], sides[1] if len(sides) > 1 else sides[0]
    bottom, left = sides[2] if len(sides) > 2 else top, sides[3] if len(sides) > 3 else right
    found = dict(zip(("top", "right", "bottom", "left"), (top, right, bottom, left), strict=True))
    for side in found:
        if f"{name}-{side}" in style:
            found[side] = _length(style[f"{name}-{side}"], font, width)
    return found["top"] + found["bottom"], found["left"] + found["right"]
