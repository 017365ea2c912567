"""A body of HTML cleaned, whatever it costs: a small one here, any other in a child process that is killed when it takes too long.

The cleaner is linear in all that is known, but what some body costs that nobody has thought of is known only when it is cleaned.
It must not keep other requests waiting meanwhile, which a thread of this process would.
"""

from __future__ import annotations

import json
import logging
import queue
import time
from collections.abc import Sequence
from dataclasses import fields
from typing import IO, Any

from webmail.extract.child import PIECE, Child, piece_from
from webmail.extract.values import made_of, plain
from webmail.sanitize import html as cleaner
from webmail.sanitize.html import BodyOptions, Cleaned

SECONDS = 2.0
"""So long a reader waits at most; then the page says so and offers to try longer."""
PATIENT_SECONDS = 12.0
SMALL = 4_500
"""So many ``<``, ``&`` and ``;`` cost half a second in the worst body known; 100 KB of a newsletter have 4,000."""
SMALL_SIZE = 150_000
"""So many characters with hardly any of these, as in one endless style after the other, cost a third of a second."""
CHILDREN = 2
_LONGEST = 16 << 20

_children: queue.LifoQueue[Child] = queue.LifoQueue()
for _ in range(CHILDREN):
    _children.put(Child("webmail.extract.cleaner"))


def clean(html: str | Sequence[str], *, options: BodyOptions, patient: bool = False) -> Cleaned | None:
    """As ``sanitize.html.clean``; None where it takes more time or memory than a reader should give.

    Costs ``SECONDS`` at most, or ``PATIENT_SECONDS`` if asked for, and never much of this process.
    """
    pages = [html] if isinstance(html, str) else list(html)
    if is_small(pages):
        return _cleaned_here(pages, options=options)
    seconds = PATIENT_SECONDS if patient else SECONDS
    started = time.monotonic()
    try:
        child = _children.get(timeout=seconds)
    except queue.Empty:
        return None
    try:
        return _cleaned_by(child, pages, options=options, seconds=max(0.1, seconds - (time.monotonic() - started)))
    finally:
        _children.put(child)


def is_small(pages: Sequence[str]) -> bool:
    """Whether a body can only cost little."""
    marks = sum(html.count("<") + html.count("&") + html.count(";") for html in pages)
    return sum(map(len, pages)) <= SMALL_SIZE and marks <= SMALL


def rest() -> None:
    """Let the child processes go until they are needed again; each holds some 40 MB."""
    waiting = [_children.get() for _ in range(CHILDREN)]
    for child in waiting:
        child.stop()
        _children.put(child)


def _cleaned_here(html: Sequence[str], *, options: BodyOptions) -> Cleaned | None:
    try:
        return cleaner.clean(html, options=options)
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError):
        # A mistake of ours that somebody's body has found; the reader gets what there is besides.
        logging.getLogger(__name__).exception("A body could not be cleaned.")
        return None


def _cleaned_by(child: Child, html: Sequence[str], *, options: BodyOptions, seconds: float) -> Cleaned | None:
    answers: list[Any] = []
    # What the options call for stays here: the child has neither keys nor words of a query, and asks.
    calls = {each.name: value for each in fields(options) if callable(value := getattr(options, each.name))}
    request = {"html": list(html), "options": plain(options), "seconds": round(seconds) + 1}

    def conversation(source: IO[bytes], target: IO[bytes]) -> bool:
        write(target, request)
        while (piece := piece_from(source, longest=_LONGEST)) is not None:
            said = json.loads(piece)
            if "ask" not in said:
                answers.append(said["cleaned"])
                return True
            write(target, plain(calls[said["ask"]](*said["of"])))
        return False

    return made_of(Cleaned, answers[0]) if child.talk(conversation, seconds=seconds) and answers[0] is not None else None


def write(target: IO[bytes], value: Any) -> None:
    """One value as the two processes exchange it."""
    octets = json.dumps(value).encode()
    target.write(PIECE.pack(len(octets)) + octets)
    target.flush()
