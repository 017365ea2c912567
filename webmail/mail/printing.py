"""Printing: the HTML of a message as a page of its own, since paper cannot be scrolled and a frame would be cut off on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from webmail.mail import bodies, enclosed
from webmail.mail.message_pages import NO_WISHES, Wishes
from webmail.mail.session import MailSession, find_message


def document(session: MailSession, message_id: int, *, title: str, rows: Sequence[tuple[str, str]], wishes: Wishes = NO_WISHES) -> str:
    """The cleaned HTML of a message behind its head, whose words are ``title`` and ``rows``, for the policy of a body.

    One FETCH, and the cleaning. Raises NotFound("body") where the message has no HTML.
    """
    stored, mailbox = find_message(session, message_id)
    inside = enclosed.enclosed(session, stored, mailbox)
    source, carried = (inside.pages, {}) if inside else bodies.pages(session, stored, mailbox, charset=wishes.charset)
    options = replace(bodies.options(session, stored, wishes), dark=False, title=title, heading=tuple(rows), **carried)
    return bodies.cleaned(source, options=options, patient=True).document
