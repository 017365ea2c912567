"""Identities of an account: the addresses its person writes from, with what belongs to each; the first is the usual one."""

from __future__ import annotations

from sqlalchemy import delete, func, insert, select, update

from webmail.account import AccountId, IdentityId
from webmail.address import Address
from webmail.errors import NotFound
from webmail.store.columns import clean
from webmail.store.database import Database
from webmail.store.schema import identities


def put(
    database: Database,
    account_id: AccountId,
    identity_id: IdentityId | None,
    *,
    address: Address,
    reply_to: str = "",
    signature: str = "",
    signature_html: str = "",
) -> IdentityId:
    """Write an identity, a new one behind the others where no id is given. Raises NotFound for an id of nobody or a stranger."""
    given = {"name": address.name, "addr_spec": address.addr_spec, "reply_to": reply_to}
    given |= {"signature": signature, "signature_html": signature_html}
    values = {name: clean(value) for name, value in given.items()}
    mine = identities.c.account_id == account_id
    with database.durable_write() as connection:
        if identity_id is None:
            last = connection.execute(select(func.max(identities.c.position)).where(mine)).scalar() or 0
            row = insert(identities).values(account_id=account_id, position=last + 1, **values).returning(identities.c.id)
            return IdentityId(connection.execute(row).scalar_one())
        if not connection.execute(update(identities).where(mine, identities.c.id == identity_id).values(values)).rowcount:
            raise NotFound("identity")
    return identity_id


def make_first(database: Database, account_id: AccountId, identity_id: IdentityId) -> None:
    """Make an identity the one that new messages are written as. Raises NotFound."""
    mine = identities.c.account_id == account_id
    with database.durable_write() as connection:
        first = connection.execute(select(func.min(identities.c.position)).where(mine)).scalar() or 0
        where = mine & (identities.c.id == identity_id)
        if not connection.execute(update(identities).where(where).values(position=first - 1)).rowcount:
            raise NotFound("identity")


def remove(database: Database, account_id: AccountId, identity_id: IdentityId) -> None:
    """Forget an identity. Raises NotFound."""
    mine = (identities.c.account_id == account_id) & (identities.c.id == identity_id)
    with database.durable_write() as connection:
        if not connection.execute(delete(identities).where(mine)).rowcount:
            raise NotFound("identity")
