"""Style sheets and style attributes, rebuilt from the properties, values and selectors that cannot load anything or run.

Nothing is passed through: every declaration is parsed by tinycss2 and written again from its tokens, and a token that is
not known to be harmless drops its declaration. So the answer never holds a backslash, a quotation mark ``"`` or ``<``, and
``url(`` only around an address that the caller made of the one given (``Images``); without a caller who does, never. Looking
for bad words instead has failed elsewhere again and again: ``var(--x, url(…))``, ``image-set()``, escapes, unclosed functions.

A message may lay its own pieces over each other (``position``, ``transform``, negative margins): it is alone in its frame,
which clips it, and nothing of ours is in there that could be covered or imitated. ``fixed`` and ``sticky`` stay out, because
they would hold a piece of it before the reader's eyes while the frame scrolls: the one becomes ``absolute``, the other goes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, NamedTuple

import tinycss2

from webmail.sanitize import burden, colours
from webmail.sanitize.colours import Role, for_dark
from webmail.sanitize.values import COLOUR_FUNCTIONS, CONTENT, MEDIA, SELECTOR, VALUE, picture, write, written

MAX_STYLE = 8 * 1024
MAX_SHEET = 64 * 1024
_MAX_CACHED = 900
_MAX_MEDIA_DEPTH = 2
_MAX_BESIDE = 2000

_PROPERTY_NAMES = """
background background-color background-image background-position background-repeat background-size background-clip background-origin
border border-bottom border-bottom-color border-bottom-left-radius border-bottom-right-radius border-bottom-style border-bottom-width
border-collapse border-color border-left border-left-color border-left-style border-left-width border-radius border-right
border-right-color border-right-style border-right-width border-spacing border-style border-top border-top-color border-top-left-radius
border-top-right-radius border-top-style border-top-width border-width border-inline border-block border-inline-start border-inline-end
border-block-start border-block-end box-shadow box-sizing caption-side clear color cursor direction display empty-cells float flex
flex-basis flex-direction flex-flow flex-grow flex-shrink flex-wrap align-content align-items align-self justify-content justify-items
justify-self order gap row-gap column-gap grid-template-columns grid-template-rows grid-column grid-row grid-gap place-content
place-items place-self columns column-count column-width column-rule column-span font font-family font-feature-settings font-kerning
font-size font-size-adjust font-stretch font-style font-variant font-variant-caps font-variant-numeric font-weight height hyphens
inline-size block-size letter-spacing line-break line-height list-style list-style-position list-style-type margin margin-bottom
margin-left margin-right margin-top margin-inline margin-inline-start margin-inline-end margin-block margin-block-start margin-block-end
max-height max-width min-height min-width max-inline-size min-inline-size object-fit object-position aspect-ratio opacity outline
outline-color outline-offset outline-style outline-width overflow overflow-wrap overflow-x overflow-y padding padding-bottom
padding-left padding-right padding-top padding-inline padding-inline-start padding-inline-end padding-block padding-block-start
padding-block-end page-break-after page-break-before page-break-inside break-after break-before break-inside orphans widows quotes
table-layout tab-size text-align text-align-last text-decoration text-decoration-color text-decoration-line text-decoration-style
text-decoration-thickness text-indent text-justify text-orientation text-overflow text-rendering text-shadow text-size-adjust
-webkit-text-size-adjust -ms-text-size-adjust text-transform text-underline-offset text-wrap text-underline-position
-webkit-font-smoothing unicode-bidi vertical-align visibility white-space width word-break word-spacing word-wrap writing-mode position
top right bottom left inset inset-block inset-block-start inset-block-end inset-inline inset-inline-start inset-inline-end z-index
isolation shape-outside shape-margin shape-image-threshold white-space-collapse text-wrap-mode content counter-reset counter-increment
counter-set clip clip-path transform transform-origin rotate scale translate filter mix-blend-mode background-blend-mode
-webkit-background-clip -webkit-text-fill-color -webkit-text-stroke -webkit-text-stroke-color -webkit-text-stroke-width
-webkit-line-clamp -webkit-box-orient text-emphasis text-emphasis-color text-emphasis-position text-emphasis-style
text-decoration-skip-ink font-variant-ligatures font-variant-position font-variant-east-asian font-variation-settings
font-optical-sizing font-synthesis image-rendering zoom text-combine-upright grid grid-template grid-template-areas grid-area
grid-auto-columns grid-auto-flow grid-auto-rows grid-column-start grid-column-end grid-row-start grid-row-end grid-column-gap
grid-row-gap column-fill column-rule-color column-rule-style column-rule-width border-start-start-radius border-start-end-radius
border-end-start-radius border-end-end-radius border-image border-image-slice border-image-source border-image-repeat border-image-width
border-image-outset list-style-image accent-color text-wrap-style border-block-color border-block-style border-block-width
border-inline-color border-inline-style border-inline-width border-block-start-color border-block-start-style border-block-start-width
border-block-end-color border-block-end-style border-block-end-width border-inline-start-color border-inline-start-style
border-inline-start-width border-inline-end-color border-inline-end-style border-inline-end-width max-block-size min-block-size
background-position-x background-position-y color-scheme print-color-adjust -webkit-print-color-adjust color-adjust hanging-punctuation
initial-letter object-view-box
"""
PROPERTIES = frozenset(_PROPERTY_NAMES.split())
_OWN_PROPERTY = re.compile(r"--[A-Za-z_][\w-]{0,60}\Z")
# What follows the reader's screen is ours to say, so of colour schemes only a fixed one stays.
_WORDS_ONLY = {
    "position": frozenset({"static", "relative", "absolute", "inherit", "initial", "unset"}),
    "color-scheme": frozenset({"dark", "light", "only dark", "only light", "dark only", "light only"}),
}
_PICTURED = frozenset(
    {"background", "background-image", "border-image", "border-image-source", "content", "list-style", "list-style-image"}
)
_LOADING_FUNCTIONS = frozenset({"url", "src", "image", "image-set", "-webkit-image-set", "cross-fade", "-webkit-cross-fade"})
_BACKGROUND_NAMES = """
none repeat no-repeat repeat-x repeat-y space round scroll fixed local center top bottom left right cover contain auto
border-box padding-box content-box inherit initial unset revert
"""
_BACKGROUND_WORDS = frozenset(_BACKGROUND_NAMES.split())
# Python refuses to read a number of so many digits, and nobody means one.
_ENDLESS_NUMBER = re.compile(r"[0-9]{1000,}")
# What could stand before, behind or over words that are not the message's own.
_AROUND = frozenset({"content", "inset", "position", "rotate", "scale", "transform", "translate", "z-index", "zoom"})
_REMOTE = re.compile(r"\s*(?:https?:|[/\\]{2})", re.IGNORECASE)


Images = Callable[[str, str], str]
"""Makes the address under which we show an image of the one that a style names, beside these declarations; ``""``: it is not shown."""


class Wanted(NamedTuple):
    """How styles are to be cleaned: ``images`` shows their images; ``dark`` keeps rules for dark screens; ``alone`` says that
    nothing but the message is on the page, so that it may lay its pieces where it likes.
    """

    images: Images | None = None
    dark: bool = False
    alone: bool = True


class Styled(NamedTuple):
    """Cleaned CSS, the remote images it named that nobody could be asked about, the same CSS for dark screens, and whether it named
    any image.

    ``dark`` is put after ``text``. Of images about which ``Wanted.images`` was asked it is known there what became of them.
    """

    text: str
    remote: tuple[str, ...]
    dark: str = ""
    pictured: bool = False


NO_STYLE = Styled("", ())
PLAINLY = Wanted()


def declarations(style: str) -> str:
    """The declarations of a style attribute that may stay, as ``name:value;name:value``; ``""`` if none does.

    Linear; styles repeat within and between messages, so short ones are remembered.
    """
    return declarations_counted(style).text


def declarations_counted(style: str, wanted: Wanted = PLAINLY) -> Styled:
    """As ``declarations``, with what else was seen."""
    if len(style) > MAX_STYLE:
        return NO_STYLE
    if len(style) > _MAX_CACHED:
        return _clean_declarations(_ENDLESS_NUMBER.sub("0", style), wanted)
    styled = _remembered(style, wanted.alone)
    return _clean_declarations(style, wanted) if styled.pictured and wanted.images is not None else styled


def stylesheet(css: str, *, dark: bool = False) -> str:
    """The rules of a style sheet that may stay; ``""`` if none does. At most 64 KB are looked at.

    ``@media`` and ``@supports`` stay where their condition is plain, two deep at most; every other at-rule goes. Unless ``dark``
    is asked for, rules for dark screens go too, because the message is shown on white paper.
    """
    return stylesheet_counted(css, Wanted(dark=dark)).text


def stylesheet_counted(css: str, wanted: Wanted = PLAINLY) -> Styled:
    """As ``stylesheet``, with what else was seen."""
    rules = tinycss2.parse_stylesheet(_ENDLESS_NUMBER.sub("0", css[:MAX_SHEET]), skip_comments=True, skip_whitespace=True)
    return _rules(burden.bounded(rules), wanted, depth=0)


@lru_cache(maxsize=8192)
def _remembered(style: str, alone: bool) -> Styled:  # noqa: FBT001 (a key of the cache)
    return _clean_declarations(style, Wanted(alone=alone))


def _clean_declarations(source: str | list[Any], wanted: Wanted) -> Styled:
    kept, dark, remote, pictured, beside = list[str](), list[str](), list[str](), False, ""
    for node in tinycss2.parse_blocks_contents(source, skip_comments=True, skip_whitespace=True):
        if node.type != "declaration" or not (node.lower_name in PROPERTIES or _OWN_PROPERTY.match(node.name)):
            continue
        if not wanted.alone and node.lower_name in _AROUND:
            continue
        has_picture = node.lower_name in _PICTURED and any(picture(token) is not None for token in node.value)
        asked = list[str]()
        if has_picture and wanted.images is not None:
            beside = beside or (source if isinstance(source, str) else tinycss2.serialize(source))[:_MAX_BESIDE]
        name, value = _declaration(node, _asking(wanted.images, beside, asked) if has_picture and wanted.images else None)
        pictured = pictured or has_picture
        remote += [each for each in _remote_images(node.value) if each not in asked]
        value = burden.lightened(name, value) if value else None
        if value:
            important = " !important" if node.important else ""
            kept.append(f"{name}:{value}{important}")
            dark += [f"{declared}{important}" for declared in _for_dark(name, node, value)]
    return Styled(";".join(kept), tuple(remote), ";".join(dark), pictured)


def _asking(images: Images, beside: str, asked: list[str]) -> Callable[[str], str]:
    """The question about one address, which also notes that it was asked."""

    def ask(address: str) -> str:
        asked.append(address)
        return images(address, beside)

    return ask


def _declaration(node: Any, images: Callable[[str], str] | None) -> tuple[str, str | None]:
    """The name and value under which a declaration stays; no value: it goes."""
    name = node.lower_name if node.lower_name in PROPERTIES else node.name
    grammar = CONTENT if name == "content" else VALUE
    value = write(node.value, grammar._replace(images=images) if images else grammar)
    if value is None and name == "background":
        return "background-color", _background_colour(node)
    allowed = _WORDS_ONLY.get(name)
    if allowed is not None and value is not None and value.lower() not in allowed:
        # What is fixed stands where it first stood, and goes away with the rest of its page.
        return name, "absolute" if value.lower() == "fixed" else None
    return name, value


def _for_dark(name: str, node: Any, value: str) -> list[str]:
    """What a declaration says of colours on a dark screen. One without colours says it again, so that it still has its place."""
    if name == "text-shadow":
        return ["text-shadow:none"]
    role = colours.role(name)
    if role is None:
        return []
    if "var(" in value:
        return {Role.TEXT: ["color:inherit"], Role.GROUND: ["background:none"]}.get(role, [])
    if "url(" in value:
        ground = _background_colour(node) if name == "background" else None
        return ["background-image:none", *([f"background-color:{for_dark(ground, role)}"] if ground else [])]
    if colours.legacy(value) != value:
        # Without a document type browsers do without the number sign.
        return [f"{name}:{for_dark(colours.legacy(value), role)}"]
    written = write(node.value, VALUE._replace(colours=lambda colour: for_dark(colour, role)))
    if name == "background" and written is None:
        return [f"background-color:{for_dark(value, role)}"]
    if role is Role.EDGE and written == value:
        return []
    return [f"{name}:{written}"] if written else []


def _rules(nodes: Iterable[Any], wanted: Wanted, *, depth: int) -> Styled:
    kept, darker, remote = list[str](), list[str](), list[str]()
    for node in nodes:
        if node.type == "qualified-rule":
            head = write(node.prelude, SELECTOR)
            body = _block(node.content, wanted, depth=depth)
        elif node.type == "at-rule" and node.content is not None and depth < _MAX_MEDIA_DEPTH:
            head = _condition(node, dark=wanted.dark)
            body = _block(node.content, wanted, depth=depth + 1) if head else NO_STYLE
        else:
            continue
        remote += body.remote
        if head and body.text:
            kept.append(f"{head}{{{body.text}}}")
        if head and body.dark:
            darker.append(f"{head}{{{body.dark}}}")
    return Styled("\n".join(kept), tuple(remote), "\n".join(darker))


def _block(content: list[Any], wanted: Wanted, *, depth: int) -> Styled:
    """What stands in the brackets of a rule: declarations, and rules within rules (CSS Nesting)."""
    own = _clean_declarations(content, wanted)
    if depth > _MAX_MEDIA_DEPTH or not any(token.type == "{} block" for token in content):
        return own
    nodes = tinycss2.parse_blocks_contents(content, skip_comments=True, skip_whitespace=True)
    inner = _rules([node for node in nodes if node.type != "declaration"], wanted, depth=depth + 1)
    return Styled(_joined(own.text, inner.text), own.remote + inner.remote, _joined(own.dark, inner.dark))


def _joined(declared: str, rules: str) -> str:
    return f"{declared};{rules}" if declared and rules else declared or rules


def _condition(rule: Any, *, dark: bool) -> str | None:
    """The head of an at-rule that may stay: one that only says when its rules count."""
    if rule.lower_at_keyword not in ("media", "supports"):
        return None
    condition = write(rule.prelude, MEDIA)
    if not condition or ("prefers-color-scheme" in condition.lower() and not dark):
        return None
    return f"@{rule.lower_at_keyword} {condition}"


def _background_colour(node: Any) -> str | None:
    """The colour of a ``background`` whose image had to go; a text in white on that colour must stay readable."""
    for token in node.value:
        colour_function = token.type == "function" and token.lower_name in COLOUR_FUNCTIONS
        colour_word = token.type == "ident" and token.lower_value not in _BACKGROUND_WORDS
        if token.type == "hash" or colour_function or colour_word:
            return written(token, VALUE)
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
