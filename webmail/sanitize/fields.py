"""Fields of a form as they look, with nothing in them that could be filled in, focused or sent.

A stranger's form must not work in a message, but a page whose fields are simply gone falls apart, and nobody sees that it asked
for something. So a field becomes a box of about the size a browser gives it.
"""

from __future__ import annotations

import re

from lxml import etree

TAGS = frozenset({"button", "input", "select", "textarea"})
STATEFUL = TAGS | {"fieldset", "option", "progress"}
_SUBMIT = frozenset({"submit", "button", "reset"})
_LABELS = {"submit": "Submit", "reset": "Reset"}
_SMALL = frozenset({"checkbox", "radio"})
_INTEGER = re.compile(r"-?[0-9]{1,9}\Z")
_NUMBER = re.compile(r"-?[0-9]{1,9}(?:\.[0-9]{1,9})?\Z")
_EMAIL = re.compile(r"[^\s@]{1,200}@[\w.-]{1,200}\Z")
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
.wm-field{width:calc(12.826em + 8px)}
.wm-hint{color:#757575}
.wm-off{color:#545454;background:rgba(239,239,239,.3);border-color:rgba(118,118,118,.3)}
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
    shown = value or element.get("placeholder", "")
    name = f"wm-field{'' if value or not shown else ' wm-hint'}{' wm-off' if _is_off(element) else ''}"
    return name, _width(kind, element), shown if kind != "password" else ""


def _width(kind: str, element: etree._Element) -> str:
    """How wide a field is drawn that says how many letters belong into it, or between which numbers its own one lies."""
    size = _COUNT.match(element.get("size", ""))
    if size and kind != "number":
        return f"width:calc({(int(size[1]) * 7 + 31) / 13.333:.3f}em + 8px)"
    ends = [element.get("min", ""), element.get("max", "")]
    if kind == "number" and all(_INTEGER.match(end) for end in ends):
        return f"width:calc({3.4 + 0.55 * max(len(end) for end in ends):.2f}em + 8px)"
    return ""


def states(kind: str, element: etree._Element) -> list[str]:
    """What a field is while nobody touches it, in the words of pseudo-classes (HTML, "Pseudo-classes")."""
    if kind == "progress":
        return ["indeterminate"] if element.get("value") is None else []
    found = ["disabled" if _is_off(element) else "enabled"]
    kind = element.get("type", "text").strip().lower() if kind == "input" else kind
    if kind in _SMALL or kind == "option":
        found += ["checked", "default"] if element.get("checked", element.get("selected")) is not None else []
    elif kind in _SUBMIT or kind in ("image", "fieldset"):
        return found
    found.append("required" if element.get("required") is not None else "optional")
    if kind in _SMALL or kind in ("select", "option"):
        return found
    value = element.get("value", "")
    found += ["placeholder-shown"] if element.get("placeholder") and not value else []
    found += ["read-write"] if element.get("readonly") is None and not _is_off(element) else []
    within = _within(kind, value, element)
    found += [] if within is None else ["in-range" if within else "out-of-range"]
    missing = element.get("required") is not None and not value
    wrong = within is False or (kind == "email" and value != "" and not _EMAIL.match(value))
    return [*found, "invalid" if missing or wrong else "valid"]


def _within(kind: str, value: str, element: etree._Element) -> bool | None:
    """Whether a number lies between the limits of its field; None where there are none."""
    numbers = [_NUMBER.match(each) for each in (value, element.get("min", ""), element.get("max", ""))]
    if kind not in ("number", "range") or not (numbers[1] or numbers[2]):
        return None
    given, least, most = (float(each[0]) if each else None for each in numbers)
    return given is None or ((least is None or given >= least) and (most is None or given <= most))


def _is_off(element: etree._Element) -> bool:
    return element.get("disabled") is not None


def _area(element: etree._Element) -> str:
    columns, rows = _COUNT.match(element.get("cols", "")), _COUNT.match(element.get("rows", ""))
    sizes = [f"width:{int(columns[1]) * 8 + 22}px" if columns else "", f"height:{int(rows[1]) * 15 + 6}px" if rows else ""]
    return ";".join(filter(None, sizes))
