"""Which mailing lists an account has asked to leave, and when."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, insert, select

from webmail.account import AccountId
from webmail.store.columns import clean, microseconds, moment
from webmail.store.database import Database
from webmail.store.schema import unsubscriptions

LONGEST = 255


def left_at(database: Database, account_id: AccountId, list_name: str) -> datetime | None:
    """When the account asked last to leave a list, or None. One look-up by key."""
    mine = (unsubscriptions.c.account_id == account_id) & (unsubscriptions.c.list_name == clean(list_name)[:LONGEST])
    with database.durable() as connection:
        found = connection.execute(select(unsubscriptions.c.left_at).where(mine)).scalar()
    return None if found is None else moment(found)


def put(database: Database, account_id: AccountId, list_name: str, *, now: datetime) -> None:
    """Remember that the account has asked to leave a list."""
    name = clean(list_name)[:LONGEST]
    with database.durable_write() as connection:
        connection.execute(delete(unsubscriptions).where(unsubscriptions.c.account_id == account_id, unsubscriptions.c.list_name == name))
        connection.execute(insert(unsubscriptions).values(account_id=account_id, list_name=name, left_at=microseconds(now)))
