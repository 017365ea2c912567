"""Letters and domains as a reader sees them: scripts, look-alikes, characters that hide (UTS 39, RFC 3492, RFC 5890)."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

_LONGEST_DOMAIN = 255
_LONGEST_LABEL = 63
_LONG_ENOUGH = 6
_NAME_ENOUGH = 5
# Names under which anybody can have one of their own; the whole list has ten thousand lines and changes each week, so what
# is not named here counts as one site too many at worst.
_SHARED_NAMES = """
github.io gitlab.io pages.dev web.app firebaseapp.com blogspot.com herokuapp.com netlify.app vercel.app workers.dev azurewebsites.net
cloudfront.net amazonaws.com appspot.com wordpress.com weebly.com wixsite.com godaddysites.com onmicrosoft.com r2.dev glitch.me repl.co
duckdns.org no-ip.org
"""
_SHARED = frozenset(_SHARED_NAMES.split())
_SECOND_LEVEL_NAMES = "ac co com edu go gob gov gouv govt gv ltd me mil ne net nom or org plc sch"
_SECOND_LEVEL = frozenset(_SECOND_LEVEL_NAMES.split())
# Letters of other scripts that are drawn like these Latin ones (from the table of UTS 39 §4, what mail has been forged with).
_DRAWN_ALIKE = str.maketrans(
    dict(
        zip(
            "абвгԁеһіїјкӏмнорգԛгѕтυνхуԝʏɡɩɑοαρκιηωτεβγσѵҁүһկհոսքօյցѡѕ",
            "a6brdehiijklmhopqqrstuvxywygiaoapkinwtebyovcyhuhnuqoigws",
            strict=True,
        )
    )
    | {"ı": "i", "ł": "l", "ø": "o", "đ": "d", "ħ": "h", "æ": "ae", "œ": "oe", "ß": "b", "ꞵ": "b", "ⅼ": "l", "0": "o", "1": "l"}
)
_ONE_AS_TWO = (("rn", "m"), ("vv", "w"), ("cl", "d"))
_EAST_ASIAN = (
    frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "CJK", "BOPOMOFO"}),
    frozenset({"LATIN", "CJK", "HANGUL"}),
)
_NAMES = {
    "IDEOGRAPHIC": "CJK",
    "KANGXI": "CJK",
    "FULLWIDTH": "LATIN",
    "HALFWIDTH": "KATAKANA",
    "MODIFIER": "",
    "FEMININE": "",
    "MASCULINE": "",
}
_ORDER = re.compile("[\u202a-\u202e\u2066-\u2069]")
_UNSEEN = re.compile(
    "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0\U000e0000-\U000e0fff]"
)
_WORDS = re.compile(r"[^\W\d_]{2,}")


def site(host: str) -> str:
    """The part of a host name that one owner has: ``mail.example.org`` is ``example.org``, ``a.b.co.uk`` is ``b.co.uk``.

    Known by the shape of the name and a few dozen shared domains; nothing is looked up.
    """
    labels = host.rstrip(".").lower()[-_LONGEST_DOMAIN:].split(".")
    keep = 2
    if len(labels) > 2:
        last_two = ".".join(labels[-2:])
        keep = 3 if last_two in _SHARED or (len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL) else 2
    return ".".join(labels[-keep:])


def unicode_domain(domain: str) -> str:
    """A domain as people read it; labels that are no Punycode stay as they are (RFC 3492)."""
    return ".".join(_decoded(label) for label in domain.split(".")) if "xn--" in domain.lower() else domain


def _decoded(label: str) -> str:
    if label[:4].lower() != "xn--" or not label.isascii() or len(label) > 63:
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except (UnicodeError, ValueError, OverflowError):
        return label


def ascii_domain(domain: str) -> str:
    """A domain as programs ask for it: every label in ASCII (RFC 5890 §2.3.2.1)."""
    if domain.isascii():
        return domain
    labels = unicodedata.normalize("NFKC", domain).lower().split(".")
    return ".".join(label if label.isascii() else "xn--" + label.encode("punycode", "replace").decode("ascii") for label in labels)


@lru_cache(maxsize=4096)
def _script(letter: str) -> str:
    first = unicodedata.name(letter, "").partition(" ")[0].partition("-")[0]
    return _NAMES.get(first, first)


def scripts(text: str) -> frozenset[str]:
    """The scripts of the letters of a text, by the names of these letters; digits and marks belong to all."""
    if text.isascii():
        return frozenset({"LATIN"}) if any(letter.isalpha() for letter in text) else frozenset()
    return frozenset(_script(letter) for letter in text if letter.isalpha()) - {""}


def mixes_scripts(word: str) -> bool:
    """Whether one word has letters of several scripts that no language writes together (UTS 39 §5.2, highly restrictive)."""
    found = scripts(word)
    return len(found) > 1 and not any(found <= together for together in _EAST_ASIAN)


def name_mixes_scripts(name: str) -> bool:
    """Whether one of the words of a name mixes Latin letters with those of another alphabet."""
    return not name.isascii() and any(mixes_scripts(word) for word in _WORDS.findall(name[:500]))


def skeleton(text: str) -> str:
    """A text as it looks, in Latin letters as far as others are drawn like them: equal skeletons look alike (UTS 39 §4)."""
    plain = unicodedata.normalize("NFKD", text[:500].casefold())
    drawn = "".join(letter for letter in plain if not unicodedata.combining(letter)).translate(_DRAWN_ALIKE)
    for two, one in _ONE_AS_TWO:
        drawn = drawn.replace(two, one)
    return drawn


def name_key(name: str) -> str:
    """What names that look alike have in common; empty for what is no name."""
    return " ".join(skeleton(name).split())[:100]


def imitates(domain: str) -> str:
    """The domain in Latin letters that one in another alphabet looks like, letter by letter, or nothing.

    Only where it ends in ASCII: who has a Cyrillic domain under a Cyrillic top level imitates nobody.
    """
    shown = unicode_domain(domain).lower()
    name, _, top = shown.rpartition(".")
    if name.isascii() or not top.isascii():
        return ""
    pieces = [label if label.isascii() else skeleton(label) for label in name.split(".")]
    foreign = [label for label in name.split(".") if not label.isascii() and scripts(label) - {"LATIN"}]
    return f"{'.'.join(pieces)}.{top}" if foreign and all(piece.isascii() for piece in pieces) else ""


@dataclass(frozen=True, slots=True)
class _Sites:
    """Known sites by what others are taken for them: by how their label is drawn, by it with a letter left out, and as it is."""

    drawn: dict[str, str]
    without_one: dict[str, list[str]]
    labels: dict[str, str]


@lru_cache(maxsize=64)
def _arranged(known: frozenset[str]) -> _Sites:
    found = _Sites({}, defaultdict(list), {})
    for each in sorted(known, reverse=True):
        label = each.partition(".")[0]
        found.drawn[skeleton(label)] = found.labels[label] = each
        if len(label) >= _LONG_ENOUGH:
            for shorter in _without_one(label):
                found.without_one[shorter].append(each)
    return found


def _without_one(label: str) -> set[str]:
    return {label, *(label[:place] + label[place + 1 :] for place in range(min(len(label), _LONGEST_LABEL)))}


def looks_like(domain: str, known: frozenset[str]) -> str:
    """The one of the ``known`` sites that another could be taken for, or nothing: drawn alike, one letter off, or with a word added.

    The known ones are arranged once, about ten microseconds each; a question costs little whatever their number.
    """
    own = site(unicode_domain(domain).lower())
    if not known or own in known or site(domain) in known:
        return ""
    sites, (label, _, top) = _arranged(known), own.partition(".")
    drawn = sites.drawn.get(skeleton(label), "")
    if drawn and drawn.partition(".")[0] != label:
        return drawn
    for other in (other for shorter in sorted(_without_one(label)) for other in sites.without_one.get(shorter, ())):
        their_label, _, their_top = other.partition(".")
        if top == their_top and _one_off(label, their_label):
            return other
    words = label.split("-")
    parts = ("-".join(words[:place]) for place in range(1, len(words))), ("-".join(words[place:]) for place in range(1, len(words)))
    return next((sites.labels[part] for part in chain(*parts) if len(part) >= _NAME_ENOUGH and part in sites.labels), "")


def _one_off(one: str, other: str) -> bool:
    """Whether one letter was changed, added, left out, or changed places with its neighbour."""
    if abs(len(one) - len(other)) > 1 or one == other:
        return False
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    rest, others = one[start:], other[start:]
    return rest[1:] == others[1:] or rest[1:] == others or rest == others[1:] or (rest[:2] == others[1::-1] and rest[2:] == others[2:])


def hides(text: str) -> str:
    """What a text hides before it is cleaned: ``order`` (it turns the order of letters around), ``unseen``, or nothing.

    The marks that writers from right to left need between their words, and the joiners of emoji, hide nothing.
    """
    if text.isascii():
        return ""
    if _ORDER.search(text):
        return "order"
    return "unseen" if _UNSEEN.search(text) else ""
