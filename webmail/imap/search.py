"""A search query as search keys of the server, for messages that the index does not have yet (RFC 9051 §6.4.4).

Servers compare pieces of text, not words, and know neither phrases across punctuation nor files inside a message: so what is
asked is rather too much than too little, each word by itself.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from webmail.query.syntax import After, And, Before, Field, Has, In, Is, Larger, Node, Not, Or, Smaller, State, Text

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_FLAGS = {
    State.UNREAD: "UNSEEN",
    State.READ: "SEEN",
    State.FLAGGED: "FLAGGED",
    State.UNFLAGGED: "UNFLAGGED",
    State.ANSWERED: "ANSWERED",
    State.UNANSWERED: "UNANSWERED",
}
_KEYS: dict[Field | None, tuple[tuple[str, ...], ...]] = {
    None: (("TEXT",),),
    Field.FROM: (("FROM",),),
    Field.TO: (("TO",), ("CC",), ("BCC",)),
    Field.CC: (("CC",),),
    Field.SUBJECT: (("SUBJECT",),),
    Field.BODY: (("BODY",),),
    Field.FILENAME: (("TEXT",),),
    Field.LIST: (("HEADER", "LIST-ID"),),
}
_CLUSTERED = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "THAI", "LAO", "KHMER", "MYANMAR")

Criteria = list[str | bytes]


def criteria(node: Node) -> Criteria:
    """The search keys that a query means, as ``fetch.search`` takes them; places are left out, each mailbox is asked by itself."""
    match node:
        case And(parts):
            return [key for part in parts for key in criteria(part)] or ["ALL"]
        case Or(parts):
            return _either([criteria(part) for part in parts])
        case Not(part):
            return ["NOT", *_together(criteria(part))]
        case Text(words, field, _):
            keys = [_either([[*key, word] for key in _KEYS[field]]) for word in spoken(words)]
            return [each for key in keys for each in key]
        case _:
            return _simple(node)


def _simple(node: Node) -> Criteria:
    match node:
        case Is(state):
            return [_FLAGS[state]]
        case Larger(octets):
            return ["LARGER", str(octets)]
        case Smaller(octets):
            return ["SMALLER", str(octets)]
        case Before(moment):
            # Whole days, and in a zone of the server's choice: a day more on either side.
            return ["BEFORE", _day(moment + timedelta(days=2))]
        case After(moment):
            return ["SINCE", _day(moment - timedelta(days=1))]
        case Has():
            return ["HEADER", "CONTENT-TYPE", "multipart/mixed"]
        case In():
            return ["ALL"]
    raise TypeError(node)


def _day(moment: datetime) -> bytes:
    return f"{moment.day}-{_MONTHS[moment.month - 1]}-{moment.year}".encode()


def _together(keys: Criteria) -> Criteria:
    return [b"(", *keys, b")"]


def _either(options: Sequence[Criteria]) -> Criteria:
    """One of several, as OR takes two."""
    if len(options) == 1:
        return options[0]
    return ["OR", *_together(options[0]), *_together(_either(options[1:]))]


def spoken(words: Sequence[str]) -> Iterator[str]:
    """Words as they stand in a text: characters of scripts without blanks together, every other word by itself."""
    run = ""
    for word in words:
        if _clustered(word):
            run += word
            continue
        if run:
            yield run
        run = ""
        yield word
    if run:
        yield run


def _clustered(word: str) -> bool:
    return unicodedata.name(word[0], "").startswith(_CLUSTERED)
