"""The program that reads words: one file after the other from its input, their text to its output.

Started as ``python -m webmail.extract.reader`` by ``child``; what it gives up first stands in ``confined``.
"""

from __future__ import annotations

from collections.abc import Iterator

from webmail.extract import confined, office, packed, pdf
from webmail.extract.child import KINDS


def main() -> None:
    """Answer until the input ends."""
    pdf.prepare()
    confined.confine()
    confined.answer(_text)


def _text(kind: int, data: bytes, limit: int) -> Iterator[bytes]:
    pieces = {"pdf": pdf.pieces, "office": office.pieces, "tnef": packed.pieces}[KINDS[kind]](data)
    return (piece.encode("utf-8", "replace") for piece in bounded(pieces, limit=limit))


def bounded(pieces: Iterator[str], *, limit: int) -> Iterator[str]:
    """The text as it comes, ``limit`` characters at most: what was read counts even where the rest is never reached."""
    for piece in pieces:
        some = piece[:limit]
        limit -= len(some)
        yield some
        if limit <= 0:
            return


if __name__ == "__main__":
    main()
