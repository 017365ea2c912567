"""The submission server of the demo: who may send, what is refused, and where a message goes.

Mail between the demo accounts arrives. Mail to anybody else never leaves the machine: it is kept as a file.
"""

from __future__ import annotations

import asyncio
import itertools
import warnings
from collections import Counter
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from webmail.demo.mail.reports import bounce
from webmail.demo.mailstore import MailStore

OWN_DOMAIN = "example.org"
BOUNCING_DOMAIN = "bounce.example"
LATE_ADDRESS = "later@example.org"
SIZE_LIMIT = 36 * 1024 * 1024
KEPT_FILES = 200


class Delivery:
    """The hooks that aiosmtpd calls for each step of a submission (RFC 6409)."""

    def __init__(self, store: MailStore, outgoing: Path) -> None:
        self._store = store
        self._outgoing = outgoing
        self._waits: Counter[str] = Counter()
        self._numbers = itertools.count(1)

    def authenticate(self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:
        """Check a sign-in name and password (RFC 4954)."""
        if not isinstance(data, LoginPassword):
            return AuthResult(success=False, handled=False)
        name, password = (each.decode("utf-8", "replace") for each in (data.login, data.password))
        # ``handled`` would mean that the refusal has been sent already.
        return AuthResult(success=self._store.accepts(name, password), handled=False, auth_data=LoginPassword(data.login, b""))

    async def handle_EHLO(self, _server: SMTP, session: Session, _envelope: Envelope, name: str, lines: list[str]) -> list[str]:  # noqa: N802 (named by aiosmtpd)
        """Name the enhanced status codes among the extensions; each of our refusals carries one (RFC 2034)."""
        session.host_name = name
        return [*lines[:-1], "250-ENHANCEDSTATUSCODES", lines[-1]]

    async def handle_MAIL(self, _server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802 (named by aiosmtpd)
        """Take a sender that belongs to whoever signed in."""
        if _account(address) != session.auth_data.login.decode("utf-8", "replace"):
            return f"553 5.7.1 <{address}>: this address does not belong to you"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 Sender accepted"

    async def handle_RCPT(self, _server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802 (named by aiosmtpd)
        """Refuse unknown people of our own domain, and make one address wait."""
        domain = address.rpartition("@")[2].lower()
        if address.lower() == LATE_ADDRESS:
            key = session.auth_data.login.decode("utf-8", "replace")
            self._waits[key] += 1
            if self._waits[key] <= 2:
                return f"451 4.7.1 <{address}>: greylisted, please try again a little later"
            del self._waits[key]
        elif domain == OWN_DOMAIN and not self._store.owns(_account(address)):
            return f"550 5.1.1 <{address}>: there is nobody of this name here"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 Recipient accepted"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 (named by aiosmtpd)
        """Deliver to those who live here, bounce what asks for it, keep the rest as a file."""
        now = datetime.now().astimezone()
        number = next(self._numbers)
        content = bytes(envelope.content or b"")
        sender = str(envelope.mail_from)
        trace = _trace(session, sender=sender, number=number, now=now)
        here = {name for name in map(_account, envelope.rcpt_tos) if self._store.owns(name)}
        for name in sorted(here):
            await self._store.append(name, "INBOX", trace + content, date=now)
        away = [address for address in envelope.rcpt_tos if _account(address) not in here]
        for address in away:
            if address.rpartition("@")[2].lower() == BOUNCING_DOMAIN:
                await self._store.append(_account(sender), "INBOX", bounce(content, sender=sender, recipient=address, now=now), date=now)
        if away:
            await asyncio.to_thread(self._keep, number, trace + content)
        return f"250 2.0.0 Accepted as {number}"

    def _keep(self, number: int, raw: bytes) -> None:
        """Write what would have gone out, and forget the oldest so that the folder stays small."""
        self._outgoing.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self._outgoing / f"{number:06}.eml").write_bytes(raw)
        for old in sorted(self._outgoing.glob("*.eml"))[:-KEPT_FILES]:
            old.unlink()

    async def listen(self, host: str, port: int, *, until: AsyncExitStack) -> int:
        """Serve SMTP on the address until the stack closes. Returns the port, which the system chose if 0 was given."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(self._protocol, host=host, port=port)
        until.callback(server.close)
        return int(server.sockets[0].getsockname()[1])

    def _protocol(self) -> SMTP:
        with warnings.catch_warnings():
            # aiosmtpd warns of passwords without TLS; this server listens on loopback only.
            warnings.simplefilter("ignore", UserWarning)
            return SMTP(
                self,
                hostname="localhost",
                ident="demo",
                data_size_limit=SIZE_LIMIT,
                enable_SMTPUTF8=True,
                auth_required=True,
                auth_require_tls=False,
                authenticator=self.authenticate,
            )


def _account(address: str) -> str:
    """The account an address belongs to: case and a ``+tag`` make no difference."""
    local, _, domain = address.lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def _trace(session: Session, *, sender: str, number: int, now: datetime) -> bytes:
    """The fields a delivering server puts in front (RFC 5321 §4.4)."""
    stamp = now.strftime("%a, %d %b %Y %H:%M:%S %z")
    peer = str(session.host_name or "unknown").encode("ascii", "replace").decode("ascii")
    lines = f"Return-Path: <{sender}>\r\nReceived: from {peer} ([127.0.0.1]) by localhost with ESMTPA id {number};\r\n\t{stamp}\r\n"
    return lines.encode("utf-8")
