"""Who has written, and who was written to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

INTEGER = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "senders",
        sa.Column("account_id", INTEGER, nullable=False),
        sa.Column("addr_spec", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("name_key", sa.Text(), server_default="", nullable=False),
        sa.Column("reply_site", sa.Text(), server_default="", nullable=False),
        sa.Column("first_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("written", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("trusted", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_senders_account_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_id", "addr_spec", name=op.f("pk_senders")),
    )
    op.create_index(op.f("ix_senders_account_id_site"), "senders", ["account_id", "site"], unique=False)
    op.create_index(op.f("ix_senders_account_id_name_key"), "senders", ["account_id", "name_key"], unique=False)
