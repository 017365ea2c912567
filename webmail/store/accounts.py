"""Users, their mail accounts and the identities they write as."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from webmail.account import Account, AccountId, Identity, IdentityId, Security, Server, User, UserId
from webmail.address import Address
from webmail.errors import NotFound
from webmail.store.columns import clean, microseconds
from webmail.store.database import Database
from webmail.store.schema import accounts, drafts, identities, image_permissions, journal, mailboxes, submissions, users

OWNED = {
    "mailbox_id": (mailboxes.c.account_id, mailboxes.c.id),
    "journal_id": (journal.c.account_id, journal.c.id),
    "submission_id": (submissions.c.account_id, submissions.c.id),
    "permission_id": (image_permissions.c.account_id, image_permissions.c.id),
    "identity_id": (identities.c.account_id, identities.c.id),
    "key": (drafts.c.account_id, drafts.c.key),
}
"""What belongs to one account and is named by people: the columns of the account and of the name."""
OF_USER = select(accounts).where(accounts.c.user_id == bindparam("user")).order_by(accounts.c.id)
IDENTITIES_OF_USER = (
    select(identities)
    .join(accounts, accounts.c.id == identities.c.account_id)
    .where(accounts.c.user_id == bindparam("user"))
    .order_by(identities.c.position, identities.c.id)
)


def find_or_create(database: Database, username: str, *, imap: Server, smtp: Server, now: datetime) -> Account:
    """The account of a sign-in name on an IMAP server, made with its user at the first sign-in; its servers are updated."""
    with database.durable_write() as connection:
        known = connection.execute(select(accounts).where(accounts.c.username == username, accounts.c.imap_host == imap.host)).first()
        if known is not None:
            if (_server(known, "imap"), _server(known, "smtp")) != (imap, smtp):
                connection.execute(update(accounts).where(accounts.c.id == known.id).values(_servers(imap, smtp)))
            return _account(connection, known.id)
        created_at = microseconds(now)
        user_id = connection.execute(insert(users).values(name=username, created_at=created_at).returning(users.c.id)).scalar_one()
        row = {"user_id": user_id, "username": username, "created_at": created_at, **_servers(imap, smtp)}
        return _account(connection, connection.execute(insert(accounts).values(row).returning(accounts.c.id)).scalar_one())


def get(database: Database, account_id: AccountId) -> Account:
    """An account. Raises NotFound."""
    with database.durable() as connection:
        return _account(connection, account_id)


def of_user(database: Database, user_id: UserId) -> tuple[Account, ...]:
    """The accounts of a user, oldest first."""
    with database.durable() as connection:
        given = {"user": user_id}
        return _accounts(connection.execute(OF_USER, given).all(), connection.execute(IDENTITIES_OF_USER, given).all())


def user(database: Database, user_id: UserId) -> User:
    """A user. Raises NotFound."""
    with database.durable() as connection:
        row = connection.execute(select(users.c.id, users.c.name).where(users.c.id == user_id)).first()
    if row is None:
        raise NotFound("user")
    return User(UserId(row.id), row.name)


def all_ids(database: Database) -> list[AccountId]:
    """Every account, oldest first."""
    with database.durable() as connection:
        return [AccountId(each) for each in connection.execute(select(accounts.c.id).order_by(accounts.c.id)).scalars()]


def set_identity(database: Database, account_id: AccountId, *, address: Address) -> Account:
    """Make an address the identity the account writes as. Raises NotFound."""
    values = {"name": clean(address.name), "addr_spec": clean(address.addr_spec)}
    with database.durable_write() as connection:
        account = _account(connection, account_id)
        if account.identity is None:
            connection.execute(insert(identities).values(account_id=account_id, **values))
        else:
            connection.execute(update(identities).where(identities.c.id == account.identity.id).values(values))
        return _account(connection, account_id)


def own_addresses(database: Database, account_id: AccountId) -> frozenset[str]:
    """The addr-specs, in lower case, that a message to this person names: those of the identities, and the sign-in name."""
    with database.durable() as connection:
        found = connection.execute(select(identities.c.addr_spec).where(identities.c.account_id == account_id)).scalars().all()
        username = connection.execute(select(accounts.c.username).where(accounts.c.id == account_id)).scalar() or ""
    return frozenset(each.lower() for each in (*found, username) if "@" in each)


def refresh_servers(database: Database, *, imap: Server, smtp: Server) -> None:
    """Give every account on this IMAP host the servers of the settings, which may have moved to other ports or rules."""
    wanted = _servers(imap, smtp)
    with database.durable() as connection:
        rows = connection.execute(select(accounts).where(accounts.c.imap_host == imap.host)).all()
    if all((_server(row, "imap"), _server(row, "smtp")) == (imap, smtp) for row in rows):
        return
    with database.durable_write() as connection:
        connection.execute(update(accounts).where(accounts.c.imap_host == imap.host).values(wanted))


def _servers(imap: Server, smtp: Server) -> dict[str, str | int]:
    return {
        f"{protocol}_{field}": value
        for protocol, server in (("imap", imap), ("smtp", smtp))
        for field, value in (("host", server.host), ("port", server.port), ("security", server.security.value), ("ca_file", server.ca_file))
    }


def _server(row: Row[*tuple[object, ...]], protocol: str) -> Server:
    fields = row._mapping
    return Server(
        fields[f"{protocol}_host"], fields[f"{protocol}_port"], Security(fields[f"{protocol}_security"]), fields[f"{protocol}_ca_file"]
    )


def owner(database: Database, kind: str, value: int | str) -> AccountId | None:
    """The account that a thing of ``OWNED`` belongs to, or None. One query."""
    if kind not in OWNED:
        return None
    account_id, name = OWNED[kind]
    with database.durable() as connection:
        found = connection.execute(select(account_id).where(name == value)).scalar()
    return None if found is None else AccountId(found)


def _account(connection: Connection, account_id: int) -> Account:
    rows = connection.execute(select(accounts).where(accounts.c.id == account_id)).all()
    if not rows:
        raise NotFound("account")
    mine = connection.execute(
        select(identities).where(identities.c.account_id == account_id).order_by(identities.c.position, identities.c.id)
    ).all()
    return _accounts(rows, mine)[0]


def _accounts(rows: Sequence[Row[*tuple[Any, ...]]], mine: Sequence[Row[*tuple[Any, ...]]]) -> tuple[Account, ...]:
    known: dict[int, list[Identity]] = {row.id: [] for row in rows}
    for each in mine:
        known[each.account_id].append(
            Identity(
                IdentityId(each.id),
                AccountId(each.account_id),
                Address(each.name, each.addr_spec),
                each.reply_to,
                each.signature,
                each.signature_html,
            )
        )
    return tuple(
        Account(AccountId(row.id), UserId(row.user_id), row.username, _server(row, "imap"), _server(row, "smtp"), tuple(known[row.id]))
        for row in rows
    )
