"""Reports of delivery, reading and abuse: every one of the corpus, made ones, and bounces older than the standard."""

from __future__ import annotations

import email
import email.policy
import random
from datetime import UTC, datetime
from email.message import Message
from pathlib import Path

import pytest

from webmail.formats import report
from webmail.formats.report import Action, Delivery, Disposition

STATUS = [
    [("Reporting-MTA", "dns; mx.example.net"), ("Arrival-Date", "Mon, 23 Nov 2026 09:00:00 +0100")],
    [
        ("Original-Recipient", "rfc822; old@example.net"),
        ("Final-Recipient", "rfc822; new@example.net"),
        ("Action", "FAILED (really)"),
        ("Status", "5.2.2 (full)"),
        ("Diagnostic-Code", "smtp; 552 5.2.2 Mailbox full"),
        ("Last-Attempt-Date", "Mon, 23 Nov 2026 09:05:00 +0100"),
    ],
]


def test_a_report_says_for_whom_what_happened_why_when_and_where() -> None:
    found = report.delivery_report(STATUS)
    assert found is not None
    assert (found.server, found.arrived) == ("mx.example.net", datetime(2026, 11, 23, 8, tzinfo=UTC))
    assert found.deliveries == (
        Delivery(
            "new@example.net",
            Action.FAILED,
            "5.2.2",
            "552 5.2.2 Mailbox full",
            original_recipient="old@example.net",
            at=datetime(2026, 11, 23, 8, 5, tzinfo=UTC),
        ),
    )


EXPECTED = {
    "cpython/msg_05.eml": None,
    "cpython/msg_16.eml": [("jangel1@cougar.noc.ucla.edu", "failed", "5.0.0")],
    "cpython/msg_25.eml": None,
    "spamassassin-easy-ham-1/01542.ed72bf2cd81ccd4c076533fb0af004e5.eml": [("daz@jpci.net", "failed", "")],
    "imap_tools/messages_multipart_report_emails_report_530.eml": [("edwin@zzzzzzz.com", "failed", "5.3.0")],
    "mikel-mail/emails_multipart_report_emails_report_422.eml": [("fraser@oooooooo.com.au", "delayed", "4.2.2")],
    "php-imap/example_bounce.eml": [("ding@ding.de", "failed", "5.0.0")],
}
"""Of whom the reports of strangers speak, read by eye."""


def blocks_of(path: Path) -> list[list[tuple[str, str]]] | None:
    """The blocks of the delivery-status part, by Python's own parser; None where there is no such part."""
    whole = email.message_from_bytes(path.read_bytes(), policy=email.policy.compat32)
    part = next((each for each in whole.walk() if each.get_content_type() == "message/delivery-status"), None)
    if part is None:
        return None
    given = part.get_payload()
    return [[(name, str(value)) for name, value in each.items()] for each in given if isinstance(each, Message)]


@pytest.mark.parametrize("name", EXPECTED)
def test_reports_of_strangers_say_what_a_reader_finds_in_them(corpus_dir: Path, name: str) -> None:
    blocks = blocks_of(corpus_dir / "mime" / name)
    found = report.delivery_report(blocks) if blocks is not None else None
    told = [(each.recipient, each.action, each.status) for each in found.deliveries] if found else None
    assert told == EXPECTED[name]


def test_every_report_of_the_corpus_names_its_recipients(corpus_dir: Path) -> None:
    reports = {
        path.name: blocks
        for path in sorted((corpus_dir / "mime").rglob("*.eml"))
        if (blocks := blocks_of(path)) is not None and any(blocks)
    }
    assert len(reports) >= 10
    for name, blocks in reports.items():
        found = report.delivery_report(blocks)
        assert found is not None, name
        assert all("@" in each.recipient or each.recipient for each in found.deliveries), name
        assert all(each.action is not Action.UNKNOWN for each in found.deliveries), name


@pytest.mark.parametrize(
    ("status", "action", "expected"),
    [("2.1.5", "", Action.DELIVERED), ("4.4.1", "odd", Action.DELAYED), ("5.1.1", "", Action.FAILED), ("", "expanded", Action.EXPANDED)],
)
def test_what_happened_is_told_by_the_action_else_by_the_class_of_the_code(status: str, action: str, expected: Action) -> None:
    found = report.delivery_report([[("Final-Recipient", "rfc822; x@example.net"), ("Action", action), ("Status", status)]])
    assert found is not None
    assert found.deliveries[0].action is expected


def test_a_thousand_recipients_are_counted_and_a_hundred_kept() -> None:
    found = report.delivery_report([STATUS[0], *[STATUS[1]] * 1000])
    assert found is not None
    assert (len(found.deliveries), found.left_out) == (100, 900)


