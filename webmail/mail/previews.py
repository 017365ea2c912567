"""Previews: the first words of each message, taken from the part that reading it would show (RFC 8970 §2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from webmail.errors import WebmailError
from webmail.imap import fetch
from webmail.imap.connection import Connection
from webmail.message import mime, text
from webmail.message.mime import Part, Shown
from webmail.message.summary import MessageSummary, Uid
from webmail.sanitize import text as sanitized_text

TEXT_OCTETS = 2048
HTML_OCTETS = 12288
"""Newsletters open with a style sheet, so HTML needs a longer beginning."""
LENGTH = 200


def previews(connection: Connection, summaries: Sequence[MessageSummary]) -> dict[Uid, str]:
    """The preview of each message; one FETCH for all messages whose shown part has the same section.

    A message whose beginning cannot be read gets an empty preview: a list never fails for the sake of one.
    """
    wanted: dict[tuple[str, int], list[tuple[Uid, Part]]] = defaultdict(list)
    found: dict[Uid, str] = {}
    for summary in summaries:
        part = first_with_words(mime.shown(summary.structure))
        if part is None or part.size == 0:
            found[summary.uid] = ""
        else:
            wanted[part.section, HTML_OCTETS if part.subtype == "html" else TEXT_OCTETS].append((summary.uid, part))
    for (section, length), parts in wanted.items():
        try:
            beginnings = fetch.beginnings(connection, [uid for uid, _ in parts], section, length)
        except WebmailError:
            if not connection.usable:
                raise
            beginnings = {}
        for uid, part in parts:
            found[uid] = first_words(beginnings.get(uid, b""), part)
    return found


def first_with_words(shown: Shown) -> Part | None:
    """The first text of a body that is not empty."""
    return next((part for part in shown.words if part.size > 2), next(iter(shown.words), None))


def first_words(beginning: bytes, part: Part) -> str:
    """The first readable words of a part, of which ``beginning`` is the first encoded octets."""
    decoded, _ = mime.part_text(beginning, part)
    if part.subtype == "html":
        return sanitized_text.words(decoded, limit=LENGTH)
    return text.first_words(decoded, limit=LENGTH)
