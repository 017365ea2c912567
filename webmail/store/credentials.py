"""Mail passwords, encrypted under the master key and bound to their account.

A row holds the id of the key, a random nonce and the ciphertext (AES-256-GCM) of sign-in name and password. The account id
and the key id are authenticated with it, so a row copied to another account does not open.
"""

from __future__ import annotations

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import bindparam, delete, insert, select

from webmail.account import AccountId, Credentials
from webmail.errors import Conflict, NotFound
from webmail.store.columns import dumps, loads
from webmail.store.database import Database
from webmail.store.masterkey import MasterKey
from webmail.store.schema import credentials as table

NONCE_SIZE = 12
KEPT = select(table.c.key_id).where(table.c.account_id == bindparam("account"))


def save(database: Database, key: MasterKey, *, account_id: AccountId, credentials: Credentials) -> None:
    """Keep the credentials of an account in place of earlier ones."""
    nonce = secrets.token_bytes(NONCE_SIZE)
    content = dumps([credentials.username, credentials.password, *(["bearer"] if credentials.bearer else [])]).encode()
    ciphertext = AESGCM(key.secret).encrypt(nonce, content, _bound_to(account_id, key.id))
    with database.durable_write() as connection:
        connection.execute(delete(table).where(table.c.account_id == account_id))
        connection.execute(insert(table).values(account_id=account_id, key_id=key.id, nonce=nonce, ciphertext=ciphertext))


def read(database: Database, key: MasterKey, account_id: AccountId) -> Credentials:
    """The credentials of an account.

    Raises NotFound("credentials") where none are kept; Conflict: ``credentials_key`` if they were encrypted under another
    master key, ``credentials_damaged`` if the row was changed or belongs to another account.
    """
    with database.durable() as connection:
        row = connection.execute(select(table).where(table.c.account_id == account_id)).first()
    if row is None:
        raise NotFound("credentials")
    if row.key_id != key.id:
        raise Conflict("credentials_key", stored=row.key_id, key=key.id)
    try:
        content = AESGCM(key.secret).decrypt(row.nonce, row.ciphertext, _bound_to(account_id, key.id))
    except InvalidTag:
        raise Conflict("credentials_damaged", account_id=account_id) from None
    username, password, *kind = loads(content)
    return Credentials(username, password, bearer=bool(kind))


def erase(database: Database, account_id: AccountId) -> None:
    """Forget the credentials of an account."""
    with database.durable_write() as connection:
        connection.execute(delete(table).where(table.c.account_id == account_id))


def exists(database: Database, account_id: AccountId) -> bool:
    """Whether credentials of the account are kept; whether they still open, ``read`` tells."""
    with database.durable() as connection:
        return connection.execute(KEPT, {"account": account_id}).first() is not None


def _bound_to(account_id: AccountId, key_id: str) -> bytes:
    return f"webmail credentials {account_id} {key_id}".encode()
