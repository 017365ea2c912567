"""Reply, reply all, forward: recipients, subject, references, quoting (RFC 5322 §3.6.3-4)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from webmail.address import Address
from webmail.message.header import message_ids
from webmail.message.subject import base_subject as base_subject
from webmail.message.summary import Envelope
from webmail.message.text import quote, without_signature


@dataclass(frozen=True, slots=True)
class ReplyFields:
    """The header of an answer. The ids are in angle brackets."""

    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    subject: str
    in_reply_to: str
    references: tuple[str, ...]


_MAX_REFERENCES = 50


def reply_subject(subject: str) -> str:
    """The subject of an answer: ``Re:`` once, in place of what mail programs of any language put there."""
    return f"Re: {base_subject(subject)}".strip()


def forward_subject(subject: str) -> str:
    """The subject of a forwarded message: ``Fwd:`` once."""
    return f"Fwd: {base_subject(subject)}".strip()


def _without(addresses: Iterable[Address], known: set[str]) -> tuple[Address, ...]:
    """The addresses that are not known yet, each once; ``known`` grows by them."""
    found = []
    for address in addresses:
        key = address.addr_spec.casefold()
        if key not in known:
            known.add(key)
            found.append(address)
    return tuple(found)


def reply(original: Envelope, *, own: Collection[str], everyone: bool) -> ReplyFields:
    """The header of an answer to a message.

    ``own`` are the addr-specs of the person who answers. The answer goes to Reply-To, else to the sender; an answer to
    a message of one's own goes to whom that went. To everyone: also to its other recipients. Own addresses are left
    out unless nobody else remains. RFC 5322 §3.6.3.
    """
    mine = {address.casefold() for address in own}
    written_by_me = bool(original.sender) and all(address.addr_spec.casefold() in mine for address in original.sender)
    first = original.to if written_by_me and original.to else original.reply_to or original.sender
    known = set(mine)
    to = _without(first, known) or _without(first, set())
    known |= {address.addr_spec.casefold() for address in to}
    cc = _without((*original.to, *original.cc), known) if everyone else ()
    return ReplyFields(to, cc, reply_subject(original.subject), original.message_id_field, _references(original))


def _references(original: Envelope) -> tuple[str, ...]:
    """The chain of the original and its own id; of a long one the first and the newest stay (RFC 5322 §3.6.4)."""
    chain = original.references or (original.in_reply_to if len(original.in_reply_to) == 1 else ())
    own = message_ids(original.message_id_field)
    ids = [*dict.fromkeys(one for one in chain if one not in own), *own]
    return tuple(ids if len(ids) <= _MAX_REFERENCES else ids[:1] + ids[1 - _MAX_REFERENCES :])


def quoted(text: str, *, attribution: str) -> str:
    """The text of the original under a line that says who wrote it, without its signature."""
    return f"{attribution}\n{quote(without_signature(text))}\n"


def forwarded(text: str, *, heading_lines: Sequence[str]) -> str:
    """The text of the original, whole and unquoted, under the lines of its header."""
    return "\n".join(heading_lines) + "\n\n" + text.replace("\r\n", "\n").rstrip("\n") + "\n"
