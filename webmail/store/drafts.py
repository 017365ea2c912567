"""Drafts: what a person has written, exactly as they typed it, and the files they attached.

A draft is named by its account and a random key that the form carries, so the same form always writes the same draft.
The copy in the Drafts mailbox is named by its place on the server.
"""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, func, insert, select, update

from webmail.account import AccountId
from webmail.errors import Conflict, NotFound
from webmail.mailbox import MailboxId
from webmail.message.summary import Uid
from webmail.store.columns import clean, dumps, loads, microseconds, moment, optional_moment
from webmail.store.database import Database
from webmail.store.references import MessageRef as MessageRef
from webmail.store.references import original_columns, original_value
from webmail.store.schema import draft_attachments, drafts


@dataclass(frozen=True, slots=True)
class DraftAttachment:
    """A file of a draft; ``token`` names it in forms, ``path`` in the folder of attachments."""

    token: str
    filename: str
    media_type: str
    size: int
    path: str
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class DraftRow:
    """A draft. ``uid`` is 0 while no copy is in the Drafts mailbox; ``saved_at`` is when the last one was put there.

    ``format`` says how the text is to be read; ``quote`` is HTML beside it, above it if ``quote_first``. ``version`` counts what was
    written into it.
    """

    id: int
    key: str
    account_id: AccountId
    sender: str
    to: str
    cc: str
    bcc: str
    subject: str
    text: str
    in_reply_to: str
    references: tuple[str, ...]
    original: MessageRef | None
    original_action: str
    mailbox_id: MailboxId
    uidvalidity: int
    uid: Uid
    saved_at: datetime | None
    updated_at: datetime
    attachments: tuple[DraftAttachment, ...]
    reply_to: str = ""
    format: str = ""
    quote: str = ""
    quote_first: bool = False
    priority: str = ""
    receipt: bool = False
    dsn: bool = False
    version: int = 0


def by_key(database: Database, account_id: AccountId, key: str) -> DraftRow | None:
    """The draft of a key, or None."""
    with database.durable() as connection:
        return _one(connection, select(drafts).where(drafts.c.account_id == account_id, drafts.c.key == key))


def by_place(database: Database, account_id: AccountId, *, mailbox_id: MailboxId, uidvalidity: int, uid: Uid) -> DraftRow | None:
    """The draft whose copy is this message on the server, or None."""
    place = (drafts.c.mailbox_id == mailbox_id) & (drafts.c.uidvalidity == uidvalidity) & (drafts.c.uid == uid)
    with database.durable() as connection:
        return _one(connection, select(drafts).where(drafts.c.account_id == account_id, place).order_by(drafts.c.updated_at.desc()))


def put(
    database: Database,
    account_id: AccountId,
    *,
    key: str,
    sender: str,
    to: str,
    cc: str,
    bcc: str,
    subject: str,
    text: str,
    now: datetime,
    in_reply_to: str = "",
    references: tuple[str, ...] = (),
    original: MessageRef | None = None,
    original_action: str = "",
    reply_to: str = "",
    format: str = "",
    priority: str = "",
    receipt: bool = False,
    dsn: bool = False,
    quote: str | None = None,
    quote_first: bool | None = None,
    version: int | None = None,
) -> DraftRow:
    """Write what the form holds; a new key makes a new draft. Files and the place on the server stay as they are.

    A quotation that is None stays. Raises Conflict("draft_changed") where ``version`` is given and another form has written
    since; then nothing is written.
    """
    typed = {"sender": sender, "to": to, "cc": cc, "bcc": bcc, "subject": subject, "text": text, "in_reply_to": in_reply_to}
    typed |= {"reply_to": reply_to, "format": format, "priority": priority} | ({} if quote is None else {"quote": quote})
    values: dict[str, Any] = {name: clean(value) for name, value in typed.items()}
    values |= {"receipt": int(receipt), "dsn": int(dsn)} | ({} if quote_first is None else {"quote_first": int(quote_first)})
    values |= {"references": dumps(references), "original_action": original_action, "updated_at": microseconds(now)}
    values |= original_columns(original)
    mine = (drafts.c.account_id == account_id) & (drafts.c.key == key)
    with database.durable_write() as connection:
        known = connection.execute(select(drafts.c.version).where(mine)).scalar()
        if version is not None and known not in (None, version):
            raise Conflict("draft_changed")
        if known is None:
            connection.execute(insert(drafts).values(account_id=account_id, key=key, version=1, **values))
        else:
            connection.execute(update(drafts).where(mine).values(version=drafts.c.version + 1, **values))
        return _found(_one(connection, select(drafts).where(mine)))


def unplaced(database: Database, account_id: AccountId) -> list[str]:
    """The keys of the drafts that have no copy in the Drafts mailbox."""
    query = select(drafts.c.key).where(drafts.c.account_id == account_id, func.coalesce(drafts.c.uid, 0) == 0)
    with database.durable() as connection:
        return list(connection.execute(query.order_by(drafts.c.id)).scalars())


