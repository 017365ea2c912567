"""The message index: what lists show without asking the server.

Rows are found by mailbox and UID, listed newest first by internal date and id, and named by an id that is never used
twice, even when the whole index is dropped: ids come from a sequence in the durable database. Whoever changes rows
adjusts the counts of the mailbox in the same transaction. Writers of many rows go in transactions of 200 at
most, so that nobody waits long for the index.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from time import monotonic
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, bindparam, case, delete, func, insert, literal_column, select, update

from webmail.account import AccountId
from webmail.errors import NotFound, UidValidityChanged
from webmail.mailbox import Mailbox, MailboxId, SpecialUse
from webmail.message.mime import has_attachments
from webmail.message.summary import Envelope, Flag, MessageId, MessageSummary, Uid
from webmail.message.thread import ThreadItem, thread_item
from webmail.store import joining
from webmail.store.accounts import own_addresses
from webmail.store.columns import (
    clean,
    envelope_column,
    envelope_value,
    flags_column,
    flags_value,
    microseconds,
    moment,
    sender_key,
    structure_column,
    structure_value,
    subject_key,
)
from webmail.store.database import Database
from webmail.store.schema import mailbox_state, messages, sequences

_Item = TypeVar("_Item")

CHUNK = 200
FIRST_CHUNK, LEAST_CHUNK = 50, 20
CHUNK_SECONDS = 0.03
OUTGOING = (SpecialUse.SENT, SpecialUse.DRAFTS)
"""Mailboxes that show, and are sorted by, the recipient instead of the sender."""
FLAG_COLUMNS = {Flag.SEEN: messages.c.seen, Flag.FLAGGED: messages.c.flagged}
# Made once: to put a query together costs as much as to run it, and these run for every page.
# The sum keeps SQLite from going through all messages of the account by one of the indexes that begin with it.
_ACCOUNT = messages.c.account_id + literal_column("0")
OF_IDS = select(messages).where(messages.c.id.in_(bindparam("ids", expanding=True)), bindparam("account") == _ACCOUNT)


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message and where it is on the server. Its UID is good only under this UIDVALIDITY; its thread until mail joins two."""

    summary: MessageSummary
    mailbox_id: MailboxId
    uidvalidity: int
    thread_id: int = 0


def next_ids(database: Database, count: int) -> range:
    """So many ids that nobody ever had, in order. One durable write."""
    with database.durable_write() as connection:
        row = update(sequences).where(sequences.c.name == "message").values(next=sequences.c.next + count)
        if not connection.execute(row).rowcount:
            connection.execute(insert(sequences).values(name="message", next=1 + count))
        after = connection.execute(select(sequences.c.next).where(sequences.c.name == "message")).scalar_one()
    return range(after - count, after)


def add(database: Database, mailbox: Mailbox, *, uidvalidity: int, summaries: Sequence[MessageSummary]) -> list[MessageSummary]:
    """Put messages into the index and return them with their ids, in the given order.

    Messages already known keep their id and get the given flags. Raises UidValidityChanged if the index of the mailbox is
    kept under another UIDVALIDITY (0: it was never opened).
    """
    own, ids = own_addresses(database, mailbox.account_id), _fresh_ids(database, len(summaries))
    added, start, count = list[MessageSummary](), 0, FIRST_CHUNK
    while chunk := summaries[start : start + count]:
        began, start = monotonic(), start + count
        added += _add_some(database, mailbox, uidvalidity, chunk, own=own, ids=ids)
        # To find their threads takes long where thousands of messages have one subject.
        count = max(LEAST_CHUNK, min(CHUNK, int(count * CHUNK_SECONDS / (monotonic() - began))))
    return added


def _fresh_ids(database: Database, count: int) -> Iterator[int]:
    """Ids for so many messages, taken at once when the first is needed: each taking is a durable write."""
    while True:
        yield from next_ids(database, count)


