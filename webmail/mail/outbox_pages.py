"""What the pages of the outbox show: submissions, their recipients, and what happened to each."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime

from webmail.store.submissions import Recipient as Recipient


class SubmissionState(enum.StrEnum):
    """The stored states of a submission; see ``webmail.mail.submission`` for the drawing."""

    QUEUED = "queued"
    SUBMITTING = "submitting"
    HANDING_OVER = "handing_over"
    ACCEPTED = "accepted"
    FILED = "filed"
    RETRYING = "retrying"
    UNCLEAR = "unclear"
    NEEDS_SIGN_IN = "needs_sign_in"
    FAILED = "failed"
    CANCELLED = "cancelled"


class RecipientState(enum.StrEnum):
    """What is known of one recipient of a submission."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    DELAYED = "delayed"
    REFUSED = "refused"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class SubmissionRow:
    """A submission in the outbox. ``can_*`` say which buttons make sense now; ``attention``, that somebody has to look at it."""

    id: int
    state: SubmissionState
    subject: str
    recipients: tuple[Recipient, ...]
    created_at: datetime
    due_at: datetime
    has_attachments: bool
    can_cancel: bool
    can_retry: bool
    can_edit: bool
    scheduled: bool = False
    time_zone: str = ""
    attention: bool = False
    can_send_now: bool = False
    can_dismiss: bool = False


@dataclass(frozen=True, slots=True)
class SubmissionStep:
    """One step of a delivery report: when, a code the page words, and its values; ``kind``: ok, wait, danger."""

    at: datetime
    code: str
    kind: str = "ok"
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class SubmissionPage:
    """The delivery report of one submission. ``transcript`` is the SMTP conversation with secrets blanked.

    ``outbox`` is the list it was opened from.
    """

    submission: SubmissionRow
    steps: tuple[SubmissionStep, ...]
    transcript: tuple[str, ...]
    message_id_field: str
    error_code: str = ""
    server_text: str = ""
    outbox: OutboxPage | None = None


@dataclass(frozen=True, slots=True)
class OutboxPage:
    """All submissions: waiting or with problems first, then those sent lately.

    ``undo_seconds`` is how long what this person sends waits for Undo, ``time_zone`` the zone they last chose a time in.
    """

    waiting: tuple[SubmissionRow, ...]
    problems: tuple[SubmissionRow, ...]
    sent: tuple[SubmissionRow, ...]
    undo_seconds: int = 0
    time_zone: str = ""
