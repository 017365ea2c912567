"""What a header says besides: learned once, kept as it was."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from webmail.message.facts import NO_FACTS, Facts, facts, from_json, to_json

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


@given(st.binary(max_size=400))
def test_facts_are_kept_as_they_were(header: bytes) -> None:
    assert from_json(to_json(facts(header))) == facts(header)
