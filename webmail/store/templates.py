"""Templates: texts that a person writes again and again, by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from webmail.account import UserId
from webmail.errors import InvalidInput, NotFound
from webmail.store.columns import clean
from webmail.store.database import Database
from webmail.store.schema import templates


@dataclass(frozen=True, slots=True)
class Template:
    """A text to begin with; ``id`` is 0 for one that is not kept yet."""

    id: int
    name: str
    subject: str
    text: str


def of_user(database: Database, user_id: UserId) -> tuple[Template, ...]:
    """All templates of a person, by name."""
    query = select(templates).where(templates.c.user_id == user_id).order_by(templates.c.name)
    with database.durable() as connection:
        return tuple(map(_template, connection.execute(query)))


def get(database: Database, user_id: UserId, template_id: int) -> Template:
    """A template. Raises NotFound."""
    with database.durable() as connection:
        row = connection.execute(select(templates).where(templates.c.user_id == user_id, templates.c.id == template_id)).first()
    if row is None:
        raise NotFound("template")
    return _template(row)


def put(database: Database, user_id: UserId, template: Template) -> int:
    """Write a template, a new one where its id is 0. Raises NotFound, and InvalidInput("name_taken") for the name of another."""
    values = {"name": clean(template.name), "subject": clean(template.subject), "text": clean(template.text)}
    mine = templates.c.user_id == user_id
    with database.durable_write() as connection:
        named = connection.execute(select(templates.c.id).where(mine, templates.c.name == values["name"])).scalar()
        if named not in (None, template.id):
            raise InvalidInput("name_taken", field="name", name=template.name)
        if not template.id:
            row = insert(templates).values(user_id=user_id, **values).returning(templates.c.id)
            return int(connection.execute(row).scalar_one())
        if not connection.execute(update(templates).where(mine, templates.c.id == template.id).values(values)).rowcount:
            raise NotFound("template")
    return template.id


def remove(database: Database, user_id: UserId, template_id: int) -> None:
    """Forget a template. Raises NotFound."""
    mine = (templates.c.user_id == user_id) & (templates.c.id == template_id)
    with database.durable_write() as connection:
        if not connection.execute(delete(templates).where(mine)).rowcount:
            raise NotFound("template")


def _template(row: Row[*tuple[Any, ...]]) -> Template:
    return Template(row.id, row.name, row.subject, row.text)
