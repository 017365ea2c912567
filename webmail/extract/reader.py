"""The program that the child process runs: reads one file after the other from its input and writes their text to its output.

Before it looks at the first file it gives up what it does not need: it can open no file and no socket any more, start no
process worth the name, and has a bounded share of memory and of processor time. Started as
``python -m webmail.extract.reader``.
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
from collections.abc import Iterator

from webmail.extract import office, packed, pdf
from webmail.extract.child import KINDS, PIECE, REQUEST

MEMORY = 512 * 1024 * 1024
_PIECE_CHARACTERS = 32 * 1024


def main() -> None:
    """Answer until the input ends."""
    confine()
    source, target = sys.stdin.buffer, sys.stdout.buffer
    while len(head := source.read(REQUEST.size)) == REQUEST.size:
        kind, length, limit, cpu_seconds = REQUEST.unpack(head)
        data = source.read(length)
        allow(cpu_seconds)
        healthy = True
        try:
            for piece in bounded(_pieces(KINDS[kind], data), limit=limit):
                octets = piece.encode("utf-8", "replace")
                target.write(PIECE.pack(len(octets)) + octets)
                target.flush()
        except MemoryError:
            healthy = False
        except Exception:  # noqa: S110 - A broken file has no more text; there is nobody to tell.
            pass
        target.write(PIECE.pack(0))
        target.flush()
        if not healthy:
            return


def _pieces(kind: str, data: bytes) -> Iterator[str]:
    return {"pdf": pdf.pieces, "office": office.pieces, "tnef": packed.pieces}[kind](data)


def bounded(pieces: Iterator[str], *, limit: int) -> Iterator[str]:
    """The text as it comes, ``limit`` characters at most: what was read counts even where the rest is never reached."""
    for piece in pieces:
        some = piece[:limit]
        limit -= len(some)
        for start in range(0, len(some), _PIECE_CHARACTERS):
            yield some[start : start + _PIECE_CHARACTERS]
        if limit <= 0:
            return


def confine() -> None:
    """Give up for good what reading a file does not need."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    # Python loads a codec, and the PDF library some of its parts, from files when they are first used.
    for module in pkgutil.iter_modules(encodings.__path__, "encodings."):
        with contextlib.suppress(ImportError):
            importlib.import_module(module.name)
    pdf.prepare()
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


if __name__ == "__main__":
    main()
