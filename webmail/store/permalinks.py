"""Messages found by the Message-ID their writers gave them, which outlives every index (RFC 5322 §3.6.4)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from webmail.account import AccountId
from webmail.message.summary import MessageId
from webmail.message.thread import digest
from webmail.store import messages as stored_messages
from webmail.store.database import Database
from webmail.store.messages import StoredMessage
from webmail.store.schema import messages

MOST = 50


def copies(database: Database, account_ids: Sequence[AccountId], message_id_field: str) -> list[tuple[AccountId, StoredMessage]]:
    """The copies of a message in these accounts, the newest first; at most fifty are looked at. One query for each account."""
    found = []
    for account_id in account_ids:
        mine = (messages.c.account_id == account_id) & (messages.c.message_id_hash == digest(message_id_field))
        newest = select(messages.c.id).where(mine).order_by(messages.c.internal_date.desc(), messages.c.id.desc()).limit(MOST)
        with database.index() as connection:
            ids = [MessageId(each) for each in connection.execute(newest).scalars()]
        of_account = stored_messages.get_many(database, account_id, ids)
        # A digest may be that of another id; the field itself is what was asked for.
        found += [(account_id, each) for each in of_account if each.summary.envelope.message_id_field == message_id_field]
    return found
