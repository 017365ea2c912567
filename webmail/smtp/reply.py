"""Reply: what the server answered to one command (RFC 5321 §4.2, RFC 2034, RFC 3463)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?", re.DOTALL)
_ENHANCED = re.compile(r"([245]\.[0-9]{1,3}\.[0-9]{1,3})(?: +|$)")


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. ``text`` is the server's words, lines joined by line feeds, without control or bidi characters."""

    code: int
    enhanced: str
    text: str

    @property
    def kind(self) -> Literal["ok", "temporary", "permanent"]:
        """Whether it was done, may be tried again later, or is refused for good."""
        if self.code >= 500:
            return "permanent"
        return "temporary" if self.code >= 400 else "ok"

    @property
    def ok(self) -> bool:
        return self.kind == "ok"

    @property
    def status(self) -> str:
        """The code and, where the server gave one, the enhanced status: ``550 5.1.1``."""
        return f"{self.code} {self.enhanced}".rstrip()


def read_line(line: bytes) -> tuple[int, bool, str]:
    """The code of one reply line, whether another line follows, and its text. Raises ValueError with what was said instead."""
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValueError(readable(line)[:200])
    return int(match[1]), match[2] == b"-", readable(match[3] or b"")


def make_reply(code: int, lines: Sequence[str]) -> Reply:
    """The reply made of its lines' texts. The enhanced status is taken off the front of each line that repeats it."""
    match = _ENHANCED.match(lines[0])
    enhanced = match[1] if match and match[1][0] == str(code)[0] else ""
    if not enhanced:
        return Reply(code, "", "\n".join(lines).rstrip())
    return Reply(code, enhanced, "\n".join(line.removeprefix(enhanced).lstrip(" ") for line in lines).rstrip())


def readable(raw: bytes) -> str:
    """A server's words as text for people: UTF-8, nothing that could break a line or reorder what stands beside it."""
    text = raw.decode("utf-8", "replace")
    return "".join(" " if _unprintable(character) else character for character in text)


def _unprintable(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
