"""Text made into words: the one normaliser that index, query and highlighting share, so that they always agree.

What people who search expect, in this order:

- Compatibility forms are one (NFKC): full-width Latin, half-width kana, ligatures, and digits of every script.
- Case and accents are folded for Latin, Greek and Cyrillic: ``Ärger`` is ``arger``, ``Łódź`` is ``lodz``, ``ß`` is ``ss``.
  Cyrillic ё is е, because those who write it leave the dots off themselves; й, ї, ў, ѓ and ќ stay letters of their own,
  because nobody who means them types и, і, у, г or к.
- The points of Hebrew and the vowel signs and hamzas of Arabic are left out, as people leave them out. Marks of all other scripts
  are part of the word.
- Scripts without blanks are found by any substring, as a phrase: each Han, kana, Hangul or Bopomofo character is a word,
  and so is each cluster (a letter with its marks) of Thai, Lao, Khmer and Burmese.
- Soft hyphens, characters without width and controls of direction are taken out first: they do not hide a word.
- Everything else that is neither letter, digit nor mark ends a word. A word is cut after 64 characters.

A word consists of letters, digits and marks only, and the words of words joined by blanks are the same words: the index may
join them by blanks, quote them as it likes, and must split at nothing but blanks.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

MAX_WORD = 64

_ASCII_WORD = re.compile(r"[0-9A-Za-z]+")
_ASCII_TABLE = {code: chr(code).lower() if chr(code).isalnum() else " " for code in range(128)}
_RUN = re.compile(r"\S+")

# Normalisation sorts the marks of one letter in quadratic time, so that only so many of them are kept.
_MAX_MARKS = 32
_MANY_MARKS = re.compile(rf"[^\w\s!-~]{{{_MAX_MARKS + 1},}}")
# Signs that the compatibility forms would glue to the word beside them, and half-width marks that look like letters.
_SIGNS = (("\u2122", " "), ("\u2120", " "), ("\u2116", " "), ("\uff9e", "\u3099"), ("\uff9f", "\u309a"))

_OWN_LETTERS = frozenset("йїўѓќ")
_STROKES = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "ı": "i", "þ": "th", "æ": "ae", "œ": "oe", "\u017f": "s"}
)
# Apostrophes that Unicode counts among the letters: п'ять and пʼять are the same words.
_APOSTROPHES = frozenset("\u02b9\u02ba\u02bb\u02bc\u02bd\u02be\u02bf")


def _ranges(text: str) -> tuple[range, ...]:
    """Ranges of code points, written as in Unicode's tables."""
    return tuple(range(int(first, 16), int(last or first, 16) + 1) for first, _, last in (each.partition("-") for each in text.split()))


# The marks of Latin, Greek and Cyrillic, the points of Hebrew, the vowel signs and hamzas of Arabic and its stretching.
_ACCENTS = _ranges(
    "300-36f 483-487 1ab0-1aff 1dc0-1dff 20d0-20ff fe20-fe2f 591-5bd 5bf 5c1-5c2 5c4-5c5 5c7 610-61a 640 64b-65f 670 6d6-6dc"
    " 6df-6e8 6ea-6ed"
)
# And the voice marks of kana that stand alone, tone marks of Han, fillers, and what chooses between the shapes of one character.
_LEFT_OUT = _ACCENTS + _ranges("3099-309a 302a-302f fe00-fe0f e0100-e01ef 180b-180f 115f-1160 17b4-17b5")
_EAST_ASIAN = _ranges(
    "1100-11ff 3005-3007 3021-3029 3031-3035 3038-303c 3041-30ff 3105-312f 31a0-31bf 31f0-31ff 3400-4dbf 4e00-9fff a960-a97c"
    " ac00-d7fb f900-faff 16fe3 1aff0-1b16f 20000-323af"
)
# Assigned after the tables of the oldest Python we run on were made; all of them are Han.
_NEW_HAN = _ranges("2ebf0-2ee5d 31350-323af")
_WITHOUT_BLANKS = _ranges("e01-eff 1000-109f 1780-17ff a9e0-a9ff aa60-aa7f")
# Vowels of Thai and Lao that follow their consonant and belong to it, though Unicode counts them as letters.
_FOLLOWING_VOWELS = _ranges("e30 e32-e33 e45 eb0 eb2-eb3")
# Hangul that completes the syllable begun before it, as whole, compatibility and half-width letters.
_HANGUL_CONTINUES = _ranges("1160-11ff 3131-318e ffa0-ffdc d7b0-d7fb")
_HALF_WIDTH_MARKS = frozenset("\uff9e\uff9f")
# The signs by which Khmer and Burmese put the next consonant below the one before.
_STACKING = frozenset("\u17d2\u1039")

# Private signs in a folded text: a cluster begins, a cluster may end, this belongs to what is before it. The controls themselves
# never come out of folding.
_BEGIN, _END, _JOIN = "\x01", "\x02", "\x03"
# A mark of another script belongs to the cluster before it as well.
_BEFORE_MARK = re.compile(f"{_END}(?=[^\\w\\s{_BEGIN}{_END}{_JOIN}])")


def _within(code: int, ranges: tuple[range, ...]) -> bool:
    return any(code in each for each in ranges)


def _plain(text: str) -> str:
    """A casefolded text without the accents of Latin, Greek and Cyrillic."""
    if text in _OWN_LETTERS:
        return text
    kept = "".join(each for each in unicodedata.normalize("NFD", text) if not _within(ord(each), _ACCENTS))
    return unicodedata.normalize("NFC", kept).translate(_STROKES)


