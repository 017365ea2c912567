"""Tags: small marks of a state."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tag:
    """A small mark of a state: its colour, its icon, its words."""

    kind: str
    symbol: str
    text: str
