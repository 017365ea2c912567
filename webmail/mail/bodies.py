"""Bodies as they are shown: fetched, decoded and cleaned once, and kept in the index (bounded, least used first).

What is shown, listed, downloaded and quoted is one and the same part: the tree is the server's BODYSTRUCTURE, and every
section is fetched by its number. With the first fetch of a body comes the header, of which the ``Facts`` are kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from webmail.errors import NotFound
from webmail.imap import fetch
from webmail.mail import enclosures
from webmail.mail.message_pages import BodyKind
from webmail.mail.search import Marks, marker
from webmail.mail.session import MailSession, account, find_message, opened
from webmail.mailbox import Mailbox
from webmail.message import facts, mime, text
from webmail.message.facts import NO_FACTS, Facts
from webmail.message.mime import Part
from webmail.sanitize import html
from webmail.sanitize import text as sanitized_text
from webmail.store import bodies
from webmail.store.messages import StoredMessage

TEXT_LIMIT = 512 * 1024
"""Octets of a text part that are shown; the rest is a download away."""
HTML_LIMIT = 1024 * 1024
WORDS = re.compile(r">([^<]*[^<\s][^<]*)<")
BLOCKS = re.compile(r"<(?:p|br|li|tr|h[1-6]|hr|div|blockquote|pre|dt|dd)\b")
PICTURE_HEIGHTS = re.compile(r"<img\b[^>]*?\bheight=[\"'](\d{1,4})[\"']")
FACTS_OCTETS = 64 * 1024
"""Of a header so much is read for its facts."""


@dataclass(frozen=True, slots=True)
class Body:
    """A decoded, and for HTML cleaned, body. ``document`` is empty for plain text, ``text`` for HTML."""

    document: str = ""
    text: str = ""
    remote_images: int = 0
    notices: tuple[str, ...] = ()
    facts: Facts = NO_FACTS
    besides: Mapping[str, str] = field(default_factory=dict)
    """What is read with the message, as it is kept (see ``enclosures``)."""


def kind(shown: mime.Shown, *, prefer: str) -> BodyKind:
    """How the body of a message is shown; ``prefer`` may be ``text`` where there are both."""
    if shown.html is not None and not (prefer == "text" and shown.text is not None):
        return BodyKind.HTML
    return BodyKind.TEXT if shown.text is not None else BodyKind.EMPTY


def flowed(part: Part | None) -> bool:
    """Whether the lines of a text part flow (RFC 3676 §4.1)."""
    return part is not None and part.params.get("format", "").lower() == "flowed"


def delsp(part: Part | None) -> bool:
    """Whether the blank before a soft line break is to be deleted (RFC 3676 §4.1)."""
    return part is not None and part.params.get("delsp", "").lower() == "yes"


def height(document: str) -> int:
    """A guess at the height of the frame in pixels: without script the frame keeps it and scrolls inside.

    Counts lines of words, pictures and the things that begin a line; rather too high than too low.
    """
    body = document.partition("<body")[2]
    words = sum(len(run) for run in WORDS.findall(body))
    pictures = sum(min(600, int(height)) for height in PICTURE_HEIGHTS.findall(body))
    blocks = len(BLOCKS.findall(body))
    return max(160, min(6000, 60 + words * 24 // 70 + blocks * 20 + pictures))


def content(
    session: MailSession,
    stored: StoredMessage,
    mailbox: Mailbox,
    *,
    images: bool,
    kind: BodyKind,
    query: str = "",
    within: Part | None = None,
) -> Body:
    """The body as it is shown, from the index if it was read before; one with marks is made anew each time.

    ``within`` is an attached message, whose body it is then. At most one FETCH, of the part and, the first time, of the
    header and of what is read with the message (see ``enclosures``). Raises the errors of the connection.
    """
    marks = marker(query)
    root = root_of(stored, within)
    shown = mime.shown(root)
    part = {BodyKind.HTML: shown.html, BodyKind.TEXT: shown.text}.get(kind)
    mine, place = account(session).id, f"{mailbox.id}/{stored.uidvalidity}/{stored.summary.uid}"
    key = f"{place}/{part.section if part else None}/{kind}/{int(images)}/{html.POLICY_VERSION}"
    place += f"/{within.section}" if within else ""
    facts_key, enclosed_key = f"{place}/facts/{facts.FACTS_VERSION}", f"{place}/enclosed/{enclosures.VERSION}"
    besides = enclosures.wanted(root)
    kept = bodies.cached_bodies(session.database, account_id=mine, keys=[key, facts_key, *([enclosed_key] if besides else [])])
    header = f"{within.section}.HEADER" if within else "HEADER"
    wanted = {} if facts_key in kept else {header: FACTS_OCTETS}
    if part is not None and (key not in kept or marks is not None):
        wanted[part.section] = _limit(part)
    if besides and enclosed_key not in kept:
        wanted |= besides
    octets = _fetched(session, stored, mailbox, wanted) if wanted else {}
    new: dict[str, str] = {}
    if facts_key not in kept:
        new[facts_key] = facts.to_json(facts.facts(octets.get(header, b"")))
    if besides and enclosed_key not in kept:
        new[enclosed_key] = json.dumps(enclosures.prepared(root, {name: octets[name] for name in besides if name in octets}))
    made = Body()
    if part is not None and part.section in wanted:
        made = _made(stored, part, octets.get(part.section, b""), images=images, marks=marks, root=root)
        if marks is None:
            new[key] = json.dumps({name: getattr(made, name) for name in ("document", "text", "remote_images", "notices")})
    elif part is not None:
        found = json.loads(kept[key])
        made = Body(**{**found, "notices": tuple(found.get("notices", ()))})
    for name, written in new.items():
        bodies.cache_body(session.database, account_id=mine, key=name, html=written)
    kept |= new
    return replace(made, facts=facts.from_json(kept[facts_key]), besides=json.loads(kept[enclosed_key]) if besides else {})


def root_of(stored: StoredMessage, within: Part | None) -> Part:
    """The tree of the message, or of one attached to it."""
    return within.parts[0] if within else stored.summary.structure


def _fetched(session: MailSession, stored: StoredMessage, mailbox: Mailbox, wanted: Mapping[str, int]) -> dict[str, bytes]:
    """The beginnings of sections of a message. One round trip."""
    with opened(session, mailbox, uidvalidity=stored.uidvalidity) as lent:
        return fetch.sections(lent, stored.summary.uid, wanted)


def _limit(part: Part) -> int:
    return HTML_LIMIT if part.subtype == "html" else TEXT_LIMIT


def _made(stored: StoredMessage, part: Part, octets: bytes, *, images: bool, marks: Marks | None, root: Part) -> Body:
    is_html = part.subtype == "html"
    body = _shown_html(stored, part, octets, images=images, marks=marks, root=root) if is_html else _shown_text(part, octets)
    notices = body.notices + (("cut",) if len(octets) >= _limit(part) else ()) + (("broken",) if "broken" in part.params else ())
    return replace(body, notices=tuple(dict.fromkeys(notices)))


def _shown_text(part: Part, octets: bytes) -> Body:
    decoded, known = mime.part_text(octets, part)
    return Body(text=decoded, notices=() if known else ("charset",))


def _shown_html(stored: StoredMessage, part: Part, octets: bytes, *, images: bool, marks: Marks | None, root: Part) -> Body:
    decoded, known = mime.part_text(octets, part)
    inline = {
        content_id: f"/messages/{stored.summary.id}/parts/{each.section}/{quote(each.filename or 'image', safe='')}"
        for content_id, each in mime.inline_by_cid(root).items()
    }
    policy = html.ImagePolicy.PROXIED if images else html.ImagePolicy.BLOCKED
    cleaned = html.clean(decoded, options=html.BodyOptions(images=policy, cid=inline, hits=marks))
    notices = (() if known else ("charset",)) + (("cut",) if cleaned.cut else ())
    return Body(document=cleaned.document, remote_images=cleaned.remote_images, notices=notices)


def document(session: MailSession, message_id: int, *, images: bool = False, query: str = "") -> str:
    """The cleaned HTML document of a message for its frame. Raises NotFound where the message has no HTML."""
    stored, mailbox = find_message(session, message_id)
    if mime.shown(stored.summary.structure).html is None:
        raise NotFound("body")
    return content(session, stored, mailbox, images=images, kind=BodyKind.HTML, query=query).document


def readable_text(session: MailSession, message_id: int) -> str:
    """The body as plain text, for quoting: the text part, else the words of the HTML part."""
    stored, mailbox = find_message(session, message_id)
    shown = mime.shown(stored.summary.structure)
    part = shown.text or shown.html
    if part is None:
        return ""
    with opened(session, mailbox, uidvalidity=stored.uidvalidity) as lent:
        octets = fetch.part(lent, stored.summary.uid, part.section, limit=TEXT_LIMIT)
    decoded, _ = mime.part_text(octets, part)
    if part is shown.html:
        return sanitized_text.as_text(decoded)
    return text.unflow(decoded, delsp=delsp(part)) if flowed(part) else decoded
