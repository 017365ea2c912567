"""Bytes made text, whatever charset they claim."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webmail.message.charset import codec, decode

DECLARED = [
    "",
    "utf-8",
    "us-ascii",
    "iso-8859-1",
    "gb2312",
    "big5",
    "iso-2022-jp",
    "shift_jis",
    "euc-kr",
    "utf-7",
    "utf-16",
    "koi8-r",
    "x-unknown",
    "hz",
]


@pytest.mark.parametrize(
    ("data", "declared", "expected"),
    [
        ("Grüße".encode(), "utf-8", ("Grüße", True)),
        ("Grüße".encode("cp1252"), "ISO-8859-1", ("Grüße", True)),
        ("Grüße".encode(), "us-ascii", ("Grüße", False)),
        ("Grüße".encode("cp1252"), "utf-8", ("Grüße", False)),
        ("Grüße".encode("cp1252"), "", ("Grüße", False)),
        ("Grüße".encode(), "", ("Grüße", True)),
        ("Привет".encode("koi8-r"), '"KOI8-R"', ("Привет", True)),
        ("你好，世界".encode("gbk"), "gb2312", ("你好，世界", True)),
        ("你好，世界".encode("gbk"), "", ("你好，世界", False)),
        ("日本語".encode("iso-2022-jp"), "ISO-2022-JP", ("日本語", True)),
        ("한국어".encode("cp949"), "ks_c_5601-1987", ("한국어", True)),
        ("Grüße".encode(), "no-such-charset", ("Grüße", False)),
        (b"plain", "utf-16", ("plain", False)),
        (b"\xef\xbb\xbfmark", "utf-8", ("mark", True)),
        ("ÄÖ".encode("cp1252"), "windows-1252", ("ÄÖ", True)),
    ],
)
def test_the_declared_charset_counts_then_what_the_bytes_say(data: bytes, declared: str, expected: tuple[str, bool]) -> None:
    assert decode(data, declared) == expected


def test_a_character_cut_off_at_the_end_of_a_partial_body_is_dropped() -> None:
    assert decode("你好".encode()[:-1], "utf-8") == ("你", True)
    assert decode("caf\u00e9".encode("cp1252"), "") == ("café", False)


@pytest.mark.parametrize(
    "name",
    ["rot13", "zlib", "base64", "hex", "unicode_escape", "raw_unicode_escape", "punycode", "idna", "undefined", "mbcs", "../x", "x" * 99],
)
def test_codecs_that_are_no_charsets_are_not_used(name: str) -> None:
    assert codec(name) == ""


@given(st.binary(max_size=200), st.sampled_from(DECLARED) | st.text(max_size=20))
def test_no_bytes_make_decoding_fail(data: bytes, declared: str) -> None:
    decode(data, declared)[0].encode("utf-8")
