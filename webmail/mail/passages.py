"""Passages: the texts of a body and the pictures between them, made into what a page shows of them.

A body is one reading, however many parts it was sent in (``mime.shown``): as plain text a row of passages, as HTML one page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import unquote

from webmail.mail.part_rows import path_of
from webmail.message import text
from webmail.message.mime import Part, ReadText
from webmail.message.text import TextBlock, TextSpan
from webmail.sanitize import text as sanitized_text

Address = Callable[[Part], str]
"""Where a part of the message is shown from."""
_CID = re.compile(r"cid:([^\s\"'<>)]{1,300})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of a plain-text body: words, with the way their lines are to be read, or a picture by its address and name."""

    text: str = ""
    flowed: bool = False
    delsp: bool = False
    picture: str = ""


def address_in(message_id: int) -> Address:
    """The addresses under which the parts of a message are shown."""
    return lambda part: path_of(message_id, part.section, part.filename or "image")


def flowed(part: Part) -> bool:
    """Whether the lines of a text part flow (RFC 3676 §4.1)."""
    return part.subtype != "html" and part.params.get("format", "").lower() == "flowed"


def delsp(part: Part) -> bool:
    """Whether the blank before a soft line break is to be deleted (RFC 3676 §4.1)."""
    return part.params.get("delsp", "").lower() == "yes"


def of_text(part: Part, read: ReadText) -> Passage:
    """A text part as a passage; HTML by its words."""
    if part.subtype == "html":
        return Passage(sanitized_text.as_text(read.text))
    return Passage(text.readable(read.text), flowed=flowed(part), delsp=delsp(part))


def of_parts(parts: Sequence[Part], texts: Mapping[str, ReadText], *, address: Address) -> tuple[Passage, ...]:
    """The passages of a plain reading; ``texts`` are what was read, by their sections."""
    found = []
    for part in parts:
        if part.media_type != "text":
            found.append(Passage(part.filename, picture=address(part)))
        elif part.section in texts:
            found.append(of_text(part, texts[part.section]))
    return tuple(found)


def blocks(passages: Sequence[Passage]) -> tuple[TextBlock, ...]:
    """A plain-text body as blocks for the page. Linear."""
    found: list[TextBlock] = []
    for passage in passages:
        if passage.picture:
            found.append(TextBlock(((TextSpan(passage.text),),), picture=passage.picture))
        elif passage.text.strip():
            found += text.blocks(passage.text, flowed=passage.flowed, delsp=passage.delsp)
    return tuple(found)


def quotable(passages: Sequence[Passage]) -> str:
    """All words of a body as plain lines, for a quotation; what flowed is put together, and pictures are left out."""
    words = [text.unflow(each.text, delsp=each.delsp) if each.flowed else each.text for each in passages if not each.picture]
    if len(words) == 1:
        return words[0]
    return "\n\n".join(each.strip("\n") for each in words if each.strip())


def pages(parts: Sequence[Part], texts: Mapping[str, ReadText]) -> list[str]:
    """The passages of an HTML reading as HTML still to be cleaned. A picture that the HTML places itself is not put in again."""
    placed = {unquote(name) for part in parts if part.section in texts for name in _CID.findall(texts[part.section].text)}
    found = []
    for part in parts:
        if part.media_type != "text":
            if part.content_id not in placed:
                found.append(f'<p><img src="cid:{escape(picture_id(part))}" alt="{escape(part.filename)}"></p>')
        elif part.section in texts:
            read = texts[part.section]
            found.append(read.text if part.subtype == "html" else _markup(of_text(part, read)))
    return found


def picture_id(part: Part) -> str:
    """A name for a picture between texts, of which nobody knows whether its sender gave it one."""
    return f"part-{part.section}"


def _markup(passage: Passage) -> str:
    """A plain text as HTML, for the cleaner: its words, its links, its quotations."""
    found = []
    for block in text.blocks(passage.text, flowed=passage.flowed, delsp=passage.delsp):
        lines = "\n".join("".join(map(_span, line)) for line in block.lines)
        quoted = f'<div style="white-space:pre-wrap">{lines}</div>'
        found.append(f"{'<blockquote>' * min(block.quote, 8)}{quoted}{'</blockquote>' * min(block.quote, 8)}")
    return "".join(found)


def _span(span: TextSpan) -> str:
    return f'<a href="{escape(span.href)}">{escape(span.text)}</a>' if span.href else escape(span.text)
