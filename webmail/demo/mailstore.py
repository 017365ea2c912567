"""The mailboxes of the demo accounts: pymap's in-memory IMAP server, filled in process.

Appending in process takes about a millisecond a message; over the protocol it would take forty.
"""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from datetime import datetime

from proxyprotocol.reader import ProxyProtocolReader
from proxyprotocol.version import ProxyProtocolVersion
from pymap.backend.dict import Config, Identity, Login
from pymap.backend.dict.filter import FilterSet
from pymap.backend.dict.mailbox import MailboxSet
from pymap.concurrent import Subsystem
from pymap.imap import IMAPServer
from pymap.parsing.message import AppendMessage
from pymap.parsing.specials.flag import Flag
from pymap.user import UserMetadata
from pysasl.hashing import Cleartext

from webmail.demo import sections


class MailStore:
    """The accounts and their mailboxes. Lives in one event loop."""

    def __init__(self, passwords: Mapping[str, str]) -> None:
        sections.install()
        # The passwords are printed on the screen at the start, so hashing them would only make signing in slow.
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
        self._passwords = dict(passwords)
        self._mailboxes: dict[str, MailboxSet] = {}

    async def open(self) -> None:
        """Make the accounts, each with an empty INBOX."""
        for name, password in self._passwords.items():
            identity = Identity(name, self._login, None, frozenset())
            await identity.set(UserMetadata(self._config, name, password=password))
            self._mailboxes[name] = MailboxSet()
            self._config.set_cache[name] = (self._mailboxes[name], FilterSet())

    def owns(self, name: str) -> bool:
        """Whether there is an account of this name."""
        return name in self._passwords

    def accepts(self, name: str, password: str) -> bool:
        """Whether this is the account's password."""
        return self._passwords.get(name) == password

    async def make_mailboxes(self, owner: str, names: Iterable[str]) -> None:
        """Create the mailboxes that do not exist yet, and subscribe to them."""
        mailboxes = self._mailboxes[owner]
        known = {entry.name for entry in (await mailboxes.list_mailboxes()).list() if entry.exists}
        for name in names:
            if name not in known:
                await mailboxes.add_mailbox(name)
                await mailboxes.set_subscribed(name, True)

    async def append(self, owner: str, mailbox: str, raw: bytes, *, date: datetime, flags: Iterable[str] = (), recent: bool = True) -> None:
        """Put a message into a mailbox. Raises KeyError for an account or a mailbox that does not exist."""
        place = await self._mailboxes[owner].get_mailbox(mailbox)
        await place.append(AppendMessage(raw, date, frozenset(Flag(flag.encode("ascii")) for flag in flags)), recent=recent)

    async def listen(self, host: str, port: int, *, until: AsyncExitStack) -> int:
        """Serve IMAP on the address until the stack closes. Returns the port, which the system chose if 0 was given."""
        # Every IMAP connection of pymap is announced by a PROXY protocol reader; this one expects none.
        reader = ProxyProtocolReader(ProxyProtocolVersion.get(None))
        server = await asyncio.start_server(reader.get_callback(IMAPServer(self._login, self._config)), host=host, port=port)
        until.callback(server.close)
        return int(server.sockets[0].getsockname()[1])
