"""A draft made into octets, and back."""

import email
import email.policy
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webmail.address import Address, printable
from webmail.errors import InvalidInput
from webmail.message.build import Attachment, Draft, build, needs_smtputf8, new_message_id, parse_draft, with_bcc

DATE = datetime(2026, 11, 23, 6, 49, 24, tzinfo=UTC)
ANNA = Address("Anna", "anna@example.org")
PLAIN = Draft(ANNA, to=(Address("", "bob@example.org"),), subject="Hello", text="Good morning\n")


def built(draft: Draft) -> bytes:
    return build(draft, date=DATE, message_id="<1@example.org>")


def assert_fit_to_send(raw: bytes) -> None:
    assert raw.isascii()
    assert raw.count(b"\n") == raw.count(b"\r\n") == raw.count(b"\r")
    assert b"\0" not in raw
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert raw.endswith(b"\r\n")


def test_a_draft_becomes_a_message() -> None:
    assert built(PLAIN).decode().split("\r\n") == [
        "Date: Mon, 23 Nov 2026 06:49:24 +0000",
        "From: Anna <anna@example.org>",
        "To: bob@example.org",
        "Subject: Hello",
        "Message-ID: <1@example.org>",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 7bit",
        "",
        "Good morning",
        "",
        "",
    ]


RICH = Draft(
    Address("Jörg, Müller", "joerg@example.org"),
    to=(Address('Quo "te" \\ (x)', "q@example.org"), Address("名前" * 40, "n@example.org"), Address("=?utf-8?q?x?=", "e@example.org")),
    cc=tuple(Address(f"Person {number}", f"p{number}@example.org") for number in range(40)),
    bcc=(Address("", "hidden@example.org"),),
    subject="Grüße, 你好 and a very long subject that does not fit on one line " + "é" * 100,
    text="Hällo\nFrom me\n.\n..\n\ttab \n-- \nlong " + "x" * 2000 + "\nFrom " + "é" * 100,
    in_reply_to="<a@example.org>",
    references=("<a@example.org>", "<" + "b" * 120 + "@example.org>"),
    attachments=(
        Attachment("Grüße aus München mit einem wirklich sehr langen Namen.pdf", "application/pdf", bytes(range(256)) * 10),
        Attachment("plain.txt", "text/plain", b"hi\n"),
        Attachment("empty.bin", "application/octet-stream", b""),
        Attachment("letter.eml", "message/rfc822", b"Subject: x\r\n\r\nbody\r\n"),
    ),
    html="<p>Hällo</p>",
)


def test_everything_a_draft_can_hold_comes_back() -> None:
    raw = with_bcc(built(RICH), RICH.bcc)
    assert_fit_to_send(raw)
    assert parse_draft(raw) == RICH


def test_python_reads_the_same() -> None:
    found = email.message_from_bytes(built(RICH), policy=email.policy.default)
    text = found.get_body(("plain",))
    html = found.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().replace("\r\n", "\n") == RICH.text + "\n"
    assert html.get_content().replace("\r\n", "\n") == RICH.html + "\n"
    assert found["subject"] == RICH.subject
    assert [each.addr_spec for each in found["to"].addresses] == [each.addr_spec for each in RICH.to]
    assert [part.get_filename() for part in found.iter_attachments()] == [each.filename for each in RICH.attachments]
    assert [part.get_content_type() for part in found.iter_attachments()] == [each.media_type for each in RICH.attachments]
    assert not found.defects


PICTURE = Attachment("logo.png", "image/png", b"\x89PNG", "logo.1@example.org")
DESIGNED = replace(
    PLAIN,
    html='<p>Hi <img src="cid:logo.1@example.org"></p>',
    attachments=(PICTURE, Attachment("a.pdf", "application/pdf", b"%PDF")),
    reply_to=(Address("Office", "office@example.org"),),
    priority="high",
    receipt=True,
)


def test_pictures_travel_with_the_html_that_shows_them() -> None:
    found = email.message_from_bytes(built(DESIGNED), policy=email.policy.default)
    assert [part.get_content_type() for part in found.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "application/pdf",
    ]
    related = next(part for part in found.walk() if part.get_content_type() == "multipart/related")
    assert related.get_param("type") == "text/html"
    picture = next(part for part in found.walk() if part.get_content_type() == "image/png")
    assert (picture["content-id"], picture.get_content_disposition()) == ("<logo.1@example.org>", "inline")
    assert not found.defects
    assert parse_draft(built(DESIGNED)) == DESIGNED


