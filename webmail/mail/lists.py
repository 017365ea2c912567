"""Mailing lists: what a message offers to whoever wants to leave its list or write to it (RFC 2369, RFC 8058)."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from webmail.errors import NotAllowed
from webmail.imageproxy import oneclick
from webmail.imageproxy.network import Network
from webmail.mail import bodies, senders
from webmail.mail.message_pages import BodyKind, Mailing
from webmail.mail.session import MailSession, account, find_message
from webmail.message import lists
from webmail.message.facts import Facts
from webmail.message.summary import Envelope, MessageSummary
from webmail.store import unsubscriptions


def mailing(session: MailSession, summary: MessageSummary, facts: Facts) -> Mailing | None:
    """How to leave the list of a message and how to write to it; None where it tells neither. Two look-ups at most.

    One click is offered where a signature covers the fields that say so, which whoever looked at signatures found to hold.
    """
    verdict = senders.verdict_of(session, summary, facts) if facts.unsubscribe_https else None
    held = None if verdict is None else {each.domain for each in (*verdict.signatures, *verdict.local) if each.result == "pass"}
    post = lists.mail_to(facts.list_post)
    found = Mailing(
        one_click=lists.offers_one_click(facts.unsubscribe_https, facts.unsubscribe_signers, held),
        host=(urlsplit(facts.unsubscribe_https or facts.unsubscribe_link).hostname or "") if facts.unsubscribe_link else "",
        mail_to=lists.mail_to(facts.unsubscribe_mailto),
        link=facts.unsubscribe_link,
        post=post.to if post else "",
    )
    if not (found.can_be_left or found.post):
        return None
    left_at = unsubscriptions.left_at(session.database, account(session).id, _name(summary.envelope)) if found.can_be_left else None
    return Mailing(found.one_click, found.host, found.mail_to, found.link, found.post, left_at)


def facts_of(session: MailSession, message_id: int) -> tuple[MessageSummary, Facts]:
    """What the header of a message says; one FETCH if it was never opened. Raises NotFound."""
    stored, mailbox = find_message(session, message_id)
    found = bodies.content(session, stored, mailbox, kind=BodyKind.EMPTY)
    return stored.summary, found.facts


def leave(session: MailSession, message_id: int, *, now: datetime, network: Network) -> str:
    """Ask the sender of a list to take this address off it, because somebody pressed the button; returns its name.

    One POST to the address that the message gives, and a note of when. Raises NotFound, NotAllowed("unsubscribe_none") for a
    message that offers no such way, and what ``oneclick.leave`` raises; then nothing is noted.
    """
    summary, facts = facts_of(session, message_id)
    offer, name = mailing(session, summary, facts), _name(summary.envelope)
    if offer is None or not offer.one_click:
        raise NotAllowed("unsubscribe_none")
    oneclick.leave(facts.unsubscribe_https, network)
    unsubscriptions.put(session.database, account(session).id, name, now=now)
    return name


def _name(envelope: Envelope) -> str:
    """What a list is known by: its List-Id, else who sends it (RFC 2919)."""
    return (envelope.list_id or (envelope.sender[0].addr_spec if envelope.sender else "")).lower()
