"""What stands for elements that may not be themselves: players, dialogs, words that move, links that lead nowhere.

They take about the place that a browser gives the real ones, and all of their words stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import islice

from lxml import etree

from webmail.sanitize.tree import tag_name

_LOOKED_AT = 50
_TABLE = frozenset({"table", "tbody", "thead", "tfoot", "tr"})
BY_ITSELF = {"progress": (("value", "0"),)}
"""What an element gets that does not say it: a bar of which nobody knows how far it has come moves all the time."""
_DISPLAYED = re.compile(r"display\s*:\s*(?!none)\w", re.IGNORECASE)
_SHEETS = {
    "wm-audio": "display:inline-block;box-sizing:border-box;width:300px;min-height:54px;padding:12px 20px;border-radius:27px;"
    "background:#f1f3f4;color:#202124;font-size:13px;line-height:1.2",
    "wm-dead": "color:LinkText;text-decoration:underline",
    "wm-dialog": "width:fit-content;height:fit-content;margin:auto;border:solid;padding:1em;background:Canvas;color:CanvasText",
    "wm-alone": "position:absolute;left:0;right:0",
    "wm-marquee": "display:inline-block;width:-webkit-fill-available;width:stretch;overflow:auto;scrollbar-width:thin",
}
KNOWN = frozenset(_SHEETS)


def of(kind: str, given: Mapping[str, str], *, alone: bool) -> list[str]:
    """The classes of what stands for an element; ``alone``: nothing but the message is on the page."""
    if kind == "audio" and "controls" in given:
        return ["wm-audio"]
    if kind == "dialog":
        return ["wm-dialog", "wm-alone"] if alone else ["wm-dialog"]
    return ["wm-marquee"] if kind == "marquee" else []


DEAD = "wm-dead"
"""A link that leads nowhere still looks like one."""


def sheet(used: Iterable[str]) -> str:
    """What these classes look like; weaker than whatever the message says."""
    return "".join(f"\n:where(.{name}){{{_SHEETS[name]}}}" for name in sorted(used))


def poster(kind: str, element: etree._Element) -> bool:
    """Whether a film is shown by its picture, because it holds none for who cannot see films. A bounded look."""
    return kind == "video" and bool(element.get("poster")) and all(each.tag != "img" for each in islice(element.iter(), _LOOKED_AT))


def shown_source(kind: str, element: etree._Element) -> bool:
    """Whether a style sheet is to be read as well: it is displayed by its own style."""
    return kind == "style" and _DISPLAYED.search(element.get("style", "")) is not None


def is_closed(kind: str, named: Mapping[str, str]) -> bool:
    """Whether only a script or a click would show an element."""
    return "popover" in named or (kind == "dialog" and "open" not in named)


def is_between_cells(form: etree._Element) -> bool:
    """Whether a form has no place of its own; a block in its stead would be moved before the table."""
    parent = form.getparent()
    return parent is not None and tag_name(parent) in _TABLE
