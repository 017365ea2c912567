"""The tables of what is sent, in the durable database: a change to one needs a migration (see ``schema``)."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, LargeBinary, String, Table, Text, UniqueConstraint

from webmail.store.column_kinds import INTEGER, account, durable, identifier, instant, number, original, words

SUBMISSION_STATES = (
    "queued",
    "submitting",
    "handing_over",
    "accepted",
    "filed",
    "retrying",
    "unclear",
    "needs_sign_in",
    "failed",
    "cancelled",
)

submissions = Table(
    "submissions",
    durable,
    identifier(),
    account(),
    Column("draft_key", String(64), nullable=False),
    Column("reopened_key", String(64), nullable=False, server_default=""),
    Column("message_id_field", Text, nullable=False),
    Column("envelope_from", Text, nullable=False),
    words("bcc"),
    words("subject"),
    number("size"),
    number("has_attachments"),
    *original(),
    Column("state", String(16), nullable=False),
    instant("due_at"),
    instant("created_at"),
    instant("updated_at"),
    number("attempts"),
    words("claimed_by"),
    number("claimed_until"),
    words("error_code"),
    words("server_text"),
    Column("transcript", Text, nullable=False, server_default="[]"),
    words("digest"),
    number("scheduled"),
    number("begun_at"),
    words("envelope_id"),
    words("notify"),
    number("attention"),
    UniqueConstraint("account_id", "draft_key"),
    CheckConstraint("state IN ({})".format(", ".join(f"'{state}'" for state in SUBMISSION_STATES)), name="state"),
    Index(None, "account_id", "state"),
    Index(None, "state", "due_at"),
    Index(None, "message_id_field"),
    Index(None, "envelope_id"),
    sqlite_autoincrement=True,
)

submission_contents = Table(
    "submission_contents",
    durable,
    Column("submission_id", ForeignKey("submissions.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("raw", LargeBinary, nullable=False),
)
"""The bytes stand apart from the submission, whose row is written at every step: SQLite writes rows as a whole."""

submission_recipients = Table(
    "submission_recipients",
    durable,
    Column("submission_id", ForeignKey("submissions.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("position", INTEGER, primary_key=True, autoincrement=False),
    Column("address", Text, nullable=False),
    Column("state", String(16), nullable=False),
    words("code"),
    words("text"),
    words("fate"),
    words("fate_status"),
    words("fate_text"),
    number("fate_at"),
)

submission_reports = Table(
    "submission_reports",
    durable,
    Column("submission_id", ForeignKey("submissions.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("report", Text, primary_key=True),
)
"""The reports that were joined to a submission, so that none is told twice, however often its message is indexed."""

submission_steps = Table(
    "submission_steps",
    durable,
    identifier(),
    Column("submission_id", ForeignKey("submissions.id", ondelete="CASCADE"), nullable=False, index=True),
    instant("at"),
    Column("code", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("values", Text, nullable=False, server_default="[]"),
    sqlite_autoincrement=True,
)
