"""What a submission was made of, when it began, what was reported of it later, and whether somebody has to look at it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

INTEGER = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def upgrade() -> None:
    for name in ("digest", "envelope_id", "notify"):
        op.add_column("submissions", sa.Column(name, sa.Text(), server_default="", nullable=False))
    for name in ("scheduled", "begun_at", "attention"):
        op.add_column("submissions", sa.Column(name, sa.BigInteger(), server_default="0", nullable=False))
    for name in ("fate", "fate_status", "fate_text"):
        op.add_column("submission_recipients", sa.Column(name, sa.Text(), server_default="", nullable=False))
    op.add_column("submission_recipients", sa.Column("fate_at", sa.BigInteger(), server_default="0", nullable=False))
    op.create_table(
        "submission_reports",
        sa.Column("submission_id", INTEGER, autoincrement=False, nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submissions.id"], name=op.f("fk_submission_reports_submission_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("submission_id", "report", name=op.f("pk_submission_reports")),
    )
    op.create_index(op.f("ix_submissions_message_id_field"), "submissions", ["message_id_field"], unique=False)
    op.create_index(op.f("ix_submissions_envelope_id"), "submissions", ["envelope_id"], unique=False)
    op.execute("UPDATE submissions SET attention = 1 WHERE reopened_key = '' AND state IN ('unclear', 'failed', 'needs_sign_in')")
