"""Messages that lie inside their own signature: opened for reading, whether it holds or not (RFC 8551 §3.5.2)."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from webmail.imap import fetch
from webmail.mail import bodies
from webmail.mail.message_pages import BodyKind
from webmail.mail.session import MailSession, account, find_message, opened
from webmail.mail.signatures import LIMIT
from webmail.mailbox import Mailbox
from webmail.message import mime, text
from webmail.message.secured import Form, signed_form
from webmail.sanitize import html
from webmail.sanitize import text as sanitized_text
from webmail.signatures import smime
from webmail.store import bodies as kept_bodies
from webmail.store.messages import StoredMessage


@dataclass(frozen=True, slots=True)
class Enclosed:
    """What there is to read inside a signature; ``files`` counts what is attached to it there."""

    html: str = ""
    text: str = ""
    has_html: bool = False
    has_text: bool = False
    flowed: bool = False
    delsp: bool = False
    files: int = 0


def enclosed(session: MailSession, stored: StoredMessage, mailbox: Mailbox) -> Enclosed | None:
    """The content of a message that lies inside its signature; None for every other message, and where nothing can be found.

    The first time one FETCH and the run of a program; then a look-up. Raises the errors of the connection.
    """
    structure = stored.summary.structure
    if signed_form(structure) is not Form.SMIME_OPAQUE or structure.size > LIMIT:
        return None
    mine, key = account(session).id, f"{mailbox.id}/{stored.uidvalidity}/{stored.summary.uid}/enclosed/1"
    kept = kept_bodies.cached_body(session.database, account_id=mine, key=key)
    if kept is not None:
        return Enclosed(**json.loads(kept))
    with opened(session, mailbox, uidvalidity=stored.uidvalidity) as lent:
        octets = fetch.part(lent, stored.summary.uid, structure.section, limit=LIMIT)
    content = smime.enclosed(mime.decode_body(octets, encoding=structure.encoding))
    if content is None:
        return None
    found = _read(content)
    kept_bodies.cache_body(session.database, account_id=mine, key=key, html=json.dumps(asdict(found)))
    return found


def _read(content: bytes) -> Enclosed:
    tree, places = mime.parse_with_bodies(content)
    shown = mime.shown(tree)
    words = {
        part.section: mime.part_text(content[places[part.section]][: bodies.HTML_LIMIT], part)[0]
        for part in (shown.html, shown.text)
        if part
    }
    return Enclosed(
        html=words[shown.html.section] if shown.html else "",
        text=words[shown.text.section] if shown.text else "",
        has_html=shown.html is not None,
        has_text=shown.text is not None,
        flowed=bodies.flowed(shown.text),
        delsp=bodies.delsp(shown.text),
        files=len(mime.attachments(tree)),
    )


def body(found: Enclosed, kind: BodyKind, *, images: bool) -> bodies.Body:
    """It as it is shown. Pictures inside the signature have no address of their own and are left out."""
    notices = ("enclosed_files",) if found.files else ()
    if kind is not BodyKind.HTML:
        return bodies.Body(text=found.text if kind is BodyKind.TEXT else "", notices=notices)
    policy = html.ImagePolicy.PROXIED if images else html.ImagePolicy.BLOCKED
    made = html.clean(found.html, options=html.BodyOptions(images=policy))
    return bodies.Body(document=made.document, remote_images=made.remote_images, notices=notices + (("cut",) if made.cut else ()))


def document(session: MailSession, message_id: int, *, images: bool = False, query: str = "") -> str:
    """The cleaned HTML of a message for its frame, from inside its signature where it lies there. Raises NotFound."""
    stored, mailbox = find_message(session, message_id)
    inside = enclosed(session, stored, mailbox)
    if inside is not None and inside.has_html:
        return body(inside, BodyKind.HTML, images=images).document
    return bodies.document(session, message_id, images=images, query=query)


def readable_text(session: MailSession, message_id: int) -> str:
    """The body as plain text, for quoting, from inside its signature where it lies there. Raises NotFound."""
    stored, mailbox = find_message(session, message_id)
    inside = enclosed(session, stored, mailbox)
    if inside is None:
        return bodies.readable_text(session, message_id)
    if not inside.has_text:
        return sanitized_text.as_text(inside.html)
    return text.unflow(inside.text, delsp=inside.delsp) if inside.flowed else inside.text


def kind(found: Enclosed, *, prefer: str) -> BodyKind:
    """How it is shown; ``prefer`` may be ``text`` where there are both."""
    if found.has_html and not (prefer == "text" and found.has_text):
        return BodyKind.HTML
    return BodyKind.TEXT if found.has_text else BodyKind.EMPTY
