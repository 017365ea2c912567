"""What stands for elements that may not be themselves: players, dialogs, words that move, links that lead nowhere.

They take about the place that a browser gives the real ones, and all of their words stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import islice

from lxml import etree

from webmail.sanitize import fields
from webmail.sanitize.tree import tag_name

_LOOKED_AT = 50
_TABLE = frozenset({"table", "tbody", "thead", "tfoot", "tr"})
_DISPLAYED = re.compile(r"display\s*:\s*(?!none)\w", re.IGNORECASE)
_SHEETS = {
    "wm-audio": "display:inline-block;box-sizing:border-box;width:300px;min-height:54px;padding:12px 20px;border-radius:27px;"
    "background:color-mix(in srgb,CanvasText 6%,Canvas);color:CanvasText;font-size:13px;line-height:1.2",
    "wm-dead": "color:LinkText;text-decoration:underline",
    "wm-dialog": "width:fit-content;height:fit-content;margin:auto;border:solid;padding:1em;background:Canvas;color:CanvasText",
    "wm-alone": "position:absolute;left:0;right:0",
    "wm-marquee": "display:inline-block;width:-webkit-fill-available;width:stretch;overflow:auto;scrollbar-width:thin",
}
KNOWN = frozenset(_SHEETS)
KINDS = frozenset({"audio", "dialog", "form", "marquee"})
"""What has classes of ours."""
SPECIAL = frozenset({"form", "meter", "progress", "video"})
"""What is drawn in more than one way."""


def of(kind: str, given: Mapping[str, str], *, alone: bool) -> list[str]:
    """The classes of what stands for an element; ``alone``: nothing but the message is on the page."""
    if kind == "audio" and "controls" in given:
        return ["wm-audio"]
    if kind == "dialog":
        return ["wm-dialog", "wm-alone"] if alone else ["wm-dialog"]
    return [fields.FORM] if kind == "form" else ["wm-marquee"] if kind == "marquee" else []


def given(kind: str, attributes: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The attributes of an element as those of what stands for it: a film is its picture, a bar has come nowhere yet."""
    if kind == "video":
        return [("src" if name == "poster" else name, value) for name, value in attributes if name != "src"]
    # One of which nobody knows how far it has come would move all the time.
    nowhere = kind == "progress" and all(name != "value" for name, _ in attributes)
    return [*attributes, ("value", "0")] if nowhere else attributes


DEAD = "wm-dead"
"""A link that leads nowhere still looks like one."""


def sheet(used: Iterable[str]) -> str:
    """What these classes look like; weaker than whatever the message says."""
    return "".join(f"\n:where(.{name}){{{_SHEETS[name]}}}" for name in sorted(used))


def is_a_picture(film: etree._Element) -> bool:
    """Whether a film is shown by its picture, because it holds none for who cannot see films. A bounded look."""
    return bool(film.get("poster")) and all(each.tag != "img" for each in islice(film.iter(), _LOOKED_AT))


def is_displayed(sheet: etree._Element) -> bool:
    """Whether a style sheet is to be read as well: it is displayed by its own style."""
    return _DISPLAYED.search(sheet.get("style", "")) is not None


def is_closed(kind: str, named: Mapping[str, str]) -> bool:
    """Whether only a script or a click would show an element."""
    return "popover" in named or (kind == "dialog" and "open" not in named)


def is_between_cells(form: etree._Element) -> bool:
    """Whether a form has no place of its own; a block in its stead would be moved before the table."""
    parent = form.getparent()
    return parent is not None and tag_name(parent) in _TABLE
