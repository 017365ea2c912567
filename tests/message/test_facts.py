"""What a header says besides: learned once, kept as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webmail.message.facts import NO_FACTS, Facts, conflicts, facts, from_json, to_json

TWICE = (
    b"From: a@example.org\r\nSubject: one\r\nReceived: x\r\nReceived: y\r\nfrom: b@example.org\r\n"
    b"Content-Type: a/b\r\nContent-type: c/d\r\n\r\nTo: x\r\nTo: y\r\n"
)


def test_fields_that_may_stand_once_are_named_where_they_stand_twice() -> None:
    assert facts(TWICE) == Facts(doubled=("from", "content-type"))


def test_the_lines_of_servers_are_kept_as_far_as_the_sender_has_not_begun() -> None:
    header = (
        b"Return-Path: <a@b>\r\nReceived: from x\r\n by mx.example.org\r\nAuthentication-Results: mx.example.org;\r\n spf=pass\r\n"
        b"Odd: 1\r\nX-Spam: no\r\nFrom: a@b.example\r\nAuthentication-Results: mx.example.org; dmarc=pass\r\n\r\n"
    )
    assert facts(header).trace == ("received from x by mx.example.org", "results mx.example.org; spf=pass", "other")


def test_an_honest_header_has_nothing_doubled() -> None:
    assert facts(b"From: a@example.org\r\nReceived: x\r\nReceived: y\r\nTo: b@example.org\r\n\r\n") == NO_FACTS
    assert facts(b"") == NO_FACTS


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"Content-Type: text/plain\nContent-Type: text/html\n", ("content-type",)),
        (b"Content-Type: multipart/mixed; boundary=a; boundary=b\n", ("content-type boundary",)),
        (b"Content-Type: multipart/mixed; boundary=a; boundary*=us-ascii''b\n", ("content-type boundary",)),
        (b"Content-Type: multipart/mixed; boundary=a; boundary=a\n", ()),
        (b"Content-Type: text/plain; charset=x; CHARSET=y\n", ("content-type charset",)),
        (b"Content-Type: a/b; name*0=x; name*1=y\nContent-Disposition: inline; filename=a; filename*=b''c\n", ()),
        (b"Content-Disposition: attachment; filename=a.exe; filename=a.txt\n", ("content-disposition filename",)),
        (b"Content-Type: multipart/mixed; boundary=a\nContent-Transfer-Encoding: base64\n", ("content-transfer-encoding",)),
        (b"Content-Type: multipart/mixed; boundary=a\nContent-Transfer-Encoding: 8bit\n", ()),
        (b"Content-Type: text/plain\nContent-Transfer-Encoding: base64\n", ()),
        (b"", ()),
    ],
)
def test_what_is_said_of_a_body_in_two_ways_is_named(header: bytes, expected: tuple[str, ...]) -> None:
    assert conflicts(header) == expected


@given(st.binary(max_size=400))
def test_facts_are_kept_as_they_were(header: bytes) -> None:
    assert from_json(to_json(facts(header))) == facts(header)
