"""The sample mail: enough of it, of every kind, well formed, and from nobody who exists."""

from __future__ import annotations

import imaplib
import re
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from tests.demo.conftest import DemoServer
from webmail.demo.mail.letter import ALICE, DEMO, Sample
from webmail.demo.sample_mail import ACCOUNTS, MAILBOXES, samples

NOW = datetime(2026, 3, 1, 0, 20).astimezone()
SAMPLES = samples(NOW)
INBOX = [sample for sample in SAMPLES if sample.owner == DEMO and sample.mailbox == "INBOX"]


def parsed(sample: Sample) -> EmailMessage:
    message = message_from_bytes(sample.raw, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def types(sample: Sample) -> set[str]:
    return {part.get_content_type() for part in parsed(sample).walk()}


def test_there_are_thirty_messages_and_twenty_in_the_inbox() -> None:
    assert len(SAMPLES) >= 30
    assert len(INBOX) >= 20


def test_each_message_lies_in_a_mailbox_that_exists() -> None:
    for sample in SAMPLES:
        assert sample.owner in ACCOUNTS
        assert sample.mailbox in {"INBOX", *MAILBOXES[sample.owner]}


def test_nothing_comes_from_the_future_and_some_of_it_from_today() -> None:
    assert all(sample.date <= NOW for sample in SAMPLES)
    assert sum(sample.date > NOW - timedelta(hours=8) for sample in INBOX) >= 5
    assert sum(sample.date < NOW - timedelta(days=7) for sample in INBOX) >= 2


def test_lines_end_with_crlf_and_stay_below_the_limit() -> None:
    for sample in SAMPLES:
        assert b"\n" not in sample.raw.replace(b"\r\n", b"")
        assert max(len(line) for line in sample.raw.split(b"\r\n")) <= 998


def test_some_are_unread_flagged_and_answered() -> None:
    flags = [sample.flags for sample in INBOX]
    assert sum("\\Seen" not in each for each in flags) >= 5
    assert sum("\\Flagged" in each for each in flags) >= 3
    assert sum("\\Answered" in each for each in flags) >= 3


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        ("an invitation", rb"(?i)content-type: text/calendar"),
        ("a bounce", rb"(?i)content-type: multipart/report"),
        ("a forwarded message", rb"(?i)content-type: message/rfc822"),
        ("a mailing list", rb"(?i)list-post: <mailto:"),
        ("one-click leaving", rb"(?i)list-unsubscribe-post: "),
        ("an image inside", rb"(?i)content-id: <pine-logo>"),
        ("a remote image", rb'<img src=3D"https://images'),
        ("a media query", rb"@media \(max-width"),
        ("a document", rb"(?i)content-type: application/pdf"),
        ("an archive", rb"(?i)content-type: application/zip"),
        ("a table", rb"(?i)content-type: text/csv"),
        ("a Chinese file name", rb"(?i)filename\*=utf-8''%E4"),
        ("flowed text", rb'format="?flowed'),
        ("Japanese", rb"charset=ISO-2022-JP"),
        ("simplified Chinese", rb"charset=GB18030"),
        ("Russian", rb"charset=KOI8-R"),
        ("undeclared bytes", rb"Subject: Ge\xf6ffnet"),
        ("quotes within quotes", rb"\r\n>>>>"),
        ("a look-alike sender", rb'From: "Pennywell Pay <help@pennywell.example>" <billing@pennywell-login.example>'),
    ],
)
def test_the_inbox_holds(what: str, pattern: bytes) -> None:
    assert any(re.search(pattern, sample.raw) for sample in INBOX), what


def test_one_message_has_no_subject_and_one_a_very_long_one() -> None:
    lengths = [len(str(parsed(sample)["Subject"] or "")) for sample in INBOX]
    assert min(lengths) == 0
    assert max(lengths) > 200


def test_one_message_is_html_and_nothing_else() -> None:
    assert any(types(sample) == {"text/html"} for sample in INBOX)


