"""SmtpSink: a submission server that keeps what it takes, records what it hears, and misbehaves at any step when told to.

It is aiosmtpd in a thread of its own. Steps are ``connect``, the commands by name (``EHLO``, ``AUTH``, ``MAIL`` …),
``body`` (the first octets of a message have arrived) and ``dot`` (the message is complete). A recipient's own answer is
set with ``refuse``.
"""

from __future__ import annotations

import asyncio
import base64
import re
import ssl
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from webmail.account import Credentials, Security, Server

MECHANISMS = ("PLAIN", "LOGIN", "OAUTHBEARER", "XOAUTH2")
_DSN = re.compile(r" (?:RET|ENVID|NOTIFY|ORCPT)=\S+")


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that was complete. ``accepted`` says whether the sink kept it."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    options: tuple[str, ...]
    username: str
    accepted: bool


@dataclass(frozen=True, slots=True)
class Fault:
    """What to do at a step instead of the usual: answer with these bytes, then perhaps drop the connection or fall silent."""

    reply: bytes = b""
    drop: bool = False
    hang: bool = False
    kept: bool = False
    times: int = -1


class SmtpSink:
    """Listens on a free port of 127.0.0.1 while inside ``with``.

    With ``credentials`` it wants them before MAIL. ``certificate`` (file, key file) is needed for TLS and STARTTLS.
    ``pause`` is how many seconds it thinks about each command.
    """

    def __init__(
        self,
        *,
        security: Security = Security.NONE,
        certificate: tuple[Path, Path] | None = None,
        credentials: Credentials | None = None,
        mechanisms: tuple[str, ...] = ("PLAIN", "LOGIN"),
        smtputf8: bool = True,
        size_limit: int = 50_000_000,
        dsn: bool = False,
    ) -> None:
        self.security = security
        self.credentials = credentials
        self.mechanisms = mechanisms
        self.smtputf8 = smtputf8
        self.size_limit = size_limit
        self.dsn = dsn
        self.port = 0
        self._context = _context(certificate) if certificate else None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="smtp-sink", daemon=True)
        self._server: asyncio.Server | None = None
        self.transports: set[asyncio.Transport] = set()
        self.forget()

    def forget(self) -> None:
        """Behave again, and forget what was recorded."""
        self.taken: list[Taken] = []
        self.commands: list[str] = []
        self.clear = bytearray()
        self.protected = bytearray()
        self.connections = 0
        self.faults: dict[str, Fault] = {}
        self.recipients: dict[str, str] = {}
        self.actions: dict[str, Callable[[], None]] = {}
        self.pause = 0.0

    @property
    def messages(self) -> list[Taken]:
        """The messages the sink has kept."""
        return [message for message in self.taken if message.accepted]

    @property
    def duplicates(self) -> dict[bytes, int]:
        """Contents kept more than once, with how often."""
        return {content: count for content, count in Counter(message.content for message in self.messages).items() if count > 1}

    def server(self, *, ca_file: Path | str = "", host: str = "localhost") -> Server:
        """How to reach the sink."""
        return Server(host, self.port, self.security, str(ca_file))

    def answer(self, step: str, reply: str, *, drop: bool = False, times: int = -1) -> None:
        """Answer this step with these lines (CR LF is added), whatever is asked; ``times`` limits how often."""
        self.faults[step] = Fault(reply=reply.encode() + b"\r\n", drop=drop, times=times)

    def drop(self, step: str, *, kept: bool = False, times: int = -1) -> None:
        """Break the connection at this step. ``kept``: at ``dot`` the message is kept all the same, only the answer is lost."""
        self.faults[step] = Fault(drop=True, kept=kept, times=times)

    def hang(self, step: str, *, kept: bool = False, times: int = -1) -> None:
        """Fall silent at this step, the connection open."""
        self.faults[step] = Fault(hang=True, kept=kept, times=times)

    def refuse(self, recipient: str, reply: str) -> None:
        """Answer RCPT for this address with this line, e.g. ``550 5.1.1 No such user``."""
        self.recipients[recipient] = reply

    def at(self, step: str, action: Callable[[], None]) -> None:
        """Do something once when this step is reached, as killing who is at the other end, and go on as usual."""
        self.actions[step] = action

    def fault(self, step: str) -> Fault | None:
        """The fault due at this step, counted as used."""
        action = self.actions.pop(step, None)
        if action is not None:
            action()
        found = self.faults.get(step)
        if found is None or found.times == 0:
            return None
        self.faults[step] = replace(found, times=found.times - 1)
        return found

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        return self

    def __exit__(self, *details: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _listen(self) -> None:
        context = self._context if self.security is Security.TLS else None
        self._server = await self._loop.create_server(lambda: _Dialogue(self, self._loop), "127.0.0.1", self.port, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _end(self) -> None:
        assert self._server is not None
        self._server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for transport in self.transports:
            transport.abort()
        # Transports close in the next turns of the loop.
        await asyncio.sleep(0.01)

    @property
    def starttls_context(self) -> ssl.SSLContext | None:
        return self._context if self.security is Security.STARTTLS else None


class _Keeper:
    """The hooks through which aiosmtpd asks what to do with recipients and messages."""

    def __init__(self, sink: SmtpSink) -> None:
        self._sink = sink

    async def handle_EHLO(self, dialogue: SMTP, session: Any, envelope: Any, hostname: str, responses: list[str]) -> list[str]:
        session.host_name = hostname
        return [*responses[:-1], *(["250-DSN"] if self._sink.dsn else []), responses[-1]]

    async def auth_OAUTHBEARER(self, dialogue: SMTP, arguments: list[str]) -> AuthResult:
        return await self._bearer(dialogue, arguments, "n,a={},\x01auth=Bearer {}\x01\x01")

    async def auth_XOAUTH2(self, dialogue: SMTP, arguments: list[str]) -> AuthResult:
        return await self._bearer(dialogue, arguments, "user={}\x01auth=Bearer {}\x01\x01")

    async def _bearer(self, dialogue: SMTP, arguments: list[str], form: str) -> AuthResult:
        wanted = self._sink.credentials
        assert wanted is not None
        if base64.b64decode(arguments[1]).decode() == form.format(wanted.username, wanted.password):
            return AuthResult(success=True, auth_data=LoginPassword(wanted.username.encode(), b""))
        await dialogue.challenge_auth('{"status":"401"}')
        return AuthResult(success=False, handled=False)

    async def handle_RCPT(self, dialogue: SMTP, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        reply = self._sink.recipients.get(address, "250 2.1.5 OK")
        if reply.startswith("2"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, dialogue: _Dialogue, session: Any, envelope: Any) -> str:
        await asyncio.sleep(self._sink.pause)
        fault = self._sink.fault("dot")
        accepted = fault is None or fault.kept or fault.reply.startswith(b"2")
        self._sink.taken.append(
            Taken(
                sender=envelope.mail_from,
                recipients=tuple(envelope.rcpt_tos),
                content=envelope.original_content,
                options=tuple(envelope.mail_options),
                username=(session.login_data or b"").decode(),
                accepted=accepted,
            )
        )
        if fault is None:
            return "250 2.0.0 OK: kept"
        if fault.reply and not fault.drop:
            return fault.reply.decode().removesuffix("\r\n")
        await dialogue.suffer(fault)
        return "451 4.3.0 The connection is gone"


class _Dialogue(SMTP):
    """One connection of aiosmtpd, with a place for a fault at each step and an ear for every byte."""

    def __init__(self, sink: SmtpSink, loop: asyncio.AbstractEventLoop) -> None:
        self._sink = sink
        self._body_begun = False
        self._deaf = False
        super().__init__(
            _Keeper(sink),
            loop=loop,
            hostname="sink.example.test",
            enable_SMTPUTF8=sink.smtputf8,
            data_size_limit=sink.size_limit,
            tls_context=sink.starttls_context,
            require_starttls=sink.security is Security.STARTTLS,
            auth_require_tls=sink.security is Security.STARTTLS,
            auth_exclude_mechanism=[name for name in MECHANISMS if name not in sink.mechanisms],
            authenticator=self._check,
        )
        # Set afterwards: the constructor warns of AUTH without STARTTLS and does not know that TLS may be there from the start.
        self._auth_required = sink.credentials is not None
        self._smtp_methods = {name: self._watched(name, method) for name, method in self._smtp_methods.items()}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._sink.transports.add(transport)
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        under_tls = self._tls_protocol is not None or self.transport.get_extra_info("ssl_object") is not None
        (self._sink.protected if under_tls else self._sink.clear).extend(data)
        if self._deaf:
            return
        fault = self._sink.fault("body") if self._body_begun else None
        if fault is None:
            super().data_received(data)
            return
        self._body_begun = False
        # A server that has given up on a message does not listen to the rest of it.
        self._deaf = True
        self._writer.write(fault.reply)
        if fault.drop:
            self.transport.close() if fault.reply else self.transport.abort()

    async def _handle_client(self) -> None:
        self._sink.connections += 1
        fault = self._sink.fault("connect")
        if fault is not None:
            await self.suffer(fault)
            return
        await super()._handle_client()

    async def suffer(self, fault: Fault) -> None:
        """Do what the fault says."""
        if fault.reply:
            self._writer.write(fault.reply)
            await self._writer.drain()
        if fault.hang:
            await asyncio.sleep(3600)
        if fault.drop and self.transport is not None:
            self.transport.close() if fault.reply else self.transport.abort()

    def _watched(self, name: str, method: Callable[[str], Awaitable[None]]) -> Callable[[str], Awaitable[None]]:
        async def run(argument: str) -> None:
            self._sink.commands.append(f"{name} {argument or ''}".rstrip())
            await asyncio.sleep(self._sink.pause)
            fault = self._sink.fault(name)
            if fault is not None:
                if name == "EHLO" and fault.reply.startswith(b"250"):
                    self.session.host_name, self.session.extended_smtp = argument, True
                await self.suffer(fault)
                return
            self._body_begun = name == "DATA"
            # What reports are asked for is recorded above; aiosmtpd itself knows nothing of it.
            await method(_DSN.sub("", argument) if self._sink.dsn and name in ("MAIL", "RCPT") else argument)
            self._body_begun = False

        return run

    def _check(self, server: SMTP, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        wanted = self._sink.credentials
        right = wanted is None or (data.login.decode(), data.password.decode()) == (wanted.username, wanted.password)
        return AuthResult(success=right, handled=False, auth_data=data)


def _context(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


@pytest.fixture
def smtp_sink() -> Iterator[SmtpSink]:
    """A well-behaved sink on loopback, without TLS and without sign-in."""
    with SmtpSink() as sink:
        yield sink
