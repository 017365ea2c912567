"""What is kept of bodies: those made ready to be shown, until others are used more, and the first words of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from webmail.account import AccountId
from webmail.mailbox import MailboxId
from webmail.message.summary import Uid
from webmail.store.columns import clean
from webmail.store.database import Database
from webmail.store.schema import bodies, messages

LIMIT = 64 << 20
USED_LATELY = 1000
"""What is among so many used last need not be marked as used again: reading must not cost a write."""

LAST = select(func.max(bodies.c.used)).scalar_subquery()
KEPT = select(bodies.c.key, bodies.c.html, bodies.c.used, LAST.label("last")).where(
    bodies.c.account_id == bindparam("account"), bodies.c.key.in_(bindparam("which", expanding=True))
)


def cached_body(database: Database, *, account_id: AccountId, key: str) -> str | None:
    """A body made ready earlier, or None."""
    return cached_bodies(database, account_id=account_id, keys=[key]).get(key)


def cached_bodies(database: Database, *, account_id: AccountId, keys: Sequence[str]) -> dict[str, str]:
    """What was made ready earlier of these. One query, and rarely a write."""
    with database.index() as connection:
        rows = connection.execute(KEPT, {"account": account_id, "which": list(keys)}).all()
    forgotten = [row.key for row in rows if row.used <= row.last - USED_LATELY]
    if forgotten:
        with database.index_write() as connection:
            last = _last_used(connection)
            for number, key in enumerate(forgotten, start=1):
                mine = (bodies.c.account_id == account_id) & (bodies.c.key == key)
                connection.execute(update(bodies).where(mine).values(used=last + number))
    return {row.key: str(row.html) for row in rows}


def cache_body(database: Database, *, account_id: AccountId, key: str, html: str, limit_bytes: int = LIMIT) -> None:
    """Keep a body; the ones not used for longest make way once all together exceed ``limit_bytes``."""
    kept = clean(html)
    size = len(kept.encode())
    if size > limit_bytes:
        return
    with database.index_write() as connection:
        connection.execute(delete(bodies).where(bodies.c.account_id == account_id, bodies.c.key == key))
        total = connection.execute(select(func.sum(bodies.c.size))).scalar() or 0
        oldest = connection.execute(select(bodies.c.used, bodies.c.size).order_by(bodies.c.used)) if total + size > limit_bytes else ()
        for used, freed in list(oldest):
            if total + size <= limit_bytes:
                break
            connection.execute(delete(bodies).where(bodies.c.used == used))
            total -= freed
        row = {"account_id": account_id, "key": key, "html": kept, "size": size, "used": _last_used(connection) + 1}
        connection.execute(insert(bodies).values(row))


def put_previews(database: Database, mailbox_id: MailboxId, previews: Mapping[Uid, str]) -> None:
    """Write the first words of messages of a mailbox (RFC 8970 §2), without those that are empty. One write."""
    rows = [{"of": mailbox_id, "which": uid, "words": clean(words)} for uid, words in previews.items() if words]
    if rows:
        with database.index_write() as connection:
            connection.execute(_PREVIEW, rows)


def _last_used(connection: Connection) -> int:
    return connection.execute(select(func.max(bodies.c.used))).scalar() or 0


_PREVIEW = (
    update(messages)
    .where(messages.c.mailbox_id == bindparam("of"), messages.c.uid == bindparam("which"))
    .values(preview=bindparam("words"))
)
