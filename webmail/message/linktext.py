"""Links that are not what they seem: what their words show, and where they lead (RFC 3986)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from webmail.address import printable
from webmail.message.lookalikes import imitates, looks_like, mixes_scripts, site, unicode_domain

# What files are called like; a name alone is no site then.
_FILE_NAMES = """
7z apk asp aspx avi bat bin bmp bz2 c cpp css csv deb dmg doc docx eml exe gif gz h htm html ico ics iso java jpeg jpg js json log md
mov mp3 mp4 odp ods odt ogg pdf php pl png ppt pptx ps py rar rb rpm rs rtf sh sql svg tar tex tgz tif tiff toml ts txt vcf wav webm
webp xls xlsx xml yaml yml zip
"""
_FILES = frozenset(_FILE_NAMES.split())
_HOST = r"(?:[\w-]{1,63}\.)+[^\W\d_][\w-]{1,62}"
_WRITTEN_OUT = re.compile(rf"(?:https?:\s?//|\b(?=www\.))(?:[^\s/?#@]{{0,80}}@)?((?:{_HOST})|\d{{1,3}}(?:\.\d{{1,3}}){{3}})", re.IGNORECASE)
_NAME_ALONE = re.compile(rf"[\s<«\"'(\[→»>-]*({_HOST})(?::\d+)?(?:/\S*)?[\s>»\"').,\]!…>→-]*", re.IGNORECASE)
_NUMBERS = re.compile(r"(?:0x[0-9a-f]+|[0-9]+)(?:\.(?:0x[0-9a-f]+|[0-9]+)){0,3}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Why a link is not what it seems, the host that its words or its address show, and the host it leads to.

    Codes: ``user`` (a site stands before the @ that only names a user), ``elsewhere`` (its words name another site), ``number``
    (an IP address), ``like`` (taken for a site that is known), ``letters`` (look-alike letters), ``international``.
    """

    code: str
    shown: str
    host: str


def suspicion(text: str, href: str, *, known: frozenset[str] = frozenset()) -> Suspicion | None:
    """What is wrong with a link, by the words it shows, or None. ``known`` are sites the reader deals with. Linear; never raises."""
    try:
        parts = urlsplit(href)
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host:
        return None
    if "@" in parts.netloc:
        return Suspicion("user", _shown(parts.netloc.rpartition("@")[0]), host)
    shown = named_host(text)
    if shown and site(unicode_domain(shown)) != site(unicode_domain(host)):
        return Suspicion("elsewhere", shown, host)
    if ":" in host or _NUMBERS.fullmatch(host):
        return Suspicion("number", shown, host)
    return _letters(host, known)


def _letters(host: str, known: frozenset[str]) -> Suspicion | None:
    like = looks_like(host, known) if known else ""
    if like:
        return Suspicion("like", like, host)
    if host.isascii() and "xn--" not in host:
        return None
    readable = unicode_domain(host)
    imitated = imitates(host)
    if imitated or any(map(mixes_scripts, readable.split("."))):
        return Suspicion("letters", imitated or readable, host)
    return Suspicion("international", readable, host)


def named_host(text: str) -> str:
    """The host that the words of a link name, in lower case, or nothing. Names of files and mail addresses are none."""
    text = printable(text[:300]).strip()
    found = _WRITTEN_OUT.search(text)
    if found:
        return found[1].lower()
    alone = _NAME_ALONE.fullmatch(text) if "." in text and "@" not in text else None
    if alone is None or ("/" not in text and alone[1].rpartition(".")[2].lower() in _FILES):
        return ""
    return alone[1].lower()


def _shown(user: str) -> str:
    return printable(unquote(user.partition(":")[0]))[:200]
