"""Addresses in a message: where a link may lead, which image may be shown (RFC 3986, RFC 6068, RFC 2392)."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote, urldefrag, urljoin, urlsplit

MAX_URL = 16 * 1024
MAX_DATA_IMAGE = 256 * 1024
# Browsers drop these wherever they stand in an address: "java\tscript:" is "javascript:" to them.
_IGNORED = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_HTTP = re.compile(r"(https?):[/\\]*(?=[^/\\?#:\s])", re.IGNORECASE)
_SCHEME_RELATIVE = re.compile(r"[/\\]{2}")
_TELEPHONE = re.compile(r"tel:[0-9+*#().;=,a-z -]{1,80}\Z", re.IGNORECASE)
_DATA_IMAGE = re.compile(r"data:image/(png|jpe?g|gif|webp);base64,([A-Za-z0-9+/]+={0,2})\Z", re.IGNORECASE)
_BLANKS = re.compile(r"[ \t\r\n\f]+")
# What may ask for more than a new message (such as ``attach``) is dropped from mailto links.
_MAILTO_FIELDS = frozenset({"to", "cc", "bcc", "subject", "body"})
_ESCAPES = str.maketrans({" ": "%20", '"': "%22", "<": "%3C", ">": "%3E", "`": "%60", "\\": "/", "'": "%27"})
_OTHER_BLANKS = re.compile(r"\s")


def safe_link(value: str) -> str:
    """The address as it may stand in ``href``, or ``""``: http, https, mailto and tel, and always absolute.

    ``//host`` becomes https. Relative addresses and fragments lead nowhere in a message and are dropped.
    """
    url = _IGNORED.sub("", value).strip()
    if not url or len(url) > MAX_URL:
        return ""
    remote = remote_address(url)
    if remote:
        return remote
    lowered = url[:7].lower()
    if lowered == "mailto:":
        return _mailto(url[7:])
    if lowered.startswith("tel:") and _TELEPHONE.match(url):
        return _escaped(url)
    return ""


def remote_address(value: str) -> str:
    """The http or https address that ``value`` names, in one plain form, or ``""``."""
    url = _IGNORED.sub("", value).strip()
    if _SCHEME_RELATIVE.match(url):
        url = "https:" + url
    start = _HTTP.match(url)
    if start is None or len(url) > MAX_URL:
        return ""
    url = f"{start[1].lower()}://{_escaped(url[start.end() :])}"
    try:
        parts = urlsplit(url)
        reachable = bool(parts.hostname) and parts.port != 0 and "%" not in parts.netloc
    except ValueError:
        # A broken IPv6 address, a port that is no number: no browser goes there either.
        reachable = False
    return url if reachable else ""


def content_id(value: str) -> str:
    """The Content-ID a ``cid:`` address names, without angle brackets, or ``""`` (RFC 2392)."""
    url = _IGNORED.sub("", value).strip()
    return unquote(url[4:]).strip().strip("<>") if url[:4].lower() == "cid:" else ""


def located(value: str, *, base: str) -> str:
    """The absolute address that ``value`` names, without its fragment, to look for a part of the message under it (RFC 2557)."""
    try:
        return urldefrag(urljoin(base, "".join(_IGNORED.sub("", value).split())))[0]
    except ValueError:
        return ""


def data_image(value: str) -> str:
    """A picture carried in the address itself, or ``""``: raster formats only, of bounded size (RFC 2397)."""
    head = value.lstrip()[:5]
    if head.lower() != "data:" or len(value) > MAX_DATA_IMAGE:
        return ""
    found = _DATA_IMAGE.match(_BLANKS.sub("", value))
    return f"data:image/{found[1].lower()};base64,{found[2]}" if found else ""


def _mailto(rest: str) -> str:
    to, _, query = rest.partition("?")
    fields = []
    for field in query.split("&"):
        name, equals, _ = field.partition("=")
        if equals and name.lower() in _MAILTO_FIELDS:
            fields.append(field)
    link = "mailto:" + to + ("?" + "&".join(fields) if fields else "")
    return _escaped(link) if to or fields else ""


def _escaped(url: str) -> str:
    return _OTHER_BLANKS.sub(lambda blank: quote(blank[0]), url.translate(_ESCAPES))
