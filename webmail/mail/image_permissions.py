"""Whose remote images are shown: asked for once, or always for a sender or a domain; never by themselves in Junk.

A sender can be forged. A permission may therefore be held back until something proves who sent a message (``senders.is_verified``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from webmail.errors import InvalidInput
from webmail.mail import bodies, senders
from webmail.mail.bodies import Body
from webmail.mail.message_pages import BodyKind
from webmail.mail.privacy_pages import ImageSettingsPage, RemoteContent
from webmail.mail.session import MailSession, account, find_message
from webmail.mailbox import Mailbox, SpecialUse
from webmail.message.summary import Envelope, MessageSummary
from webmail.store import image_permissions, preferences
from webmail.store.image_permissions import ImagePermission, Whose

_PROVIDER_NAMES = """
126.com 163.com aol.com fastmail.com foxmail.com gmail.com gmx.at gmx.ch gmx.de gmx.net googlemail.com hotmail.com icloud.com
live.com mac.com mail.com mail.ru me.com msn.com outlook.com proton.me protonmail.com qq.com sina.com t-online.de tutanota.com
web.de yahoo.com yandex.ru ymail.com zoho.com
"""
PROVIDERS = frozenset(_PROVIDER_NAMES.split())
"""Domains of everybody: a permission for one of them would be one for all strangers, and is not offered."""


def sender_of(envelope: Envelope, mailbox: Mailbox) -> str:
    """The address a permission could be about, in lower case; empty where there is not exactly one, or the message is junk."""
    if mailbox.special_use is SpecialUse.JUNK or envelope.sender_doubtful or len(envelope.sender) != 1:
        return ""
    name, at, domain = envelope.sender[0].addr_spec.lower().rpartition("@")
    return f"{name}@{domain}" if at and name and domain else ""


def shown(
    session: MailSession, summary: MessageSummary, mailbox: Mailbox, *, once: bool, kind: BodyKind, fetch: Callable[[bool], Body]
) -> tuple[Body, bool, RemoteContent]:
    """A body with its images where they are asked for ``once`` or permitted, whether they are, and what it wanted.

    ``fetch`` gives the body with or without images. It is asked twice only where a proof of the sender is needed and found.
    """
    sender = sender_of(summary.envelope, mailbox)
    known = None
    if kind is BodyKind.HTML and sender:
        known = image_permissions.for_sender(session.database, mailbox.account_id, sender)
    images = once or (known is not None and not known.only_verified)
    body = fetch(images)
    if known is not None and not images and senders.is_verified(session, summary, body.facts):
        body, images = fetch(True), True
    domain = sender.rpartition("@")[2]
    remote = replace(
        body.remote,
        permission=known,
        held=known is not None and known.only_verified and not images,
        sender=sender,
        domain="" if domain in PROVIDERS else domain,
    )
    return body, images, remote


def permit(session: MailSession, message_id: int, *, whose: str, only_verified: bool) -> ImagePermission:
    """Show the images of a message's sender, or of its domain, from now on. Raises NotFound, InvalidInput("image_sender")."""
    stored, mailbox = find_message(session, message_id)
    sender = sender_of(stored.summary.envelope, mailbox)
    value = {Whose.SENDER: sender, Whose.DOMAIN: sender.rpartition("@")[2]}.get(Whose(whose), "") if whose in list(Whose) else ""
    if not value or value in PROVIDERS:
        raise InvalidInput("image_sender", field="whose")
    return image_permissions.add(
        session.database, mailbox.account_id, whose=Whose(whose), value=value, only_verified=only_verified, now=datetime.now(UTC)
    )


def revoke(session: MailSession, permission_id: int) -> ImagePermission:
    """Take a permission back and return what it was. Raises NotFound("image_permission")."""
    return image_permissions.remove(session.database, account(session).id, permission_id)


def page(session: MailSession) -> ImageSettingsPage:
    """All permissions of all accounts of a person, and how links are shown."""
    found = [each for mine in session.accounts for each in image_permissions.of_account(session.database, mine.id)]
    return ImageSettingsPage(tuple(found), clean_links=bodies.cleans_links(session))


def choose_links(session: MailSession, *, clean: bool) -> None:
    """Remember whether links are shown without the parameters that only watch."""
    preferences.put(session.database, session.user.id, bodies.CLEAN_LINKS, "yes" if clean else "no")
