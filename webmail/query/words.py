"""The words of a text, as the index and a query both see them."""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"[^\W_]+")
_CJK = re.compile("([\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff])")


def words(text: str) -> list[str]:
    """The words of a text in order, folded; characters of Chinese, Japanese and Korean stand alone."""
    if text.isascii():
        return _WORD.findall(text.lower())
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    bare = "".join(character for character in decomposed if not unicodedata.combining(character))
    return _WORD.findall(_CJK.sub(r" \1 ", unicodedata.normalize("NFKC", bare)))
