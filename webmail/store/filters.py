"""Filters that this webmail runs itself, how far it has come in the inbox, and which messages they have been tried on already."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update

from webmail.account import AccountId
from webmail.errors import Conflict
from webmail.formats import filters as formats
from webmail.formats.filters import MailFilter
from webmail.message.summary import MessageSummary, Uid
from webmail.store.columns import dumps, loads, microseconds, moment
from webmail.store.database import Database
from webmail.store.schema import filtered, filters

REMEMBERED = timedelta(days=365)
"""How long it is known of a message that filters were tried on it."""


@dataclass(frozen=True, slots=True)
class KeptFilters:
    """The filters of an account. ``revision`` counts their changes.

    ``uid`` is the first UID of the inbox, under ``uidvalidity``, that they have not been tried on; nothing that came before
    ``since`` is theirs.
    """

    filters: tuple[MailFilter, ...]
    revision: int
    uidvalidity: int
    uid: Uid
    since: datetime


def get(database: Database, account_id: AccountId) -> KeptFilters | None:
    """The filters of an account; None where it never had one."""
    with database.durable() as connection:
        row = connection.execute(select(filters).where(filters.c.account_id == account_id)).first()
    if row is None:
        return None
    found = tuple(formats.from_json(each) for each in loads(row.content))
    return KeptFilters(found, row.revision, row.uidvalidity, Uid(row.uid), moment(row.since))


def exist(database: Database, account_id: AccountId) -> bool:
    """Whether filters are run here for an account, on or off. One look-up."""
    with database.durable() as connection:
        return connection.execute(select(filters.c.account_id).where(filters.c.account_id == account_id)).first() is not None


def put(database: Database, account_id: AccountId, wanted: Sequence[MailFilter], *, revision: int, now: datetime) -> None:
    """Keep filters in place of those of a revision (0: there were none). Raises Conflict("filters_changed") for another."""
    content = dumps([formats.to_json(each) for each in wanted])
    mine = filters.c.account_id == account_id
    with database.durable_write() as connection:
        known = connection.execute(select(filters.c.revision).where(mine)).scalar()
        if (known or 0) != revision:
            raise Conflict("filters_changed")
        if known is None:
            row = {"account_id": account_id, "content": content, "revision": 1, "since": microseconds(now)}
            connection.execute(insert(filters).values(row))
        else:
            connection.execute(update(filters).where(mine).values(content=content, revision=revision + 1))


def advance(database: Database, account_id: AccountId, *, uidvalidity: int, uid: Uid, since: datetime | None = None) -> None:
    """Note that everything below a UID of the inbox is done with; ``since`` where a new beginning is made."""
    values = {"uidvalidity": uidvalidity, "uid": uid} | ({} if since is None else {"since": microseconds(since)})
    with database.durable_write() as connection:
        connection.execute(update(filters).where(filters.c.account_id == account_id).values(values))


def sameness(summary: MessageSummary) -> str:
    """What stays the same of a message when it is moved out of the inbox and back: filters are tried on each once."""
    known = (summary.envelope.message_id_field, str(microseconds(summary.internal_date)), str(summary.size))
    return hashlib.sha256("\n".join(known).encode("utf-8", "replace")).hexdigest()


def tried(database: Database, account_id: AccountId, wanted: Collection[str]) -> dict[str, bool]:
    """Which of these messages filters have been tried on, by sameness: True when that was finished, False when it was only begun."""
    query = select(filtered.c.sameness, filtered.c.finished).where(filtered.c.account_id == account_id)
    with database.durable() as connection:
        return {row.sameness: bool(row.finished) for row in connection.execute(query.where(filtered.c.sameness.in_(list(wanted))))}


def note(database: Database, account_id: AccountId, messages: Collection[str], *, finished: bool, now: datetime) -> None:
    """Note that filters are about to be tried on messages, or have been. What is older than a year is forgotten."""
    mine = filtered.c.account_id == account_id
    rows = [{"account_id": account_id, "sameness": each, "finished": int(finished), "at": microseconds(now)} for each in set(messages)]
    with database.durable_write() as connection:
        connection.execute(delete(filtered).where(mine, filtered.c.at < microseconds(now - REMEMBERED)))
        connection.execute(delete(filtered).where(mine, filtered.c.sameness.in_([row["sameness"] for row in rows])))
        if rows:
            connection.execute(insert(filtered), rows)
