"""What the attributes of a message's ``body`` say of its page, as declarations of a style (HTML, "Rendering", the page)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from webmail.sanitize import colours


def hints(given: Mapping[str, str]) -> list[str]:
    """The declarations that the attributes stand for, in the order in which they count; their values are not cleaned yet."""
    return [declaration for name, form in _PAGE if (declaration := form(given.get(name, "").strip()))]


def _lengths(*sides: str) -> Callable[[str], str]:
    return lambda value: ";".join(f"margin-{side}:{value}px" for side in sides) if re.fullmatch("[0-9]{1,4}", value) else ""


# What attributes of ``body`` mean, in the order in which they count.
_PAGE: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("bgcolor", lambda value: f"background-color:{colours.legacy(value)}" if value else ""),
    ("text", lambda value: f"color:{colours.legacy(value)}" if value else ""),
    ("marginwidth", _lengths("left", "right")),
    # The first of two sides stands for both where the other says nothing.
    ("leftmargin", _lengths("left", "right")),
    ("rightmargin", _lengths("right")),
    ("marginheight", _lengths("top", "bottom")),
    ("topmargin", _lengths("top", "bottom")),
    ("bottommargin", _lengths("bottom")),
)
