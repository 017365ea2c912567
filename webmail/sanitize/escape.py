"""Text and values of attributes as they are written in markup."""

from __future__ import annotations

import re

BOX = "\u0081"
"""What a control is written as: browsers draw a box for each, and of all of them XML and HTML have room for a few only."""
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")


def escape(text: str) -> str:
    """A text with nothing in it that begins a tag or a reference."""
    if _CONTROLS.search(text):
        text = _CONTROLS.sub(BOX, text)
    if "&" in text:
        text = text.replace("&", "&amp;")
    if "<" in text:
        text = text.replace("<", "&lt;")
    return text.replace(">", "&gt;") if ">" in text else text


def escape_value(value: str) -> str:
    """A value for an attribute in quotation marks."""
    return escape(value).replace('"', "&quot;")
