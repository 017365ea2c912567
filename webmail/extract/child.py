"""The child processes that read what strangers sent: started when needed, limited, killed when they take too long, and replaced.

What comes out of one is text, or the octets of a picture, and nothing else: the worst a file can do is to show itself wrongly.
"""

from __future__ import annotations

import contextlib
import os
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO

REQUEST = struct.Struct(">BIII")
"""Kind, octets of the file, characters wanted, seconds of processor time; the file follows."""
PIECE = struct.Struct(">I")
"""Octets of the piece of the answer that follows; 0 ends the answer."""
KINDS = ("pdf", "office", "tnef")
"""What the reader reads."""
DRAWINGS = ("thumbnail", "pages", "page")
"""What the painter draws: a picture made small, how many pages there are, and one of them."""
MOST_FILES = 200
"""A child is replaced after so many files, whatever they left behind in its memory."""
_LONGEST_PIECE = 1 << 20
_PROJECT = Path(__file__).parents[2]


class Child:
    """One child process at a time, shared by all threads of this process; nothing is started before the first file."""

    def __init__(self, program: str = "webmail.extract.reader") -> None:
        self._program = program
        self._alone = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._files = 0

    def read(self, data: bytes, *, kind: str, limit: int, seconds: float, cpu_seconds: int) -> str:
        """The text of a file, or as much as the child could tell before it ended or was killed after ``seconds``."""
        found = self.ask(data, kind=KINDS.index(kind), limit=limit, seconds=seconds, cpu_seconds=cpu_seconds)
        return found.decode("utf-8", "replace")[:limit]

    def ask(self, data: bytes, *, kind: int, limit: int, seconds: float, cpu_seconds: int) -> bytes:
        """What the child answers to a file, or as much of it as came before it ended or was killed after ``seconds``."""
        found: list[bytes] = []
        request = REQUEST.pack(kind, len(data), limit, cpu_seconds)
        self.talk(lambda source, target: _ask(source, target, data, request=request, found=found), seconds=seconds)
        return b"".join(found)

    def talk(self, conversation: Callable[[IO[bytes], IO[bytes]], bool], *, seconds: float) -> bool:
        """Have a conversation with the output and the input of the child, which is killed after ``seconds``.

        Tells, as the conversation does, whether the child answered to the end; one that did not is replaced.
        """
        with self._alone:
            process = self._started()
            killer = threading.Timer(seconds, process.kill)
            killer.daemon = True
            killer.start()
            whole = False
            try:
                whole = conversation(_open(process.stdout), _open(process.stdin))
            except OSError:
                # It is no more: nothing can be written to it.
                whole = False
            finally:
                killer.cancel()
                self._files += 1
                if not whole or self._files >= MOST_FILES:
                    self._end()
            return whole

    def stop(self) -> None:
        """End the child process, if there is one."""
        with self._alone:
            self._end()

    def _started(self) -> subprocess.Popen[bytes]:
        process = self._process
        if process is not None and self._owner == os.getpid() and process.poll() is None:
            return process
        self._end()
        # It gets none of our environment, none of our open files and no shell, and is told by the end of its input when we die.
        self._process = subprocess.Popen(  # noqa: S603 - the program is one of ours
            [sys.executable, "-s", "-B", "-X", "utf8", "-m", self._program],
            cwd="/",
            env={"PYTHONPATH": str(_PROJECT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._owner, self._files = os.getpid(), 0
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None or self._owner != os.getpid():
            return
        process.kill()
        for stream in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                _open(stream).close()
        process.wait()


SHARED = Child()
"""The reader of this process: one is enough, and each holds some 40 MB."""


def _ask(source: IO[bytes], target: IO[bytes], data: bytes, *, request: bytes, found: list[bytes]) -> bool:
    """Hand over a file and collect the pieces of its text; tells whether the child answered to the end."""
    target.write(request)
    target.write(data)
    target.flush()
    while True:
        piece = piece_from(source)
        if piece is None:
            return False
        if not piece:
            return True
        found.append(piece)


def piece_from(source: IO[bytes], *, longest: int = _LONGEST_PIECE) -> bytes | None:
    """The next piece that a child wrote; None where it ended or does not keep to what was agreed."""
    head = source.read(PIECE.size)
    if len(head) < PIECE.size:
        return None
    (length,) = PIECE.unpack(head)
    piece = source.read(length) if length <= longest else b""
    return piece if len(piece) == length else None


def _open(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None  # Both are pipes, because we asked for them.
    return stream
