"""Header fields of honest, broken and hostile mail."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webmail.address import Address, printable
from webmail.message.header import decode_text, display_fields, envelope, message_ids, parse_date, split_fields
from webmail.message.summary import Envelope

USUAL = b"""From: "Anna Example" <anna@mail.example.org>\r
To: Bob <bob@example.org>, "Carol, C." <carol@example.com>\r
Cc: list@lists.example.org\r
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe_aus?= =?utf-8?b?IE3DvG5jaGVu?=\r
Date: Mon, 23 Nov 2026 06:49:24 +0100 (CET)\r
Message-ID: <123@mail.example.org>\r
In-Reply-To: <abc@example.org>\r
References: <1@example.org>\r
 <abc@example.org>\r
List-Id: "A list" <list.example.org>\r
\r
From: not a field
"""


def texts(found: Envelope) -> list[str]:
    people = (*found.sender, *found.to, *found.cc, *found.bcc, *found.reply_to)
    return [found.subject, found.from_raw, found.list_id, *(each.name for each in people), *(each.addr_spec for each in people)]


def assert_fit_to_show(found: Envelope) -> None:
    for text in texts(found):
        assert printable(text) == text
        text.encode("utf-8")
    assert found.date is None or found.date.utcoffset() is not None


def test_a_usual_header_is_read() -> None:
    found = envelope(USUAL)
    assert found.subject == "Grüße aus München"
    assert found.sender == (Address("Anna Example", "anna@mail.example.org"),)
    assert found.to == (Address("Bob", "bob@example.org"), Address("Carol, C.", "carol@example.com"))
    assert found.date == datetime(2026, 11, 23, 5, 49, 24, tzinfo=UTC)
    assert found.message_id_field == "<123@mail.example.org>"
    assert found.in_reply_to == ("<abc@example.org>",)
    assert found.references == ("<1@example.org>", "<abc@example.org>")
    assert found.list_id == "list.example.org"
    assert (found.from_raw, found.sender_doubtful) == ("", False)


@pytest.mark.parametrize(
    "raw",
    [
        b"From: good@bank.example <evil@x.example>",
        b"From: <good@bank.example>evil@x.example",
        b"From: a@x.example\r\nFrom: b@x.example",
        b"From: a@x.example, b@x.example",
        b'From: "good@bank.example" <evil@x.example>',
        b"From: =?utf-8?q?good=40bank.example?= <evil@x.example>",
        "From: good＠bank.example <evil@x.example>".encode(),
        b"From: nobody",
        b"Sender: a@x.example",
        "From: a@pаypal.com".encode(),  # The second letter is Cyrillic.
    ],
)
def test_a_sender_who_may_be_another_is_marked_and_kept_raw(raw: bytes) -> None:
    found = envelope(raw)
    assert found.sender_doubtful
    assert found.from_raw


@pytest.mark.parametrize(
    "raw",
    [
        b"From: a@x.example <a@x.example>",
        b"From: 'A@X.example' <a@x.example>",
        "From: и@почта.рф".encode(),
        b"From: A <a@x.example> (office)",
    ],
)
def test_an_honest_sender_is_not_marked(raw: bytes) -> None:
    assert not envelope(raw).sender_doubtful


def test_a_comma_or_bracket_in_an_encoded_word_makes_no_address() -> None:
    found = envelope(b"From: =?utf-8?q?good=40bank.example=3E=2C?= <evil@x.example>\r\nTo: =?utf-8?q?a=40x.org=2C_b=40x.org?= <c@x.org>")
    assert [each.addr_spec for each in found.sender] == ["evil@x.example"]
    assert found.to == (Address("a@x.org, b@x.org", "c@x.org"),)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"plain", "plain"),
        (b"=?utf-8?q?hi=0ABcc=3A_x?=", "hi Bcc: x"),
        (b"=?utf-8?b?5L2g?= =?utf-8?b?5aW9?=", "你好"),
        (b"=?utf-8?b?5L2?= =?utf-8?b?g5aW9?=", "你好"),
        (b"=?utf-8?q?=E4=BD?= =?utf-8?q?=A0?=", "你"),
        (b"=?iso-8859-1?q?a?= b =?iso-8859-1?q?c?=", "a b c"),
        (b"=?utf-8*en?q?x_y?=", "x y"),
        (b"=?unknown-8bit?q?=C3=A9?=", "é"),
        (b"=?x-nothing?b?6Q==?=", "é"),
        (b"=?utf-8?q?with blanks?=", "with blanks"),
        (b"=?ISO-2022-JP?B?GyRCRnxLXBsoQg==?=", "日本"),
        ("grüße".encode(), "grüße"),
        ("grüße".encode("cp1252"), "grüße"),
        (b"=?utf-8?q?=E2=80=AEevil?=", "evil"),
        (b"=?utf-8?b?!!!?=", ""),
        (b"=?utf-8?q?unfinished", "unfinished"),
        (b"=?utf-8?q?=3D=3Futf-8=3Fq=3Fx=3F=3D?=", "=?utf-8?q?x?="),
    ],
)
def test_text_is_decoded_once_and_shown_on_one_line(raw: bytes, expected: str) -> None:
    assert decode_text(raw) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mon, 23 Nov 2026 06:49:24 +0100", "2026-11-23T06:49:24+01:00"),
        ("23 Nov 2026 06:49 -0000", "2026-11-23T06:49:00+00:00"),
        ("Mon, 23 Nov 26 06:49:24 EST", "2026-11-23T06:49:24-05:00"),
        ("Thu, 13 Feb 69 23:32:54 GMT", "1969-02-13T23:32:54+00:00"),
        ("2002-09-12T12:00:00Z", "2002-09-12T12:00:00+00:00"),
        ("Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", "1997-11-21T09:55:06-06:00"),
        ("Mon, 23 Nov 0026 06:49:24 +0000", "2026-11-23T06:49:24+00:00"),
        ("Thu, 22 Aug 0102 12:07:35 +0800", "2002-08-22T12:07:35+08:00"),
        ("Thu, 22 Aug 102 12:07:35 +0800", "2002-08-22T12:07:35+08:00"),
        ("Thu, 22 Aug 1802 12:07:35 +0800", "1900-01-01T00:00:00+00:00"),
        ("Mon, 16 Sep 2002 13:12:50 GMT+1", "2002-09-16T13:12:50+01:00"),
        ("Mon, 16 Sep 2002 13:12:50 UTC-03:30", "2002-09-16T13:12:50-03:30"),
        ("Wed 29 May 2019 06:09:22 PM EDT", "2019-05-29T18:09:22-04:00"),
        ("Wed, 29 May 2019 12:09:22 AM +0000", "2019-05-29T00:09:22+00:00"),
        ("Fri, 31 Dec 9999 23:59:59 -2300", "9998-12-31T23:59:59+00:00"),
        ("Mon, 23 Nov 2026 06:49:60 +9959", "2026-11-23T06:49:59+00:00"),
        ("Mon, 31 Feb 2026 06:49:24 +0100", None),
        ("Mon, 23 Xyz 2026 06:49:24 +0100", None),
        ("", None),
        ("tomorrow", None),
        ("%date%", None),
    ],
)
def test_a_date_is_read_or_there_is_none(text: str, expected: str | None) -> None:
    found = parse_date(text)
    assert (found.isoformat() if found else None) == expected


@given(st.text(max_size=60) | st.text(alphabet="0123456789 :+-,JanFebMonTZ()", max_size=40))
def test_no_date_makes_reading_fail(text: str) -> None:
    found = parse_date(text)
    assert found is None or (found.astimezone(UTC) + timedelta(0)).year >= 1899


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<a@x> <b@x>", ("<a@x>", "<b@x>")),
        ('Your message of "today" <a@x>', ("<a@x>",)),
        ("<a\r\n b@x>", ("<ab@x>",)),
        ("a@x b@x", ("<a@x>", "<b@x>")),
        ("a@x> b@x", ("<a@x>", "<b@x>")),
        ("<é@x> <>", ()),
        ("", ()),
    ],
)
def test_message_ids_are_found(text: str, expected: tuple[str, ...]) -> None:
    assert message_ids(text) == expected


def test_a_long_chain_keeps_its_first_and_newest_ids() -> None:
    found = message_ids(" ".join(f"<{number}@x>" for number in range(5_000)))
    assert len(found) == 200
    assert (found[0], found[-1]) == ("<0@x>", "<4999@x>")


def test_fields_are_unfolded_and_what_is_no_field_is_passed_over() -> None:
    raw = b"From nobody\r\nSubject: a\r\n\tb\r\nno field\r\nX : y\n\xff: z\r\n\r\nBody: x"
    assert split_fields(raw) == [("Subject", b"a\tb"), ("X", b"y")]


@pytest.mark.parametrize("raw", [b"A: 1\r\rB: 2", b"A: 1\rB: 2\r\rC: 3", b"A: 1\r\r\nB: 2\r\r\n\r\r\nC: 3"])
def test_mail_with_strange_line_ends_has_fields(raw: bytes) -> None:
    assert split_fields(raw)[0] == ("A", b"1")


def test_the_headers_page_decodes_names_but_never_forges_structure() -> None:
    raw = b"To: =?utf-8?q?J=C3=B6rg=2C_M?= <j@x.org>\r\nFrom: =?utf-8?q?a=40b=2Cc?= <x@x.org>, <\r\nSubject: =?utf-8?q?=C3=A9?=\r\n"
    assert display_fields(raw) == (("To", '"Jörg, M" <j@x.org>'), ("From", "=?utf-8?q?a=40b=2Cc?= <x@x.org>, <"), ("Subject", "é"))


@given(st.binary(max_size=300))
def test_no_octets_make_a_header_fail(raw: bytes) -> None:
    assert_fit_to_show(envelope(raw))
    assert_fit_to_show(envelope(b"From: " + raw + b"\r\nSubject: " + raw + b"\r\nDate: " + raw + b"\r\nReferences: " + raw))
    display_fields(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"To: " + b", ".join(b'"User, %d" <u%d@example.org>' % (n, n) for n in range(8_000)),
        b"Subject: " + b"=?utf-8?q?a?= " * 15_000,
        b"Subject: " + b"=?utf-8?q?" * 21_000,
        b"Subject: " + b"=" * 210_000,
        b"From: " + b'"' * 210_000,
        b"From: " + b"(" * 210_000,
        b"References: " + b"<a@b> " * 35_000,
        b"References: " + b"<" * 210_000,
        b"Date: " + b"1 " * 105_000,
        b"A:\r\n" + b" \r\n" * 70_000,
        b"\r" * 210_000,
        b"X: y\r\n" * 35_000,
        b"a" * 210_000,
    ],
    ids=range(13),
)
def test_a_header_of_any_size_is_read_in_linear_time(raw: bytes) -> None:
    begun = time.process_time()
    envelope(raw)
    display_fields(raw)
    assert time.process_time() - begun < 2


def test_a_usual_header_costs_little() -> None:
    best = 1.0
    for _ in range(20):
        begun = time.process_time()
        for _ in range(100):
            envelope(USUAL)
        best = min(best, (time.process_time() - begun) / 100)
    assert best < 0.0006  # Ten times what it takes on a quiet machine.
