"""Fields of a form as they look, with nothing in them that could be filled in, focused or sent.

A stranger's form must not work in a message, but a page whose fields are simply gone falls apart, and nobody sees that it asked
for something. So a field becomes a box of about the size a browser gives it.
"""

from __future__ import annotations

import re

from lxml import etree

TAGS = frozenset({"button", "input", "select", "textarea"})
_SUBMIT = frozenset({"submit", "button", "reset"})
_LABELS = {"submit": "Submit", "reset": "Reset"}
_SMALL = frozenset({"checkbox", "radio"})
_UNSEEN = frozenset({"hidden", "image"})
_COUNT = re.compile(r"\s*([0-9]{1,3})")

FORM = "wm-form"
"""A form is a block with room below it, but only where the page has no document type (HTML, "Rendering", forms)."""
QUIRKS = f"\n.{FORM}{{margin-bottom:1em}}"
SHEET = """
.wm-field,.wm-button,.wm-small{display:inline-block;box-sizing:border-box;font:13.333px/normal Arial,sans-serif;color:#000;\
background:#fff;border:1px solid #767676;border-radius:2px;padding:2px 3px;text-align:start;letter-spacing:normal;text-transform:none;\
overflow:clip;white-space:pre;text-indent:0}
.wm-field::before,.wm-button::before{content:'\u200b'}
.wm-field{height:21px;width:179px}
.wm-area{height:36px;width:182px;padding:2px;border:1px solid #767676;font-family:monospace;white-space:pre-wrap}
.wm-select{width:auto;height:19px;border:1px solid #767676;padding:0 20px 0 4px;white-space:nowrap;overflow:hidden;vertical-align:-5px}
.wm-select::before{content:none}
.wm-select span{display:block}
.wm-button{background:#efefef;border-radius:3px;padding:2px 7px;text-align:center}
.wm-small{width:13px;height:13px;margin:3px 3px 0 4px;padding:0;border:1px solid #767676;border-radius:2px}
.wm-small.wm-radio{margin:3px 3px 0 5px;border-radius:50%}
.wm-small.wm-checked{background:#0075ff}"""
"""What such boxes look like in every message that has some."""


def box(tag: str, element: etree._Element) -> tuple[str, str, str] | None:
    """Classes, a style and the words of the box that stands for a field; None for one that is not seen."""
    if tag == "button":
        return "wm-button", "", ""
    if tag == "select":
        return "wm-field wm-select", "", ""
    if tag == "textarea":
        return "wm-field wm-area", _area(element), ""
    kind = element.get("type", "text").strip().lower()
    if kind in _UNSEEN:
        return None
    value = element.get("value", "")
    if kind in _SUBMIT:
        return "wm-button", "", value or _LABELS.get(kind, "")
    if kind in _SMALL:
        checked = " wm-checked" if element.get("checked") is not None else ""
        return f"wm-small{' wm-radio' if kind == 'radio' else ''}{checked}", "", ""
    size = _COUNT.match(element.get("size", ""))
    width = f"width:{int(size[1]) * 7 + 39}px" if size else ""
    shown = value or element.get("placeholder", "")
    return "wm-field", width, shown if kind != "password" else ""


def _area(element: etree._Element) -> str:
    columns, rows = _COUNT.match(element.get("cols", "")), _COUNT.match(element.get("rows", ""))
    sizes = [f"width:{int(columns[1]) * 8 + 22}px" if columns else "", f"height:{int(rows[1]) * 15 + 6}px" if rows else ""]
    return ";".join(filter(None, sizes))
