"""What the reader wants to see of a message's HTML, and what came out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from webmail.sanitize.sightings import CleanedLink, RemoteHost

FRAME_WIDTH = 700
"""Pixels a frame is wide on most screens."""


class ImagePolicy(Enum):
    """What happens to images that lie on other people's servers."""

    BLOCKED = "blocked"
    PROXIED = "proxied"


@dataclass(frozen=True, slots=True)
class Detour:
    """A link that is not what it seems: why (``code``), the host it ``shown``, the host it leads to, and our page that is opened first."""

    code: str
    shown: str
    host: str
    address: str


@dataclass(frozen=True, slots=True)
class BodyOptions:
    """How a body is to be shown; by default nothing remote is loaded.

    ``cid`` maps a Content-ID (without angle brackets) to the address under which we show that part (RFC 2392).
    ``locations`` does the same for absolute addresses that the message gives its own parts (RFC 2557), and ``base`` is what
    relative ones are read against.
    ``proxy`` makes our own address of a remote one: a function, or a prefix to which the remote address is added
    percent-encoded. Without it images stay blocked, whatever ``images`` says.
    A function may answer ``""`` for an image that cannot be shown. What only watches (``tracking``) is never asked for.
    ``clean_links`` takes the parameters that only watch out of links.
    ``hits`` tells of a text which pieces of it are to be marked (from and to, in order, apart), for who comes from a search.
    ``title`` and ``heading`` (names and values, all text) stand above a body that is printed.
    ``detour`` is asked about each link, by the words it shows and where it leads; what it answers takes the place of the link.
    ``fit`` shows what is too wide for its frame as small as it takes to fit.
    ``dark`` adds what a reader with a dark screen sees: light letters on a dark page, and the message's own colours made to fit.
    """

    images: ImagePolicy = ImagePolicy.BLOCKED
    cid: Mapping[str, str] = field(default_factory=dict)
    locations: Mapping[str, str] = field(default_factory=dict)
    base: str = ""
    proxy: Callable[[str], str] | str = ""
    dark: bool = False
    fit: bool = True
    clean_links: bool = False
    detour: Callable[[str, str], Detour | None] | None = None
    hits: Callable[[str], Sequence[tuple[int, int]]] | None = None
    title: str = ""
    heading: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A whole document for the frame, to be sent as it is.

    ``remote_images`` counts the images on other servers that the message names, shown or not, without the ``pixels`` that are
    only there to be counted; the ``style_images`` among them are named by styles in ways in which they are never shown;
    ``hosts`` says of which servers they are. ``links`` are those that were cleaned. ``cut`` says that the message was longer or
    deeper than we show, so that other ways to see all of it should be offered. ``own_style`` says that it brings colours or a
    style sheet of its own, ``designed`` that it does not leave its looks to the reader. ``detours`` are the links that were
    replaced, in order, the first hundred; ``asks`` what it would have its reader fill in: ``form``, ``password``. ``height`` is
    about how high it is in a frame ``options.FRAME_WIDTH`` wide, in pixels; ``width`` is how wide it is at least, where that is more
    than a narrow screen has, else 0.
    """

    document: str
    remote_images: int
    cut: bool
    own_style: bool
    designed: bool = False
    height: int = 0
    width: int = 0
    style_images: int = 0
    pixels: int = 0
    hosts: tuple[RemoteHost, ...] = ()
    links: tuple[CleanedLink, ...] = ()
    detours: tuple[Detour, ...] = ()
    asks: tuple[str, ...] = ()
