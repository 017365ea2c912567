"""The tables of the disposable index. A change to one needs a higher INDEX_VERSION, upon which every index is built again."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, LargeBinary, MetaData, String, Table, Text, UniqueConstraint, text

from webmail.store.column_kinds import INTEGER, NAMES, identifier, instant, number, optional, sortable, words

INDEX_VERSION = 8

index = MetaData(naming_convention=NAMES)

mailbox_state = Table(
    "mailbox_state",
    index,
    Column("mailbox_id", INTEGER, primary_key=True, autoincrement=False),
    Column("account_id", INTEGER, nullable=False, index=True),
    *[number(name) for name in ("uidvalidity", "uidnext", "exists", "unseen", "lowest_uid", "complete", "indexed")],
    # What CONDSTORE told at the last completed sync; 0 where the server keeps no such number (RFC 7162 §3.1.2).
    number("highestmodseq"),
    optional("checked_at"),
    # Until when a watcher vouches for it: a page shown before then asks the server nothing.
    number("watched_until"),
    number("read_only"),
    number("permanent_keywords"),
    # What the sidebar shows: the newest of STATUS, a sync, and our own changes. Sync compares with its own columns only.
    *[optional(name) for name in ("listed_messages", "listed_unseen", "listed_uidnext", "listed_uidvalidity", "listed_highestmodseq")],
    # By which a mailbox is known again under another name, where the server keeps one (RFC 8474 §4).
    words("object_id"),
    words("lease_owner"),
    number("lease_until"),
)

messages = Table(
    "messages",
    index,
    # Not INTEGER, which would make it SQLite's rowid: a range over (internal_date, id) then uses the date alone, and a page
    # of a mailbox whose messages all came in one second would cost by the mailbox.
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("account_id", INTEGER, nullable=False),
    Column("mailbox_id", INTEGER, nullable=False),
    number("uid"),
    number("uidvalidity"),
    instant("internal_date"),
    number("size"),
    number("seen"),
    number("flagged"),
    number("attachments"),
    words("flags"),
    # What lists can be sorted by besides the date, already normalised (see ``columns``).
    sortable("sender_key"),
    sortable("subject_key"),
    number("to_me"),
    # Its conversation, its place among the links, and what makes two copies of one message equal (see ``joining``).
    number("thread_id"),
    number("message_id_hash"),
    Column("sameness", LargeBinary, nullable=False, server_default=""),
    # Whether its words are in the full-text index: 0 not yet, 1 yes, 2 its body cannot be, 3 its attachments not yet.
    number("text_state"),
    Column("preview", Text, nullable=True),
    Column("envelope", Text, nullable=False),
    # Last, because it may run over onto further pages, which a list must not have to read.
    Column("structure", Text, nullable=False),
    UniqueConstraint("mailbox_id", "uid"),
)

_newest_first = (messages.c.internal_date.desc(), messages.c.id.desc())
# The thread at its end lets a list of threads pass over the older messages of one without reading their rows.
Index("ix_messages_list", messages.c.mailbox_id, *_newest_first, messages.c.thread_id)
Index("ix_messages_sender", messages.c.mailbox_id, messages.c.sender_key, *_newest_first)
Index("ix_messages_subject", messages.c.mailbox_id, messages.c.subject_key, *_newest_first)
Index("ix_messages_size", messages.c.mailbox_id, messages.c.size.desc(), *_newest_first)
Index("ix_messages_message_id_hash", messages.c.account_id, messages.c.message_id_hash)
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
_some("ix_messages_without_files", "text_state", "text_state = 3")

thread_links = Table(
    "thread_links",
    index,
    # Every Message-ID seen, of a message or named by one, as a hash, and the component it belongs to. Rows stay when messages go.
    Column("account_id", INTEGER, primary_key=True, autoincrement=False),
    Column("message_id_hash", BigInteger, primary_key=True, autoincrement=False),
    # The hash of one of its members.
    Column("component", BigInteger, nullable=False),
    # The claim that decides (see ``message.thread``): its rank, the parent, and what an answer without references can follow by.
    Column("rank", BigInteger, nullable=False),
    number("parent"),
    number("subject"),
    number("orphan"),
    Column("people", LargeBinary, nullable=False, server_default=""),
    # What an answer without references follows.
    number("followed"),
    Index(None, "account_id", "component"),
    sqlite_with_rowid=False,
)
Index(
    "ix_thread_links_subject",
    thread_links.c.account_id,
    thread_links.c.subject,
    thread_links.c.rank,
    sqlite_where=text("subject != 0"),
    postgresql_where=text("subject != 0"),
)
Index(
    "ix_thread_links_orphans",
    thread_links.c.account_id,
    thread_links.c.subject,
    sqlite_where=text("orphan = 1"),
    postgresql_where=text("orphan = 1"),
)

thread_renames = Table(
    "thread_renames",
    index,
    # Components of which some links still bear an old name (see ``joining``); mostly empty.
    Column("account_id", INTEGER, primary_key=True, autoincrement=False),
    Column("old", BigInteger, primary_key=True, autoincrement=False),
    Column("new", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

events = Table(
    "events",
    index,
    identifier(),
    Column("account_id", INTEGER, nullable=False),
    Column("mailbox_id", INTEGER, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("payload", Text, nullable=False, server_default="{}"),
    instant("at"),
    Index(None, "account_id", "id"),
    sqlite_autoincrement=True,
)
"""What happened, in order: the pages that are open follow it by these ids."""

bodies = Table(
    "bodies",
    index,
    Column("account_id", INTEGER, primary_key=True, autoincrement=False),
    Column("key", String(256), primary_key=True),
    number("used"),
    number("size"),
    Column("html", Text, nullable=False),
    Index("ix_bodies_used", "used", "size"),
)

signatures = Table(
    "signatures",
    index,
    # What was found of the DKIM signatures of a message when it arrived, where they are verified here.
    Column("message_id", BigInteger, primary_key=True, autoincrement=False),
    Column("found", Text, nullable=False),
)
