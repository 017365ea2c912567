"""Printing: the HTML of a message as a page of its own, since paper cannot be scrolled and a frame would be cut off on it."""

from __future__ import annotations

from collections.abc import Sequence

from webmail.errors import NotFound
from webmail.imap import fetch
from webmail.mail import bodies, enclosed
from webmail.mail.session import MailSession, find_message, opened
from webmail.mailbox import Mailbox
from webmail.message import mime
from webmail.sanitize import html
from webmail.store.messages import StoredMessage


def document(session: MailSession, message_id: int, *, title: str, rows: Sequence[tuple[str, str]], images: bool = False) -> str:
    """The cleaned HTML of a message behind its head, whose words are ``title`` and ``rows``, for the policy of a body.

    One FETCH, and the cleaning. Raises NotFound("body") where the message has no HTML.
    """
    stored, mailbox = find_message(session, message_id)
    inside = enclosed.enclosed(session, stored, mailbox)
    source = inside.html if inside else _html(session, stored, mailbox)
    options = html.BodyOptions(
        images=html.ImagePolicy.PROXIED if images else html.ImagePolicy.BLOCKED,
        cid={} if inside else bodies.inline_pictures(stored),
        title=title,
        heading=tuple(rows),
    )
    return html.clean(source, options=options).document


def _html(session: MailSession, stored: StoredMessage, mailbox: Mailbox) -> str:
    part = mime.shown(stored.summary.structure).html
    if part is None:
        raise NotFound("body")
    with opened(session, mailbox, uidvalidity=stored.uidvalidity) as lent:
        octets = fetch.part(lent, stored.summary.uid, part.section, limit=bodies.HTML_LIMIT)
    return mime.part_text(octets, part)[0]
