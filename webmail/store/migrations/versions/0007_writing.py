"""Identities with signatures, drafts with formatting and wishes, pictures in them, and texts to begin with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

INTEGER = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def _words(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), server_default="0", nullable=False)


def upgrade() -> None:
    for column in (_words("reply_to"), _words("signature"), _words("signature_html"), _number("position")):
        op.add_column("identities", column)
    for column in (
        _words("reply_to"),
        sa.Column("format", sa.String(length=16), server_default="", nullable=False),
        _words("quote"),
        _number("quote_first"),
        sa.Column("priority", sa.String(length=8), server_default="", nullable=False),
        _number("receipt"),
        _number("dsn"),
        _number("version"),
    ):
        op.add_column("drafts", column)
    op.add_column("draft_attachments", _words("content_id"))
    op.create_table(
        "templates",
        sa.Column("id", INTEGER, nullable=False),
        sa.Column("user_id", INTEGER, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        _words("subject"),
        _words("text"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_templates_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_templates")),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_templates_user_id_name")),
        sqlite_autoincrement=True,
    )
