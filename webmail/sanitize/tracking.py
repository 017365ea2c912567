"""How senders watch their readers: images nobody is meant to see, and parameters in links that only name the reader.

The lists are short and our own; they hold what is in wide use and means nothing but watching. A list that is too long breaks
pages; one that is too short still leaves the image proxy, which tells a sender no more than that something was looked at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol
from urllib.parse import urlsplit

PREFIXES = ("utm_", "pk_", "piwik_", "matomo_", "mtm_", "hsa_", "bsft_", "trk_", "elq")
_PARAMETER_NAMES = """
fbclid gclid gclsrc dclid gbraid wbraid msclkid yclid ymclid twclid ttclid igshid igsh li_fat_id epik scclid rdt_cid
mc_eid mc_cid mkt_tok _hsenc _hsmi __hssc __hstc __hsfp hsctatracking vero_id vero_conv oly_anon_id oly_enc_id
ml_subscriber ml_subscriber_hash _kx _ke rb_clickid s_cid wickedid _openstat mkevt mkcid cvid oicd
"""
PARAMETERS = frozenset(_PARAMETER_NAMES.split())
"""Parameters of advertising and mailing programs, in lower case; with those that begin as ``utm_`` does."""
_LEAVING = re.compile(r"unsub|opt-?out|optout|abmeld|desinscri|désinscri|cancel|preference|leave|remove|退订", re.IGNORECASE)
"""Where a link is for leaving a list, its parameters say who leaves."""
_BEACON_HOSTS = """
emltrk.com awstrack.me google-analytics.com doubleclick.net mailtrack.io yesware.com bl-1.com mailstat.us
pixel.watch sendibt1.com mailfoogae.appspot.com
"""
BEACON_HOSTS = frozenset(_BEACON_HOSTS.split())
"""Hosts, with all below them, whose images are there to be counted."""
_BEACON_PATH = re.compile(
    r"(?:/track/open|/wf/open|/e[23]t/o|/e/o|/open/track|/track/v\d+/open|/trace/mail"
    r"|/(?:open|opened|pixel|beacon|track(?:er|ing)?|1x1|spacer-track|read-?receipt))(?:\.(?:gif|png|jpe?g|php|aspx?))?(?:/[\w=~-]*)?\Z",
    re.IGNORECASE,
)
_LARGE = 16
_NUMBER = re.compile(r"\s*\+?([0-9]{1,6})(?:\.[0-9]*)?\s*(?:px)?\s*\Z", re.IGNORECASE)
_STYLE_SIZE = re.compile(
    r"(?:^|[;\s{])(?:max-)?(width|height)\s*:\s*([0-9]{1,6})(?:\.[0-9]+)?(?:px)?\s*(?:!\s*important\s*)?(?:;|\Z)", re.IGNORECASE
)
_HIDDEN = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(?:\.0+)?\s*(?:;|!|\Z))", re.IGNORECASE)


class Element(Protocol):
    """What is asked of an element of a tree."""

    def get(self, name: str, /) -> str | None: ...


def hides(element: Element) -> bool:
    """Whether an element hides what is in it. One with a class may be shown by a style sheet, on a phone for instance."""
    style = element.get("style")
    hidden = (style is not None and _HIDDEN.search(style) is not None) or element.get("hidden") is not None
    return hidden and element.get("class") is None and element.get("id") is None


def is_dot(attributes: Mapping[str, str]) -> bool:
    """Whether an image is too small to be seen: no wider and no higher than one pixel, as far as it says, or nothing at all."""
    sizes = {}
    for name in ("width", "height"):
        found = _NUMBER.match(attributes.get(name, ""))
        if found:
            sizes[name] = int(found[1])
    for name, size in _STYLE_SIZE.findall(attributes.get("style", "")):
        sizes[name.lower()] = min(int(size), sizes.get(name.lower(), int(size)))
    return 0 in sizes.values() or (bool(sizes) and max(sizes.values()) <= 1)


def is_beacon(address: str, attributes: Mapping[str, str]) -> bool:
    """Whether an address is one of those that are only there to be counted, unless the image says that it is large."""
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").lower()
    except ValueError:
        return False
    labels = host.split(".")
    if any(".".join(labels[place:]) in BEACON_HOSTS for place in range(len(labels) - 1)):
        return True
    if not _BEACON_PATH.search(parts.path):
        return False
    given = [_NUMBER.match(attributes.get(name, "")) for name in ("width", "height")]
    return not all(size is not None and int(size[1]) >= _LARGE for size in given)


def without_parameters(link: str) -> tuple[str, tuple[str, ...]]:
    """A link without the parameters that only watch, and their names; everything else of it stays as it is, octet by octet.

    Links that seem to be for leaving a list are left alone.
    """
    head, mark, rest = link.partition("?")
    if not mark or not head.startswith("http") or _LEAVING.search(link):
        return link, ()
    query, hash_mark, fragment = rest.partition("#")
    kept, gone = list[str](), list[str]()
    for piece in query.split("&"):
        name = piece.partition("=")[0].lower()
        (gone if name in PARAMETERS or name.startswith(PREFIXES) else kept).append(piece)
    if not gone:
        return link, ()
    names = tuple(dict.fromkeys(piece.partition("=")[0] for piece in gone))
    return head + ("?" + "&".join(kept) if kept else "") + hash_mark + fragment, names
