"""What two readers make of the same mail: ours through a real IMAP server, and an independent parser of another language."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from webmail.imap import fetch
from webmail.imap.connection import Connection
from webmail.message import mime
from webmail.message.summary import MessageSummary
from webmail.sanitize import text as sanitized_text

HERE = Path(__file__).parent
WORD = re.compile(r"\w+")
LIMIT = 16 << 20


@dataclass(frozen=True)
class Reading:
    """One message as a reader understands it; ``words`` counts the words of its body, ``files`` are names and sizes in octets."""

    subject: str
    sender: tuple[str, ...]
    to: tuple[str, ...]
    cc: tuple[str, ...]
    date: datetime | None
    words: Mapping[str, int]
    files: tuple[tuple[str, int], ...]


FIELDS = tuple(Reading.__dataclass_fields__)


def words_of(text: str) -> Mapping[str, int]:
    return Counter(WORD.findall(text.casefold()))


def one_line(text: str) -> str:
    return " ".join(text.replace("\0", "").split())


def theirs(paths: Sequence[Path]) -> dict[Path, Reading]:
    """What the independent parser reads, as a reading."""
    return {path: _theirs(found) for path, found in parsed(paths).items()}


def parsed(paths: Sequence[Path]) -> dict[Path, dict[str, Any]]:
    """What the independent parser says of each message; one process for all."""
    node = shutil.which("node")
    assert node is not None
    lines = (
        subprocess.run(
            [node, "read.mjs"], input="\n".join(map(str, paths)), cwd=HERE, capture_output=True, text=True, check=True, timeout=300
        )
        .stdout.strip("\n")
        .split("\n")
    )
    return {Path(found["path"]): found for found in map(json.loads, lines)}


def _theirs(found: dict[str, Any]) -> Reading:
    text, html = str(found["text"]), str(found["html"])
    attachments = [each for each in found["attachments"] if not each["related"]]
    return Reading(
        subject=one_line(str(found["subject"])),
        sender=_addresses(found["from"]),
        to=_addresses(found["to"]),
        cc=_addresses(found["cc"]),
        date=_moment(str(found["date"])),
        words=words_of(text or sanitized_text.words(html, limit=LIMIT)),
        files=tuple(sorted((one_line(each["name"]), each["size"]) for each in attachments)),
    )


def _addresses(found: Sequence[Any]) -> tuple[str, ...]:
    return tuple(str(each).lower() for each in found if each)


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)
    except ValueError:
        return None


def ours(connection: Connection, summary: MessageSummary) -> Reading:
    """What we read of a message of the mailbox selected: the texts that are quoted, and the files that are listed."""
    envelope, root = summary.envelope, summary.structure
    wanted = {part.section: LIMIT for part in mime.shown(root).words if part.media_type == "text"}
    found = fetch.sections(connection, summary.uid, wanted) if wanted else {}
    texts, files = [], []
    for part in mime.shown(root).words:
        if part.section in found:
            read = mime.read_text(found[part.section], part)
            texts.append(sanitized_text.words(read.text, limit=LIMIT) if part.subtype == "html" else read.text)
            files += [(one_line(each.name), size_of(each.octets)) for each in read.files]
    for each in mime.attachments(root):
        octets = mime.decode_body(fetch.part(connection, summary.uid, each.section, limit=LIMIT), encoding=each.encoding)
        files.append((one_line(each.filename), size_of(octets)))
    return Reading(
        subject=one_line(envelope.subject),
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
    """The fields in which two readings differ."""
    return [name for name in FIELDS if getattr(one, name) != getattr(other, name)]
