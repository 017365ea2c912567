"""Under which addresses the images of a message are shown: parts of it, pictures written into it, and, where permitted, remote ones."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from webmail.sanitize import links, tracking
from webmail.sanitize.options import BodyOptions, ImagePolicy
from webmail.sanitize.sightings import Sightings, host

SAFE_ADDRESS = re.compile(r"[^\s\"'<>`\\\x00-\x1f]+\Z")


class Pictures:
    """What the options say of images. ``addresses`` are all that were given out; what was wanted of others is ``seen``."""

    def __init__(self, options: BodyOptions, seen: Sightings) -> None:
        self.addresses: set[str] = set()
        self._options = options
        self._seen = seen
        self._parts_of_message = frozenset([*options.cid.values(), *options.locations.values()])

    def shown(self, value: str, *, image: Mapping[str, str], carried: bool = False, hidden: bool = False) -> str:
        """The address of an image: a part of the message, ``carried`` in the address itself, or a remote one by way of our proxy.

        ``image`` are the attributes that say how large it is shown. ``""`` where it is not shown.
        """
        content_id = links.content_id(value)
        if content_id:
            return self.own(self._options.cid.get(content_id, ""))
        picture = links.data_image(value) if carried else ""
        if self._options.locations and not picture:
            picture = self._options.locations.get(links.located(value, base=self._options.base), "")
        if picture or value in self._parts_of_message:
            return self.own(picture or value)
        return self._remote(value, image, hidden=hidden)

    def _remote(self, value: str, image: Mapping[str, str], *, hidden: bool) -> str:
        address = links.remote_address(value)
        if not address:
            return ""
        if hidden or tracking.is_dot(image) or tracking.is_beacon(address, image):
            self._seen.pixels[host(address)] += 1
            return ""
        self._seen.images[host(address)] += 1
        proxy = self._options.proxy
        if self._options.images is not ImagePolicy.PROXIED or not proxy:
            return ""
        return self.own(proxy + quote(address, safe="") if isinstance(proxy, str) else proxy(address))

    def own(self, address: str) -> str:
        """An address we made or were given by our own house; one with odd characters is a mistake, and is not used."""
        if not SAFE_ADDRESS.match(address):
            return ""
        self.addresses.add(address)
        return address
