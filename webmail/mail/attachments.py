"""The files of drafts: streamed to disk under random names; what a sender called them is only ever shown."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from types import MappingProxyType
from typing import BinaryIO, cast

from webmail.errors import NotFound
from webmail.mail import parts
from webmail.mail.pages import AttachmentRow, DraftAttachment
from webmail.mail.part_rows import attachment_row
from webmail.mail.session import MailSession, account
from webmail.message import mime
from webmail.message.summary import MessageId
from webmail.store import drafts, messages
from webmail.store.drafts import DraftRow
from webmail.store.messages import StoredMessage

CHUNK = 1 << 16
WHOLE = "message"
"""What stands for a section where a whole message is attached."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file from a form, or a picture that the HTML of a draft shows by its ``content_id``."""

    filename: str
    media_type: str
    stream: BinaryIO
    content_id: str = ""


def folder(session: MailSession) -> Path:
    """Where the files lie; made on first use, for this user of the machine only."""
    found = session.database.data_dir / "attachments"
    found.mkdir(mode=0o700, exist_ok=True)
    return found


def keep(session: MailSession, key: str, file: Upload) -> None:
    """Attach an uploaded file to a draft, in constant memory."""
    _write(session, key, _pieces(file.stream), file)


@contextmanager
def taken_along(
    session: MailSession, original: StoredMessage | None, sections: Sequence[str], pictures: Mapping[str, str] = MappingProxyType({})
) -> Iterator[list[Upload]]:
    """The attachments of a message that is forwarded, fetched before anything is stored, in constant memory.

    ``pictures`` are sections of what its HTML shows, and what they are called there. Whoever cannot fetch them now must not end up
    with a draft that lacks them.
    """
    with ExitStack() as stack:
        found = []

        def kept(stream: Iterable[bytes], filename: str, media_type: str, content_id: str = "") -> None:
            target = cast("BinaryIO", stack.enter_context(TemporaryFile(dir=folder(session))))
            for piece in stream:
                target.write(piece)
            target.seek(0)
            found.append(Upload(filename, media_type, target, content_id))

        if original is not None:
            known = {each.section: attachment_row(each) for each in mime.walk(original.summary.structure) if each.media_type != "multipart"}
            listed = {each.section for each in mime.attachments(original.summary.structure)}
            wanted = dict.fromkeys([*pictures, *(each for each in sections if each in listed or parts.is_enclosed(each))])
            for section in wanted:
                stream = parts.part(session, original.summary.id, section=section)
                row = known.get(section, AttachmentRow(section, stream.filename, "application/octet-stream", 0))
                kept(stream.chunks, row.filename, row.media_type, pictures.get(section, ""))
            if WHOLE in sections:
                kept(parts.source(session, original.summary.id).chunks, name_of(original), "message/rfc822")
        yield found


def name_of(stored: StoredMessage) -> str:
    """What a whole message is called as a file."""
    return f"{mime.safe_filename(stored.summary.envelope.subject)[:80] or 'message'}.eml"


def of_form(
    session: MailSession, key: str, *, original: int | None, sections: Sequence[str]
) -> tuple[tuple[DraftAttachment, ...], tuple[AttachmentRow, ...]]:
    """What a compose form lists that could not be stored: files its draft has already, and files it was to take along."""
    mine = account(session).id
    row = drafts.by_key(session.database, mine, key)
    if row is not None:
        return listed(row), ()
    try:
        structure = messages.get(session.database, mine, MessageId(original or 0)).summary.structure
    except NotFound:
        return (), ()
    whole = (AttachmentRow(WHOLE, "message.eml", "message/rfc822", structure.size),) if WHOLE in sections else ()
    return (), (*whole, *(attachment_row(part) for part in mime.attachments(structure) if part.section in sections))


def listed(row: DraftRow) -> tuple[DraftAttachment, ...]:
    """The files of a draft as its form lists them; pictures within its HTML are none."""
    return tuple(DraftAttachment(each.token, each.filename, each.media_type, each.size) for each in row.attachments if not each.content_id)


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    while piece := stream.read(CHUNK):
        yield piece


def _write(session: MailSession, key: str, pieces: Iterable[bytes], file: Upload) -> None:
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
        filename=mime.safe_filename(file.filename) or "attachment",
        media_type=file.media_type or "application/octet-stream",
        size=size,
        path=path.name,
        content_id=file.content_id,
    )
