"""ManageSieve: the scripts of an account on its mail server, over a protected connection (RFC 5804)."""

from __future__ import annotations

import base64
import contextlib
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from webmail.account import Credentials, Security, Server
from webmail.errors import AuthenticationFailed, InvalidInput, ServerRefused, ServerUnavailable, ServerUnusable
from webmail.reaching import open_socket, wrap
from webmail.tls import verifying_context

SECONDS = 20.0
"""How long one command may take, its answer included."""
LONGEST_LINE = 8192
LARGEST = 1 << 20
"""Octets of one literal."""
MOST_LINES = 2000
LONGEST_WORDS = 500
_TOKEN = re.compile(rb'"((?:[^"\\]|\\.)*)"|\{([0-9]{1,10})\+?\}$|\(([^()"]*(?:"(?:[^"\\]|\\.)*"[^()"]*)*)\)|([^\s"(){}]+)')
_CODES = {"QUOTA": "overquota", "NONEXISTENT": "nonexistent", "ALREADYEXISTS": "alreadyexists", "ACTIVE": "cannot"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came for one command: data lines as texts, how it ended, its code, and the server's words."""

    lines: tuple[tuple[str, ...], ...]
    status: str
    code: str = ""
    text: str = ""


@dataclass(slots=True)
class Visit:
    """A signed-in connection, used by one thread. ``extensions`` are those of the server's Sieve, in lower case."""

    server: Server
    _socket: socket.socket = field(repr=False)
    extensions: frozenset[str] = frozenset()
    mechanisms: frozenset[str] = frozenset()
    checks: bool = False
    starttls: bool = False
    _received: bytearray = field(default_factory=bytearray, repr=False)
    _left: int = 0

    def scripts(self) -> dict[str, bool]:
        """The names of all scripts, and which of them is active (RFC 5804 §2.7)."""
        found = self._ok("LISTSCRIPTS").lines
        return {line[0]: len(line) > 1 and line[1].upper() == "ACTIVE" for line in found if line}

    def get(self, name: str) -> str:
        """A script. Raises ServerRefused("nonexistent") (RFC 5804 §2.9)."""
        found = self._ok("GETSCRIPT", name).lines
        return found[0][0] if found and found[0] else ""

    def put(self, name: str, script: str) -> None:
        """Keep a script, which the server looks through first. Raises ServerRefused with what it says (RFC 5804 §2.6, §2.12)."""
        if self.checks:
            self._ok("CHECKSCRIPT", script)
        self._ok("PUTSCRIPT", name, script)

    def activate(self, name: str) -> None:
        """Let a script be the one that runs; no name: none is (RFC 5804 §2.8)."""
        self._ok("SETACTIVE", name)

    def _ok(self, command: str, *arguments: str) -> Answer:
        answer = self.ask(command, *arguments)
        if answer.status != "OK":
            code = _CODES.get(answer.code.partition("/")[0].upper(), "refused")
            raise ServerRefused(code, server_code=answer.code, server_text=answer.text, transient=answer.code.upper() == "TRYLATER")
        return answer

    def ask(self, command: str, *arguments: str) -> Answer:
        """Send a command and read the answer. Raises ServerUnavailable (``timeout``, ``disconnected``, ``response``, ``unavailable``)."""
        deadline = time.monotonic() + SECONDS
        octets = command.encode("ascii") + b"".join(b" " + _string(each) for each in arguments) + b"\r\n"
        self._send(octets)
        return self.answer(deadline)

    def answer(self, deadline: float) -> Answer:
        """The lines up to the one that ends an answer."""
        lines: list[tuple[str, ...]] = []
        self._left = 2 * LARGEST
        while len(lines) < MOST_LINES:
            tokens, coded = self._line(deadline)
            status = tokens[0].upper() if tokens and not coded[0] else ""
            if status in ("OK", "NO", "BYE"):
                code = tokens[1][1:] if len(tokens) > 1 and tokens[1].startswith("(") and not coded[1] else ""
                words = _shown(tokens[-1]) if len(tokens) > 1 and coded[-1] else ""
                if status == "BYE":
                    self.close()
                    raise ServerUnavailable("unavailable", host=self.server.host, port=self.server.port, server_text=words)
                return Answer(tuple(lines), status, code.strip(), words)
            lines.append(tuple(tokens))
        raise self._broken()

    def _line(self, deadline: float) -> tuple[list[str], list[bool]]:
        """The tokens of a line, with literals, and which of them are strings."""
        tokens: list[str] = []
        strings: list[bool] = []
        line = self._until_line(deadline)
        at = 0
        while at < len(line):
            if line[at : at + 1] in b" \t":
                at += 1
                continue
            found = _TOKEN.match(line, at)
            if found is None:
                raise self._broken()
            at = found.end()
            if found[2] is not None:
                tokens.append(self._octets(int(found[2]), deadline).decode("utf-8", "replace"))
                line, at = self._until_line(deadline), 0
            elif found[1] is not None:
                tokens.append(re.sub(rb"\\(.)", rb"\1", found[1]).decode("utf-8", "replace"))
            else:
                tokens.append((b"(" + found[3] if found[3] is not None else found[4]).decode("utf-8", "replace"))
            strings.append(found[1] is not None or found[2] is not None)
        return tokens, strings

    def _until_line(self, deadline: float) -> bytes:
        while (end := self._received.find(b"\n")) < 0:
            if len(self._received) > LONGEST_LINE:
                raise self._broken()
            self._fill(deadline)
        line = bytes(self._received[:end]).removesuffix(b"\r")
        del self._received[: end + 1]
        return line

    def _octets(self, count: int, deadline: float) -> bytes:
        if count > LARGEST:
            raise self._broken()
        while len(self._received) < count:
            self._fill(deadline)
        found = bytes(self._received[:count])
        del self._received[:count]
        return found

    def _fill(self, deadline: float) -> None:
        with self._errors():
            self._socket.settimeout(max(0.001, deadline - time.monotonic()))
            data = self._socket.recv(65_536)
        if not data:
            self.close()
            raise ServerUnavailable("disconnected", host=self.server.host, port=self.server.port)
        self._left -= len(data)
        if self._left < 0:
            raise self._broken()
        self._received += data

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.close()
            code = "timeout" if isinstance(error, TimeoutError) else "disconnected"
            raise ServerUnavailable(code, host=self.server.host, port=self.server.port) from error

    def _broken(self) -> ServerUnavailable:
        self.close()
        return ServerUnavailable("response", host=self.server.host, port=self.server.port)

    def greet(self, deadline: float) -> None:
        """Read what the server says of itself, unasked or asked (RFC 5804 §1.7)."""
        answer = self.answer(deadline)
        if answer.status != "OK":
            raise ServerUnavailable("turned_away", host=self.server.host, port=self.server.port, server_text=answer.text)
        told = {line[0].upper(): line[1] if len(line) > 1 else "" for line in answer.lines if line}
        self.extensions = frozenset(told.get("SIEVE", "").lower().split())
        self.mechanisms = frozenset(told.get("SASL", "").upper().split())
        self.checks, self.starttls = bool(told.get("VERSION")), "STARTTLS" in told

    def protect(self) -> None:
        """Go over to TLS; what was said before counts for nothing. Raises ServerUnusable (RFC 5804 §2.2)."""
        if not self.starttls or self.ask("STARTTLS").status != "OK":
            raise ServerUnusable("starttls_refused", host=self.server.host)
        if self._received:
            raise ServerUnusable("starttls_injection", host=self.server.host)
        self.wrap()
        self.greet(time.monotonic() + SECONDS)

    def wrap(self) -> None:
        """Protect the connection, the certificate verified. Raises ServerUnusable and ServerUnavailable."""
        self._socket = wrap(self._socket, verifying_context(self.server), host=self.server.host, timeout=SECONDS)

    def authenticate(self, credentials: Credentials) -> None:
        """Sign in by SASL PLAIN. Raises AuthenticationFailed("credentials"), ServerUnusable("no_auth_mechanism") (RFC 5804 §2.1)."""
        if "PLAIN" not in self.mechanisms:
            raise ServerUnusable("no_auth_mechanism", host=self.server.host)
        if "\0" in credentials.username + credentials.password:
            raise InvalidInput("nul", field="password")
        secret = base64.b64encode(f"\0{credentials.username}\0{credentials.password}".encode()).decode()
        answer = self.ask("AUTHENTICATE", "PLAIN", secret)
        if answer.status != "OK":
            # Its words are not shown: who knows whether they repeat what it was given.
            raise AuthenticationFailed("credentials")
        # A server may offer more to those it knows.
        self._send(b"CAPABILITY\r\n")
        self.greet(time.monotonic() + SECONDS)

    def _send(self, octets: bytes) -> None:
        with self._errors():
            self._socket.settimeout(SECONDS)
            self._socket.sendall(octets)

    def close(self) -> None:
        """Close the connection. Never raises."""
        with contextlib.suppress(OSError):
            self._socket.close()


@contextmanager
def visit(server: Server, credentials: Credentials) -> Iterator[Visit]:
    """A signed-in connection for as long as the block lasts. About five round trips.

    Raises ServerUnavailable, ServerUnusable and AuthenticationFailed. The password leaves this machine under verified TLS only.
    """
    with contextlib.closing(connect(server)) as found:
        found.authenticate(credentials)
        yield found
        with contextlib.suppress(ServerUnavailable, ServerRefused):
            found.ask("LOGOUT")


def connect(server: Server) -> Visit:
    """A connection that was greeted and is protected as the server's security says; nobody is signed in. Raises as ``visit``."""
    found = Visit(server, open_socket(server, timeout=SECONDS))
    try:
        if server.security is Security.TLS:
            found.wrap()
        found.greet(time.monotonic() + SECONDS)
        if server.security is Security.STARTTLS:
            found.protect()
    except BaseException:
        found.close()
        raise
    return found


def _shown(words: str) -> str:
    """What a server said, as one line for people."""
    return " ".join("".join(each if each.isprintable() else " " for each in words).split())[:LONGEST_WORDS]


def _string(text: str) -> bytes:
    """A string that ends where it should: short plain text quoted, everything else as a counted literal (RFC 5804 §4)."""
    octets = text.encode("utf-8", "replace")
    if b"\0" in octets:
        raise InvalidInput("nul", field="script")
    if len(octets) < 512 and not any(byte < 32 or byte == 127 for byte in octets):
        return b'"' + octets.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
    return b"{%d+}\r\n" % len(octets) + octets
