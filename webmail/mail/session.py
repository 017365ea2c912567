"""MailSession: what every function of the mail service works on. Four attributes, no business methods."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

from webmail.account import Account, AccountId, Server, User
from webmail.authentication import Lookup
from webmail.errors import NotFound, ServerRefused, ServerUnavailable, UidValidityChanged
from webmail.imageproxy.network import PUBLIC, Network
from webmail.imap.connection import Connection
from webmail.imap.mailboxes import list_mailboxes
from webmail.imap.pool import Pool
from webmail.imap.selection import Selected
from webmail.mailbox import Mailbox
from webmail.message.summary import MessageId
from webmail.store import accounts, credentials, mailboxes, messages
from webmail.store.database import Database
from webmail.store.messages import StoredMessage

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Gate:
    """What the application is built on, before anybody has signed in. ``network`` is the way to servers of strangers.

    ``authserv_id`` is the name under which the mail server speaks of the mail it took in; ``dkim_lookup`` asks for the keys of
    signatures, where these are to be verified here. ``sent_copy`` says who puts what was sent into Sent (``sent_copies.WAYS``).
    ``sieve_server`` runs filters; None where the worker does. ``save_hosts`` are hosts of the own network that files may be saved to.
    """

    database: Database
    imap: Pool
    imap_server: Server
    smtp_server: Server
    mail_domain: str = ""
    undo_seconds: int = 10
    sent_copy: str = "auto"
    network: Network = PUBLIC
    authserv_id: str = ""
    dkim_lookup: Lookup | None = None
    sieve_server: Server | None = None
    save_hosts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class MailSession:
    """A person at work: who they are, their accounts, what we remember, and the way to their server."""

    user: User
    accounts: tuple[Account, ...]
    database: Database
    imap: Pool


def account(session: MailSession) -> Account:
    """The account shown. Raises NotFound for a person without one."""
    if not session.accounts:
        raise NotFound("account")
    return session.accounts[0]


def focused(session: MailSession, account_id: AccountId) -> MailSession:
    """The same person with another of their accounts shown. Raises NotFound("account") for somebody else's."""
    if session.accounts and session.accounts[0].id == account_id:
        return session
    mine = [each for each in session.accounts if each.id == account_id]
    if not mine:
        raise NotFound("account")
    return replace(session, accounts=(*mine, *[each for each in session.accounts if each.id != account_id]))


def holding(session: MailSession, named: Mapping[str, int | str]) -> MailSession:
    """The same person with the account shown that has the first of what is named: a ``message_id``, or one of ``accounts.OWNED``.

    No look-up for a person with one account. What is nobody's, or a stranger's, is left to whoever reads it.
    """
    mine = {each.id for each in session.accounts}
    for kind, value in named.items() if len(mine) > 1 else ():
        known = (
            messages.owner(session.database, MessageId(int(value)))
            if kind == "message_id"
            else accounts.owner(session.database, kind, value)
        )
        if known in mine:
            return focused(session, known)
    return session


@contextmanager
def connection(session: MailSession, *, prefer: Mailbox | None = None) -> Iterator[Connection]:
    """Lend an authenticated IMAP connection, best one that has ``prefer`` selected: of its account, else of the one shown.

    Raises AuthenticationFailed, ServerUnavailable or ServerUnusable.
    """
    mine = account(session if prefer is None else focused(session, prefer.account_id))
    with session.imap.borrow(
        mine, lambda: credentials.read(session.database, session.database.key, mine.id), prefer=prefer.name if prefer else None
    ) as lent:
        yield lent


def find_message(session: MailSession, message_id: int) -> tuple[StoredMessage, Mailbox]:
    """A message of the account shown, and where it is. Raises NotFound, also for somebody else's."""
    mine = account(session).id
    stored = messages.get(session.database, mine, MessageId(message_id))
    return stored, mailboxes.get(session.database, mine, stored.mailbox_id)


def again_if_cut(look: Callable[[], T]) -> T:
    """Look once more where the connection was cut; only for what changes nothing, or the same the second time.

    Servers hang up on a kept connection when its mailbox is deleted or they restart; a new one tells the truth.
    """
    try:
        return look()
    except ServerUnavailable as error:
        if error.code != "disconnected":
            raise
        return look()


@contextmanager
def opened(session: MailSession, mailbox: Mailbox, *, uidvalidity: int) -> Iterator[Connection]:
    """Lend a connection on which the mailbox is selected and UIDs of that UIDVALIDITY mean what they meant.

    Raises NotFound("message") where UIDVALIDITY has changed: what the UIDs named cannot be found by them any more;
    NotFound("mailbox") where the mailbox is gone.
    """
    with connection(session, prefer=mailbox) as lent:
        try:
            select(session.database, lent, mailbox, uidvalidity=uidvalidity)
        except UidValidityChanged as error:
            raise NotFound("message") from error
        yield lent


def select(database: Database, lent: Connection, mailbox: Mailbox, *, uidvalidity: int | None = None, since: int = 0) -> Selected:
    """Select a mailbox for writing, if the server lets us. No round trip where it is selected already.

    Where it cannot be opened, the server is asked for its folders: raises NotFound("mailbox") if another client has renamed
    or deleted it, and the folders known are those of the server then. Raises UidValidityChanged as ``Connection.select``.
    """
    try:
        return lent.select(mailbox.name, uidvalidity=uidvalidity, writable=True, since=since)
    except ServerRefused as error:
        known = mailboxes.reconcile(database, mailbox.account_id, listed=list_mailboxes(lent))
        if any(each.id == mailbox.id and each.selectable for each in known):
            raise
        raise NotFound("mailbox") from error
