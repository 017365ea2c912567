"""The program of the child process that cleans HTML: one body after the other from its input, each cleaned one to its output.

Started as ``python -m webmail.extract.cleaner``. Like the reader of files it gives up first what it does not need.
"""

from __future__ import annotations

import json
import sys
import typing
from collections.abc import Callable
from dataclasses import fields
from typing import IO, Any

from webmail.extract import confined
from webmail.extract.child import piece_from
from webmail.extract.cleaning import write
from webmail.extract.values import CALL, made_of, plain
from webmail.sanitize.html import BodyOptions, Detour, clean

LONGEST = 16 << 20
_SAMPLE = (
    "<html><style>p{color:red}</style><body bgcolor=red><p style='color:red'>x<table><tr><td><img src=//x><a href='mailto:x?y=z'>&amp;"
)


def main() -> None:
    """Answer until the input ends."""
    _prepare()
    confined.confine()
    source, target = sys.stdin.buffer, sys.stdout.buffer
    while (piece := piece_from(source, longest=LONGEST)) is not None:
        asked = json.loads(piece)
        confined.allow(asked["seconds"])
        try:
            answer = plain(clean(asked["html"], options=options_of(asked["options"], source, target)))
        except MemoryError:
            write(target, {"cleaned": None})
            return
        write(target, {"cleaned": answer})


def _prepare() -> None:
    clean(_SAMPLE)


def options_of(said: dict[str, Any], source: IO[bytes], target: IO[bytes]) -> BodyOptions:
    """The options as they were written; a function among them asks the process that has it."""
    hints = typing.get_type_hints(BodyOptions)
    found: dict[str, Any] = {
        each.name: _asking(each.name, source, target) if said[each.name] == CALL else made_of(hints[each.name], said[each.name])
        for each in fields(BodyOptions)
    }
    return BodyOptions(**found)


def _asking(name: str, source: IO[bytes], target: IO[bytes]) -> Callable[..., Any]:
    def ask(*of: Any) -> Any:
        write(target, {"ask": name, "of": of})
        piece = piece_from(source, longest=LONGEST)
        if piece is None:
            raise SystemExit
        answer = json.loads(piece)
        return made_of(Detour, answer) if name == "detour" and answer is not None else answer

    return ask


if __name__ == "__main__":
    main()
