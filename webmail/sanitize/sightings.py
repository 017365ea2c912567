"""What a message wanted of other people's servers, host by host, and what was taken out of its links."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from webmail.sanitize import links

MAX_HOSTS = 100
MAX_LINKS = 100
MAX_SHOWN = 2_000
"""Characters of a link that are kept to be shown beside the clean one."""


@dataclass(frozen=True, slots=True)
class RemoteHost:
    """A host that the message names: how many images of it, how many besides that are only in styles and never shown, and how
    many tracking pixels.
    """

    host: str
    images: int = 0
    styles: int = 0
    pixels: int = 0


@dataclass(frozen=True, slots=True)
class CleanedLink:
    """A link as it came and as it is shown."""

    original: str
    clean: str


@dataclass(slots=True)
class Sightings:
    """Filled while a message is walked through. Bounded: of the hosts and links beyond a hundred only the number is known."""

    images: Counter[str] = field(default_factory=Counter)
    styles: Counter[str] = field(default_factory=Counter)
    pixels: Counter[str] = field(default_factory=Counter)
    links: dict[str, CleanedLink] = field(default_factory=dict)

    def style(self, addresses: Iterable[str]) -> None:
        """Images that styles name in ways in which they are never shown, as they are written there."""
        self.styles.update(host(links.remote_address(each)) for each in addresses)

    def link(self, original: str, clean: str) -> None:
        """A link that was made shorter."""
        if len(self.links) < MAX_LINKS:
            self.links.setdefault(original, CleanedLink(original[:MAX_SHOWN], clean[:MAX_SHOWN]))

    def hosts(self) -> tuple[RemoteHost, ...]:
        """All hosts, those that wanted most first."""
        total = self.images + self.styles + self.pixels
        return tuple(
            RemoteHost(name, self.images[name], self.styles[name], self.pixels[name]) for name, _ in total.most_common(MAX_HOSTS) if name
        )


def host(address: str) -> str:
    """The host of a remote address, in lower case."""
    try:
        return (urlsplit(address).hostname or "").lower()
    except ValueError:
        return ""
