"""Times and messages to fill a store with."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from webmail.address import Address
from webmail.message.mime import Part
from webmail.message.summary import Envelope, MessageSummary, Uid

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


TEXT = Part("1", "text", "plain", {"charset": "utf-8"}, "7bit", 120)
PDF = Part("2", "application", "pdf", {}, "base64", 4000, "attachment", "report.pdf")
WITH_PDF = Part("", "multipart", "mixed", {"boundary": "x"}, parts=(TEXT, PDF))


def envelope(uid: int) -> Envelope:
    return Envelope(
        subject=f"Message {uid}",
        sender=(Address("Ann Example", "ann@example.org"),),
        to=(Address("", "demo@example.org"),),
        cc=(),
        bcc=(),
        reply_to=(),
        date=later(uid),
        message_id_field=f"<{uid}@example.org>",
        in_reply_to=(),
        references=(f"<{uid - 1}@example.org>",),
    )


def summary(uid: int, *flags: str, structure: Part = TEXT, preview: str = "", at: datetime | None = None) -> MessageSummary:
    return MessageSummary(Uid(uid), frozenset(flags), at or later(uid), 1000 + uid, envelope(uid), structure, preview)


def uids(*numbers: int) -> list[Uid]:
    return [Uid(number) for number in numbers]


def summaries(numbers: Collection[int]) -> list[MessageSummary]:
    return [summary(number) for number in numbers]
