"""Bytes of a stranger's charset made text: declared, UTF-8, then the likeliest old charset (RFC 2045 §5.2, RFC 6657)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from webmail.message import iso2022
from webmail.message.guess import guess
from webmail.message.labels import ISO_2022, codec

__all__ = ["CHOICES", "Reading", "choice", "codec", "decode", "read", "undeclared"]

CHOICES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("unicode", ("utf-8",)),
    ("western", ("windows-1252", "iso-8859-15", "macintosh")),
    ("central", ("windows-1250", "iso-8859-2")),
    ("cyrillic", ("windows-1251", "koi8-r", "koi8-u", "iso-8859-5", "ibm866")),
    ("greek", ("windows-1253", "iso-8859-7")),
    ("turkish", ("windows-1254",)),
    ("baltic", ("windows-1257", "iso-8859-13")),
    ("hebrew", ("windows-1255",)),
    ("arabic", ("windows-1256", "iso-8859-6")),
    ("thai", ("windows-874",)),
    ("vietnamese", ("windows-1258",)),
    ("simplified", ("gb18030",)),
    ("traditional", ("big5",)),
    ("japanese", ("shift_jis", "euc-jp", "iso-2022-jp")),
    ("korean", ("euc-kr",)),
)
"""What a person may choose to read a message as, by languages."""
_CUT_OFF = frozenset({"unexpected end of data", "incomplete multibyte sequence", "truncated data"})
_SURROGATE = re.compile("[\ud800-\udfff]")
_SECOND = {"big5hkscs": "cp950", "euc_jp": "euc_jis_2004", "cp932": "shift_jis_2004", "cp949": "johab"}
"""Where a charset has grown in two directions, the other one."""
_MARKS = ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"), (b"\xef\xbb\xbf", "utf-8"))


def choice(asked: str) -> str:
    """The charset that was asked for, if it is one that may be chosen, else nothing."""
    return asked if any(asked in names for _, names in CHOICES) else ""


@dataclass(frozen=True, slots=True)
class Reading:
    """The text of some bytes, whether the declared charset was ``right``, and the codec that read them."""

    text: str
    right: bool
    codec: str


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


def _by(data: bytes, name: str) -> str | None:
    """The text by a codec; None where that cannot read all of it."""
    if name == ISO_2022:
        text, good = iso2022.decode(data)
        return text if good else None
    found = _strict(data, name)
    return found if found is not None or name not in _SECOND else _strict(data, _SECOND[name])


def _wide(data: bytes, name: str) -> str:
    """Which way round a wide charset is written; nothing where it is not one at all."""
    if b"\0" not in data and data.isascii():
        # Plain words under a wide charset's name would become Chinese.
        return ""
    if name.startswith("utf-16") and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        even, odd = data[:2000:2].count(0), data[1:2000:2].count(0)
        return "utf-16-be" if even > 2 * odd else "utf-16-le" if odd > 2 * even else name
    return next((found for mark, found in _MARKS if data.startswith(mark)), name)


def _declared(data: bytes, declared: str) -> str:
    """The codec to try first: that of the declared charset as far as the bytes allow it."""
    name = codec(declared) if declared else "utf-8"
    if name == "cp1252" and not data.isascii() and "ascii" in declared.lower():
        return ""
    if name.startswith(("utf-16", "utf-32")):
        return _wide(data, name)
    if name in ("utf-8", "cp1252", "") and data.isascii() and iso2022.is_used(data):
        return ""
    return name


def read(data: bytes, declared: str = "", *, chosen: str = "") -> Reading:
    """Make text of bytes: by the charset that a reader has chosen, else the declared one, else as UTF-8, else the likeliest one.

    Never raises; the text holds no lone surrogates; linear time.
    """
    if name := codec(chosen) if chosen else "":
        text = iso2022.decode(data)[0] if name == ISO_2022 else data.decode(name, "replace")
        return Reading(_whole(text.removeprefix("\ufeff")), True, name)
    if data.isascii() and b"\x1b" not in data and declared.lower() in ("", "us-ascii", "utf-8", "iso-8859-1"):
        return Reading(data.decode("ascii"), True, "ascii")
    name = _declared(data, declared)
    if _is_unicode_after_all(data, name):
        return Reading(_whole(_strict(data, "utf-8") or ""), False, "utf-8")
    if name and (found := _by(data, name)) is not None:
        return Reading(_whole(found.removeprefix("\ufeff")), True, name)
    return _undeclared(data, name)


def _is_unicode_after_all(data: bytes, name: str) -> bool:
    """Whether bytes that are called something of one octet a letter are UTF-8 in every place, which such text never is by chance.

    Programs that take UTF-8 in and put their own charset's name on it are common; a letter of theirs would be two signs.
    """
    return name.startswith(("cp125", "iso8859", "koi8", "mac")) and not data.isascii() and _strict(data, "utf-8") is not None


def _undeclared(data: bytes, name: str) -> Reading:
    """Bytes whose declared charset (``name``, if it is one) is wrong or missing."""
    marked = next((found for mark, found in _MARKS if data.startswith(mark)), "utf-8")
    if iso2022.is_used(data) and data.isascii():
        return Reading(iso2022.decode(data)[0], False, ISO_2022)
    if (found := _strict(data, marked)) is not None:
        return Reading(_whole(found.removeprefix("\ufeff")), False, marked)
    if name == "utf-8":
        text = data.decode("utf-8", "replace")
        wrong = text.count("\ufffd")
        if wrong <= sum(character > "\x7f" for character in text) - wrong:
            # A few broken characters in what is UTF-8 for the most part.
            return Reading(text, False, name)
        name = ""
    if name == ISO_2022:
        return Reading(iso2022.decode(data)[0] if data.isascii() else _whole(data.decode(guess(data), "replace")), False, name)
    name, right = name or guess(data), name == "cp1252"
    return Reading(_whole(data.decode(name, "replace")), right, name)


def decode(data: bytes, declared: str = "") -> tuple[str, bool]:
    """Make text of bytes: by the declared charset, else as UTF-8, else by the likeliest old charset.

    Returns the text and whether the declared charset (US-ASCII and UTF-8 where none is declared) was right; see ``read``.
    """
    found = read(data, declared)
    return found.text, found.right


def undeclared(data: bytes, *, likely: str = "") -> str:
    """Make text of bytes that nothing declares, such as 8-bit header fields: as UTF-8, else by the ``likely`` charset, else as guessed.

    ``likely`` is what the body of the message is declared to be in. Latin-1 says nothing: it is what programs write that do not know.
    """
    name = codec(likely) if likely else ""
    if name and name != "cp1252" and not name.startswith("utf") and _strict(data, "utf-8") is None:
        found = _by(data, name)
        if found is not None:
            return _whole(found)
    return decode(data)[0]
