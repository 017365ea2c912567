"""What was found of the DKIM signatures of messages when these arrived: kept in the index, and as long as it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, delete, insert, select

from webmail.message.summary import MessageId
from webmail.store.columns import clean, dumps, loads
from webmail.store.database import Database
from webmail.store.schema import signatures

_OF = select(signatures.c.found).where(signatures.c.message_id == bindparam("message"))


def of(database: Database, message_id: MessageId) -> tuple[tuple[str, str], ...]:
    """Result and domain of each signature of a message that was verified here. One look-up."""
    with database.index() as connection:
        found = connection.execute(_OF, {"message": message_id}).scalar()
    return tuple((result, domain) for result, domain in loads(found)) if found else ()


def known(database: Database, message_id: MessageId) -> bool:
    """Whether the signatures of a message were looked at already."""
    with database.index() as connection:
        return connection.execute(_OF, {"message": message_id}).first() is not None


def put(database: Database, message_id: MessageId, found: Sequence[tuple[str, str]]) -> None:
    """Keep what was found, in place of what was before. One write."""
    row = {"message_id": message_id, "found": clean(dumps([list(each) for each in found]))}
    with database.index_write() as connection:
        connection.execute(delete(signatures).where(signatures.c.message_id == message_id))
        connection.execute(insert(signatures).values(row))
