"""What somebody wrote in markdown, as HTML still to be cleaned (CommonMark, with tables, strikethrough and line ends kept).

Words of others are never read as markdown: what stands behind ``>`` was quoted, and its stars and number signs are its own. So is the
signature. HTML in it is text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from webmail.message.text import TextBlock, TextSpan, blocks, spans

_SIGNATURE = "-- "
_FENCE = re.compile(r" {0,3}(```+|~~~+)")
_DEEPEST = 8


def _with_links(state: StateCore) -> None:
    """Links that the writer did not mark, found as in every plain text."""
    for token in state.tokens:
        if token.type == "inline" and token.children:
            token.children = _linked(token.children)


def _linked(tokens: Sequence[Token]) -> list[Token]:
    found, within = list[Token](), 0
    for token in tokens:
        within += (token.type == "link_open") - (token.type == "link_close")
        found += _split(token) if token.type == "text" and not within else [token]
    return found


def _split(token: Token) -> list[Token]:
    found = []
    for span in spans(token.content):
        word = Token("text", "", 0, content=span.text)
        opened = Token("link_open", "a", 1, attrs={"href": span.href})
        found += [opened, word, Token("link_close", "a", -1)] if span.href else [word]
    return found


_READER = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])
_READER.core.ruler.push("links", _with_links)


def to_html(text: str, *, signature: str = "") -> str:
    """The text as a fragment of HTML. ``signature`` is HTML that takes the place of the signature in the text.

    Linear, never raises. Links that the writer did not mark are links too.
    """
    return "".join(_written(kind, lines, signature) for kind, lines in _runs(text))


def plain_to_html(text: str, *, signature: str = "") -> str:
    """A text in which nothing is marked as a fragment of HTML: its lines, links and quotations as they are."""
    return "".join(
        _verbatim("\n".join(lines)) if kind != "signature" or not signature else _signed(signature) for kind, lines in _runs(text)
    )


def _written(kind: str, lines: Sequence[str], signature: str) -> str:
    if kind == "signature" and signature:
        return _signed(signature)
    return str(_READER.render("\n".join(lines))) if kind == "own" else _verbatim("\n".join(lines))


def _runs(text: str) -> list[tuple[str, list[str]]]:
    """The lines in runs: ``own`` words, what is ``quoted``, and the ``signature``, which ends where a quotation or a gap begins."""
    found: list[tuple[str, list[str]]] = []
    fence, signed = "", False
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if mark and not signed:
            fence = "" if fence and mark[1].startswith(fence) else fence or mark[1]
        signed = (signed and bool(line.strip()) and not line.startswith(">")) or (line == _SIGNATURE and not fence)
        kind = "signature" if signed else "quoted" if line.startswith(">") and not fence else "own"
        if found and found[-1][0] == kind:
            found[-1][1].append(line)
        else:
            found.append((kind, [line]))
    return found


def _signed(signature: str) -> str:
    return f"<div>-- <br>{signature}</div>"


def _verbatim(text: str) -> str:
    return "".join(map(_block, blocks(text)))


def _block(block: TextBlock) -> str:
    lines = "<br>".join("".join(map(_span, line)) for line in block.lines)
    depth = min(block.quote, _DEEPEST)
    return f"{'<blockquote>' * depth}<div>{lines}</div>{'</blockquote>' * depth}"


def _span(span: TextSpan) -> str:
    words = escape(span.text).replace("  ", " &nbsp;")
    return f'<a href="{escape(span.href)}">{words}</a>' if span.href else words
