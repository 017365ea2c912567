"""Windows code pages as the text they mean (the numbers that TNEF and RTF name charsets by)."""

from __future__ import annotations

_SPECIAL = {
    65001: "utf-8",
    65000: "utf-7",
    1200: "utf-16-le",
    1201: "utf-16-be",
    20127: "ascii",
    10000: "mac_roman",
    20866: "koi8_r",
    21866: "koi8_u",
    936: "gb18030",
    54936: "gb18030",
    51936: "gb18030",
    50220: "iso2022_jp",
    51932: "euc_jp",
    51949: "euc_kr",
    **{28590 + number: f"iso8859_{number}" for number in (1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 15)},
}


def decoded(octets: bytes, codepage: int) -> str:
    """The text of octets in a code page; one that nobody knows is read as UTF-8 or Western. Never raises."""
    for name in (_SPECIAL.get(codepage, f"cp{codepage}"), "utf-8"):
        try:
            return octets.decode(name)
        except (LookupError, ValueError):
            continue
    return octets.decode("cp1252", "replace")
