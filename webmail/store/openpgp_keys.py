"""The OpenPGP certificates that a person has put in: signatures of no other are verified."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Delete, delete, insert, select

from webmail.account import AccountId
from webmail.store.columns import microseconds
from webmail.store.database import Database
from webmail.store.schema import openpgp_keys


def of_account(database: Database, account_id: AccountId) -> dict[str, bytes]:
    """The certificates of an account by their fingerprints, in order."""
    mine = select(openpgp_keys.c.fingerprint, openpgp_keys.c.content).where(openpgp_keys.c.account_id == account_id)
    with database.durable() as connection:
        return {str(row.fingerprint): bytes(row.content) for row in connection.execute(mine.order_by(openpgp_keys.c.fingerprint))}


def put(database: Database, account_id: AccountId, *, fingerprint: str, content: bytes, now: datetime) -> None:
    """Remember a certificate in place of the one of that fingerprint."""
    with database.durable_write() as connection:
        connection.execute(_mine(account_id, fingerprint))
        values = {"account_id": account_id, "fingerprint": fingerprint, "content": content, "added_at": microseconds(now)}
        connection.execute(insert(openpgp_keys).values(values))


def remove(database: Database, account_id: AccountId, *, fingerprint: str) -> None:
    """Forget a certificate; one that is not there is no error."""
    with database.durable_write() as connection:
        connection.execute(_mine(account_id, fingerprint))


def _mine(account_id: AccountId, fingerprint: str) -> Delete:
    return delete(openpgp_keys).where(openpgp_keys.c.account_id == account_id, openpgp_keys.c.fingerprint == fingerprint)
