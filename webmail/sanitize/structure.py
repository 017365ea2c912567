"""Which element ends where, as browsers decide it (HTML, "Tree construction"): for old and broken mail, whose looks hang on it.

libxml2 (see ``tree``) closes what is nested wrongly, while a browser carries bold letters on into the next paragraph, or leaves a
table in its paragraph where the page has no document type. The parser that knows all this is slow, and hostile markup makes it
slower than its length explains: it reads only what is short, or broken, and tame.
"""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Sequence
from typing import Any

from bleach._vendor.html5lib import HTMLParser  # the parser inside bleach
from lxml import etree

from webmail.sanitize.escape import BOX
from webmail.sanitize.tree import MAX_HTML, Reading, read, storable

MAX_EXACT = 48 * 1024
MAX_BROKEN = 160 * 1024
_MAX_DEPTH = 100
_MAX_CARRIED = 400_000
_TAGS = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)")
_FORMATTING = frozenset(["a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"])
_NAME = re.compile(r"[A-Za-z_][\w.-]*\Z", re.ASCII)
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def read_all(pages: Sequence[str]) -> Reading:
    """The trees of several pages as one, each in an element of its own behind the one before; together bounded as one page is."""
    room, exact_room, cut = MAX_HTML, MAX_BROKEN, False
    whole: etree._Element | None = None
    for page in pages:
        reading = read(page, limit=room)
        tree = exact(page, reading) if len(page) <= min(room, exact_room) else None
        exact_room -= len(page) if tree is not None else 0
        root = reading.root if tree is None else tree
        room -= min(room, len(page))
        cut = cut or reading.cut
        if whole is None:
            whole = root
        elif root is not None:
            body = whole.find("body")
            etree.SubElement(whole if body is None else body, "div").append(root)
    return Reading(whole, cut)


def exact(html: str, reading: Reading) -> etree._Element | None:
    """The tree of ``html`` as a browser builds it; None where ``reading`` has to do. About 0.5 ms per kilobyte; never raises."""
    if reading.root is None or reading.cut or len(html) > (MAX_BROKEN if reading.broken else MAX_EXACT) or not _tame(html, reading.root):
        return None
    parser = HTMLParser(namespaceHTMLElements=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = parser.parse(storable(html.lstrip("\ufeff")))
    return _copied(found)


def _tame(html: str, root: etree._Element) -> bool:
    """Whether the parser will be done in linear time: nothing nests deeply, and few letters styles are carried through many elements."""
    tags = Counter((closing, name.lower()) for closing, name in _TAGS.findall(html))
    carried = sum(max(0, tags["", name] - tags["/", name]) for name in _FORMATTING)
    if carried * tags.total() > _MAX_CARRIED:
        return False
    depth = deepest = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        deepest = max(deepest, depth)
    return deepest <= _MAX_DEPTH


def _copied(source: Any) -> etree._Element:
    """The parser's tree as one of lxml, without comments and without names that XML does not know."""
    root = etree.Element("html")
    _fill(root, source)
    ways = [(source, root)]
    while ways:
        given, made = ways.pop()
        last: etree._Element | None = None
        for child in given:
            if isinstance(child.tag, str):
                last = etree.SubElement(made, _named(child.tag))
                _fill(last, child)
                ways.append((child, last))
            tail = _text(child.tail)
            if tail and last is None:
                made.text = (made.text or "") + tail
            elif tail and last is not None:
                last.tail = (last.tail or "") + tail
    return root


def _fill(made: etree._Element, given: Any) -> None:
    made.text = _text(given.text)
    for name, value in given.attrib.items():
        if isinstance(name, str) and _NAME.match(name):
            made.set(name, _text(value) or "")


def _named(tag: str) -> str:
    name = tag.rpartition("}")[2]
    return name if _NAME.match(name) else "unknown"


def _text(value: str | None) -> str | None:
    return _CONTROLS.sub(BOX, value) if value else value
