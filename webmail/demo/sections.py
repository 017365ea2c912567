"""Sections of attached messages, numbered as the standard numbers them; pymap counts one level too many (RFC 9051 §6.4.5.1)."""

from __future__ import annotations

from collections.abc import Sequence

from pymap.message import BaseLoadedMessage
from pymap.mime import MessageContent


def install() -> None:
    """Have pymap find the parts of attached messages where its own BODYSTRUCTURE says they are. Once a process; again does nothing."""
    BaseLoadedMessage._get_subpart = _found


def _found(loaded: BaseLoadedMessage, section: Sequence[int] | None) -> MessageContent:
    """The part of a section. Raises IndexError for one that is not there."""
    numbers = list(section or ())
    part = loaded.content
    if numbers:
        part = _inside(part, numbers.pop(0))
    for number in numbers:
        if part.is_rfc822 and part.body.has_nested:
            part = _inside(part.body.nested[0], number)
        elif part.body.has_nested:
            part = part.body.nested[number - 1]
        elif number != 1:
            raise IndexError(number)
    return part


def _inside(message: MessageContent, number: int) -> MessageContent:
    """A part of a message: one of those of a multipart, else the message is its own part 1."""
    if message.body.has_nested and not message.is_rfc822:
        return message.body.nested[number - 1]
    if number != 1:
        raise IndexError(number)
    return message
