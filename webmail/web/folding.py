"""What a conversation page shows of each message: open, folded to a line, or behind "show more"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from webmail.mail.conversations import ConversationMessage, ConversationPage
from webmail.mailbox import Mailbox, SpecialUse
from webmail.message.summary import Flag, MessageSummary
from webmail.web.names import mailbox_name

FEW = 4
"""So many lines in a row are all shown; of more, the first and the last."""


@dataclass(frozen=True, slots=True)
class Run:
    """One message that is open, or folded ones in a row, of which those in the middle may be hidden."""

    open: ConversationMessage | None = None
    first: Sequence[ConversationMessage] = ()
    hidden: Sequence[ConversationMessage] = ()
    last: Sequence[ConversationMessage] = ()


def folds(messages: Sequence[ConversationMessage]) -> Iterator[Run]:
    """The messages of a conversation in their order, run by run."""
    for is_open, some in groupby(messages, key=lambda each: each.open):
        run = list(some)
        if is_open:
            yield from (Run(open=each) for each in run)
        elif len(run) <= FEW:
            yield Run(first=run)
        else:
            yield Run(first=run[:1], hidden=run[1:-1], last=run[-1:])


def elsewhere(message: ConversationMessage, here: Mailbox) -> list[str]:
    """The names of the folders a message is in, where it is not only in the one the conversation is seen from."""
    names = [mailbox_name(each) for each in message.mailboxes]
    return names if any(each.id != here.id for each in message.mailboxes) else []


def last_to_answer(page: ConversationPage, own_address: str) -> MessageSummary | None:
    """The message a reply to a conversation answers: the newest from somebody else, else the newest; no draft."""
    ordered = [each for each in (page.messages if page.newest_first else page.messages[::-1]) if not _is_draft(each)]
    others = [each for each in ordered if all(one.addr_spec.lower() != own_address.lower() for one in each.message.envelope.sender)]
    found = next(iter(others or ordered), None)
    return None if found is None else found.message


def _is_draft(message: ConversationMessage) -> bool:
    return Flag.DRAFT in message.message.flags or message.mailboxes[0].special_use is SpecialUse.DRAFTS
