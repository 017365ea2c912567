"""Saved searches: queries a person has given a name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, func, insert, select, update

from webmail.account import UserId
from webmail.errors import Conflict, InvalidInput, NotFound
from webmail.store.columns import clean, microseconds
from webmail.store.database import Database
from webmail.store.schema import saved_searches

LIMIT = 100
OF_USER = select(saved_searches).where(saved_searches.c.user_id == bindparam("user")).order_by(saved_searches.c.name)


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """A query, what its owner calls it, and how many unread messages it found lately."""

    id: int
    name: str
    query: str
    unread: int = 0


def of_user(database: Database, user_id: UserId) -> tuple[SavedSearch, ...]:
    """All of a person, by name."""
    with database.durable() as connection:
        return tuple(SavedSearch(row.id, row.name, row.query, row.unread) for row in connection.execute(OF_USER, {"user": user_id}))


def get(database: Database, user_id: UserId, search_id: int) -> SavedSearch:
    """One of a person. Raises NotFound("saved_search")."""
    found = next((each for each in of_user(database, user_id) if each.id == search_id), None)
    if found is None:
        raise NotFound("saved_search")
    return found


def add(database: Database, user_id: UserId, *, name: str, query: str, now: datetime) -> SavedSearch:
    """Keep a query under a name. Raises Conflict("name_taken"), and InvalidInput("too_many") beyond a hundred."""
    values = {"user_id": user_id, "name": clean(name), "query": clean(query), "created_at": microseconds(now)}
    mine = saved_searches.c.user_id == user_id
    with database.durable_write() as connection:
        if connection.execute(select(saved_searches.c.id).where(mine, saved_searches.c.name == values["name"])).first():
            raise Conflict("name_taken", name=name)
        if connection.execute(select(func.count()).where(mine)).scalar_one() >= LIMIT:
            raise InvalidInput("too_many", field="name", limit=LIMIT)
        new = connection.execute(insert(saved_searches).values(values).returning(saved_searches.c.id)).scalar_one()
    return SavedSearch(new, clean(name), clean(query))


def note_unread(database: Database, search: SavedSearch, unread: int) -> None:
    """Remember how many unread messages a search finds now. Writes nothing where that has not changed."""
    if unread != search.unread:
        with database.durable_write() as connection:
            connection.execute(update(saved_searches).where(saved_searches.c.id == search.id).values(unread=unread))


def remove(database: Database, user_id: UserId, search_id: int) -> SavedSearch:
    """Forget one and return what it was. Raises NotFound("saved_search")."""
    found = get(database, user_id, search_id)
    with database.durable_write() as connection:
        connection.execute(delete(saved_searches).where(saved_searches.c.user_id == user_id, saved_searches.c.id == search_id))
    return found
