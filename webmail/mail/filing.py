"""Filing: flag, move, copy, archive, junk and delete messages, and undo each of these.

The server's OK comes first; the same request then applies the change to the index and writes the journal entry that
Undo reads. A role mailbox that is missing stops the action: nothing ever falls through to deletion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from webmail.errors import Conflict, InvalidInput, NotAllowed, NotFound, ServerRefused, WebmailError
from webmail.imap import fetch, update
from webmail.imap.connection import Connection
from webmail.imap.update import CopyResult
from webmail.mail import sync
from webmail.mail.choosing import Batch, batches
from webmail.mail.mailboxes import role
from webmail.mail.pages import ActionResult, ConfirmPage
from webmail.mail.permission import keeps, writable
from webmail.mail.session import MailSession, account, opened
from webmail.mailbox import Mailbox, MailboxId, SpecialUse
from webmail.message.summary import Flag, MessageId, Uid
from webmail.store import jobs, journal, mailboxes, messages, selections
from webmail.store.journal import JournalEntry

PIECE = 1000
"""Messages moved by one command, so that no server falls silent over it."""
AT_ONCE = 2000
"""Messages of a selection that are moved while the person waits; more are left to the worker."""
JOB = "filing"


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
    "archive": SpecialUse.ARCHIVE,
    "junk": SpecialUse.JUNK,
    "not_junk": SpecialUse.INBOX,
    "delete": SpecialUse.TRASH,
}
CODES = {
    "archive": "archived",
    "junk": "junked",
    "not_junk": "not_junk",
    "delete": "deleted",
    "move": "moved",
    "copy": "copied",
    "delete_forever": "deleted_forever",
}
"""What an action is called when it is done."""
JUNK_KEYWORDS = {"junk": (Flag.JUNK, Flag.NOT_JUNK), "not_junk": (Flag.NOT_JUNK, Flag.JUNK)}
"""What filters learn from: the keyword to set and the one to clear (RFC 5788 registry)."""


def act(
    session: MailSession,
    action: str,
    *,
    ids: Sequence[int] = (),
    selection: int = 0,
    conversations: str = "",
    target: int | None = None,
    confirmed: bool = False,
) -> ActionResult | ConfirmPage:
    """Do one thing to messages; what cannot be undone is asked first (a ConfirmPage).

    Actions: seen unseen flag unflag archive junk not_junk move copy delete delete_forever, on the messages named, on the
    conversations they name (see ``choosing.batches``), or on a selection. Costs one or two round trips per mailbox and 1,000
    messages; more than 2,000 are moved by the worker. Raises InvalidInput, NotFound (``missing_role``: offer to create it),
    NotAllowed (read-only mailbox), ServerRefused (over quota); where a part was done already, the result has the error as
    ``refused``.
    """
    chosen = batches(session, ids=ids, selection=selection, conversations=conversations)
    if not chosen:
        raise NotFound("selection")
    if action in FLAG_CHANGES:
        change = FLAG_CHANGES[action]
        return _piece_by_piece(session, change.code, chosen, lambda piece: _change_flags(session, piece, change))
    if action == "delete" and all(batch.mailbox.special_use is SpecialUse.TRASH for batch in chosen):
        action = "delete_forever"
    count = sum(len(batch.flags) for batch in chosen)
    if action == "delete_forever" and not confirmed:
        named = tuple(MessageId(each) for each in ids)
        return ConfirmPage(action, count, chosen[0].mailbox, named, selection=selection, conversations=conversations)
    where = _target(session, action, target)
    if selection and count > AT_ONCE:
        return _later(session, action, selection, where, count=count, mailbox_id=chosen[0].mailbox.id)
    return _piece_by_piece(session, CODES[action], chosen, lambda piece: _file(session, piece, action, where), target=where)


def _piece_by_piece(
    session: MailSession, code: str, chosen: Sequence[Batch], do: Callable[[Batch], JournalEntry | None], *, target: Mailbox | None = None
) -> ActionResult:
    """Do something to every piece of what is chosen; the journal has what was done, also where a later piece is refused."""
    entries: list[JournalEntry] = []
    done, refused = 0, None
    for piece in (piece for batch in chosen for piece in batch.pieces(PIECE)):
        try:
            entry = do(piece)
        except WebmailError as error:
            if not done:
                raise
            refused = error
            break
        entries += [entry] if entry is not None and entry.uids else []
        done += len(piece.flags)
    mine, now = account(session).id, datetime.now(UTC)
    journal_id = journal.record(session.database, mine, action=code, entries=entries, now=now) if entries else 0
    return ActionResult(code, done, journal_id, target=target, mailbox_id=chosen[0].mailbox.id, refused=refused)


def _target(session: MailSession, action: str, target: int | None) -> Mailbox | None:
    """Where an action moves or copies messages to. Raises InvalidInput for an action that is none."""
    if action == "delete_forever":
        return None
    if action in ROLE_MOVES:
        return _selectable(role(session, ROLE_MOVES[action]))
    if action in ("move", "copy"):
        return _selectable(mailboxes.get(session.database, account(session).id, MailboxId(target or 0)))
    raise InvalidInput("action", field="action", value=action)


def _selectable(mailbox: Mailbox) -> Mailbox:
    if not mailbox.selectable:
        raise NotAllowed("not_selectable", name=mailbox.label)
    return mailbox


def _file(session: MailSession, piece: Batch, action: str, target: Mailbox | None) -> JournalEntry | None:
    """Move, copy or delete messages of one mailbox; None where there is nothing to take back."""
    if target is not None and action != "copy" and piece.mailbox.id == target.id:
        return None
    with opened(session, piece.mailbox, uidvalidity=piece.uidvalidity) as lent:
        if target is None:
            writable(lent, piece.mailbox)
            update.expunge(lent, piece.uids)
            messages.remove(session.database, piece.mailbox.id, uids=piece.uids)
            return None
        if action == "copy":
            result = update.copy(lent, piece.uids, target.name)
            mailboxes.unwatch(session.database, [target.id], now=datetime.now(UTC))
            return _transferred("copy", piece.mailbox, target, uidvalidity=piece.uidvalidity, uids=piece.uids, result=result)
        return _move(session, lent, piece.mailbox, target, uids=piece.uids, keywords=JUNK_KEYWORDS.get(action))


def _later(session: MailSession, action: str, selection: int, target: Mailbox | None, *, count: int, mailbox_id: MailboxId) -> ActionResult:
    """Leave many messages to the worker. Undo takes back what has been done and leaves the rest."""
    mine, now = account(session).id, datetime.now(UTC)
    journal_id = journal.record(session.database, mine, action=CODES[action], entries=[], now=now)
    work = {"action": action, "selection": selection, "target": target.id if target else 0}
    jobs.put(session.database, kind=JOB, account_id=mine, key=str(journal_id), due_at=now, payload=work)
    jobs.wake(session.database)
    return ActionResult("working", count, journal_id if target else 0, target=target, mailbox_id=mailbox_id)


def go_on(session: MailSession, journal_id: int, work: Mapping[str, Any], *, until: datetime) -> bool:
    """The worker's half of ``_later``: the next pieces of what is left of a selection; returns whether all is done."""
    mine, selection = account(session).id, int(work["selection"])
    target = mailboxes.get(session.database, mine, MailboxId(work["target"])) if work["target"] else None
    for piece in (piece for batch in batches(session, ids=(), selection=selection) for piece in batch.pieces(PIECE)):
        if datetime.now(UTC) > until:
            return False
        if journal.get(session.database, mine, journal_id).undone_at is not None:
            return True
        entry = _file(session, piece, work["action"], target)
        if entry is not None:
            journal.extend(session.database, journal_id, entry)
        selections.shorten(session.database, session.user.id, selection, mailbox_id=piece.mailbox.id, without=piece.uids)
    return True


