"""Signed-in browsers. The token is known to the browser only; we keep its hash, so the database opens no session."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, insert, select, update

from webmail.account import AccountId, UserId
from webmail.store.columns import clean, dumps, loads, microseconds, moment
from webmail.store.database import Database
from webmail.store.schema import sessions

RESOLUTION = timedelta(minutes=1)
"""How exactly "last seen" is kept: a page must not cost a write."""
AGENT_LENGTH = 300
LIVING = select(sessions).where(sessions.c.token_hash == bindparam("token"), sessions.c.expires_at > bindparam("at"))


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A browser that has our cookie. ``user_id`` is None until somebody has signed in."""

    id: int
    user_id: UserId | None
    account_id: AccountId | None
    data: dict[str, Any]
    created: datetime
    last_seen: datetime
    address: str
    agent: str


def create(
    database: Database,
    *,
    user_id: UserId | None,
    account_id: AccountId | None,
    address: str,
    agent: str,
    now: datetime,
    data: Mapping[str, Any],
    lifetime: timedelta,
) -> str:
    """Start a session and return its token, which is stored nowhere; it lives for ``lifetime`` after it was last used."""
    token = secrets.token_urlsafe(32)
    at = microseconds(now)
    row = {
        "token_hash": _hash(token),
        "user_id": user_id,
        "account_id": account_id,
        "address": clean(address),
        "agent": clean(agent)[:AGENT_LENGTH],
        "data": dumps(dict(data)),
        "created_at": at,
        "last_seen_at": at,
        "expires_at": microseconds(now + lifetime),
        "lifetime": lifetime // timedelta(microseconds=1),
    }
    with database.durable_write() as connection:
        connection.execute(insert(sessions).values(row))
    return token


def load(database: Database, token: str, *, now: datetime) -> StoredSession | None:
    """The session of a token, or None if there is none or it has expired. One look-up."""
    with database.durable() as connection:
        row = connection.execute(LIVING, {"token": _hash(token), "at": microseconds(now)}).first()
    return None if row is None else _stored(row)


def touch(database: Database, token: str, *, now: datetime) -> bool:
    """Note that a session was used, which prolongs it; at most one write a minute. Tells whether it wrote."""
    mine = (sessions.c.token_hash == _hash(token)) & (sessions.c.last_seen_at <= microseconds(now - RESOLUTION))
    with database.durable() as connection:
        if connection.execute(select(sessions.c.id).where(mine)).first() is None:
            return False
    at = microseconds(now)
    with database.durable_write() as connection:
        written = connection.execute(update(sessions).where(mine).values(last_seen_at=at, expires_at=sessions.c.lifetime + at))
        return bool(written.rowcount)


def save(database: Database, token: str, *, data: Mapping[str, Any], user_id: UserId | None, account_id: AccountId | None) -> None:
    """Keep what a session holds now. A session that has ended meanwhile stays ended."""
    values = {"data": dumps(dict(data)), "user_id": user_id, "account_id": account_id}
    with database.durable_write() as connection:
        connection.execute(update(sessions).where(sessions.c.token_hash == _hash(token)).values(values))


def end(database: Database, token: str) -> None:
    """End a session."""
    with database.durable_write() as connection:
        connection.execute(delete(sessions).where(sessions.c.token_hash == _hash(token)))


def end_one(database: Database, user_id: UserId, *, session_id: int) -> bool:
    """End one session of a user, from their list of devices. False if it is not theirs."""
    with database.durable_write() as connection:
        return bool(connection.execute(delete(sessions).where(sessions.c.user_id == user_id, sessions.c.id == session_id)).rowcount)


def end_all(database: Database, user_id: UserId) -> int:
    """End all sessions of a user and tell how many there were."""
    with database.durable_write() as connection:
        return connection.execute(delete(sessions).where(sessions.c.user_id == user_id)).rowcount


def of_user(database: Database, user_id: UserId, *, now: datetime) -> tuple[StoredSession, ...]:
    """The living sessions of a user, the one used last first."""
    living = (sessions.c.user_id == user_id) & (sessions.c.expires_at > microseconds(now))
    with database.durable() as connection:
        return tuple(_stored(row) for row in connection.execute(select(sessions).where(living).order_by(sessions.c.last_seen_at.desc())))


def count_for_account(database: Database, account_id: AccountId, *, now: datetime) -> int:
    """How many living sessions use an account: after the last one its password is erased."""
    living = (sessions.c.account_id == account_id) & (sessions.c.expires_at > microseconds(now))
    with database.durable() as connection:
        return connection.execute(select(func.count()).select_from(sessions).where(living)).scalar_one()


def expire(database: Database, *, now: datetime) -> tuple[AccountId, ...]:
    """Delete the sessions that have expired; returns the accounts that no living session uses any more."""
    dead = sessions.c.expires_at <= microseconds(now)
    with database.durable() as connection:
        if connection.execute(select(sessions.c.id).where(dead).limit(1)).first() is None:
            return ()
    with database.durable_write() as connection:
        left = set(connection.execute(select(sessions.c.account_id).where(dead)).scalars())
        connection.execute(delete(sessions).where(dead))
        left -= set(connection.execute(select(sessions.c.account_id).where(sessions.c.account_id.in_(left))).scalars())
    return tuple(AccountId(each) for each in sorted(filter(None, left)))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _stored(row: Row[*tuple[Any, ...]]) -> StoredSession:
    return StoredSession(
        row.id,
        row.user_id,
        row.account_id,
        loads(row.data),
        moment(row.created_at),
        moment(row.last_seen_at),
        row.address,
        row.agent,
    )