def _add_some(
    database: Database,
    mailbox: Mailbox,
    uidvalidity: int,
    summaries: Sequence[MessageSummary],
    *,
    own: frozenset[str],
    ids: Iterator[int],
) -> list[MessageSummary]:
    by_uid = {summary.uid: summary for summary in summaries}
    rows = {uid: _row(mailbox, uidvalidity, by_uid[uid], own=own) for uid in sorted(by_uid)}
    items = {uid: _thread_item(by_uid[uid], own=own) for uid in rows}
    with database.index() as connection:
        known = _ids(connection, mailbox.id, list(rows))
    fresh = list(islice(ids, len(rows) - len(known)))
    unknown = [uid for uid in rows if uid not in known]
    # A message known a moment ago may be gone now, and one unknown may have come: what counts is what the write lock sees.
    with database.index_write() as connection:
        _check(connection, mailbox, uidvalidity)
        present = _ids(connection, mailbox.id, list(rows))
        new = [rows[uid] | {"id": message_id} for uid, message_id in zip(unknown, fresh, strict=True) if uid not in present]
        if new:
            threaded = joining.join(connection, mailbox.account_id, [items[row["uid"]] for row in new])
            connection.execute(insert(messages), [row | columns for row, columns in zip(new, threaded, strict=True)])
            _shift(connection, mailbox.id, indexed=len(new))
        _set_flags(connection, mailbox.id, {uid: by_uid[uid].flags for uid in present})
        more = joining.go_on(connection, mailbox.account_id)
    while more:
        with database.index_write() as connection:
            more = joining.go_on(connection, mailbox.account_id)
    given = present | {row["uid"]: row["id"] for row in new}
    return [replace(summary, id=MessageId(given[summary.uid])) for summary in summaries if summary.uid in given]


def _row(mailbox: Mailbox, uidvalidity: int, summary: MessageSummary, *, own: frozenset[str]) -> dict[str, Any]:
    envelope = summary.envelope
    return {
        "account_id": mailbox.account_id,
        "mailbox_id": mailbox.id,
        "uid": summary.uid,
        "uidvalidity": uidvalidity,
        "internal_date": microseconds(summary.internal_date),
        "size": summary.size,
        **_flag_columns(summary.flags),
        "attachments": int(has_attachments(summary.structure)),
        "preview": clean(summary.preview) or None,
        "sender_key": sender_key(envelope, outgoing=mailbox.special_use in OUTGOING),
        "subject_key": subject_key(envelope),
        "to_me": _to_me(envelope, own),
        "envelope": envelope_column(envelope),
        "structure": structure_column(summary.structure),
    }


def _thread_item(summary: MessageSummary, *, own: frozenset[str]) -> ThreadItem:
    received = microseconds(summary.internal_date)
    return thread_item(summary.envelope, received=received, size=summary.size, own=own, email_id=summary.email_id)


def _to_me(envelope: Envelope, own: frozenset[str]) -> int:
    return int(any(each.addr_spec.lower() in own for each in (*envelope.to, *envelope.cc)))


def mark_to_me(database: Database, account_id: AccountId) -> int:
    """Tell anew which messages name an address of the account, after these have changed; returns how many differ.

    Costs a reading of all envelopes of the account, in pieces.
    """
    own, changed, last = own_addresses(database, account_id), 0, 0
    query = select(messages.c.id, messages.c.to_me, messages.c.envelope).where(messages.c.account_id == account_id)
    while True:
        with database.index() as connection:
            rows = connection.execute(query.where(messages.c.id > last).order_by(messages.c.id).limit(CHUNK)).all()
        if not rows:
            return changed
        last = rows[-1].id
        different = [{"row": row.id, "to_me": new} for row in rows if (new := _to_me(envelope_value(row.envelope), own)) != row.to_me]
        if different:
            with database.index_write() as connection:
                connection.execute(update(messages).where(messages.c.id == bindparam("row")).values(to_me=bindparam("to_me")), different)
        changed += len(different)