def test_a_picture_without_html_is_a_file() -> None:
    found = email.message_from_bytes(built(replace(DESIGNED, html="")), policy=email.policy.default)
    assert [part.get_content_disposition() for part in found.iter_attachments()] == ["attachment", "attachment"]


def test_wishes_are_fields_that_programs_know() -> None:
    found = email.message_from_bytes(built(DESIGNED), policy=email.policy.default)
    assert (found["reply-to"], found["x-priority"], found["importance"]) == ("Office <office@example.org>", "1 (Highest)", "High")
    assert found["disposition-notification-to"] == "Anna <anna@example.org>"
    assert parse_draft(built(replace(PLAIN, priority="low"))).priority == "low"


PARAGRAPH = "A paragraph that is longer than a line of a terminal is, " * 5


def test_paragraphs_flow_where_nothing_is_lost_by_it() -> None:
    text = f"{PARAGRAPH.strip()}\n\n> {PARAGRAPH.strip()}\n>> deeper\n From here\nFrom there\n-- \nAnna"
    raw = built(replace(PLAIN, text=text))
    assert b"Content-Type: text/plain; charset=utf-8; format=flowed\r\n" in raw
    assert max(map(len, raw.split(b"\r\n"))) <= 78
    assert parse_draft(raw).text == text
    assert b"format=flowed" not in built(replace(PLAIN, text=f"> {PARAGRAPH.strip()}"))
    for kept in (f"{PARAGRAPH}\n", f">{PARAGRAPH.strip()}", "x" * 100 + " \ny"):
        raw = built(replace(PLAIN, text=kept))
        assert b"format=flowed" not in raw
        assert parse_draft(raw).text == kept


def test_lines_of_the_header_are_short() -> None:
    head = built(replace(RICH, references=())).partition(b"\r\n\r\n")[0]
    assert max(map(len, head.split(b"\r\n"))) <= 78


def test_the_same_draft_is_the_same_octets() -> None:
    assert built(RICH) == built(RICH)
    assert built(RICH) != build(RICH, date=DATE, message_id="<2@example.org>")


def test_nobody_sees_who_got_a_blind_copy() -> None:
    raw = built(RICH)
    assert b"hidden@example.org" not in raw
    assert not re.search(rb"(?im)^bcc", raw)
    kept = with_bcc(raw, RICH.bcc)
    assert kept == b"Bcc: hidden@example.org\r\n" + raw
    assert with_bcc(raw, ()) == raw


def test_a_message_to_hidden_recipients_only_says_so() -> None:
    draft = replace(PLAIN, to=(), bcc=(ANNA,))
    assert b"To: undisclosed-recipients:;\r\n" in built(draft)
    assert parse_draft(with_bcc(built(draft), draft.bcc)) == draft


@pytest.mark.parametrize("mark", ["\r", "\n", "\r\n", "\0"])
@pytest.mark.parametrize(
    ("field", "draft"),
    [
        ("subject", lambda text: replace(PLAIN, subject=text)),
        ("from", lambda text: replace(PLAIN, sender=Address(text, "a@example.org"))),
        ("from", lambda text: replace(PLAIN, sender=Address("", text))),
        ("to", lambda text: replace(PLAIN, to=(Address(text, "a@example.org"),))),
        ("to", lambda text: replace(PLAIN, to=(Address("", text),))),
        ("cc", lambda text: replace(PLAIN, cc=(Address(text, "a@example.org"),))),
        ("bcc", lambda text: replace(PLAIN, bcc=(Address("", text),))),
        ("in_reply_to", lambda text: replace(PLAIN, in_reply_to=text)),
        ("references", lambda text: replace(PLAIN, references=("<a@b>", text))),
        ("attachments", lambda text: replace(PLAIN, attachments=(Attachment(text, "text/plain", b""),))),
        ("attachments", lambda text: replace(PLAIN, attachments=(Attachment("a", text, b""),))),
        ("attachments", lambda text: replace(PLAIN, attachments=(Attachment("a", "image/png", b"", text),))),
        ("reply_to", lambda text: replace(PLAIN, reply_to=(Address(text, "a@example.org"),))),
    ],
)
def test_a_header_value_with_a_line_break_is_refused(field: str, draft: object, mark: str) -> None:
    assert callable(draft)
    with pytest.raises(InvalidInput) as refused:
        built(draft(f"x{mark}Bcc: evil@example.org"))
    assert (refused.value.code, refused.value.field) == ("line_break", field)


