"""The sheet for dark screens: what the styles, attributes and rules of a message say of colours, said again with other ones.

An inline style cannot depend on the screen, so each different one gets a class, under which the sheet has its colours.
"""

from __future__ import annotations

from webmail.sanitize import colours, css

_HINTS = {"bgcolor": "background-color", "color": "color", "bordercolor": "border-color"}


class DarkSheet:
    """The sheet as it fills up. ``rules`` are those of the message's own sheets, in their order."""

    def __init__(self) -> None:
        self.rules: list[str] = []
        self._styles: dict[str, str] = {}
        self._hints: dict[str, str] = {}

    def style(self, dark: str) -> list[str]:
        """The class of an element whose style says this on dark screens; none if it says nothing."""
        return [self._styles.setdefault(dark, f"wm-s{len(self._styles)}")] if dark else []

    def hint(self, name: str, value: str) -> list[str]:
        """The class of an element with this attribute."""
        if name == "background":
            dark = "background-image:none"
        elif name in _HINTS:
            dark = css.declarations_counted(f"{_HINTS[name]}:{colours.legacy(value)}").dark
        else:
            return []
        return [self._hints.setdefault(dark, f"wm-h{len(self._hints)}")] if dark else []

    def sheet(self) -> str:
        """All of it. Attributes are weaker than any rule of the message; styles are stronger than every plain one."""
        hints = [f":where(.{name}){{{style}}}" for style, name in self._hints.items()]
        styles = [f":where(.{name}){{{_important(style)}}}" for style, name in self._styles.items()]
        return "\n".join([*hints, *styles, *self.rules])


def _important(style: str) -> str:
    return ";".join(part if part.endswith("!important") else f"{part} !important" for part in style.split(";"))
