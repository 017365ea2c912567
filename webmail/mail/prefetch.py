"""Prefetch: the next pieces of a stream are fetched while the last one is on its way to the reader."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from queue import SimpleQueue
from typing import Protocol

PIECES = 2
"""Pieces that may wait, the one being fetched included."""


class Stream(Protocol):
    """An iterator that lets go of what it holds when it is closed, as generators do."""

    def __iter__(self) -> Iterator[bytes]: ...

    def close(self) -> None: ...


def fetched(make: Callable[[], Stream]) -> Iterator[bytes]:
    """The pieces of the stream that ``make`` makes, which lives in a thread of its own from the first piece asked for.

    What it raises is raised here. Where nobody wants more, the thread closes the stream after the piece it is at.
    """
    ready: SimpleQueue[bytes | BaseException | None] = SimpleQueue()
    room = threading.Semaphore(PIECES)
    unwanted = threading.Event()

    def fetch() -> None:
        try:
            with closing(make()) as stream:
                for piece in _while_wanted(stream):
                    ready.put(piece)
            ready.put(None)
        except BaseException as error:
            ready.put(error)

    def _while_wanted(stream: Stream) -> Iterator[bytes]:
        pieces = iter(stream)
        while room.acquire() and not unwanted.is_set():
            piece = next(pieces, None)
            if piece is None:
                return
            yield piece

    threading.Thread(target=fetch, name="prefetch", daemon=True).start()
    try:
        while (found := ready.get()) is not None:
            if isinstance(found, BaseException):
                raise found
            yield found
            room.release()
    finally:
        unwanted.set()
        room.release()
