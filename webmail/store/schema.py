"""The tables of the durable database, and by the same door those of the outbox (``outgoing_schema``) and of the disposable index
(``index_schema``).

A change to a durable table needs a migration (``migrations/``, and its HEAD). All instants are integer microseconds in UTC.
"""

from __future__ import annotations

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from webmail.store.column_kinds import INTEGER, account, identifier, instant, number, optional, original, words
from webmail.store.column_kinds import durable as durable
from webmail.store.index_schema import INDEX_VERSION as INDEX_VERSION
from webmail.store.index_schema import bodies as bodies
from webmail.store.index_schema import events as events
from webmail.store.index_schema import index as index
from webmail.store.index_schema import mailbox_state as mailbox_state
from webmail.store.index_schema import messages as messages
from webmail.store.index_schema import signatures as signatures
from webmail.store.index_schema import thread_links as thread_links
from webmail.store.index_schema import thread_renames as thread_renames
from webmail.store.outgoing_schema import SUBMISSION_STATES as SUBMISSION_STATES
from webmail.store.outgoing_schema import submission_contents as submission_contents
from webmail.store.outgoing_schema import submission_recipients as submission_recipients
from webmail.store.outgoing_schema import submission_reports as submission_reports
from webmail.store.outgoing_schema import submission_steps as submission_steps
from webmail.store.outgoing_schema import submissions as submissions

users = Table("users", durable, identifier(), Column("name", Text, nullable=False), instant("created_at"), sqlite_autoincrement=True)

accounts = Table(
    "accounts",
    durable,
    identifier(),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("username", Text, nullable=False),
    *[
        column
        for protocol in ("imap", "smtp")
        for column in (
            Column(f"{protocol}_host", Text, nullable=False),
            Column(f"{protocol}_port", INTEGER, nullable=False),
            Column(f"{protocol}_security", String(16), nullable=False),
            words(f"{protocol}_ca_file"),
        )
    ],
    instant("created_at"),
    UniqueConstraint("username", "imap_host"),
    sqlite_autoincrement=True,
)

credentials = Table(
    "credentials",
    durable,
    account(primary=True),
    Column("key_id", String(16), nullable=False),
    Column("nonce", LargeBinary, nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
)

identities = Table(
    "identities",
    durable,
    identifier(),
    account(),
    words("name"),
    Column("addr_spec", Text, nullable=False),
    *[words(name) for name in ("reply_to", "signature", "signature_html")],
    # The least is the one that new messages are written as.
    number("position"),
    Index(None, "account_id", "id"),
    sqlite_autoincrement=True,
)

sessions = Table(
    "sessions",
    durable,
    identifier(),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), index=True),
    Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), index=True),
    words("address"),
    words("agent"),
    Column("data", Text, nullable=False),
    instant("created_at"),
    instant("last_seen_at"),
    instant("expires_at"),
    number("lifetime"),
    Index(None, "expires_at"),
    sqlite_autoincrement=True,
)

mailboxes = Table(
    "mailboxes",
    durable,
    identifier(),
    account(),
    Column("name", Text, nullable=False),
    words("delimiter"),
    words("special_use"),
    number("selectable", default=1),
    number("subscribed", default=1),
    number("gone"),
    UniqueConstraint("account_id", "name"),
    sqlite_autoincrement=True,
)

sequences = Table("sequences", durable, Column("name", String(32), primary_key=True), number("next", default=1))

drafts = Table(
    "drafts",
    durable,
    identifier(),
    account(),
    Column("key", String(64), nullable=False),
    *[words(name) for name in ("sender", "to", "cc", "bcc", "subject", "text", "in_reply_to")],
    Column("references", Text, nullable=False, server_default="[]"),
    words("reply_to"),
    # How the text is to be read: as it is where this is empty.
    Column("format", String(16), nullable=False, server_default=""),
    # The HTML that is answered or forwarded, cleaned for being sent, and whether it stands above the text.
    words("quote"),
    number("quote_first"),
    Column("priority", String(8), nullable=False, server_default=""),
    number("receipt"),
    number("dsn"),
    # Counts what was written into it, so that two forms of one draft know of each other.
    number("version"),
    *original(),
    optional("mailbox_id"),
    optional("uidvalidity"),
    optional("uid"),
    optional("saved_at"),
    instant("updated_at"),
    UniqueConstraint("account_id", "key"),
    Index(None, "account_id", "mailbox_id", "uidvalidity", "uid"),
    sqlite_autoincrement=True,
)

