"""The files of drafts: streamed to disk under random names; what a sender called them is only ever shown."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from webmail.mail import reading
from webmail.mail.session import MailSession, account
from webmail.message import mime
from webmail.store import drafts
from webmail.store.messages import StoredMessage

CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Upload:
    """A file from a form."""

    filename: str
    media_type: str
    stream: BinaryIO


def folder(session: MailSession) -> Path:
    """Where the files lie; made on first use, for this user of the machine only."""
    found = session.database.data_dir / "attachments"
    found.mkdir(mode=0o700, exist_ok=True)
    return found


def keep(session: MailSession, key: str, file: Upload) -> None:
    """Attach an uploaded file to a draft, in constant memory."""
    _write(session, key, _pieces(file.stream), filename=file.filename, media_type=file.media_type)


def include(session: MailSession, key: str, original: StoredMessage, *, section: str) -> None:
    """Copy an attachment of a forwarded message to the draft, in constant memory."""
    found = next((each for each in mime.attachments(original.summary.structure) if each.section == section), None)
    if found is None:
        return
    listed = reading.attachment_row(found)
    stream = reading.part(session, original.summary.id, section=section)
    _write(session, key, stream.chunks, filename=listed.filename, media_type=listed.media_type)


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    while piece := stream.read(CHUNK):
        yield piece


def _write(session: MailSession, key: str, pieces: Iterable[bytes], *, filename: str, media_type: str) -> None:
    path = folder(session) / secrets.token_hex(16)
    size = 0
    with path.open("xb") as target:
        path.chmod(0o600)
        for piece in pieces:
            size += target.write(piece)
    drafts.add_attachment(
        session.database,
        account(session).id,
        key,
        filename=mime.safe_filename(filename) or "attachment",
        media_type=media_type or "application/octet-stream",
        size=size,
        path=path.name,
    )
