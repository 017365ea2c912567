"""Whose remote images are shown without asking: senders and domains that the reader of an account has named."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, or_, select

from webmail.account import AccountId
from webmail.errors import InvalidInput, NotFound
from webmail.store.columns import clean, microseconds
from webmail.store.database import Database
from webmail.store.schema import image_permissions as table

LIMIT = 1_000


class Whose(StrEnum):
    """What a permission names."""

    SENDER = "sender"
    DOMAIN = "domain"


@dataclass(frozen=True, slots=True)
class ImagePermission:
    """``value`` is an address or a domain in lower case; ``only_verified`` holds it back where nothing proves the sender."""

    id: int
    whose: Whose
    value: str
    only_verified: bool = False


_OF_ACCOUNT = select(table).where(table.c.account_id == bindparam("account")).order_by(table.c.value, table.c.whose)
_FOR_SENDER = (
    select(table)
    .where(
        table.c.account_id == bindparam("account"),
        or_(
            (table.c.whose == Whose.SENDER) & (table.c.value == bindparam("address")),
            (table.c.whose == Whose.DOMAIN) & (table.c.value == bindparam("domain")),
        ),
    )
    # One that needs no proof comes first: it says more.
    .order_by(table.c.only_verified, table.c.whose.desc())
)


def of_account(database: Database, account_id: AccountId) -> tuple[ImagePermission, ...]:
    """All of an account, by what they name."""
    with database.durable() as connection:
        return tuple(map(_permission, connection.execute(_OF_ACCOUNT, {"account": account_id})))


def for_sender(database: Database, account_id: AccountId, address: str) -> ImagePermission | None:
    """The permission that covers an address (in lower case), by itself or by its domain; the wider one where there are two."""
    values = {"account": account_id, "address": address, "domain": address.rpartition("@")[2]}
    with database.durable() as connection:
        row = connection.execute(_FOR_SENDER, values).first()
    return None if row is None else _permission(row)


def add(database: Database, account_id: AccountId, *, whose: Whose, value: str, only_verified: bool, now: datetime) -> ImagePermission:
    """Remember a permission in place of the one that named the same, and return it. Raises InvalidInput("too_many") beyond a thousand."""
    kept: dict[str, Any] = {"account_id": account_id, "whose": whose.value, "value": clean(value)}
    same = (table.c.account_id == account_id) & (table.c.whose == whose.value) & (table.c.value == kept["value"])
    with database.durable_write() as connection:
        connection.execute(delete(table).where(same))
        if connection.execute(select(func.count()).where(table.c.account_id == account_id)).scalar_one() >= LIMIT:
            raise InvalidInput("too_many", field="value", limit=LIMIT)
        row = insert(table).values(**kept, only_verified=int(only_verified), created_at=microseconds(now)).returning(table.c.id)
        return ImagePermission(connection.execute(row).scalar_one(), whose, kept["value"], only_verified)


def remove(database: Database, account_id: AccountId, permission_id: int) -> ImagePermission:
    """Forget one and return what it was. Raises NotFound("image_permission")."""
    mine = (table.c.account_id == account_id) & (table.c.id == permission_id)
    with database.durable_write() as connection:
        row = connection.execute(select(table).where(mine)).first()
        if row is None:
            raise NotFound("image_permission")
        connection.execute(delete(table).where(mine))
    return _permission(row)


def _permission(row: Any) -> ImagePermission:
    return ImagePermission(row.id, Whose(row.whose), row.value, bool(row.only_verified))
