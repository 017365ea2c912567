"""The kinds of columns that the tables of both databases are made of."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, MetaData, Text

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


INTEGER = Integer().with_variant(BigInteger(), "postgresql")
"""A whole number; 64 bits in either database: whoever asks for a row that cannot be gets none, and no error."""


def identifier() -> Column[int]:
    """A number that names a row and is given by the database."""
    return Column("id", INTEGER, primary_key=True)


def number(name: str, *, default: int = 0) -> Column[int]:
    """A number, or a yes (1) or no (0)."""
    return Column(name, BigInteger, nullable=False, server_default=str(default))


def words(name: str) -> Column[str]:
    """Text, empty where there is none."""
    return Column(name, Text, nullable=False, server_default="")


def sortable(name: str) -> Column[str]:
    """Text that rows are sorted by as it stands, whatever language the database was made for."""
    return Column(name, Text().with_variant(Text(collation="C"), "postgresql"), nullable=False, server_default="")


def instant(name: str) -> Column[int]:
    """A moment in microseconds."""
    return Column(name, BigInteger, nullable=False)


def optional(name: str) -> Column[int | None]:
    """A number or a moment that may not be known."""
    return Column(name, BigInteger, nullable=True)


durable = MetaData(naming_convention=NAMES)
"""The tables of the durable database."""


def account(*, primary: bool = False) -> Column[int]:
    """The account a row belongs to, with which it goes."""
    return Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, primary_key=primary)


def original() -> list[Column[int | None] | Column[str]]:
    """The message that a draft or a submission answers or forwards."""
    return [
        optional("original_mailbox_id"),
        optional("original_uidvalidity"),
        optional("original_uid"),
        words("original_message_id_field"),
        words("original_action"),
    ]
