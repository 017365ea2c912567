"""PymapServer: a small IMAP server in a thread, as an example of a server that offers little and answers in its own way."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import threading
from argparse import Namespace
from collections.abc import Iterator

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