def _change_flags(session: MailSession, piece: Batch, change: FlagChange) -> JournalEntry:
    """The server is told of all of them, for another client may have changed one a moment ago.

    Undo names only those that did not have the flag yet, so that it gives back what was.
    """
    with opened(session, piece.mailbox, uidvalidity=piece.uidvalidity) as lent:
        writable(lent, piece.mailbox, flags=change.add + change.remove)
        known = {**piece.flags, **fetch.flags_of(lent, [uid for uid, flags in piece.flags.items() if flags is None])}
        sync.store_flags(sync.Index(session.database, lent, piece.mailbox), piece.uids, add=change.add, remove=change.remove)
    wanted = [uid for uid, flags in known.items() if flags is not None and not _has_already(flags, change)]
    return _flags_entry(piece.mailbox, piece.uidvalidity, wanted, change)


def _has_already(flags: frozenset[str], change: FlagChange) -> bool:
    return set(change.add) <= flags and not flags.intersection(change.remove)


@dataclass(frozen=True, slots=True)
class Handling:
    """What a filter does to messages: flags they get, mailboxes they are copied to, and the one they are moved to at last."""

    flags: tuple[str, ...] = ()
    copies: tuple[Mailbox, ...] = ()
    target: Mailbox | None = None


def handle(session: MailSession, batch: Batch, handling: Handling) -> list[JournalEntry]:
    """Flag, copy and move messages of one mailbox as a filter says; what was done, for the journal. Raises as ``act``."""
    entries: list[JournalEntry] = []
    change = FlagChange("filtered", add=handling.flags)
    marked = _change_flags(session, batch, change) if handling.flags else None
    for each in handling.copies:
        copied = _file(session, batch, "copy", _selectable(each))
        entries += [copied] if copied is not None else []
    moved = _file(session, batch, "move", _selectable(handling.target)) if handling.target is not None else None
    if moved is None:
        return entries + ([marked] if marked is not None else [])
    return [*entries, *_unmarked_first(moved, marked)]


