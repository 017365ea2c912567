"""What two readers make of the same mail: ours through a real IMAP server, and an independent parser of another language."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.crosscheck.others import PARSERS, one_line, read_by_others
from webmail.imap import fetch
from webmail.imap.connection import Connection
from webmail.message import mime
from webmail.message.summary import MessageSummary
from webmail.sanitize import text as sanitized_text

WORD = re.compile(r"[\w\ufffd]+")
APOSTROPHES = re.compile("['’‘\x91\x92]")
INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")
READABLE = re.compile(r"[0-9A-Za-z]")
LIMIT = 16 << 20


@dataclass(frozen=True)
class Reading:
    """One message as a reader understands it; ``words`` are those of its body in order, ``files`` are names and sizes in octets."""

    subject: str
    sender: tuple[str, ...]
    to: tuple[str, ...]
    cc: tuple[str, ...]
    date: datetime | None
    words: tuple[str, ...]
    files: tuple[tuple[str, int], ...]


FIELDS = tuple(Reading.__dataclass_fields__)


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text. Apostrophes divide none: whether one was read or lost, a reader sees the same word."""
    return tuple(WORD.findall(APOSTROPHES.sub("", INVISIBLE.sub("", text)).casefold()))


UNSAFE = re.compile(r"[^\w.()\[\]-]+")


def plain_line(text: str) -> str:
    """A text on one line without what nobody sees: soft hyphens and other signs without a width."""
    return one_line(INVISIBLE.sub("", text))


def file_name(text: str) -> str:
    """A name without the signs that ours replaces, because some file systems forbid them, composed, and no longer than ours may be."""
    stem, dot, ending = plain_line(unicodedata.normalize("NFC", text)).rpartition(".")
    return UNSAFE.sub("_", f"{stem[: 190 - len(ending)]}{dot}{ending}").strip("._")


def theirs(paths: Sequence[Path]) -> dict[str, dict[Path, Reading]]:
    """What each of the independent parsers reads."""
    found = read_by_others(paths)
    return {parser: {path: _theirs(each[parser]) for path, each in found.items()} for parser in PARSERS}


def _theirs(found: dict[str, Any]) -> Reading:
    text, html = str(found["text"]), str(found["html"])
    return Reading(
        subject=plain_line(str(found["subject"])),
        sender=_addresses(found["from"]),
        to=_addresses(found["to"]),
        cc=_addresses(found["cc"]),
        date=_moment(str(found["date"])),
        words=words_of(text or sanitized_text.words(html, limit=LIMIT)),
        files=tuple(sorted((file_name(each["name"]), each["size"]) for each in found["attachments"] if not _is_seen(each["id"], html))),
    )


def _is_seen(content_id: str, html: str) -> bool:
    """Whether the HTML shows a picture, so that whoever reads it has it whether it is listed as a file or not."""
    return bool(content_id) and f"cid:{content_id}" in html


def _addresses(found: Sequence[Any]) -> tuple[str, ...]:
    return tuple(str(each["address"]).lower() for each in found if each["address"])


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)
    except ValueError:
        return None


def ours(connection: Connection, summary: MessageSummary) -> Reading:
    """What we read of a message of the mailbox selected: the texts that are quoted, and the files that are listed."""
    envelope, root = summary.envelope, summary.structure
    body = mime.shown(root)
    wanted = {part.section: LIMIT for part in (*body.words, *body.rich) if part.media_type == "text"}
    found = fetch.sections(connection, summary.uid, wanted) if wanted else {}
    read = {part.section: mime.read_text(found[part.section], part) for part in (*body.words, *body.rich) if part.section in found}
    html = "".join(read[part.section].text for part in body.rich if part.subtype == "html" and part.section in read)
    texts, files = [], []
    for part in body.words:
        if part.section in read:
            text = read[part.section].text
            texts.append(sanitized_text.words(text, limit=LIMIT) if part.subtype == "html" else text)
            inside = [mime.decode_body(found[part.section], encoding=part.encoding)]
            for number, each in enumerate(read[part.section].files, 1):
                octets = b"".join(piece for _, piece in mime.enclosed_file(inside, part, number))
                files.append((file_name(each.name), size_of(octets)))
    for each in (*mime.attachments(root), *mime.pictures_beside(root)):
        if not _is_seen(each.content_id, html):
            octets = mime.decode_body(fetch.part(connection, summary.uid, each.section, limit=LIMIT), encoding=each.encoding)
            files.append((file_name(each.filename), size_of(octets)))
    return Reading(
        subject=plain_line(envelope.subject),
        sender=tuple(each.addr_spec.lower() for each in envelope.sender),
        to=tuple(each.addr_spec.lower() for each in envelope.to),
        cc=tuple(each.addr_spec.lower() for each in envelope.cc),
        date=envelope.date.astimezone(UTC) if envelope.date else None,
        words=words_of("\n".join(texts)),
        files=tuple(sorted(files)),
    )


def size_of(octets: bytes) -> int:
    """The size of a file with one octet a line end and none for the last, which belongs to the boundary (RFC 2046, section 5.1.1)."""
    return len(octets.replace(b"\r\n", b"\n").rstrip(b"\n"))


def differing(one: Reading, other: Reading) -> list[str]:
    """The fields in which our reading and another contradict each other."""
    same = {
        "subject": not contradicts(one.subject, other.subject),
        "words": Counter(one.words) == Counter(other.words) or not contradicts("".join(one.words), "".join(other.words)),
        "files": len(one.files) == len(other.files) and not any(map(_other_file, one.files, other.files)),
    }
    return [name for name in FIELDS if getattr(one, name) != getattr(other, name) and not same.get(name)]


def _other_file(mine: tuple[str, int], other: tuple[str, int]) -> bool:
    return mine[1] != other[1] or contradicts(mine[0], other[0])


def contradicts(mine: str, other: str) -> bool:
    """Whether another reading says something else than ours, where its signs for what it cannot read say nothing.

    For each of them there may be any letters but those of ASCII in ours, for these every reader can read.
    """
    if "\ufffd" not in other:
        return mine != other
    place = 0
    for piece in other.split("\ufffd"):
        found = mine.find(piece, place)
        if found < 0 or READABLE.search(mine, place, found):
            return True
        place = found + len(piece)
    return READABLE.search(mine, place) is not None