def test_there_is_writing_from_right_to_left_and_emoji() -> None:
    words = "".join(str(parsed(sample)["Subject"]) for sample in INBOX)
    assert re.search("[\u0600-\u06ff]", words)
    assert re.search("[\u0590-\u05ff]", words)
    assert "🎂" in words


def test_a_conversation_of_five_runs_through_inbox_and_sent() -> None:
    thread = [sample for sample in SAMPLES if b"<ridge-" in sample.raw]
    assert len(thread) >= 5
    assert {sample.mailbox for sample in thread} == {"INBOX", "Sent"}
    known: set[str] = set()
    for sample in thread:
        assert set(str(parsed(sample)["References"] or "").split()) <= known
        known.add(str(parsed(sample)["Message-ID"]))


def test_drafts_are_drafts_and_junk_is_junk() -> None:
    assert all("\\Draft" in sample.flags for sample in SAMPLES if sample.mailbox == "Drafts")
    assert [sample for sample in SAMPLES if sample.mailbox == "Junk"]
    assert [sample for sample in SAMPLES if sample.mailbox == "Drafts"]


def test_everybody_lives_on_a_reserved_domain() -> None:
    for sample in SAMPLES:
        text = sample.raw.replace(b"=\r\n", b"").lower()
        for host in re.findall(rb"(?:@|//)((?:[a-z0-9-]+\.)+[a-z]{2,})", text):
            assert re.search(rb"(^|\.)(example|test|example\.(com|org|net))$", host), host


def test_the_documents_open() -> None:
    kinds = {"application/pdf": b"%PDF-1.4", "image/png": b"\x89PNG\r\n\x1a\n", "application/zip": b"PK\x03\x04"}
    found = set()
    for sample in SAMPLES:
        for part in parsed(sample).walk():
            if part.get_content_type() in kinds:
                content = part.get_payload(decode=True)
                assert isinstance(content, bytes)
                assert content.startswith(kinds[part.get_content_type()])
                found.add(part.get_content_type())
    assert found == set(kinds)


def test_every_message_can_be_fetched_from_the_server(demo: DemoServer) -> None:
    fetched = 0
    for owner in (DEMO, ALICE):
        with demo.imap(owner) as client:
            for name in {sample.mailbox for sample in SAMPLES if sample.owner == owner}:
                fetched += len(all_structures(client, name))
    assert fetched >= len(SAMPLES)


def test_the_server_finds_the_parts_of_attached_messages_by_their_sections(demo: DemoServer) -> None:
    with demo.imap(DEMO) as client:
        client.select("INBOX", readonly=True)
        (found,) = client.search(None, "SUBJECT", '"Fwd: A stove for two rooms"')[1][0].split()
        expected = {
            "1": b"here is what the stove builder says",
            "2": b"QkVHSU46VkNBUkQ",
            "3.HEADER": b"Subject: Re: A stove for two rooms",
            "3.1": b"One stove, two rooms",
            "3.2.HEADER": b"From: Tomas Vale",
            "3.2.1": b"can one stove heat",
        }
        for section, words in expected.items():
            given = client.fetch(found, f"(BODY.PEEK[{section}])")[1][0]
            assert isinstance(given, tuple)
            assert words in given[1], section
            assert b"\r\n--=" not in given[1], f"{section} is one part"


def all_structures(client: imaplib.IMAP4, mailbox: str) -> list[object]:
    encoded = {"项目": '"&mHl27g-"', "项目/展览": '"&mHl27g-/&XFWJyA-"'}.get(mailbox, f'"{mailbox}"')
    assert client.select(encoded, readonly=True)[0] == "OK"
    answer, rows = client.fetch("1:*", "(UID ENVELOPE BODYSTRUCTURE RFC822.SIZE INTERNALDATE)")
    assert answer == "OK"
    return [row for row in rows if b"BODYSTRUCTURE" in (b" ".join(row) if isinstance(row, tuple) else bytes(row or b""))]