def test_a_line_break_in_the_message_id_or_a_blind_copy_is_refused() -> None:
    with pytest.raises(InvalidInput, match="line_break"):
        build(PLAIN, date=DATE, message_id="<a@b>\r\nX: y")
    with pytest.raises(InvalidInput, match="line_break"):
        with_bcc(b"", (Address("a\nb", "a@example.org"),))


@pytest.mark.parametrize("spec", ["a", "a b@example.org", "a@b>, <evil@example.org", "a,b@example.org"])
def test_an_address_that_would_read_as_another_is_refused(spec: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        built(replace(PLAIN, to=(Address("", spec),)))
    assert (refused.value.code, refused.value.field) == ("address", "to")


def test_a_draft_may_be_kept_before_it_is_complete() -> None:
    empty = Draft(Address("", ""))
    raw = built(empty)
    assert_fit_to_send(raw)
    assert b"From:" not in raw
    assert parse_draft(raw) == empty


def test_a_domain_of_another_script_is_sent_in_ascii() -> None:
    raw = built(replace(PLAIN, to=(Address("", "a@bücher.example"),)))
    assert b"To: a@xn--bcher-kva.example\r\n" in raw


def test_only_a_local_part_of_another_script_needs_smtputf8() -> None:
    assert not needs_smtputf8(replace(PLAIN, to=(Address("Jörg", "a@bücher.example"),)))
    draft = replace(PLAIN, cc=(Address("Jörg", "jörg@bücher.example"),))
    assert needs_smtputf8(draft)
    assert "<jörg@bücher.example>".encode() in built(draft)
    assert parse_draft(built(draft)) == draft


def test_an_attachment_is_read_from_its_path(tmp_path: Path) -> None:
    path = tmp_path / "stored"
    path.write_bytes(b"\x00\xff" * 1000)
    found = parse_draft(built(replace(PLAIN, attachments=(Attachment("a.bin", "application/x-thing", path),))))
    assert found.attachments == (Attachment("a.bin", "application/x-thing", b"\x00\xff" * 1000),)


@pytest.mark.parametrize("kind", ["nonsense", "multipart/mixed", "message/partial", "text/plain; x=y", ""])
def test_a_kind_of_file_that_cannot_be_named_is_just_octets(kind: str) -> None:
    raw = built(replace(PLAIN, attachments=(Attachment("a", kind, b"x"),)))
    assert parse_draft(raw).attachments == (Attachment("a", "application/octet-stream", b"x"),)


def test_an_attached_message_that_is_not_7bit_is_just_octets() -> None:
    raw = built(replace(PLAIN, attachments=(Attachment("a.eml", "message/rfc822", "Subject: é\r\n\r\n".encode()),)))
    assert_fit_to_send(raw)
    assert parse_draft(raw).attachments[0].media_type == "application/octet-stream"


def test_a_message_id_is_made_of_what_was_drawn() -> None:
    assert new_message_id("abc", "example.org") == "<abc@example.org>"
    assert new_message_id("abc", "bücher.example") == "<abc@xn--bcher-kva.example>"
    assert new_message_id("abc", "") == "<abc@localhost>"
    with pytest.raises(InvalidInput):
        new_message_id("a b", "example.org")


NAMES = st.text(max_size=60).map(lambda text: " ".join(printable(text).split()))


@settings(max_examples=150)
@given(name=NAMES, subject=NAMES, text=st.text(st.characters(exclude_characters="\r", exclude_categories=["Cs"]), max_size=300), file=NAMES)
def test_any_words_survive_being_sent(name: str, subject: str, text: str, file: str) -> None:
    draft = replace(
        PLAIN, sender=Address(name, "a@example.org"), subject=subject, text=text, attachments=(Attachment(file, "text/plain", b"x"),)
    )
    raw = built(draft)
    assert_fit_to_send(raw)
    found = parse_draft(raw)
    assert (found.sender, found.subject) == (draft.sender, subject)
    assert found.text == text.removeprefix("\ufeff")
    assert [each.content for each in found.attachments] == [b"x"]


@given(st.binary(max_size=300))
def test_no_octets_make_opening_a_draft_fail(raw: bytes) -> None:
    parse_draft(raw)
