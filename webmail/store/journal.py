"""The journal: what our actions did to messages, so that each can be undone once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from webmail.account import AccountId
from webmail.errors import NotFound
from webmail.mailbox import MailboxId
from webmail.message.summary import Uid
from webmail.store.columns import dumps, loads, microseconds, moment, optional_moment
from webmail.store.database import Database
from webmail.store.schema import journal

VERSION = 1
KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """What was done to messages of one mailbox: ``kind`` is flags, move or copy.

    ``added`` and ``removed`` are flags. ``target_uids`` tell, in the order of ``uids``, what the messages are called in
    the target.
    """

    kind: str
    mailbox_id: MailboxId
    uidvalidity: int
    uids: tuple[Uid, ...]
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    target_mailbox_id: MailboxId | None = None
    target_uidvalidity: int = 0
    target_uids: tuple[Uid, ...] = ()


@dataclass(frozen=True, slots=True)
class Journal:
    """One action with all it did."""

    id: int
    account_id: AccountId
    action: str
    entries: tuple[JournalEntry, ...]
    created_at: datetime
    undone_at: datetime | None


def record(database: Database, account_id: AccountId, *, action: str, entries: Sequence[JournalEntry], now: datetime) -> int:
    """Write down an action and return the id that undoes it. What is older than 30 days is forgotten."""
    values = {
        "account_id": account_id,
        "action": action,
        "version": VERSION,
        "entries": dumps([asdict(each) for each in entries]),
        "created_at": microseconds(now),
    }
    old = (journal.c.account_id == account_id) & (journal.c.created_at < microseconds(now - KEPT))
    with database.durable_write() as connection:
        connection.execute(delete(journal).where(old))
        new: int = connection.execute(insert(journal).values(values).returning(journal.c.id)).scalar_one()
        return new


def extend(database: Database, journal_id: int, entry: JournalEntry) -> None:
    """Add what was done since to an action that takes its time."""
    with database.durable_write() as connection:
        row = connection.execute(select(journal.c.entries).where(journal.c.id == journal_id)).first()
        if row is not None and entry.uids:
            written = dumps([*loads(row.entries), asdict(entry)])
            connection.execute(update(journal).where(journal.c.id == journal_id).values(entries=written))


def get(database: Database, account_id: AccountId, journal_id: int) -> Journal:
    """An action of the account. Raises NotFound, also for one written by another version of this program."""
    mine = (journal.c.account_id == account_id) & (journal.c.id == journal_id) & (journal.c.version == VERSION)
    with database.durable() as connection:
        row = connection.execute(select(journal).where(mine)).first()
    if row is None:
        raise NotFound("journal")
    return _journal(row)


def _journal(row: Row[*tuple[Any, ...]]) -> Journal:
    entries = tuple(_entry(each) for each in loads(row.entries))
    return Journal(row.id, row.account_id, row.action, entries, moment(row.created_at), optional_moment(row.undone_at))


def lately(database: Database, account_id: AccountId, *, action: str, limit: int) -> list[Journal]:
    """What an action did lately, newest first."""
    mine = (journal.c.account_id == account_id) & (journal.c.action == action) & (journal.c.version == VERSION)
    with database.durable() as connection:
        rows = connection.execute(select(journal).where(mine).order_by(journal.c.created_at.desc(), journal.c.id.desc()).limit(limit)).all()
    return [_journal(row) for row in rows]


def mark_undone(database: Database, journal_id: int, *, now: datetime) -> bool:
    """Note that an action was undone; True for the first caller only."""
    fresh = (journal.c.id == journal_id) & journal.c.undone_at.is_(None)
    with database.durable_write() as connection:
        return bool(connection.execute(update(journal).where(fresh).values(undone_at=microseconds(now))).rowcount)


def _entry(values: dict[str, Any]) -> JournalEntry:
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    return JournalEntry(**fields)
