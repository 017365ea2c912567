"""The programs that make up the webmail: the web server, the worker, and for a demonstration the mail server."""

from __future__ import annotations

import errno
import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from webmail.cli.supervisor import Program
from webmail.settings import Settings

GRACE_SECONDS = 4
KEEP_ALIVE_SECONDS = 75
MEMORY = {"MALLOC_ARENA_MAX": "1", "MALLOC_TRIM_THRESHOLD_": "131072", "MALLOC_MMAP_THRESHOLD_": "131072"}
"""Lets what a heavy page took go back to the system: only one of the threads runs at a time, and needs no heap of its own."""


class CannotListenError(Exception):
    """The address cannot be listened on; the message says why and what to do, in one line."""


def listen(host: str, port: int, *, another: str) -> socket.socket:
    """A socket that listens. ``another`` is the command that uses another port, with ``{port}`` in it. Raises CannotListenError.

    The supervisor holds it, so that a restart of the web server refuses nobody: connections wait meanwhile.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(512)
    except (OSError, OverflowError) as error:
        listener.close()
        raise CannotListenError(_refusal(error, host=host, port=port, another=another)) from error
    return listener


def _refusal(error: OSError | OverflowError, *, host: str, port: int, another: str) -> str:
    number = error.errno if isinstance(error, OSError) else errno.EADDRNOTAVAIL
    if number == errno.EADDRINUSE:
        return f"port {port} is in use by another program. Use another one: {another.format(port=port + 1)}"
    if number == errno.EACCES:
        return f"this user may not listen on port {port}. Use one above 1023: {another.format(port=8000)}"
    return f"cannot listen on {host} port {port}: {error}"


def web(settings: Settings, listener: socket.socket, *, environment: Mapping[str, str]) -> Program:
    """The web server: gunicorn with one process and many threads, on a socket that is open already."""
    beats = Path("/dev/shm")  # noqa: S108  # memory, where writing a heartbeat never waits for a disk; only a nameless file is made in it
    command = [
        *(sys.executable, "-m", "gunicorn", "app:create_served_app()"),
        *("--bind", f"fd://{listener.fileno()}"),
        *("--workers", "1", "--worker-class", "gthread", "--threads", str(settings.threads)),
        *("--keep-alive", str(KEEP_ALIVE_SECONDS), "--graceful-timeout", str(GRACE_SECONDS)),
        # Detours carry whole addresses of links; this is the longest line gunicorn takes.
        *("--limit-request-line", "8190"),
        *("--log-level", "warning", "--no-control-socket"),
        # Which proxies are believed is decided in one place, WEBMAIL_TRUSTED_PROXIES.
        *("--forwarded-allow-ips", ""),
        *(("--worker-tmp-dir", str(beats)) if os.access(beats, os.W_OK) else ()),
    ]
    return Program(
        name="the web server",
        command=command,
        environment={**MEMORY, **environment},
        sockets=(listener.fileno(),),
        ready=Answering(*listener.getsockname()[:2]),
    )


def worker(*, environment: Mapping[str, str]) -> Program:
    """The worker, which delivers and indexes."""
    return Program(name="the worker", command=[sys.executable, "-m", "flask", "--app", "app", "worker"], environment=environment)


def mail_server(folder: Path, *, imap_port: int, smtp_port: int, environment: Mapping[str, str]) -> Program:
    """The embedded mail server of the demonstration."""
    command = [sys.executable, "-m", "webmail.demo.server", "--imap-port", str(imap_port), "--smtp-port", str(smtp_port)]
    return Program(
        name="the demo mail server",
        command=[*command, "--data", str(folder)],
        environment=environment,
        quiet=True,
        ready=lambda: _connects(imap_port) and _connects(smtp_port),
    )


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on at this moment."""
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(each.getsockname()[1]) for each in listeners]
    for each in listeners:
        each.close()
    return ports


def _connects(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


class Answering:
    """Asks the web server for its health once, and tells whether the answer has come."""

    def __init__(self, host: str, port: int) -> None:
        local = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # the unspecified address is asked through loopback
        self._address = (local, port)
        self._client: socket.socket | None = None

    def __call__(self) -> bool:
        """Never waits: the question is sent at the first call, later calls look for the answer."""
        if self._client is None:
            self._client = socket.create_connection(self._address, timeout=1)
            self._client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            self._client.setblocking(False)
        try:
            answer = self._client.recv(64)
        except BlockingIOError:
            return False
        except ConnectionError:
            answer = b""
        self._client.close()
        self._client = None
        return answer.startswith(b"HTTP/1.1 200")
