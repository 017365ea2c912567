"""Proxy: stands between a client and Dovecot, records the commands, and makes the server poorer or the line worse.

A *bare* proxy leaves of the server what RFC 3501 demands: any other command is answered BAD, and no extension is
announced nor any response code of one let through.
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from collections.abc import Iterator
from typing import BinaryIO

import pytest

from tests.servers.dovecot import HOST, Dovecot
from webmail.account import Security, Server

_PLAIN = re.compile(
    "CAPABILITY|NOOP|LOGOUT|STARTTLS|AUTHENTICATE|LOGIN|SELECT|EXAMINE|CREATE|DELETE|RENAME|SUBSCRIBE|UNSUBSCRIBE|LIST|LSUB|"
    "STATUS|APPEND|CHECK|CLOSE|EXPUNGE|SEARCH|FETCH|STORE|COPY|UID (FETCH|SEARCH|STORE|COPY)"
)
_EXTENDED = re.compile(
    r"(UID )?SEARCH RETURN|LIST \(|LIST .* RETURN \(|(SELECT|EXAMINE) .*\)$|AUTHENTICATE \S+ \S|.* \{\d+\+\}$|(UID )?STORE \S+ \(", re.I
)
_LITERAL = re.compile(rb"\{(\d+)(\+?)\}\r\n$")
_CAPABILITY = re.compile(rb"CAPABILITY [^\]\r\n]*")
_CODES = re.compile(rb"\[(COPYUID|APPENDUID|HIGHESTMODSEQ)[^\]]*\] ?")
BARE = b"CAPABILITY IMAP4rev1 AUTH=PLAIN AUTH=LOGIN"


class Proxy:
    """Listens on ``port``. ``commands`` holds every command as sent, passwords blanked."""

    def __init__(self, upstream: int, *, bare: bool = False) -> None:
        self.bare = bare
        self.commands: list[str] = []
        self._upstream = upstream
        self._faults: dict[str, str] = {}
        self._delays: dict[str, tuple[float, int]] = {}
        self._rewrites: list[tuple[re.Pattern[bytes], bytes]] = []
        self._withheld: re.Pattern[bytes] | None = None
        self.silent = False
        self._refused = ("no command", "")
        self._listener = socket.create_server((HOST, 0))
        self.port = self._listener.getsockname()[1]
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def server(self) -> Server:
        """How to reach it."""
        return Server(HOST, self.port, Security.NONE)

    def cut(self, command: str, when: str) -> None:
        """Cut the line once at a command: ``before`` it is passed on, ``during`` the answer, or ``after`` it was carried out.

        IDLE is answered by what the server tells: the line is cut in the middle of that, or that is lost with the line.
        Of a command with a literal, ``inside`` cuts in the middle of that, ``literal`` when all of it was passed on.
        """
        assert when in {"before", "inside", "literal", "during", "after"}
        self._faults[command] = when

    def delay(self, command: str, seconds: float, *, skip: int = 0) -> None:
        """Pass this command on only after some time, once; not the first ``skip`` times."""
        self._delays[command] = seconds, skip

    def rewrite(self, pattern: bytes, replacement: bytes) -> None:
        """From now on, let the first line of every answer say something else."""
        self._rewrites.append((re.compile(pattern), replacement))

    def withhold(self, *names: str) -> None:
        """From now on, do not say that the server offers these extensions."""
        self._withheld = re.compile(rb" (?:" + "|".join(names).encode() + rb")(?=[\s\]]|$)")

    def refuse(self, command: str, word: str) -> None:
        """From now on, answer this command with BAD where it holds this word."""
        self._refused = command, word

    def refuses(self, command: str, rest: str) -> bool:
        """Whether this command is to be answered with BAD."""
        return command == self._refused[0] and self._refused[1] in rest

    def fall_silent(self) -> None:
        """From now on, let nothing the server says through, on any connection, and close none."""
        self.silent = True

    def behave(self) -> None:
        """Cut and delay nothing any more, and be silent no more."""
        self.silent = False
        self._faults.clear()
        self._delays.clear()

    def speak_truly(self) -> None:
        """Rewrite nothing any more."""
        self._rewrites.clear()

    def rewritten(self, answer: bytes) -> bytes:
        """An answer as the client is to see it."""
        head, separator, rest = answer.partition(b"\r\n")
        if self._withheld is not None and b"CAPABILITY" in head:
            head = self._withheld.sub(b"", head)
        for pattern, replacement in self._rewrites:
            head = pattern.sub(replacement, head)
        return head + separator + rest

    def cut_all(self) -> None:
        """Cut every connection now."""
        for one in list(self._open):
            _close(one)

    def stop(self) -> None:
        """Listen no more, cut everything."""
        _close(self._listener)
        self.cut_all()

    def _accept(self) -> None:
        while True:
            try:
                client = self._listener.accept()[0]
            except OSError:
                return
            server = socket.create_connection((HOST, self._upstream))
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._open.add(one)
            _Line(self, client, server).start()

    def fault_at(self, command: str) -> str:
        """What is to go wrong at this command; said once."""
        if command in self._delays:
            seconds, skip = self._delays.pop(command)
            if skip:
                self._delays[command] = seconds, skip - 1
            else:
                time.sleep(seconds)
        return self._faults.pop(command, "")


class _Line:
    """One client and its connection to the server."""

    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy, self._client, self._server = proxy, client, server
        self._from_client, self._from_server = client.makefile("rb"), server.makefile("rb")
        self._agreed = threading.Condition()
        self._answers = 0
        self._fault = ""
        self._idles = False
        self._secret = False

    def start(self) -> None:
        for target in (self._forward, self._backward):
            threading.Thread(target=self._until_closed, args=(target,), daemon=True).start()

    def _until_closed(self, run: object) -> None:
        try:
            run()  # type: ignore[operator]
        except (OSError, ValueError):
            pass
        finally:
            for one in (self._client, self._server):
                _close(one)
                self._proxy._open.discard(one)
            with self._agreed:
                self._answers = -1
                self._agreed.notify_all()

    # From the client to the server.

    def _forward(self) -> None:
        while line := self._from_client.readline():
            if self._secret:
                self._secret = False
                self._server.sendall(line)
                continue
            tag, _, rest = line.rstrip(b"\r\n").decode("utf-8", "replace").partition(" ")
            name = " ".join(rest.upper().split(" ")[: 2 if rest.upper().startswith("UID ") else 1])
            self._proxy.commands.append(_blanked(name, rest))
            if (self._proxy.bare and self._refused(name, rest)) or self._proxy.refuses(name, rest):
                self._skip_literals(line)
                self._client.sendall(f"{tag} BAD Unknown command or arguments\r\n".encode())
                continue
            # What ends an IDLE is no command: the fault is still to come.
            self._fault = self._proxy.fault_at(name) if name else self._fault
            if self._fault == "before":
                return
            self._idles = name == "IDLE"
            self._secret = name == "AUTHENTICATE" and len(rest.split()) == 2
            self._pass(line)

    def _refused(self, name: str, rest: str) -> bool:
        return not _PLAIN.fullmatch(name) or bool(_EXTENDED.match(rest))

    def _skip_literals(self, line: bytes) -> None:
        while (match := _LITERAL.search(line)) and match[2]:
            self._from_client.read(int(match[1]))
            line = self._from_client.readline()

    def _pass(self, line: bytes) -> None:
        """A command line and its literals; what follows ``{n}`` is a literal only if the server agrees."""
        while True:
            match = _LITERAL.search(line)
            before = self._answers
            self._server.sendall(line)
            if match is None:
                return
            if not match[2] and not self._server_agrees(before):
                return
            octets = self._from_client.read(int(match[1]))
            if self._fault == "inside":
                self._server.sendall(octets[: len(octets) // 2])
                raise ConnectionAbortedError
            self._server.sendall(octets)
            line = self._from_client.readline()
            if self._fault == "literal":
                self._server.sendall(line)
                raise ConnectionAbortedError

    def _server_agrees(self, before: int) -> bool:
        with self._agreed:
            self._agreed.wait_for(lambda: self._answers != before, timeout=30)
            return self._last.startswith(b"+")

    # From the server to the client.

    _last = b""

    def _backward(self) -> None:
        while answer := _response(self._from_server):
            if self._proxy.bare:
                answer = _bare(answer)
            answer = self._proxy.rewritten(answer)
            if self._proxy.silent:
                continue
            decisive = not answer.startswith(b"* ")
            waits = answer.startswith(b"+")
            if self._fault == "during" and not (waits and self._idles):
                self._client.sendall(answer[: len(answer) // 2])
                return
            if self._fault == "after" and not waits:
                # No line loses what was said in between and lives on.
                if decisive or self._idles:
                    return
                continue
            if decisive:
                # Counted before the client can see it: its next command must not be taken to be answered by this.
                with self._agreed:
                    self._last = answer
                    self._answers += 1
                    self._agreed.notify_all()
            self._client.sendall(answer)


def _response(reader: BinaryIO) -> bytes:
    """One line with its literals."""
    answer = line = reader.readline()
    while match := _LITERAL.search(line):
        line = reader.readline() if not int(match[1]) else reader.read(int(match[1])) + reader.readline()
        answer += line
        line = line[-40:]
    return answer


def _bare(answer: bytes) -> bytes:
    head, separator, rest = answer.partition(b"\r\n")
    if head.upper().startswith(b"* CAPABILITY"):
        return b"* " + BARE + b"\r\n"
    if b" [" in head[:200]:
        head = _CODES.sub(b"", _CAPABILITY.sub(BARE, head, count=1))
    return head + separator + rest


def _blanked(name: str, rest: str) -> str:
    words = rest.split(" ")
    if name == "LOGIN":
        return " ".join([*words[:2], "****"])
    return " ".join([*words[:2], "****"]) if name == "AUTHENTICATE" and len(words) > 2 else rest


def _close(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()


@pytest.fixture
def proxy(dovecot: Dovecot) -> Iterator[Proxy]:
    """A proxy that lets everything through until told otherwise."""
    one = Proxy(dovecot.imap)
    yield one
    one.stop()


@pytest.fixture
def bare_proxy(dovecot: Dovecot) -> Iterator[Proxy]:
    """Dovecot made as poor as RFC 3501 allows."""
    one = Proxy(dovecot.imap, bare=True)
    yield one
    one.stop()
