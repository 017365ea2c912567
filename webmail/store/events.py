"""Events: what happened to an account, in order, for the pages that are open: they follow it by its ids.

They stand in the index, which may be dropped: then the ids begin anew, and whoever follows is told that something is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select

from webmail.account import AccountId
from webmail.mailbox import MailboxId
from webmail.store.columns import dumps, loads, microseconds, moment
from webmail.store.database import Database
from webmail.store.schema import events

CHANGED, ARRIVED, COUNTS, FOLDERS = "changed", "arrived", "counts", "folders"
"""Rows of a mailbox are others now; messages came (``count``); numbers of the sidebar are others; the tree of folders is another."""
_OF_ACCOUNT = events.c.account_id == bindparam("account")
SINCE = select(events).where(_OF_ACCOUNT, events.c.id > bindparam("after")).order_by(events.c.id).limit(bindparam("many"))
ENDS = select(func.min(events.c.id), func.max(events.c.id)).where(_OF_ACCOUNT)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. ``mailbox_id`` is 0 for what is of no mailbox in particular."""

    id: int
    mailbox_id: MailboxId
    kind: str
    payload: Mapping[str, Any]
    at: datetime


def put(
    database: Database, account_id: AccountId, *, kind: str, now: datetime, mailbox_id: int = 0, payload: Mapping[str, Any] | None = None
) -> None:
    """Note that something happened."""
    with database.index_write() as connection:
        put_with(connection, account_id, kind=kind, now=now, mailbox_id=mailbox_id, payload=payload)


def put_with(
    connection: Connection,
    account_id: AccountId,
    *,
    kind: str,
    now: datetime,
    mailbox_id: int = 0,
    payload: Mapping[str, Any] | None = None,
) -> None:
    """As ``put``, in the transaction that makes it true; for this room only."""
    row = {"account_id": account_id, "mailbox_id": mailbox_id, "kind": kind, "payload": dumps(dict(payload or {})), "at": microseconds(now)}
    connection.execute(insert(events), row)


def since(database: Database, account_id: AccountId, *, after: int, limit: int = 100) -> tuple[Event, ...]:
    """What happened after the event ``after``, oldest first. One look-up."""
    with database.index() as connection:
        rows = connection.execute(SINCE, {"account": account_id, "after": after, "many": limit}).all()
    return tuple(Event(row.id, MailboxId(row.mailbox_id), row.kind, loads(row.payload), moment(row.at)) for row in rows)


def ends(database: Database, account_id: AccountId) -> tuple[int, int]:
    """The ids of the oldest event kept and of the newest; 0 and 0 where there is none."""
    with database.index() as connection:
        oldest, newest = connection.execute(ENDS, {"account": account_id}).one()
    return oldest or 0, newest or 0


def prune(database: Database, *, before: datetime, limit: int = 1000) -> int:
    """Forget the oldest events from before an instant, at most ``limit``; the newest of all stays. Returns how many."""
    with database.index() as connection:
        newest = connection.execute(select(func.max(events.c.id))).scalar() or 0
        old = select(events.c.id).where(events.c.at < microseconds(before), events.c.id < newest).order_by(events.c.id).limit(limit)
        ids = list(connection.execute(old).scalars())
    if ids:
        with database.index_write() as connection:
            connection.execute(delete(events).where(events.c.id <= ids[-1], events.c.id < newest))
    return len(ids)
