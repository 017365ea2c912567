"""Style sheets and style attributes, rebuilt from the few properties, values and selectors that cannot load or overlay anything.

Nothing is passed through: every declaration is parsed by tinycss2 and written again from its tokens, and a token that is
not known to be harmless drops its declaration. So the answer never holds ``url(``, a backslash, a quotation mark
``"``, ``&`` or ``<``, and may stand in an attribute or in a ``style`` element as it is. Looking for bad words instead has failed
elsewhere again and again: ``var(--x, url(…))``, ``image-set()``, escapes, unclosed functions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

import tinycss2

from webmail.sanitize import burden

MAX_STYLE = 8 * 1024
MAX_SHEET = 64 * 1024
_MAX_CACHED = 900
_MAX_NESTING = 8
_MAX_MEDIA_DEPTH = 2

# ``position``, ``z-index``, ``content``, ``transform`` and ``filter`` are left out: they let a message paint over itself.
_PROPERTY_NAMES = """
background background-color background-image background-position background-repeat background-size background-clip background-origin
border border-bottom border-bottom-color border-bottom-left-radius border-bottom-right-radius border-bottom-style border-bottom-width
border-collapse border-color border-left border-left-color border-left-style border-left-width border-radius border-right
border-right-color border-right-style border-right-width border-spacing border-style border-top border-top-color
border-top-left-radius border-top-right-radius border-top-style border-top-width border-width
border-inline border-block border-inline-start border-inline-end border-block-start border-block-end
box-shadow box-sizing caption-side clear color cursor direction display empty-cells float
flex flex-basis flex-direction flex-flow flex-grow flex-shrink flex-wrap align-content align-items align-self justify-content
justify-items justify-self order gap row-gap column-gap grid-template-columns grid-template-rows grid-column grid-row grid-gap
place-content place-items place-self columns column-count column-width column-rule column-span
font font-family font-feature-settings font-kerning font-size font-size-adjust font-stretch font-style font-variant font-variant-caps
font-variant-numeric font-weight
height hyphens inline-size block-size letter-spacing line-break line-height list-style list-style-position list-style-type
margin margin-bottom margin-left margin-right margin-top margin-inline margin-inline-start margin-inline-end
margin-block margin-block-start margin-block-end
max-height max-width min-height min-width max-inline-size min-inline-size object-fit object-position aspect-ratio opacity
outline outline-color outline-offset outline-style outline-width overflow overflow-wrap overflow-x overflow-y
padding padding-bottom padding-left padding-right padding-top padding-inline padding-inline-start padding-inline-end
padding-block padding-block-start padding-block-end
page-break-after page-break-before page-break-inside break-after break-before break-inside orphans widows
quotes table-layout tab-size text-align text-align-last text-decoration text-decoration-color text-decoration-line
text-decoration-style text-decoration-thickness text-indent text-justify text-orientation text-overflow text-rendering text-shadow
text-size-adjust -webkit-text-size-adjust -ms-text-size-adjust text-transform text-underline-offset text-wrap text-underline-position
-webkit-font-smoothing unicode-bidi vertical-align visibility white-space width word-break word-spacing word-wrap writing-mode
"""
PROPERTIES = frozenset(_PROPERTY_NAMES.split())
_COLOUR_FUNCTIONS = frozenset({"rgb", "rgba", "hsl", "hsla", "hwb", "lab", "lch", "oklab", "oklch"})
_GRADIENTS = frozenset(f"{repeating}{kind}-gradient" for repeating in ("", "repeating-") for kind in ("linear", "radial", "conic"))
_ARITHMETIC = frozenset({"calc", "clamp", "color", "color-mix", "fit-content", "max", "min", "minmax", "repeat"})
_LOADING_FUNCTIONS = frozenset({"url", "src", "image", "image-set", "-webkit-image-set", "cross-fade", "-webkit-cross-fade"})
_BACKGROUND_NAMES = """
none repeat no-repeat repeat-x repeat-y space round scroll fixed local center top bottom left right cover contain auto
border-box padding-box content-box inherit initial unset revert
"""
_BACKGROUND_WORDS = frozenset(_BACKGROUND_NAMES.split())
_SELECTOR_FUNCTIONS = frozenset(
    {"dir", "has", "is", "lang", "not", "nth-child", "nth-last-child", "nth-last-of-type", "nth-of-type", "where"}
)
_WORD = re.compile(r"-{0,2}[A-Za-z_\u00a0-\ud7ff\ue000-\ufffd][\w\u00a0-\ud7ff\ue000-\ufffd-]*\Z")
_NAME = re.compile(r"[\w-]+\Z")
_STRING = re.compile(r"[\w .,:+/|%#-]*\Z")
_NUMBER = re.compile(r"[+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?\Z")
_UNIT = re.compile(r"[A-Za-z]{1,6}\Z")
_COLOUR = re.compile(r"[0-9A-Fa-f]{3,8}\Z")
# Python refuses to read a number of so many digits, and nobody means one.
_ENDLESS_NUMBER = re.compile(r"[0-9]{1000,}")
_REMOTE = re.compile(r"\s*(?:https?:|[/\\]{2})", re.IGNORECASE)


class Styled(NamedTuple):
    """Cleaned CSS, and the remote images it named before, as it named them."""

    text: str
    remote: tuple[str, ...]


class _Grammar(NamedTuple):
    """What may stand in a value, a selector or a media query: single characters, functions, kinds of brackets."""

    literals: frozenset[str]
    functions: frozenset[str]
    brackets: frozenset[str]


_VALUE = _Grammar(frozenset(",/+-*"), _COLOUR_FUNCTIONS | _GRADIENTS | _ARITHMETIC, frozenset({"() block"}))
_SELECTOR = _Grammar(frozenset(",.:>+~*=|^$") | {"~=", "|=", "^=", "$=", "*="}, _SELECTOR_FUNCTIONS, frozenset({"[] block"}))
_MEDIA = _Grammar(frozenset(",:/>=") | {">="}, frozenset(), frozenset({"() block"}))
_ENDS = {"() block": ("(", ")"), "[] block": ("[", "]")}


def declarations(style: str) -> str:
    """The declarations of a style attribute that may stay, as ``name:value;name:value``; ``""`` if none does.

    Linear; styles repeat within and between messages, so short ones are remembered.
    """
    return declarations_counted(style).text


def declarations_counted(style: str) -> Styled:
    """As ``declarations``, with the remote images that were named."""
    if len(style) <= _MAX_CACHED:
        return _remembered(style)
    return _clean_declarations(_ENDLESS_NUMBER.sub("0", style)) if len(style) <= MAX_STYLE else Styled("", ())


def stylesheet(css: str, *, dark: bool = False) -> str:
    """The rules of a style sheet that may stay; ``""`` if none does. At most 64 KB are looked at.

    ``@media`` stays where its condition is plain, two deep at most; every other at-rule goes. Unless ``dark`` is asked
    for, rules for dark screens go too, because the message is shown on white paper.
    """
    return stylesheet_counted(css, dark=dark).text


def stylesheet_counted(css: str, *, dark: bool = False) -> Styled:
    """As ``stylesheet``, with the remote images that were named."""
    rules = tinycss2.parse_stylesheet(_ENDLESS_NUMBER.sub("0", css[:MAX_SHEET]), skip_comments=True, skip_whitespace=True)
    return _rules(burden.bounded(rules), depth=0, dark=dark)


@lru_cache(maxsize=8192)
def _remembered(style: str) -> Styled:
    return _clean_declarations(style)


def _clean_declarations(source: str | Iterable[Any]) -> Styled:
    kept, remote = [], list[str]()
    for node in tinycss2.parse_blocks_contents(source, skip_comments=True, skip_whitespace=True):
        if node.type != "declaration" or node.lower_name not in PROPERTIES:
            continue
        name, value = node.lower_name, _write(node.value, _VALUE)
        if value is None:
            remote += _remote_images(node.value)
            name, value = "background-color", _background_colour(node) if name == "background" else None
        if value and not burden.is_heavy(name, value):
            kept.append(f"{name}:{value}{' !important' if node.important else ''}")
    return Styled(";".join(kept), tuple(remote))


def _rules(nodes: Iterable[Any], *, depth: int, dark: bool) -> Styled:
    kept, remote = [], list[str]()
    for node in nodes:
        if node.type == "qualified-rule":
            selector = _write(node.prelude, _SELECTOR)
            body = _clean_declarations(node.content)
            remote += body.remote
            if selector and body.text:
                kept.append(f"{selector}{{{body.text}}}")
        elif node.type == "at-rule" and node.lower_at_keyword == "media" and node.content is not None and depth < _MAX_MEDIA_DEPTH:
            condition = _write(node.prelude, _MEDIA)
            if not condition or ("prefers-color-scheme" in condition.lower() and not dark):
                continue
            inner = tinycss2.parse_rule_list(node.content, skip_comments=True, skip_whitespace=True)
            body = _rules(inner, depth=depth + 1, dark=dark)
            remote += body.remote
            if body.text:
                kept.append(f"@media {condition}{{{body.text}}}")
    return Styled("\n".join(kept), tuple(remote))


def _write(tokens: Iterable[Any], grammar: _Grammar, *, nesting: int = 0) -> str | None:
    """The tokens written again, or None if one of them is not known to be harmless."""
    parts: list[str] = []
    for token in tokens:
        text = _token(token, grammar, nesting)
        if text is None:
            return None
        if text != " " or (parts and parts[-1] != " "):
            parts.append(text)
    return "".join(parts).strip()


def _token(token: Any, grammar: _Grammar, nesting: int) -> str | None:
    kind: str = token.type
    if kind in ("whitespace", "comment"):
        return " "
    if kind == "literal":
        return str(token.value) if token.value in grammar.literals else None
    if kind == "function" or kind in _ENDS:
        return _nested(token, grammar, nesting)
    return _simple(token, kind, grammar)


def _simple(token: Any, kind: str, grammar: _Grammar) -> str | None:
    if kind == "ident":
        return str(token.value) if _WORD.match(token.value) else None
    if kind == "string":
        return f"'{token.value}'" if _STRING.match(token.value) else None
    if kind == "hash":
        pattern = _NAME if grammar is _SELECTOR else _COLOUR
        return f"#{token.value}" if pattern.match(token.value) else None
    if kind not in ("number", "percentage", "dimension") or not _NUMBER.match(token.representation):
        return None
    if kind == "number":
        return str(token.representation)
    unit = "%" if kind == "percentage" else token.unit
    return f"{token.representation}{unit}" if unit == "%" or _UNIT.match(unit) else None


def _nested(token: Any, grammar: _Grammar, nesting: int) -> str | None:
    if nesting >= _MAX_NESTING:
        return None
    if token.type == "function":
        if token.lower_name not in grammar.functions:
            return None
        inner = _write(token.arguments, grammar, nesting=nesting + 1)
        return None if inner is None else f"{token.lower_name}({inner})"
    if token.type not in grammar.brackets or (grammar is _VALUE and not nesting):
        # In a value brackets belong into arithmetic: "url (x)" is no function, and nothing else either.
        return None
    inner = _write(token.content, grammar, nesting=nesting + 1)
    start, end = _ENDS[token.type]
    return None if inner is None else f"{start}{inner}{end}"


def _background_colour(node: Any) -> str | None:
    """The colour of a ``background`` whose image had to go; a text in white on that colour must stay readable."""
    for token in node.value:
        colour_function = token.type == "function" and token.lower_name in _COLOUR_FUNCTIONS
        colour_word = token.type == "ident" and token.lower_value not in _BACKGROUND_WORDS
        if token.type == "hash" or colour_function or colour_word:
            return _token(token, _VALUE, 0)
    return None


def _remote_images(tokens: Iterable[Any]) -> list[str]:
    """The images from elsewhere these tokens name, on the first level, which is where honest senders name them."""
    found = []
    for token in tokens:
        inside = [token] if token.type == "url" else token.arguments if token.type == "function" else []
        if token.type == "function" and token.lower_name not in _LOADING_FUNCTIONS:
            continue
        named = [str(each.value) for each in inside if each.type in ("string", "url") and _REMOTE.match(each.value)]
        # The alternatives of one function are one image.
        found += named[:1]
    return found
