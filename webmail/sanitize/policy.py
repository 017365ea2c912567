"""What of a stranger's HTML may stay: elements, attributes and the form of their values. Everything else goes.

Raise ``POLICY_VERSION`` with every change here, in css.py or in links.py: what was cleaned earlier is then cleaned again.
"""

from __future__ import annotations

import re
from functools import lru_cache

from webmail.sanitize.values import ATTRIBUTE

POLICY_VERSION = 5
MAX_DEPTH = 160
"""Elements within elements; deeper inside only the words stay."""

_TAG_NAMES = """
a abbr acronym address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del details dfn div dl dt
em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark meter nav ol p pre progress q rp rt ruby s samp
section small span strike strong sub summary sup table tbody td tfoot th thead time tr tt u ul var wbr
"""
TAGS = frozenset(_TAG_NAMES.split())
VOID = frozenset({"br", "col", "hr", "img", "wbr"})

# Elements that go while their words stay, in an element that lays them out alike.
REPLACED = {
    "audio": "span",
    "button": "span",
    "select": "span",
    "dialog": "div",
    "dir": "ul",
    "fieldset": "div",
    "form": "div",
    "hgroup": "div",
    "label": "span",
    "legend": "div",
    "listing": "pre",
    "marquee": "div",
    "menu": "ul",
    "nobr": "span",
    "option": "span",
    "plaintext": "pre",
    "search": "div",
    "textarea": "span",
    "xmp": "pre",
}
# Elements that go with all they hold: it is source code, or what only another program would show.
_DROPPED_NAMES = """
annotation annotation-xml basefont base bgsound datalist defs desc frame iframe link meta metadata
noembed noframes param script source style template title track xml
"""
DROPPED = frozenset(_DROPPED_NAMES.split())

_GLOBAL = frozenset({"align", "aria-hidden", "aria-label", "bgcolor", "class", "dir", "hidden", "lang", "role", "style", "title"})
_CELL = frozenset({"abbr", "background", "bordercolor", "colspan", "height", "nowrap", "rowspan", "scope", "valign", "width"})
_ROW = frozenset({"background", "bordercolor", "height", "valign"})
_BY_TAG = {
    "a": frozenset({"href", "rel", "target"}),
    "br": frozenset({"clear"}),
    "col": frozenset({"span", "valign", "width"}),
    "colgroup": frozenset({"span", "valign", "width"}),
    "details": frozenset({"open"}),
    "div": frozenset({"height", "width"}),
    "font": frozenset({"color", "face", "size"}),
    "hr": frozenset({"color", "noshade", "size", "width"}),
    "img": frozenset({"alt", "border", "height", "hspace", "src", "vspace", "width"}),
    "li": frozenset({"type", "value"}),
    "meter": frozenset({"high", "low", "max", "min", "optimum", "value"}),
    "ol": frozenset({"reversed", "start", "type"}),
    "pre": frozenset({"width", "wrap"}),
    "progress": frozenset({"max", "value"}),
    "table": frozenset(
        {"background", "border", "bordercolor", "cellpadding", "cellspacing", "frame", "height", "rules", "summary", "width"}
    ),
    "tbody": frozenset({"valign"}),
    "td": _CELL,
    "tfoot": frozenset({"valign"}),
    "th": _CELL,
    "thead": frozenset({"valign"}),
    "tr": _ROW,
    "ul": frozenset({"type"}),
}
ATTRIBUTES = {tag: _GLOBAL | _BY_TAG.get(tag, frozenset()) for tag in TAGS}

