"""Parameters of MIME fields, and file names safe to show and to save under."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webmail.address import printable
from webmail.message.parameters import decode_parameters, filename, safe_filename, split_parameters


def decoded(value: str) -> dict[str, str]:
    return decode_parameters(split_parameters(value)[1])


def test_a_content_type_is_read() -> None:
    kind, pairs = split_parameters(b'Text/HTML; charset="utf-8"; Name=a.html')
    assert (kind, pairs) == ("text/html", [("charset", "utf-8"), ("name", "a.html")])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("x; filename*=utf-8''Gr%C3%BC%C3%9Fe.txt", "Grüße.txt"),
        ("x; filename*0*=utf-8''Gr%C3%BC; filename*1=e; filename*2*=%20n.txt", "Grüe n.txt"),
        ("x; filename*0=long; filename*1=er.txt", "longer.txt"),
        ("x; filename*0=a; filename*2=c", "a"),
        ("x; filename*1=b; filename*0=a", "ab"),
        ("x; filename*0*=utf-8''%E4%BD; filename*1*=%A0.txt", "你.txt"),
        ("x; filename=\"plain.txt\"; filename*=utf-8''%C3%A9.txt", "é.txt"),
        ("x; filename*=iso-8859-1'de'%E9.txt", "é.txt"),
        ("x; filename*=nocharset.txt", "nocharset.txt"),
        ('x; filename="=?utf-8?q?Gr=C3=BC=C3=9Fe.txt?="', "Grüße.txt"),
        ('x; filename="=?utf-8?b?R3LD?= =?utf-8?b?vMOfZS50eHQ=?="', "Grüße.txt"),
        ("x; filename=\"utf-8''%C3%A9.txt\"", "é.txt"),
        ('x; filename="C:\\temp\\a.txt"', "a.txt"),
        ('x; filename="say \\"hi\\".txt"', "say _hi_.txt"),
        ("x; filename=with blank.txt", "with blank.txt"),
        ("x; filename=", ""),
        ('x filename="unfinished.txt', "unfinished.txt"),
    ],
)
def test_a_file_name_is_read_in_every_form(value: str, expected: str) -> None:
    assert filename(decoded(value), {}) == expected


def test_the_disposition_names_a_file_before_the_type_does() -> None:
    assert filename({"filename": "a"}, {"name": "b"}) == "a"
    assert filename({}, {"name": "b"}) == "b"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../../etc/passwd", "passwd"),
        ("..", ""),
        ("", ""),
        ("/", ""),
        (".htaccess", "htaccess"),
        ("a\r\nb.txt", "a b.txt"),
        ("evil\u202etxt.exe", "eviltxt.exe"),
        ("a/b\\c／d.txt", "d.txt"),
        ("trailing. ", "trailing"),
        ("a" * 300 + ".pdf", "a" * 196 + ".pdf"),
        ("名" * 300, "名" * 200),
        ('x<>:"|?*.y', "x_______.y"),
    ],
)
def test_a_file_name_is_safe(name: str, expected: str) -> None:
    assert safe_filename(name) == expected


@given(st.text(max_size=400))
def test_every_file_name_is_safe(name: str) -> None:
    safe = safe_filename(name)
    assert printable(safe) == safe
    assert len(safe) <= 200
    assert not set(safe) & set("/\\")
    assert not safe.startswith(".")
    assert safe_filename(safe) == safe


@given(st.text(alphabet="ab*=;'\"\\% 019é\n", max_size=80))
def test_no_parameters_make_reading_fail(value: str) -> None:
    for text in decoded(value).values():
        text.encode("utf-8")
