"""Winmail.dat opened in the child process, which can be killed: what comes back is words and places, never believed as more."""

from __future__ import annotations

import json
from dataclasses import dataclass

from webmail.extract import child

SECONDS = 15.0
CPU_SECONDS = 10
MOST_CHARACTERS = 4 * 1024 * 1024
MOST_FILES = 500


@dataclass(frozen=True, slots=True)
class PackedFile:
    """A file in a winmail.dat: its name and kind as its sender wrote them, and where in the decoded part its octets lie."""

    name: str
    media_type: str
    content_id: str
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Packed:
    """What a winmail.dat holds. ``html`` is a stranger's and uncleaned; ``broken`` where not all of it could be read."""

    subject: str = ""
    text: str = ""
    html: str = ""
    files: tuple[PackedFile, ...] = ()
    broken: bool = False


def contents(octets: bytes) -> str:
    """What is in a winmail.dat, as it may be kept; empty where it cannot be read.

    Never raises. Costs up to ten seconds of processor time, in a child process that is killed then.
    """
    return child.SHARED.read(octets, kind="tnef", limit=MOST_CHARACTERS, seconds=SECONDS, cpu_seconds=CPU_SECONDS)


def from_kept(kept: str, *, size: int) -> Packed | None:
    """What ``contents`` told of a part of so many octets; None where it told nothing that makes sense."""
    try:
        told = json.loads(kept)
        files = tuple(
            PackedFile(str(name), str(kind), str(cid), int(offset), int(length)) for name, kind, cid, offset, length in told["files"]
        )
        found = Packed(str(told["subject"]), str(told["text"]), str(told["html"]), files[:MOST_FILES], broken=bool(told["broken"]))
    except (ValueError, TypeError, KeyError):
        return None
    return found if all(each.offset >= 0 and each.size >= 0 and each.offset + each.size <= size for each in files) else None
