"""Pictures kept on disk, so that a sender sees one look and not every look: bounded, the ones not used for longest make way.

A file is named by the hash of its reader and its address: who can read the folder's list learns neither, and nobody finds
out by the clock what somebody else has looked at.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import threading
import time
from collections import Counter
from pathlib import Path

from webmail.imageproxy import pictures
from webmail.imageproxy.fetching import Picture

LIMIT = 200 << 20
SLACK = 4 << 20
"""So many octets are written between two looks at the size of the whole folder."""
FRESH_SECONDS = 30 * 86_400
"""A file's time of writing says how old it is, its time of reading when it was used."""
TOUCH_SECONDS = 3_600
_written: Counter[Path] = Counter()
_lock = threading.Lock()


def find(folder: Path, *, reader: str, address: str) -> Picture | None:
    """A picture kept earlier, or None. Its kind is told by its octets again."""
    path = folder / _name(reader, address)
    try:
        kept, now = path.stat(), time.time()
        content = path.read_bytes() if kept.st_mtime > now - FRESH_SECONDS else b""
        if content and kept.st_atime < now - TOUCH_SECONDS:
            os.utime(path, (now, kept.st_mtime))
    except OSError:
        return None
    found = pictures.shape(content)
    return Picture(content, found.media_type) if found else None


def keep(folder: Path, picture: Picture, *, reader: str, address: str, limit: int = LIMIT) -> None:
    """Keep a picture (mode 0600, never half of it). A full disk is no error: it is then fetched again."""
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = folder / f"{secrets.token_hex(8)}.new"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(picture.content)
            draft.replace(folder / _name(reader, address))
        finally:
            draft.unlink(missing_ok=True)
        _make_room(folder, len(picture.content), limit=limit)


def _make_room(folder: Path, written: int, *, limit: int) -> None:
    """Remove what was not used for longest, once in a while, until all together are within the limit."""
    with _lock:
        first = folder not in _written
        _written[folder] += written
        if not first and _written[folder] < min(SLACK, limit // 8):
            return
        _written[folder] = 0
    kept = sorted((found.st_atime, found.st_size, each.path) for each in os.scandir(folder) for found in [each.stat()])
    total = sum(size for _, size, _ in kept)
    for _, size, path in kept:
        if total <= limit:
            break
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        total -= size


def _name(reader: str, address: str) -> str:
    return hashlib.sha256(f"{reader}\n{address}".encode()).hexdigest()
