"""bleach, which has the last word on markup: what it writes is what the reader's browser gets.

bleach is no longer maintained, so it never stands alone: ``rewrite`` comes before it, the sandboxed frame after it. It is
still the only HTML5 parser here, and so the one that decides, as a browser would, which element ends where.

One part of it is replaced: its walk over the tree looks for every element among all its siblings, which makes a flat message
of ten thousand rows cost seconds. ``_Walk`` says the same in one pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import unescape
from typing import Any, NamedTuple

import bleach

from webmail.sanitize import css, policy

_PROTOCOLS = frozenset({"http", "https", "mailto", "tel", "data"})
_MAX_PASSES = 4


class Rules(NamedTuple):
    """What may pass: which elements of the policy, attributes that never do, and the schemes of addresses."""

    tags: frozenset[str] | None = None
    withheld: frozenset[str] = frozenset()
    protocols: frozenset[str] = _PROTOCOLS


READING = Rules()


def authorise(markup: str, *, addresses: frozenset[str], styles: frozenset[str], quirks: bool = False, rules: Rules = READING) -> str:
    """``markup`` with nothing in it but allowed elements and attributes, as an HTML5 parser understands it.

    ``addresses`` are the only values that ``href``, ``src`` and ``background`` may have; ``styles`` were cleaned already.
    ``rules`` may be narrower than those for reading. With ``quirks`` a table may stand in a paragraph, as in every document without a type.
    Cleaning the answer again gives the same: a tree that the parser had to mend is written and read once more, because
    what mending makes (a paragraph in a paragraph) is not always read back as it was written.
    """
    cleaner = _cleaner(addresses, styles, rules)
    if quirks:
        _in_quirks_mode(cleaner.parser)
    for _ in range(_MAX_PASSES):
        cleaned: str = cleaner.clean(markup)
        if not (cleaner.parser.errors or cleaner.walker.cut) or cleaned == markup:
            break
        markup = cleaned
    return cleaned


def _cleaner(addresses: frozenset[str], styles: frozenset[str], rules: Rules) -> Any:
    def may_stay(tag: str, name: str, value: str) -> bool:
        if name in rules.withheld:
            return False
        if name in policy.JUDGED_ELSEWHERE:
            return name in policy.ATTRIBUTES.get(tag, ()) and (name == "style" or unescape(value) in addresses)
        value = unescape(value) if "&" in value else value
        return policy.may_stay(tag, name, value) or (rules is READING and policy.is_copy(name, value))

    cleaner = bleach.Cleaner(
        tags=policy.TAGS if rules.tags is None else rules.tags & policy.TAGS,
        attributes=may_stay,
        protocols=rules.protocols,
        strip=True,
        strip_comments=True,
        css_sanitizer=_Styles(styles),
    )
    cleaner.walker = _Walk()
    return cleaner


def _in_quirks_mode(parser: Any) -> None:
    """Have a parser read fragments as parts of a document without a type (HTML, "parsing HTML fragments", step 3)."""
    reset = parser.reset

    def again() -> None:
        reset()
        parser.compatMode = "quirks"

    parser.reset = again


class _Styles:
    """The part bleach asks about styles. They were cleaned before; one that is not known here is cleaned now."""

    def __init__(self, cleaned: frozenset[str]) -> None:
        self._cleaned = cleaned

    def sanitize_css(self, style: str) -> str:
        """The style as it may stay."""
        if style in self._cleaned or unescape(style) in self._cleaned:
            return style
        return css.declarations(unescape(style))


class _Walk:
    """The tokens of an html5lib tree, in linear time and without recursion; ``cut`` tells whether it was deeper than allowed.

    The parser nests deeper than what it was given: it adds ``tbody``, and opens formatting again in every paragraph. Elements that
    come to lie too deep by that go here, or cleaning again would drop them then.
    """

    def __init__(self) -> None:
        self.cut = False

    def __call__(self, fragment: Any) -> Iterator[dict[str, Any]]:
        self.cut = False
        if fragment.text:
            yield _characters(fragment.text)
        levels: list[tuple[Any, Iterator[Any]]] = [(None, iter(fragment))]
        while levels:
            parent, children = levels[-1]
            child = next(children, None)
            if child is None:
                levels.pop()
                yield from self._end(parent, depth=len(levels))
                continue
            if isinstance(child.tag, str) and child.tag not in policy.VOID:
                yield from self._start(child, depth=len(levels))
                levels.append((child, iter(child)))
                continue
            if isinstance(child.tag, str):
                yield {"type": "EmptyTag", "name": child.tag, "namespace": None, "data": _attributes(child)}
            if child.tail:
                yield _characters(child.tail)

    def _start(self, element: Any, *, depth: int) -> Iterator[dict[str, Any]]:
        if depth <= policy.MAX_DEPTH:
            yield {"type": "StartTag", "name": element.tag, "namespace": None, "data": _attributes(element)}
        else:
            self.cut = True
        if element.text:
            yield _characters(element.text)

    def _end(self, element: Any, *, depth: int) -> Iterator[dict[str, Any]]:
        if element is None:
            return
        if depth <= policy.MAX_DEPTH:
            yield {"type": "EndTag", "name": element.tag, "namespace": None}
        if element.tail:
            yield _characters(element.tail)


def _characters(text: str) -> dict[str, Any]:
    return {"type": "Characters", "data": text}


def _attributes(element: Any) -> dict[tuple[str | None, str], str]:
    return {(None, name): value for name, value in element.attrib.items()}