@pytest.mark.parametrize(
    ("disposition", "expected", "automatic"),
    [
        ("manual-action/MDN-sent-manually; displayed", Disposition.DISPLAYED, False),
        ("automatic-action/MDN-sent-automatically; Deleted/error", Disposition.DELETED, True),
        ("automatic-action/MDN-sent-automatically;processed", Disposition.PROCESSED, True),
        ("displayed", Disposition.DISPLAYED, False),
        ("x; dreamt of", Disposition.UNKNOWN, False),
    ],
)
def test_a_receipt_says_what_became_of_a_message(disposition: str, expected: Disposition, automatic: bool) -> None:
    found = report.receipt([[("Final-Recipient", "rfc822;mira@example.net"), ("Disposition", disposition), ("Error", "No room")]])
    assert found is not None
    assert (found.disposition, found.recipient, found.automatic, found.words) == (expected, "mira@example.net", automatic, "No room")


def test_a_complaint_says_what_kind_it_is_and_about_whom() -> None:
    fields = [("Feedback-Type", "Abuse"), ("Source-IP", "192.0.2.1"), ("Original-Rcpt-To", "<a@x>"), ("Original-Rcpt-To", "<b@x>")]
    found = report.feedback([fields])
    assert found is not None
    assert (found.kind, found.source_address, found.recipients) == ("abuse", "192.0.2.1", ("<a@x>", "<b@x>"))
    assert report.feedback([[("Subject", "none")]]) is None


BOUNCES = {
    "qmail": (
        "Hi. This is the qmail-send program at mx.example.net.\nI'm afraid I wasn't able to deliver your message.\n\n"
        "<hut@example.net>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 5.1.1 Nobody\n\n"
        "<two@example.net>:\nSorry. (#5.4.4)\n\n--- Below this line is a copy of the message.\n\nTo: <third@example.net>\n",
        [("hut@example.net", "failed", "5.1.1"), ("two@example.net", "failed", "5.4.4")],
    ),
    "exim": (
        "This message was created automatically by mail delivery software.\n\nA message sent by\n\n  <me@example.org>\n\n"
        "could not be delivered to one or more of its recipients. The following\naddress(es) failed:\n\n"
        "  hut@example.net\n    SMTP error from remote mail server after RCPT TO:\n    550 5.1.1 Nobody\n\n"
        "------ This is a copy of the message, including all the headers. ------\n\nTo: third@example.net\n",
        [("hut@example.net", "failed", "5.1.1")],
    ),
    "postfix": (
        "This is the Postfix program at host mx.example.net.\n\nI'm sorry to have to inform you that the message returned\n"
        "below could not be delivered to one or more destinations.\n\n\t\t\tThe Postfix program\n\n"
        "<hut@example.net>: host mx.example.net[192.0.2.1] said: 550\n    5.7.1 No (in reply to RCPT TO command)\n",
        [("hut@example.net", "failed", "5.7.1")],
    ),
    "sendmail": (
        "The original message was received at Mon, 23 Nov 2026\n\n   ----- The following addresses had permanent fatal errors -----\n"
        "<hut@example.net>\n    (reason: 550 5.1.1 Nobody)\n\n   ----- Transcript of session follows -----\n<other@example.net>\n",
        [("hut@example.net", "failed", "5.1.1")],
    ),
    "a delay": (
        "This message was created automatically by mail delivery software.\nA message that you sent has not yet been delivered to one or\n"
        "more of its recipients after more than 24 hours.\n\n  hut@example.net\n    Delay reason: connection refused\n",
        [("hut@example.net", "delayed", "")],
    ),
}


@pytest.mark.parametrize("name", BOUNCES)
def test_bounces_older_than_the_standard_are_read(name: str) -> None:
    text, expected = BOUNCES[name]
    found = report.old_bounce(text)
    assert found is not None
    assert not found.structured
    assert [(each.recipient, each.action, each.status) for each in found.deliveries] == expected
    assert all(each.words for each in found.deliveries)


@pytest.mark.parametrize(
    "text",
    ["", "Dear Mira,\n\n<hut@example.net>: this is the qmail of people\n", "This is the mail system at home. It has no address in it."],
)
def test_what_is_no_bounce_is_none(text: str) -> None:
    assert report.old_bounce(text) is None


def test_damaged_and_endless_reports_cost_nothing_and_raise_nothing() -> None:
    dice = random.Random(7)
    texts = [text for text, _ in BOUNCES.values()]
    for _ in range(300):
        damaged = list(dice.choice(texts))
        for _ in range(20):
            damaged[dice.randrange(len(damaged))] = chr(dice.randrange(1, 0x3000))
        report.old_bounce("".join(damaged))
        fields = [(name, "".join(chr(dice.randrange(1, 0x300)) for _ in range(30))) for block in STATUS for name, _ in block]
        report.delivery_report([fields])
        report.receipt([[("Disposition", fields[0][1])]])
    assert report.old_bounce(texts[0] + "<a@example.net>:\n" * 100_000) is not None
    assert report.old_bounce("a@" * 500_000) is None


@pytest.mark.parametrize(
    "value", ["", "yesterday", "Mon, 99 Foo 0000 99:99", "Mon, 23 Nov 10000 09:00:00 +0000", "1 Jan 0001 00:00:00 +0000"]
)
def test_a_date_that_is_none_is_left_out(value: str) -> None:
    found = report.moment(value)
    assert found is None or 1970 <= found.year <= 9998
