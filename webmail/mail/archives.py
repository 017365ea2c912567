"""All attachments of a message as one zip archive, written while they come: in constant memory and on one connection.

Nothing is compressed: most attachments are already. Archives that were attached are files like all others and stay packed.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from datetime import datetime
from typing import IO, cast
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from webmail.errors import NotFound
from webmail.mail import parts
from webmail.mail.file_pages import HarmPage
from webmail.mail.part_rows import attachment_row
from webmail.mail.parts import PartStream
from webmail.mail.session import MailSession, find_message, opened
from webmail.message import kinds, mime
from webmail.message.mime import Part

LARGE = 1 << 31
"""From this size on a file in an archive is described by the longer numbers of ZIP64."""
READABLE = 0o100600 << 16
"""A plain file that its owner may read and write, as Unix writes it into an archive."""


def all_files(session: MailSession, message_id: int, *, confirmed: bool) -> PartStream | HarmPage:
    """The archive as a stream, or the question whether it is wanted with files that can do harm.

    Raises NotFound for a message without attachments. The server's errors come before the first octet.
    """
    stored, mailbox = find_message(session, message_id)
    files = mime.attachments(stored.summary.structure)
    if not files:
        raise NotFound("part")
    harmful = tuple(row for row in map(attachment_row, files) if row.harm)
    if harmful and not confirmed:
        return HarmPage(stored.summary, mailbox, harmful)

    def octets() -> Generator[bytes, None, None]:
        with opened(session, mailbox, uidvalidity=stored.uidvalidity) as lent:
            yield from _written(files, when=stored.summary.internal_date, content=lambda part: parts.decoded(lent, stored, part))

    _, chunks = parts.started(octets, size=sum(each.size for each in files))
    subject = mime.safe_filename(stored.summary.envelope.subject)[:80]
    return PartStream(chunks, "application/zip", f"{subject or 'attachments'}.zip", inline=False)


def names(files: tuple[Part, ...]) -> list[str]:
    """A name for each file, none twice however file systems compare them: the second of a name gets a number."""
    taken: set[str] = set()
    found = []
    for file in files:
        name = wanted = kinds.saved_name(attachment_row(file).filename)
        stem, dot, ending = wanted.rpartition(".")
        number = 2
        while name.casefold() in taken:
            name = f"{stem} ({number}).{ending}" if dot and stem else f"{wanted} ({number})"
            number += 1
        taken.add(name.casefold())
        found.append(name)
    return found


class _Sink:
    """A file that only grows, from whose end the octets are taken away."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing waits here."""

    def taken(self, *, at_least: int = 1) -> Iterator[bytes]:
        """What was written since the last call in one piece, if it is as much as that."""
        if sum(map(len, self._pieces)) >= at_least:
            pieces, self._pieces = self._pieces, []
            yield b"".join(pieces)


def _written(files: tuple[Part, ...], *, when: datetime, content: Callable[[Part], Iterator[bytes]]) -> Iterator[bytes]:
    """The archive in pieces, none of them empty."""
    sink = _Sink()
    moment = (max(1980, min(2107, when.year)), *when.timetuple()[1:6])
    with ZipFile(cast("IO[bytes]", sink), "w", ZIP_STORED) as archive:
        for file, name in zip(files, names(files), strict=True):
            entry = ZipInfo(name, date_time=moment)
            entry.external_attr = READABLE
            with archive.open(entry, "w", force_zip64=file.size >= LARGE) as member:
                for piece in content(file):
                    member.write(piece)
                    yield from sink.taken(at_least=parts.PIECE // 2)
    yield from sink.taken()
