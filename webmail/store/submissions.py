"""Submissions as they are read: one with its recipients, all of an account, the bytes, and which one a draft or a report means."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, or_, select

from webmail.account import AccountId
from webmail.errors import NotFound
from webmail.store.columns import loads, moment
from webmail.store.database import Database
from webmail.store.references import MessageRef, original_value
from webmail.store.schema import submission_contents, submission_recipients, submissions

UNDERWAY = ("queued", "submitting", "handing_over", "accepted", "retrying")


@dataclass(frozen=True, slots=True)
class Recipient:
    """One recipient: waiting, accepted, delayed, refused or unclear, with the server's last answer.

    ``fate`` is what reports said later: relayed, delivered, delayed, failed, expanded or displayed; empty while none came. A report
    is a claim of who wrote it.
    """

    address: str
    state: str
    server_code: str = ""
    server_text: str = ""
    fate: str = ""
    fate_status: str = ""
    fate_text: str = ""
    fate_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """A submission without its bytes (``raw``). ``reopened``: its draft is being edited again, under ``draft_key``.

    ``digest`` stands for what the form held, ``begun_at`` is when the first attempt began, ``notify`` which reports were
    asked for, and ``attention`` says that somebody has to look at it.
    """

    id: int
    account_id: AccountId
    draft_key: str
    reopened: bool
    message_id_field: str
    envelope_from: str
    bcc: str
    subject: str
    size: int
    has_attachments: bool
    original: MessageRef | None
    original_action: str
    state: str
    due_at: datetime
    created_at: datetime
    updated_at: datetime
    attempts: int
    error_code: str
    server_text: str
    transcript: tuple[str, ...]
    recipients: tuple[Recipient, ...]
    digest: str = ""
    scheduled: bool = False
    begun_at: datetime | None = None
    envelope_id: str = ""
    notify: str = ""
    attention: bool = False


def by_key(database: Database, account_id: AccountId, draft_key: str) -> int | None:
    """The submission that was made from the draft of a key, or None."""
    with database.durable() as connection:
        return id_of(connection, account_id, draft_key)


def id_of(connection: Connection, account_id: AccountId, draft_key: str) -> int | None:
    """As ``by_key``, in a transaction of somebody else."""
    mine = (submissions.c.account_id == account_id) & (submissions.c.draft_key == draft_key)
    return connection.execute(select(submissions.c.id).where(mine)).scalar()


def get(database: Database, account_id: AccountId, submission_id: int) -> Submission:
    """A submission of the account. Raises NotFound."""
    with database.durable() as connection:
        found = read(connection, (submissions.c.account_id == account_id) & (submissions.c.id == submission_id), limit=1)
    if not found:
        raise NotFound("submission")
    return found[0]


def of_account(database: Database, account_id: AccountId, *, limit: int) -> tuple[Submission, ...]:
    """The submissions of an account, newest first; those that wait or need somebody are there however old they are."""
    mine = submissions.c.account_id == account_id
    alive = mine & or_(submissions.c.state.in_(UNDERWAY), submissions.c.attention == 1)
    with database.durable() as connection:
        found = {each.id: each for each in (*read(connection, alive, limit=limit), *read(connection, mine, limit=limit))}
    return tuple(found[each] for each in sorted(found, reverse=True))


def reported(database: Database, account_id: AccountId, *, envelope_id: str, message_ids: tuple[str, ...]) -> int | None:
    """The submission a report is about, by its envelope id or else by the Message-ID it names; None where it is none of ours."""
    mine = submissions.c.account_id == account_id
    with database.durable() as connection:
        if envelope_id:
            found = connection.execute(select(submissions.c.id).where(mine, submissions.c.envelope_id == envelope_id)).scalar()
            if found is not None:
                return int(found)
        if not message_ids:
            return None
        query = select(submissions.c.id).where(mine, submissions.c.message_id_field.in_(message_ids)).order_by(submissions.c.id.desc())
        named = connection.execute(query.limit(1)).scalar()
        return None if named is None else int(named)


def raw(database: Database, submission_id: int) -> bytes:
    """The bytes to hand over, without Bcc. Raises NotFound once the submission has ended."""
    with database.durable() as connection:
        found = connection.execute(select(submission_contents.c.raw).where(submission_contents.c.submission_id == submission_id)).scalar()
    if found is None:
        raise NotFound("submission")
    return bytes(found)


def work_due(database: Database, account_id: AccountId) -> bool:
    """Whether a submission of the account still needs its password."""
    mine = (submissions.c.account_id == account_id) & submissions.c.state.in_(UNDERWAY)
    with database.durable() as connection:
        return connection.execute(select(submissions.c.id).where(mine).limit(1)).first() is not None


def read(connection: Connection, condition: ColumnElement[bool], *, limit: int) -> tuple[Submission, ...]:
    """Submissions with their recipients, newest first, in a transaction of somebody else. Two look-ups."""
    rows = connection.execute(select(submissions).where(condition).order_by(submissions.c.id.desc()).limit(limit)).all()
    known: dict[int, list[Recipient]] = {row.id: [] for row in rows}
    query = select(submission_recipients).where(submission_recipients.c.submission_id.in_(list(known)))
    for each in connection.execute(query.order_by(submission_recipients.c.position)) if known else ():
        known[each.submission_id].append(_recipient(each))
    return tuple(_submission(row, tuple(known[row.id])) for row in rows)


def _recipient(row: Row[*tuple[Any, ...]]) -> Recipient:
    at = moment(row.fate_at) if row.fate_at else None
    return Recipient(row.address, row.state, row.code, row.text, row.fate, row.fate_status, row.fate_text, at)


def _submission(row: Row[*tuple[Any, ...]], recipients: tuple[Recipient, ...]) -> Submission:
    return Submission(
        id=row.id,
        account_id=row.account_id,
        draft_key=row.reopened_key or row.draft_key,
        reopened=bool(row.reopened_key),
        message_id_field=row.message_id_field,
        envelope_from=row.envelope_from,
        bcc=row.bcc,
        subject=row.subject,
        size=row.size,
        has_attachments=bool(row.has_attachments),
        original=original_value(row),
        original_action=row.original_action,
        state=row.state,
        due_at=moment(row.due_at),
        created_at=moment(row.created_at),
        updated_at=moment(row.updated_at),
        attempts=row.attempts,
        error_code=row.error_code,
        server_text=row.server_text,
        transcript=tuple(loads(row.transcript)),
        recipients=recipients,
        digest=row.digest,
        scheduled=bool(row.scheduled),
        begun_at=moment(row.begun_at) if row.begun_at else None,
        envelope_id=row.envelope_id,
        notify=row.notify,
        attention=bool(row.attention),
    )
