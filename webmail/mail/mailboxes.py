"""What a person does with folders: see the tree, make, rename, delete, empty, mark all read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from webmail.errors import Conflict, InvalidInput, NotAllowed, NotFound
from webmail.imap import fetch, update
from webmail.imap import mailboxes as imap_mailboxes
from webmail.mail import accounts, sync
from webmail.mail.pages import ActionResult, ConfirmPage, Frame
from webmail.mail.permission import writable
from webmail.mail.session import MailSession, account, again_if_cut, connection
from webmail.mailbox import ListedMailbox, Mailbox, MailboxId, SpecialUse
from webmail.message.summary import Flag
from webmail.store import jobs, journal, mailboxes, messages, saved_searches
from webmail.store.standing import standing

ROLE_NAMES = {
    SpecialUse.DRAFTS: "Drafts",
    SpecialUse.SENT: "Sent",
    SpecialUse.ARCHIVE: "Archive",
    SpecialUse.JUNK: "Junk",
    SpecialUse.TRASH: "Trash",
}
"""The names we create role mailboxes under; every client recognises them (RFC 6154 §2)."""


def frame(session: MailSession) -> Frame:
    """The folder tree with counts, the outbox badge and the index progress; no round trip, three look-ups.

    The worker looks at the folders once a minute while a person is here; where it has left off, it is asked to begin again.
    """
    mine = account(session)
    now = datetime.now(UTC)
    known, states = mailboxes.overview(session.database, mine.id)
    now_so = standing(session.database, mine.id)
    checked = max((state.checked_at for state in states.values() if state.checked_at), default=None)
    if "sync" not in now_so.jobs:
        jobs.put(session.database, kind="sync", account_id=mine.id, due_at=now)
    opened = [states[each.id] for each in known if each.id in states and states[each.id].uidvalidity]
    total = sum(state.exists for state in opened)
    indexed = sum(min(state.indexed, state.exists) for state in opened)
    roles = {mailbox.special_use for mailbox in known}
    return Frame(
        account=mine,
        mailboxes=known,
        missing_roles=tuple(role for role in ROLE_NAMES if role not in roles),
        waiting=now_so.waiting,
        problems=now_so.problems,
        index_progress=100 if total == 0 else indexed * 100 // total,
        checked_at=checked,
        alerts=session.imap.take_alerts(mine.id),
        saved_searches=saved_searches.of_user(session.database, session.user.id),
        needs_sign_in=not now_so.password or accounts.SIGN_IN in now_so.jobs,
    )


def refresh(session: MailSession) -> None:
    """Look at the server's folders and counts now ("Check for mail"). One round trip where LIST-STATUS is offered."""

    def look() -> tuple[ListedMailbox, ...]:
        with connection(session) as lent:
            return imap_mailboxes.list_mailboxes(lent)

    mailboxes.reconcile(session.database, account(session).id, listed=again_if_cut(look))


def role(session: MailSession, wanted: SpecialUse) -> Mailbox:
    """The mailbox with a role. Raises NotFound("missing_role") so that the page can offer to create it."""
    found = mailboxes.by_role(session.database, account(session).id, wanted)
    if found is None:
        raise NotFound("missing_role", role=wanted.value)
    return found


def create(session: MailSession, name: str, *, parent: MailboxId | None = None) -> Mailbox:
    """Make a folder and subscribe to it. Raises InvalidInput("name") or what the server says."""
    mine = account(session)
    above = mailboxes.get(session.database, mine.id, parent) if parent else None
    with connection(session) as lent:
        prefix, delimiter = (f"{above.name}{above.delimiter}", above.delimiter) if above else imap_mailboxes.namespace_prefix(lent)
        full = prefix + _checked_name(name, delimiter=delimiter, parent=above)
        imap_mailboxes.create(lent, full)
        imap_mailboxes.subscribe(lent, full)
        listed = imap_mailboxes.list_mailboxes(lent)
    return _named(mailboxes.reconcile(session.database, mine.id, listed=listed), full)


def create_role(session: MailSession, wanted: SpecialUse) -> Mailbox:
    """Make the folder of a role that is missing."""
    mine = account(session)
    found = mailboxes.by_role(session.database, mine.id, wanted)
    return found or create(session, ROLE_NAMES[wanted])


def rename(session: MailSession, mailbox_id: MailboxId, *, name: str) -> Mailbox:
    """Give a folder a new last name; folders inside it keep theirs. INBOX cannot be renamed."""
    mine = account(session)
    mailbox = mailboxes.get(session.database, mine.id, mailbox_id)
    _changeable(mailbox)
    stem = mailbox.name[: len(mailbox.name) - len(mailbox.label)]
    full = stem + _checked_name(name, delimiter=mailbox.delimiter, parent=None)
    if full == mailbox.name:
        return mailbox
    with connection(session) as lent:
        imap_mailboxes.rename(lent, mailbox.name, full)
        mailboxes.renamed(session.database, mine.id, old=mailbox.name, new=full, delimiter=mailbox.delimiter)
        imap_mailboxes.subscribe(lent, full)
        listed = imap_mailboxes.list_mailboxes(lent)
    return _named(mailboxes.reconcile(session.database, mine.id, listed=listed), full)