def _flag_columns(flags: Collection[str]) -> dict[str, Any]:
    return {"flags": flags_column(flags), "seen": int(Flag.SEEN in flags), "flagged": int(Flag.FLAGGED in flags)}


def _check(connection: Connection, mailbox: Mailbox, uidvalidity: int) -> None:
    stored = connection.execute(select(mailbox_state.c.uidvalidity).where(mailbox_state.c.mailbox_id == mailbox.id)).scalar() or 0
    if stored != uidvalidity or not uidvalidity:
        raise UidValidityChanged(name=mailbox.name, expected=uidvalidity, found=stored)


def _ids(connection: Connection, mailbox_id: MailboxId, uids: Sequence[Uid]) -> dict[Uid, int]:
    query = select(messages.c.uid, messages.c.id).where(messages.c.mailbox_id == mailbox_id, messages.c.uid.in_(uids))
    return {Uid(uid): message_id for uid, message_id in connection.execute(query)}


def _shift(connection: Connection, mailbox_id: MailboxId, *, exists: int = 0, unseen: int = 0, indexed: int = 0) -> None:
    """Adjust the counts of a mailbox; unknown ones stay unknown."""
    changes = {"exists": exists, "listed_messages": exists, "unseen": unseen, "listed_unseen": unseen, "indexed": indexed}
    values = {name: case((mailbox_state.c[name] + by < 0, 0), else_=mailbox_state.c[name] + by) for name, by in changes.items() if by}
    if values:
        connection.execute(update(mailbox_state).where(mailbox_state.c.mailbox_id == mailbox_id).values(values))


def set_flags(database: Database, mailbox_id: MailboxId, *, flags: Mapping[Uid, frozenset[str]]) -> int:
    """Give messages the flags the server has for them; returns how many changed."""
    changed = 0
    for uids in _chunks(list(flags)):
        with database.index_write() as connection:
            changed += _set_flags(connection, mailbox_id, {uid: flags[uid] for uid in uids})
    return changed


def change_flags(database: Database, mailbox_id: MailboxId, *, uids: Collection[Uid], add: Collection[str], remove: Collection[str]) -> int:
    """Add and remove flags of messages; returns how many changed."""
    return _change(database, mailbox_id, uids, lambda flags: (flags | frozenset(add)) - frozenset(remove))


def set_flag_everywhere(
    database: Database, mailbox_id: MailboxId, *, flag: str, only: Collection[Uid] | None = None, without: Collection[Uid] | None = None
) -> int:
    r"""Make \Seen or \Flagged of a whole mailbox true to a SEARCH of the server; returns how many changed.

    Either ``only`` these messages have the flag, or all but those ``without`` it. Costs by the messages named and those
    that change, not by the mailbox.
    """
    column, value, named = FLAG_COLUMNS[flag], "0" if only is None else "1", frozenset(only if only is not None else without or ())
    with database.index() as connection:
        query = select(messages.c.uid).where(messages.c.mailbox_id == mailbox_id, column == literal_column(value))
        known = frozenset(Uid(uid) for uid in connection.execute(query).scalars())
        lowest = connection.execute(select(func.min(messages.c.uid)).where(messages.c.mailbox_id == mailbox_id)).scalar()
    entering = [uid for uid in named - known if lowest is not None and uid >= lowest]
    having, lacking = (entering, known - named) if value == "1" else (known - named, entering)
    return _change(database, mailbox_id, having, lambda flags: flags | {flag}) + _change(
        database, mailbox_id, lacking, lambda flags: flags - {flag}
    )


def _change(database: Database, mailbox_id: MailboxId, uids: Collection[Uid], change: Callable[[frozenset[str]], frozenset[str]]) -> int:
    changed = 0
    for some in _chunks(sorted(uids)):
        with database.index_write() as connection:
            query = select(messages.c.uid, messages.c.flags).where(messages.c.mailbox_id == mailbox_id, messages.c.uid.in_(some))
            found = {Uid(uid): flags_value(flags) for uid, flags in connection.execute(query)}
            changed += _set_flags(connection, mailbox_id, {uid: change(flags) for uid, flags in found.items()})
    return changed