def _folded(char: str) -> str:
    """What one character of a normalised text becomes: letters of a word, a blank, nothing, or a cluster with its signs."""
    if unicodedata.category(char) == "Cf" or _within(ord(char), _LEFT_OUT):
        return ""
    if char in _APOSTROPHES:
        return " "
    if unicodedata.category(char) == "Nd":
        return str(unicodedata.decimal(char))
    folded = unicodedata.normalize("NFKC", char.casefold())
    return "".join(_separated(each) for one in folded for each in _plain(one))


def _separated(char: str) -> str:
    """One folded character with what separates it from its neighbours."""
    code = ord(char)
    kind = unicodedata.category(char)
    if kind[0] not in "LNM" and not _within(code, _NEW_HAN):
        return " "
    if _within(code, _EAST_ASIAN):
        return f" {char} "
    if _within(code, _WITHOUT_BLANKS):
        return f"{_JOIN if kind[0] == 'M' or _within(code, _FOLLOWING_VOWELS) else _BEGIN}{char}{_END}"
    return char


class _Table(dict[int, str]):
    """What each code point becomes, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        self[code] = found = _folded(chr(code))
        return found


_TABLE = _Table(_ASCII_TABLE)


def _few_marks(found: re.Match[str]) -> str:
    """A run without letters in which no character has more marks than are kept."""
    kept = []
    marks = 0
    for char in found.group():
        marks = marks + 1 if unicodedata.category(char)[0] == "M" else 0
        if marks <= _MAX_MARKS:
            kept.append(char)
    return "".join(kept)


def _spaced(text: str) -> str:
    """The words of a text with blanks between; uncut."""
    for sign, instead in _SIGNS:
        text = text.replace(sign, instead)
    folded = unicodedata.normalize("NFKC", _MANY_MARKS.sub(_few_marks, text)).translate(_TABLE)
    if _END in folded:
        for sign in _STACKING:
            folded = folded.replace(f"{sign}{_END}{_BEGIN}", sign)
        folded = _BEFORE_MARK.sub("", folded.replace(_END + _JOIN, "")).replace(_BEGIN, " ").replace(_END, " ").replace(_JOIN, "")
    # What had no width may have stood between marks, which come in one order only.
    return folded if folded.isascii() else unicodedata.normalize("NFC", folded)


def words(text: str) -> list[str]:
    """The words of a text in their order, as the index holds them and a query asks for them.

    Linear time whatever the text: about 50 MB/s for ASCII, 10 MB/s and more for usual text in other scripts.
    """
    found = (text.translate(_ASCII_TABLE) if text.isascii() else _spaced(text)).split()
    if found and len(max(found, key=len)) > MAX_WORD:
        return [word[:MAX_WORD] for word in found]
    return found


def placed(text: str) -> Iterator[tuple[str, int, int]]:
    """The words of ``words``, one by one, each with the place in the text where it begins and ends.

    Several words can stand in one place, where one character means more than one. Linear time, about 3 MB/s where the text
    is not ASCII.
    """
    for run in _RUN.finditer(text):
        if run.group().isascii():
            for found in _ASCII_WORD.finditer(text, run.start(), run.end()):
                yield found.group()[:MAX_WORD].lower(), found.start(), found.end()
        else:
            yield from _placed_in_run(run.group(), run.start())


def _placed_in_run(run: str, offset: int) -> Iterator[tuple[str, int, int]]:
    word: list[str] = []
    begin = end = 0
    for start, stop in _clusters(run):
        for number, piece in enumerate(_cluster(run[start:stop]).split(" ")):
            if number and word:
                yield "".join(word)[:MAX_WORD], offset + begin, offset + end
                word = []
            if piece:
                begin = begin if word else start
                end = stop
                word.append(piece)
    if word:
        yield "".join(word)[:MAX_WORD], offset + begin, offset + end


def _cluster(text: str) -> str:
    """What one cluster becomes; the common ones are remembered, the long ones of hostile texts are not."""
    return _short_cluster(text) if len(text) <= 8 else _spaced(text)


@lru_cache(8192)
def _short_cluster(text: str) -> str:
    return _spaced(text)


def _clusters(run: str) -> Iterator[tuple[int, int]]:
    """Where the clusters of a run begin and end: pieces that are folded alike alone and together."""
    start = 0
    last = ""
    for at, char in enumerate(run):
        if at and not _CONTINUES[ord(char)] and not (last in _STACKING and _TABLE[ord(char)].startswith(_BEGIN)):
            yield start, at
            start = at
        if _TABLE[ord(char)]:
            last = char
    if run:
        yield start, len(run)


class _Continues(dict[int, bool]):
    """Whether a code point belongs to the character before it, or changes together with it when normalised."""

    def __missing__(self, code: int) -> bool:
        char = chr(code)
        self[code] = found = (
            unicodedata.category(char)[0] == "M"
            or not _TABLE[code]
            or _within(code, _FOLLOWING_VOWELS)
            or _within(code, _HANGUL_CONTINUES)
            or char in _HALF_WIDTH_MARKS
        )
        return found


_CONTINUES = _Continues()


def inside_cluster(text: str, at: int) -> bool:
    """Whether the character at a place belongs to the one before it, so that a text must not be cut there."""
    return 0 < at < len(text) and _CONTINUES[ord(text[at])]


def without_invisible(text: str) -> str:
    """The text without what has no width and no meaning to a search: soft hyphens, joiners, controls of direction."""
    return text if text.isascii() else "".join(char for char in text if unicodedata.category(char) != "Cf")
