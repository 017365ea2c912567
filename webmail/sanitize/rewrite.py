"""From the tree of a stranger's HTML to markup that holds only what may stay: the step before the final authority.

Here is decided what becomes of each image, link, style and control; words are kept wherever they are words.
One walk over the tree, and its cost is bounded by ``tree.MAX_HTML``, ``policy.MAX_DEPTH``, ``MAX_ATTRIBUTES`` and ``MAX_ELEMENTS``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import quote

from lxml import etree

from webmail.sanitize import burden, css, links, policy, tracking
from webmail.sanitize.options import BodyOptions, Detour, ImagePolicy
from webmail.sanitize.sightings import Sightings, host
from webmail.sanitize.tree import attributes, first_words, tag_name, unshielded

MAX_ATTRIBUTES = 64
MAX_ELEMENTS = 40_000
MAX_ESCAPES = 60_000
MAX_DETOURS = 100
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
_MARKUP = re.compile(r"[&<>]")
_SHOWN_VALUES = frozenset({"submit", "button", "reset"})
_BODY_ATTRIBUTES = ("class", "dir", "lang")
# The line breaks between their children are no words.
_AROUND_BODY = frozenset({"html", "head"})
_SAFE_ADDRESS = re.compile(r"[^\s\"'<>`\\\x00-\x1f]+\Z")


class Rewritten(NamedTuple):
    """``addresses`` and ``styles`` are all values of ``src``, ``href``, ``background`` and ``style`` that stand in ``markup``."""

    markup: str
    body: str
    sheet: str
    addresses: frozenset[str]
    styles: frozenset[str]
    seen: Sightings
    own_style: bool
    cut: bool
    detours: tuple[Detour, ...]
    asks: tuple[str, ...]


def rewrite(root: etree._Element, *, options: BodyOptions) -> Rewritten:
    """Walk the tree once and write what may stay of it."""
    writer = _Writer(options)
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        if event == "start":
            if not writer.start(element):
                walk.skip_subtree()
        else:
            writer.end()
            parent = element.getparent()
            if parent is not None and element.tail and not (parent.tag in _AROUND_BODY and element.tail.isspace()):
                writer.words(element.tail)
    return writer.result()


class _Writer:
    """The markup written so far, and what was seen on the way."""

    def __init__(self, options: BodyOptions) -> None:
        self._options = options
        self._parts_of_message = frozenset([*options.cid.values(), *options.locations.values()])
        self._parts: list[str] = []
        self._open: list[str] = []
        self._depth = 0
        self._elements = 0
        self._escapes = 0
        self._at_start_of_pre = False
        self._sheets: list[str] = []
        self._sheet_room = css.MAX_SHEET
        self._body: dict[str, str] = {}
        self._addresses: set[str] = set()
        self._styles: set[str] = set()
        self._seen = Sightings()
        self._hiding: list[bool] = []
        self._hidden = 0
        self._image_attributes: dict[str, str] = {}
        self._own_style = False
        self._cut = False
        self._cut_out = ""
        self._detours: list[Detour] = []
        self._asks: set[str] = set()

    def start(self, element: etree._Element) -> bool:
        """Write the start of an element; False: nothing inside it may be looked at."""
        name = tag_name(element)
        self._hiding.append(tracking.hides(element))
        self._hidden += self._hiding[-1]
        if name in policy.DROPPED or not name:
            if name == "style":
                self._style_sheet(element)
            self._open.append("")
            return False
        if name in ("body", "html"):
            self._body_attributes(element)
        shown = policy.REPLACED.get(name, name)
        if shown in policy.TAGS and self._depth < policy.MAX_DEPTH and self._elements < MAX_ELEMENTS:
            self._elements += 1
            self._parts.append(f"<{shown}{self._attributes(shown, element)}>")
            self._open.append("" if shown in policy.VOID else shown)
            self._depth += shown not in policy.VOID
            self._at_start_of_pre = shown == "pre"
        else:
            # Where there is no more room for structure, the words still stay.
            self._cut = self._cut or shown in policy.TAGS
            self._open.append("")
        if name in ("form", "input"):
            self._field(name, element)
        if element.text and not (name in _AROUND_BODY and element.text.isspace()):
            self.words(element.text)
        return True

    def _field(self, name: str, element: etree._Element) -> None:
        """A form, or a field of one: it goes, and that it was there is told; what a button says stays."""
        kind = element.get("type", "").strip().lower()
        if name == "form" or kind == "password":
            self._asks.add("password" if kind == "password" else "form")
        if kind in _SHOWN_VALUES and name == "input":
            self.words(element.get("value", ""))

    def end(self) -> None:
        """Write the end of the innermost open element."""
        self._hidden -= self._hiding.pop()
        name = self._open.pop()
        if name:
            self._parts.append(f"</{name}>")
            self._depth -= 1
            self._at_start_of_pre = False

    def words(self, text: str) -> None:
        """Write text as text."""
        text = burden.fewer_marks(text)
        if self._at_start_of_pre:
            # A parser drops one line break here; were there two, each later cleaning would drop another.
            text = text.lstrip("\r\n")
            self._at_start_of_pre = not text
        if _MARKUP.search(text):
            text = unshielded(text)
            self._escapes += len(_MARKUP.findall(text))
            if self._escapes > MAX_ESCAPES:
                self._cut = True
                text = _MARKUP.sub(" ", text)
        self._parts.append(_escape(text) if self._options.hits is None else self._marked(text, self._options.hits(text)))

    def _marked(self, text: str, hits: Sequence[tuple[int, int]]) -> str:
        """Text with the words that were searched for marked, as far as there is room for elements."""
        parts, place = [], 0
        for start, end in hits:
            if self._depth >= policy.MAX_DEPTH or self._elements >= MAX_ELEMENTS or not place <= start < end <= len(text):
                break
            self._elements += 1
            parts += [_escape(text[place:start]), "<mark>", _escape(text[start:end]), "</mark>"]
            place = end
        return "".join([*parts, _escape(text[place:])])

    def result(self) -> Rewritten:
        """All that was written and seen."""
        body = "".join(f' {name}="{value}"' for name, value in sorted(self._body.items()))
        return Rewritten(
            markup="".join(self._parts),
            body=body,
            sheet="\n".join(self._sheets),
            addresses=frozenset(self._addresses),
            styles=frozenset(self._styles),
            seen=self._seen,
            own_style=self._own_style,
            cut=self._cut,
            detours=tuple(self._detours[:MAX_DETOURS]),
            asks=tuple(sorted(self._asks)),
        )

    def _attributes(self, tag: str, element: etree._Element) -> str:
        given = attributes(element, limit=MAX_ATTRIBUTES)
        named = self._image_attributes = dict(given)
        parts = []
        for name, value in given:
            kept = self._link_to(element, value) if name == "href" else self._attribute(tag, name, value)
            if kept is None:
                continue
            parts.append(f' {name}="{_escape_value(kept)}"')
            if name == "href":
                parts.append(' target="_blank" rel="noopener noreferrer nofollow"')
                if "title" not in named and self._cut_out:
                    parts.append(f' title="{_escape_value(f"{kept} ✂ {self._cut_out}"[:2000])}"')
        if tag == "img" and "srcset" in named and "src" not in named:
            self._seen.images[host(links.remote_address(next(iter(named["srcset"].split()), "")))] += 1
        return "".join(parts)

    def _attribute(self, tag: str, name: str, value: str) -> str | None:
        """The value this attribute may have in the markup; None: it goes."""
        if name == "style":
            return self._style(value) or None
        if name in policy.JUDGED_ELSEWHERE:
            return self._address(tag, name, unshielded(value)) or None
        if tag == "a" and name in ("target", "rel"):
            # They come with the link, in our own words.
            return None
        value = " ".join(unshielded(value).split())
        if not policy.may_stay(tag, name, value):
            return None
        self._own_style = self._own_style or name in ("bgcolor", "color")
        return value

    def _address(self, tag: str, name: str, value: str) -> str:
        return self._image(value, carried=name == "src") if name in policy.ATTRIBUTES[tag] else ""

    def _style(self, value: str) -> str:
        styled = css.declarations_counted(value)
        self._seen.style(styled.remote)
        self._styles.add(styled.text)
        self._own_style = self._own_style or "color:" in styled.text or "background:" in styled.text
        return styled.text

    def _link_to(self, element: etree._Element, value: str) -> str | None:
        """Where a link leads: to its target, or first to a page of ours; None: nowhere."""
        self._cut_out = ""
        if tag_name(element) != "a":
            return None
        link = links.safe_link(unshielded(value))
        if self._options.clean_links:
            came = link
            link, gone = tracking.without_parameters(came)
            if gone:
                self._cut_out = ", ".join(gone)
                self._seen.link(came, link)
        if self._options.detour is not None and link.startswith("http"):
            detour = self._options.detour(first_words(element), link)
            if detour is not None:
                self._detours.append(detour)
                return self._own(detour.address) or None
        self._addresses.add(link)
        return link or None

    def _image(self, value: str, *, carried: bool) -> str:
        """The address of an image: a part of the message, ``carried`` in the address itself, or a remote one by way of our proxy."""
        content_id = links.content_id(value)
        if content_id:
            return self._own(self._options.cid.get(content_id, ""))
        picture = links.data_image(value) if carried else ""
        if self._options.locations and not picture:
            picture = self._options.locations.get(links.located(value, base=self._options.base), "")
        if picture or value in self._parts_of_message:
            return self._own(picture or value)
        return self._remote_image(value)

    def _remote_image(self, value: str) -> str:
        address = links.remote_address(value)
        if not address:
            return ""
        if self._hidden or tracking.is_dot(self._image_attributes) or tracking.is_beacon(address, self._image_attributes):
            self._seen.pixels[host(address)] += 1
            return ""
        self._seen.images[host(address)] += 1
        proxy = self._options.proxy
        if self._options.images is not ImagePolicy.PROXIED or not proxy:
            return ""
        return self._own(proxy + quote(address, safe="") if isinstance(proxy, str) else proxy(address))

    def _own(self, address: str) -> str:
        """An address we made or were given by our own house; one with odd characters is a mistake, and is not used."""
        if not _SAFE_ADDRESS.match(address):
            return ""
        self._addresses.add(address)
        return address

    def _style_sheet(self, element: etree._Element) -> None:
        source = (element.text or "")[: self._sheet_room] if len(self._sheets) < burden.MAX_SHEETS else ""
        self._sheet_room -= len(source)
        media = element.get("media", "").strip()
        if media and media.lower() != "all" and len(media) < 200:
            source = f"@media {media}{{{source}}}"
        styled = css.stylesheet_counted(source, dark=self._options.dark)
        self._seen.style(styled.remote)
        if styled.text:
            self._sheets.append(styled.text)
            self._own_style = True

    def _body_attributes(self, element: etree._Element) -> None:
        """What a message says of its whole page goes to our ``body``; each value in its own narrow form (see css, policy)."""
        given = dict(attributes(element, limit=MAX_ATTRIBUTES))
        self._seen.style(each for each in [given.get("background", "")] if links.remote_address(each))
        style = []
        for name, declaration in (("bgcolor", "background-color"), ("text", "color")):
            colour = given.get(name, "").strip()
            if colour:
                style.append(f"{declaration}:{_legacy_colour(colour)}")
        style.append(given.get("style", ""))
        styled = self._style(";".join(style))
        if styled and "style" not in self._body:
            self._body["style"] = styled
        link_colour = css.declarations(f"color:{_legacy_colour(given.get('link', '').strip())}")
        if link_colour:
            self._sheets.insert(0, f"a{{{link_colour}}}")
        for name in _BODY_ATTRIBUTES:
            value = " ".join(given.get(name, "").split())
            if value and name not in self._body and policy.may_stay("div", name, value):
                self._body[name] = _escape_value(value)


def _legacy_colour(value: str) -> str:
    """A colour as an attribute writes it; there the number sign may be missing."""
    return f"#{value}" if re.fullmatch(r"[0-9A-Fa-f]{6}", value) else value


def _escape(text: str) -> str:
    if _CONTROLS.search(text):
        text = _CONTROLS.sub("", text)
    if "&" in text:
        text = text.replace("&", "&amp;")
    if "<" in text:
        text = text.replace("<", "&lt;")
    return text.replace(">", "&gt;") if ">" in text else text


def _escape_value(value: str) -> str:
    return _escape(value).replace('"', "&quot;")
