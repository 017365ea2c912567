"""Preferences: what a person chose once and finds again, by name."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, insert, select

from webmail.account import UserId
from webmail.store.columns import clean
from webmail.store.database import Database
from webmail.store.schema import preferences

OF_USER = select(preferences.c.value).where(preferences.c.user_id == bindparam("user"), preferences.c.name == bindparam("name"))


def get(database: Database, user_id: UserId, name: str, *, default: str = "") -> str:
    """What was chosen, or the default."""
    with database.durable() as connection:
        found = connection.execute(OF_USER, {"user": user_id, "name": name}).scalar()
    return default if found is None else str(found)


def put(database: Database, user_id: UserId, name: str, value: str) -> None:
    """Remember a choice in place of the one before."""
    with database.durable_write() as connection:
        connection.execute(delete(preferences).where(preferences.c.user_id == user_id, preferences.c.name == name))
        connection.execute(insert(preferences).values(user_id=user_id, name=name, value=clean(value)))