def _set_flags(connection: Connection, mailbox_id: MailboxId, flags: Mapping[Uid, frozenset[str]]) -> int:
    if not flags:
        return 0
    query = select(messages.c.id, messages.c.uid, messages.c.flags, messages.c.seen)
    known = connection.execute(query.where(messages.c.mailbox_id == mailbox_id, messages.c.uid.in_(list(flags)))).all()
    changes = [(row, new) for row in known if (new := _flag_columns(flags[Uid(row.uid)]))["flags"] != row.flags]
    if changes:
        statement = (
            update(messages)
            .where(messages.c.id == bindparam("row"))
            .values({name: bindparam(name) for name in ("flags", "seen", "flagged")})
        )
        connection.execute(statement, [{"row": row.id, **new} for row, new in changes])
        _shift(connection, mailbox_id, unseen=sum(row.seen - new["seen"] for row, new in changes))
    return len(changes)


def remove(database: Database, mailbox_id: MailboxId, *, uids: Collection[Uid]) -> int:
    """Forget messages that are no longer there; returns how many were known."""
    removed = 0
    for some in _chunks(sorted(uids)):
        with database.index_write() as connection:
            removed += _remove(connection, mailbox_id, some)
    return removed


def _remove(connection: Connection, mailbox_id: MailboxId, uids: Sequence[Uid]) -> int:
    these = (messages.c.mailbox_id == mailbox_id) & messages.c.uid.in_(uids)
    unseen = connection.execute(select(func.count()).where(these, messages.c.seen == literal_column("0"))).scalar_one()
    removed = connection.execute(delete(messages).where(these)).rowcount
    _shift(connection, mailbox_id, exists=-removed, unseen=-unseen, indexed=-removed)
    return removed


def relocate(
    database: Database, mailbox_id: MailboxId, *, target: MailboxId, uidvalidity: int, uids: Collection[Uid], new_uids: Mapping[Uid, Uid]
) -> int:
    """Follow a MOVE: messages keep their ids in the target where their new UIDs are known; returns how many did.

    Where the index of the target is kept under another UIDVALIDITY, or not at all, they are forgotten, and the next sync
    of the target finds them.
    """
    moved = 0
    for some in _chunks(sorted(uids)):
        with database.index_write() as connection:
            stored = connection.execute(select(mailbox_state.c.uidvalidity).where(mailbox_state.c.mailbox_id == target)).scalar()
            places = {uid: new_uids[uid] for uid in some if uid in new_uids} if stored and stored == uidvalidity else {}
            known = _ids(connection, mailbox_id, list(places))
            taken = _ids(connection, target, list(places.values()))
            moved += _relocate(
                connection, mailbox_id, target, {uid: (known[uid], places[uid]) for uid in known if places[uid] not in taken}
            )
            _remove(connection, mailbox_id, some)
    return moved


def _relocate(connection: Connection, mailbox_id: MailboxId, target: MailboxId, places: Mapping[Uid, tuple[int, Uid]]) -> int:
    if not places:
        return 0
    ids = [message_id for message_id, _ in places.values()]
    unseen = connection.execute(select(func.count()).where(messages.c.id.in_(ids), messages.c.seen == literal_column("0"))).scalar_one()
    uidvalidity = select(mailbox_state.c.uidvalidity).where(mailbox_state.c.mailbox_id == target).scalar_subquery()
    statement = update(messages).where(messages.c.id == bindparam("row"))
    statement = statement.values(mailbox_id=target, uidvalidity=uidvalidity, uid=bindparam("place"))
    connection.execute(statement, [{"row": message_id, "place": uid} for message_id, uid in places.values()])
    _shift(connection, mailbox_id, exists=-len(ids), unseen=-unseen, indexed=-len(ids))
    _shift(connection, target, exists=len(ids), unseen=unseen, indexed=len(ids))
    return len(ids)


