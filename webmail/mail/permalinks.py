"""Permalinks: a message named by its Message-ID, in addresses that stay good when the index is built again."""

from __future__ import annotations

from webmail.account import AccountId
from webmail.errors import NotFound
from webmail.mail.session import MailSession
from webmail.mailbox import SpecialUse
from webmail.message.header import message_ids
from webmail.message.summary import MessageId
from webmail.store import mailboxes, permalinks

LAST = (SpecialUse.TRASH, SpecialUse.JUNK)
"""Where a copy is shown from only if there is no other."""


def find(session: MailSession, named: str) -> tuple[AccountId, MessageId]:
    """The best copy of the message of an id, written with or without its angle brackets, and the account it is in.

    Of several copies the newest, one in Trash or Junk last, and those of the account shown first. One query for each account.
    Raises NotFound("permalink") for an id that nothing in the index has.
    """
    ids = message_ids(named if "<" in named else f"<{named}>")
    if len(ids) != 1:
        raise NotFound("permalink")
    copies = permalinks.copies(session.database, [each.id for each in session.accounts], ids[0])
    if not copies:
        raise NotFound("permalink")
    roles = {each: mailboxes.get(session.database, owner, each).special_use for owner, each in {(o, m.mailbox_id) for o, m in copies}}
    owner, best = min(copies, key=lambda copy: roles[copy[1].mailbox_id] in LAST)
    return owner, best.summary.id
