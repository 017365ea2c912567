"""The head of a message that is printed: who wrote it and when, in front of its body and proof against the body's styles."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

# Important on the element itself, which no sheet of the message can outdo.
_SHOWN = "visibility:visible !important;opacity:1 !important;color:#000 !important;background-color:#fff !important;border:0 !important;"
_LETTERS = "font-family:sans-serif !important;font-size:13px !important;line-height:1.4 !important;letter-spacing:normal !important;"
# What is below keeps its own place (``css.Wanted.alone``), and whatever it does with its margins it stays behind this.
_ABOVE = "position:relative !important;z-index:1 !important;"
_TABLE = f"{_ABOVE}display:table !important;width:auto !important;margin:0 0 16px 0 !important;border-collapse:collapse !important;{_SHOWN}"
_ROW = f"display:table-row !important;{_SHOWN}"
_CELL = (
    "display:table-cell !important;text-align:left !important;text-transform:none !important;vertical-align:top !important;"
    f"padding:1px 16px 1px 0 !important;height:auto !important;{_SHOWN}{_LETTERS}"
)
_TITLE = _CELL.replace("font-size:13px", "font-size:18px") + "font-weight:bold !important;"


def heading(title: str, rows: Sequence[tuple[str, str]]) -> str:
    """Markup for the authority to judge with the body: the title, and a line for each name and value, all of it text."""
    if not title and not rows:
        return ""
    lines = "".join(
        f'<tr style="{_ROW}"><th scope="row" style="{_CELL}">{escape(name)}</th><td dir="auto" style="{_CELL}">{escape(value)}</td></tr>'
        for name, value in rows
    )
    return (
        f'<table style="{_TABLE}"><tbody><tr style="{_ROW}"><td colspan="2" dir="auto" style="{_TITLE}">{escape(title)}</td></tr>'
        f"{lines}</tbody></table>"
    )
