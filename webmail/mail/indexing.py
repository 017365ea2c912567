"""Indexing: the lease of the one writer of a mailbox, messages read for the index and put into it, and the state they make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from secrets import token_hex
from time import monotonic, sleep
from typing import Any

from webmail.errors import Conflict, ServerRefused
from webmail.imap import fetch, rows
from webmail.imap.connection import Connection
from webmail.imap.fetch import selected
from webmail.mail import senders, wording
from webmail.mail.previews import previews
from webmail.mailbox import Mailbox
from webmail.message.summary import MessageSummary, Uid
from webmail.store import jobs, mailboxes, messages
from webmail.store.database import Database
from webmail.store.mailboxes import MailboxState
from webmail.store.states import Found

PAGE = 50
LEASE_SECONDS = 30
RENEW_SECONDS = 10
LEASE_PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class Index:
    """The index of one mailbox and the connection to compare it with."""

    database: Database
    connection: Connection
    mailbox: Mailbox


@dataclass(slots=True)
class Lease:
    """The right to be the one writer of a mailbox, for half a minute at a time."""

    database: Database
    mailbox: Mailbox
    owner: str
    since: float

    def keep(self) -> None:
        """Ask before every write whether the lease is still ours, and keep it for longer. Raises Conflict("busy")."""
        if monotonic() - self.since < RENEW_SECONDS:
            return
        if not mailboxes.keep_lease(self.database, self.mailbox.id, owner=self.owner, now=datetime.now(UTC), seconds=LEASE_SECONDS):
            raise Conflict("busy")
        self.since = monotonic()


@contextmanager
def lease(index: Index, *, patience: float = LEASE_PATIENCE) -> Iterator[Lease]:
    """Be the one writer of the mailbox. Raises Conflict("busy") after ``patience`` seconds of waiting."""
    owner = token_hex(8)
    until = monotonic() + patience
    while not mailboxes.lease(index.database, index.mailbox.id, owner=owner, now=datetime.now(UTC), seconds=LEASE_SECONDS):
        if monotonic() > until:
            raise Conflict("busy")
        sleep(0.01)
    try:
        yield Lease(index.database, index.mailbox, owner, monotonic())
    finally:
        mailboxes.release(index.database, index.mailbox.id, owner=owner)


@contextmanager
def all_or_nothing(index: Index) -> Iterator[None]:
    """What was told while a step failed must be looked at again: it has been settled, but not applied."""
    try:
        yield
    except BaseException:
        index.connection.changed = True
        raise


def add(index: Index, held: Lease, summaries: Sequence[MessageSummary]) -> None:
    """Put messages with their previews into the index, under the UIDVALIDITY of the connection they come from."""
    if summaries:
        words = previews(index.connection, summaries)
        add_bare(index, held, [replace(summary, preview=words.get(summary.uid, "")) for summary in summaries])


def add_bare(index: Index, held: Lease, summaries: Sequence[MessageSummary]) -> None:
    """As ``add``, without a round trip and without previews: those of old messages are left to who reads their text anyway."""
    note(index, summaries)
    put(index, held, summaries)


def put(index: Index, held: Lease, summaries: Sequence[MessageSummary]) -> None:
    """Put messages into the index, and nothing else of what comes with that (see ``note``)."""
    uidvalidity = selected(index.connection).uidvalidity
    held.keep()
    messages.add(index.database, index.mailbox, uidvalidity=uidvalidity, summaries=summaries)


def note(index: Index, summaries: Sequence[MessageSummary]) -> None:
    """What the durable database keeps of messages that are put into the index: who wrote them, and that their words are wanted."""
    senders.remember(index.database, index.mailbox, summaries)
    wording.want(index.database, index.mailbox.account_id)


def newest(connection: Connection) -> list[MessageSummary]:
    """The newest page, by sequence numbers. Raises the errors of the connection."""
    try:
        return fetch.newest(connection, PAGE)
    except ServerRefused:
        return read(connection, fetch.uids_before(connection, Uid(selected(connection).uidnext), PAGE))


def arrived(connection: Connection, low: Uid) -> list[MessageSummary]:
    """The messages from a UID on."""
    try:
        return fetch.summaries_between(connection, low, None)
    except ServerRefused:
        return read(connection, [uid for uid in fetch.search(connection, "UID", f"{low}:*") if uid >= low])


def read(connection: Connection, uids: Sequence[Uid]) -> list[MessageSummary]:
    """The messages of these UIDs. One that the server cannot give gets a placeholder: it must not hide the others."""
    if not uids:
        return []
    try:
        found = fetch.summaries(connection, uids)
    except ServerRefused as error:
        if error.code == "limit":
            raise
        if len(uids) == 1:
            return [rows.placeholder(uids[0])]
        half = len(uids) // 2
        return read(connection, uids[:half]) + read(connection, uids[half:])
    # A server may leave off at the first message it cannot give; those that are gone are not given the second time either.
    rest = set(uids) - {summary.uid for summary in found}
    return found + read(connection, sorted(rest)) if found and rest else found


def settle(
    index: Index,
    held: Lease,
    state: MailboxState,
    *,
    uidnext: int,
    lowest_uid: int,
    complete: bool,
    highestmodseq: int,
    unseen: int | None = None,
    happened: Sequence[tuple[str, Mapping[str, Any]]] = (),
) -> MailboxState:
    """Store the new state, if it is still the one this sync set out from; without ``unseen``, the counts stay.

    Who waits for events is woken. Raises Conflict("busy") where somebody else has moved the state.
    """
    here = selected(index.connection)
    found = Found(
        uidnext=uidnext,
        exists=None if unseen is None else here.exists,
        unseen=unseen,
        lowest_uid=lowest_uid,
        complete=complete,
        # Whoever does not count has not compared anything either.
        checked_at=datetime.now(UTC) if unseen is not None else None,
        highestmodseq=highestmodseq,
        read_only=here.read_only,
        permanent_keywords="\\*" in here.permanent_flags,
        happened=happened,
    )
    held.keep()
    if not mailboxes.apply(index.database, index.mailbox, expected=state, found=found):
        raise Conflict("busy")
    if happened:
        jobs.wake(index.database)
    return mailboxes.state(index.database, index.mailbox.id)
