"""States: how far the index of each mailbox has come, who may write it, and what a sync found (mail/sync draws the states).

Whoever moves a state says which one they set out from: where somebody else has moved it meanwhile, nothing is stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, literal_column, select, update

from webmail.account import AccountId
from webmail.errors import NotFound
from webmail.mailbox import Mailbox, MailboxId
from webmail.store import events
from webmail.store.columns import microseconds, optional_moment
from webmail.store.database import Database
from webmail.store.schema import mailbox_state, mailboxes, messages

# Made once: to put a query together costs as much as to run it, and these run for every page.
STATE = select(mailbox_state).where(mailbox_state.c.mailbox_id == bindparam("mailbox"))
STATES = select(mailbox_state).where(mailbox_state.c.account_id == bindparam("account"))
DISTRUSTED = -1
"""Stands for the mod-sequence of a server that has been found to tell less than is true."""
COUNTED = -1
"""Stands for the unread count of a mailbox whose index holds every message."""
CHUNK = 500
"""Rows deleted in one transaction, so that nobody waits long for the index."""


@dataclass(frozen=True, slots=True)
class MailboxState:
    """How far the index of a mailbox has come. ``uidvalidity`` is 0 until the mailbox was opened for the first time.

    ``highestmodseq`` is 0 where the server keeps none, and DISTRUSTED where it has been found to tell less than is true.
    """

    mailbox_id: MailboxId
    uidvalidity: int = 0
    uidnext: int = 0
    exists: int = 0
    unseen: int = 0
    lowest_uid: int = 0
    complete: bool = False
    indexed: int = 0
    checked_at: datetime | None = None
    read_only: bool = False
    permanent_keywords: bool = False
    highestmodseq: int = 0
    watched_until: int = 0

    @property
    def tracked(self) -> bool:
        """Whether a mod-sequence tells all that changed, also the flags of rows nobody has looked at since."""
        return self.highestmodseq > 0

    def watched(self, now: datetime) -> bool:
        """Whether a watcher has said lately that nothing happened which the index does not know."""
        return self.watched_until > microseconds(now)

    @property
    def progress(self) -> int:
        """0-100: how much of the mailbox the index holds; 100 only when it is complete."""
        if self.complete:
            return 100
        return min(99, self.indexed * 100 // self.exists) if self.exists else 0


def state(database: Database, mailbox_id: MailboxId) -> MailboxState:
    """How far the index of a mailbox has come; the state of one never opened is all zero."""
    with database.index() as connection:
        row = connection.execute(STATE, {"mailbox": mailbox_id}).first()
    return MailboxState(mailbox_id) if row is None else read(row)


def states(database: Database, account_id: AccountId) -> dict[MailboxId, MailboxState]:
    """The states of the mailboxes of an account that the index knows of."""
    with database.index() as connection:
        rows = connection.execute(select(mailbox_state).where(mailbox_state.c.account_id == account_id)).all()
    return {MailboxId(row.mailbox_id): read(row) for row in rows}


def start_over(database: Database, mailbox_id: MailboxId, *, uidvalidity: int) -> None:
    """Forget all messages of a mailbox; ``uidvalidity`` is what its UIDs are valid under from now on.

    Many short transactions. From the first one on, nothing can be added under the old UIDVALIDITY.
    """
    account_id = _account_of(database, mailbox_id)
    nothing = {"uidnext": 0, "exists": 0, "unseen": 0, "lowest_uid": 0, "complete": 0, "indexed": 0, "checked_at": None}
    nothing |= {"highestmodseq": 0, "watched_until": 0}
    with database.index_write() as connection:
        ensure(connection, mailbox_id, account_id)
        connection.execute(update(mailbox_state).where(mailbox_state.c.mailbox_id == mailbox_id).values(uidvalidity=0, **nothing))
    some = select(messages.c.id).where(messages.c.mailbox_id == mailbox_id).limit(CHUNK).scalar_subquery()
    deleted = CHUNK
    while deleted:
        with database.index_write() as connection:
            deleted = connection.execute(delete(messages).where(messages.c.id.in_(some))).rowcount
    with database.index_write() as connection:
        connection.execute(update(mailbox_state).where(mailbox_state.c.mailbox_id == mailbox_id).values(uidvalidity=uidvalidity, **nothing))


def lease(database: Database, mailbox_id: MailboxId, *, owner: str, now: datetime, seconds: float) -> bool:
    """Become, or stay, the one writer of a mailbox for some seconds. False while somebody else is."""
    free = (mailbox_state.c.lease_owner.in_(["", owner])) | (mailbox_state.c.lease_until <= microseconds(now))
    until = microseconds(now + timedelta(seconds=seconds))
    change = update(mailbox_state).where(mailbox_state.c.mailbox_id == mailbox_id, free).values(lease_owner=owner, lease_until=until)
    with database.index_write() as connection:
        if connection.execute(change).rowcount:
            return True
    account_id = _account_of(database, mailbox_id)
    with database.index_write() as connection:
        ensure(connection, mailbox_id, account_id)
        return bool(connection.execute(change).rowcount)


def keep_lease(database: Database, mailbox_id: MailboxId, *, owner: str, now: datetime, seconds: float) -> bool:
    """Stay the one writer for longer. False if the lease ran out and somebody else has or had it."""
    mine = (mailbox_state.c.mailbox_id == mailbox_id) & (mailbox_state.c.lease_owner == owner)
    with database.index_write() as connection:
        change = update(mailbox_state).where(mine).values(lease_until=microseconds(now + timedelta(seconds=seconds)))
        return bool(connection.execute(change).rowcount)


def release(database: Database, mailbox_id: MailboxId, *, owner: str) -> None:
    """Give the lease back, if it is still ours."""
    mine = (mailbox_state.c.mailbox_id == mailbox_id) & (mailbox_state.c.lease_owner == owner)
    with database.index_write() as connection:
        connection.execute(update(mailbox_state).where(mine).values(lease_owner="", lease_until=0))


@dataclass(frozen=True, slots=True)
class Found:
    """What a sync found. What is None stays as it is; COUNTED means that the index itself holds every message.

    ``happened`` are events, as kinds and payloads, that are noted together with the state.
    """

    uidnext: int
    lowest_uid: int
    complete: bool
    checked_at: datetime | None
    exists: int | None = None
    unseen: int | None = None
    highestmodseq: int = 0
    read_only: bool = False
    permanent_keywords: bool = False
    happened: Sequence[tuple[str, Mapping[str, Any]]] = ()


def apply(database: Database, mailbox: Mailbox, *, expected: MailboxState, found: Found) -> bool:
    """Store what a sync found, if UIDVALIDITY, UIDNEXT and HIGHESTMODSEQ are still those it set out from.

    False if somebody moved them; then nothing is stored.
    """
    columns = mailbox_state.c
    same = (columns.mailbox_id == mailbox.id) & (columns.uidvalidity == expected.uidvalidity)
    same &= (columns.uidnext == expected.uidnext) & (columns.highestmodseq == expected.highestmodseq)
    # Counted inside the transaction: our own actions may have moved messages since the server was asked.
    unread = select(func.count()).where(messages.c.mailbox_id == mailbox.id, messages.c.seen == literal_column("0"))
    unseen = unread.scalar_subquery() if found.unseen == COUNTED else found.unseen
    values = {
        "uidnext": found.uidnext,
        "exists": found.exists,
        "unseen": unseen,
        "lowest_uid": found.lowest_uid,
        "complete": int(found.complete),
        "checked_at": microseconds(found.checked_at) if found.checked_at else None,
        "highestmodseq": found.highestmodseq,
        "read_only": int(found.read_only),
        "permanent_keywords": int(found.permanent_keywords),
        "listed_messages": found.exists,
        "listed_unseen": unseen,
        "listed_uidnext": found.uidnext,
        "listed_uidvalidity": expected.uidvalidity,
        "listed_highestmodseq": found.highestmodseq,
    }
    values = {name: value for name, value in values.items() if value is not None}
    with database.index_write() as connection:
        stored = bool(connection.execute(update(mailbox_state).where(same).values(values)).rowcount)
        for kind, payload in found.happened if stored else ():
            events.put_with(
                connection, mailbox.account_id, kind=kind, mailbox_id=mailbox.id, payload=payload, now=found.checked_at or datetime.now(UTC)
            )
    return stored


def watch(database: Database, ids: Sequence[MailboxId], *, until: datetime, proved: datetime | None = None) -> set[MailboxId]:
    """A watcher vouches for these mailboxes until an instant; returns those it may vouch for.

    ``proved`` is when the look began that found them true. Without it, what is vouched for already is prolonged. Refused is
    what somebody has said since to be true no more (``unwatch``).
    """
    since = microseconds(proved) if proved else 0
    column, these = mailbox_state.c.watched_until, mailbox_state.c.mailbox_id.in_(ids)
    with database.index_write() as connection:
        connection.execute(update(mailbox_state).where(these, (column > 0) | (column > -since)).values(watched_until=microseconds(until)))
        found = connection.execute(select(mailbox_state.c.mailbox_id).where(these, column == microseconds(until)))
        return {MailboxId(each) for each in found.scalars()}


def unwatch(database: Database, ids: Sequence[MailboxId], *, now: datetime) -> None:
    """Nobody vouches for these mailboxes before they were looked at anew: something happened that the index does not have."""
    with database.index_write() as connection:
        # The instant is kept as a negative number, so that a look that began before it proves nothing.
        these = update(mailbox_state).where(mailbox_state.c.mailbox_id.in_(ids))
        connection.execute(these.values(watched_until=-microseconds(now)))


def unwatch_all(database: Database) -> None:
    """Nobody vouches for any mailbox any more."""
    with database.index_write() as connection:
        connection.execute(update(mailbox_state).where(mailbox_state.c.watched_until > 0).values(watched_until=0))


def _account_of(database: Database, mailbox_id: MailboxId) -> AccountId:
    with database.durable() as connection:
        found = connection.execute(select(mailboxes.c.account_id).where(mailboxes.c.id == mailbox_id)).scalar()
    if found is None:
        raise NotFound("mailbox")
    return AccountId(found)


def ensure(connection: Connection, mailbox_id: MailboxId, account_id: AccountId) -> None:
    """Make the row of a mailbox the index has not heard of; the write lock is held, so nobody comes between."""
    if connection.execute(select(mailbox_state.c.mailbox_id).where(mailbox_state.c.mailbox_id == mailbox_id)).first() is None:
        connection.execute(insert(mailbox_state).values(mailbox_id=mailbox_id, account_id=account_id))


def read(row: Row[*tuple[Any, ...]]) -> MailboxState:
    """The state that a row holds."""
    return MailboxState(
        MailboxId(row.mailbox_id),
        row.uidvalidity,
        row.uidnext,
        row.exists,
        row.unseen,
        row.lowest_uid,
        bool(row.complete),
        row.indexed,
        optional_moment(row.checked_at),
        bool(row.read_only),
        bool(row.permanent_keywords),
        row.highestmodseq,
        row.watched_until,
    )
