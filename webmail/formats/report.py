"""Reports that programs write about messages: delivery (RFC 3464), reading (RFC 8098), abuse (RFC 5965), and bounces older than these.

What comes in are the fields of a report's blocks, decoded; what comes out says what happened, in codes and in the words of
the server. Nothing here is believed: a report is a claim of whoever sent it, and a page must draw it as such.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

Fields = Sequence[tuple[str, str]]
"""A block of a report: names and values of its fields, in order."""

MOST_DELIVERIES = 100
LONGEST = 2_000
"""Characters that are kept of a field."""


class Action(enum.StrEnum):
    """What became of a message for one recipient (RFC 3464 §2.3.3); ``UNKNOWN`` for a word that the standard does not have."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    RELAYED = "relayed"
    EXPANDED = "expanded"
    UNKNOWN = "unknown"


class Disposition(enum.StrEnum):
    """What became of a message where it arrived (RFC 8098 §3.2.6, and two words of RFC 2298)."""

    DISPLAYED = "displayed"
    DELETED = "deleted"
    DISPATCHED = "dispatched"
    PROCESSED = "processed"
    DENIED = "denied"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a server says of one recipient. ``status`` is a code of RFC 3463 or empty; ``words`` are the server's own."""

    recipient: str
    action: Action
    status: str = ""
    words: str = ""
    server: str = ""
    original_recipient: str = ""
    at: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """What became of a message on its way. ``structured`` is false where it was read out of the words of an old bounce.

    ``envelope_id`` is what its sender called the transaction (RFC 3461 §4.4).
    """

    deliveries: tuple[Delivery, ...]
    server: str = ""
    arrived: datetime | None = None
    left_out: int = 0
    structured: bool = True
    envelope_id: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a message at its recipient. ``automatic`` where no person decided it; ``words`` explain an error."""

    disposition: Disposition
    recipient: str
    automatic: bool
    original_recipient: str = ""
    program: str = ""
    message_id_field: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Feedback:
    """A complaint about a message. ``kind`` is the word of the report: abuse, fraud, not-spam, virus, or another."""

    kind: str
    program: str = ""
    server: str = ""
    source_address: str = ""
    sender: str = ""
    recipients: tuple[str, ...] = ()
    arrived: datetime | None = None


_STATUS = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.]\d)")
_TYPED = re.compile(r"\s*[A-Za-z0-9-]{1,40}\s*;\s*")
_CLASS_OF = {"2": Action.DELIVERED, "4": Action.DELAYED, "5": Action.FAILED}


def delivery_report(blocks: Iterable[Fields]) -> DeliveryReport | None:
    """What the blocks of a message/delivery-status part say; None where they speak of no recipient.

    Tolerant: a block without a recipient counts as one about the message, wherever it stands. RFC 3464 §2, RFC 6533 §5.
    """
    about: dict[str, str] = {}
    deliveries: list[Delivery] = []
    count = 0
    for block in blocks:
        fields = _mapped(block)
        if "final-recipient" in fields or "original-recipient" in fields or "action" in fields:
            count += 1
            if count <= MOST_DELIVERIES:
                deliveries.append(_delivery(fields))
        for name, value in fields.items():
            about.setdefault(name, value)
    if not deliveries:
        return None
    return DeliveryReport(
        tuple(deliveries),
        server=_untyped(about.get("reporting-mta", "")),
        arrived=moment(about.get("arrival-date", "")),
        left_out=count - len(deliveries),
        envelope_id=about.get("original-envelope-id", ""),
    )


def _delivery(fields: Mapping[str, str]) -> Delivery:
    words = _untyped(fields.get("diagnostic-code", ""))
    found = _STATUS.search(fields.get("status", "")) or _STATUS.search(words)
    status = found.group() if found else ""
    named = fields.get("action", "").lower()[:4]
    # Some write "failure" or "delay".
    action = next((each for each in Action if named == each[:4]), None) or _CLASS_OF.get(status[:1], Action.UNKNOWN)
    recipient = _untyped(fields.get("final-recipient", "")) or _untyped(fields.get("original-recipient", ""))
    original = _untyped(fields.get("original-recipient", ""))
    return Delivery(
        recipient,
        action,
        status=status,
        words=words,
        server=_untyped(fields.get("remote-mta", "")),
        original_recipient=original if original.lower() != recipient.lower() else "",
        at=moment(fields.get("last-attempt-date", "")),
        until=moment(fields.get("will-retry-until", "")),
    )


def receipt(blocks: Iterable[Fields]) -> Receipt | None:
    """What a message/disposition-notification part says; None where it names no disposition. RFC 8098 §3.2."""
    fields: dict[str, str] = {}
    for block in blocks:
        for name, value in _mapped(block).items():
            fields.setdefault(name, value)
    if "disposition" not in fields:
        return None
    mode, _, outcome = fields["disposition"].rpartition(";")
    named = re.split(r"[/,\s]", outcome.strip().lower(), maxsplit=1)[0]
    recipient = _untyped(fields.get("final-recipient", "")) or _untyped(fields.get("original-recipient", ""))
    original = _untyped(fields.get("original-recipient", ""))
    return Receipt(
        Disposition(named) if named in set(Disposition) else Disposition.UNKNOWN,
        recipient,
        automatic="automatic" in mode.lower(),
        original_recipient=original if original.lower() != recipient.lower() else "",
        program=fields.get("reporting-ua", ""),
        message_id_field=fields.get("original-message-id", ""),
        words=fields.get("error", "") or fields.get("failure", "") or fields.get("warning", ""),
    )


def feedback(blocks: Iterable[Fields]) -> Feedback | None:
    """What a message/feedback-report part says; None where it does not say what kind it is. RFC 5965 §3."""
    every = [(name.lower(), value.strip()[:LONGEST]) for block in blocks for name, value in block]
    fields = dict(reversed(every))
    if not fields.get("feedback-type"):
        return None
    return Feedback(
        fields["feedback-type"].lower()[:40],
        program=fields.get("user-agent", ""),
        server=_untyped(fields.get("reporting-mta", "")),
        source_address=fields.get("source-ip", ""),
        sender=fields.get("original-mail-from", ""),
        recipients=tuple([value for name, value in every if name == "original-rcpt-to"][:MOST_DELIVERIES]),
        arrived=moment(fields.get("arrival-date", "") or fields.get("received-date", "")),
    )


def _mapped(block: Fields) -> dict[str, str]:
    """The fields of a block by their name in small letters, of each the first."""
    found: dict[str, str] = {}
    for name, value in block:
        found.setdefault(name.lower(), value.strip()[:LONGEST])
    return found


def _untyped(value: str) -> str:
    """The value behind its type: ``rfc822; mira@example.net`` is the address (RFC 3464 §2.1.2)."""
    behind = _TYPED.match(value)
    plain = (value[behind.end() :] if behind else value).strip()
    return plain[1:-1] if plain[:1] == "<" and plain[-1:] == ">" else plain


def moment(value: str) -> datetime | None:
    """A date of a report; None where it is none."""
    try:
        found = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    # RFC 5322 calls a date whose zone is unknown "-0000"; it is UTC then. Years that no clock can show are nonsense.
    return (found if found.tzinfo else found.replace(tzinfo=UTC)) if 1970 <= found.year <= 9998 else None


# How programs begin a bounce that has no part for programs: qmail, Exim, Postfix, sendmail, and those that copied them.
_OPENINGS = re.compile(
    r"Hi\. (?:This is|I'm) the .{0,100}send program"
    r"|This message was created automatically by (?:the )?mail (?:delivery|transfer) (?:software|agent|system)"
    r"|This is the (?:Postfix|mail system) (?:program |system )?at (?:host )?\S"
    r"|This is an automatically generated Delivery Status Notification"
    r"|-{3,} The following addresses had (?:permanent fatal|transient non-fatal) errors -{3,}"
    r"|-{3,} The following addresses have delivery notifications -{3,}"
    r"|Your message (?:did not reach|cannot be delivered to) (?:some or all of the intended|the following) recipients",
    re.IGNORECASE,
)
_COPY = re.compile(
    r"^[ \t]*(?:-{3,}.{0,80}(?:copy of|original message|message header|unsent message|message follows|session follows).{0,80}"
    r"|Final-Recipient:.{0,200})$",
    re.IGNORECASE | re.MULTILINE,
)
# Exim names the sender first, and then who the message did not reach.
_BEGINNING = re.compile(r"address(?:\(es\)|es)? failed:|failed to the following recipients?:?", re.IGNORECASE)
_RECIPIENT = re.compile(r"^[ \t]{0,8}<?([^\s<>:;,()\"]{1,64}@[^\s<>:;,()\"]{1,255})>?:?(.{0,400})$", re.MULTILINE)
_DELAY = re.compile(
    r"has not (?:yet )?been delivered|delivery (?:is )?(?:temporarily )?delayed|warning only|will be retried|delayed", re.IGNORECASE
)
_OPENING_CHARACTERS = 1_500
_READ = 16_000


def old_bounce(text: str) -> DeliveryReport | None:
    """What the words of a bounce without a part for programs say, as far as its form is known; None for every other text.

    Who asks has seen that a mail system sent it: the same words from a person mean nothing. Reads 16,000 characters; linear.
    """
    head = text[:_OPENING_CHARACTERS]
    opening = _OPENINGS.search(head)
    if opening is None:
        return None
    told = text[:_READ].replace("\r\n", "\n")
    copied = _COPY.search(told, opening.end())
    told = told[: copied.start()] if copied else told
    begun = _BEGINNING.search(told)
    places = list(_RECIPIENT.finditer(told, begun.end() if begun else 0))
    usual = Action.DELAYED if _DELAY.search(told) else Action.FAILED
    deliveries: dict[str, Delivery] = {}
    for number, found in enumerate(places):
        end = places[number + 1].start() if number + 1 < len(places) else len(told)
        words = _explained(found[2], told[found.end() : end])
        status = _STATUS.search(words)
        address = found[1]
        if address.lower() not in deliveries and len(deliveries) < MOST_DELIVERIES:
            deliveries[address.lower()] = Delivery(address, usual, status=status.group() if status else "", words=words)
    return DeliveryReport(tuple(deliveries.values()), structured=False) if deliveries else None


def _explained(beside: str, below: str) -> str:
    """The words about a recipient: what stands behind the address, and the lines below it up to an empty one."""
    paragraph = below.partition("\n\n")[0]
    return " ".join(f"{beside} {paragraph}".split()).removeprefix(": ")[:LONGEST]
