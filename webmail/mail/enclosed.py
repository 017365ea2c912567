"""Messages that lie inside their own signature: opened for reading, whether it holds or not (RFC 8551 §3.5.2)."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace

from webmail.imap import fetch
from webmail.mail import bodies, passages
from webmail.mail.message_pages import NO_WISHES, BodyKind, Wishes
from webmail.mail.pages import AttachmentRow
from webmail.mail.passages import Passage
from webmail.mail.session import MailSession, account, find_message, opened
from webmail.mail.signatures import LIMIT
from webmail.mailbox import Mailbox
from webmail.message import mime
from webmail.message.secured import Form, signed_form
from webmail.sanitize import text as sanitized_text
from webmail.signatures import smime
from webmail.store import bodies as kept_bodies
from webmail.store.messages import StoredMessage


@dataclass(frozen=True, slots=True)
class Enclosed:
    """What there is to read inside a signature, as HTML still to be cleaned and as plain text; ``files`` counts what is attached there."""

    pages: tuple[str, ...] = ()
    plain: tuple[Passage, ...] = ()
    files: int = 0

    @property
    def has_html(self) -> bool:
        return bool(self.pages)

    @property
    def has_text(self) -> bool:
        return bool(self.plain)


def enclosed(session: MailSession, stored: StoredMessage, mailbox: Mailbox) -> Enclosed | None:
    """The content of a message that lies inside its signature; None for every other message, and where nothing can be found.

    The first time one FETCH and the run of a program; then a look-up. Raises the errors of the connection.
    """
    structure = stored.summary.structure
    if signed_form(structure) is not Form.SMIME_OPAQUE or structure.size > LIMIT:
        return None
    mine, key = account(session).id, f"{mailbox.id}/{stored.uidvalidity}/{stored.summary.uid}/enclosed/2"
    kept = kept_bodies.cached_body(session.database, account_id=mine, key=key)
    if kept is not None:
        known = json.loads(kept)
        return Enclosed(tuple(known["pages"]), tuple(Passage(**each) for each in known["plain"]), known["files"])
    with opened(session, mailbox, uidvalidity=stored.uidvalidity) as lent:
        octets = fetch.part(lent, stored.summary.uid, structure.section, limit=LIMIT)
    content = smime.enclosed(mime.decode_body(octets, encoding=structure.encoding))
    if content is None:
        return None
    found = _read(content)
    kept_bodies.cache_body(session.database, account_id=mine, key=key, html=json.dumps(asdict(found)))
    return found


def _read(content: bytes) -> Enclosed:
    """Pictures inside the signature have no address of their own and are left out."""
    tree, places = mime.parse_with_bodies(content)
    shown = mime.shown(tree)
    rich, plain = ([part for part in parts if part.media_type == "text"] for parts in (shown.rich, shown.plain))
    texts = {each.section: mime.read_text(content[places[each.section]][: bodies.HTML_LIMIT], each) for each in (*rich, *plain)}
    return Enclosed(
        pages=tuple(passages.pages(rich, texts)) if shown.html else (),
        plain=passages.of_parts(plain, texts, address=lambda _: "") if shown.text else (),
        files=len(mime.attachments(tree)),
    )


def body(session: MailSession, stored: StoredMessage, found: Enclosed, kind: BodyKind, wishes: Wishes) -> bodies.Body:
    """It as it is shown."""
    notices = ("enclosed_files",) if found.files else ()
    if kind is not BodyKind.HTML:
        return bodies.Body(passages=found.plain if kind is BodyKind.TEXT else (), notices=notices)
    made = bodies.cleaned(found.pages, options=bodies.options(session, stored, wishes), patient=wishes.patient)
    return replace(made, notices=notices + made.notices)


def document(session: MailSession, message_id: int, wishes: Wishes = NO_WISHES) -> str:
    """The cleaned HTML of a message for its frame, from inside its signature where it lies there. Raises NotFound."""
    stored, mailbox = find_message(session, message_id)
    inside = enclosed(session, stored, mailbox)
    if inside is not None and inside.has_html:
        return body(session, stored, inside, BodyKind.HTML, wishes).document
    return bodies.document(session, message_id, wishes)


def quotation(session: MailSession, message_id: int) -> tuple[str, tuple[AttachmentRow, ...]]:
    """The body as plain text, for quoting, from inside its signature where it lies there, and the files written into it."""
    stored, mailbox = find_message(session, message_id)
    inside = enclosed(session, stored, mailbox)
    if inside is None:
        return bodies.quotation(session, message_id)
    words = passages.quotable(inside.plain) if inside.has_text else "\n\n".join(map(sanitized_text.as_text, inside.pages))
    return words, ()


def kind(found: Enclosed, *, prefer: str) -> BodyKind:
    """How it is shown; ``prefer`` may be ``text`` where there are both."""
    if found.has_html and not (prefer == "text" and found.has_text):
        return BodyKind.HTML
    return BodyKind.TEXT if found.has_text else BodyKind.EMPTY
