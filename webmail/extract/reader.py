"""The program that the child process runs: reads one file after the other from its input and writes their text to its output.

Before it looks at the first file it gives up what it does not need: it can open no file and no socket any more, start no
process worth the name, and has a bounded share of memory and of processor time. Started as
``python -m webmail.extract.reader``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from webmail.extract import confinement, office, pdf
from webmail.extract.child import KINDS, PIECE, REQUEST

_PIECE_CHARACTERS = 32 * 1024


def main() -> None:
    """Answer until the input ends."""
    confine()
    source, target = sys.stdin.buffer, sys.stdout.buffer
    while len(head := source.read(REQUEST.size)) == REQUEST.size:
        kind, length, limit, cpu_seconds = REQUEST.unpack(head)
        data = source.read(length)
        confinement.allow(cpu_seconds)
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
    return pdf.pieces(data) if kind == "pdf" else office.pieces(data)


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
    confinement.confine(pdf.prepare)


if __name__ == "__main__":
    main()
