"""HTML that is sent: what a person wrote, and what they quote, in a form that every reader shows alike.

Nothing is left to a sheet, a class or an id: what the rules of a message say of an element is written into its style (``inlining``). What
is hidden is not sent at all, because a text that its writer cannot see has been used to get words out of people. Remote pictures of
others are left out, so that no quotation tells their sender who reads it. The last word has the same authority as in reading, with
narrower rules.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lxml import etree

from webmail.sanitize import links, policy
from webmail.sanitize import text as words
from webmail.sanitize.authority import Rules, authorise
from webmail.sanitize.escape import escape, escape_value
from webmail.sanitize.inlining import Sheets
from webmail.sanitize.structure import read_all
from webmail.sanitize.tree import attributes, tag_name, unshielded

MAX_ELEMENTS = 20_000
MAX_ATTRIBUTES = 40
_LEFT_OUT_NAMES = "area bdi details figcaption figure mark meter progress rp rt ruby summary time wbr"
_LEFT_OUT = frozenset(_LEFT_OUT_NAMES.split())
TAGS = policy.TAGS - _LEFT_OUT
WITHHELD = frozenset({"aria-hidden", "aria-label", "background", "class", "hidden", "id", "open", "rel", "role", "target"})
_RULES = Rules(TAGS, WITHHELD, frozenset({"http", "https", "mailto", "tel", "cid"}))
_SECTION_NAMES = "address article aside details figure figcaption footer header main nav section summary"
_SECTIONS = dict.fromkeys(_SECTION_NAMES.split(), "div")
_PROPERTY_NAMES = """
background-color border border-bottom border-bottom-color border-bottom-style border-bottom-width border-collapse border-color border-left
border-left-color border-left-style border-left-width border-radius border-right border-right-color border-right-style border-right-width
border-spacing border-style border-top border-top-color border-top-style border-top-width border-width clear color direction float font
font-family font-size font-style font-variant font-weight height letter-spacing line-height list-style list-style-type margin
margin-bottom margin-left margin-right margin-top max-width min-width overflow-wrap padding padding-bottom padding-left padding-right
padding-top table-layout text-align text-decoration text-indent text-transform vertical-align white-space width word-break
"""
PROPERTIES = frozenset(_PROPERTY_NAMES.split())
"""What readers of mail agree on."""

Pictures = Callable[[str], str]
"""Makes the address under which a picture is sent of the one that is written; ``""``: it is not, and its words stand there."""


def outgoing(html: str | Sequence[str], *, pictures: Pictures) -> str:
    """The markup to be sent, for the inside of a ``body``; ``""`` where there is nothing to see in it. Never raises.

    Pure, bounded, and about as costly as cleaning for reading. Cleaning the answer again with the same pictures changes nothing.
    """
    root = read_all([html] if isinstance(html, str) else html).root
    if root is None:
        return ""
    writer = _Writer(Sheets(root), pictures)
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        if event == "start":
            if not writer.start(element):
                walk.skip_subtree()
            continue
        writer.end()
        if element.tail and element is not root:
            writer.words(element.tail)
    return authorise("".join(writer.parts), addresses=frozenset(writer.addresses), styles=frozenset(writer.styles), rules=_RULES).strip()


class _Writer:
    """The markup written so far, and the addresses and styles that stand in it."""

    def __init__(self, sheets: Sheets, pictures: Pictures) -> None:
        self.parts: list[str] = []
        self.addresses: set[str] = set()
        self.styles: set[str] = set()
        self._sheets = sheets
        self._pictures = pictures
        self._open: list[str] = []
        self._depth = 0
        self._elements = 0

    def start(self, element: etree._Element) -> bool:
        """Write the start of an element; False: nothing inside it is looked at."""
        name = tag_name(element)
        style = self._sheets.style(element) if name else ""
        if name in policy.DROPPED or not name or name == "input" or _is_hidden(element, style):
            self._open.append("")
            return False
        shown = _SECTIONS.get(name, policy.REPLACED.get(name, name))
        room = shown in TAGS and self._depth < policy.MAX_DEPTH and self._elements < MAX_ELEMENTS
        if name == "body" and style and room_for_words(style):
            # What is said of the page is said of what stands on it.
            shown, room = "div", True
        if shown == "img":
            room = room and self._picture(element, style)
        elif room:
            self._elements += 1
            self.parts.append(f"<{shown}{self._attributes(shown, element, style)}>")
        self._open.append(shown if room and shown not in policy.VOID else "")
        self._depth += bool(self._open[-1])
        self.words(element.text or "")
        return True

    def end(self) -> None:
        """Write the end of the innermost open element."""
        name = self._open.pop()
        if name:
            self.parts.append(f"</{name}>")
            self._depth -= 1

    def words(self, text: str) -> None:
        """Write text as text."""
        self.parts.append(escape(unshielded(text)))

    def _picture(self, element: etree._Element, style: str) -> bool:
        """Write a picture, or its words where it cannot be sent."""
        source = self._pictures(unshielded(element.get("src", "")).strip())
        if not source:
            self.words(element.get("alt", ""))
            return False
        self._elements += 1
        self.addresses.add(source)
        self.parts.append(f'<img src="{escape_value(source)}"{self._attributes("img", element, style)}>')
        return True

    def _attributes(self, tag: str, element: etree._Element, style: str) -> str:
        parts: dict[str, str] = {}
        for name, value in attributes(element, limit=MAX_ATTRIBUTES):
            if name == "href" and tag == "a":
                link = links.safe_link(unshielded(value))
                if link:
                    self.addresses.add(link)
                    parts[name] = link
            elif name not in policy.JUDGED_ELSEWHERE and name not in WITHHELD:
                mended = policy.mended(name, " ".join(unshielded(value).split()))
                if policy.may_stay(tag, name, mended):
                    parts[name] = mended
        safe = mail_safe(style)
        if safe:
            self.styles.add(safe)
            parts["style"] = safe
        return "".join(f' {name}="{escape_value(value)}"' for name, value in parts.items())


def _is_hidden(element: etree._Element, style: str) -> bool:
    return element.get("hidden") is not None or words.hides(style) or words.hides(element.get("style", ""))


def mail_safe(style: str) -> str:
    """Of cleaned declarations those that readers of mail agree on, each once, the last or the important one."""
    found: dict[str, str] = {}
    important: dict[str, str] = {}
    for declaration in style.split(";"):
        name, _, value = declaration.partition(":")
        name = {"background": "background-color"}.get(name, name)
        plain = value.removesuffix("!important").strip()
        if name in PROPERTIES and plain and "var(" not in plain and not (name == "background-color" and " " in plain):
            kept = important if plain != value else found
            kept.pop(name, None)
            kept[name] = plain
    return ";".join(f"{name}:{value}" for name, value in (found | important).items())


def room_for_words(style: str) -> bool:
    """Whether a style of the page says something of its words."""
    return bool(mail_safe(style))
