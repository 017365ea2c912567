"""Filters that the worker runs, and the messages they have been tried on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

INTEGER = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "filters",
        sa.Column("account_id", INTEGER, nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("uidvalidity", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("uid", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_filters_account_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_filters")),
    )
    op.create_table(
        "filtered",
        sa.Column("account_id", INTEGER, nullable=False),
        sa.Column("sameness", sa.String(length=64), nullable=False),
        sa.Column("finished", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_filtered_account_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_id", "sameness", name=op.f("pk_filtered")),
    )
    op.create_index(op.f("ix_filtered_account_id_at"), "filtered", ["account_id", "at"], unique=False)
