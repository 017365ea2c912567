"""What a mailing list says of itself in a header: how to leave it and how to write to it (RFC 2369, RFC 8058)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

_URI = re.compile(r"<([^<>]{1,4000})>")
_COMMENT = re.compile(r"\([^()]*\)")
_TAGS = re.compile(r"\s*([a-z]+)\s*=\s*([^;]*)")
_MOST = 20
_ONE_CLICK = "list-unsubscribe=one-click"
_COVERED = {"list-unsubscribe", "list-unsubscribe-post"}
NO_POSTS = "NO"


@dataclass(frozen=True, slots=True)
class MailTo:
    """The form a ``mailto:`` address fills in: to, subject and body, and nothing else it may ask for (RFC 6068 §4)."""

    to: str
    subject: str = ""
    body: str = ""


@dataclass(frozen=True, slots=True)
class ListFields:
    """``https`` takes the POST of one click, ``link`` is a page for people, ``mailto`` an address that takes a message.

    ``signers`` are the domains whose DKIM signatures say that they cover how to leave (RFC 8058 §4); whether a signature
    holds is for others to find out. ``post`` is the ``mailto:`` address of the list, or ``NO`` where nobody may write to it.
    """

    https: str = ""
    link: str = ""
    mailto: str = ""
    signers: tuple[str, ...] = ()
    post: str = ""


def list_fields(fields: Sequence[tuple[str, bytes]]) -> ListFields:
    """What the fields of a header say of its list; of a field that may stand once, the first counts. Never raises."""
    first: dict[str, str] = {}
    for name, value in fields:
        first.setdefault(name.lower(), value[:20_000].decode("utf-8", "replace"))
    leave = list(_uris(first.get("list-unsubscribe", "")))
    link = next((each for each in leave if _web_page(each)), "")
    https = next((each for each in leave if each[:8].lower() == "https://" and _web_page(each)), "")
    one_click = "".join(first.get("list-unsubscribe-post", "").split()).lower() == _ONE_CLICK
    posts = first.get("list-post", "")
    return ListFields(
        https=https if one_click else "",
        link=link,
        mailto=next((each for each in leave if _is_mailto(each)), ""),
        signers=tuple(sorted(set(_signers(fields)))),
        post=NO_POSTS
        if _COMMENT.sub("", posts).strip().upper() == NO_POSTS
        else next((each for each in _uris(posts) if _is_mailto(each)), ""),
    )


def offers_one_click(https: str, signers: Collection[str], passed: Collection[str] | None) -> bool:
    """Whether one click may leave the list: its fields are covered by a DKIM signature (RFC 8058 §4).

    ``passed`` are the domains whose signatures hold, as far as somebody has looked; None where nobody has.
    """
    return bool(https) and (bool(signers) if passed is None else any(each in passed for each in signers))


def mail_to(uri: str) -> MailTo | None:
    """What a ``mailto:`` address fills in, without any line break in its header; None for what is none (RFC 6068)."""
    if not _is_mailto(uri):
        return None
    to, _, query = uri[7:].partition("?")
    asked: dict[str, str] = {}
    for pair in query.split("&")[:20]:
        name, _, value = pair.partition("=")
        asked.setdefault(unquote(name).lower(), unquote(value))
    more = asked.get("to", "")
    addresses = _one_line(unquote(to) + (f",{more}" if more and to else more))[:1000]
    return MailTo(addresses, _one_line(asked.get("subject", ""))[:500], asked.get("body", "").replace("\0", "")[:5000])


def _one_line(text: str) -> str:
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


def _uris(value: str) -> Iterator[str]:
    for found in _URI.findall(value)[:_MOST]:
        yield "".join(found.split())


def _is_mailto(uri: str) -> bool:
    return uri[:7].lower() == "mailto:" and "@" in unquote(uri[7:])


def _web_page(uri: str) -> bool:
    """Whether it is a plain web address: nobody's name in front of the host, only what can be in an address."""
    if not uri.lower().startswith(("https://", "http://")) or not all("!" <= each <= "~" and each not in '"\\' for each in uri):
        return False
    try:
        parts = urlsplit(uri)
        return bool(parts.hostname) and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        return False


def _signers(fields: Sequence[tuple[str, bytes]]) -> Iterator[str]:
    """The domains of the DKIM signatures that list both fields as signed (RFC 6376 §3.5)."""
    for name, value in fields:
        if name.lower() == "dkim-signature":
            parts = (_TAGS.match(each) for each in value[:20_000].decode("ascii", "replace").split(";"))
            tags = {found[1]: found[2] for found in parts if found}
            covered = {each.strip().lower() for each in tags.get("h", "").split(":")}
            domain = "".join(tags.get("d", "").split()).lower()
            if domain and covered >= _COVERED:
                yield domain[:255]
