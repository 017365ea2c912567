"""The text of office documents: zip archives of XML, of both families (ISO/IEC 29500, ISO/IEC 26300).

The XML is read as a stream, without a tree, and only the elements that hold words are looked at. A document that declares
entities, of which neither family has any, is left unread: they are the way to make a small file endless.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import IO
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile

MOST_OCTETS = 64 * 1024 * 1024
"""Octets of XML that are unpacked of one document; writers pack about 1:10, bombs 1:1000."""
MOST_MEMBERS = 2000
_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Form:
    """Where a kind of document has its words. Element names are without their namespace."""

    members: tuple[str, ...]
    """Patterns of the names of the archive's members, in the order in which they are read."""
    holders: frozenset[str]
    """Only text in these elements counts."""
    lines: frozenset[str]
    """A line ends with these elements."""
    blanks: frozenset[str] = frozenset()
    skipped: frozenset[str] = frozenset()


_TEXT = Form(
    (r"word/document\d*\.xml", r"word/(?:header|footer|footnotes|endnotes|comments)\d*\.xml"),
    frozenset({"t"}),
    frozenset({"p"}),
    frozenset({"tab", "br", "cr"}),
)
_SHEET = Form(
    (r"xl/workbook\.xml", r"xl/sharedStrings\.xml", r"xl/worksheets/sheet\d+\.xml", r"xl/comments\d*\.xml"),
    frozenset({"t", "v"}),
    frozenset({"si", "c", "comment"}),
    skipped=frozenset({"rPh"}),
)
_SLIDES = Form((r"ppt/slides/slide\d+\.xml", r"ppt/notesSlides/notesSlide\d+\.xml"), frozenset({"t"}), frozenset({"p"}), frozenset({"br"}))
_OPEN = Form(
    (r"content\.xml",),
    frozenset({"p", "h"}),
    frozenset({"p", "h"}),
    frozenset({"s", "tab", "line-break"}),
    frozenset({"tracked-changes"}),
)
_FORMS = {"word/": _TEXT, "xl/": _SHEET, "ppt/": _SLIDES, "content.xml": _OPEN}


def pieces(data: bytes) -> Iterator[str]:
    """The words of a document in its order. Raises anything for what is none."""
    with ZipFile(BytesIO(data)) as archive:
        names = archive.namelist()[:MOST_MEMBERS]
        form = next((form for beginning, form in _FORMS.items() if any(name.startswith(beginning) for name in names)), None)
        if form is None:
            return
        left = MOST_OCTETS
        for pattern in form.members:
            for name in sorted((each for each in names if re.fullmatch(pattern, each)), key=_in_order):
                reading = _Reading(form)
                try:
                    with archive.open(name) as member:
                        yield from _member(member, reading, left=left)
                except (BadZipFile, expat.ExpatError, NotImplementedError, RuntimeError):
                    yield "\n"  # A member that is broken or encrypted costs itself only.
                left -= reading.octets
                if left <= 0:
                    return


def _in_order(name: str) -> tuple[int, str]:
    """Page 2 stands before page 10."""
    found = re.search(r"(\d+)\.xml$", name)
    return int(found[1]) if found else 0, name


def _member(member: IO[bytes], reading: _Reading, *, left: int) -> Iterator[str]:
    while chunk := member.read(_CHUNK):
        reading.octets += len(chunk)
        reading.parser.Parse(chunk)
        yield reading.taken()
        if reading.octets >= left:
            return


class _Reading:
    """One XML stream on its way to words."""

    def __init__(self, form: Form) -> None:
        self.octets = 0
        self._form = form
        self._found: list[str] = []
        self._holding = 0
        self._skipping = 0
        self._shared = False
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._words
        self.parser.EntityDeclHandler = self._entity

    def taken(self) -> str:
        """The words found since the last call."""
        text = "".join(self._found)
        self._found.clear()
        return text

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(" ")[2]
        if local in self._form.skipped:
            self._skipping += 1
        elif local in self._form.holders:
            self._holding += 1
        elif local in self._form.blanks:
            self._found.append(" ")
        elif local == "c":
            # The value of such a cell is only the number of a string that stands elsewhere.
            self._shared = attributes.get("t") == "s"
        elif local == "sheet":
            self._found.append(attributes.get("name", "") + "\n")

    def _end(self, name: str) -> None:
        local = name.rpartition(" ")[2]
        if local in self._form.skipped:
            self._skipping -= 1
        elif local in self._form.holders:
            self._holding -= 1
        if local in self._form.lines:
            self._found.append("\n")

    def _words(self, text: str) -> None:
        if self._holding and not self._skipping and not self._shared:
            self._found.append(text)

    def _entity(self, *_: object) -> None:
        raise ValueError("a document that declares entities")
