"""Filing: flag, move, copy, archive, junk and delete messages, and undo each of these.

The server's OK comes first; the same request then applies the change to the index and writes the journal entry that
Undo reads. A role mailbox that is missing stops the action: nothing ever falls through to deletion.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from webmail.errors import Conflict, InvalidInput, NotAllowed, NotFound, ServerRefused
from webmail.imap import update
from webmail.imap.connection import Connection
from webmail.imap.update import CopyResult
from webmail.mail import sync
from webmail.mail.mailboxes import role
from webmail.mail.pages import ActionResult, ConfirmPage
from webmail.mail.permission import keeps, writable
from webmail.mail.session import MailSession, account, opened
from webmail.mailbox import Mailbox, MailboxId, SpecialUse
from webmail.message.summary import Flag, MessageId, Uid
from webmail.store import journal, mailboxes, messages
from webmail.store.journal import JournalEntry
from webmail.store.messages import StoredMessage

LIMIT = 5000
"""Messages one request may act on."""


@dataclass(frozen=True, slots=True)
class FlagChange:
    """An action that sets or clears a flag."""

    code: str
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


FLAG_CHANGES = {
    "seen": FlagChange("seen", add=(Flag.SEEN,)),
    "unseen": FlagChange("unseen", remove=(Flag.SEEN,)),
    "flag": FlagChange("flagged", add=(Flag.FLAGGED,)),
    "unflag": FlagChange("unflagged", remove=(Flag.FLAGGED,)),
}
ROLE_MOVES = {
    "archive": ("archived", SpecialUse.ARCHIVE),
    "junk": ("junked", SpecialUse.JUNK),
    "not_junk": ("not_junk", SpecialUse.INBOX),
    "delete": ("deleted", SpecialUse.TRASH),
}
JUNK_KEYWORDS = {"junk": (Flag.JUNK, Flag.NOT_JUNK), "not_junk": (Flag.NOT_JUNK, Flag.JUNK)}
"""What filters learn from: the keyword to set and the one to clear (RFC 5788 registry)."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The messages of one mailbox that an action is about."""

    mailbox: Mailbox
    uidvalidity: int
    messages: tuple[StoredMessage, ...]

    @property
    def uids(self) -> list[Uid]:
        return [each.summary.uid for each in self.messages]


def act(
    session: MailSession, action: str, *, ids: Sequence[int], target: int | None = None, confirmed: bool = False
) -> ActionResult | ConfirmPage:
    """Do one thing to messages; what cannot be undone is asked first (a ConfirmPage).

    Actions: seen unseen flag unflag archive junk not_junk move copy delete delete_forever. Costs one or two round trips
    per mailbox. Raises InvalidInput, NotFound (``missing_role``: offer to create it), NotAllowed (read-only mailbox),
    ServerRefused (over quota).
    """
    if not ids:
        raise InvalidInput("nothing_selected", field="ids")
    if len(ids) > LIMIT:
        raise InvalidInput("too_many", field="ids", limit=LIMIT)
    batches = _batches(session, ids)
    if action in FLAG_CHANGES:
        return _change_flags(session, batches, FLAG_CHANGES[action])
    if action == "delete" and all(batch.mailbox.special_use is SpecialUse.TRASH for batch in batches):
        action = "delete_forever"
    if action == "delete_forever":
        return _delete_forever(session, batches, confirmed=confirmed)
    if action in ROLE_MOVES:
        code, wanted = ROLE_MOVES[action]
        return _move(session, batches, role(session, wanted), code=code, keywords=JUNK_KEYWORDS.get(action))
    if action in ("move", "copy"):
        where = mailboxes.get(session.database, account(session).id, MailboxId(target or 0))
        return _move(session, batches, where, code="moved") if action == "move" else _copy(session, batches, where)
    raise InvalidInput("action", field="action", value=action)


