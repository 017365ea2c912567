"""Bodies of mail that has just come, made ready in the background, so that opening them costs no fetch and no cleaning."""

from __future__ import annotations

from webmail.errors import NotFound, ServerRefused
from webmail.mail import bodies, enclosed, signatures
from webmail.mail.session import MailSession, account
from webmail.mailbox import MailboxId, SpecialUse
from webmail.message import mime
from webmail.message.summary import Flag, Uid
from webmail.store import listing, mailboxes, messages

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
        kind = bodies.kind(mime.shown(stored.summary.structure), prefer="")
        try:
            found = bodies.content(session, stored, mailbox, images=False, kind=kind)
            enclosed.enclosed(session, stored, mailbox)
            signatures.signature(session, stored, mailbox, found.text)
        except (NotFound, ServerRefused):
            # Gone meanwhile, or not to be had: who opens it is told.
            continue
