"""From the tree of a stranger's HTML to markup that holds only what may stay: the step before the final authority.

Here is decided what becomes of each image, link, style and control; words are kept wherever they are words.
One walk over the tree, and its cost is bounded by ``tree.MAX_HTML``, ``policy.MAX_DEPTH``, ``MAX_ATTRIBUTES`` and ``MAX_ELEMENTS``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from lxml import etree

from webmail.sanitize import asked, burden, colours, css, fields, links, page, policy, stand_ins, tracking
from webmail.sanitize.dark import DarkSheet
from webmail.sanitize.escape import escape, escape_value
from webmail.sanitize.options import BodyOptions, Detour
from webmail.sanitize.pictures import SAFE_ADDRESS, Pictures
from webmail.sanitize.rewritten import Rewritten
from webmail.sanitize.sightings import Sightings, host
from webmail.sanitize.tree import attributes, first_words, tag_name, unshielded

MAX_ATTRIBUTES = 64
MAX_ELEMENTS = 40_000
MAX_ESCAPES = 60_000
MAX_DETOURS = 100
_MARKUP = re.compile(r"[&<>]")
_MAX_BREAKS = 50
_BODY_ATTRIBUTES = ("class", "dir", "lang")
_AROUND_BODY = frozenset({"html", "head"})
_OWN_DARK = re.compile(r"prefers-color-scheme\s*:\s*dark", re.IGNORECASE)


def rewrite(root: etree._Element, *, options: BodyOptions) -> Rewritten:
    """Walk the tree once and write what may stay of it."""
    writer = _Writer(options)
    for sheet in root.iter("style"):
        writer.style_sheet(sheet)
    writer.sheets_are_known()
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
        self._wanted = css.Wanted(images=self._picture, dark=options.dark, alone=not (options.title or options.heading))
        self._parts: list[str] = []
        self._open: list[str] = []
        self._depth = 0
        self._elements = 0
        self._escapes = 0
        self._at_start_of_pre = False
        self._sheets: list[str] = []
        self._sheet_room = css.MAX_SHEET
        self._body: dict[str, str] = {}
        self._body_classes: list[str] = []
        self._styles: set[str] = set()
        self._seen = Sightings()
        self._pictures = Pictures(options, self._seen)
        self._hiding: list[bool] = []
        self._hidden = 0
        self._image_attributes: dict[str, str] = {}
        self._own_style = False
        self._cut = False
        self._cut_out = ""
        self._detours: list[Detour] = []
        self._asks: set[str] = set()
        self._designed = False
        self._fields = False
        self._stand_ins: set[str] = set()
        self._gauges = 0
        self._asked = asked.NOTHING
        self._dark = DarkSheet()
        self._dark_style = ""
        self._own_dark = False

    def start(self, element: etree._Element) -> bool:
        """Write the start of an element; False: nothing inside it may be looked at."""
        name = tag_name(element)
        self._hiding.append(tracking.hides(element))
        self._hidden += self._hiding[-1]
        source = name == "style" and stand_ins.is_displayed(element)
        if (name in policy.DROPPED or not name) and not source:
            if name == "meta" and element.get("name", "").lower() == "color-scheme":
                self._scheme(element.get("content", ""))
            self._open.append("")
            return False
        if name in ("body", "html"):
            self._body_attributes(element)
        field = fields.box(name, element) if name in fields.TAGS else None
        if name in ("form", "input"):
            self._asked_for(name, element)
        if name == "input":
            self._input(element, field)
            return False
        shown = "div" if source else self._shown_as(name, element) if name in stand_ins.SPECIAL else policy.REPLACED.get(name, name)
        if shown in policy.TAGS and self._depth < policy.MAX_DEPTH and self._elements < MAX_ELEMENTS:
            self._elements += 1
            self._parts.append(f"<{shown}{self._attributes(shown, element, field)}>")
            self._open.append("" if shown in policy.VOID else shown)
            self._depth += shown not in policy.VOID
            self._at_start_of_pre = shown == "pre"
        else:
            # Where there is no more room for structure, the words still stay.
            self._cut = self._cut or shown in policy.TAGS
            self._open.append("")
        if element.text and not (name in _AROUND_BODY and element.text.isspace()):
            self.words(element.text)
        return True

    def _shown_as(self, name: str, element: etree._Element) -> str:
        """What an element is drawn with that is drawn in more than one way; ``""``: nothing but what is in it."""
        if name == "form":
            return "" if stand_ins.is_between_cells(element) else policy.REPLACED[name]
        if name == "video":
            return "img" if stand_ins.is_a_picture(element) else ""
        self._gauges += 1
        return name if self._gauges <= burden.MAX_GAUGES else ""

    def _asked_for(self, name: str, element: etree._Element) -> None:
        """A form, or a field for a password: nothing can be filled in here, and that it was wanted is told."""
        if element.get("type", "").strip().lower() == "password":
            self._asks.add("password")
        elif name == "form":
            self._asks.add("form")

    def _input(self, element: etree._Element, field: tuple[str, str, str] | None) -> None:
        """Write the box that stands for a field, and the words in it."""
        self._open.append("")
        if field is None:
            return
        if self._depth < policy.MAX_DEPTH and self._elements < MAX_ELEMENTS:
            self._elements += 1
            self._parts.append(f"<span{self._attributes('span', element, field)}>{escape(field[2])}</span>")
        else:
            self._cut = True
            self.words(field[2])

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
            # A parser drops one line break here, and each later one would drop another; what is left of them is written as elements.
            rest = text.lstrip("\n")
            self._parts.append("<br>" * min(len(text) - len(rest), _MAX_BREAKS))
            text, self._at_start_of_pre = rest, not rest
        if _MARKUP.search(text):
            text = unshielded(text)
            self._escapes += len(_MARKUP.findall(text))
            if self._escapes > MAX_ESCAPES:
                self._cut = True
                text = _MARKUP.sub(" ", text)
        self._parts.append(escape(text) if self._options.hits is None else self._marked(text, self._options.hits(text)))

    def _marked(self, text: str, hits: Sequence[tuple[int, int]]) -> str:
        """Text with the words that were searched for marked, as far as there is room for elements."""
        parts, place = [], 0
        for start, end in hits:
            if self._depth >= policy.MAX_DEPTH or self._elements >= MAX_ELEMENTS or not place <= start < end <= len(text):
                break
            self._elements += 1
            parts += [escape(text[place:start]), "<mark>", escape(text[start:end]), "</mark>"]
            place = end
        return "".join([*parts, escape(text[place:])])

    def result(self) -> Rewritten:
        """All that was written and seen."""
        body = "".join(f' {name}="{value}"' for name, value in sorted(self._body.items()))
        return Rewritten(
            markup="".join(self._parts),
            body=body,
            sheet="\n".join(self._sheets),
            addresses=frozenset(self._pictures.addresses),
            styles=frozenset(self._styles),
            seen=self._seen,
            own_style=self._own_style,
            cut=self._cut,
            detours=tuple(self._detours[:MAX_DETOURS]),
            asks=tuple(sorted(self._asks)),
            designed=self._designed,
            fields=self._fields,
            stand_ins=frozenset(self._stand_ins),
            dark=self._dark.sheet() if self._options.dark and not self._own_dark else "",
        )

    def _attributes(self, tag: str, element: etree._Element, field: tuple[str, str, str] | None = None) -> str:
        given = attributes(element, limit=MAX_ATTRIBUTES)
        kind = tag_name(element)
        given = stand_ins.given(kind, given) if kind in stand_ins.SPECIAL else given
        named = self._image_attributes = dict(given)
        parts: dict[str, str] = {}
        classes = self._classes(kind, element, named)
        if stand_ins.is_closed(kind, named):
            parts["hidden"] = ""
        if field is not None:
            self._fields = True
            classes.append(field[0])
            style = ";".join(filter(None, (field[1], named.get("style", ""))))
            given = [("style", style), *(each for each in given if each[0] != "style")]
        for name, value in given:
            kept = self._link_to(element, value) if name == "href" else self._attribute(tag, name, value)
            if kept is not None:
                parts[name] = kept
                parts |= self._with_link(kept, titled="title" in named) if name == "href" else {}
                classes += self._dark_class(name, kept)
            elif name == "href" and kind == "a":
                classes.append(stand_ins.DEAD)
                self._stand_ins.add(stand_ins.DEAD)
        if classes:
            parts["class"] = " ".join(dict.fromkeys([*parts.get("class", "").split(), *classes]))
        parts |= self._asked.copies(named)
        if tag == "img" and "srcset" in named and "src" not in named:
            self._seen.images[host(links.remote_address(next(iter(named["srcset"].split()), "")))] += 1
        return "".join(f' {name}="{escape_value(value)}"' for name, value in parts.items())

    def _classes(self, kind: str, element: etree._Element, named: Mapping[str, str]) -> list[str]:
        """The classes of an element that are not its own: by which sheets find it, and by which it is drawn."""
        classes = self._asked.classes(kind, element) if self._asked is not asked.NOTHING else []
        if kind in stand_ins.KINDS:
            drawn = stand_ins.of(kind, named, alone=self._wanted.alone)
            self._stand_ins.update(stand_ins.KNOWN.intersection(drawn))
            classes += drawn
        return classes

    def _with_link(self, address: str, *, titled: bool) -> dict[str, str]:
        """What goes with every link."""
        title = {} if titled or not self._cut_out else {"title": f"{address} ✂ {self._cut_out}"[:2000]}
        return {"target": "_blank", "rel": "noopener noreferrer nofollow"} | title

    def _attribute(self, tag: str, name: str, value: str) -> str | None:
        """The value this attribute may have in the markup; None: it goes."""
        if name == "style":
            return self._style(value) or None
        if name in policy.JUDGED_ELSEWHERE:
            return self._address(tag, name, unshielded(value)) or None
        if tag == "a" and name in ("target", "rel"):
            # They come with the link, in our own words.
            return None
        value = policy.mended(name, " ".join(unshielded(value).split()))
        if not policy.may_stay(tag, name, value):
            return None
        if name in ("bgcolor", "color", "face"):
            self._own_style = self._own_style or name != "face"
            self._designed = self._designed or (name != "color" and not colours.is_white(value))
        return value

    def _dark_class(self, name: str, kept: str) -> list[str]:
        """The class under which the dark sheet says what this attribute says of colours; a style was just written."""
        if not self._options.dark or self._own_dark:
            return []
        return self._dark.style(self._dark_style) if name == "style" else self._dark.hint(name, kept)

    def _address(self, tag: str, name: str, value: str) -> str:
        if name not in policy.ATTRIBUTES[tag]:
            return ""
        self._designed = self._designed or name == "background"
        return self._pictures.shown(value, image=self._image_attributes, carried=name == "src", hidden=self._hidden > 0)

    def _style(self, value: str) -> str:
        styled = css.declarations_counted(value, self._wanted)
        text, self._dark_style = styled.text, styled.dark
        if styled.dark and self._options.dark and " !important" in text:
            # Nothing could be said against it for dark screens.
            text = text.replace(" !important", "")
        self._seen.style(styled.remote)
        self._styles.add(text)
        self._own_style = self._own_style or "color:" in text or "background:" in text
        self._designed = self._designed or "font" in text or "background" in text
        return text

    def _picture(self, address: str, beside: str) -> str:
        """The address under which we show a picture that a style names; ``beside`` is the style, and says how large it is shown."""
        return self._pictures.shown(address, image={**self._image_attributes, "style": beside}, hidden=self._hidden > 0)

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
                return self._pictures.own(detour.address) or None
        self._pictures.addresses.add(link)
        return link or None

    def style_sheet(self, element: etree._Element) -> None:
        """Take in a style sheet of the message, wherever it stands."""
        source = (element.text or "")[: self._sheet_room] if len(self._sheets) < burden.MAX_SHEETS else ""
        self._sheet_room -= len(source)
        media = element.get("media", "").strip()
        if media and media.lower() != "all" and len(media) < 200:
            source = f"@media {media}{{{source}}}"
        styled = css.stylesheet_counted(source, self._wanted)
        self._seen.style(styled.remote)
        if styled.text:
            self._sheets.append(styled.text)
            self._dark.rules.append(styled.dark)
            self._own_style = self._designed = True

    def _scheme(self, wanted: str) -> None:
        """A message that is made for dark screens only is dark on every screen."""
        rule = f"html{{{css.declarations(f'color-scheme:{wanted}')}}}"
        if rule != "html{}" and rule not in self._sheets:
            self._sheets.append(rule)
            self._designed = True

    def sheets_are_known(self) -> None:
        """Look at what the sheets ask of the markup: what they select, and whether they care for dark screens themselves."""
        self._asked = asked.asked("\n".join(self._sheets))
        self._own_dark = any(_OWN_DARK.search(sheet) for sheet in self._sheets)

    def _body_attributes(self, element: etree._Element) -> None:
        """What a message says of its whole page goes to our ``body``; each value in its own narrow form (see css, policy)."""
        given = dict(attributes(element, limit=MAX_ATTRIBUTES))
        self._image_attributes = {}
        hints = page.hints(given)
        background = given.get("background", "").strip()
        if SAFE_ADDRESS.match(background):
            hints.append(f"background-image:url('{background}')")
        else:
            self._seen.style([background] if links.remote_address(background) else [])
        self._hint("body", ";".join(hints), designs=not colours.is_white(given.get("bgcolor", "white")))
        self._hint("a", f"color:{colours.legacy(given.get('link', ''))}", designs=False)
        styled = self._style(given.get("style", ""))
        if styled and "style" not in self._body:
            self._body["style"] = escape_value(styled)
            self._body_classes += self._dark_class("style", styled)
        self._body_classes += self._asked.classes("", element)
        self._body = {name: escape_value(value) for name, value in self._asked.copies(given).items()} | self._body
        for name in _BODY_ATTRIBUTES:
            value = policy.mended(name, " ".join(given.get(name, "").split()))
            if value and name not in self._body and policy.may_stay("div", name, value):
                self._body[name] = escape_value(value)
        if self._body_classes:
            self._body["class"] = " ".join(dict.fromkeys([*self._body.get("class", "").split(), *self._body_classes]))

    def _hint(self, selector: str, style: str, *, designs: bool) -> None:
        """What an attribute of the page says of its looks: weaker than every rule of its sheets, and so before them."""
        styled = css.declarations_counted(style, self._wanted)
        self._seen.style(styled.remote)
        if styled.text:
            self._sheets.insert(0, f"{selector}{{{styled.text}}}")
            self._dark.rules.insert(0, f"{selector}{{{styled.dark}}}" if styled.dark else "")
            self._own_style = True
            self._designed = self._designed or designs or "image" in styled.text
