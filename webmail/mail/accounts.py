"""Signing in and out: the IMAP server is the judge, and the password is kept only as long as it is needed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from webmail.account import Account, AccountId, Credentials, Server, User, UserId
from webmail.address import Address, parse_address_list, valid_addr_spec
from webmail.errors import InvalidInput, NotFound
from webmail.imap.connection import connect
from webmail.imap.mailboxes import list_mailboxes
from webmail.mail.session import Gate, MailSession, account
from webmail.store import accounts, credentials, drafts, jobs, mailboxes, outgoing, sessions
from webmail.store.database import Database

SIGN_IN = "sign_in"
"""The piece of work that only the person can do; while it is due, the worker leaves the account alone."""


PRESENCE = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who has signed in."""

    user_id: UserId
    account_id: AccountId


def sign_in(gate: Gate, username: str, *, password: str, now: datetime) -> SignedIn:
    """Check a name and password by an IMAP login, and remember the account, its credentials and its mailboxes.

    The authenticated connection is kept for the first page. Work that waited for a new password goes on.
    Raises InvalidInput, AuthenticationFailed, ServerUnavailable or ServerUnusable. One connection, two round trips.
    """
    username = username.strip()
    for field, value in (("username", username), ("password", password)):
        if not value:
            raise InvalidInput("required", field=field)
        if any(character in value for character in "\r\n\0"):
            raise InvalidInput("line_break", field=field)
    given = Credentials(username, password)
    connection = connect(gate.imap_server, timeout=gate.imap.timeout)
    try:
        connection.authenticate(given)
        listed = list_mailboxes(connection)
    except BaseException:
        connection.close()
        raise
    mine = accounts.find_or_create(gate.database, username, imap=gate.imap_server, smtp=gate.smtp_server, now=now)
    credentials.save(gate.database, gate.database.key, account_id=mine.id, credentials=given)
    mailboxes.reconcile(gate.database, mine.id, listed=listed)
    if mine.identity is None:
        _take_address(gate, mine)
    gate.imap.close_account(mine.id)
    gate.imap.adopt(mine.id, connection)
    outgoing.resume_account(gate.database, mine.id, now=now)
    jobs.resume(gate.database, mine.id, after=SIGN_IN, now=now)
    jobs.put(gate.database, kind="sync", account_id=mine.id, due_at=now)
    for key in drafts.unplaced(gate.database, mine.id):
        jobs.put(gate.database, kind="draft", account_id=mine.id, key=key, due_at=now)
    jobs.wake(gate.database)
    return SignedIn(mine.user_id, mine.id)


def _take_address(gate: Gate, mine: Account) -> None:
    """A sign-in name that is an address becomes the From address, else the configured domain is added.

    What gives no address that mail could be sent from is no answer: then the person is asked.
    """
    address = mine.username if "@" in mine.username else f"{mine.username}@{gate.mail_domain}"
    if valid_addr_spec(address):
        accounts.set_identity(gate.database, mine.id, address=Address("", address))


def open_session(gate: Gate, user_id: UserId) -> MailSession:
    """The mail session of a signed-in person. Raises NotFound if the user is gone."""
    mine = tuple(replace(each, authserv_id=gate.authserv_id) for each in accounts.of_user(gate.database, user_id))
    if not mine:
        raise NotFound("account")
    who = User(user_id, mine[0].username)
    return MailSession(user=who, accounts=mine, database=gate.database, imap=gate.imap)


def sign_out(session: MailSession, *, last: bool) -> bool:
    """Forget the password if this was the ``last`` session, unless work is due; returns whether it is kept."""
    mine = account(session)
    if not last:
        return False
    if outgoing.work_due(session.database, mine.id):
        return True
    credentials.erase(session.database, mine.id)
    session.imap.close_account(mine.id)
    jobs.wake(session.database)  # Whoever watches the account stops.
    return False


def password_refused(database: Database, account_id: AccountId, *, now: datetime) -> None:
    """The server has refused the stored password: nothing of the account is tried again before the next sign-in (no lock-outs)."""
    jobs.put(database, kind=SIGN_IN, account_id=account_id, due_at=now)
    outgoing.hold_account(database, account_id, now=now)


def waits_for_sign_in(database: Database, account_id: AccountId) -> bool:
    """Whether the password was refused since the last sign-in."""
    return jobs.pending(database, account_id, SIGN_IN) > 0


def present(database: Database, user_id: UserId, account_id: AccountId) -> bool:
    """Whether somebody uses the account in a browser: one of its sessions was used in the last half hour."""
    now = datetime.now(UTC)
    living = sessions.of_user(database, user_id, now=now)
    return any(each.account_id == account_id and now - each.last_seen < PRESENCE for each in living)


def forget_unused(gate: Gate, *, now: datetime, unused_before: Collection[AccountId]) -> set[AccountId]:
    """End sessions that have expired, and erase the passwords that nobody signed in and no due work needs any more.

    Called once a minute by the worker; returns the accounts nobody uses. Only those that were unused the last time as
    well lose their password: somebody who signs in at this moment has no session yet.
    """
    sessions.expire(gate.database, now=now)
    unused = {
        account_id
        for account_id in accounts.all_ids(gate.database)
        if credentials.exists(gate.database, account_id)
        and not sessions.count_for_account(gate.database, account_id, now=now)
        and not outgoing.work_due(gate.database, account_id)
    }
    for account_id in unused.intersection(unused_before):
        credentials.erase(gate.database, account_id)
        gate.imap.close_account(account_id)
    return unused


def needs_address(session: MailSession) -> bool:
    """Whether the person has to be asked for a From address before writing."""
    return account(session).identity is None


def set_address(session: MailSession, text: str, *, name: str = "") -> None:
    """Set the From address and name. Raises InvalidInput for ``address`` or ``name``."""
    found = parse_address_list(text)
    if len(found.addresses) != 1 or found.invalid or not valid_addr_spec(found.addresses[0].addr_spec):
        raise InvalidInput("address", field="address", value=text)
    if any(character in name for character in "\r\n\0"):
        raise InvalidInput("line_break", field="name")
    mine = account(session).id
    accounts.set_identity(session.database, mine, address=Address(name.strip() or found.addresses[0].name, found.addresses[0].addr_spec))
    jobs.put(session.database, kind="to_me", account_id=mine, due_at=datetime.now(UTC))
    jobs.wake(session.database)


def adopt_servers(database: Database, *, imap: Server, smtp: Server) -> None:
    """Let all accounts use the servers of the settings; called when the application starts."""
    accounts.refresh_servers(database, imap=imap, smtp=smtp)
