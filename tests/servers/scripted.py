"""Scripted: an IMAP server that says exactly what a test wants it to say, whatever the client does."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

import pytest

from webmail.account import Security, Server

HOST = "127.0.0.1"
SILENCE = b"<silence>"
CLOSE = b"<close>"
START_TLS = b"<start tls>"
Answer = bytes | Callable[[str], bytes]
Rule = tuple[str, Answer]

_LITERAL = re.compile(rb"\{(\d+)(\+?)\}\r\n$")
SIGNS_IN: tuple[Rule, ...] = (
    ("CAPABILITY", b"* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR\r\n{tag} OK done\r\n"),
    ("AUTHENTICATE", b"{tag} OK welcome\r\n"),
    ("LOGOUT", CLOSE),
    ("(SELECT|EXAMINE)", b"* 3 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT 10] ok\r\n{tag} OK [READ-WRITE] done\r\n"),
)
"""A server that lets anybody in and has one mailbox of three messages."""


class Scripted:
    """Answers each command by the first rule whose pattern its text begins with; else OK. ``lines`` holds what it heard.

    In answers ``{tag}`` stands for the tag. ``START_TLS`` at the end of an answer goes over to TLS with ``context``.
    """

    def __init__(
        self, rules: Sequence[Rule] = SIGNS_IN, *, greeting: bytes = b"* OK ready\r\n", context: ssl.SSLContext | None = None
    ) -> None:
        self.rules = list(rules)
        self.lines: list[bytes] = []
        self.connections = 0
        self._greeting = greeting
        self._context = context
        self._listener = socket.create_server((HOST, 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def server(self, security: Security = Security.NONE, *, host: str = HOST, ca_file: str = "") -> Server:
        """How to reach it."""
        return Server(host, self.port, security, ca_file)

    @property
    def commands(self) -> list[str]:
        """What it heard, without tags, one line each."""
        return [line.decode("utf-8", "replace").rstrip("\r\n").partition(" ")[2] for line in self.lines]

    def stop(self) -> None:
        """Listen no more."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # Wakes the thread that accepts; closing alone would not.
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client = self._listener.accept()[0]
            except OSError:
                return
            self.connections += 1
            client.settimeout(30)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        reader = client.makefile("rb")
        try:
            if self._greeting == SILENCE:
                time.sleep(5)
                return
            client.sendall(self._greeting)
            while line := reader.readline():
                self.lines.append(self._with_literals(line, reader, client))
                answer = self._answer(self.lines[-1])
                if answer == SILENCE:
                    continue
                if CLOSE in answer:
                    client.sendall(answer[: answer.index(CLOSE)])
                    return
                client.sendall(answer.replace(START_TLS, b""))
                if START_TLS in answer and self._context is not None:
                    reader.close()
                    client = self._context.wrap_socket(client, server_side=True)
                    reader = client.makefile("rb")
        except (OSError, ValueError):
            pass
        finally:
            reader.close()  # A socket lives as long as what reads from it.
            client.close()

    def _with_literals(self, line: bytes, reader: BinaryIO, client: socket.socket) -> bytes:
        whole = line
        while match := _LITERAL.search(line):
            if not match[2]:
                client.sendall(b"+ go on\r\n")
            literal = reader.read(int(match[1]))
            line = reader.readline()
            whole += literal + line
        return whole

    def _answer(self, line: bytes) -> bytes:
        tag, _, command = line.rstrip(b"\r\n").decode("utf-8", "replace").partition(" ")
        for pattern, answer in self.rules:
            if re.match(pattern, command, re.IGNORECASE):
                found = answer(command) if callable(answer) else answer
                return found.replace(b"{tag}", tag.encode())
        return f"{tag} OK done\r\n".encode()


@pytest.fixture
def scripted() -> Iterator[Callable[..., Scripted]]:
    """Makes scripted servers that end with the test."""
    made: list[Scripted] = []

    def make(rules: Sequence[Rule] = SIGNS_IN, **options: object) -> Scripted:
        made.append(Scripted(rules, **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for one in made:
        one.stop()
