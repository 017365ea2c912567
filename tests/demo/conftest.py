"""The demo mail server in a process of its own, and clients of the standard library to speak with it."""

from __future__ import annotations

import imaplib
import re
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class DemoServer:
    imap_port: int
    smtp_port: int
    messages: int
    seconds: float
    data: Path
    process: subprocess.Popen[str]

    @contextmanager
    def imap(self, name: str = "demo@example.org") -> Iterator[imaplib.IMAP4]:
        with imaplib.IMAP4("127.0.0.1", self.imap_port, timeout=10) as client:
            client.login(name, "demo")
            yield client

    @contextmanager
    def smtp(self, name: str = "demo@example.org") -> Iterator[smtplib.SMTP]:
        with smtplib.SMTP("127.0.0.1", self.smtp_port, "test.example", timeout=10) as client:
            client.login(name, "demo")
            yield client


@contextmanager
def started(data: Path) -> Iterator[DemoServer]:
    """A demo server from its ready line to its end, which must be clean and quiet."""
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "webmail.demo.server", "--data", str(data)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stderr
    line = process.stdout.readline()
    found = re.fullmatch(r"ready imap=(\d+) smtp=(\d+) messages=(\d+) seconds=([\d.]+)\n", line)
    assert found, f"{line!r} {process.stderr.read()}"
    try:
        yield DemoServer(int(found[1]), int(found[2]), int(found[3]), float(found[4]), data, process)
    finally:
        process.terminate()
        words = process.communicate(timeout=10)
    assert process.returncode == 0
    assert words == ("", "")


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    with started(tmp_path_factory.mktemp("demo")) as server:
        yield server
