"""What a header tells of who wrote it: each trick has its mark, and honest mail has none."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webmail.message.facts import NO_FACTS, facts
from webmail.message.header import envelope
from webmail.message.sender import Mark, Severity, marks, ordered


def told(header: str, *, verified: bool = False) -> dict[str, Mark]:
    raw = header.encode() + b"\r\n\r\n"
    return {mark.code: mark for mark in marks(envelope(raw), facts(raw), verified=verified)}


def test_a_name_that_shows_another_address_is_marked_with_the_real_one() -> None:
    found = told('From: "Pennywell <help@pennywell.example>" <x@evil.example>')
    assert found["name_address"].severity is Severity.DANGER
    assert found["name_address"].values["address"] == "x@evil.example"


@pytest.mark.parametrize(
    "header",
    [
        "From: Mira Kestrel <mira@example.net>",
        "From: mira@example.net\r\nReply-To: m.kestrel@mail.example.net",
        "From: Mira <mira@example.net>\r\nReply-To: list@lists.example.org\r\nList-Id: <list.example.org>",
        "From: mira@example.net\r\nTo: hikers@example.org\r\nReply-To: hikers@example.org",
        "From: =?utf-8?q?=D7=A9=D7=9C=D7=95=D7=9D=E2=80=8F?= <noa@example.net>",
        "From: Иван Petrov <ivan@example.net>",
        "From: mira@example.net <mira@example.net>",
    ],
)
def test_honest_mail_has_no_marks(header: str) -> None:
    assert told(header) == {}


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("From: a@example.org\r\nFrom: b@example.net", "several_from"),
        ("From: a@example.org, b@example.net", "several_senders"),
        ("From: Mira <mira@example.net> <x@example.org>", "several_senders"),
        ("From: ", "no_sender"),
        ("Subject: nobody", "no_sender"),
        ("From: a@example.org\r\nSender: a@example.org\r\nSender: b@example.net", "doubled"),
        ("From: =?utf-8?b?TWnigK5yYQ==?= <a@example.org>", "hidden_order"),
        ("From: Mi\u200bra <a@example.org>", "hidden_unseen"),
        ("From: Paypаl <a@example.org>", "name_scripts"),
        ("From: a@xn--80ak6aa92e.com", "imitates"),
        ("From: a@gооgleя.com", "scripts"),
        ("From: a@xn--mnchen-3ya.de", "international"),
        ("From: a@example.org\r\nReply-To: b@example.net", "reply_elsewhere"),
    ],
)
def test_every_trick_has_its_mark(header: str, code: str) -> None:
    assert code in told(header)


def test_both_forms_of_a_domain_in_other_letters_are_told() -> None:
    found = told("From: a@xn--80ak6aa92e.com")["imitates"]
    assert found.values == {
        "domain": "аррӏе.com",
        "ascii": "xn--80ak6aa92e.com",
        "like": "apple.com",
    }


def test_answers_to_another_site_weigh_less_where_the_sender_is_verified() -> None:
    header = "From: a@example.org\r\nReply-To: b@example.net"
    assert told(header)["reply_elsewhere"].severity is Severity.WARN
    assert told(header, verified=True)["reply_elsewhere"].severity is Severity.INFO


def test_the_heaviest_mark_comes_first_and_none_comes_twice() -> None:
    light, heavy = Mark("a", Severity.INFO), Mark("b", Severity.DANGER)
    assert ordered([light, heavy, light]) == (heavy, light)


def test_of_real_mail_hardly_any_is_called_dangerous(corpus_dir: Path) -> None:
    headers = [path.read_bytes()[:65536] for path in sorted((corpus_dir / "mime").rglob("*")) if path.is_file()]
    dangerous = [raw for raw in headers if any(mark.severity is Severity.DANGER for mark in marks(envelope(raw), facts(raw)))]
    assert len(headers) > 1600
    assert 0 < len(dangerous) < len(headers) / 50


@given(st.binary(max_size=300))
def test_any_header_can_be_looked_at(raw: bytes) -> None:
    header = b"From: " + raw
    assert all(mark.code for mark in (*marks(envelope(header), facts(header)), *marks(envelope(header), NO_FACTS)))