def _batches(session: MailSession, ids: Sequence[int]) -> list[Batch]:
    mine = account(session).id
    found: dict[tuple[MailboxId, int], list[StoredMessage]] = defaultdict(list)
    for stored in messages.get_many(session.database, mine, [MessageId(each) for each in ids]):
        found[stored.mailbox_id, stored.uidvalidity].append(stored)
    if not found:
        raise NotFound("message")
    return [
        Batch(mailboxes.get(session.database, mine, mailbox_id), uidvalidity, tuple(group))
        for (mailbox_id, uidvalidity), group in found.items()
    ]


def _record(session: MailSession, action: str, entries: list[JournalEntry]) -> int:
    useful = [entry for entry in entries if entry.uids]
    return journal.record(session.database, account(session).id, action=action, entries=useful, now=datetime.now(UTC)) if useful else 0


def _change_flags(session: MailSession, batches: list[Batch], change: FlagChange) -> ActionResult:
    """The server is told of all of them, for another client may have changed one a moment ago.

    Undo names only those that did not have the flag yet, so that it gives back what was.
    """
    entries = []
    for batch in batches:
        wanted = [
            each.summary.uid
            for each in batch.messages
            if not set(change.add) <= each.summary.flags or each.summary.flags.intersection(change.remove)
        ]
        with opened(session, batch.mailbox, uidvalidity=batch.uidvalidity) as lent:
            writable(lent, batch.mailbox, flags=change.add + change.remove)
            sync.store_flags(sync.Index(session.database, lent, batch.mailbox), batch.uids, add=change.add, remove=change.remove)
        entries.append(_flags_entry(batch.mailbox, batch.uidvalidity, wanted, change))
    count = sum(len(batch.messages) for batch in batches)
    return ActionResult(change.code, count, _record(session, change.code, entries), mailbox_id=batches[0].mailbox.id)


def _flags_entry(mailbox: Mailbox, uidvalidity: int, uids: Sequence[Uid], change: FlagChange) -> JournalEntry:
    return JournalEntry(
        kind="flags", mailbox_id=mailbox.id, uidvalidity=uidvalidity, uids=tuple(uids), added=change.add, removed=change.remove
    )


def _move(
    session: MailSession, batches: list[Batch], target: Mailbox, *, code: str, keywords: tuple[str, str] | None = None
) -> ActionResult:
    if not target.selectable:
        raise NotAllowed("not_selectable", name=target.label)
    entries = []
    for batch in batches:
        if batch.mailbox.id == target.id:
            continue
        with opened(session, batch.mailbox, uidvalidity=batch.uidvalidity) as lent:
            writable(lent, batch.mailbox)
            marks = [each for each in keywords or () if keeps(lent, each)]
            with _marked(lent, batch.uids, add=marks[:1], remove=marks[1:]):
                entry = _move_batch(session, lent, batch.mailbox, target, uids=batch.uids)
            entries.append(replace(entry, added=tuple(marks[:1])))
    count = sum(len(batch.messages) for batch in batches)
    return ActionResult(code, count, _record(session, code, entries), target=target, mailbox_id=batches[0].mailbox.id)


@contextmanager
def _marked(connection: Connection, uids: Sequence[Uid], *, add: Sequence[str], remove: Sequence[str]) -> Iterator[None]:
    """Keywords for messages about to be moved. Filters can do without them: only the move decides whether the action works."""
    with suppress(ServerRefused):
        update.store_flags(connection, uids, add=add, remove=remove)
    try:
        yield
    except ServerRefused:
        with suppress(ServerRefused):
            update.store_flags(connection, uids, remove=add)
        raise


def _move_batch(session: MailSession, lent: Connection, mailbox: Mailbox, target: Mailbox, *, uids: Sequence[Uid]) -> JournalEntry:
    """Move on the server, then in the index; the entry tells where each message has gone."""
    uidvalidity = lent.selected.uidvalidity if lent.selected else 0
    result = update.move(lent, uids, target.name)
    messages.relocate(session.database, mailbox.id, target=target.id, uidvalidity=result.uidvalidity, uids=uids, new_uids=result.uids)
    return _transferred("move", mailbox, target, uidvalidity=uidvalidity, uids=uids, result=result)


