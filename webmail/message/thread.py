"""Threads: which messages are one conversation, from their headers alone (cf. RFC 5256 §3, RFC 5322 §3.6.4).

Messages are joined by References and In-Reply-To into *components*; a *thread* is the part of a component that has one
subject, so that an answer under a new subject begins a thread of its own.

Every Message-ID, of a message we have or only named by one, is a *node* with at most one parent::

    References: <a> <b> <c>         a          a message tells its own parent; who else names it cannot change that
    Message-ID: <d>                 └ b        what nobody has is told by the one that came first of those that name it
                                      └ c      (that it has no parent, too: the first reference is a root)
                                        └ d

So a header that names two hundred conversations joins one of them and changes none, and a message that comes later cannot
move those that are there. Which claim decides is a minimum over all messages ever seen: the order in which they come is of
no account, nor is it that some are gone.

An answer without any references has no parent to tell. It follows the nearest earlier message with its subject that
has a person in common with it, within a month. Only the WINDOW nearest are looked at, or ten thousand of one subject would
cost for each other.

When something came is the server's word (INTERNALDATE): the Date field is the sender's, who could claim to be first.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple, TypeVar

from webmail.address import Address
from webmail.message.subject import base_subject as base_subject
from webmail.message.subject import is_reply, thread_subject
from webmail.message.summary import Envelope

_Key = TypeVar("_Key", bound=Hashable)

WINDOW = 10
MONTH = 30 * 86_400 * 1_000_000
"""Microseconds between an answer without references and what it can follow."""
BY_OTHERS = 1 << 60
UNCLAIMED = 1 << 62
"""Ranks of claims: a message's own stand below BY_OTHERS, by when it came; then those of others; then none at all."""
_MAX_CHAIN = 12
_MAX_PEOPLE = 32
_PERSON = 4
_POSITIVE = (1 << 63) - 1
# Subjects so usual that they say nothing of what they belong to.
_USUAL = frozenset(
    ["hello", "hi", "hey", "hallo", "test", "question", "info", "thanks", "thank you", "(no subject)", "no subject", "none", "你好", "测试"]
)


class Claim(NamedTuple):
    """What a header says of a node. The least claim decides. Subject and people are 0 and empty where nothing can follow by them."""

    rank: int
    parent: int = 0
    subject: int = 0
    orphan: int = 0
    people: bytes = b""


@dataclass(frozen=True, slots=True)
class ThreadItem:
    """What threads need of one message: its node, those it names (oldest first), its claim, its subject, what makes copies equal."""

    node: int
    named: tuple[int, ...]
    rooted: bool
    subject: int
    claim: Claim
    sameness: bytes