def delete(session: MailSession, mailbox_id: MailboxId, *, confirmed: bool) -> Mailbox | ConfirmPage:
    """Delete a folder with all its messages; asks first. A folder with a role or with folders inside is refused."""
    mine = account(session)
    mailbox = mailboxes.get(session.database, mine.id, mailbox_id)
    _changeable(mailbox)
    below = mailbox.name + mailbox.delimiter
    if mailbox.delimiter and any(each.name.startswith(below) for each in mailboxes.list_of(session.database, mine.id)):
        raise Conflict("has_children", name=mailbox.label)
    if not confirmed:
        return ConfirmPage("delete_mailbox", mailbox.counts.messages or 0, mailbox)
    with connection(session) as lent:
        imap_mailboxes.delete(lent, mailbox.name)
        listed = imap_mailboxes.list_mailboxes(lent)
    mailboxes.removed(session.database, mine.id, mailbox_id)
    mailboxes.reconcile(session.database, mine.id, listed=listed)
    return mailbox


def empty(session: MailSession, mailbox_id: MailboxId, *, confirmed: str = "") -> ActionResult | ConfirmPage:
    """Delete for good every message that was in the folder when the question was asked; only Trash and Junk.

    The question carries a ``stamp`` that says which messages those are; ``confirmed`` is that stamp. What arrives between
    question and answer stays, and where the folder was made anew meanwhile it is asked again.
    """
    mailbox = mailboxes.get(session.database, account(session).id, mailbox_id)
    if mailbox.special_use not in (SpecialUse.TRASH, SpecialUse.JUNK):
        raise NotAllowed("empty_only_trash", name=mailbox.label)
    with connection(session, prefer=mailbox) as lent:
        state = sync.update(sync.Index(session.database, lent, mailbox))
        writable(lent, mailbox)
        uidvalidity, _, uidnext = confirmed.partition(".")
        if uidvalidity != str(state.uidvalidity) or not (uidnext.isascii() and uidnext.isdigit() and len(uidnext) < 12):
            return ConfirmPage("empty", state.exists, mailbox, stamp=f"{state.uidvalidity}.{state.uidnext}")
        uids = [uid for uid in fetch.search(lent, "ALL") if uid < int(uidnext)]
        update.expunge(lent, uids)
        messages.remove(session.database, mailbox.id, uids=uids)
    return ActionResult("emptied", len(uids), mailbox_id=mailbox.id)


def mark_all_read(session: MailSession, mailbox_id: MailboxId) -> ActionResult:
    """Mark every unread message of a folder as seen; can be undone."""
    mine = account(session)
    mailbox = mailboxes.get(session.database, mine.id, mailbox_id)
    with connection(session, prefer=mailbox) as lent:
        state = sync.update(sync.Index(session.database, lent, mailbox))
        writable(lent, mailbox, flags=[Flag.SEEN])
        uids = fetch.search(lent, "UNSEEN")
        sync.store_flags(sync.Index(session.database, lent, mailbox), uids, add=[Flag.SEEN])
    entry = journal.JournalEntry(kind="flags", mailbox_id=mailbox.id, uidvalidity=state.uidvalidity, uids=tuple(uids), added=(Flag.SEEN,))
    written = journal.record(session.database, mine.id, action="seen", entries=[entry], now=datetime.now(UTC)) if uids else 0
    return ActionResult("seen", len(uids), written, mailbox_id=mailbox.id)


def _changeable(mailbox: Mailbox) -> None:
    if mailbox.special_use is not None:
        raise NotAllowed("role_mailbox", name=mailbox.label)


def _checked_name(name: str, *, delimiter: str, parent: Mailbox | None) -> str:
    """A folder name as one part of a path, free of what no server can store (RFC 9051 §5.1)."""
    name = name.strip()
    if not name or len(name) > 200 or any(ord(character) < 32 or ord(character) == 127 for character in name):
        raise InvalidInput("mailbox_name", field="name", value=name)
    if delimiter and delimiter in name:
        raise InvalidInput("mailbox_delimiter", field="name", value=name, delimiter=delimiter)
    if parent is None and name.upper() == "INBOX":
        raise InvalidInput("mailbox_exists", field="name", value=name)
    return name


def _named(known: Sequence[Mailbox], name: str) -> Mailbox:
    for mailbox in known:
        if mailbox.name == name:
            return mailbox
    raise Conflict("mailbox_vanished", name=name)
