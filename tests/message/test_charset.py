"""Bytes made text, whatever charset they claim."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from webencodings.labels import LABELS

from webmail.message.charset import CHOICES, choice, codec, decode, read

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


STANDARD = {
    "ibm866": "cp866",
    "macintosh": "mac-roman",
    "x-mac-cyrillic": "mac-cyrillic",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "euc-jp": "euc_jp",
    "iso-8859-8-i": "iso8859-8",
    "shift_jis": "cp932",
    "euc-kr": "cp949",
    "utf-16be": "utf-16-be",
    "utf-16le": "utf-16-le",
    "iso-2022-jp": "iso-2022",
    "x-user-defined": "",
}
"""Our codec for a charset of the WHATWG Encoding Standard, where it has another name or is the larger one."""


@pytest.mark.parametrize("label", sorted(LABELS))
def test_every_label_of_the_standard_is_known(label: str) -> None:
    meant = LABELS[label]
    if meant == "replacement":
        # The standard refuses these because pages can lie with them; mail is written in them.
        assert codec(label) in ("iso-2022", "hz", "")
        return
    expected = STANDARD.get(meant, meant.replace("windows-", "cp").replace("iso-8859", "iso8859"))
    assert codec(label) == expected


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("utf-8//IGNORE", "utf-8"),
        ("UTF-8//TRANSLIT", "utf-8"),
        ('"koi8-r"', "koi8-r"),
        (" 'UTF8' ", "utf-8"),
        ("charset=utf-8", "utf-8"),
        ("utf-8;", "utf-8"),
        ("utf_8", "utf-8"),
        ("utf8mb4", "utf-8"),
        ("utf-8*en", "utf-8"),
        ("ISO_8859-15", "iso8859-15"),
        ("iso8859_1", "cp1252"),
        ("iso-8859-1-windows-3.1-latin-1", "cp1252"),
        ("iso-88592", "iso8859-2"),
        ("win-1251", "cp1251"),
        ("windows1251", "cp1251"),
        ("ms-1252", "cp1252"),
        ("cp-850", "cp850"),
        ("ibm437", "cp437"),
        ("ansi_x3.4-1986", "cp1252"),
        ("x-euc-kr", "cp949"),
        ("ks_c_5601", "cp949"),
        ("ksc5601", "cp949"),
        ("x-windows-949", "cp949"),
        ("x-mac-ce", "mac-latin2"),
        ("x-mac-greek", "mac-greek"),
        ("x-mac-japanese", "cp932"),
        ("iso-2022-jp-3", "iso-2022"),
        ("iso-2022-jp-ms", "iso-2022"),
        ("cp50220", "iso-2022"),
        ("iso-2022-kr", "iso-2022"),
        ("gb2312_charset", "gb18030"),
        ("euc-cn", "gb18030"),
        ("cp950", "big5hkscs"),
        ("koi8-ru", "koi8-u"),
        ("unicode-1-1-utf-7", "utf-7"),
        ("x-unknown", ""),
        ("unknown-8bit", ""),
        ("default", ""),
        ("none", ""),
        ("", ""),
    ],
)
def test_names_in_the_wild_are_known(label: str, expected: str) -> None:
    assert codec(label) == expected


@pytest.mark.parametrize(
    ("data", "declared", "expected"),
    [
        ("日本語①㈱".encode("cp932"), "shift_jis", "日本語①㈱"),
        (b"\x1b$B-!-j\x1b(B", "iso-2022-jp", "①㈱"),
        (b"\x1b$BF|K\\\x1b(I1\x1b(B.", "iso-2022-jp", "日本ｱ."),
        ("日本丂".encode("iso2022_jp_1"), "iso-2022-jp-1", "日本丂"),
        ("日本한국中".encode("iso2022_jp_2"), "iso-2022-jp-2", "日本한국中"),
        ("日本①".encode("iso2022_jp_3"), "iso-2022-jp-3", "日本①"),
        ("日本語".encode("iso2022_jp"), "us-ascii", "日本語"),
        ("日本語".encode("iso2022_jp"), "", "日本語"),
        ("안녕하세요".encode("iso2022_kr"), "iso-2022-kr", "안녕하세요"),
        (b"\x1b$)A\x0eVPND\x0f.", "iso-2022-cn", "中文."),
        ("€100 堃".encode("gb18030"), "gb2312", "€100 堃"),
        ("碁".encode("cp950"), "big5", "碁"),
        ("嘅".encode("big5hkscs"), "big5", "嘅"),
        ("똠방".encode("cp949"), "euc-kr", "똠방"),
        ("Привіт".encode("koi8-u"), "koi8-ru", "Привіт"),
        ("Grüße".encode("utf-7"), "utf-7", "Grüße"),
        ("Hi".encode("utf-16"), "utf-16", "Hi"),
        ("Hi Грим".encode("utf-16-be"), "utf-16", "Hi Грим"),
        ("中".encode("hz"), "hz-gb-2312", "中"),
        ("Žluťoučký".encode("mac-latin2"), "x-mac-ce", "Žluťoučký"),
    ],
)
def test_charsets_are_read_with_what_their_users_added(data: bytes, declared: str, expected: str) -> None:
    assert decode(data, declared)[0] == expected


def test_what_a_reader_chooses_counts_before_all_else() -> None:
    data = "Привет".encode("cp1251")
    assert read(data, "utf-8", chosen="koi8-r").text == data.decode("koi8-r")
    assert read(b"\xff", "", chosen="utf-8").text == "\ufffd"
    assert choice("koi8-r") == "koi8-r"
    assert choice("utf-7") == choice("rot13") == choice("") == ""
    assert all(codec(name) for _, names in CHOICES for name in names)
