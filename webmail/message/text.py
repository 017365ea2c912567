"""Plain-text bodies as data for a page: flowed lines, quotes, links, signatures (RFC 3676).

What comes out is words and addresses of links, never HTML: a template escapes it, and nothing looks for links in
markup that was already made. Every pass is linear in the length of the text.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TextSpan:
    """A run of a plain-text body: words, or a link when ``href`` is set."""

    text: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class TextBlock:
    """A block of a plain-text body: ``quote`` levels deep, or the signature."""

    lines: tuple[tuple[TextSpan, ...], ...]
    quote: int = 0
    signature: bool = False
