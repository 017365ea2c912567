"""The files in a winmail.dat, and the parts in which such things lie."""

from __future__ import annotations

from collections.abc import Generator

from webmail.errors import NotFound
from webmail.imap import fetch
from webmail.mail import bodies, enclosures, winmail
from webmail.mail.session import MailSession, again_if_cut, find_message, opened
from webmail.mailbox import Mailbox
from webmail.message import mime
from webmail.message.mime import Part
from webmail.store.messages import StoredMessage


def packed_file(session: MailSession, message_id: int, *, section: str) -> tuple[str, Generator[bytes, None, None]]:
    """The name and the octets of a file in a winmail.dat, whose section is ``<section>!<number>``, in constant memory.

    Raises NotFound for one that is not there.
    """
    outer, _, number = section.partition(winmail.SEPARATOR)
    stored, mailbox = find_message(session, message_id)
    part, within = found_part(stored, outer)
    if not winmail.is_winmail(part) or not (number.isascii() and number.isdigit() and len(number) <= 4):
        raise NotFound("part")
    packed = winmail.packed_file(part, read_with(session, stored, mailbox, within).get(outer), int(number))

    def octets() -> Generator[bytes, None, None]:
        with opened(session, mailbox, uidvalidity=stored.uidvalidity) as lent:
            chunks = fetch.part_chunks(lent, stored.summary.uid, outer, size=part.size)
            yield from winmail.cut_out(mime.decode_stream(chunks, encoding=part.encoding), packed)

    return mime.safe_filename(packed.name) or f"file-{number}", octets()


def read_with(session: MailSession, stored: StoredMessage, mailbox: Mailbox, within: Part | None) -> dict[str, str]:
    """What is read with the message, or with one attached to it, from the index if it was read before."""
    shown = mime.shown(bodies.root_of(stored, within))
    kind = bodies.kind(shown, prefer="")
    return dict(again_if_cut(lambda: bodies.content(session, stored, mailbox, kind=kind, within=within)).besides)


def found_part(stored: StoredMessage, section: str) -> tuple[Part, Part | None]:
    """The part of a section, and the attached message in which it lies. Raises NotFound("part")."""
    waiting: list[tuple[Part, Part | None]] = [(stored.summary.structure, None)]
    while waiting:
        part, within = waiting.pop()
        if part.section == section and part.media_type != "multipart":
            return part, within
        inner = part if enclosures.is_message(part) else within
        waiting += [(child, inner) for child in part.parts]
    raise NotFound("part")
