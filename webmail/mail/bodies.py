"""Bodies as they are shown: fetched, decoded and cleaned once, and kept in the index (bounded, least used first).

What is shown, listed, downloaded and quoted is one and the same part: the tree is the server's BODYSTRUCTURE, and every
section is fetched by its number. With the first fetch of a body comes the header, of which the ``Facts`` are kept.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from urllib.parse import quote

from webmail.errors import NotFound
from webmail.imap import fetch
from webmail.mail.message_pages import BodyKind
from webmail.mail.search import marker
from webmail.mail.session import MailSession, account, find_message, opened
from webmail.mailbox import Mailbox
from webmail.message import facts, mime, text
from webmail.message.facts import NO_FACTS, Facts
from webmail.message.mime import Part
from webmail.sanitize import extent, html
from webmail.sanitize import text as sanitized_text
from webmail.sanitize.options import BodyOptions, ImagePolicy
from webmail.store import bodies
from webmail.store.messages import StoredMessage

TEXT_LIMIT = 512 * 1024
"""Octets of a text part that are shown; the rest is a download away."""
HTML_LIMIT = 1024 * 1024
FRAME_WIDTH = 700
HEIGHTS = (120, 8000)
"""The least and the most that a frame is given before it scrolls inside."""
_POLICIES = {False: ImagePolicy.BLOCKED, True: ImagePolicy.PROXIED}
FACTS_OCTETS = 64 * 1024
"""Of a header so much is read for its facts."""


@dataclass(frozen=True, slots=True)
class Body:
    """A decoded, and for HTML cleaned, body. ``document`` is empty for plain text, ``text`` for HTML.

    ``height`` is about how high the document is in a frame as wide as usual; ``coloured`` says that it has colours of its own.
    """

    document: str = ""
    text: str = ""
    remote_images: int = 0
    notices: tuple[str, ...] = ()
    height: int = 0
    coloured: bool = False
    facts: Facts = NO_FACTS


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


def content(
    session: MailSession, stored: StoredMessage, mailbox: Mailbox, *, images: bool, kind: BodyKind, query: str = "", original: bool = False
) -> Body:
    """The body as it is shown, from the index if it was read before; one with marks is made anew each time.

    ``original`` leaves its colours as they are on dark screens too.

    At most one FETCH, of the part and, the first time, of the header. Raises the errors of the connection.
    """
    marks = marker(query)
    shown = mime.shown(stored.summary.structure)
    part = {BodyKind.HTML: shown.html, BodyKind.TEXT: shown.text}.get(kind)
    mine, place = account(session).id, f"{mailbox.id}/{stored.uidvalidity}/{stored.summary.uid}"
    key = f"{place}/{part.section if part else None}/{kind}/{int(images)}{'o' if original else ''}/{html.POLICY_VERSION}"
    facts_key = f"{place}/facts/{facts.FACTS_VERSION}"
    kept = bodies.cached_bodies(session.database, account_id=mine, keys=[key, facts_key])
    known = facts.from_json(kept[facts_key]) if facts_key in kept else None
    if known is not None and (part is None or (key in kept and marks is None)):
        found = json.loads(kept[key]) if part else {}
        return Body(**{**found, "notices": tuple(found.get("notices", ()))}, facts=known)
    header, octets = _fetched(session, stored, mailbox, part, with_header=known is None)
    if known is None:
        known = facts.facts(header)
        bodies.cache_body(session.database, account_id=mine, key=facts_key, html=facts.to_json(known))
    if part is None:
        return Body(facts=known)
    made = _made(stored, part, octets, options=BodyOptions(images=_POLICIES[images], hits=marks, dark=not original))
    if marks is None:
        written = {name: getattr(made, name) for name in ("document", "text", "remote_images", "notices", "height", "coloured")}
        bodies.cache_body(session.database, account_id=mine, key=key, html=json.dumps(written))
    return replace(made, facts=known)


def _fetched(session: MailSession, stored: StoredMessage, mailbox: Mailbox, part: Part | None, *, with_header: bool) -> tuple[bytes, bytes]:
    """The beginnings of the header, if it is wanted, and of the part, if there is one. One round trip."""
    wanted = {"HEADER": FACTS_OCTETS} if with_header else {}
    if part is not None:
        wanted[part.section] = _limit(part)
    with opened(session, mailbox, uidvalidity=stored.uidvalidity) as lent:
        found = fetch.sections(lent, stored.summary.uid, wanted)
    return found.get("HEADER", b""), found.get(part.section, b"") if part else b""


def _limit(part: Part) -> int:
    return HTML_LIMIT if part.subtype == "html" else TEXT_LIMIT


def _made(stored: StoredMessage, part: Part, octets: bytes, *, options: BodyOptions) -> Body:
    body = _shown_html(stored, part, octets, options) if part.subtype == "html" else _shown_text(part, octets)
    notices = body.notices + (("cut",) if len(octets) >= _limit(part) else ()) + (("broken",) if "broken" in part.params else ())
    return replace(body, notices=tuple(dict.fromkeys(notices)))


def _shown_text(part: Part, octets: bytes) -> Body:
    decoded, known = mime.part_text(octets, part)
    return Body(text=decoded, notices=() if known else ("charset",))


def _shown_html(stored: StoredMessage, part: Part, octets: bytes, options: BodyOptions) -> Body:
    decoded, known = mime.part_text(octets, part)
    inline = {
        content_id: f"/messages/{stored.summary.id}/parts/{each.section}/{quote(each.filename or 'image', safe='')}"
        for content_id, each in mime.inline_by_cid(stored.summary.structure).items()
    }
    cleaned = html.clean(decoded, options=replace(options, cid=inline))
    notices = (() if known else ("charset",)) + (("cut",) if cleaned.cut else ())
    height = max(HEIGHTS[0], min(HEIGHTS[1], extent.height(cleaned.document, width=FRAME_WIDTH)))
    return Body(cleaned.document, remote_images=cleaned.remote_images, notices=notices, height=height, coloured=cleaned.own_style)


def document(session: MailSession, message_id: int, *, images: bool = False, query: str = "", original: bool = False) -> str:
    """The cleaned HTML document of a message for its frame. Raises NotFound where the message has no HTML."""
    stored, mailbox = find_message(session, message_id)
    if mime.shown(stored.summary.structure).html is None:
        raise NotFound("body")
    return content(session, stored, mailbox, images=images, kind=BodyKind.HTML, query=query, original=original).document


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
