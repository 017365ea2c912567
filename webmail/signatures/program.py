"""A program run for one answer: limited in time, memory and output, without our environment, our files or a shell."""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SECONDS = 10
MEMORY = 2 << 30
_PROJECT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Answer:
    """How a program ended, and what it wrote; ``code`` is -1 where it could not be run or had to be killed."""

    code: int
    out: bytes = b""
    said: str = ""


def run(command: Sequence[str], *, given: bytes = b"") -> Answer:
    """Run a program to its end, at most ten seconds. Never raises for what it does."""
    try:
        process = subprocess.Popen(  # noqa: S603 - a program of this system with arguments of our own, never of a message
            command,
            cwd="/",
            env={"PYTHONPATH": str(_PROJECT), "PATH": "/usr/bin:/bin"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except OSError:
        return Answer(-1)
    with process:
        _limit(process.pid)
        try:
            out, said = process.communicate(given, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return Answer(-1)
    return Answer(process.returncode, out, said.decode("utf-8", "replace")[:10_000])


def _limit(pid: int) -> None:
    """Bound what a process that is running already may use; one that has ended meanwhile needs no bounds."""
    try:
        resource.prlimit(pid, resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.prlimit(pid, resource.RLIMIT_AS, (MEMORY, MEMORY))
    except (ProcessLookupError, PermissionError):
        return
