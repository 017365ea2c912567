"""Pictures drawn of attachments, and what they are drawn from: fetched once, kept for a while (bounded, least used first)."""

from __future__ import annotations

import base64
import hashlib
import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from webmail.errors import NotFound
from webmail.extract import drawing
from webmail.mail import part_rows, parts
from webmail.mail.session import MailSession, account, again_if_cut, opened
from webmail.mailbox import Mailbox
from webmail.message.mime import Part
from webmail.store import bodies
from webmail.store.messages import StoredMessage

KEPT_OCTETS = 128 * 1024 * 1024
"""PDF files that lie in the data folder while somebody turns their pages."""
KEPT_SECONDS = 24 * 3600
PDF_MARK = b"%PDF-"
_NO_PICTURE = "-"
_fetching = tuple(threading.Lock() for _ in range(16))
"""Of several pages asked for at once, one fetches the file."""


def thumbnail(session: MailSession, stored: StoredMessage, mailbox: Mailbox, part: Part) -> bytes:
    """A small picture as JPEG, or nothing where none can be made; known afterwards without the server."""
    mine = account(session).id
    key = f"{_name(stored, mailbox, part)}/thumbnail/{drawing.EDGE}"
    kept = bodies.cached_body(session.database, account_id=mine, key=key)
    if kept is None:
        found = drawing.thumbnail(_whole(session, stored, mailbox, part))
        kept = base64.b64encode(found).decode() or _NO_PICTURE
        bodies.cache_body(session.database, account_id=mine, key=key, html=kept)
    return b"" if kept == _NO_PICTURE else base64.b64decode(kept)


def pdf(session: MailSession, stored: StoredMessage, mailbox: Mailbox, part: Part) -> bytes:
    """An attached PDF, from the data folder where it was looked at lately. Empty for what is none by its first octets."""
    name = hashlib.sha256(f"{account(session).id}/{_name(stored, mailbox, part)}".encode()).hexdigest()
    path = _folder(session) / name
    with _fetching[int(name[0], 16)]:
        try:
            found = path.read_bytes()
            path.touch()
        except FileNotFoundError:
            found = _whole(session, stored, mailbox, part)
            if PDF_MARK not in found[:1024]:
                return b""
            _keep(path, found)
    return found


def _name(stored: StoredMessage, mailbox: Mailbox, part: Part) -> str:
    return f"{mailbox.id}/{stored.uidvalidity}/{stored.summary.uid}/{part.section}"


def _whole(session: MailSession, stored: StoredMessage, mailbox: Mailbox, part: Part) -> bytes:
    """A part decoded; one that turns out to be larger than any that is drawn is not read to its end."""

    def read() -> bytes:
        data = bytearray()
        with opened(session, mailbox, uidvalidity=stored.uidvalidity) as lent:
            for piece in parts.decoded(lent, stored, part):
                data += piece
                if len(data) > part_rows.MOST_VIEWED["pdf"]:
                    raise NotFound("part")
        return bytes(data)

    return again_if_cut(read)


def _folder(session: MailSession) -> Path:
    """Where the files lie; made on first use, for this user of the machine only."""
    found = session.database.data_dir / "previews"
    found.mkdir(mode=0o700, exist_ok=True)
    return found


def _keep(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, after making room for it."""
    left = KEPT_OCTETS - len(data)
    known = []
    for each in path.parent.iterdir():
        with suppress(FileNotFoundError):
            known.append((each.stat().st_mtime, each.stat().st_size, each))
    for changed, size, each in sorted(known, reverse=True):
        left -= size
        if left < 0 or changed < time.time() - KEPT_SECONDS:
            each.unlink(missing_ok=True)
    with NamedTemporaryFile(dir=path.parent, delete=False) as target:
        target.write(data)
    os.replace(target.name, path)
