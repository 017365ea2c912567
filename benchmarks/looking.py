"""What people look for in a large mailbox: words, phrases and people that are there, taken from its messages."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote_plus

from webmail.imap import fetch
from webmail.imap.connection import Connection
from webmail.message.summary import MessageSummary, Uid

EACH = 100
"""Queries of each kind, none of them twice."""
BEGINNING = 1200


@dataclass(frozen=True, slots=True)
class Query:
    """A query as a person types it, and the search keys that ask the server for the same."""

    typed: str
    keys: tuple[str, ...]

    @property
    def path(self) -> str:
        """The page of its results."""
        return f"/search?q={quote_plus(self.typed)}"


def queries(raw: Connection, *, count: int) -> dict[str, list[Query]]:
    """Queries of each kind for a mailbox of so many messages, which is selected."""
    chance = random.Random(11)
    uids = [Uid(each) for each in chance.sample(range(1, count + 1), min(count, EACH * 20))]
    found = {each.uid: each for each in fetch.summaries(raw, uids)}
    latin: list[tuple[MessageSummary, list[str]]] = []
    chinese: list[str] = []
    for uid in uids:
        text = fetch.part(raw, uid, "1", limit=BEGINNING).decode("utf-8", "ignore")
        line = max(text.splitlines()[:-1] or [text], key=len)
        if line.isascii() and len(set(line.split())) > 5:
            latin.append((found[uid], line.split()))
        elif not line.isascii():
            chinese.append(line)
        if len(latin) > EACH * 3 and len(chinese) > EACH:
            break
    return {
        "a word": _some(_word(chance.choice(line)) for _, line in latin),
        "a phrase of two words": _some(_phrase(" ".join(line[place : place + 2])) for _, line in latin for place in [chance.randrange(5)]),
        "a phrase of three Chinese characters": _some(
            _phrase(line[place : place + 3]) for line in chinese for place in [chance.randrange(9)]
        ),
        "three words and a sender": _some(_three(summary, chance.sample(sorted(set(line)), 3)) for summary, line in latin),
        "a beginning of two letters": _some(Query(f"{line[0][:2]}*", ()) for _, line in latin),
    }


def _some(made: Iterable[Query]) -> list[Query]:
    return list(dict.fromkeys(made))[:EACH]


def _word(word: str) -> Query:
    return Query(word, ("TEXT", word))


def _phrase(words: str) -> Query:
    return Query(f'"{words}"', ("TEXT", words))


def _three(summary: MessageSummary, words: list[str]) -> Query:
    sender = summary.envelope.sender[0].addr_spec
    keys = [key for word in words for key in ("TEXT", word)]
    return Query(f"{' '.join(words)} from:{sender}", (*keys, "FROM", sender))
