"""Mailboxes: their lasting ids, and what the index knows of each.

Names and ids are durable, so that links, drafts and the journal can name a mailbox; state and counts live in the index.
The state is what a sync compares with and moves; the listed counts are what the sidebar shows. Our own changes adjust
both (``messages``), STATUS only the latter.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, insert, select, update

from webmail.account import AccountId
from webmail.errors import NotFound
from webmail.mailbox import ListedMailbox, Mailbox, MailboxCounts, MailboxId, SpecialUse
from webmail.store import events, renames
from webmail.store.columns import clean
from webmail.store.database import Database
from webmail.store.schema import mailbox_state, mailboxes
from webmail.store.states import STATE, STATES, ensure, read
from webmail.store.states import MailboxState as MailboxState
from webmail.store.states import apply as apply
from webmail.store.states import keep_lease as keep_lease
from webmail.store.states import lease as lease
from webmail.store.states import release as release
from webmail.store.states import start_over as start_over
from webmail.store.states import state as state
from webmail.store.states import states as states
from webmail.store.states import unwatch as unwatch
from webmail.store.states import unwatch_all as unwatch_all
from webmail.store.states import watch as watch

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
LIVING = select(mailboxes).where(mailboxes.c.account_id == bindparam("account"), mailboxes.c.gone == 0)
ONE = LIVING.where(mailboxes.c.id == bindparam("which"))
OF_ROLE = LIVING.where(mailboxes.c.special_use == bindparam("which")).order_by(mailboxes.c.id).limit(1)
OF_ROLES = LIVING.with_only_columns(mailboxes.c.id).where(mailboxes.c.special_use.in_(bindparam("roles", expanding=True)))
OF_NAME = LIVING.where(mailboxes.c.name == bindparam("which")).order_by(mailboxes.c.id).limit(1)


def reconcile(database: Database, account_id: AccountId, *, listed: Sequence[ListedMailbox]) -> tuple[Mailbox, ...]:
    """Make the known mailboxes those that the server lists, and return them as ``list_of`` does.

    New ones get an id, renamed ones keep theirs (see ``renames``). Those that have vanished are marked gone; when the name
    comes back, so does the id. Events tell of what is new.
    """
    found = {clean(each.name): each for each in listed}
    with database.durable() as connection:
        due = _differences(connection, account_id, found)
    if any(due):
        with database.index() as connection:
            states_known = {row.mailbox_id: row for row in connection.execute(STATES, {"account": account_id})}
        with database.durable_write() as connection:
            rows = connection.execute(select(mailboxes).where(mailboxes.c.account_id == account_id)).all()
            renames.carry_out(connection, account_id, renames.find(rows, states_known, found))
            new, changed, gone = _differences(connection, account_id, found)
            if new:
                connection.execute(insert(mailboxes), new)
            for mailbox_id, values in changed:
                connection.execute(update(mailboxes).where(mailboxes.c.id == mailbox_id).values(values))
            if gone:
                connection.execute(update(mailboxes).where(mailboxes.c.id.in_(gone)).values(gone=1))
        events.put(database, account_id, kind=events.FOLDERS, now=datetime.now(UTC))
    if _write_counts(database, account_id, found):
        events.put(database, account_id, kind=events.COUNTS, now=datetime.now(UTC))
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


def _write_counts(database: Database, account_id: AccountId, found: dict[str, ListedMailbox]) -> bool:
    """Keep what STATUS told for the sidebar; a mailbox it told nothing of keeps what was known. Returns whether anything was new."""
    new = False
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
            new = True
            with database.index_write() as connection:
                ensure(connection, mailbox_id, account_id)
                connection.execute(update(mailbox_state).where(mailbox_state.c.mailbox_id == mailbox_id).values(values))
    return new


def _listed(counts: MailboxCounts) -> dict[str, int | str]:
    values = {name: getattr(counts, name) for name in ("messages", "unseen", "uidnext", "uidvalidity", "highestmodseq")}
    told: dict[str, int | str] = {f"listed_{name}": value for name, value in values.items() if value is not None}
    return told | ({"object_id": counts.object_id} if counts.object_id else {})


def list_of(database: Database, account_id: AccountId) -> tuple[Mailbox, ...]:
    """The mailboxes of an account with their counts, in the order of the sidebar. Two queries."""
    return overview(database, account_id)[0]


def living(database: Database, account_id: AccountId) -> dict[MailboxId, Mailbox]:
    """The mailboxes of an account by their ids, without their counts. One query, of the durable database only."""
    with database.durable() as connection:
        return {MailboxId(row.id): _mailbox(row, None) for row in _living(connection, account_id)}


def overview(database: Database, account_id: AccountId) -> tuple[tuple[Mailbox, ...], dict[MailboxId, MailboxState]]:
    """What ``list_of`` and ``states`` tell, for the price of one of them."""
    with database.durable() as connection:
        rows = _living(connection, account_id)
    with database.index() as connection:
        known = {row.mailbox_id: row for row in connection.execute(STATES, {"account": account_id})}
    listed = in_order(_mailbox(row, known.get(row.id)) for row in rows)
    return listed, {MailboxId(mailbox_id): read(row) for mailbox_id, row in known.items()}


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
    return _mailbox(row, state), MailboxState(mailbox_id) if state is None else read(state)


def by_role(database: Database, account_id: AccountId, role: SpecialUse) -> Mailbox | None:
    """The mailbox that has a role, or None."""
    return _one(database, OF_ROLE, account=account_id, which=role.value)


def of_roles(database: Database, account_id: AccountId, roles: Collection[SpecialUse]) -> frozenset[MailboxId]:
    """The mailboxes that have one of these roles. One query, of the durable database only."""
    with database.durable() as connection:
        found = connection.execute(OF_ROLES, {"account": account_id, "roles": [each.value for each in roles]}).scalars()
        return frozenset(MailboxId(each) for each in found)


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
        renames.carry_out(connection, account_id, moving)


def gone(database: Database, account_id: AccountId) -> list[MailboxId]:
    """The mailboxes of an account that the server does not list any more, and of which the index still holds something."""
    with database.durable() as connection:
        query = select(mailboxes.c.id).where(mailboxes.c.account_id == account_id, mailboxes.c.gone == 1)
        ids = set(connection.execute(query).scalars())
    return [mailbox_id for mailbox_id, state in states(database, account_id).items() if mailbox_id in ids and state.uidvalidity]


def removed(database: Database, account_id: AccountId, mailbox_id: MailboxId) -> None:
    """Follow a DELETE: the mailbox is gone and its index is forgotten."""
    with database.durable_write() as connection:
        mine = (mailboxes.c.account_id == account_id) & (mailboxes.c.id == mailbox_id)
        if not connection.execute(update(mailboxes).where(mine).values(gone=1)).rowcount:
            return
    start_over(database, mailbox_id, uidvalidity=0)


def _living(connection: Connection, account_id: AccountId) -> Sequence[Row[*tuple[Any, ...]]]:
    return connection.execute(LIVING, {"account": account_id}).all()


def _mailbox(row: Row[*tuple[Any, ...]], state: Row[*tuple[Any, ...]] | None) -> Mailbox:
    counts = MailboxCounts()
    if state is not None:
        told = (state.listed_messages, state.listed_unseen, state.listed_uidnext, state.listed_uidvalidity, state.listed_highestmodseq)
        counts = MailboxCounts(*told)
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
