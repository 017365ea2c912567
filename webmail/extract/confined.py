"""What every program that reads strangers' files gives up before it looks at the first, and how it answers one after the other.

It can open no file and no socket any more, start no process worth the name, and has a bounded share of memory and of
processor time.
"""

from __future__ import annotations

import contextlib
import encodings
import importlib
import logging
import pkgutil
import resource
import signal
import sys
import warnings
from collections.abc import Callable, Iterator

from webmail.extract.child import PIECE, REQUEST

MEMORY = 512 * 1024 * 1024
LONGEST_PIECE = 256 * 1024

Work = Callable[[int, bytes, int], Iterator[bytes]]
"""The answer to a file in pieces, by the number of what is wanted, the file, and a limit."""


def answer(work: Work) -> None:
    """Answer until the input ends. Where memory ran out the program ends, and is started again by who needs it."""
    source, target = sys.stdin.buffer, sys.stdout.buffer
    while len(head := source.read(REQUEST.size)) == REQUEST.size:
        kind, length, limit, cpu_seconds = REQUEST.unpack(head)
        data = source.read(length)
        allow(cpu_seconds)
        healthy = True
        try:
            for found in work(kind, data, limit):
                for start in range(0, len(found), LONGEST_PIECE):
                    piece = found[start : start + LONGEST_PIECE]
                    target.write(PIECE.pack(len(piece)) + piece)
                    target.flush()
        except MemoryError:
            healthy = False
        except Exception:  # noqa: S110 - A broken file has no more to give; there is nobody to tell.
            pass
        target.write(PIECE.pack(0))
        target.flush()
        if not healthy:
            return


def confine() -> None:
    """Give up for good what reading a file does not need. What loads anything later must have been loaded before."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    # Python loads a codec from a file when it is first used.
    for module in pkgutil.iter_modules(encodings.__path__, "encodings."):
        with contextlib.suppress(ImportError):
            importlib.import_module(module.name)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    # No descriptor beyond the three that are open: neither a file nor a socket can be opened.
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))


def allow(seconds: int) -> None:
    """So many more seconds of processor time; then the kernel ends this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + 1 + seconds, hard))