_COLOUR = re.compile(r"[#\w(),.% -]{1,40}\Z")
_LENGTH = re.compile(r"[0-9]{1,5}(?:\.[0-9]{1,4})?(?:%|px|\*)?\Z")
_COUNT = re.compile(r"[0-9]{1,4}\Z")
_WORD = re.compile(r"[A-Za-z-]{1,20}\Z")
_SWITCH = re.compile(r"(?:\w{0,20}|until-found)\Z")
_TEXT = re.compile(r"[^\x00-\x08\x0b-\x1f\x7f]{0,4000}\Z")
_MEASURE = re.compile(r"-?[0-9]{0,9}(?:\.[0-9]{1,9})?\Z")
_FORMS = {
    "abbr": _TEXT,
    "align": _WORD,
    "alt": _TEXT,
    "aria-hidden": re.compile(r"(?:true|false)\Z"),
    "aria-label": _TEXT,
    "bgcolor": _COLOUR,
    "border": _LENGTH,
    "bordercolor": _COLOUR,
    "cellpadding": _LENGTH,
    "cellspacing": _LENGTH,
    "class": re.compile(r"[\w \t\r\n:./@!%+-]{1,1000}\Z"),
    "clear": _WORD,
    "color": _COLOUR,
    "colspan": re.compile(r"[0-9]{1,3}\Z"),
    "dir": re.compile(r"(?:ltr|rtl|auto)\Z", re.IGNORECASE),
    "face": re.compile(r"[\w ,.'-]{1,300}\Z"),
    "frame": _WORD,
    "height": _LENGTH,
    "hidden": _SWITCH,
    "high": _MEASURE,
    "hspace": _COUNT,
    "lang": re.compile(r"[A-Za-z0-9-]{1,35}\Z"),
    "low": _MEASURE,
    "max": _MEASURE,
    "min": _MEASURE,
    "noshade": _SWITCH,
    "nowrap": _SWITCH,
    "open": _SWITCH,
    "optimum": _MEASURE,
    "rel": re.compile(r"noopener noreferrer nofollow\Z"),
    "reversed": _SWITCH,
    "role": re.compile(r"(?:presentation|none|article|figure|group|heading|img|list|listitem|note|region|separator)\Z"),
    "rowspan": re.compile(r"[0-9]{1,3}\Z"),
    "rules": _WORD,
    "scope": _WORD,
    "size": re.compile(r"[+-]?[0-9]{1,3}\Z"),
    "span": re.compile(r"[0-9]{1,3}\Z"),
    "start": re.compile(r"-?[0-9]{1,9}\Z"),
    "summary": _TEXT,
    "target": re.compile(r"_blank\Z"),
    "title": _TEXT,
    "type": re.compile(r"(?:[1aAiI]|disc|circle|square)\Z"),
    "valign": _WORD,
    "value": _MEASURE,
    "vspace": _COUNT,
    "width": _LENGTH,
    "wrap": re.compile(r"(?:|soft|hard|virtual|physical)\Z"),
}
_COPY = re.compile(rf"{ATTRIBUTE}[a-z_][a-z0-9_-]{{0,60}}\Z")
# Their values are judged by css.py and links.py.
JUDGED_ELSEWHERE = frozenset({"background", "href", "src", "style"})


def _well_formed(name: str, value: str) -> bool:
    form = _FORMS.get(name)
    return form is not None and form.match(value) is not None


_NUMERIC = frozenset({"border", "cellpadding", "cellspacing", "colspan", "height", "hspace", "rowspan", "size", "span", "vspace", "width"})
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?%?")
_CLASS = re.compile(r"[\w:./@!%+-]+\Z")


def mended(name: str, value: str) -> str:
    """The value as a browser reads it: of a number what comes before the first mistake, of classes those that are well formed."""
    if name == "class":
        return " ".join(each for each in value.split(" ") if _CLASS.match(each))[:1000]
    if name == "border" and not value:
        return "1"
    if name in _NUMERIC and not _well_formed_short(name, value):
        number = _NUMBER.match(value)
        return number[0] if number else value
    return value


# Short values repeat thousands of times in one newsletter.
_well_formed_short = lru_cache(maxsize=4096)(_well_formed)


def may_stay(tag: str, name: str, value: str) -> bool:
    """Whether this attribute may stay on this element with this value; addresses and styles are judged elsewhere."""
    allowed = ATTRIBUTES.get(tag)
    if allowed is None or name not in allowed:
        return False
    return _well_formed_short(name, value) if len(value) <= 64 else _well_formed(name, value)


def is_copy(name: str, value: str) -> bool:
    """Whether this is a copy of an attribute, which does nothing, and may stay on every element."""
    return name.startswith(ATTRIBUTE) and _COPY.match(name) is not None and _TEXT.match(value) is not None