def placed(
    database: Database, account_id: AccountId, key: str, *, mailbox_id: MailboxId, uidvalidity: int, uid: Uid, now: datetime
) -> None:
    """Note where the copy of a draft is on the server now."""
    values = {"mailbox_id": mailbox_id, "uidvalidity": uidvalidity, "uid": uid, "saved_at": microseconds(now)}
    with database.durable_write() as connection:
        connection.execute(update(drafts).where(drafts.c.account_id == account_id, drafts.c.key == key).values(values))


def rekey(database: Database, account_id: AccountId, *, old: str, new: str) -> bool:
    """Give a draft another key, so that sending it is a new submission. False if there is no such draft."""
    with database.durable_write() as connection:
        return bool(
            connection.execute(update(drafts).where(drafts.c.account_id == account_id, drafts.c.key == old).values(key=new)).rowcount
        )


def add_attachment(
    database: Database, account_id: AccountId, key: str, *, filename: str, media_type: str, size: int, path: str, content_id: str = ""
) -> DraftAttachment:
    """Attach a file, which the caller has written, to a draft. Raises NotFound if the draft is gone."""
    added = DraftAttachment(secrets.token_urlsafe(16), clean(filename), clean(media_type), size, path, clean(content_id))
    with database.durable_write() as connection:
        draft = _found(_one(connection, select(drafts).where(drafts.c.account_id == account_id, drafts.c.key == key)))
        connection.execute(insert(draft_attachments).values(draft_id=draft.id, **asdict(added)))
    return added


def remove_attachment(database: Database, account_id: AccountId, key: str, *, token: str) -> str:
    """Take a file out of a draft and return its path, which the caller deletes. Raises NotFound."""
    with database.durable_write() as connection:
        row = _attachment(connection, account_id, key, token)
        connection.execute(delete(draft_attachments).where(draft_attachments.c.id == row.id))
    return str(row.path)


def attachment_path(database: Database, account_id: AccountId, key: str, *, token: str) -> str:
    """The path of a file of a draft. Raises NotFound."""
    with database.durable() as connection:
        return str(_attachment(connection, account_id, key, token).path)


def discard(database: Database, account_id: AccountId, key: str) -> list[str]:
    """Forget a draft and return the paths of its files, which the caller deletes; none for an unknown key."""
    mine = (drafts.c.account_id == account_id) & (drafts.c.key == key)
    with database.durable_write() as connection:
        draft = _one(connection, select(drafts).where(mine))
        connection.execute(delete(drafts).where(mine))
    return [each.path for each in draft.attachments] if draft else []


def paths(database: Database) -> set[str]:
    """The paths of all files that drafts still need."""
    with database.durable() as connection:
        return set(connection.execute(select(draft_attachments.c.path)).scalars())


def _attachment(connection: Connection, account_id: AccountId, key: str, token: str) -> Row[*tuple[Any, ...]]:
    query = select(draft_attachments).join(drafts, drafts.c.id == draft_attachments.c.draft_id)
    row = connection.execute(
        query.where(drafts.c.account_id == account_id, drafts.c.key == key, draft_attachments.c.token == token)
    ).first()
    if row is None:
        raise NotFound("attachment")
    return row


def _found(draft: DraftRow | None) -> DraftRow:
    if draft is None:
        raise NotFound("draft")
    return draft


def _one(connection: Connection, query: Select[Any]) -> DraftRow | None:
    row = connection.execute(query.limit(1)).first()
    if row is None:
        return None
    files = connection.execute(select(draft_attachments).where(draft_attachments.c.draft_id == row.id).order_by(draft_attachments.c.id))
    return DraftRow(
        id=row.id,
        key=row.key,
        account_id=row.account_id,
        sender=row.sender,
        to=row.to,
        cc=row.cc,
        bcc=row.bcc,
        subject=row.subject,
        text=row.text,
        in_reply_to=row.in_reply_to,
        references=tuple(loads(row.references)),
        original=original_value(row),
        original_action=row.original_action,
        mailbox_id=MailboxId(row.mailbox_id or 0),
        uidvalidity=row.uidvalidity or 0,
        uid=Uid(row.uid or 0),
        saved_at=optional_moment(row.saved_at),
        updated_at=moment(row.updated_at),
        attachments=tuple(
            DraftAttachment(each.token, each.filename, each.media_type, each.size, each.path, each.content_id) for each in files
        ),
        reply_to=row.reply_to,
        format=row.format,
        quote=row.quote,
        quote_first=bool(row.quote_first),
        priority=row.priority,
        receipt=bool(row.receipt),
        dsn=bool(row.dsn),
        version=row.version,
    )