def _unmarked_first(moved: JournalEntry, marked: JournalEntry | None) -> Iterator[JournalEntry]:
    """A move as two: of messages that had the flags already, and of those from which Undo takes them."""
    newly = set(marked.uids) if marked is not None else set()
    for with_flags in (False, True):
        pairs = [pair for pair in zip(moved.uids, moved.target_uids, strict=True) if (pair[0] in newly) is with_flags]
        added = marked.added if marked is not None and with_flags else ()
        yield replace(moved, uids=tuple(old for old, _ in pairs), target_uids=tuple(new for _, new in pairs), added=added)


def _flags_entry(mailbox: Mailbox, uidvalidity: int, uids: Sequence[Uid], change: FlagChange) -> JournalEntry:
    return JournalEntry(
        kind="flags", mailbox_id=mailbox.id, uidvalidity=uidvalidity, uids=tuple(uids), added=change.add, removed=change.remove
    )


def _move(
    session: MailSession, lent: Connection, mailbox: Mailbox, target: Mailbox, *, uids: Sequence[Uid], keywords: tuple[str, str] | None
) -> JournalEntry:
    writable(lent, mailbox)
    marks = [each for each in keywords or () if keeps(lent, each)]
    with _marked(lent, uids, add=marks[:1], remove=marks[1:]):
        entry = _move_batch(session, lent, mailbox, target, uids=uids)
    return replace(entry, added=tuple(marks[:1]))


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
    placed = messages.relocate(
        session.database, mailbox.id, target=target.id, uidvalidity=result.uidvalidity, uids=uids, new_uids=result.uids
    )
    if placed < len(uids):
        mailboxes.unwatch(session.database, [target.id], now=datetime.now(UTC))
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


def undo(session: MailSession, journal_id: int) -> ActionResult:
    """Take back what a journal entry describes. Raises NotFound, or Conflict("undone") the second time."""
    mine = account(session).id
    # What the worker has not done yet of it is left alone.
    jobs.cancel(session.database, kind=JOB, account_id=mine, key=str(journal_id))
    written = journal.get(session.database, mine, journal_id)
    if written.undone_at is not None:
        raise Conflict("undone")
    count = sum(_undo_entry(session, entry) for entry in written.entries)
    journal.mark_undone(session.database, written.id, now=datetime.now(UTC))
    return ActionResult("undone", count, mailbox_id=written.entries[0].mailbox_id if written.entries else None)


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
                sync.store_flags(sync.Index(session.database, lent, target), entry.target_uids, remove=entry.added)
            _move_batch(session, lent, target, mailbox, uids=entry.target_uids)
        else:
            update.expunge(lent, entry.target_uids)
            messages.remove(session.database, target.id, uids=entry.target_uids)
    return len(entry.target_uids)
