"""The files of drafts: streamed to disk under random names; what a sender called them is only ever shown."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, cast

from webmail.errors import NotFound
from webmail.mail import parts
from webmail.mail.pages import AttachmentRow, DraftAttachment
from webmail.mail.part_rows import attachment_row
from webmail.mail.session import MailSession, account
from webmail.message import mime
from webmail.message.summary import MessageId
from webmail.store import drafts, messages
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


@contextmanager
def taken_along(session: MailSession, original: StoredMessage | None, sections: Sequence[str]) -> Iterator[list[Upload]]:
    """The attachments of a message that is forwarded, fetched before anything is stored, in constant memory.

    Whoever cannot fetch them now must not end up with a draft that lacks them.
    """
    with ExitStack() as stack:
        found = []
        for part in mime.attachments(original.summary.structure) if original and sections else ():
            if part.section in sections:
                assert original is not None
                listed = attachment_row(part)
                kept = cast("BinaryIO", stack.enter_context(TemporaryFile(dir=folder(session))))
                _keep_part(session, original, part.section, kept)
                found.append(Upload(listed.filename, listed.media_type, kept))
        for section in filter(parts.is_enclosed, sections if original else ()):
            assert original is not None
            kept = cast("BinaryIO", stack.enter_context(TemporaryFile(dir=folder(session))))
            found.append(Upload(_keep_part(session, original, section, kept), "application/octet-stream", kept))
        yield found


def _keep_part(session: MailSession, original: StoredMessage, section: str, kept: BinaryIO) -> str:
    """Write a part of a message into a file, which then stands at its beginning; returns the name of the part."""
    stream = parts.part(session, original.summary.id, section=section)
    for piece in stream.chunks:
        kept.write(piece)
    kept.seek(0)
    return stream.filename


def of_form(
    session: MailSession, key: str, *, original: int | None, sections: Sequence[str]
) -> tuple[tuple[DraftAttachment, ...], tuple[AttachmentRow, ...]]:
    """What a compose form lists that could not be stored: files its draft has already, and files it was to take along."""
    mine = account(session).id
    row = drafts.by_key(session.database, mine, key)
    if row is not None:
        return tuple(DraftAttachment(each.token, each.filename, each.media_type, each.size) for each in row.attachments), ()
    try:
        structure = messages.get(session.database, mine, MessageId(original or 0)).summary.structure
    except NotFound:
        return (), ()
    return (), tuple(attachment_row(part) for part in mime.attachments(structure) if part.section in sections)


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
