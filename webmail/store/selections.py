"""Selections: the messages that "all" were when somebody said so; what comes later is not among them.

A message is named by account, mailbox, UIDVALIDITY and UID, so that a selection means the same after the index was
built anew. Kept for a day.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update

from webmail.account import AccountId, UserId
from webmail.errors import NotFound
from webmail.mailbox import MailboxId
from webmail.message.summary import Uid
from webmail.store.columns import dumps, loads, microseconds
from webmail.store.database import Database
from webmail.store.schema import selections

KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The messages selected in one mailbox."""

    account_id: AccountId
    mailbox_id: MailboxId
    uidvalidity: int
    uids: tuple[Uid, ...]


def put(database: Database, user_id: UserId, chosen: Sequence[Chosen], *, now: datetime) -> int:
    """Keep a selection and return its id. What is older than a day is forgotten."""
    values = {
        "user_id": user_id,
        "content": _content(chosen),
        "count": sum(len(each.uids) for each in chosen),
        "created_at": microseconds(now),
    }
    with database.durable_write() as connection:
        connection.execute(delete(selections).where(selections.c.created_at < microseconds(now - KEPT)))
        new: int = connection.execute(insert(selections).values(values).returning(selections.c.id)).scalar_one()
        return new


def _content(chosen: Sequence[Chosen]) -> bytes:
    return zlib.compress(dumps([[each.account_id, each.mailbox_id, each.uidvalidity, each.uids] for each in chosen]).encode(), 1)


def get(database: Database, user_id: UserId, selection_id: int) -> list[Chosen]:
    """A selection of the person. Raises NotFound("selection")."""
    with database.durable() as connection:
        query = select(selections.c.content).where(selections.c.user_id == user_id, selections.c.id == selection_id)
        content = connection.execute(query).scalar()
    if content is None:
        raise NotFound("selection")
    rows = loads(zlib.decompress(content))
    return [Chosen(account_id, mailbox_id, uidvalidity, tuple(uids)) for account_id, mailbox_id, uidvalidity, uids in rows]


def shorten(database: Database, user_id: UserId, selection_id: int, *, mailbox_id: MailboxId, without: Collection[Uid]) -> None:
    """Take messages out that have been dealt with."""
    gone = frozenset(without)
    left = [
        replace(each, uids=tuple(uid for uid in each.uids if uid not in gone)) if each.mailbox_id == mailbox_id else each
        for each in get(database, user_id, selection_id)
    ]
    with database.durable_write() as connection:
        connection.execute(update(selections).where(selections.c.id == selection_id).values(content=_content(left)))


def count(database: Database, user_id: UserId, selection_id: int) -> int:
    """How many messages a selection has. Raises NotFound("selection")."""
    with database.durable() as connection:
        query = select(selections.c.count).where(selections.c.user_id == user_id, selections.c.id == selection_id)
        found = connection.execute(query).scalar()
    if found is None:
        raise NotFound("selection")
    return int(found)
