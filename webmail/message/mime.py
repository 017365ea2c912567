"""Part: the MIME tree of a message; which part to show, what is an attachment (RFC 2045, 2046, 2183, 2231, 2392)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Part:
    """One MIME entity, as BODYSTRUCTURE describes it (RFC 9051 §7.5.2).

    ``section`` is its IMAP section number (``"1"``, ``"2.1"``); the root of a multipart message has ``""``.
    ``size`` counts encoded octets. ``filename`` is decoded (RFC 2231, 2047) and free of path separators and controls.
    """

    section: str
    media_type: str
    subtype: str
    params: Mapping[str, str] = field(default_factory=dict)
    encoding: str = "7bit"
    size: int = 0
    disposition: str = ""
    filename: str = ""
    content_id: str = ""
    parts: tuple[Part, ...] = ()
