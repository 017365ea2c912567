"""The words of a message's HTML as plain text: whole, for quoting and the index, or just the first ones, for a list.

Only what the message shows is read: what it hides by ``display:none`` and the like is not quoted back to its sender (a
hidden part of a reply has been used to get a decrypted text out of a reader), and does not speak for it in a list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from lxml import etree

from webmail.sanitize import policy
from webmail.sanitize.links import safe_link
from webmail.sanitize.tree import MAX_HTML, first_words, read, tag_name, unshielded

_Kind = Literal["words", "code", "line", "paragraph", "cell", "rule", "quote", "unquote", "list", "unlist", "item"]
_Piece = tuple[_Kind, str]

_PARAGRAPHS = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "table", "dl", "figure", "details", "listing", "xmp", "plaintext"})
_LINE_NAMES = """
address article aside body caption center dd dialog div dt fieldset figcaption footer form header hgroup html legend main marquee nav
option search section summary tr
"""
_LINES = frozenset(_LINE_NAMES.split())
_LISTS = frozenset({"ul", "ol", "dir", "menu"})
_PREFORMATTED = frozenset({"pre", "listing", "xmp", "plaintext", "textarea"})
_HIDDEN = re.compile(
    r"(?:^|;)(?:display:none|visibility:hidden|mso-hide:all|(?:opacity|max-height):0*(?:\.0*)?(?:px|pt|em|%)?)(?:!important)?(?:;|$)"
)
_SPACES = re.compile(r"\s+")
# Characters without a width that senders put after the first words by the hundred, and marks that change the order of a line.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2060-\u2064\ufeff]"
)
_ORDER = re.compile("[\u202a-\u202e\u2066-\u2069]")
# Joiners belong into words of some languages and into emoji; alone, or several of them, they are filling.
_FILLING = re.compile("[\\s\u200c\u200d\u2800\u3164]+")
_MAX_INDENT = 10
_MAX_QUOTES = 20
_FIRST_LOOK = 32 * 1024


def as_text(html: str, *, links: bool = False) -> str:
    """All visible words as readable text: paragraphs apart, lists with marks, quotations behind ``>``. Linear; never raises.

    With ``links`` the address of a link stands in angle brackets behind its words, where these say something else.
    """
    root = read(html).root
    if root is None:
        return ""
    page = _Page()
    for kind, value in _pieces(root, links=links):
        page.add(kind, value)
    return page.text()


def words(html: str, *, limit: int) -> str:
    """The first visible words on one line, ``limit`` characters at most. Never raises.

    Looks at the beginning first and at more only while words are missing, so a long message costs as little as a short one.
    """
    look = _FIRST_LOOK
    while True:
        found = _first_words(html, look=look, limit=limit)
        if len(found) > limit or look >= min(len(html), MAX_HTML):
            break
        look *= 4
    if len(found) <= limit:
        return found
    cut = found[: limit + 1]
    at_word = cut.rfind(" ", max(0, limit - 30))
    return cut[:at_word] if at_word > 0 else found[:limit]


def _first_words(html: str, *, look: int, limit: int) -> str:
    root = read(html, limit=look).root
    parts: list[str] = []
    length = 0
    for kind, value in _pieces(root) if root is not None else ():
        part = _on_one_line(value) if kind in ("words", "code") else " "
        if part != " " or (parts and parts[-1] != " "):
            parts.append(part)
            length += len(part)
        if length > limit + 1:
            # One more look at the joined text: at the joints blanks fall together.
            joined = _on_one_line("".join(parts)).strip()
            if len(joined) > limit:
                return joined
            parts, length = [joined, " "], len(joined) + 1
    return _on_one_line("".join(parts)).strip()


def _on_one_line(text: str) -> str:
    text = _ORDER.sub("", _INVISIBLE.sub("", text))
    return _FILLING.sub(_filling, text)


def _filling(found: re.Match[str]) -> str:
    run = found[0]
    if run in ("\u200c", "\u200d"):
        return run
    return " " if any(character not in "\u200c\u200d" for character in run) else ""


def _pieces(root: etree._Element, *, links: bool = False) -> Iterator[_Piece]:
    """What a reader sees, in order. One walk, no recursion."""
    walk = etree.iterwalk(root, events=("start", "end"))
    preformatted = 0
    skipped: etree._Element | None = None
    for event, element in walk:
        name = tag_name(element)
        if event == "start":
            if name in policy.DROPPED or not name or _hidden(element):
                skipped = element
                walk.skip_subtree()
                continue
            preformatted += name in _PREFORMATTED
            yield from _start(name, element)
            if element.text:
                yield ("code" if preformatted else "words"), unshielded(element.text)
            continue
        if element is skipped:
            skipped = None
        else:
            preformatted -= name in _PREFORMATTED
            yield from _end(name)
            if links and name == "a":
                yield "words", _address_behind(element)
        if element.tail and element is not root:
            yield ("code" if preformatted else "words"), unshielded(element.tail)


def _address_behind(element: etree._Element) -> str:
    """Where a link leads, for whoever sees only its words; nothing where these are the address."""
    link = safe_link(unshielded(element.get("href", "")))
    bare = link.removeprefix("mailto:").removeprefix("tel:")
    shown = first_words(element, limit=len(link) + 10, pieces=20)
    known = {link, bare, bare.rstrip("/"), bare.partition("://")[2].rstrip("/")}
    return "" if not link or not shown or shown in known else f" <{bare}>"


def _start(name: str, element: etree._Element) -> Iterator[_Piece]:
    if name == "br":
        yield "line", "br"
    elif name == "img":
        yield "words", unshielded(element.get("alt", ""))
    elif name in ("td", "th"):
        yield "cell", ""
    elif name == "hr":
        yield "rule", ""
    elif name == "li":
        yield "item", ""
    elif name == "blockquote":
        yield "quote", ""
    elif name in _LISTS:
        yield "list", element.get("start", "1") if name == "ol" else ""
    else:
        yield from _around(name)


def _end(name: str) -> Iterator[_Piece]:
    if name == "blockquote":
        yield "unquote", ""
    elif name in _LISTS:
        yield "unlist", ""
    elif name == "li":
        yield "line", ""
    elif name in ("td", "th"):
        yield "cell", ""
    else:
        yield from _around(name)


def _around(name: str) -> Iterator[_Piece]:
    if name in _PARAGRAPHS:
        yield "paragraph", ""
    elif name in _LINES:
        yield "line", ""


def _hidden(element: etree._Element) -> bool:
    return element.get("hidden") is not None or hides(element.get("style", ""))


def hides(style: str) -> bool:
    """Whether a style hides its element from every reader."""
    return bool(style) and _HIDDEN.search(_SPACES.sub("", style[:2000]).lower()) is not None


class _Page:
    """Lines of text as they fill up."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line: list[str] = []
        self._blank = False
        self._quotes = 0
        self._quotes_before = 0
        self._lists: list[int | None] = []
        self._mark = ""

    def add(self, kind: _Kind, value: str) -> None:
        """Take one piece into the text."""
        if kind == "words":
            self._words(_SPACES.sub(" ", _INVISIBLE.sub("", value)))
        elif kind == "code":
            self._code(value)
        elif kind == "cell":
            self._words(" ")
        elif kind == "rule":
            self._paragraph()
            self._words("-" * 20)
            self._paragraph()
        elif kind == "paragraph":
            self._paragraph()
        elif kind == "line":
            self._line_end(forced=value == "br")
        else:
            self._structure(kind, value)

    def text(self) -> str:
        """All of it; no blank line at either end."""
        self._line_end()
        return "\n".join(self._lines).strip("\n")

    def _structure(self, kind: _Kind, value: str) -> None:
        if kind == "item":
            self._line_end()
            self._mark = self._next_mark()
            return
        if kind in ("quote", "unquote") or len(self._lists) == (kind == "unlist"):
            self._paragraph()
        else:
            self._line_end()
        if kind == "list":
            self._lists.append(int(value) if re.fullmatch(r"[0-9]{1,9}", value) else 1 if value else None)
        elif kind == "unlist" and self._lists:
            self._lists.pop()
        elif kind in ("quote", "unquote"):
            self._quotes = max(0, self._quotes + (1 if kind == "quote" else -1))

    def _next_mark(self) -> str:
        number = self._lists[-1] if self._lists else None
        if number is None:
            return "- "
        self._lists[-1] = number + 1
        return f"{number}. "

    def _words(self, text: str) -> None:
        if text.startswith(" ") and (not self._line or self._line[-1].endswith(" ")):
            text = text[1:]
        if text:
            self._line.append(text)

    def _code(self, text: str) -> None:
        first, *others = _INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\t", "    ")).split("\n")
        self._line.append(first)
        for other in others:
            self._line_end(forced=True)
            self._line.append(other)

    def _paragraph(self) -> None:
        self._line_end()
        self._blank = bool(self._lines)

    def _line_end(self, *, forced: bool = False) -> None:
        text = "".join(self._line).rstrip()
        self._line.clear()
        if not text:
            self._blank = self._blank or (forced and bool(self._lines))
            return
        if self._blank:
            self._lines.append(">" * min(self._quotes, self._quotes_before, _MAX_QUOTES))
            self._blank = False
        depth = min(self._quotes, _MAX_QUOTES)
        indent = "  " * min(max(len(self._lists) - 1, 0), _MAX_INDENT)
        if self._lists and not self._mark:
            indent += "  "
        self._lines.append(f"{'>' * depth}{' ' if depth else ''}{indent}{self._mark}{text}")
        self._mark = ""
        self._quotes_before = self._quotes
