"""PymapServer: a small IMAP server in a thread, as an example of a server that offers little and answers in its own way."""

from __future__ import annotations

import asyncio
import contextlib
import imaplib
import itertools
import socket
import threading
from argparse import Namespace
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from proxyprotocol.reader import ProxyProtocolReader
from proxyprotocol.version import ProxyProtocolVersion
from pymap.backend.dict import Config, Identity, Login
from pymap.backend.dict.filter import FilterSet
from pymap.backend.dict.mailbox import MailboxSet
from pymap.concurrent import Subsystem
from pymap.imap import IMAPServer
from pymap.user import UserMetadata
from pysasl.hashing import Cleartext

from tests.servers.dovecot import HOST, free_ports
from webmail.account import Credentials, Security, Server


class PymapServer:
    """A running pymap with mailboxes in memory."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        (self.port,) = free_ports(1)
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pymap", daemon=True)
        self._thread.start()
        assert self._ready.wait(20), "pymap does not start"

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._config = Config(
            Namespace(passlib_cfg=None, proxy_protocol=None),
            host=None,
            port=0,
            demo_data=False,
            demo_user="",
            demo_password="",
            tls_enabled=False,
            hash_context=Cleartext(),
            cpu_subsystem=Subsystem.for_asyncio(),
            max_append_len=64 * 1024 * 1024,
        )
        self._config.apply_context()
        self._login = Login(self._config)
        self._over = asyncio.Event()
        # Every IMAP connection of pymap is announced by a PROXY protocol reader; this one expects none.
        reader = ProxyProtocolReader(ProxyProtocolVersion.get(None))
        server = await asyncio.start_server(reader.get_callback(IMAPServer(self._login, self._config)), host=HOST, port=self.port)
        self._ready.set()
        await self._over.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
            with contextlib.suppress(BaseException):
                await task

    def new_user(self, password: str = "secret") -> str:
        """The name of a new user with an empty mailbox."""
        username = f"user{next(self._numbers)}@example.test"
        asyncio.run_coroutine_threadsafe(self._add(username, password), self._loop).result(20)
        return username

    async def _add(self, username: str, password: str) -> None:
        await Identity(username, self._login, None, frozenset()).set(UserMetadata(self._config, username, password=password))
        self._config.set_cache[username] = (MailboxSet(), FilterSet())

    def credentials(self, username: str) -> Credentials:
        """What signs the user in."""
        return Credentials(username, "secret")

    def server(self) -> Server:
        """How to reach it."""
        return Server(HOST, self.port, Security.NONE)

    @contextlib.contextmanager
    def side(self, username: str, mailbox: str = "INBOX", *, readonly: bool = False) -> Iterator[imaplib.IMAP4]:
        """A second client of the same user, with a mailbox selected; what it sees is the truth."""
        client = imaplib.IMAP4(HOST, self.port, timeout=20)
        client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            client.login(username, "secret")
            client.select(f'"{mailbox}"', readonly)
            yield client
        finally:
            client.logout()

    def put(self, username: str, messages: Iterable[bytes], *, mailbox: str = "INBOX", flags: str = "", date: str = "") -> None:
        """Store messages in a mailbox as they are; line ends are made CRLF."""
        dates = itertools.repeat(f'"{date}" ' if date else "")
        self._append(username, messages, mailbox=mailbox, flags=flags, dates=dates)

    def fill(self, username: str, messages: Iterable[bytes], *, mailbox: str = "") -> None:
        """Put many messages into a mailbox at once, one second after the other; INBOX unless ``mailbox`` is given."""
        first = datetime(2023, 11, 14, 22, tzinfo=UTC)
        dates = (f'"{first + timedelta(seconds=number):%d-%b-%Y %H:%M:%S} +0000" ' for number in itertools.count())
        self._append(username, messages, mailbox=mailbox or "INBOX", flags="", dates=dates)

    def deliver(self, username: str, raw: bytes) -> None:
        """A new message in the inbox."""
        self.put(username, [raw])

    def _append(self, username: str, messages: Iterable[bytes], *, mailbox: str, flags: str, dates: Iterator[str]) -> None:
        """All in one command and one packet train, without waiting for leave (RFC 3502, RFC 7888)."""
        pieces = []
        for raw in messages:
            whole = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
            pieces.append(f"({flags.strip('()')}) {next(dates)}{{{len(whole)}+}}\r\n".encode() + whole)
        if not pieces:
            return
        with self.side(username) as client:
            client.send(f'X1 APPEND "{mailbox}" '.encode() + b" ".join(pieces) + b"\r\n")
            while not (line := client.readline()).startswith(b"X1 "):
                assert line, "pymap hung up"
            assert line.startswith(b"X1 OK"), line

    def stop(self) -> None:
        """End the server."""
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)


@pytest.fixture(scope="session")
def pymap_server() -> Iterator[PymapServer]:
    """The pymap of this test process."""
    server = PymapServer()
    yield server
    server.stop()
