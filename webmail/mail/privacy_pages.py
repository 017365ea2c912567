"""What the page of a message says about other people's servers, and the page of who may show images, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass

from webmail.sanitize.sightings import CleanedLink, RemoteHost
from webmail.store.image_permissions import ImagePermission


@dataclass(frozen=True, slots=True)
class RemoteContent:
    """What a message wanted of other servers.

    ``images`` counts those that can be shown, ``styles`` those that styles name in ways in which they never are, ``pixels`` those
    that only watch.
    ``permission`` covers its sender; ``held`` says that it waits for a proof of who sent this. ``sender`` and ``domain`` are
    what a permission may be given to: empty where none is to be offered.
    """

    hosts: tuple[RemoteHost, ...] = ()
    images: int = 0
    styles: int = 0
    pixels: int = 0
    links: tuple[CleanedLink, ...] = ()
    permission: ImagePermission | None = None
    held: bool = False
    sender: str = ""
    domain: str = ""


NOTHING_REMOTE = RemoteContent()


@dataclass(frozen=True, slots=True)
class ImageSettingsPage:
    """Whose images are shown without asking, and whether links are cleaned."""

    permissions: tuple[ImagePermission, ...]
    clean_links: bool