draft_attachments = Table(
    "draft_attachments",
    durable,
    identifier(),
    Column("draft_id", ForeignKey("drafts.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("token", String(32), nullable=False, unique=True),
    words("filename"),
    words("media_type"),
    number("size"),
    Column("path", Text, nullable=False),
    words("content_id"),
    sqlite_autoincrement=True,
)

templates = Table(
    "templates",
    durable,
    identifier(),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    words("subject"),
    words("text"),
    UniqueConstraint("user_id", "name"),
    sqlite_autoincrement=True,
)
"""Texts that somebody writes again and again, with places for what differs."""

jobs = Table(
    "jobs",
    durable,
    identifier(),
    Column("kind", String(32), nullable=False),
    number("account_id"),
    Column("key", String(128), nullable=False, server_default=""),
    instant("due_at"),
    Column("payload", Text, nullable=False, server_default="{}"),
    number("attempts"),
    number("wanted", default=1),
    words("claimed_by"),
    number("claimed_until"),
    words("error"),
    UniqueConstraint("kind", "account_id", "key"),
    Index(None, "due_at"),
    sqlite_autoincrement=True,
)

journal = Table(
    "journal",
    durable,
    identifier(),
    account(),
    Column("action", String(32), nullable=False),
    number("version", default=1),
    Column("entries", Text, nullable=False),
    instant("created_at"),
    optional("undone_at"),
    Index(None, "account_id", "created_at"),
    sqlite_autoincrement=True,
)

senders = Table(
    "senders",
    durable,
    account(primary=True),
    # In lower case; the part of its domain that one owner has; the name as it looks (see ``message.lookalikes``).
    Column("addr_spec", Text, primary_key=True),
    Column("site", Text, nullable=False),
    words("name"),
    words("name_key"),
    # Where answers to the oldest message known were to go, if to another site.
    words("reply_site"),
    # When the oldest message known came; 0: there is none, it was only written to.
    number("first_at"),
    number("written"),
    number("trusted"),
    Index(None, "account_id", "site"),
    Index(None, "account_id", "name_key"),
)
"""Who has written and was written to; mail that is deleted, and an index that is built again, take nothing of it away."""

preferences = Table(
    "preferences",
    durable,
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

saved_searches = Table(
    "saved_searches",
    durable,
    identifier(),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    Column("query", Text, nullable=False),
    # How many unread messages it found when the worker looked last.
    number("unread"),
    instant("created_at"),
    UniqueConstraint("user_id", "name"),
    sqlite_autoincrement=True,
)

selections = Table(
    "selections",
    durable,
    identifier(),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("content", LargeBinary, nullable=False),
    number("count"),
    instant("created_at"),
    sqlite_autoincrement=True,
)
"""Which messages "all" were, when somebody said so; a message is named by mailbox, UIDVALIDITY and UID."""

image_permissions = Table(
    "image_permissions",
    durable,
    identifier(),
    account(),
    Column("whose", String(16), nullable=False),
    Column("value", Text, nullable=False),
    number("only_verified"),
    instant("created_at"),
    UniqueConstraint("account_id", "whose", "value"),
    sqlite_autoincrement=True,
)
"""Senders and domains whose remote images are shown without asking."""
unsubscriptions = Table(
    "unsubscriptions",
    durable,
    account(primary=True),
    Column("list_name", String(255), primary_key=True),
    instant("left_at"),
)
"""Mailing lists that an account asked to leave, by their List-Id, else by who sends them."""

openpgp_keys = Table(
    "openpgp_keys",
    durable,
    account(primary=True),
    Column("fingerprint", String(64), primary_key=True),
    Column("content", LargeBinary, nullable=False),
    instant("added_at"),
)
"""OpenPGP certificates that the person has put in; signatures of no other are verified."""

filters = Table(
    "filters",
    durable,
    account(primary=True),
    Column("content", Text, nullable=False),
    number("revision"),
    # The first UID of the inbox that they have not been tried on, and from when on mail is theirs.
    number("uidvalidity"),
    number("uid"),
    instant("since"),
)
"""The filters that the worker runs, of an account whose server runs none."""

filtered = Table(
    "filtered",
    durable,
    account(primary=True),
    Column("sameness", String(64), primary_key=True),
    number("finished"),
    instant("at"),
    Index(None, "account_id", "at"),
)
"""Messages that filters have been tried on, however often they are moved out of the inbox and back."""
