"""The tables of the durable database and of the disposable index.

A change to a durable table needs a migration (``migrations/``, and its HEAD); a change to an index table needs a higher
INDEX_VERSION, upon which every index is dropped and built again. All instants are integer microseconds in UTC.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

INDEX_VERSION = 2

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
durable = MetaData(naming_convention=NAMES)
index = MetaData(naming_convention=NAMES)


def _id() -> Column[int]:
    return Column("id", Integer, primary_key=True)


def _number(name: str, *, default: int = 0) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default=str(default))


def _words(name: str) -> Column[str]:
    return Column(name, Text, nullable=False, server_default="")


def _instant(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


def _optional(name: str) -> Column[int | None]:
    return Column(name, BigInteger, nullable=True)


def _account(*, primary: bool = False) -> Column[int]:
    return Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, primary_key=primary)


def _original() -> list[Column[int | None] | Column[str]]:
    """The message that a draft or a submission answers or forwards."""
    return [
        _optional("original_mailbox_id"),
        _optional("original_uidvalidity"),
        _optional("original_uid"),
        _words("original_message_id_field"),
        _words("original_action"),
    ]


users = Table("users", durable, _id(), Column("name", Text, nullable=False), _instant("created_at"), sqlite_autoincrement=True)

accounts = Table(
    "accounts",
    durable,
    _id(),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("username", Text, nullable=False),
    *[
        column
        for protocol in ("imap", "smtp")
        for column in (
            Column(f"{protocol}_host", Text, nullable=False),
            Column(f"{protocol}_port", Integer, nullable=False),
            Column(f"{protocol}_security", String(16), nullable=False),
            _words(f"{protocol}_ca_file"),
        )
    ],
    _instant("created_at"),
    UniqueConstraint("username", "imap_host"),
    sqlite_autoincrement=True,
)

credentials = Table(
    "credentials",
    durable,
    _account(primary=True),
    Column("key_id", String(16), nullable=False),
    Column("nonce", LargeBinary, nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
)

identities = Table(
    "identities",
    durable,
    _id(),
    _account(),
    _words("name"),
    Column("addr_spec", Text, nullable=False),
    Index(None, "account_id", "id"),
    sqlite_autoincrement=True,
)

sessions = Table(
    "sessions",
    durable,
    _id(),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), index=True),
    Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), index=True),
    _words("address"),
    _words("agent"),
    Column("data", Text, nullable=False),
    _instant("created_at"),
    _instant("last_seen_at"),
    _instant("expires_at"),
    _number("lifetime"),
    Index(None, "expires_at"),
    sqlite_autoincrement=True,
)

mailboxes = Table(
    "mailboxes",
    durable,
    _id(),
    _account(),
    Column("name", Text, nullable=False),
    _words("delimiter"),
    _words("special_use"),
    _number("selectable", default=1),
    _number("subscribed", default=1),
    _number("gone"),
    UniqueConstraint("account_id", "name"),
    sqlite_autoincrement=True,
)

sequences = Table("sequences", durable, Column("name", String(32), primary_key=True), _number("next", default=1))

drafts = Table(
    "drafts",
    durable,
    _id(),
    _account(),
    Column("key", String(64), nullable=False),
    *[_words(name) for name in ("sender", "to", "cc", "bcc", "subject", "text", "in_reply_to")],
    Column("references", Text, nullable=False, server_default="[]"),
    *_original(),
    _optional("mailbox_id"),
    _optional("uidvalidity"),
    _optional("uid"),
    _optional("saved_at"),
    _instant("updated_at"),
    UniqueConstraint("account_id", "key"),
    Index(None, "account_id", "mailbox_id", "uidvalidity", "uid"),
    sqlite_autoincrement=True,
)

draft_attachments = Table(
    "draft_attachments",
    durable,
    _id(),
    Column("draft_id", ForeignKey("drafts.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("token", String(32), nullable=False, unique=True),
    _words("filename"),
    _words("media_type"),
    _number("size"),
    Column("path", Text, nullable=False),
    sqlite_autoincrement=True,
)

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
    _id(),
    _account(),
    Column("draft_key", String(64), nullable=False),
    Column("reopened_key", String(64), nullable=False, server_default=""),
    Column("message_id_field", Text, nullable=False),
    Column("envelope_from", Text, nullable=False),
    _words("bcc"),
    _words("subject"),
    _number("size"),
    _number("has_attachments"),
    *_original(),
    Column("state", String(16), nullable=False),
    _instant("due_at"),
    _instant("created_at"),
    _instant("updated_at"),
    _number("attempts"),
    _words("claimed_by"),
    _number("claimed_until"),
    _words("error_code"),
    _words("server_text"),
    Column("transcript", Text, nullable=False, server_default="[]"),
    UniqueConstraint("account_id", "draft_key"),
    CheckConstraint("state IN ({})".format(", ".join(f"'{state}'" for state in SUBMISSION_STATES)), name="state"),
    Index(None, "account_id", "state"),
    Index(None, "state", "due_at"),
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
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("address", Text, nullable=False),
    Column("state", String(16), nullable=False),
    _words("code"),
    _words("text"),
)

submission_steps = Table(
    "submission_steps",
    durable,
    _id(),
    Column("submission_id", ForeignKey("submissions.id", ondelete="CASCADE"), nullable=False, index=True),
    _instant("at"),
    Column("code", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("values", Text, nullable=False, server_default="[]"),
    sqlite_autoincrement=True,
)

jobs = Table(
    "jobs",
    durable,
    _id(),
    Column("kind", String(32), nullable=False),
    _number("account_id"),
    Column("key", String(128), nullable=False, server_default=""),
    _instant("due_at"),
    Column("payload", Text, nullable=False, server_default="{}"),
    _number("attempts"),
    _number("wanted", default=1),
    _words("claimed_by"),
    _number("claimed_until"),
    _words("error"),
    UniqueConstraint("kind", "account_id", "key"),
    Index(None, "due_at"),
    sqlite_autoincrement=True,
)

journal = Table(
    "journal",
    durable,
    _id(),
    _account(),
    Column("action", String(32), nullable=False),
    _number("version", default=1),
    Column("entries", Text, nullable=False),
    _instant("created_at"),
    _optional("undone_at"),
    Index(None, "account_id", "created_at"),
    sqlite_autoincrement=True,
)

mailbox_state = Table(
    "mailbox_state",
    index,
    Column("mailbox_id", Integer, primary_key=True, autoincrement=False),
    Column("account_id", Integer, nullable=False, index=True),
    *[_number(name) for name in ("uidvalidity", "uidnext", "exists", "unseen", "lowest_uid", "complete", "indexed")],
    # What CONDSTORE told at the last completed sync; 0 where the server keeps no such number (RFC 7162 §3.1.2).
    _number("highestmodseq"),
    _optional("checked_at"),
    # Until when a watcher vouches for it: a page shown before then asks the server nothing.
    _number("watched_until"),
    _number("read_only"),
    _number("permanent_keywords"),
    # What the sidebar shows: the newest of STATUS, a sync, and our own changes. Sync compares with its own columns only.
    *[_optional(name) for name in ("listed_messages", "listed_unseen", "listed_uidnext", "listed_uidvalidity")],
    _words("lease_owner"),
    _number("lease_until"),
)

messages = Table(
    "messages",
    index,
    # Not INTEGER, which would make it SQLite's rowid: a range over (internal_date, id) then uses the date alone, and a page
    # of a mailbox whose messages all came in one second would cost by the mailbox.
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("account_id", Integer, nullable=False),
    Column("mailbox_id", Integer, nullable=False),
    _number("uid"),
    _number("uidvalidity"),
    _instant("internal_date"),
    _number("size"),
    _number("seen"),
    _number("flagged"),
    _number("attachments"),
    _words("flags"),
    # What lists can be sorted by besides the date, already normalised (see ``columns``).
    _words("sender_key"),
    _words("subject_key"),
    _number("to_me"),
    # Its conversation, and what makes two copies of one message equal (see ``threads``); 0: not joined to any yet.
    _number("thread_id"),
    Column("sameness", LargeBinary, nullable=False, server_default=""),
    # Whether the words of its body are in the full-text index: 0 not yet, 1 yes, 2 cannot be.
    _number("text_state"),
    Column("preview", Text, nullable=True),
    Column("envelope", Text, nullable=False),
    # Last, because it may run over onto further pages, which a list must not have to read.
    Column("structure", Text, nullable=False),
    UniqueConstraint("mailbox_id", "uid"),
)

_newest_first = (messages.c.internal_date.desc(), messages.c.id.desc())
Index("ix_messages_list", messages.c.mailbox_id, *_newest_first)
Index("ix_messages_sender", messages.c.mailbox_id, messages.c.sender_key, *_newest_first)
Index("ix_messages_subject", messages.c.mailbox_id, messages.c.subject_key, *_newest_first)
Index("ix_messages_size", messages.c.mailbox_id, messages.c.size, *_newest_first)
Index("ix_messages_thread", messages.c.account_id, messages.c.thread_id, messages.c.mailbox_id, *_newest_first)


def _some(name: str, column: str, condition: str) -> None:
    """An index of the few rows a filter shows. It names the column too, or SQLite would not see that it is the better one.

    The UID at its end lets a sync read the UIDs of all these rows from the index alone.
    """
    shown = (messages.c.mailbox_id, messages.c[column], *_newest_first, messages.c.uid)
    Index(name, *shown, sqlite_where=text(condition), postgresql_where=text(condition))


_some("ix_messages_unread", "seen", "seen = 0")
_some("ix_messages_flagged", "flagged", "flagged = 1")
_some("ix_messages_attachments", "attachments", "attachments = 1")
_some("ix_messages_to_me", "to_me", "to_me = 1")
_some("ix_messages_without_text", "text_state", "text_state = 0")

thread_links = Table(
    "thread_links",
    index,
    # Every Message-ID seen, of a message or among the References of one, as a hash, and the component it belongs to.
    Column("account_id", Integer, primary_key=True, autoincrement=False),
    Column("message_id_hash", BigInteger, primary_key=True, autoincrement=False),
    Column("component", BigInteger, nullable=False),
    Index(None, "account_id", "component"),
    sqlite_with_rowid=False,
)

documents = Table(
    "documents",
    index,
    # In the order of the messages' dates, so that the newest hits of a search are found first (see ``fulltext``).
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("message_id", BigInteger, nullable=False, unique=True),
    Column("account_id", Integer, nullable=False),
    # The words as they were indexed, compressed: they are needed again to take them out, and to show where a hit stands.
    Column("content", LargeBinary, nullable=False),
)

events = Table(
    "events",
    index,
    _id(),
    Column("account_id", Integer, nullable=False),
    Column("mailbox_id", Integer, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("payload", Text, nullable=False, server_default="{}"),
    _instant("at"),
    Index(None, "account_id", "id"),
    sqlite_autoincrement=True,
)
"""What happened, in order: the pages that are open follow it by these ids."""

bodies = Table(
    "bodies",
    index,
    Column("account_id", Integer, primary_key=True, autoincrement=False),
    Column("key", String(256), primary_key=True),
    _number("used"),
    _number("size"),
    Column("html", Text, nullable=False),
    Index("ix_bodies_used", "used", "size"),
)
