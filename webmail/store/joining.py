"""Joining: every message finds its thread in the transaction that puts it into the index.

The rule is in ``message.thread``; here it is kept true as messages come, in any order. A component is known by the hash of
one of its members, which need not be its root: when two components meet, the smaller one takes the name of the larger, so
that a long conversation that comes newest first is not renamed again and again. A thread id is the component XOR the
subject; renaming is therefore one XOR for all threads of a component.

What is too much to rename in one transaction is *owed*: a row tells which name becomes which, links count as those of the
new name at once, and steps of STEP rows (``go_on``) follow, each in a transaction of its own. Until they are done a list
shows the conversation as two; no message is missing, none is there twice.

Links are only ever added, but for two cases: the message itself tells another parent than those that named it before, or
an answer without references gets something nearer to follow. Mostly the old parent is then reached another way, and
nothing falls apart; else the component is read and put together again from its links, once for all messages of a
transaction. A component of more than TOO_MANY ids is not taken apart, so that for those alone the order of arrival can tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, delete, func, insert, literal_column, select, tuple_, update

from webmail.message.thread import UNCLAIMED, WINDOW, Claim, Groups, ThreadItem, claims_of_others, follows
from webmail.store.schema import messages, thread_links, thread_renames

STEP = 300
"""Links whose component is renamed in one transaction."""
_AT_ONCE = 500
_NOTHING = Claim(UNCLAIMED)
TOO_MANY = 2_000
"""Components with more ids than this only grow: to take them apart would keep others from the index for too long."""

_columns = thread_links.c
_LINKS = select(
    _columns.message_id_hash,
    _columns.component,
    _columns.rank,
    _columns.parent,
    _columns.subject,
    _columns.orphan,
    _columns.people,
    _columns.followed,
).where(_columns.account_id == bindparam("account"))
_BY_HASH = _LINKS.where(_columns.message_id_hash.in_(bindparam("some", expanding=True)))
_BY_COMPONENT = _LINKS.where(_columns.component.in_(bindparam("some", expanding=True)))
# Written as literals, because SQLite uses a partial index only for the very words of its condition.
_OF_SUBJECT = _LINKS.where(_columns.subject == bindparam("subject"), _columns.subject != literal_column("0"))
_PLACE, _HERE = tuple_(_columns.rank, _columns.message_id_hash), tuple_(bindparam("rank"), bindparam("node"))
_FROM_HERE = _OF_SUBJECT.where(_PLACE >= _HERE).order_by(_columns.rank, _columns.message_id_hash).limit(WINDOW + 1)
_BEFORE_HERE = _OF_SUBJECT.where(_PLACE < _HERE).order_by(_columns.rank.desc(), _columns.message_id_hash.desc()).limit(WINDOW)
_WITH_ORPHANS = (
    select(_columns.subject)
    .distinct()
    .where(
        _columns.account_id == bindparam("account"),
        _columns.subject.in_(bindparam("some", expanding=True)),
        _columns.orphan == literal_column("1"),
    )
)
_SIZES = (
    select(_columns.component, func.count())
    .where(_columns.account_id == bindparam("account"), _columns.component.in_(bindparam("some", expanding=True)))
    .group_by(_columns.component)
)
_NEW = insert(thread_links)
_CHANGED = (
    update(thread_links)
    .where(_columns.account_id == bindparam("account"), _columns.message_id_hash == bindparam("node"))
    .values({name: bindparam(f"new_{name}") for name in ("component", "rank", "parent", "subject", "orphan", "people", "followed")})
)
_owed = thread_renames.c
_OWED = select(_owed.old, _owed.new).where(_owed.account_id == bindparam("account")).order_by(_owed.old)
_OWED_LATER = (
    update(thread_renames).where(_owed.account_id == bindparam("account"), _owed.new == bindparam("was")).values(new=bindparam("becomes"))
)
_SETTLED = delete(thread_renames).where(_owed.account_id == bindparam("account"), _owed.old == bindparam("was"))
_SOME_OF = (
    select(_columns.message_id_hash, _columns.component)
    .where(_columns.account_id == bindparam("account"), _columns.component.in_(bindparam("some", expanding=True)))
    .order_by(_columns.component)
    .limit(bindparam("many"))
)
_RENAMED = (
    update(thread_links)
    .where(_columns.account_id == bindparam("account"), _columns.message_id_hash == bindparam("node"))
    .values(component=bindparam("new"))
)
# SQLite has no XOR, which is what is in one or the other and not in both.
_by: BindParameter[int] = bindparam("by")
_moved = messages.c.thread_id.op("|")(_by) - messages.c.thread_id.op("&")(_by)
_MOVED = update(messages).where(messages.c.account_id == bindparam("account")).values(thread_id=_moved)
_MOVED_ONE = _MOVED.where(messages.c.message_id_hash == bindparam("node"))


_State = tuple[int, Claim, int]


class _Link:
    """A node and what decides of it: as it was, as it is in the table by now, and as it becomes."""

    __slots__ = ("claim", "component", "followed", "new", "node", "was", "written")

    def __init__(self, node: int, component: int, claim: Claim, followed: int = 0, *, new: bool = False) -> None:
        self.node, self.component, self.claim, self.followed, self.new = node, component, claim, followed, new
        self.was: _State = self.state
        self.written: _State | None = None if new else self.was

    @property
    def state(self) -> _State:
        return self.component, self.claim, self.followed

    @property
    def up(self) -> int:
        """The node it hangs on; 0: it is a root."""
        return self.claim.parent or self.followed

    @property
    def was_up(self) -> int:
        return self.was[1].parent or self.was[2]


_Links = dict[int, _Link]


def join(connection: Connection, account_id: int, items: Sequence[ThreadItem]) -> list[dict[str, Any]]:
    """The columns of new messages that tell their threads, in the given order; threads that meet by them become one.

    To be called in the transaction that inserts them, before it does, and followed by ``go_on``. Costs some statements for
    all of them, a few more where they hold answers without references.
    """
    links: _Links = {}
    owed = _names_owed(connection, account_id)
    _read(connection, account_id, _BY_HASH, {node for item in items for node in (item.node, *item.named)}, links)
    for item in items:
        link = links.get(item.node) or _new(item.node, links)
        link.claim = min(link.claim, item.claim)
        for node, rank, parent in claims_of_others(item):
            link = links.get(node) or _new(node, links)
            if (rank, parent) < link.claim[:2]:
                link.claim = Claim(rank, parent)
    _follow(connection, account_id, links)
    _group(connection, account_id, links, owed)
    _write(connection, account_id, links.values())
    return [
        {"thread_id": links[item.node].component ^ item.subject, "message_id_hash": item.node, "sameness": item.sameness} for item in items
    ]


def _new(node: int, links: _Links) -> _Link:
    links[node] = link = _Link(node, node, _NOTHING, new=True)
    return link


def _some(numbers: Iterable[int]) -> Iterator[list[int]]:
    ordered = sorted(numbers)
    for start in range(0, len(ordered), _AT_ONCE):
        yield ordered[start : start + _AT_ONCE]


def _read(connection: Connection, account_id: int, query: Any, numbers: Iterable[int], links: _Links) -> None:
    """Read the links of these hashes or components that are not read yet."""
    for some in _some(numbers):
        _keep(connection.execute(query, {"account": account_id, "some": some}), links)


def _keep(rows: Iterable[Any], links: _Links) -> list[_Link]:
    found = []
    for node, component, rank, parent, subject, orphan, people, followed in rows:
        link = links.get(node)
        if link is None:
            link = links[node] = _Link(node, component, Claim(rank, parent, subject, orphan, people), followed)
        found.append(link)
    return found


def _follow(connection: Connection, account_id: int, links: _Links) -> None:
    """Let answers without references follow what is now nearest: those that came, and those that something came before."""
    moved = [link for link in links.values() if link.claim != link.was[1]]
    for link in moved:
        link.followed = link.followed if link.claim.orphan else 0
    places = {(claim.subject, claim.rank, link.node) for link in moved for claim in (link.claim, link.was[1]) if claim.subject}
    subjects = {link.claim.subject for link in moved if link.claim.orphan}
    for some in _some({subject for subject, _, _ in places} - subjects):
        subjects.update(connection.execute(_WITH_ORPHANS, {"account": account_id, "some": some}).scalars())
    if not subjects:
        return
    # The windows are read from the table, so what has just come must be there.
    _write(connection, account_id, [link for link in moved if {link.claim.subject, link.was[1].subject} & subjects])
    done: set[int] = set()
    for place in sorted(place for place in places if place[0] in subjects):
        _look_around(connection, account_id, place, links, done)


def _look_around(connection: Connection, account_id: int, place: tuple[int, int, int], links: _Links, done: set[int]) -> None:
    """Let the answers at a place, and at most WINDOW after it, follow the nearest of those before them."""
    subject, rank, node = place
    given = {"account": account_id, "subject": subject, "rank": rank, "node": node}
    window = _keep(connection.execute(_BEFORE_HERE, given), links)[::-1]
    here = len(window)
    window += _keep(connection.execute(_FROM_HERE, given), links)
    for at in range(here, len(window)):
        link = window[at]
        if link.claim.orphan and link.node not in done:
            done.add(link.node)
            link.followed = follows(link.claim, ((each.node, each.claim) for each in reversed(window[max(0, at - WINDOW) : at])))


def _names_owed(connection: Connection, account_id: int) -> dict[int, int]:
    """The components that are to get another name, and which one; never in two steps."""
    return {row.old: row.new for row in connection.execute(_OWED, {"account": account_id})}


def _called(names: Iterable[int], owed: Mapping[int, int]) -> set[int]:
    """All names that the links of these components bear by now."""
    wanted = set(names)
    return wanted | {old for old, new in owed.items() if new in wanted}


def _group(connection: Connection, account_id: int, links: _Links, owed: dict[int, int]) -> None:
    """Give every link the component it now belongs to, and the messages of those that change it their threads."""
    broken = _broken(connection, account_id, links, owed)
    _read(connection, account_id, _BY_COMPONENT, _called(broken, owed), links)
    apart = {link.node for link in links.values() if not link.new and owed.get(link.was[0], link.was[0]) in broken}
    groups = Groups()
    for link in links.values():
        if link.new or link.node in apart or link.up != link.was_up:
            groups.join(_piece(link, apart, owed), _piece(links[link.up] if link.up else link, apart, owed))
    renamed: dict[int, int] = {}
    for group in groups.all():
        name = _name(connection, account_id, group, broken, owed)
        for each in group:
            if each > 0:
                links[each].component = name
            elif -each != name:
                renamed[-each] = name
    parted = [link for link in links.values() if link.node in apart and link.component != link.was[0]]
    if parted:
        given = [{"account": account_id, "node": link.node, "by": link.was[0] ^ link.component} for link in parted]
        connection.execute(_MOVED_ONE, given)
    _settle(connection, account_id, _called(broken, owed) & owed.keys())
    _owe(connection, account_id, renamed)


def _piece(link: _Link, apart: Set[int], owed: Mapping[int, int]) -> int:
    """What holds together without looking: a whole component, as its negative name, or a link that is new or in a broken one."""
    return link.node if link.new or link.node in apart else -owed.get(link.was[0], link.was[0])


def _name(connection: Connection, account_id: int, group: list[int], broken: set[int], owed: Mapping[int, int]) -> int:
    """The name of a component put together from pieces: that of its largest part, so that few are renamed."""
    names = {-each for each in group if each < 0} | broken.intersection(group)
    if len(names) < 2:
        return min(names or group)
    sizes = _sizes(connection, account_id, names, owed)
    return max(names, key=lambda name: (sizes.get(name, 0), -name))


def _sizes(connection: Connection, account_id: int, names: Iterable[int], owed: Mapping[int, int]) -> dict[int, int]:
    sizes: dict[int, int] = {}
    for some in _some(_called(names, owed)):
        for name, size in connection.execute(_SIZES, {"account": account_id, "some": some}):
            whole = owed.get(name, name)
            sizes[whole] = sizes.get(whole, 0) + size
    return sizes


def _owe(connection: Connection, account_id: int, renamed: Mapping[int, int]) -> None:
    """Note that components are to be renamed; those that were to get the name of one of them get its new one."""
    if renamed:
        connection.execute(_OWED_LATER, [{"account": account_id, "was": was, "becomes": new} for was, new in renamed.items()])
        connection.execute(insert(thread_renames), [{"account_id": account_id, "old": old, "new": new} for old, new in renamed.items()])


def _settle(connection: Connection, account_id: int, done: Iterable[int]) -> None:
    given = [{"account": account_id, "was": old} for old in done]
    if given:
        connection.execute(_SETTLED, given)


def go_on(connection: Connection, account_id: int) -> bool:
    """Rename STEP links of what is owed, with the threads of their messages; returns whether more is left to be done.

    To be called in the transaction of ``join``, after its messages are there, and then in others as long as something is
    left. Whoever is killed in between leaves it to the next who joins.
    """
    owed = _names_owed(connection, account_id)
    if not owed:
        return False
    some = list(owed)[:_AT_ONCE]
    rows = connection.execute(_SOME_OF, {"account": account_id, "some": some, "many": STEP}).all()
    moves = [{"account": account_id, "node": node, "by": old ^ owed[old], "new": owed[old]} for node, old in rows]
    if moves:
        connection.execute(_MOVED_ONE, moves)
        connection.execute(_RENAMED, moves)
    done = [old for old in some if len(rows) < STEP or old < rows[-1].component]
    _settle(connection, account_id, done)
    return len(done) < len(owed)


def _broken(connection: Connection, account_id: int, links: _Links, owed: Mapping[int, int]) -> set[int]:
    """The components that may fall apart: of links with another parent, which do not reach the old one by way of any we know."""
    torn = [link for link in links.values() if link.was_up not in (0, link.up)]
    if not torn:
        return set()
    groups = Groups()
    for link in links.values():
        groups.join(link.node, link.up or link.node)
    suspects = {owed.get(link.was[0], link.was[0]) for link in torn if groups.of(link.node) != groups.of(link.was_up)}
    return {name for name, size in _sizes(connection, account_id, suspects, owed).items() if size <= TOO_MANY}


def _write(connection: Connection, account_id: int, links: Iterable[_Link]) -> None:
    """Store the links that are not in the table as they are now."""
    new: list[tuple[object, ...]] = []
    changed: list[tuple[object, ...]] = []
    for link in links:
        if link.written == link.state:
            continue
        component, claim, followed = link.state
        row = (account_id, link.node, component, claim.rank, claim.parent, claim.subject, claim.orphan, claim.people, followed)
        (changed if link.written else new).append(row)
        link.written = link.state
    names = ("component", "rank", "parent", "subject", "orphan", "people", "followed")
    if new:
        connection.execute(_NEW, [dict(zip(("account_id", "message_id_hash", *names), row, strict=True)) for row in new])
    if changed:
        keys = ("account", "node", *(f"new_{name}" for name in names))
        connection.execute(_CHANGED, [dict(zip(keys, row, strict=True)) for row in changed])
