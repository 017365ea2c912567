"""Choosing: which messages an action is about, and what "all" means.

"All" is fixed when it was drawn. The page carries a stamp that says what was there (UIDVALIDITY and UIDNEXT); saying
"select all" writes the messages down, by mailbox and UID, and the page that shows the selection as well as every action
on it read what was written.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple

from webmail.errors import InvalidInput, NotFound
from webmail.imap import fetch
from webmail.mail import listing, sync
from webmail.mail.pages import Filter, ListPlace
from webmail.mail.session import MailSession, account, connection
from webmail.mailbox import Mailbox, MailboxId
from webmail.message.summary import MessageId, Uid
from webmail.store import listing as lists
from webmail.store import mailboxes, messages, selections, threads
from webmail.store.messages import StoredMessage
from webmail.store.selections import Chosen

LIMIT = 5000
"""Messages one form may name."""
STAMP = re.compile(r"([0-9]{1,10})\.([0-9]{1,10})")
CRITERIA = {None: "ALL", Filter.UNREAD: "UNSEEN", Filter.FLAGGED: "FLAGGED"}
"""What the server is asked where the index does not hold the whole mailbox yet."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The messages of one mailbox that an action is about, with the flags the index knows (None: not in it yet)."""

    mailbox: Mailbox
    uidvalidity: int
    flags: Mapping[Uid, frozenset[str] | None]

    @property
    def uids(self) -> list[Uid]:
        return list(self.flags)

    def pieces(self, size: int) -> Iterator[Batch]:
        """The same messages in batches of at most ``size``."""
        for start in range(0, len(self.flags), size):
            yield replace(self, flags=dict(islice(self.flags.items(), start, start + size)))


def batches(session: MailSession, *, ids: Sequence[int], selection: int = 0, conversations: str = "") -> list[Batch]:
    """What is chosen, by mailbox: messages named one by one, conversations each named by one of its messages, or a selection.

    ``conversations`` is the stamp of the page that showed them: what has come since is not meant. Raises InvalidInput
    (``nothing_selected``, ``too_many``, ``several_accounts``, ``stamp``), NotFound (``message``, ``selection``).
    """
    if selection:
        written = selections.get(session.database, session.user.id, selection)
        return [batch for each in written if (batch := _written(session, each)) is not None]
    if not ids:
        raise InvalidInput("nothing_selected", field="ids")
    if len(ids) > LIMIT:
        raise InvalidInput("too_many", field="ids", limit=LIMIT)
    mine = account(session).id
    found: dict[tuple[MailboxId, int], dict[Uid, frozenset[str] | None]] = defaultdict(dict)
    for stored in _whole(session, ids, stamp=conversations) if conversations else _named(session, ids):
        found[stored.mailbox_id, stored.uidvalidity][stored.summary.uid] = stored.summary.flags
    if not found:
        raise NotFound("message")
    return [
        Batch(mailboxes.get(session.database, mine, mailbox_id), uidvalidity, flags) for (mailbox_id, uidvalidity), flags in found.items()
    ]


def _named(session: MailSession, ids: Iterable[int]) -> list[StoredMessage]:
    wanted = [MessageId(each) for each in dict.fromkeys(ids)]
    found = messages.get_many(session.database, account(session).id, wanted)
    others = {each.id for each in session.accounts[1:]}
    missing = set(wanted) - {each.summary.id for each in found} if others else ()
    if any(messages.owner(session.database, each) in others for each in missing):
        raise InvalidInput("several_accounts", field="ids")
    return found


def _whole(session: MailSession, ids: Iterable[int], *, stamp: str) -> list[StoredMessage]:
    """Every message of the conversations of these messages, each in the mailbox of the message that names it, as of a stamp."""
    mine, drawn = account(session).id, _read_stamp(stamp)
    named = _named(session, ids)
    thread_of = threads.of_many(session.database, mine, [each.summary.id for each in named])
    found: list[StoredMessage] = []
    for mailbox_id in dict.fromkeys(each.mailbox_id for each in named):
        meant = {thread_of[each.summary.id] for each in named if each.mailbox_id == mailbox_id and each.summary.id in thread_of}
        found += _named(session, threads.ids_in(session.database, mine, mailbox_id, meant))
    return [each for each in found if each.uidvalidity == drawn.uidvalidity and each.summary.uid < drawn.uidnext]


def _written(session: MailSession, chosen: Chosen) -> Batch | None:
    """A part of a selection; None if its folder is gone or its messages are other ones now."""
    try:
        mailbox, state = mailboxes.opened(session.database, chosen.account_id, chosen.mailbox_id)
    except NotFound:
        return None
    if state.uidvalidity != chosen.uidvalidity or not chosen.uids:
        return None
    known = messages.flags_of(session.database, mailbox.id, chosen.uids)
    return Batch(mailbox, chosen.uidvalidity, {uid: known.get(uid) for uid in chosen.uids})


def select_all(session: MailSession, mailbox_id: MailboxId, place: ListPlace, *, stamp: str) -> int:
    """Choose every message of a list that was there when its page was drawn; returns the id of the selection.

    One round trip where the index does not hold the whole mailbox yet. Raises InvalidInput for a broken place or stamp;
    NotFound("selection") where the folder was made anew meanwhile, InvalidInput("nothing_selected") where nothing is left.
    """
    mine = account(session)
    mailbox, state = mailboxes.opened(session.database, mine.id, mailbox_id)
    drawn = _read_stamp(stamp)
    if state.uidvalidity != drawn.uidvalidity:
        raise NotFound("selection")
    wanted = listing.part_of(place).filter
    found = _everything(session, mailbox, wanted, complete=state.complete)
    uids = tuple(sorted(uid for uid in found if uid < drawn.uidnext))
    if not uids:
        raise InvalidInput("nothing_selected", field="ids")
    chosen = Chosen(mine.id, mailbox.id, state.uidvalidity, uids)
    return selections.put(session.database, session.user.id, [chosen], now=datetime.now(UTC))


class Stamp(NamedTuple):
    """What was there when a page was drawn: messages of this UIDVALIDITY below this UID."""

    uidvalidity: int
    uidnext: int


def _read_stamp(text: str) -> Stamp:
    """Raises InvalidInput for anything we did not write."""
    found = STAMP.fullmatch(text)
    if found is None:
        raise InvalidInput("stamp", field="stamp", value=text)
    return Stamp(int(found[1]), int(found[2]))


def _everything(session: MailSession, mailbox: Mailbox, wanted: Filter | None, *, complete: bool) -> Collection[Uid]:
    if complete or wanted not in CRITERIA:
        return lists.uids(session.database, mailbox.id, filter=wanted)
    with connection(session, prefer=mailbox) as lent:
        sync.update(sync.Index(session.database, lent, mailbox))
        return fetch.search(lent, CRITERIA[wanted])
