"""A plain-text body arranged for reading: quotes nested, the quoted tail folded away, the signature apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from webmail.message.text import TextBlock

LONG = 24
"""A quotation of more lines than fit on half a screen is folded wherever it stands, if there are words of the sender's own."""
DEEPEST = 8
"""Levels of quoting drawn; deeper ones are drawn at this level."""


@dataclass(slots=True)
class Quote:
    """A quoted passage: blocks and passages quoted inside it, in order."""

    content: list[TextBlock | Quote] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of a body: own words, a quoted passage (``quote``), or the signature. ``folded`` runs start closed."""

    blocks: tuple[TextBlock, ...] = ()
    quote: Quote | None = None
    signature: bool = False
    folded: bool = False


def runs(blocks: Sequence[TextBlock]) -> list[Run]:
    """The body as runs. A quotation that ends the message and follows own words is folded, and a long one anywhere among them."""
    found = [_run(kind, tuple(group)) for kind, group in groupby(blocks, key=_kind)]
    tail = next((index for index in range(len(found) - 1, -1, -1) if not found[index].signature), -1)
    if tail > 0 and found[tail].quote is not None:
        found[tail] = Run(quote=found[tail].quote, folded=True)
    if any(run.quote is None and not run.signature and _says_something(run) for run in found):
        found = [replace(run, folded=True) if run.quote is not None and _lines(run.quote) > LONG else run for run in found]
    return found


def _says_something(run: Run) -> bool:
    """Whether there are more than the line that says who wrote what follows."""
    return sum(any(span.text.strip() for span in line) for block in run.blocks for line in block.lines) > 1


def _lines(quote: Quote) -> int:
    """The lines of a quotation, with those quoted in it."""
    count, waiting = 0, [quote]
    while waiting:
        for each in waiting.pop().content:
            if isinstance(each, Quote):
                waiting.append(each)
            else:
                count += len(each.lines)
    return count


def _kind(block: TextBlock) -> str:
    if block.signature:
        return "signature"
    return "quote" if block.quote else "words"


def _run(kind: str, blocks: tuple[TextBlock, ...]) -> Run:
    if kind == "quote":
        return Run(quote=_nested(blocks))
    return Run(blocks=blocks, signature=kind == "signature")


def _nested(blocks: Sequence[TextBlock]) -> Quote:
    """Blocks with their depth made into passages inside passages."""
    top = Quote()
    open_quotes = [top]
    for block in blocks:
        depth = min(max(block.quote, 1), DEEPEST)
        del open_quotes[depth:]
        while len(open_quotes) < depth:
            inner = Quote()
            open_quotes[-1].content.append(inner)
            open_quotes.append(inner)
        open_quotes[-1].content.append(block)
    return top