def uids(database: Database, mailbox_id: MailboxId) -> list[Uid]:
    """All UIDs the index knows of a mailbox, ascending."""
    with database.index() as connection:
        query = select(messages.c.uid).where(messages.c.mailbox_id == mailbox_id).order_by(messages.c.uid)
        return list(connection.execute(query).scalars())


def flags_between(database: Database, mailbox_id: MailboxId, *, low: Uid, high: Uid | None) -> dict[Uid, frozenset[str]]:
    """The flags of the messages from UID ``low`` to ``high``, both included; None: to the last."""
    query = select(messages.c.uid, messages.c.flags).where(messages.c.mailbox_id == mailbox_id, messages.c.uid >= low)
    with database.index() as connection:
        rows = connection.execute(query if high is None else query.where(messages.c.uid <= high))
        return {Uid(uid): flags_value(flags) for uid, flags in rows}


def get(database: Database, account_id: AccountId, message_id: MessageId) -> StoredMessage:
    """A message of the account. Raises NotFound, also for messages of somebody else."""
    found = get_many(database, account_id, [message_id])
    if not found:
        raise NotFound("message")
    return found[0]


def get_many(database: Database, account_id: AccountId, ids: Sequence[MessageId]) -> list[StoredMessage]:
    """The messages of the account among these, in the given order."""
    found: dict[int, StoredMessage] = {}
    with database.index() as connection:
        for some in _chunks(ids):
            found.update({row.id: _stored(row) for row in connection.execute(OF_IDS, {"account": account_id, "ids": list(some)})})
    return [found[each] for each in dict.fromkeys(ids) if each in found]


def owner(database: Database, message_id: MessageId) -> AccountId | None:
    """The account a message belongs to, or None."""
    with database.index() as connection:
        found = connection.execute(select(messages.c.account_id).where(messages.c.id == message_id)).scalar()
    return None if found is None else AccountId(found)


def flags_of(database: Database, mailbox_id: MailboxId, uids: Sequence[Uid]) -> dict[Uid, frozenset[str]]:
    """The flags of these messages, as far as the index has them."""
    found: dict[Uid, frozenset[str]] = {}
    query = select(messages.c.uid, messages.c.flags).where(messages.c.mailbox_id == mailbox_id)
    with database.index() as connection:
        for some in _chunks(uids):
            found.update({Uid(uid): flags_value(flags) for uid, flags in connection.execute(query.where(messages.c.uid.in_(some)))})
    return found


def by_uid(database: Database, mailbox_id: MailboxId, uid: Uid) -> StoredMessage | None:
    """The message of a UID, or None."""
    with database.index() as connection:
        row = connection.execute(select(messages).where(messages.c.mailbox_id == mailbox_id, messages.c.uid == uid)).first()
    return None if row is None else _stored(row)


def counts(database: Database, mailbox_id: MailboxId) -> tuple[int, int, int]:
    """How many messages a mailbox has, how many of them are unread, how many the index holds. One look-up."""
    columns = mailbox_state.c
    with database.index() as connection:
        row = connection.execute(select(columns.exists, columns.unseen, columns.indexed).where(columns.mailbox_id == mailbox_id)).first()
    return (0, 0, 0) if row is None else (row[0], row[1], row[2])


def _stored(row: Row[*tuple[Any, ...]]) -> StoredMessage:
    summary = MessageSummary(
        row.uid,
        flags_value(row.flags),
        moment(row.internal_date),
        row.size,
        envelope_value(row.envelope),
        structure_value(row.structure),
        row.preview or "",
        row.id,
    )
    return StoredMessage(summary, row.mailbox_id, row.uidvalidity, row.thread_id)


def _chunks(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    for start in range(0, len(items), CHUNK):
        yield items[start : start + CHUNK]
