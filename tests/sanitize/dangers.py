"""A second opinion on a cleaned document, written without a look at the cleaner's own lists."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from bleach._vendor import html5lib
from lxml import etree

_HARMLESS = """
html head body a abbr acronym address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del details
dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark meter nav ol p pre progress q
rp rt ruby s samp section small span strike strong sub summary sup table tbody td tfoot th thead time tr tt u ul var wbr
"""
HARMLESS = set(_HARMLESS.split())
_NEVER = "id name srcset action formaction ping poster data usemap form download xmlns is slot part http-equiv content charset type"
NEVER = set(_NEVER.split()) - {"type"}
LINKS = re.compile(r"(?:https?://|mailto:|tel:)[^\s<>\"'`\\]*\Z")
PICTURES = re.compile(r"data:image/(?:png|jpeg|jpg|gif|webp);base64,[A-Za-z0-9+/]+=*\Z")
# A message may lay its own pieces over each other, since nothing else is in its frame; it may not stay when the frame scrolls.
STYLES = re.compile(
    r"url\s*\(|@|expression|behavior|binding|javascript|image-set|cross-fade|attr\s*\((?![\w-]+\))|\\|<|/\*|(?<![a-z-])position\s*:\s*(?:fixed|sticky)",
    re.IGNORECASE,
)
METAS = ({"charset": "utf-8"}, {"name": "responsive-embedded-sizing", "content": "allow-origins=*"})
CONDITIONS = re.compile(r"@(?:media|supports) [^{]*\{")


def html5_tree(document: str) -> Any:
    return html5lib.HTMLParser(namespaceHTMLElements=False).parse(document)


def lxml_tree(document: str) -> Any:
    return etree.fromstring(document.encode(), etree.HTMLParser(encoding="utf-8", huge_tree=True))


def dangers(document: str, *, own: tuple[str, ...] = ()) -> list[str]:
    """Everything in a document that could run, load, send or take part in a script; ``own`` are addresses that may be loaded."""
    found = []
    for tree in (html5_tree(document), lxml_tree(document)):
        for element in tree.iter():
            found += list(_dangers_of(element, own))
    return found


def _dangers_of(element: Any, own: tuple[str, ...]) -> Iterator[str]:
    if element.tag == "<!DOCTYPE>":
        return
    if not isinstance(element.tag, str):
        yield f"comment {element.text!r}"
    elif element.tag == "style":
        if STYLES.search(CONDITIONS.sub("", _without(own, element.text or ""))) or element.attrib:
            yield f"style sheet {element.text!r}"
    elif element.tag == "meta":
        if dict(element.attrib) not in METAS:
            yield f"meta {element.attrib}"
    else:
        if element.tag not in HARMLESS:
            yield f"element {element.tag}"
        for name, value in element.attrib.items():
            if danger := _danger_of_attribute(element.tag, name, value, own):
                yield f"{element.tag} {name}={value!r}: {danger}"


def _danger_of_attribute(tag: str, name: str, value: str, own: tuple[str, ...]) -> str:
    if name.startswith("on") or name in NEVER or ":" in name or not name.isascii():
        return "attribute"
    if name == "href":
        return "" if tag == "a" and LINKS.match(value) else "link"
    if name in ("src", "background"):
        return "" if value in own or (tag == "img" and PICTURES.match(value)) else "load"
    if name == "style":
        return "style" if STYLES.search(_without(own, value)) else ""
    if name == "target":
        return "" if value == "_blank" else "target"
    return ""


def _without(own: tuple[str, ...], style: str) -> str:
    """A style without the pictures that may be loaded."""
    return re.sub(r"url\('([^'()]*)'\)", lambda found: "none" if found[1] in own else found[0], style)


def shape(tree: Any) -> Any:
    """A tree as plain values, to be compared."""
    if not isinstance(tree.tag, str):
        return None
    children = [(*shape(child), child.tail or "") for child in tree if isinstance(child.tag, str)]
    return (tree.tag, tuple(sorted(tree.attrib.items())), tree.text or "", tuple(children))


UNSEEN = {
    *("head", "script", "style", "title", "template", "noscript", "iframe", "noembed", "noframes", "datalist", "xml"),
    *("svg", "math", "object", "video", "audio", "canvas"),
}


def seen_words(document: str) -> Counter[str]:
    """The words a browser would show, each as often as it stands there."""
    return Counter(re.findall(r"\w+", " ".join(_seen(html5_tree(document)))))


def _seen(element: Any) -> Iterator[str]:
    if isinstance(element.tag, str) and element.tag not in UNSEEN:
        yield element.text or ""
        for child in element:
            yield from _seen(child)
            yield child.tail or ""
