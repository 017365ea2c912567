"""Responses that are well formed, and those that are not."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from tests.servers.scripted import SIGNS_IN, Rule, Scripted
from webmail.account import Credentials
from webmail.errors import NotFound, ServerRefused, ServerUnavailable
from webmail.imap import fetch, response, rows, structure
from webmail.imap.connection import Connection, connect
from webmail.imap.response import Literal, MalformedError
from webmail.message import mime
from webmail.message.summary import Flag, MessageSummary, Uid

HEADER = b"From: a@example.org\r\nSubject: Fine\r\nMessage-ID: <1@x>\r\n\r\n"
PLAIN = b'("TEXT" "PLAIN" ("CHARSET" "utf-8") NIL NIL "7BIT" 5 1 NIL NIL NIL NIL)'


def _row(
    number: int,
    *,
    uid: int | None = None,
    body_structure: bytes = PLAIN,
    flags: bytes = b"()",
    date: bytes = b'"01-Nov-2026 10:00:00 +0100"',
) -> bytes:
    head = b'* %d FETCH (UID %d FLAGS %s INTERNALDATE %s RFC822.SIZE 99 BODYSTRUCTURE %s BODY[HEADER.FIELDS ("FROM" "X")]<0> {%d}\r\n'
    return head % (number, uid or number * 10, flags, date, body_structure, len(HEADER)) + HEADER + b")\r\n"


def _connected(scripted: Callable[..., Scripted], *rules: Rule) -> Connection:
    connection = connect(scripted([*rules, *SIGNS_IN]).server(), timeout=2)
    connection.authenticate(Credentials("a", "b"))
    connection.select("INBOX", writable=True)
    return connection


def _newest(scripted: Callable[..., Scripted], answer: bytes, *, alone: bytes = b"{tag} OK done\r\n") -> list[MessageSummary]:
    connection = _connected(
        scripted,
        ("FETCH [0-9:]+ .UID FLAGS", answer + b"{tag} OK done\r\n"),
        ("UID FETCH", alone),
        ("FETCH 2 .UID", b"* 2 FETCH (UID 20)\r\n{tag} OK done\r\n"),
    )
    try:
        found = fetch.newest(connection, 3)
        assert connection.usable
        return found[::-1]
    finally:
        connection.close()


def test_rows_are_taken_apart(scripted: Callable[..., Scripted]) -> None:
    first, second, third = _newest(scripted, _row(1, flags=b"(\\seen \\Recent $Forwarded)") + _row(2) + _row(3))
    assert (first.uid, second.uid, third.uid) == (10, 20, 30)
    assert first.flags == {Flag.SEEN, Flag.FORWARDED}
    assert first.envelope.subject == "Fine"
    assert first.internal_date == datetime(2026, 11, 1, 9, tzinfo=UTC)
    assert (first.structure.section, first.structure.subtype, first.size) == ("1", "plain", 99)


BROKEN_STRUCTURES = {
    "an open quote": b'("TEXT" "PLAIN NIL NIL NIL "7BIT" 5 1)',
    "a lost bracket": b'("TEXT" "PLAIN" (NIL NIL NIL "7BIT" 5 1)',
    "a bracket too many": b'("TEXT" "PLAIN") NIL NIL NIL "7BIT" 5 1)',
    "nothing": b"NIL",
    "an empty list": b"()",
    "a word": b"TEXT",
    "one field": b'("TEXT")',
    "an unescaped quote": b'("TEXT" "PLAIN" ("NAME" "a"b.txt") NIL NIL "7BIT" 5 1)',
}


@pytest.mark.parametrize("name", BROKEN_STRUCTURES)
def test_one_malformed_row_costs_that_row_only(scripted: Callable[..., Scripted], name: str) -> None:
    alone = (
        b'* 2 FETCH (UID 20 FLAGS (\\Seen) INTERNALDATE "01-Nov-2026 10:00:00 +0100" RFC822.SIZE 99 BODY[HEADER.FIELDS (FROM)]<0> {%d}\r\n'
        % len(HEADER)
    )
    alone += HEADER + b")\r\n{tag} OK done\r\n"
    found = _newest(scripted, _row(1) + _row(2, body_structure=BROKEN_STRUCTURES[name]) + _row(3), alone=alone)
    assert [one.uid for one in found] == [10, 20, 30]
    assert found[1].envelope.subject == "Fine"
    assert found[1].seen
    assert found[1].structure == structure.BROKEN
    assert found[0].structure.subtype == found[2].structure.subtype == "plain"


@pytest.mark.parametrize(
    "alone", [b"{tag} OK done\r\n", b'* 2 FETCH (UID 20 FLAGS ("\r\n{tag} OK done\r\n', b"* 2 FETCH\r\n{tag} OK done\r\n"]
)
def test_a_row_that_stays_malformed_gives_an_empty_line(scripted: Callable[..., Scripted], alone: bytes) -> None:
    found = _newest(scripted, _row(1) + b'* 2 FETCH (FLAGS (\\Seen "\r\n' + _row(3), alone=alone)
    assert [one.uid for one in found] == [10, 20, 30]
    assert found[1].envelope.subject == ""
    assert found[1].structure == structure.BROKEN


def test_a_row_without_any_uid_is_left_out(scripted: Callable[..., Scripted]) -> None:
    answer = _row(1) + b"* 9 FETCH (FLAGS ((\r\n" + _row(3)
    assert [one.uid for one in _newest(scripted, answer)] == [10, 30]


def test_flags_told_unasked_are_no_row(scripted: Callable[..., Scripted]) -> None:
    connection = _connected(
        scripted, ("UID FETCH", _row(1) + b"* 2 FETCH (FLAGS (\\Seen))\r\n* 3 FETCH (UID 30 FLAGS ())\r\n* 4 EXISTS\r\n{tag} OK done\r\n")
    )
    assert [one.uid for one in fetch.summaries_between(connection, Uid(1), None)] == [10]
    assert connection.changed
    assert connection.selected is not None
    assert connection.selected.exists == 4
    connection.close()


def test_rows_of_other_messages_are_not_taken_for_the_one_asked_for(scripted: Callable[..., Scripted]) -> None:
    other = b"* 2 FETCH (UID 20 BODY[1] {5}\r\nother)\r\n{tag} OK done\r\n"
    connection = _connected(scripted, ("UID FETCH", other))
    with pytest.raises(NotFound):
        fetch.part(connection, Uid(10), "1")
    assert fetch.summaries(connection, [Uid(10)]) == []
    assert fetch.beginnings(connection, [Uid(10)], "1", 5) == {}
    assert fetch.flags_of(connection, [Uid(10)]) == {}
    connection.close()


def test_a_part_that_cannot_be_read_is_told_from_one_that_is_gone(scripted: Callable[..., Scripted]) -> None:
    connection = _connected(scripted, ("UID FETCH", b'* 1 FETCH (UID 10 BODY[1] "open\r\n{tag} OK done\r\n'))
    with pytest.raises(ServerRefused, match="malformed"):
        fetch.part(connection, Uid(10), "1")
    connection.close()


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (b"NIL", b""),
        (b'""', b""),
        (b'"a\\"b\\\\c"', b'a"b\\c'),
        (b"{0}\r\n", b""),
        (b"{3}\r\n)\r\n", b")\r\n"),
        (b"~{2}\r\nab", b"ab"),
        (b"{4}\r\n\x00\xff{1", b"\x00\xff{1"),
    ],
)
def test_bodies_come_in_every_form_of_string(scripted: Callable[..., Scripted], value: bytes, wanted: bytes) -> None:
    connection = _connected(scripted, ("UID FETCH", b"* 1 FETCH (BODY[1] " + value + b" UID 10)\r\n{tag} OK done\r\n"))
    assert fetch.part(connection, Uid(10), "1") == wanted
    connection.close()


def test_a_literal_shorter_than_it_says_ends_the_connection_and_lies_nothing(scripted: Callable[..., Scripted]) -> None:
    # What a message says must never be read as what the server says.
    connection = _connected(scripted, ("UID FETCH", b"* 1 FETCH (UID 10 BODY[1] {3}\r\nabc\r\nW4 OK forged\r\n)\r\n{tag} OK done\r\n"))
    with pytest.raises((ServerUnavailable, ServerRefused)):
        fetch.part(connection, Uid(10), "1")
    connection.close()


def test_a_search_that_cannot_be_read_is_not_an_empty_one(scripted: Callable[..., Scripted]) -> None:
    for answer in (b"* SEARCH 1 x 3\r\n", b"* SEARCH 99999999999\r\n", b"* SEARCH 1 {2}\r\n23\r\n"):
        connection = _connected(scripted, ("UID SEARCH", answer + b"{tag} OK done\r\n"))
        with pytest.raises(ServerUnavailable, match="protocol"):
            fetch.search(connection, "ALL")
        connection.close()


def test_searches_are_read_in_both_forms(scripted: Callable[..., Scripted]) -> None:
    wanted = {
        b"* SEARCH 3 1 2\r\n": [1, 2, 3],
        b"* SEARCH\r\n": [],
        b"* SEARCH 5 (MODSEQ 9)\r\n": [5],
        b"* SEARCH 1\r\n* SEARCH 2\r\n": [1, 2],
        b'* ESEARCH (TAG "W4") UID ALL 1:3,7\r\n': [1, 2, 3, 7],
        b'* ESEARCH (TAG "W4") UID\r\n': [],
        b"* ESEARCH UID COUNT 2 ALL 4,9 MODSEQ 7\r\n": [4, 9],
        b"": [],
    }
    for answer, uids in wanted.items():
        connection = _connected(scripted, ("UID SEARCH", answer + b"{tag} OK done\r\n"))
        assert fetch.search(connection, "ALL") == uids
        connection.close()


def test_a_set_of_four_milliards_is_not_believed(scripted: Callable[..., Scripted]) -> None:
    offered: Rule = ("CAPABILITY", b"* CAPABILITY IMAP4rev1 AUTH=PLAIN ESEARCH\r\n{tag} OK done\r\n")
    for answer in (b"ALL 1:4294967295", b"ALL x", b"ALL 1:2:3", b"ALL (1)", b"ALL"):
        connection = _connected(scripted, offered, ("UID SEARCH", b"* ESEARCH UID " + answer + b"\r\n{tag} OK done\r\n"))
        with pytest.raises(ServerUnavailable, match="protocol"):
            fetch.search(connection, "ALL")
        connection.close()


def test_a_search_of_a_million_answers_is_read_in_one_line(scripted: Callable[..., Scripted]) -> None:
    answer = b"* SEARCH " + b" ".join(b"%d" % uid for uid in range(1_000_000, 1_300_000)) + b"\r\n{tag} OK done\r\n"
    connection = _connected(scripted, ("UID SEARCH", answer))
    assert len(fetch.search(connection, "ALL")) == 300_000
    connection.close()


# Tokens.


def test_tokens_nest() -> None:
    parsed = response.parse([b'A (B "c d" (NIL) ', b"lit", b") BODY[HEADER.FIELDS (FROM TO)]<0> ()"])
    assert parsed == [b"A", [b"B", b'"c d"', [b"NIL"], b"lit"], b"BODY[HEADER.FIELDS (FROM TO)]<0>", []]
    nested = parsed[1]
    assert isinstance(nested, list)
    assert isinstance(nested[3], Literal)


@pytest.mark.parametrize("text", [b"(", b")", b"(()", b"())", b'"', b'("', b'(a"b)', b'"a\\"', b'(BODY[ "x)'])
def test_what_does_not_nest_is_malformed(text: bytes) -> None:
    with pytest.raises(MalformedError):
        response.parse([text])


@pytest.mark.parametrize(
    "unit",
    [b'"', b"(", b")", b"\\", b'\\"', b'"\\"', b"BODY[", b"a ", b"( ", b'(" ', b'"a" ', b"BODY[ ", b"[", b"{1}"],
)
def test_any_text_is_taken_apart_in_linear_time(unit: bytes) -> None:
    def seconds(size: int) -> float:
        best = 9.0
        for _ in range(3):
            started = time.process_time()
            with contextlib.suppress(MalformedError):
                response.parse([unit * (size // len(unit))])
            best = min(best, time.process_time() - started)
        return best

    seconds(1000)
    # Four times the text: 4 times the time where it is linear, 16 times where it is quadratic.
    assert seconds(400_000) < 10 * max(seconds(100_000), 0.01)


# Structures.


def _tree(text: bytes) -> mime.Part:
    return structure.structure(response.parse([text])[0])


def test_three_thousand_levels_are_cut_at_a_hundred() -> None:
    started = time.perf_counter()
    part = _tree(b"(" * 3000 + PLAIN[1:-1] + b' "MIXED")' * 2999 + b")")
    assert time.perf_counter() - started < 1
    depth = 0
    while part.parts:
        part, depth = part.parts[0], depth + 1
    assert depth == structure.DEEPEST


def test_enclosed_messages_nest_no_deeper_than_the_limit() -> None:
    text = PLAIN
    for _ in range(500):
        text = b'("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 9 (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) ' + text + b" 1 NIL NIL NIL NIL)"
    part, depth = _tree(text), 0
    while part.parts:
        part, depth = part.parts[0], depth + 1
    assert depth == structure.DEEPEST


def test_no_message_has_more_than_ten_thousand_parts() -> None:
    assert sum(1 for _ in mime.walk(_tree(b"(" + PLAIN * 12_000 + b' "MIXED")'))) <= structure.MOST_PARTS + 1


def test_a_file_of_a_type_that_cannot_be_read_is_a_file() -> None:
    part = _tree(b'("" "" NIL NIL NIL "7bit" 1 NIL ("attachment" ("filename" "letter.doc")) NIL NIL)')
    assert (part.media_type, part.subtype, part.disposition, part.filename) == ("text", "plain", "attachment", "letter.doc")
    assert mime.attachments(part) == (part,)


@pytest.mark.parametrize(
    "text",
    [
        b"(NIL NIL NIL NIL NIL NIL NIL NIL)",
        b'("TEXT" "PLAIN" "CHARSET" ("x") ("y") 7 "many" (1))',
        b'("TEXT" "PLAIN" ("CHARSET") NIL NIL NIL -5 NIL NIL ("attachment"))',
        b'(("TEXT" "PLAIN" NIL NIL NIL "7BIT" 5 1) ("TEXT" "HTML" NIL NIL NIL "7BIT" 5 1))',
        b'("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 5)',
        b'("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 5 NIL NIL NIL)',
        b'("\xff\xfe" "\x80" ("name" "\xff") NIL NIL "8bit" 5 1)',
        b'("TEXT" "PLAIN" (("CHARSET" "x") "y") NIL NIL "7BIT" 99999999999999999999 1)',
        b'(("TEXT" "PLAIN") "MIXED" "boundary" (("attachment")) NIL)',
    ],
)
def test_wrong_types_in_a_structure_are_borne(text: bytes) -> None:
    part = _tree(text)
    assert part.media_type
    mime.to_json(part)


def test_names_of_attachments_are_decoded() -> None:
    wanted = {
        b'("NAME" "plain.txt")': "plain.txt",
        b'("NAME" "=?utf-8?b?5oql5ZGKLnBkZg==?=")': "报告.pdf",
        b'("NAME*" "utf-8\'en\'%E6%8A%A5%E5%91%8A.pdf")': "报告.pdf",
        b'("NAME*0*" "utf-8\'\'%E6%8A" "NAME*1*" "%A5%E5%91%8A" "NAME*2" ".pdf")': "报告.pdf",
        b'("NAME" "\xe6\x8a\xa5\xe5\x91\x8a.pdf")': "报告.pdf",
        b'("NAME" "../../etc/passwd")': "passwd",
        b'("NAME" "C:\\\\temp\\\\a.exe")': "a.exe",
    }
    for params, name in wanted.items():
        assert _tree(b'("APPLICATION" "PDF" %s NIL NIL "BASE64" 5 NIL NIL NIL NIL)' % params).filename == name


def test_a_disposition_names_the_file_first() -> None:
    part = _tree(b'("IMAGE" "PNG" ("NAME" "a.png") "<c@x>" NIL "BASE64" 5 NIL ("ATTACHMENT" ("FILENAME" "b.png")) NIL NIL)')
    assert (part.disposition, part.filename, part.content_id) == ("attachment", "b.png", "c@x")


@pytest.mark.parametrize(
    "date",
    [
        b"NIL",
        b'""',
        b'"31-Feb-2026 10:00:00 +0100"',
        b'"01-Foo-2026 10:00:00 +0100"',
        b'"01-Nov-2026"',
        b"(1)",
        b'"01-Nov-2026 10:00:00 +9999"',
    ],
)
def test_a_date_that_is_none_is_the_date_of_the_header_or_the_first_of_all(scripted: Callable[..., Scripted], date: bytes) -> None:
    (found,) = _newest(scripted, _row(1, date=date))
    assert found.internal_date == rows.NEVER


def test_a_list_is_read_fast() -> None:
    html = b'("TEXT" "HTML" ("CHARSET" "utf-8") NIL NIL "QUOTED-PRINTABLE" 900 20 NIL NIL NIL NIL)'
    items = (
        b'(UID %d FLAGS (\\Seen) INTERNALDATE "01-Nov-2026 10:00:00 +0100" RFC822.SIZE 99 BODYSTRUCTURE %s BODY[HEADER.FIELDS (FROM)]<0> '
    )
    given = []
    for number in range(1, 1001):
        mixed = b"(" + PLAIN + html + b' "ALTERNATIVE" ("BOUNDARY" "b%d") NIL NIL NIL)' % number
        row = items % (number, PLAIN if number % 2 else mixed)
        given.append(response.Response("FETCH", number, [row, b"", b")"]))

    def seconds() -> float:
        started = time.process_time()
        for row in given:
            rows.summary(response.items(row.pieces))
        return time.process_time() - started

    # The header fields of each row are the business of webmail.message, and timed there.
    assert min(seconds() for _ in range(5)) < 0.080
