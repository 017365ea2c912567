"""Reading any HTML into an lxml tree: bounded, never failing, and shaped as a browser would shape it.

libxml2 closes elements by rules older than HTML5: a ``<p>`` ends an open ``<b>``, a ``<table>`` ends an open ``<a>``, and a
linked table would lose its link. Elements it treats so get another name while it reads (``shield``), which it does not know
and leaves alone; the real structure is decided later, by the HTML5 parser inside bleach. libxml2 is here for what that parser
is too slow for: nesting without end, and throwing away what nobody should look at.
"""

from __future__ import annotations

import re
from enum import Enum
from itertools import islice
from typing import NamedTuple, cast

from lxml import etree

from webmail.sanitize.escape import BOX

# About as much as a browser shows without trouble; newsletters have 30 to 150 KB.
MAX_HTML = 512 * 1024
_SHIELD = "wm-"
_SHIELDED = """
a abbr acronym address b bdi bdo big blockquote button center cite code del dfn dir dl em fieldset font form h1 h2 h3 h4 h5 h6
i ins kbd label legend mark menu nobr ol optgroup pre q s samp select small span strike strong sub summary sup tt u ul var
"""
_NAMES = re.compile(rf"<(/?)((?:{'|'.join(sorted(_SHIELDED.split(), key=len, reverse=True))})(?=[\s/>]))", re.IGNORECASE)
_UNSHIELD = re.compile(rf"<(/?){_SHIELD}")
_ENDS = re.compile(r"</(?:body|html)\s*>", re.IGNORECASE)
_CONTROLS = re.compile(r"[\x01-\x08\x0b\x0e-\x1f]")
_SURROGATES = re.compile(r"[\ud800-\udfff]")
# Pictures written into the HTML would push the words behind the limit; of a message that is too long they go first.
_PICTURES = re.compile(r"data:image/[a-z.+-]{1,20};base64,[A-Za-z0-9+/=]{8192,}", re.IGNORECASE)


class Mode(Enum):
    """By which rules a browser lays a document out (HTML, parsing, "The initial insertion mode")."""

    QUIRKS = "quirks"
    LIMITED_QUIRKS = "limited"
    STANDARDS = "standards"


_BEFORE_DOCTYPE = 4096
_OLD_TYPES = (
    "-//w3c//dtd html 4.0 transitional//",
    "-//w3c//dtd html 4.0 frameset//",
    "-//w3c//dtd html 3",
    "-//w3c//dtd w3 html",
    "-//w3c//dtd html experimental",
    "-//ietf//",
    "-//netscape",
    "-//microsoft//",
    "-//softquad",
    "-//sun",
    "-//spyglass",
    "-//webtechs",
    "-//o'reilly",
    "-//as//",
    "-//metrius",
    "-//w3o",
)
_PUBLIC = re.compile(r"""doctype\s+html\s+public\s*["']([^"'>]*)["']\s*(["']?)""")


def mode(html: str) -> Mode:
    """The mode in which a browser would show this text, by the document type at its beginning. Bounded."""
    head = html[:_BEFORE_DOCTYPE].lower().lstrip("\ufeff \t\r\n\f")
    while head.startswith(("<!--", "<?")):
        end = "-->" if head.startswith("<!--") else ">"
        head = head.partition(end)[2].lstrip()
    if not head.startswith("<!doctype"):
        return Mode.QUIRKS
    declared = _PUBLIC.match(head[2:])
    if declared is None:
        return Mode.STANDARDS
    name, has_system = declared[1].strip(), bool(declared[2])
    if name.startswith(_OLD_TYPES):
        return Mode.QUIRKS
    if name.startswith(("-//w3c//dtd html 4.01 transitional//", "-//w3c//dtd html 4.01 frameset//")):
        return Mode.LIMITED_QUIRKS if has_system else Mode.QUIRKS
    return (
        Mode.LIMITED_QUIRKS
        if name.startswith(("-//w3c//dtd xhtml 1.0 transitional//", "-//w3c//dtd xhtml 1.0 frameset//"))
        else Mode.STANDARDS
    )


class Reading(NamedTuple):
    """A tree (None: there is nothing in it), whether something of the message is missing, and whether its tags do not fit together."""

    root: etree._Element | None
    cut: bool
    broken: bool = False


def read(html: str, *, limit: int = MAX_HTML) -> Reading:
    """The tree of ``html``, of its first ``limit`` characters at most. Linear; never raises."""
    pictures = 0
    if len(html) > limit:
        html, pictures = _PICTURES.subn("", html)
    cut = pictures > 0 or len(html) > limit
    # What follows the end of the page is shown by browsers as if it stood before it.
    source = _ENDS.sub("", storable(html[:limit]))
    reading = _parse(_NAMES.sub(rf"<\1{_SHIELD}\2", source))
    if reading.cut:
        # Elements that are never closed nest without end; libxml2's own rules close most of them.
        plain = _parse(source)
        reading = reading if plain.cut else plain
    return Reading(reading.root, cut or reading.cut, reading.broken)


def storable(text: str) -> str:
    """The text without halves of characters, which cannot be encoded, and with a box for each control, as browsers draw it."""
    return _CONTROLS.sub(BOX, _SURROGATES.sub("\ufffd", text.replace("\0", "")))


def _parse(source: str) -> Reading:
    parser = etree.HTMLParser(encoding="utf-8", recover=True, remove_comments=True, remove_pis=True, no_network=True, huge_tree=True)
    try:
        root = etree.fromstring(source.encode(), parser)
    except (etree.ParserError, etree.XMLSyntaxError):
        # Comments only, or nothing at all.
        root = None
    fatal = any(entry.level_name == "FATAL" for entry in parser.error_log)
    return Reading(root, fatal, any(entry.type == etree.ErrorTypes.ERR_TAG_NAME_MISMATCH for entry in parser.error_log))


def tag_name(element: etree._Element) -> str:
    """The name the message gave this element, in lower case; ``""`` for what is no element."""
    tag = element.tag
    return tag.removeprefix(_SHIELD) if isinstance(tag, str) else ""


def attributes(element: etree._Element, *, limit: int) -> list[tuple[str, str]]:
    """The first ``limit`` attributes, names in lower case."""
    return cast("list[tuple[str, str]]", element.items()[:limit])


def first_words(element: etree._Element, *, limit: int = 300, pieces: int = 40) -> str:
    """The first words inside an element, whatever elements they are in; a bounded look."""
    found, length = list[str](), 0
    for text in islice(element.itertext(), pieces):
        found.append(unshielded(text if isinstance(text, str) else "")[:limit])
        length += len(found[-1])
        if length > limit:
            break
    return " ".join("".join(found).split())[:limit]


def unshielded(text: str) -> str:
    """``text`` as the message had it: what looks like a tag within a text was shielded as well."""
    return _UNSHIELD.sub(r"<\1", text) if "<" in text else text
