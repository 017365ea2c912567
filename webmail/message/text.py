"""Plain-text bodies as data for a page: flowed lines, quotes, links, signatures (RFC 3676).

What comes out is words and addresses of links, never HTML: a template escapes it, and nothing looks for links in
markup that was already made. Every pass is linear in the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from webmail.address import printable


@dataclass(frozen=True, slots=True)
class TextSpan:
    """A run of a plain-text body: words, or a link when ``href`` is set; ``hit`` for words that were searched for."""

    text: str
    href: str = ""
    hit: bool = False


@dataclass(frozen=True, slots=True)
class TextBlock:
    """A block of a plain-text body: ``quote`` levels deep, or the signature, or a ``picture`` by its address, its name the one line."""

    lines: tuple[tuple[TextSpan, ...], ...]
    quote: int = 0
    signature: bool = False
    picture: str = ""


_SIGNATURE = "-- "
_MAX_QUOTE = 50
_SOFT_WIDTH = 72
# Controls, halves of surrogate pairs, and the two characters that turn the order of letters around against their script.
_CONTROLS = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")
_UNWANTED = re.compile(r"[\x00\ud800-\udfff\u202d\u202e]")
# More combining marks on one letter than a writing has: a browser needs their square in time to draw them.
_MARKS = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_MANY_MARKS = re.compile(f"({_MARKS}{{32}}){_MARKS}+")
_QUOTED = re.compile(r"(?:>[ ]?)++|(?:[ ]?>)++[ ]?")


def blocks(text: str, *, flowed: bool = False, delsp: bool = False) -> tuple[TextBlock, ...]:
    """A plain-text body as blocks of equal quoting depth and the signature, with its links found.

    ``flowed`` and ``delsp`` are the parameters of the part. Linear time. RFC 3676 §4.
    """
    text = _MANY_MARKS.sub(r"\1", text)
    lines = _flowed_lines(text, delsp=delsp) if flowed else _plain_lines(text)
    marks = [number for number, (quote, line) in enumerate(lines) if quote == 0 and line == _SIGNATURE]
    body = lines[: marks[-1]] if marks else lines
    found: list[TextBlock] = []
    start = 0
    for end in range(1, len(body) + 1):
        if end == len(body) or body[end][0] != body[start][0]:
            found.append(TextBlock(tuple(spans(line) for _, line in body[start:end]), quote=body[start][0]))
            start = end
    if marks:
        found.append(TextBlock(tuple(spans(">" * quote + line) for quote, line in lines[marks[-1] :]), signature=True))
    return tuple(found)


def highlighted(blocks: Iterable[TextBlock], *, hits: Callable[[str], Sequence[tuple[int, int]]]) -> tuple[TextBlock, ...]:
    """The same blocks with the pieces that ``hits`` names of each run (from and to, in order, apart) as runs of their own."""
    return tuple(replace(block, lines=tuple(tuple(_marked(line, hits)) for line in block.lines)) for block in blocks)


def _marked(line: Iterable[TextSpan], hits: Callable[[str], Sequence[tuple[int, int]]]) -> Iterator[TextSpan]:
    for span in line:
        place = 0
        for start, end in hits(span.text):
            if start > place:
                yield replace(span, text=span.text[place:start])
            yield replace(span, text=span.text[start:end], hit=True)
            place = end
        if place < len(span.text) or not span.text:
            yield replace(span, text=span.text[place:])


def readable(text: str) -> str:
    """A plain text as it is shown, quoted and searched: LF line ends, and a blank for a control character, which divides words.

    A page break is one. NUL, halves of surrogate pairs and signs that turn the direction of what follows are nothing.
    """
    return _UNWANTED.sub("", _CONTROLS.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n")))


def _lines(text: str) -> list[str]:
    """The lines of a text without the empty ones at its end."""
    return readable(text).rstrip("\n").split("\n")


def _plain_lines(text: str) -> list[tuple[int, str]]:
    """Lines with their quoting depth: the ``>`` in front, with or without blanks between."""
    found = []
    for line in _lines(text):
        if line[:1] in (">", " ") and (mark := _QUOTED.match(line)):
            found.append((min(mark.group().count(">"), _MAX_QUOTE), line[mark.end() :]))
        else:
            found.append((0, line))
    return found


def _flowed_lines(text: str, *, delsp: bool) -> list[tuple[int, str]]:
    """Lines of a flowed text put together again (RFC 3676 §4.1-4.5)."""
    found: list[tuple[int, str]] = []
    waiting: list[str] = []
    depth = 0
    for line in _lines(text):
        rest = line.lstrip(">")
        quote = min(len(line) - len(rest), _MAX_QUOTE)
        rest = rest.removeprefix(" ")
        if waiting and (quote != depth or rest == _SIGNATURE):
            # The depth changed in the middle of a paragraph: the sender forgot to end it.
            found.append((depth, "".join(waiting).rstrip(" ")))
            waiting = []
        depth = quote
        if rest.endswith(" ") and rest != _SIGNATURE:
            waiting.append(rest[:-1] if delsp else rest)
        else:
            found.append((quote, "".join([*waiting, rest])))
            waiting = []
    if waiting:
        found.append((depth, "".join(waiting).rstrip(" ")))
    return found


def unflow(text: str, *, delsp: bool = False) -> str:
    """A flowed text as plain lines, one for each paragraph, quotes marked with ``>``; empty lines at its end stay. RFC 3676."""
    text = text.replace("\r\n", "\n")
    lines = (">" * quote + (" " if quote and line else "") + line for quote, line in _flowed_lines(text, delsp=delsp))
    return "\n".join(lines) + "\n" * (len(text) - len(text.rstrip("\n")))


def flow(text: str) -> str:
    """A text as flowed lines of at most 72 characters, as far as there are blanks to break them at (RFC 3676 §4.2).

    Quoted lines stay as long as they are: some programs leave the marks in when they put them together. ``unflow`` gives back the same
    text unless lines of it end in blanks or are quoted without one; whoever needs the very same has to look.
    """
    return "\n".join(piece for line in text.split("\n") for piece in _soft_lines(line))


def _soft_lines(line: str) -> Iterator[str]:
    if line == _SIGNATURE:
        yield line
        return
    rest = line.lstrip(">")
    mark = line[: len(line) - len(rest)]
    rest = (rest.removeprefix(" ") if mark else rest).rstrip(" ")
    while len(rest) > _SOFT_WIDTH and not mark:
        end = rest.rfind(" ", 1, _SOFT_WIDTH) if " " in rest[1:_SOFT_WIDTH] else rest.find(" ", _SOFT_WIDTH)
        if end < 0:
            break
        yield _stuffed(mark, rest[: end + 1])
        rest = rest[end + 1 :]
    yield _stuffed(mark, rest)


def _stuffed(mark: str, piece: str) -> str:
    """A line behind its quotation marks, with the blank that keeps its beginning from being read as something else (RFC 3676 §4.4)."""
    return mark + (" " if piece and (mark or piece.startswith((" ", ">", "From "))) else "") + piece


_MAX_LINK = 8_000
# What can stand in a link. Never angle brackets or quotation marks: wherever it is written later, nothing gets out of it.
_LINK_END = (
    r"\s<>\"'`\\{}\x00-\x20\x7f-\xa0\u00ab\u00bb\u2018-\u201f\u2039\u203a\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    r"\u3000-\u303f\ufeff\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
)
_TRIGGER = re.compile(r"https?://|mailto:|www\.|@", re.IGNORECASE)
_HOST = rf"(?:\[[0-9A-Fa-f:.]{{2,45}}\]|[^{_LINK_END}/?#@:()\[\],;!|*]{{1,255}}+)"
_URL = re.compile(rf"https?://(?:[^{_LINK_END}/?#@]{{1,255}}+@)?{_HOST}(?::[0-9]{{1,5}})?(?:[/?#][^{_LINK_END}]*+)?", re.IGNORECASE)
_WWW = re.compile(
    rf"www\.(?=[^{_LINK_END}/?#@:.])[^{_LINK_END}/?#@:()\[\],;!|*]{{1,250}}+(?::[0-9]{{1,5}})?(?:[/?#][^{_LINK_END}]*+)?", re.IGNORECASE
)
_MAILTO = re.compile(
    r"mailto:[A-Za-z0-9.!#$%&*+/=?^_~-]{1,64}+@[A-Za-z0-9.-]{1,255}+(?:\?[A-Za-z0-9%&=.,;:@/+_-]{0,2000}+)?", re.IGNORECASE
)
_LOCAL_END = re.compile(r"[A-Za-z0-9.!#$%&*+/=?^_~-]{1,64}\Z")
_DOMAIN = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}+)\.){1,8}[A-Za-z]{2,24}+(?![A-Za-z0-9-])|www\.[a-z]{2,24}+(?![A-Za-z0-9-])")
_WORD_BEFORE = re.compile(r"[A-Za-z0-9_@.\-]\Z")
_TRAILING = ".,;:!?*_~|"
_PAIRS = {")": "(", "]": "["}


def _trimmed(link: str) -> str:
    """The link without the punctuation of the sentence around it; brackets that it opened itself stay."""
    opened = {close: link.count(start) - link.count(close) for close, start in _PAIRS.items()}
    end = len(link)
    while end:
        last = link[end - 1]
        if last in _PAIRS and opened[last] < 0:
            opened[last] += 1
        elif last not in _TRAILING:
            break
        end -= 1
    return link[:end]


def _address_around(line: str, at: int, *, begin: int) -> tuple[int, int, str] | None:
    """The addr-spec around the ``@`` at a place of a line: where it begins and ends, and its link."""
    local = _LOCAL_END.search(line[max(begin, at - 64) : at])
    domain = _DOMAIN.match(line, at + 1)
    if local is None or domain is None:
        return None
    name = local.group().lstrip(".!#$%&*+/=?^~-")
    if not name or name.endswith("."):
        return None
    spec = f"{name}@{domain.group()}"
    return at - len(name), domain.end(), "mailto:" + spec.replace("%", "%25").replace("?", "%3F").replace("&", "%26").replace("#", "%23")


def _link_at(line: str, trigger: re.Match[str], *, begin: int) -> tuple[int, int, str] | None:
    """The link that begins, or has its ``@``, where the trigger stands: its begin, its end, its address; none if too long."""
    place, kind = trigger.start(), trigger.group().lower()
    if kind == "@":
        return _address_around(line, place, begin=begin)
    if place > begin and _WORD_BEFORE.match(line, place - 1, place):
        return None
    found = {"mailto:": _MAILTO, "www.": _WWW}.get(kind, _URL).match(line, place)
    if found is None:
        return None
    if found.end() - place > _MAX_LINK:
        # Passed over as a whole: looking for links inside would read the rest of the line again for each.
        return place, found.end(), ""
    link = _trimmed(found.group())
    if len(link) <= len(kind):
        return None
    return place, place + len(link), f"http://{link}" if kind == "www." else kind + link[len(kind) :]


def _links(line: str) -> Iterator[tuple[int, int, str]]:
    begin = 0
    position = 0
    while trigger := _TRIGGER.search(line, position):
        found = _link_at(line, trigger, begin=begin)
        if found is None:
            position = trigger.end()
        else:
            if found[2]:
                yield found
            begin = position = found[1]


def spans(line: str) -> tuple[TextSpan, ...]:
    """A line as words and links, in order; joined they are the line."""
    if "://" not in line and "@" not in line and "." not in line and ":" not in line:
        return (TextSpan(line),) if line else ()
    spans: list[TextSpan] = []
    end = 0
    for start, stop, href in _links(line):
        if start > end:
            spans.append(TextSpan(line[end:start]))
        spans.append(TextSpan(line[start:stop], href))
        end = stop
    if end < len(line):
        spans.append(TextSpan(line[end:]))
    return tuple(spans)


def first_words(text: str, *, limit: int = 200) -> str:
    """The first words of a body on one line, for a list: what was quoted only if nothing else is there. RFC 8970 §3.1."""
    lines = _plain_lines(text[:20_000])
    own: list[str] = []
    for quote, line in lines:
        if line == _SIGNATURE and quote == 0:
            break
        if quote == 0:
            own.append(line)
    words = printable(" ".join(own)).split() or printable(" ".join(line for _, line in lines)).split()
    return _cut(" ".join(words), limit)


def _cut(words: str, limit: int) -> str:
    """At most ``limit`` characters, ending with a whole word where words are not longer than that."""
    if len(words) <= limit:
        return words
    cut = words[: limit + 1].rpartition(" ")[0]
    return cut if len(cut) >= limit // 2 else words[:limit]


def without_signature(text: str) -> str:
    """The text up to its signature line (RFC 3676 §4.3)."""
    place = ("\n" + text).rfind("\n-- \n")
    return text[:place].rstrip("\n") if place >= 0 else text


def quote(text: str) -> str:
    """The text as a reply quotes it: one ``>`` more in front of every line (RFC 3676 §4.5)."""
    return "\n".join(f">{line}" if line.startswith(">") else f"> {line}".rstrip() for line in _lines(text))
