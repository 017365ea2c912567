"""Quoting: the HTML of a message that is answered, forwarded or written anew, as it was shown, with the pictures in it.

What is quoted is what the message page shows: the same parts, nothing hidden, no pictures of other servers. A message whose HTML is too
long for that is quoted by its words.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from webmail.mail import bodies, enclosed, passages
from webmail.mail.session import MailSession, account, find_message
from webmail.message import locations, mime
from webmail.message.mime import Part
from webmail.sanitize import links
from webmail.sanitize.outgoing import outgoing
from webmail.store.messages import StoredMessage

LIMIT = 256 * 1024
"""Octets of HTML that is quoted; what is longer would have to be cleaned elsewhere, and nobody reads it under an answer."""
PICTURES = 40
PICTURE_OCTETS = 10 * 1024 * 1024
BORDER = "margin:0 0 0 0.8ex;border-left:2px solid #c4c7cc;padding-left:1ex"


@dataclass(frozen=True, slots=True)
class Quotation:
    """Cleaned HTML, and the parts of the message it shows as pictures: their sections, and what they are called in it."""

    markup: str
    pictures: Mapping[str, str]


def has_html(stored: StoredMessage) -> bool:
    """Whether a message has HTML that can be quoted."""
    parts = [part for part in mime.shown(stored.summary.structure).rich if part.media_type == "text"]
    return any(part.subtype == "html" for part in parts) and sum(part.size for part in parts) <= LIMIT


def quotation(session: MailSession, message_id: int) -> Quotation:
    """The HTML of a message as it is quoted. One FETCH. Raises NotFound where it has none, and the errors of the connection."""
    stored, mailbox = find_message(session, message_id)
    inside = enclosed.enclosed(session, stored, mailbox)
    pages = list(inside.pages) if inside is not None else bodies.pages(session, stored, mailbox)[0]
    named = {} if inside is not None else _pictures(stored)
    used: dict[str, str] = {}
    room = PICTURE_OCTETS

    def picture(source: str) -> str:
        nonlocal room
        part = named.get(links.content_id(source)) or named.get(locations.joined(locations.NOWHERE, source))
        if part is None or (part.section not in used and (len(used) >= PICTURES or part.size > room)):
            return ""
        if part.section not in used:
            room -= part.size
            used[part.section] = content_id(session, stored, part)
        return f"cid:{used[part.section]}"

    return Quotation(outgoing(pages, pictures=picture), used)


def _pictures(stored: StoredMessage) -> dict[str, Part]:
    """The pictures of a message by each name that its HTML may use: Content-ID, address, or place between texts (RFC 2392, RFC 2557)."""
    root = stored.summary.structure
    found = {passages.picture_id(part): part for part in mime.shown(root).rich if part.media_type == "image"}
    found |= {name: part for name, part in locations.by_location(root).items() if part.media_type == "image"}
    return found | {name: part for name, part in mime.inline_by_cid(root).items() if part.media_type == "image"}


def content_id(session: MailSession, stored: StoredMessage, part: Part) -> str:
    """What a picture of a message is called where it is quoted: the same each time, and unlike every other."""
    domain = account(session).own_address.rpartition("@")[2]
    seed = f"{stored.summary.envelope.message_id_field} {stored.mailbox_id} {stored.summary.uid} {part.section}"
    return f"{hashlib.sha256(seed.encode('utf-8', 'replace')).hexdigest()[:24]}@{domain if domain.isascii() and domain else 'localhost'}"


def named_in(session: MailSession, stored: StoredMessage, text: str) -> dict[str, str]:
    """The pictures of a message that a text written anew shows, by their sections."""
    if "cid:" not in text:
        return {}
    parts = {part.section: content_id(session, stored, part) for part in _pictures(stored).values()}
    return {section: name for section, name in parts.items() if f"cid:{name}" in text}


def block(markup: str, *, heading: str, action: str) -> str:
    """A quotation with the lines above it that say whose it is; a forwarded message stands whole and without a border."""
    above = "<br>".join(escape(line, quote=False) for line in heading.split("\n"))
    if action == "forward":
        return f"<div>{above}</div><br>{markup}"
    return f'<div>{above}</div><blockquote style="{BORDER}">{markup}</blockquote>'
