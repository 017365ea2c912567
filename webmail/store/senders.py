"""Who has written and who was written to: what the durable database remembers of addresses, whatever becomes of their mail.

It is filled when messages enter the index and when a submission is accepted. Everything is kept by the oldest message known, so
messages may come in any order and twice. One write for a whole window of messages, of one row for each address in it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Row, bindparam, case, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from webmail.account import AccountId
from webmail.address import Address
from webmail.message.lookalikes import name_key, site
from webmail.store.columns import clean, microseconds, optional_moment
from webmail.store.database import Database
from webmail.store.schema import senders

LONGEST = 320
"""Addresses longer than any mail system takes (RFC 5321 §4.5.3.1) are not remembered."""
NAMESAKES = 20
SITES = 2_000


@dataclass(frozen=True, slots=True)
class Seen:
    """A message that somebody wrote: when it came, and where answers go if to another site."""

    sender: Address
    at: datetime
    reply_site: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What is remembered of an address. ``first_at`` is None where no message of it was seen."""

    addr_spec: str
    site: str
    name: str = ""
    reply_site: str = ""
    first_at: datetime | None = None
    written: bool = False
    trusted: bool = False


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered of a sender: of the address itself, of its site, and of other addresses under the same name.

    ``written_sites`` are the sites that were written to, told only of an address that was not.
    """

    address: Known
    site_since: datetime | None = None
    namesakes: tuple[Known, ...] = ()
    written_sites: frozenset[str] = frozenset()


_ABOUT = (
    select(senders)
    .where(
        senders.c.account_id == bindparam("account"),
        or_(senders.c.addr_spec == bindparam("addr"), senders.c.name_key == bindparam("name")),
    )
    .limit(NAMESAKES)
)
_SITE_SINCE = select(func.min(senders.c.first_at)).where(
    senders.c.account_id == bindparam("account"), senders.c.site == bindparam("site"), senders.c.first_at > 0
)

_WRITTEN_SITES = select(senders.c.site).distinct().where(senders.c.account_id == bindparam("account"), senders.c.written == 1).limit(SITES)


def remember(database: Database, account_id: AccountId, seen: Iterable[Seen]) -> None:
    """Remember who wrote. One durable write, none where there is nobody."""
    oldest: dict[str, Seen] = {}
    for each in seen:
        spec = _spec(each.sender.addr_spec)
        if spec and (spec not in oldest or each.at < oldest[spec].at):
            oldest[spec] = each
    rows = [
        _row(account_id, spec, name=each.sender.name) | {"first_at": microseconds(each.at), "reply_site": clean(each.reply_site)}
        for spec, each in sorted(oldest.items())
    ]
    _put(database, rows)


def wrote(database: Database, account_id: AccountId, recipients: Iterable[Address]) -> None:
    """Remember who was written to. One durable write, none where there is nobody."""
    named: dict[str, str] = {}
    for each in recipients:
        spec = _spec(each.addr_spec)
        if spec:
            named[spec] = named.get(spec) or each.name
    _put(database, [_row(account_id, spec, name=name) | {"written": 1} for spec, name in sorted(named.items())])


def trust(database: Database, account_id: AccountId, sender: Address, *, trusted: bool) -> None:
    """Remember that the person trusts what comes from an address, or no more. One durable write."""
    spec = _spec(sender.addr_spec)
    if spec and trusted:
        _put(database, [_row(account_id, spec, name=sender.name) | {"trusted": 1}])
    elif spec:
        with database.durable_write() as connection:
            mine = (senders.c.account_id == account_id) & (senders.c.addr_spec == spec)
            connection.execute(update(senders).where(mine).values(trusted=0))


def about(database: Database, account_id: AccountId, sender: Address) -> Memory:
    """What is remembered of the sender of a message. Three look-ups by an index."""
    spec, key, owner = _spec(sender.addr_spec), clean(name_key(sender.name)), clean(site(sender.domain))
    with database.durable() as connection:
        rows = connection.execute(_ABOUT, {"account": account_id, "addr": spec, "name": key or "\x01"}).all()
        since = connection.execute(_SITE_SINCE, {"account": account_id, "site": owner}).scalar()
        known = [_known(row) for row in rows]
        own = next((each for each in known if each.addr_spec == spec), Known(spec, owner))
        sites = frozenset() if own.written else frozenset(connection.execute(_WRITTEN_SITES, {"account": account_id}).scalars())
    return Memory(own, optional_moment(since), tuple(each for each in known if each.addr_spec != spec), sites)


def written_sites(database: Database, account_id: AccountId) -> frozenset[str]:
    """The sites that were written to. One look-up."""
    with database.durable() as connection:
        return frozenset(connection.execute(_WRITTEN_SITES, {"account": account_id}).scalars())


def _spec(text: str) -> str:
    spec = clean(text).lower()
    return spec if "@" in spec and len(spec) <= LONGEST else ""


def _row(account_id: AccountId, spec: str, *, name: str) -> dict[str, Any]:
    return {
        "account_id": account_id,
        "addr_spec": spec,
        "site": site(spec.rpartition("@")[2]),
        "name": clean(name)[:200],
        "name_key": clean(name_key(name)),
        "reply_site": "",
        "first_at": 0,
        "written": 0,
        "trusted": 0,
    }


def _put(database: Database, rows: Collection[Mapping[str, Any]]) -> None:
    if rows:
        with database.durable_write() as connection:
            connection.execute(_upsert(connection.dialect.name), list(rows))


@cache
def _upsert(dialect: str) -> Any:
    """Both databases say it in the same words, and SQLAlchemy in two. Made once: to put it together costs as much as to run it."""
    insert = postgresql.insert(senders) if dialect == "postgresql" else sqlite.insert(senders)
    new, old = insert.excluded, senders.c
    older = (new.first_at > 0) & ((old.first_at == 0) | (new.first_at < old.first_at))
    named = (old.name == "") & (new.name != "")
    return insert.on_conflict_do_update(
        index_elements=["account_id", "addr_spec"],
        set_={
            "first_at": case((older, new.first_at), else_=old.first_at),
            "reply_site": case((older, new.reply_site), else_=old.reply_site),
            "name": case((named, new.name), else_=old.name),
            "name_key": case((named, new.name_key), else_=old.name_key),
            "written": case((new.written > old.written, new.written), else_=old.written),
            "trusted": case((new.trusted > old.trusted, new.trusted), else_=old.trusted),
        },
        where=older | named | (new.written > old.written) | (new.trusted > old.trusted),
    )


def _known(row: Row[*tuple[Any, ...]]) -> Known:
    return Known(
        addr_spec=row.addr_spec,
        site=row.site,
        name=row.name,
        reply_site=row.reply_site,
        first_at=optional_moment(row.first_at or None),
        written=bool(row.written),
        trusted=bool(row.trusted),
    )
