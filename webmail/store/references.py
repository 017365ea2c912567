"""MessageRef: how drafts and submissions name the message they answer, so that it is found after the index was dropped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from webmail.account import AccountId
from webmail.mailbox import MailboxId
from webmail.message.summary import Uid


@dataclass(frozen=True, slots=True)
class MessageRef:
    """A message by its place on the server and its Message-ID field."""

    account_id: AccountId
    mailbox_id: MailboxId
    uidvalidity: int
    uid: Uid
    message_id_field: str


def original_columns(original: MessageRef | None) -> dict[str, Any]:
    """The columns of a draft or submission that name its original; it belongs to the same account."""
    return {
        "original_mailbox_id": original.mailbox_id if original else None,
        "original_uidvalidity": original.uidvalidity if original else None,
        "original_uid": original.uid if original else None,
        "original_message_id_field": original.message_id_field if original else "",
    }


def original_value(row: Row[*tuple[Any, ...]]) -> MessageRef | None:
    """The original that the columns of a row name, or None."""
    if row.original_uid is None:
        return None
    return MessageRef(row.account_id, row.original_mailbox_id, row.original_uidvalidity, row.original_uid, row.original_message_id_field)
