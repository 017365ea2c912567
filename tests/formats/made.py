"""Filters made in a line, for tests."""

from __future__ import annotations

from typing import Any

from webmail.formats.filters import Actions, Condition, MailFilter


def of(*conditions: Condition, key: str = "a", any_of: bool = False, enabled: bool = True, **did: Any) -> MailFilter:
    """A filter with these conditions that does this."""
    return MailFilter(key, f"filter {key}", conditions, Actions(**did), any_of, enabled)
