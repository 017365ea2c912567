"""Bodies of mail that has just come, made ready in the background, so that opening them costs no fetch and no cleaning."""

from __future__ import annotations

from webmail.errors import NotFound, ServerRefused
from webmail.mail import bodies, enclosed, image_permissions, signatures
from webmail.mail.message_pages import Wishes
from webmail.mail.session import MailSession, account
from webmail.mailbox import Mailbox, MailboxId, SpecialUse
from webmail.message import mime
from webmail.message.summary import Flag, Uid
from webmail.store import listing, mailboxes, messages
from webmail.store.messages import StoredMessage

AT_ONCE = 20
"""Of more messages that come together, the newest so many: who comes back to hundreds reads these first, if any."""
NOT_READ = frozenset({SpecialUse.JUNK, SpecialUse.TRASH, SpecialUse.DRAFTS})


def make_ready(session: MailSession, mailbox_id: MailboxId, *, since: Uid) -> None:
    """Fetch and clean the bodies of the newest unread messages from a UID on that are not in the index yet.

    One FETCH for each, and what verifying its signature costs. Raises NotFound where the mailbox is gone, and the errors of the connection.
    """
    mailbox, _ = mailboxes.opened(session.database, account(session).id, mailbox_id)
    if mailbox.special_use in NOT_READ:
        return
    for uid, flags in listing.newest_flags(session.database, mailbox_id, limit=AT_ONCE).items():
        stored = messages.by_uid(session.database, mailbox_id, uid)
        if stored is None or uid < since or Flag.SEEN in flags:
            continue
        try:
            _make(session, stored, mailbox)
        except (NotFound, ServerRefused):
            # Gone meanwhile, or not to be had: who opens it is told.
            continue


def _make(session: MailSession, stored: StoredMessage, mailbox: Mailbox) -> None:
    """Make a body ready as it will be shown: with the addresses of its images where its sender is permitted; none is fetched."""
    kind = bodies.kind(mime.shown(stored.summary.structure), prefer="")
    found, _, _ = image_permissions.shown(
        session,
        stored.summary,
        mailbox,
        once=False,
        kind=kind,
        fetch=lambda images: bodies.content(session, stored, mailbox, kind=kind, wishes=Wishes(images=images)),
    )
    enclosed.enclosed(session, stored, mailbox)
    signatures.signature(session, stored, mailbox, found.text)
