"""Tokens of a style written again: values, selectors and conditions, of which only what is known to be harmless comes out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

_MAX_NESTING = 8
COLOUR_FUNCTIONS = frozenset({"rgb", "rgba", "hsl", "hsla", "hwb", "lab", "lch", "oklab", "oklch"})
_GRADIENTS = frozenset(f"{repeating}{kind}-gradient" for repeating in ("", "repeating-") for kind in ("linear", "radial", "conic"))
_ARITHMETIC = frozenset({"calc", "clamp", "color", "color-mix", "fit-content", "light-dark", "max", "min", "minmax", "repeat"})
_SHAPE_NAMES = """
matrix translate translatex translatey scale scalex scaley rotate skew skewx skewy inset circle ellipse polygon rect
blur brightness contrast drop-shadow grayscale hue-rotate invert opacity saturate sepia counter counters symbols
"""
_SHAPES = frozenset(_SHAPE_NAMES.split())
_SELECTOR_FUNCTIONS = frozenset(
    {"dir", "has", "is", "lang", "not", "nth-child", "nth-last-child", "nth-last-of-type", "nth-of-type", "where"}
)
_WORD = re.compile(r"-{0,2}[A-Za-z_\u00a0-\ud7ff\ue000-\ufffd][\w\u00a0-\ud7ff\ue000-\ufffd-]*\Z")
_NAME = re.compile(r"[\w-]+\Z")
_ASKED = re.compile(r"[a-z_][a-z0-9_-]{0,60}\Z")
# No quotation mark, escape, bracket or comment, and nothing that ends a declaration.
_STRING = re.compile(r"[^'\"\\<>&()@{};*\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]*\Z")
# What a class may be called apart from a plain word; such a name is written as a string, where it needs no escapes.
_CLASS = re.compile(r"[\w:./!%+-]+\Z")
_NUMBER = re.compile(r"[+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?\Z")
_UNIT = re.compile(r"[A-Za-z]{1,6}\Z")
_COLOUR = re.compile(r"[0-9A-Fa-f]{3,8}\Z")
_ADDRESS = re.compile(r"[A-Za-z0-9/._~%?=&:,+-]+\Z")
KIND = "wm-kind-"
"""What an element is called as a class, where it is drawn with another one."""
_REPLACED_NAMES = """
audio button dialog dir fieldset form hgroup input label legend listing marquee menu nobr option search select style textarea video xmp
"""
REPLACED = frozenset(_REPLACED_NAMES.split())
ID = "wm-id-"
"""What the id of an element is as a class: ids themselves go, so that nothing can be named and fetched by one."""
ATTRIBUTE = "data-wm-"
"""What an attribute that a sheet asks for is called beside the attribute itself, which may have gone or have become another."""
STATE = "wm-is-"
"""What a state of a field is as a class: a box that is drawn in its place has none."""
# These stand in the markup, as the message has them or as we give them, and our own sheet asks for some of them.
_AS_THEY_ARE = frozenset({"height", "rel", "src", "target", "width"})
_STATE_NAMES = """
checked default disabled enabled in-range indeterminate invalid optional out-of-range placeholder-shown read-write required valid
"""
_STATES = {name: f".{STATE}{name}" for name in _STATE_NAMES.split()} | {"read-only": f":not(.{STATE}read-write)"}

Images = Callable[[str], str]
"""Makes the address under which we show an image of the one that a style names, or ``""`` where it is not shown."""
Colours = Callable[[str], str]
"""Makes another colour of one that is written in a value."""


class Grammar(NamedTuple):
    """What may stand in a value, a selector or a condition: single characters, functions, kinds of brackets."""

    literals: frozenset[str]
    functions: frozenset[str]
    brackets: frozenset[str]
    selector: bool = False
    images: Images | None = None
    colours: Colours | None = None


VALUE = Grammar(frozenset(",/+-*"), COLOUR_FUNCTIONS | _GRADIENTS | _ARITHMETIC | _SHAPES | {"var"}, frozenset({"() block"}))
# What an element shows before or after itself may be one of its own attributes.
CONTENT = VALUE._replace(functions=VALUE.functions | {"attr"})
SELECTOR = Grammar(frozenset(",.:>+~*=|^$&") | {"~=", "|=", "^=", "$=", "*="}, _SELECTOR_FUNCTIONS, frozenset({"[] block"}), selector=True)
MEDIA = Grammar(frozenset(",:/>=") | {">="}, frozenset(), frozenset({"() block"}))
_ENDS = {"() block": ("(", ")"), "[] block": ("[", "]")}


def write(tokens: Iterable[Any], grammar: Grammar, *, nesting: int = 0) -> str | None:
    """The tokens written again, or None if one of them is not known to be harmless."""
    parts: list[str] = []
    for token in tokens:
        before = parts[-1] if grammar.selector and parts else ""
        is_state = before == ":" and token.type == "ident" and token.lower_value in _STATES and parts[-2:-1] != [":"]
        if is_state:
            text: str | None = _STATES[token.lower_value]
        elif before == ".":
            text = _class(token)
        elif grammar.selector and token.type == "ident" and token.lower_value in REPLACED and before != ":":
            text = f".{KIND}{token.lower_value}"
        else:
            text = written(token, grammar, nesting)
        if text is None:
            return None
        if is_state or before == ".":
            parts.pop()
        if text != " " or (parts and parts[-1] != " "):
            parts.append(text)
    return "".join(parts).strip()


def written(token: Any, grammar: Grammar, nesting: int = 0) -> str | None:
    """One token written again, or None."""
    kind: str = token.type
    if kind in ("whitespace", "comment"):
        return " "
    if kind == "literal":
        return str(token.value) if token.value in grammar.literals else None
    if kind == "function" or kind in _ENDS:
        text = _nested(token, grammar, nesting)
        is_colour = kind == "function" and token.lower_name in COLOUR_FUNCTIONS
    else:
        text = _simple(token, kind, grammar)
        is_colour = kind in ("ident", "hash")
    return grammar.colours(text) if is_colour and text and grammar.colours else text


def _class(token: Any) -> str | None:
    if token.type != "ident":
        return None
    if _WORD.match(token.value):
        return f".{token.value}"
    return f"[class~='{token.value}']" if _CLASS.match(token.value) else None


def _simple(token: Any, kind: str, grammar: Grammar) -> str | None:
    if kind == "ident":
        return str(token.value) if _WORD.match(token.value) else None
    if kind == "string":
        return f"'{token.value}'" if _STRING.match(token.value) else None
    if kind == "hash":
        return _hash(token.value, grammar)
    if kind == "url":
        return _picture(token.value, grammar)
    if kind not in ("number", "percentage", "dimension") or not _NUMBER.match(token.representation):
        return None
    if kind == "number":
        return str(token.representation)
    unit = "%" if kind == "percentage" else token.unit
    return f"{token.representation}{unit}" if unit == "%" or _UNIT.match(unit) else None


def picture(token: Any) -> str | None:
    """The address of the picture that a token names, if it names one; a quotation mark makes another token of it."""
    if token.type == "url":
        return str(token.value)
    if token.type == "function" and token.lower_name == "url" and len(token.arguments) == 1 and token.arguments[0].type == "string":
        return str(token.arguments[0].value)
    return None


def _picture(address: str, grammar: Grammar) -> str | None:
    shown = grammar.images(address) if grammar.images else ""
    return f"url('{shown}')" if _ADDRESS.match(shown) else None


def _hash(name: str, grammar: Grammar) -> str | None:
    if grammar.selector:
        # Three times, because an id counts for more than any one class.
        return f".{ID}{name}" * 3 if _NAME.match(name) else None
    return f"#{name}" if _COLOUR.match(name) else None


def _nested(token: Any, grammar: Grammar, nesting: int) -> str | None:
    if nesting >= _MAX_NESTING:
        return None
    if token.type == "function":
        address = picture(token)
        if address is not None:
            return _picture(address, grammar)
        if token.lower_name not in grammar.functions:
            return None
        if token.lower_name == "attr":
            return f"attr({_asked(token.arguments[0])})" if len(token.arguments) == 1 and _asked(token.arguments[0]) else None
        # The name of a property of its own is no colour, nor is what a shape is made of.
        inner_grammar = grammar._replace(colours=None) if token.lower_name in COLOUR_FUNCTIONS | {"var"} else grammar
        inner = write(token.arguments, inner_grammar, nesting=nesting + 1)
        return None if inner is None else f"{token.lower_name}({inner})"
    if token.type not in grammar.brackets or (grammar.literals is VALUE.literals and not nesting):
        # In a value brackets belong into arithmetic: "url (x)" is no function, and nothing else either.
        return None
    content = [each for each in token.content if each.type != "comment"]
    while content and content[0].type == "whitespace":
        content.pop(0)
    # Of classes some are added, which is no matter where one of many is asked for.
    among = [str(each.value) for each in content[:2] if each.type in ("ident", "literal")] == ["class", "~="]
    name = _asked(content[0]) if grammar.selector and content and not among else ""
    inner = write(content[1:] if name else content, grammar._replace(selector=False), nesting=nesting + 1)
    start, end = _ENDS[token.type]
    return None if inner is None else f"{start}{name}{inner}{end}"


def _asked(token: Any) -> str:
    """Under which name an attribute that is asked for can be found; ``""``: it is none."""
    if token.type != "ident" or not _ASKED.match(token.lower_value):
        return ""
    name = str(token.lower_value)
    return name if name in _AS_THEY_ARE else f"{ATTRIBUTE}{name.removeprefix(ATTRIBUTE)}"
