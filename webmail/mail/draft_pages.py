"""What the form of a draft is made of: its files, how its text is to be read, and what is to be looked at before it goes."""

from __future__ import annotations

import enum
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DraftAttachment:
    """A file attached to a draft; ``token`` names it in forms."""

    token: str
    filename: str
    media_type: str
    size: int


class DraftFormat(enum.StrEnum):
    """How the text of a draft is to be read."""

    PLAIN = ""
    MARKDOWN = "markdown"
    HTML = "html"


@dataclass(frozen=True, slots=True)
class Check:
    """Something to look at before sending: a code and values. One that ``holds`` is asked about before the message goes."""

    code: str
    holds: bool = False
    values: tuple[tuple[str, str], ...] = ()
