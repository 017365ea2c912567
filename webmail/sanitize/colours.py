"""Colours for dark screens: grounds become dark, letters light, each in its own hue, and every pair stays readable.

A message's style sheet does not tell which letters stand on which ground. So contrast is not kept pair by pair but by
construction: no ground comes out lighter than ``_GROUND`` and no letter darker than ``_LETTER``, and between these two lies a
contrast of 4.5 (WCAG 2.2, 1.4.3). Within its range a colour is mirrored: what was lightest is darkest.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache

from tinycss2 import color4


class Role(Enum):
    """What a colour is used for."""

    TEXT = "text"
    GROUND = "ground"
    EDGE = "edge"


PAPER = "#1a1917"
INK = "#eeebe5"
LINK = "#a8c7fa"
# Relative luminances. PAPER has 0.0097, so white becomes just this; black letters become as light as INK.
_GROUND = 0.058
_LETTER = 0.46
_BRIGHTEST = 0.78
_EDGES = (0.03, 0.25)
_MIDDLE = 0.18
_MIRROR = 0.0597 * 1.05
_FAINT = 0.3
_WORDS = frozenset({"currentcolor", "inherit", "initial", "none", "revert", "transparent", "unset"})
_TEXT = frozenset({"color", "caret-color", "text-decoration-color", "text-emphasis-color", "-webkit-text-fill-color"})
_GROUNDS = frozenset({"background", "background-color", "background-image"})
_SIDE = r"(?:-(?:top|right|bottom|left|inline|block)(?:-(?:start|end))?)?"
_EDGED = re.compile(rf"(?:border{_SIDE}|outline|column-rule)(?:-color)?\Z")


def role(name: str) -> Role | None:
    """What the colours in this property are used for; None: they may stay as they are."""
    if name in _TEXT:
        return Role.TEXT
    if name in _GROUNDS:
        return Role.GROUND
    return Role.EDGE if _EDGED.match(name) else None


@lru_cache(maxsize=4096)
def for_dark(colour: str, role: Role) -> str:
    """The colour for a dark screen, or the word itself where it names none."""
    if colour.lower() in _WORDS:
        return colour
    parsed = _parsed(colour)
    if parsed is None:
        return colour
    channels, alpha = parsed
    if role is Role.TEXT and _FAINT < alpha < 1:
        # Letters that let the ground through would lose contrast twice.
        channels, alpha = tuple(1 - alpha + alpha * each for each in channels), 1.0
    linear = tuple(_linear(each) for each in channels)
    wanted = _wanted(_luminance(linear), role)
    return _written(_moved(linear, wanted), alpha)


def legacy(value: str) -> str:
    """A colour as an attribute writes it, where the number sign may be missing (HTML, legacy colour values)."""
    value = value.strip()
    return f"#{value}" if re.fullmatch(r"[0-9A-Fa-f]{6}|[0-9A-Fa-f]{3}", value) else value


def is_white(value: str) -> bool:
    """Whether a colour is the white of our own paper, which says nothing about how a message is designed."""
    return legacy(value).lower() in ("#ffffff", "#fff", "white")


def _parsed(colour: str) -> tuple[tuple[float, ...], float] | None:
    try:
        found = color4.parse_color(colour)
        if found is None or isinstance(found, str):
            return None
        channels = tuple(min(1.0, max(0.0, each or 0.0)) for each in found.to("srgb").coordinates)
    except (NotImplementedError, ValueError, ArithmeticError):
        return None
    return channels, 1.0 if found.alpha is None else float(found.alpha)


def _wanted(luminance: float, role: Role) -> float:
    mirrored = _MIRROR / (luminance + 0.05) - 0.05
    if role is Role.GROUND:
        return min(mirrored if luminance > _MIDDLE else luminance, _GROUND)
    if role is Role.EDGE:
        return min(max(mirrored, _EDGES[0]), _EDGES[1])
    return min(max(mirrored, _LETTER), _BRIGHTEST) if luminance < _MIDDLE else max(luminance, _LETTER)


def _moved(linear: tuple[float, ...], wanted: float) -> tuple[float, ...]:
    """The colour with another luminance: shaded by black or tinted with white, both of which leave the hue."""
    luminance = _luminance(linear)
    if wanted <= luminance:
        return tuple(each * wanted / luminance for each in linear) if luminance else linear
    share = (wanted - luminance) / (1 - luminance)
    return tuple(each + (1 - each) * share for each in linear)


def _luminance(linear: tuple[float, ...]) -> float:
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)


def _written(linear: tuple[float, ...], alpha: float) -> str:
    channels = (12.92 * each if each <= 0.0031308 else 1.055 * each ** (1 / 2.4) - 0.055 for each in linear)
    red, green, blue = (round(255 * min(1.0, max(0.0, each))) for each in channels)
    return f"#{red:02x}{green:02x}{blue:02x}" if alpha >= 1 else f"rgba({red},{green},{blue},{alpha:.3g})"
