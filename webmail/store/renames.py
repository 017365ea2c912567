"""Renames: mailboxes that another client has given another name, known again by what does not change with the name.

That is the object id where the server keeps one (RFC 8474 §4.1), else UIDVALIDITY, where it is the only one of its value: a
server that gives every mailbox the same tells nothing by it, and a message must never be shown in a mailbox it is not in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from webmail.account import AccountId
from webmail.mailbox import ListedMailbox, MailboxCounts
from webmail.store.schema import mailboxes

_Row = Row[*tuple[Any, ...]]


def find(known: Iterable[_Row], states: Mapping[int, _Row], found: Mapping[str, ListedMailbox]) -> dict[int, str]:
    """The new name of each mailbox that was renamed: ``known`` and ``states`` are stored rows, ``found`` what the server lists."""
    living = {row.name: states[row.id] for row in known if not row.gone and row.id in states}
    ids = {row.name: row.id for row in known}
    names = {row.name for row in known if not row.gone}
    # A name that stands for another mailbox now may have been taken by one that was renamed, or its own be renamed.
    taken = {name for name, state in living.items() if name in found and _differ(state, found[name].counts)}
    vanished = {name: state for name, state in living.items() if name not in found or name in taken}
    if not vanished:
        return {}
    here = Counter(each.counts.uidvalidity for each in found.values())
    there = Counter(state.listed_uidvalidity for state in living.values())
    moving: dict[int, str] = {}
    for name, each in found.items():
        if name in names and name not in taken:
            continue
        alone = here[each.counts.uidvalidity] == there[each.counts.uidvalidity] == 1
        same = [old for old, state in vanished.items() if ids[old] not in moving and _same(state, each.counts, alone=alone)]
        if len(same) == 1:
            moving[ids[same[0]]] = name
    return moving


def _differ(state: _Row, counts: MailboxCounts) -> bool:
    if state.object_id and counts.object_id:
        return bool(state.object_id != counts.object_id)
    return bool(state.listed_uidvalidity and counts.uidvalidity) and state.listed_uidvalidity != counts.uidvalidity


def _same(state: _Row, counts: MailboxCounts, *, alone: bool) -> bool:
    if state.object_id and counts.object_id:
        return bool(state.object_id == counts.object_id)
    if not alone or not counts.uidvalidity or state.listed_uidvalidity != counts.uidvalidity:
        return False
    # Numbers that went back are those of another mailbox.
    return (counts.uidnext or 0) >= (state.listed_uidnext or 0)


def carry_out(connection: Connection, account_id: AccountId, moving: Mapping[int, str]) -> None:
    """Give mailboxes their new names. Rows that have these, of mailboxes that are no more, make way."""
    rows = connection.execute(select(mailboxes.c.id, mailboxes.c.name).where(mailboxes.c.account_id == account_id)).all()
    in_the_way = [row.id for row in rows if row.name in moving.values() and row.id not in moving]
    if in_the_way:
        connection.execute(delete(mailboxes).where(mailboxes.c.id.in_(in_the_way)))
    # Names are unique at every moment, and a new name may be the old name of another row that moves too.
    for mailbox_id in moving:
        connection.execute(update(mailboxes).where(mailboxes.c.id == mailbox_id).values(name=f"\ufffd{mailbox_id}"))
    for mailbox_id, name in moving.items():
        connection.execute(update(mailboxes).where(mailboxes.c.id == mailbox_id).values(name=name))
