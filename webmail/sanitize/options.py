"""What the reader wants to see of a message's HTML, and what came out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum


class ImagePolicy(Enum):
    """What happens to images that lie on other people's servers."""

    BLOCKED = "blocked"
    PROXIED = "proxied"


@dataclass(frozen=True, slots=True)
class BodyOptions:
    """How a body is to be shown; by default nothing remote is loaded.

    ``cid`` maps a Content-ID (without angle brackets) to the address under which we show that part (RFC 2392).
    ``proxy`` makes our own address of a remote one: a function, or a prefix to which the remote address is added
    percent-encoded. Without it images stay blocked, whatever ``images`` says.
    ``hits`` tells of a text which pieces of it are to be marked (from and to, in order, apart), for who comes from a search.
    ``dark`` adds what a reader with a dark screen sees: light letters on a dark page, and the message's own colours made to fit.
    """

    images: ImagePolicy = ImagePolicy.BLOCKED
    cid: Mapping[str, str] = field(default_factory=dict)
    proxy: Callable[[str], str] | str = ""
    dark: bool = False
    hits: Callable[[str], Sequence[tuple[int, int]]] | None = None


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A whole document for the frame, to be sent as it is.

    ``remote_images`` counts the images on other servers that the message names, shown or not. ``cut`` says that the
    message was longer or deeper than we show, so that other ways to see all of it should be offered. ``own_style``
    says that it brings colours or a style sheet of its own, ``designed`` that it does not leave its looks to the reader.
    """

    document: str
    remote_images: int
    cut: bool
    own_style: bool
    designed: bool = False