def _transferred(
    kind: str, mailbox: Mailbox, target: Mailbox, *, uidvalidity: int, uids: Sequence[Uid], result: CopyResult
) -> JournalEntry:
    """Where each message is now; those whose new UID is not known cannot be brought back and are left out."""
    known = [uid for uid in uids if uid in result.uids]
    return JournalEntry(
        kind=kind,
        mailbox_id=mailbox.id,
        uidvalidity=uidvalidity,
        uids=tuple(known),
        target_mailbox_id=target.id,
        target_uidvalidity=result.uidvalidity,
        target_uids=tuple(result.uids[uid] for uid in known),
    )


def _copy(session: MailSession, batches: list[Batch], target: Mailbox) -> ActionResult:
    if not target.selectable:
        raise NotAllowed("not_selectable", name=target.label)
    entries = []
    for batch in batches:
        with opened(session, batch.mailbox, uidvalidity=batch.uidvalidity) as lent:
            result = update.copy(lent, batch.uids, target.name)
        entries.append(_transferred("copy", batch.mailbox, target, uidvalidity=batch.uidvalidity, uids=batch.uids, result=result))
    count = sum(len(batch.messages) for batch in batches)
    return ActionResult("copied", count, _record(session, "copied", entries), target=target, mailbox_id=batches[0].mailbox.id)


def _delete_forever(session: MailSession, batches: list[Batch], *, confirmed: bool) -> ActionResult | ConfirmPage:
    count = sum(len(batch.messages) for batch in batches)
    if not confirmed:
        chosen = tuple(each.summary.id for batch in batches for each in batch.messages)
        return ConfirmPage("delete_forever", count, batches[0].mailbox, chosen)
    for batch in batches:
        with opened(session, batch.mailbox, uidvalidity=batch.uidvalidity) as lent:
            writable(lent, batch.mailbox)
            update.expunge(lent, batch.uids)
        messages.remove(session.database, batch.mailbox.id, uids=batch.uids)
    return ActionResult("deleted_forever", count, mailbox_id=batches[0].mailbox.id)


def undo(session: MailSession, journal_id: int) -> ActionResult:
    """Take back what a journal entry describes. Raises NotFound, or Conflict("undone") the second time."""
    mine = account(session).id
    written = journal.get(session.database, mine, journal_id)
    if written.undone_at is not None:
        raise Conflict("undone")
    count = sum(_undo_entry(session, entry) for entry in written.entries)
    journal.mark_undone(session.database, written.id, now=datetime.now(UTC))
    return ActionResult("undone", count, mailbox_id=written.entries[0].mailbox_id)


def _undo_entry(session: MailSession, entry: JournalEntry) -> int:
    mine = account(session).id
    mailbox = mailboxes.get(session.database, mine, entry.mailbox_id)
    if entry.kind == "flags":
        with opened(session, mailbox, uidvalidity=entry.uidvalidity) as lent:
            sync.store_flags(sync.Index(session.database, lent, mailbox), entry.uids, add=entry.removed, remove=entry.added)
        return len(entry.uids)
    target = mailboxes.get(session.database, mine, MailboxId(entry.target_mailbox_id or 0))
    with opened(session, target, uidvalidity=entry.target_uidvalidity) as lent:
        writable(lent, target)
        if entry.kind == "move":
            with suppress(ServerRefused):
                update.store_flags(lent, entry.target_uids, remove=entry.added)
            _move_batch(session, lent, target, mailbox, uids=entry.target_uids)
        else:
            update.expunge(lent, entry.target_uids)
            messages.remove(session.database, target.id, uids=entry.target_uids)
    return len(entry.target_uids)
