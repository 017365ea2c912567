"""A start-up command as a person runs it, and the processes that come of it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def environment(**settings: str) -> dict[str, str]:
    """The environment of this process without settings of its own, with the given ones."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WEBMAIL_")}
    return kept | {f"WEBMAIL_{name.upper()}": value for name, value in settings.items()}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "webmail.cli", *arguments]


def ended(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command that is expected to end by itself."""
    return subprocess.run(command(*arguments), cwd=ROOT, env=environment(**settings), capture_output=True, text=True, timeout=60)


@dataclass(frozen=True)
class Started:
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def words(self) -> str:
        return self.log.read_text("utf-8")

    @property
    def address(self) -> str:
        """Where the pages are, once the command says so."""
        wait_until(lambda: re.search(r"ready\b", self.words) is not None or self.process.poll() is not None, seconds=60)
        found = re.search(r"http://[\d.]+:\d+", self.words)
        assert found, self.words
        return found[0]

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def children(self) -> list[int]:
        """The processes of the command, its children's children included."""
        found = [self.process.pid]
        for parent in found:
            found += [int(each) for each in told(parent, f"task/{parent}/children").split()]
        return found[1:]

    def child(self, words: str) -> int:
        """The child whose command line has these words, or 0."""
        for each in told(self.process.pid, f"task/{self.process.pid}/children").split():
            if words in told(int(each), "cmdline").replace("\0", " "):
                return int(each)
        return 0


def told(number: int, file: str) -> str:
    """What the kernel tells of a process in one of its files; nothing for one that has ended, also while it is read."""
    try:
        return Path(f"/proc/{number}/{file}").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def status(number: int) -> list[str]:
    """State, parent, group and more of a process (proc(5)); nothing for one that is gone."""
    return told(number, "stat").rpartition(")")[2].split()


def alive(number: int) -> bool:
    """Whether a process runs; one that has ended and was not collected yet does not."""
    return status(number)[:1] not in ([], ["Z"], ["X"])


def wait_until(reached: object, *, seconds: float = 10) -> None:
    """Wait until the function answers true."""
    assert callable(reached)
    until = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)


@contextmanager
def started(folder: Path, *arguments: str, **settings: str) -> Iterator[Started]:
    """A command that runs until the block ends."""
    log = folder / "log"
    with log.open("wb") as target:
        process = subprocess.Popen(command(*arguments), cwd=ROOT, env=environment(**settings), stdout=target, stderr=target)
    try:
        yield Started(process, log)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)
