"""Transfer encodings undone, whole and in pieces."""

import base64
import binascii
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webmail.message.mime import decode_body, decode_stream

ENCODINGS = ["base64", "quoted-printable", "7bit", "8bit", "binary", "x-uuencode", "nonsense", "BASE64 "]


@pytest.mark.parametrize(
    ("encoding", "data", "expected"),
    [
        ("base64", b"SGVs\r\nbG8=\r\n", b"Hello"),
        ("base64", b"SGVsbG8", b"Hello"),
        ("base64", b"SG Vs*bG8=", b"Hello"),
        ("base64", b"SGVsbG8=\r\nIQ==\r\n", b"Hello!"),
        ("base64", b"SGVsbG8=\r\n____\r\nA list footer\r\n", b"Hello"),
        ("base64", b"=", b""),
        ("BASE64", b"SGVsbG8=", b"Hello"),
        ("quoted-printable", b"a=3Db=\r\nc=20\r\n", b"a=bc \r\n"),
        ("quoted-printable", b"soft=  \r\nbreak", b"softbreak"),
        ("quoted-printable", b"=ZZ =", b"=ZZ "),
        ("x-uuencode", b"begin 644 f\n%2&5L;&\\\n`\nend\n", b"Hello"),
        ("x-uuencode", b"no such thing", b"no such thing"),
        ("x-uuencode", b"we begin 644 of them\n", b"we begin 644 of them\n"),
        ("x-uuencode", b"begin 644 f\n`\nend\n", b""),
        ("8bit", b"\xff\x00", b"\xff\x00"),
        ("strange", b"as it is", b"as it is"),
    ],
)
def test_a_body_is_decoded_and_what_does_not_fit_is_passed_over(encoding: str, data: bytes, expected: bytes) -> None:
    assert decode_body(data, encoding=encoding) == expected


@given(st.binary(max_size=2000), st.integers(1, 100))
def test_base64_is_the_same_however_the_stream_is_cut(content: bytes, size: int) -> None:
    encoded = base64.encodebytes(content).replace(b"\n", b"\r\n")
    chunks = (encoded[place : place + size] for place in range(0, len(encoded), size))
    assert b"".join(decode_stream(chunks, encoding="base64")) == content


@given(st.binary(max_size=1000), st.integers(1, 60))
def test_quoted_printable_is_the_same_however_the_stream_is_cut(content: bytes, size: int) -> None:
    encoded = binascii.b2a_qp(content, istext=False)
    chunks = (encoded[place : place + size] for place in range(0, len(encoded), size))
    assert b"".join(decode_stream(chunks, encoding="quoted-printable")) == content


@given(st.binary(max_size=400), st.sampled_from(ENCODINGS), st.integers(1, 50))
def test_no_octets_make_decoding_fail(data: bytes, encoding: str, size: int) -> None:
    decode_body(data, encoding=encoding)
    list(decode_stream((data[place : place + size] for place in range(0, len(data), size)), encoding=encoding))


def test_a_stream_gives_out_what_it_has() -> None:
    stream = decode_stream(iter([b"SGVs" * 1000, b"bG8="]), encoding="base64")
    assert len(next(stream)) == 3000


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable", "x-uuencode"])
@pytest.mark.parametrize(
    "data", [b"=" * 2_000_000, b"A" * 2_000_000, b"= " * 1_000_000, b"A=\n" * 600_000, b"begin \n" + b"M" * 2_000_000], ids=range(5)
)
def test_a_body_of_nothing_but_marks_is_decoded_in_linear_time(data: bytes, encoding: str) -> None:
    begun = time.process_time()
    decode_body(data, encoding=encoding)
    assert time.process_time() - begun < 4
