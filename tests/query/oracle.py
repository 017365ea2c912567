"""The oracle: a search that looks at every message, word by word, and knows no index. What it finds is what is to be found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from tests.query.documents import MAILBOXES, Written, address
from webmail.mailbox import ListedMailbox, SpecialUse
from webmail.query.places import means, names_place
from webmail.query.syntax import After, And, Before, Field, Has, In, Is, Larger, Node, Not, Or, Smaller, State, Text
from webmail.query.words import words

HIDDEN = (SpecialUse.JUNK, SpecialUse.TRASH)
OWNERS = (0, 1)
"""The accounts of the person who searches."""


@dataclass(frozen=True, slots=True)
class Read:
    """A message read once: the words of each of its texts."""

    message: Written
    texts: dict[Field, list[list[str]]]


def read(message: Written) -> Read:
    """The words of a message, field by field. An address is its name and its parts; a file is its name and the text in it.

    No phrase goes from one text to another: To and Bcc are one, Cc is another.
    """
    cc, files = _people(message.cc), [text for texts in zip(*message.files, strict=True) for text in texts]
    texts = {
        Field.FROM: [_people([message.sender])],
        Field.TO: [_people([*message.to, *message.bcc]), cc],
        Field.CC: [cc],
        Field.SUBJECT: [words(message.subject)],
        Field.BODY: [words(message.body)],
        Field.FILENAME: [words(" ".join(files))],
        Field.LIST: [words(message.list_id)],
    }
    return Read(message, texts)


def _people(addresses: Sequence[str]) -> list[str]:
    return words(" ".join(f"{one.name} {one.addr_spec}" for one in map(address, addresses)))


def find(node: Node, messages: Sequence[Read]) -> list[int]:
    """The numbers of the messages that a query finds for the person who searches, in no order."""
    named = names_place(node)
    return [
        number
        for number, each in enumerate(messages)
        if each.message.owner in OWNERS and (named or _role(each.message) not in HIDDEN) and holds(node, each)
    ]


def holds(node: Node, read: Read) -> bool:
    """Whether a message is as a query wants it."""
    match node:
        case And(parts):
            return all(holds(each, read) for each in parts)
        case Or(parts):
            return any(holds(each, read) for each in parts)
        case Not(part):
            return not holds(part, read)
        case Text(sought, field, prefix):
            texts = chain.from_iterable(read.texts.values()) if field is None else read.texts[field]
            return any(_stands(sought, text, prefix=prefix) for text in texts)
        case _:
            return _is_so(node, read.message)


def _is_so(node: Node, message: Written) -> bool:
    match node:
        case Has():
            return bool(message.files)
        case Is(state):
            return state in _states(message)
        case In(name):
            place = _place(message)
            return means(name, mailbox=place.name, delimiter=place.delimiter, role=place.special_use)
        case Larger(octets):
            return message.size > octets
        case Smaller(octets):
            return message.size < octets
        case Before(moment):
            return message.at < moment
        case After(moment):
            return message.at >= moment
    raise TypeError(node)


def _stands(sought: Sequence[str], text: Sequence[str], *, prefix: bool) -> bool:
    """Whether the words follow each other somewhere in a text."""
    *before, last = sought
    ends = (at for at in range(len(before), len(text)) if (text[at].startswith(last) if prefix else text[at] == last))
    return any(text[at - len(before) : at] == before for at in ends)


def _states(message: Written) -> Iterator[State]:
    yield State.READ if r"\Seen" in message.flags else State.UNREAD
    yield State.FLAGGED if r"\Flagged" in message.flags else State.UNFLAGGED
    yield State.ANSWERED if r"\Answered" in message.flags else State.UNANSWERED


def _place(message: Written) -> ListedMailbox:
    return next(each for each in MAILBOXES[message.owner] if each.name == message.mailbox)


def _role(message: Written) -> SpecialUse | None:
    return _place(message).special_use
