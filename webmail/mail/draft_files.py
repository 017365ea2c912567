"""What a draft shows beside its text while it is written: the message it quotes, and the pictures in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from webmail.errors import NotFound
from webmail.mail import attachments
from webmail.mail.session import MailSession, account
from webmail.message import kinds
from webmail.sanitize.html import BodyOptions, sanitize_document
from webmail.store import drafts

_BEGINNING = 4096


@dataclass(frozen=True, slots=True)
class DraftPicture:
    """A picture of a draft, in pieces."""

    chunks: Iterator[bytes]
    media_type: str


def quoted(session: MailSession, key: str) -> str:
    """The document that shows what a draft quotes, for a frame. Raises NotFound where it quotes nothing."""
    row = drafts.by_key(session.database, account(session).id, key)
    if row is None or not row.quote:
        raise NotFound("draft")
    cid = {each.content_id: f"/drafts/{row.key}/files/{each.token}" for each in row.attachments if each.content_id}
    return sanitize_document(row.quote, options=BodyOptions(cid=cid, dark=True))


def picture(session: MailSession, key: str, *, token: str) -> DraftPicture:
    """A picture of a draft, only if its octets say that it is one. Raises NotFound."""
    path = attachments.folder(session) / drafts.attachment_path(session.database, account(session).id, key, token=token)
    with path.open("rb") as content:
        media_type = kinds.picture(content.read(_BEGINNING))
    if not media_type:
        raise NotFound("attachment")
    return DraftPicture(_pieces(path), media_type)


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as content:
        while piece := content.read(attachments.CHUNK):
            yield piece
