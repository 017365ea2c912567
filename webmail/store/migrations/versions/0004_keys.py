"""Mailing lists that were left, and the OpenPGP keys that people have remembered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

INTEGER = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "unsubscriptions",
        sa.Column("account_id", INTEGER, nullable=False),
        sa.Column("list_name", sa.String(length=255), nullable=False),
        sa.Column("left_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_unsubscriptions_account_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_id", "list_name", name=op.f("pk_unsubscriptions")),
    )
    op.create_table(
        "openpgp_keys",
        sa.Column("account_id", INTEGER, nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_openpgp_keys_account_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_id", "fingerprint", name=op.f("pk_openpgp_keys")),
    )
