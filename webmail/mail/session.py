"""MailSession: what every function of the mail service works on. Four attributes, no business methods."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from webmail.account import Account, Server, User
from webmail.errors import NotFound, UidValidityChanged
from webmail.imap.connection import Connection
from webmail.imap.pool import Pool
from webmail.mailbox import Mailbox
from webmail.store import credentials
from webmail.store.database import Database


@dataclass(frozen=True, slots=True)
class Gate:
    """What the application is built on, before anybody has signed in."""

    database: Database
    imap: Pool
    imap_server: Server
    smtp_server: Server
    mail_domain: str = ""
    undo_seconds: int = 10


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


@contextmanager
def connection(session: MailSession, *, prefer: Mailbox | None = None) -> Iterator[Connection]:
    """Lend an authenticated IMAP connection of the account shown, best one that has ``prefer`` selected.

    Raises AuthenticationFailed, ServerUnavailable or ServerUnusable.
    """
    mine = account(session)
    with session.imap.borrow(
        mine, lambda: credentials.read(session.database, session.database.key, mine.id), prefer=prefer.name if prefer else None
    ) as lent:
        yield lent


@contextmanager
def opened(session: MailSession, mailbox: Mailbox, *, uidvalidity: int) -> Iterator[Connection]:
    """Lend a connection on which the mailbox is selected and UIDs of that UIDVALIDITY mean what they meant.

    Raises NotFound("message") where UIDVALIDITY has changed: what the UIDs named cannot be found by them any more.
    """
    with connection(session, prefer=mailbox) as lent:
        try:
            lent.select(mailbox.name, uidvalidity=uidvalidity, writable=True)
        except UidValidityChanged as error:
            raise NotFound("message") from error
        yield lent
