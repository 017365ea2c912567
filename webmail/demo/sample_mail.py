"""The demo accounts, their mailboxes and everything in them at the start."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from webmail.demo.mail import alice, business, chinese, conversation, folders, forwarded, letters, lists, newsletters, odd, reports
from webmail.demo.mail.letter import ALICE, DEMO, Sample, When

ACCOUNTS: Final[Mapping[str, str]] = {DEMO: "demo", ALICE: "demo"}

ROLES = ("Drafts", "Sent", "Archive", "Junk", "Trash")
MAILBOXES: Final[Mapping[str, tuple[str, ...]]] = {
    DEMO: (*ROLES, "House", "House/Kitchen", "Mailing lists/gardening", "Receipts", "项目", "项目/展览"),
    ALICE: ROLES,
}


def samples(now: datetime) -> tuple[Sample, ...]:
    """All the sample mail, with dates counted back from ``now``. Takes a tenth of a second."""
    when = When(now)
    rooms = (conversation, letters, chinese, newsletters, business, lists, reports, forwarded, odd, folders, alice)
    return tuple(sample for room in rooms for sample in room.mail(when))
