"""The child process that reads files: started when needed, limited, killed when it takes too long, and replaced.

What comes out of it is text and nothing else: the worst a file can do is to give wrong words for itself.
"""

from __future__ import annotations

import contextlib
import os
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO

REQUEST = struct.Struct(">BIII")
"""Kind, octets of the file, characters wanted, seconds of processor time; the file follows."""
PIECE = struct.Struct(">I")
"""Octets of the piece of UTF-8 text that follows; 0 ends the answer."""
KINDS = ("pdf", "office", "tnef")
MOST_FILES = 200
"""A child is replaced after so many files, whatever they left behind in its memory."""
_LONGEST_PIECE = 1 << 20
_PROJECT = Path(__file__).parents[2]


class Child:
    """One child process at a time, shared by all threads of this process; nothing is started before the first file."""

    def __init__(self) -> None:
        self._alone = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._files = 0

    def read(self, data: bytes, *, kind: str, limit: int, seconds: float, cpu_seconds: int) -> str:
        """The text of a file, or as much as the child could tell before it ended or was killed after ``seconds``."""
        with self._alone:
            process = self._started()
            killer = threading.Timer(seconds, process.kill)
            killer.daemon = True
            killer.start()
            found: list[bytes] = []
            whole = False
            try:
                whole = _ask(process, data, request=REQUEST.pack(KINDS.index(kind), len(data), limit, cpu_seconds), found=found)
            finally:
                killer.cancel()
                self._files += 1
                if not whole or self._files >= MOST_FILES:
                    self._end()
            return b"".join(found).decode("utf-8", "replace")[:limit]

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
        self._process = subprocess.Popen(
            [sys.executable, "-s", "-B", "-X", "utf8", "-m", "webmail.extract.reader"],
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
"""The child of this process: one is enough, and each holds some 40 MB."""


def _ask(process: subprocess.Popen[bytes], data: bytes, *, request: bytes, found: list[bytes]) -> bool:
    """Hand over a file and collect the pieces of its text; tells whether the child answered to the end."""
    source, target = _open(process.stdout), _open(process.stdin)
    try:
        target.write(request)
        target.write(data)
        target.flush()
        while True:
            head = source.read(PIECE.size)
            if len(head) < PIECE.size:
                return False
            (length,) = PIECE.unpack(head)
            if length == 0:
                return True
            if length > _LONGEST_PIECE:
                return False
            found.append(source.read(length))
    except OSError:
        return False


def _open(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None  # Both are pipes, because we asked for them.
    return stream
