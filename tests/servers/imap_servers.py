"""imap_server: the three servers every rule about IMAP is tested on: a rich one, a bare one, and another program."""

from __future__ import annotations

import contextlib
import imaplib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pytest

from tests.servers.dovecot import HOST, Dovecot
from tests.servers.proxy import Proxy
from tests.servers.pymap_server import PymapServer
from webmail.account import Account, AccountId, Credentials, Server, UserId
from webmail.imap.connection import Connection, connect


@dataclass
class ImapServer:
    """A server with one new user, whose mailbox is empty."""

    name: str
    server: Server
    credentials: Credentials
    side_port: int
    open: list[Connection] = field(default_factory=list)

    @property
    def account(self) -> Account:
        """The user's account."""
        return Account(AccountId(1), UserId(1), self.credentials.username, self.server, self.server)

    def connect(self) -> Connection:
        """A connection of ours, signed in; closed when the test ends."""
        connection = connect(self.server)
        self.open.append(connection)
        connection.authenticate(self.credentials)
        return connection

    @contextlib.contextmanager
    def side(self, mailbox: str = "INBOX") -> Iterator[imaplib.IMAP4]:
        """Another client of the same user, with a mailbox selected."""
        client = imaplib.IMAP4(HOST, self.side_port, timeout=20)
        try:
            client.login(self.credentials.username, self.credentials.password)
            client.select(f'"{mailbox}"')
            yield client
        finally:
            client.logout()

    def put(self, messages: Iterable[bytes], *, mailbox: str = "INBOX", flags: str = "") -> None:
        """Store messages as another client would; line ends are made CRLF."""
        with self.side() as client:
            for raw in messages:
                whole = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
                status, said = client.append(f'"{mailbox}"', flags, None, whole)  # type: ignore[arg-type]
                assert status == "OK", said

    def uids(self, mailbox: str = "INBOX", criterion: str = "ALL") -> list[int]:
        """The UIDs another client sees."""
        with self.side(mailbox) as client:
            return [int(uid) for uid in client.uid("SEARCH", criterion)[1][0].split()]


def _closing(one: ImapServer) -> Iterator[ImapServer]:
    yield one
    for connection in one.open:
        connection.close()


@pytest.fixture
def rich(dovecot: Dovecot) -> Iterator[ImapServer]:
    """Dovecot with all it offers, over TLS."""
    yield from _closing(ImapServer("dovecot", dovecot.server(), dovecot.credentials(dovecot.new_user()), dovecot.imap))


@pytest.fixture
def bare(dovecot: Dovecot, bare_proxy: Proxy) -> Iterator[ImapServer]:
    """Dovecot through the bare proxy, for rules about fallbacks."""
    yield from _closing(ImapServer("bare", bare_proxy.server(), dovecot.credentials(dovecot.new_user()), dovecot.imap))


@pytest.fixture
def pymap(pymap_server: PymapServer) -> Iterator[ImapServer]:
    """Another program, of few extensions."""
    yield from _closing(ImapServer("pymap", pymap_server.server(), pymap_server.credentials(pymap_server.new_user()), pymap_server.port))


@pytest.fixture(params=["rich", "bare", "pymap"])
def imap_server(request: pytest.FixtureRequest) -> ImapServer:
    """Each of the three servers in turn."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, ImapServer)
    return found