def digest(text: str) -> int:
    """A text as a positive number of 63 bits, the same forever and everywhere."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()) & _POSITIVE or 1


def sameness(envelope: Envelope, *, size: int, email_id: str = "") -> bytes:
    """Sixteen bytes that are equal for copies of one message only (RFC 8474 §5.1).

    Without the server's word: Message-ID, From, Date, Subject and size, so that a forged repeat of a Message-ID is another
    message.
    """
    senders = [each.addr_spec for each in envelope.sender]
    told: object = email_id or (envelope.message_id_field, senders, envelope.from_raw, str(envelope.date), envelope.subject, size)
    return blake2b(ascii(told).encode(), digest_size=16).digest()


def thread_item(envelope: Envelope, *, received: int, size: int, own: Collection[str] = (), email_id: str = "") -> ThreadItem:
    """What threads need of a message. ``received`` is its INTERNALDATE in microseconds; ``own`` are our addr-specs in lower case."""
    same = sameness(envelope, size=size, email_id=email_id)
    everyone = (*envelope.sender, *envelope.to, *envelope.cc)
    ids, rooted = _chain(envelope, everyone)
    # Without an id of its own it is known by what it is and what it names.
    node = digest(envelope.message_id_field or f"{same.hex()} {' '.join(ids)}")
    named = tuple(number for number in dict.fromkeys(map(digest, ids)) if number != node)
    text = thread_subject(envelope.subject)
    subject = digest(text)
    people = b"" if not text or text in _USUAL else _people(everyone, own)
    orphan = int(bool(people) and not ids and is_reply(envelope.subject))
    claim = Claim(received, named[-1] if named else 0, subject if people else 0, orphan, people)
    return ThreadItem(node, named, rooted, subject, claim, same)


def _chain(envelope: Envelope, everyone: Sequence[Address]) -> tuple[Sequence[str], bool]:
    """The ids a message names, oldest first, and whether its References tell where the chain begins.

    Old programs write an addr-spec into In-Reply-To ("your message of … <ann@example.org>"), and some name several messages:
    neither names a parent.
    """
    chain = envelope.references
    answered = envelope.in_reply_to
    rooted = bool(chain)
    if len(answered) == 1 and answered[0] not in chain and not any(answered[0] == f"<{each.addr_spec}>" for each in everyone):
        chain = (*chain, *answered)
    return (chain if len(chain) <= _MAX_CHAIN else (chain[0], *chain[1 - _MAX_CHAIN :])), rooted


@lru_cache(maxsize=8192)
def _person(addr_spec: str) -> bytes:
    return blake2b(addr_spec.encode("utf-8", "surrogatepass"), digest_size=_PERSON).digest()


def _people(everyone: Sequence[Address], own: Collection[str]) -> bytes:
    """Who takes part besides ourselves, as sorted digests."""
    specs = dict.fromkeys(each.addr_spec.lower() for each in everyone[: 2 * _MAX_PEOPLE])
    found = [_person(spec) for spec in specs if spec and spec not in own]
    return b"".join(sorted(found[:_MAX_PEOPLE]))


def claims_of_others(item: ThreadItem) -> list[tuple[int, int, int]]:
    """What a message says of those it names: node, rank, parent."""
    rank = BY_OTHERS + item.claim.rank
    return [
        (node, rank if place or item.rooted else UNCLAIMED, item.named[place - 1] if place else 0) for place, node in enumerate(item.named)
    ]


def follows(claim: Claim, earlier: Iterable[tuple[int, Claim]]) -> int:
    """The node that an answer without references follows, of those of its subject before it, nearest first; 0: none."""
    mine = _apart(claim.people)
    for node, other in earlier:
        if claim.rank - other.rank > MONTH:
            return 0
        if not mine.isdisjoint(_apart(other.people)):
            return node
    return 0


@lru_cache(maxsize=1024)
def _apart(people: bytes) -> frozenset[bytes]:
    return frozenset(people[start : start + _PERSON] for start in range(0, len(people), _PERSON))


class Groups:
    """Numbers that belong together: union by whoever says so."""

    def __init__(self) -> None:
        self._above: dict[int, int] = {}

    def of(self, number: int) -> int:
        """The number that stands for the group of a number."""
        above = self._above
        above.setdefault(number, number)
        while above[number] != number:
            above[number] = above[above[number]]
            number = above[number]
        return number

    def join(self, one: int, other: int) -> None:
        """Make two groups one."""
        self._above[self.of(one)] = self.of(other)

    def all(self) -> list[list[int]]:
        """Every group."""
        groups: dict[int, list[int]] = {}
        for number in list(self._above):
            groups.setdefault(self.of(number), []).append(number)
        return list(groups.values())


def conversations(items: Mapping[_Key, ThreadItem]) -> dict[_Key, tuple[int, int]]:
    """The thread of each message, as two numbers that are equal for messages of one thread.

    This is the rule itself, for any number of messages at once; the store does the same message by message.
    """
    decided: dict[int, Claim] = {}
    for item in items.values():
        decided[item.node] = min(decided.get(item.node, item.claim), item.claim)
        for node, rank, parent in claims_of_others(item):
            claim = Claim(rank, parent)
            decided[node] = min(decided.get(node, claim), claim)
    by_subject: dict[int, list[tuple[int, int]]] = {}
    for node, claim in decided.items():
        if claim.subject:
            by_subject.setdefault(claim.subject, []).append((claim.rank, node))
    groups = Groups()
    for places in by_subject.values():
        places.sort()
    for node, claim in decided.items():
        parent = claim.parent
        if claim.orphan:
            places = by_subject[claim.subject]
            here = bisect_left(places, (claim.rank, node))
            parent = follows(claim, ((each, decided[each]) for _, each in reversed(places[max(0, here - WINDOW) : here])))
        groups.join(node, parent or node)
    return {key: (groups.of(item.node), item.subject) for key, item in items.items()}
