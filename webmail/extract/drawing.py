"""Pictures made small and pages of PDF files drawn: bounded, and without ever failing.

All of it happens in a child process of its own (see ``child``), which goes when nothing was drawn for a while.
"""

from __future__ import annotations

import atexit
import threading

from webmail.extract.child import DRAWINGS, Child

EDGE = 144
"""Pixels of a thumbnail: it is shown half as large, for screens with two pixels to a point."""
SECONDS = 10.0
CPU_SECONDS = 5
IDLE_SECONDS = 60.0
JPEG = b"\xff\xd8\xff"

_child = Child("webmail.extract.painter")
_watch = threading.Lock()
_timers: list[threading.Timer] = []


def thumbnail(data: bytes) -> bytes:
    """A JPEG of ``EDGE`` pixels square; empty for what is no picture, is broken, moves or is too large to be drawn."""
    return _picture(data, "thumbnail", EDGE)


def pages(data: bytes) -> int:
    """How many pages a PDF has; 0 where it cannot be read, also because it needs a password."""
    found = _asked(data, "pages", 1)
    return int(found) if found.isdigit() and len(found) < 7 else 0


def page(data: bytes, number: int) -> bytes:
    """A page of a PDF as JPEG, the first being 1; empty where it cannot be drawn."""
    return _picture(data, "page", number)


def rest() -> None:
    """Let the child process go until it is needed again."""
    _child.stop()


atexit.register(rest)


def _picture(data: bytes, kind: str, limit: int) -> bytes:
    found = _asked(data, kind, limit)
    return found if found.startswith(JPEG) else b""


def _asked(data: bytes, kind: str, limit: int) -> bytes:
    found = _child.ask(data, kind=DRAWINGS.index(kind), limit=limit, seconds=SECONDS, cpu_seconds=CPU_SECONDS)
    with _watch:
        while _timers:
            _timers.pop().cancel()
        timer = threading.Timer(IDLE_SECONDS, rest)
        timer.daemon = True
        _timers.append(timer)
        timer.start()
    return found
