"""What would keep a browser busy: style that costs it seconds to lay out or paint, though nothing is loaded and nothing runs.

The frame of a body shares a process with the page around it, so a body that hangs hangs all of the reader's tab. Each limit here is
far above what mail uses, and was found by timing Chromium on what is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

MAX_SHADOWS = 4
MAX_BLUR = 100
MAX_FILTERS = 3
"""None that blurs: a filter in a filter, as deep as elements may nest, is painted once for each of them."""
MAX_STROKE = 8
MAX_CONTENT = 64
MAX_CONTENT_FUNCTIONS = 2
MAX_COLUMNS = 24
MIN_COLUMN = 40
MAX_SIBLINGS = 20
"""So many ``~`` and ``:has()`` of a sheet are kept: each makes every element look at all that stand beside it or in it."""
MAX_SHEETS = 16
MAX_GAUGES = 200
"""So many meters and bars of progress are drawn: each is several elements to a browser."""
MAX_MARKS = 32
"""So many combining marks may follow one letter: shaping them costs their square."""
_LENGTH = re.compile(r"(?<![\w.#-])([0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?)([a-z%]*)", re.IGNORECASE)
_COLUMNS = frozenset({"columns", "column-count", "column-width"})
_LETTERS_WIDE = re.compile(r"(?<![\w.#-])[0-9]*\.?[0-9]+(?:r?em|ch|ex|pt|cm|mm|in|pc|vw)(?![\w%])", re.IGNORECASE)
_WIDE_COLUMN = re.compile(rf"max\({MIN_COLUMN}px,[0-9.]+[a-z]+\)", re.IGNORECASE)
_COLOUR_FUNCTION = re.compile(r"(?<![\w-])(?:rgba?|hsla?|hwb|lab|lch|oklab|oklch)\([^()]*\)", re.IGNORECASE)
_FUNCTION = re.compile(r"([\w-]*)\(")
_FILTERS = frozenset({"brightness", "contrast", "grayscale", "hue-rotate", "invert", "opacity", "saturate", "sepia"})
_CONTENTS = frozenset({"attr", "counter", "counters", "linear-gradient", "url"})
_MARKS = re.compile(
    f"([\\u0300-\\u036f\\u0483-\\u0489\\u1ab0-\\u1aff\\u1dc0-\\u1dff\\u20d0-\\u20ff\\ufe20-\\ufe2f]{{{MAX_MARKS}}})"
    "[\\u0300-\\u036f\\u0483-\\u0489\\u1ab0-\\u1aff\\u1dc0-\\u1dff\\u20d0-\\u20ff\\ufe20-\\ufe2f]+"
)


def is_heavy(name: str, value: str) -> bool:
    """Whether a declaration would keep a browser busy: shadows by the dozen or as wide as a page, columns by the hundred, filters upon
    filters, letters with strokes as wide as a page, words before every word.
    """
    if name == "filter":
        functions = _FUNCTION.findall(value)
        return len(functions) > MAX_FILTERS or not _FILTERS.issuperset(functions)
    if name in ("-webkit-text-stroke", "-webkit-text-stroke-width"):
        plain = _COLOUR_FUNCTION.sub("", value)
        return "(" in plain or _is_wide(plain, MAX_STROKE)
    if name == "content":
        functions = _FUNCTION.findall(value)
        return len(value) > MAX_CONTENT or len(functions) > MAX_CONTENT_FUNCTIONS or not _CONTENTS.issuperset(functions)
    if name in ("text-shadow", "box-shadow"):
        plain = _COLOUR_FUNCTION.sub("", value)
        # Whatever is no plain number of pixels may come to as many as one likes.
        return "(" in plain or plain.count(",") >= MAX_SHADOWS or any(_wide(*length) for length in _LENGTH.findall(plain))
    if name in _COLUMNS:
        plain = _WIDE_COLUMN.sub("", value)
        return "(" in plain or any(_many(*length) for length in _LENGTH.findall(plain))
    return False


def lightened(name: str, value: str) -> str | None:
    """A declaration's value as it may stay, or None: of columns as wide as some letters there are no more than of wide ones."""
    if name in _COLUMNS and "(" not in value:
        value = _LETTERS_WIDE.sub(rf"max({MIN_COLUMN}px,\g<0>)", value)
    return None if is_heavy(name, value) else value


def _is_wide(value: str, limit: int) -> bool:
    """Whether one of these lengths is more than so many pixels; numbers without a unit, parts and angles are none."""
    return any(
        float(number) > (limit if unit in ("px", "pt") else limit / 10)
        for number, unit in ((each, unit.lower()) for each, unit in _LENGTH.findall(value))
        if unit not in ("", "%", "deg", "turn", "rad", "grad")
    )


def _wide(number: str, unit: str) -> bool:
    return float(number) > (MAX_BLUR if unit.lower() in ("", "px", "pt") else MAX_BLUR / 10)


def _many(number: str, unit: str) -> bool:
    if not unit:
        return not number.isdigit() or int(number) > MAX_COLUMNS
    return unit.lower() != "px" or float(number) < MIN_COLUMN


def bounded(rules: Iterable[Any]) -> list[Any]:
    """The rules of a sheet, as tinycss2 parsed them, without those that use up more ``~`` and ``:has()`` than may be."""
    kept, used = [], 0
    for rule in rules:
        weight = sum(_weights(rule))
        if weight and used + weight > MAX_SIBLINGS:
            continue
        used += weight
        kept.append(rule)
    return kept


def _weights(rule: Any) -> Iterable[int]:
    waiting = [*(getattr(rule, "prelude", None) or ()), *(getattr(rule, "content", None) or ())]
    while waiting:
        token = waiting.pop()
        if token.type == "literal":
            yield token.value == "~"
        elif token.type == "function":
            yield token.lower_name == "has"
            waiting += token.arguments
        elif token.type.endswith(" block"):
            waiting += token.content


def fewer_marks(text: str) -> str:
    """Text in which no letter carries more than ``MAX_MARKS`` combining marks."""
    return _MARKS.sub(r"\1", text)
