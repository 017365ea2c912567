"""Bytes of a stranger's charset made text: declared, UTF-8, then the likeliest old charset (RFC 2045 §5.2, RFC 6657)."""

from __future__ import annotations

import codecs
import re
from functools import lru_cache

_ALIASES = {
    # Senders name the small charset and use its superset, as the WHATWG Encoding Standard knows.
    "us-ascii": "cp1252",
    "ascii": "cp1252",
    "ansi_x3.4-1968": "cp1252",
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "iso_8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "windows-874": "cp874",
    "gb2312": "gb18030",
    "gb_2312-80": "gb18030",
    "gbk": "gb18030",
    "cp936": "gb18030",
    "x-gbk": "gb18030",
    "big5": "big5hkscs",
    "x-x-big5": "big5hkscs",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "euc-kr": "cp949",
    "ksc5601": "cp949",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "cp-850": "cp850",
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-8-e": "iso8859-8",
    "iso-8859-6-i": "iso8859-6",
    "iso-8859-6-e": "iso8859-6",
    "unicode-1-1-utf-7": "utf-7",
    "unicode-1-1-utf-8": "utf-8",
    "utf8mb4": "utf-8",
    "x-mac-roman": "mac-roman",
    "macintosh": "mac-roman",
    "x-mac-cyrillic": "mac-cyrillic",
}
# Charsets proper. Python's registry also knows codecs that run escapes, warn, or cost more than linear time.
_CHARSET = re.compile(
    r"utf-(?:7|8|16|16-le|16-be|32|32-le|32-be)|iso8859-\d+|cp\d+|mac-\w+|koi8-\w|kz1048|ptcp154|hp-roman8|"
    r"gb18030|hz|big5hkscs|euc_j\w+|euc_kr|iso2022_\w+|johab|shift_\w+|tis-620"
)
_CUT_OFF = frozenset({"unexpected end of data", "incomplete multibyte sequence", "truncated data"})
_NAME = re.compile(r"[a-z0-9][a-z0-9._:+-]{0,39}")
_SURROGATE = re.compile("[\ud800-\udfff]")
_PAIRED = re.compile(rb"(?:[\x00-\x7f]++|[\xa1-\xf7][\xa1-\xfe])*+")
_HAN_LEAD = re.compile(rb"[\xb0-\xf7][\xa1-\xfe]")


@lru_cache(maxsize=256)
def codec(declared: str) -> str:
    """The name of Python's codec for a declared charset, or nothing where there is none that may be used."""
    name = declared.strip().strip("\"'").lower()
    name = _ALIASES.get(name, name)
    if not _NAME.fullmatch(name):
        return ""
    try:
        found = codecs.lookup(name).name
    except LookupError:
        windows = re.fullmatch(r"(?:x-)?(?:windows|win|ms|ibm|cp)[-_]?(\d{3,4})", name)
        return codec(f"cp{windows[1]}") if windows and name != f"cp{windows[1]}" else ""
    return found if _CHARSET.fullmatch(found) else ""


def _whole(text: str) -> str:
    """The text without halves of surrogate pairs, which UTF-7 and UTF-16 can smuggle in."""
    if text.isascii() or not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _strict(data: bytes, name: str) -> str | None:
    """The text, or None. A character cut off at the end is no error where others were whole: bodies are also read in part."""
    try:
        return data.decode(name)
    except UnicodeDecodeError as error:
        cut_off = error.reason in _CUT_OFF and error.end == len(data)
        if cut_off and not data[: error.start].isascii():
            return data[: error.start].decode(name)
    except (UnicodeError, ValueError):
        pass
    return None


def _guess(data: bytes) -> str:
    """What undeclared 8-bit bytes most likely are, when they are not UTF-8: Chinese in pairs of high bytes, else Western."""
    if len(_HAN_LEAD.findall(data, 0, 20_000)) >= 3 and _PAIRED.fullmatch(data[:20_000]):
        return "gb18030"
    return "cp1252"


def decode(data: bytes, declared: str = "") -> tuple[str, bool]:
    """Make text of bytes: by the declared charset, else as UTF-8, else by the likeliest old charset.

    Returns the text and whether the declared charset (US-ASCII and UTF-8 where none is declared) was right. Never
    raises; the text holds no lone surrogates; linear time.
    """
    if data.isascii() and b"\x1b" not in data and (not declared or declared.lower() in ("us-ascii", "utf-8", "iso-8859-1")):
        return data.decode("ascii"), True
    name = codec(declared) if declared else "utf-8"
    if name == "cp1252" and not data.isascii() and "ascii" in declared.lower():
        name = ""
    if name.startswith(("utf-16", "utf-32")) and b"\0" not in data and data.isascii():
        # Plain words under a wide charset's name would become Chinese.
        name = ""
    if name and (text := _strict(data, name)) is not None:
        return _whole(text.removeprefix("\ufeff")), True
    if (text := _strict(data, "utf-8")) is not None:
        return text.removeprefix("\ufeff"), False
    if name == "utf-8":
        text = data.decode("utf-8", "replace")
        wrong = text.count("\ufffd")
        if wrong <= sum(character > "\x7f" for character in text) - wrong:
            # A few broken characters in what is UTF-8 for the most part.
            return text, False
        name = ""
    return _whole(data.decode(name or _guess(data), "replace")), name == "cp1252"
