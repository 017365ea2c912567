"""Mailboxes: their lasting ids, and what the index knows of each.

Names and ids are durable, so that links, drafts and the journal can name a mailbox; state and counts live in the index.
The state is what a sync compares with and moves; the listed counts are what the sidebar shows. Our own changes adjust
both (``messages``), STATUS only the latter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, delete, insert, select, update

from webmail.account import AccountId
from webmail.errors import NotFound
from webmail.mailbox import ListedMailbox, Mailbox, MailboxCounts, MailboxId, SpecialUse
from webmail.store.columns import clean, microseconds, optional_moment
from webmail.store.database import Database
from webmail.store.schema import mailbox_state, mailboxes, messages

ROLE_ORDER = (
    SpecialUse.INBOX,
    SpecialUse.FLAGGED,
    SpecialUse.DRAFTS,
    SpecialUse.SENT,
    SpecialUse.ARCHIVE,
    SpecialUse.JUNK,
    SpecialUse.TRASH,
)
# Made once: to put a query together costs as much as to run it, and these run for every page.
STATE = select(mailbox_state).where(mailbox_state.c.mailbox_id == bindparam("mailbox"))
STATES = select(mailbox_state).where(mailbox_state.c.account_id == bindparam("account"))
LIVING = select(mailboxes).where(mailboxes.c.account_id == bindparam("account"), mailboxes.c.gone == 0)
ONE = LIVING.where(mailboxes.c.id == bindparam("which"))
OF_ROLE = LIVING.where(mailboxes.c.special_use == bindparam("which")).order_by(mailboxes.c.id).limit(1)
OF_NAME = LIVING.where(mailboxes.c.name == bindparam("which")).order_by(mailboxes.c.id).limit(1)
CHUNK = 500
"""Rows deleted in one transaction, so that nobody waits long for the index."""


@dataclass(frozen=True, slots=True)
class MailboxState:
    """How far the index of a mailbox has come. ``uidvalidity`` is 0 until the mailbox was opened for the first time."""

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

    @property
    def progress(self) -> int:
        """0-100: how much of the mailbox the index holds; 100 only when it is complete."""
        if self.complete:
            return 100
        return min(99, self.indexed * 100 // self.exists) if self.exists else 0


def reconcile(database: Database, account_id: AccountId, *, listed: Sequence[ListedMailbox]) -> tuple[Mailbox, ...]:
    """Make the known mailboxes those that the server lists, and return them as ``list_of`` does.

    New ones get an id. Those that have vanished are marked gone; when the name comes back, so does the id.
    """
    found = {clean(each.name): each for each in listed}
    with database.durable() as connection:
        due = _differences(connection, account_id, found)
    if any(due):
        with database.durable_write() as connection:
            new, changed, gone = _differences(connection, account_id, found)
            if new:
                connection.execute(insert(mailboxes), new)
            for mailbox_id, values in changed:
                connection.execute(update(mailboxes).where(mailboxes.c.id == mailbox_id).values(values))
            if gone:
                connection.execute(update(mailboxes).where(mailboxes.c.id.in_(gone)).values(gone=1))
    _write_counts(database, account_id, found)
    return list_of(database, account_id)


def _differences(
    connection: Connection, account_id: AccountId, found: dict[str, ListedMailbox]
) -> tuple[list[dict[str, Any]], list[tuple[int, dict[str, Any]]], list[int]]:
    """What has to be inserted, updated and marked gone."""
    known = {row.name: row for row in connection.execute(select(mailboxes).where(mailboxes.c.account_id == account_id))}
    new = [{"account_id": account_id, **_attributes(name, each)} for name, each in found.items() if name not in known]
    wanted = {name: _attributes(name, each) for name, each in found.items() if name in known}
    changed = [(known[name].id, values) for name, values in wanted.items() if _differs(known[name], values)]
    gone = [row.id for name, row in known.items() if name not in found and not row.gone]
    return new, changed, gone


def _differs(row: Row[*tuple[Any, ...]], values: Mapping[str, Any]) -> bool:
    return any(row._mapping[name] != value for name, value in values.items())


def _attributes(name: str, listed: ListedMailbox) -> dict[str, Any]:
    return {
        "name": name,
        "delimiter": listed.delimiter,
        "special_use": listed.special_use.value if listed.special_use else "",
        "selectable": int(listed.selectable),
        "subscribed": int(listed.subscribed),
        "gone": 0,
    }


def _write_counts(database: Database, account_id: AccountId, found: dict[str, ListedMailbox]) -> None:
    """Keep what STATUS told for the sidebar; a mailbox it told nothing of keeps what was known."""
    with database.durable() as connection:
        ids = {row.name: row.id for row in _living(connection, account_id)}
    with database.index() as connection:
        known = {row.mailbox_id: row for row in connection.execute(select(mailbox_state).where(mailbox_state.c.account_id == account_id))}
    for name, each in found.items():
        values = _listed(each.counts)
        mailbox_id = ids.get(name)
        if mailbox_id is None or not values:
            continue
        row = known.get(mailbox_id)
        if row is None or _differs(row, values):
            with database.index_write() as connection:
                _ensure(connection, mailbox_id, account_id)
                connection.execute(update(mailbox_state).where(mailbox_state.c.mailbox_id == mailbox_id).values(values))


def _listed(counts: MailboxCounts) -> dict[str, int]:
    values = {"messages": counts.messages, "unseen": counts.unseen, "uidnext": counts.uidnext, "uidvalidity": counts.uidvalidity}
    return {f"listed_{name}": value for name, value in values.items() if value is not None}


def list_of(database: Database, account_id: AccountId) -> tuple[Mailbox, ...]:
    """The mailboxes of an account with their counts, in the order of the sidebar. Two queries."""
    return overview(database, account_id)[0]


def overview(database: Database, account_id: AccountId) -> tuple[tuple[Mailbox, ...], dict[MailboxId, MailboxState]]:
    """What ``list_of`` and ``states`` tell, for the price of one of them."""
    with database.durable() as connection:
        rows = _living(connection, account_id)
    with database.index() as connection:
        known = {row.mailbox_id: row for row in connection.execute(STATES, {"account": account_id})}
    listed = in_order(_mailbox(row, known.get(row.id)) for row in rows)
    return listed, {MailboxId(mailbox_id): _state(row) for mailbox_id, row in known.items()}


def in_order(found: Iterable[Mailbox]) -> tuple[Mailbox, ...]:
    """The order of the sidebar: the roles people look for first, then the rest as a tree, regardless of case."""
    roles: dict[SpecialUse, Mailbox] = {}
    rest = []
    for mailbox in sorted(found, key=_path):
        if mailbox.special_use in ROLE_ORDER and mailbox.special_use not in roles:
            roles[mailbox.special_use] = mailbox
        else:
            rest.append(mailbox)
    return (*(roles[role] for role in ROLE_ORDER if role in roles), *rest)


def _path(mailbox: Mailbox) -> tuple[list[str], str]:
    parts = mailbox.name.split(mailbox.delimiter) if mailbox.delimiter else [mailbox.name]
    return [part.casefold() for part in parts], mailbox.name


def get(database: Database, account_id: AccountId, mailbox_id: MailboxId) -> Mailbox:
    """A mailbox of the account. Raises NotFound, also for one that is gone or belongs to somebody else."""
    found = _one(database, ONE, account=account_id, which=mailbox_id)
    if found is None:
        raise NotFound("mailbox")
    return found


def opened(database: Database, account_id: AccountId, mailbox_id: MailboxId) -> tuple[Mailbox, MailboxState]:
    """What ``get`` and ``state`` tell, for the price of one of them. Raises NotFound."""
    with database.durable() as connection:
        row = connection.execute(ONE, {"account": account_id, "which": mailbox_id}).first()
    if row is None:
        raise NotFound("mailbox")
    with database.index() as connection:
        state = connection.execute(STATE, {"mailbox": mailbox_id}).first()
    return _mailbox(row, state), MailboxState(mailbox_id) if state is None else _state(state)


def by_role(database: Database, account_id: AccountId, role: SpecialUse) -> Mailbox | None:
    """The mailbox that has a role, or None."""
    return _one(database, OF_ROLE, account=account_id, which=role.value)


def by_name(database: Database, account_id: AccountId, name: str) -> Mailbox | None:
    """The mailbox of a name, or None."""
    return _one(database, OF_NAME, account=account_id, which=clean(name))


def _one(database: Database, query: Select[Any], *, account: AccountId, which: int | str) -> Mailbox | None:
    with database.durable() as connection:
        row = connection.execute(query, {"account": account, "which": which}).first()
    if row is None:
        return None
    with database.index() as connection:
        return _mailbox(row, connection.execute(STATE, {"mailbox": row.id}).first())


def renamed(database: Database, account_id: AccountId, *, old: str, new: str, delimiter: str) -> None:
    """Follow a RENAME: the mailbox and all below it keep their ids (RFC 9051 §6.3.6).

    Rows of gone mailboxes that had the new names make way. Renaming INBOX moves its messages only, so nothing follows.
    """
    if old.upper() == "INBOX":
        return
    below = f"{old}{delimiter}" if delimiter else None
    with database.durable_write() as connection:
        rows = connection.execute(select(mailboxes.c.id, mailboxes.c.name).where(mailboxes.c.account_id == account_id)).all()
        moving = {row.id: new + row.name[len(old) :] for row in rows if row.name == old or (below and row.name.startswith(below))}
        in_the_way = [row.id for row in rows if row.name in moving.values() and row.id not in moving]
        if in_the_way:
            connection.execute(delete(mailboxes).where(mailboxes.c.id.in_(in_the_way)))
        # Names are unique at every moment, and a new name may be the old name of another row that moves too.
        for mailbox_id in moving:
            connection.execute(update(mailboxes).where(mailboxes.c.id == mailbox_id).values(name=f"\ufffd{mailbox_id}"))
        for mailbox_id, name in moving.items():
            connection.execute(update(mailboxes).where(mailboxes.c.id == mailbox_id).values(name=name))


def removed(database: Database, account_id: AccountId, mailbox_id: MailboxId) -> None:
    """Follow a DELETE: the mailbox is gone and its index is forgotten."""
    with database.durable_write() as connection:
        mine = (mailboxes.c.account_id == account_id) & (mailboxes.c.id == mailbox_id)
        if not connection.execute(update(mailboxes).where(mine).values(gone=1)).rowcount:
            return
    start_over(database, mailbox_id, uidvalidity=0)


def state(database: Database, mailbox_id: MailboxId) -> MailboxState:
    """How far the index of a mailbox has come; the state of one never opened is all zero."""
    with database.index() as connection:
        row = connection.execute(STATE, {"mailbox": mailbox_id}).first()
    return MailboxState(mailbox_id) if row is None else _state(row)


def states(database: Database, account_id: AccountId) -> dict[MailboxId, MailboxState]:
    """The states of the mailboxes of an account that the index knows of."""
    with database.index() as connection:
        rows = connection.execute(select(mailbox_state).where(mailbox_state.c.account_id == account_id)).all()
    return {MailboxId(row.mailbox_id): _state(row) for row in rows}


def start_over(database: Database, mailbox_id: MailboxId, *, uidvalidity: int) -> None:
    """Forget all messages of a mailbox; ``uidvalidity`` is what its UIDs are valid under from now on.

    Many short transactions. From the first one on, nothing can be added under the old UIDVALIDITY.
    """
    account_id = _account_of(database, mailbox_id)
    nothing = {"uidnext": 0, "exists": 0, "unseen": 0, "lowest_uid": 0, "complete": 0, "indexed": 0, "checked_at": None}
    with database.index_write() as connection:
        _ensure(connection, mailbox_id, account_id)
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
        _ensure(connection, mailbox_id, account_id)
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


def apply(
    database: Database,
    mailbox_id: MailboxId,
    *,
    expected: MailboxState,
    uidnext: int,
    exists: int | None,
    unseen: int | None,
    lowest_uid: int,
    complete: bool,
    checked_at: datetime,
    read_only: bool = False,
    permanent_keywords: bool = False,
) -> bool:
    """Store what a sync found, if UIDVALIDITY and UIDNEXT are still those it set out from; False if somebody moved them.

    Counts that are None stay as they are.
    """
    same = (mailbox_state.c.uidvalidity == expected.uidvalidity) & (mailbox_state.c.uidnext == expected.uidnext)
    values = {
        "uidnext": uidnext,
        "exists": exists,
        "unseen": unseen,
        "lowest_uid": lowest_uid,
        "complete": int(complete),
        "checked_at": microseconds(checked_at),
        "read_only": int(read_only),
        "permanent_keywords": int(permanent_keywords),
        "listed_messages": exists,
        "listed_unseen": unseen,
        "listed_uidnext": uidnext,
        "listed_uidvalidity": expected.uidvalidity,
    }
    values = {name: value for name, value in values.items() if value is not None}
    with database.index_write() as connection:
        return bool(connection.execute(update(mailbox_state).where(mailbox_state.c.mailbox_id == mailbox_id, same).values(values)).rowcount)


def _account_of(database: Database, mailbox_id: MailboxId) -> AccountId:
    with database.durable() as connection:
        found = connection.execute(select(mailboxes.c.account_id).where(mailboxes.c.id == mailbox_id)).scalar()
    if found is None:
        raise NotFound("mailbox")
    return AccountId(found)


def _ensure(connection: Connection, mailbox_id: MailboxId, account_id: AccountId) -> None:
    """Make the row of a mailbox the index has not heard of; the write lock is held, so nobody comes between."""
    if connection.execute(select(mailbox_state.c.mailbox_id).where(mailbox_state.c.mailbox_id == mailbox_id)).first() is None:
        connection.execute(insert(mailbox_state).values(mailbox_id=mailbox_id, account_id=account_id))


def _living(connection: Connection, account_id: AccountId) -> Sequence[Row[*tuple[Any, ...]]]:
    return connection.execute(LIVING, {"account": account_id}).all()


def _mailbox(row: Row[*tuple[Any, ...]], state: Row[*tuple[Any, ...]] | None) -> Mailbox:
    counts = MailboxCounts()
    if state is not None:
        counts = MailboxCounts(state.listed_messages, state.listed_unseen, state.listed_uidnext, state.listed_uidvalidity)
    return Mailbox(
        MailboxId(row.id),
        AccountId(row.account_id),
        row.name,
        row.delimiter,
        SpecialUse(row.special_use) if row.special_use else None,
        bool(row.selectable),
        bool(row.subscribed),
        counts,
    )


def _state(row: Row[*tuple[Any, ...]]) -> MailboxState:
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
    )
