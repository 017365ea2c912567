"""Submissions: messages on their way out, every step durable before the next one is taken.

Who may do what, by state (the whole drawing stands in ``webmail.mail.submission``)::

    queued, retrying     claimable when due; a person may cancel them while nobody has them
    submitting           nothing irrevocable yet: claimable again when the claim ran out
    handing_over         a claim that ran out makes it unclear; never claimed for sending again
    accepted             claimable when due, to be filed
    needs_sign_in        waits for ``resume_account``; may be cancelled
    unclear, failed      wait for a person (``requeue``); filed, cancelled: the end, their bytes are forgotten

Every change names the state it expects and the claim it holds; whoever comes second changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, insert, or_, select, update

from webmail.account import AccountId
from webmail.errors import NotFound
from webmail.store.columns import clean, dumps, loads, microseconds, moment
from webmail.store.database import Database
from webmail.store.references import MessageRef, original_columns, original_value
from webmail.store.report import Step as Step
from webmail.store.report import add_step
from webmail.store.report import record_step as record_step
from webmail.store.report import set_transcript as set_transcript
from webmail.store.report import steps as steps
from webmail.store.schema import SUBMISSION_STATES, submission_contents, submission_recipients, submissions

DUE = ("queued", "retrying", "accepted")
UNDERWAY = ("queued", "submitting", "handing_over", "accepted", "retrying")
PROBLEMS = ("unclear", "failed", "needs_sign_in")
CANCELLABLE = ("queued", "retrying", "needs_sign_in")
ENDED = ("filed", "cancelled")
HELD = ("submitting", "handing_over")
"""States that somebody is in the middle of: their claim goes on."""
FILING_SECONDS = 120
FREE: dict[str, Any] = {"claimed_by": "", "claimed_until": 0}

Result = tuple[str, str, str]
"""The state of a recipient, the server's code and its words."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """One recipient: waiting, accepted, delayed, refused or unclear, with the server's last answer."""

    address: str
    state: str
    server_code: str = ""
    server_text: str = ""


@dataclass(frozen=True, slots=True)
class Submission:
    """A submission without its bytes (``raw``). ``reopened``: its draft is being edited again, under ``draft_key``."""

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


def queue(
    database: Database,
    account_id: AccountId,
    *,
    draft_key: str,
    message_id_field: str,
    envelope_from: str,
    recipients: Sequence[str],
    raw: bytes,
    bcc: str,
    subject: str,
    has_attachments: bool,
    original: MessageRef | None,
    original_action: str,
    due_at: datetime,
    now: datetime,
) -> int:
    """Keep a message to be handed over when due, and return its id; the same draft key always gives the same id."""
    values = {
        "account_id": account_id,
        "draft_key": draft_key,
        "message_id_field": message_id_field,
        "envelope_from": envelope_from,
        "bcc": clean(bcc),
        "subject": clean(subject),
        "size": len(raw),
        "has_attachments": int(has_attachments),
        **original_columns(original),
        "original_action": original_action,
        "state": "queued",
        "due_at": microseconds(due_at),
        "created_at": microseconds(now),
        "updated_at": microseconds(now),
    }
    rows = [{"position": position, "address": each, "state": "waiting"} for position, each in enumerate(dict.fromkeys(recipients))]
    with database.durable_write() as connection:
        known = _key(connection, account_id, draft_key)
        if known is not None:
            return known
        new: int = connection.execute(insert(submissions).values(values).returning(submissions.c.id)).scalar_one()
        connection.execute(insert(submission_contents).values(submission_id=new, raw=raw))
        if rows:
            connection.execute(insert(submission_recipients), [{"submission_id": new, **row} for row in rows])
        return new


def by_key(database: Database, account_id: AccountId, draft_key: str) -> int | None:
    """The submission that was made from the draft of a key, or None."""
    with database.durable() as connection:
        return _key(connection, account_id, draft_key)


def _key(connection: Connection, account_id: AccountId, draft_key: str) -> int | None:
    mine = (submissions.c.account_id == account_id) & (submissions.c.draft_key == draft_key)
    return connection.execute(select(submissions.c.id).where(mine)).scalar()


def get(database: Database, account_id: AccountId, submission_id: int) -> Submission:
    """A submission of the account. Raises NotFound."""
    with database.durable() as connection:
        found = _all(connection, (submissions.c.account_id == account_id) & (submissions.c.id == submission_id), limit=1)
    if not found:
        raise NotFound("submission")
    return found[0]


def of_account(database: Database, account_id: AccountId, *, limit: int) -> tuple[Submission, ...]:
    """The submissions of an account, newest first."""
    with database.durable() as connection:
        return _all(connection, submissions.c.account_id == account_id, limit=limit)


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


def claim_due(database: Database, *, now: datetime, owner: str, seconds: float) -> Submission | None:
    """The submission that is due longest, ours for some seconds and in its stored state; None if nothing is due.

    Those lost while they were handed over become *unclear* first. Costs one look-up when there is nothing to do.
    """
    at = microseconds(now)
    idle = submissions.c.claimed_until <= at
    lost = (submissions.c.state == "handing_over") & idle
    due = idle & or_(and_(submissions.c.state.in_(DUE), submissions.c.due_at <= at), submissions.c.state == "submitting")
    with database.durable() as connection:
        if connection.execute(select(submissions.c.id).where(or_(lost, due)).limit(1)).first() is None:
            return None
    with database.durable_write() as connection:
        _give_up(connection, lost, now)
        first = select(submissions.c.id).where(due).order_by(submissions.c.due_at, submissions.c.id).limit(1)
        values = {"claimed_by": owner, "claimed_until": microseconds(now + timedelta(seconds=seconds))}
        while (found := connection.execute(first).scalar()) is not None:
            if connection.execute(update(submissions).where(submissions.c.id == found, due).values(values)).rowcount:
                return _all(connection, submissions.c.id == found, limit=1)[0]
    return None


def _give_up(connection: Connection, lost: ColumnElement[bool], now: datetime) -> None:
    """The process that handed these over is gone, and nobody knows whether the server has them (RFC 1047)."""
    for submission_id in connection.execute(select(submissions.c.id).where(lost)).scalars().all():
        values = {"state": "unclear", "error_code": "interrupted", "server_text": "", "updated_at": microseconds(now), **FREE}
        if connection.execute(update(submissions).where(submissions.c.id == submission_id, lost).values(values)).rowcount:
            _recipients_become(connection, submission_id, old="waiting", new="unclear")
            add_step(connection, submission_id, at=now, code="unclear", kind="danger", values={"error": "interrupted"})


def _recipients_become(connection: Connection, submission_id: int, *, old: str, new: str) -> None:
    these = (submission_recipients.c.submission_id == submission_id) & (submission_recipients.c.state == old)
    connection.execute(update(submission_recipients).where(these).values(state=new))


def renew(database: Database, submission_id: int, *, owner: str, until: datetime) -> bool:
    """Keep a claim for longer. False if it is not ours any more."""
    with database.durable_write() as connection:
        mine = (submissions.c.id == submission_id) & (submissions.c.claimed_by == owner)
        return bool(connection.execute(update(submissions).where(mine).values(claimed_until=microseconds(until))).rowcount)


def transition(
    database: Database,
    submission_id: int,
    *,
    owner: str,
    expect: str,
    to: str,
    now: datetime,
    due_at: datetime | None = None,
    error_code: str = "",
    server_text: str = "",
) -> bool:
    """Move a submission that is in state ``expect`` and claimed by ``owner`` ("": by nobody); False if it is not.

    Submitting and handing over go on under the same claim, every other state gives it back. A new attempt asks all
    delayed recipients again. On disk when it returns.
    """
    if to not in SUBMISSION_STATES or expect not in SUBMISSION_STATES:
        raise ValueError(f"{expect} -> {to}")
    values: dict[str, Any] = {"state": to, "error_code": error_code, "server_text": clean(server_text), "updated_at": microseconds(now)}
    values |= {} if to in HELD else FREE
    if due_at is not None:
        values["due_at"] = microseconds(due_at)
    if to == "submitting" or expect == to == "accepted":
        values["attempts"] = submissions.c.attempts + 1
    with database.durable_write() as connection:
        if not _move(connection, submission_id, owner, expect, values):
            return False
        if to == "submitting":
            _recipients_become(connection, submission_id, old="delayed", new="waiting")
        if to in ENDED:
            _forget_content(connection, submission_id)
        return True


def _move(connection: Connection, submission_id: int, owner: str, expect: str, values: Mapping[str, Any]) -> bool:
    mine = (submissions.c.id == submission_id) & (submissions.c.claimed_by == owner) & (submissions.c.state == expect)
    return bool(connection.execute(update(submissions).where(mine).values(**values)).rowcount)


def _forget_content(connection: Connection, submission_id: int) -> None:
    connection.execute(delete(submission_contents).where(submission_contents.c.submission_id == submission_id))


def accept(
    database: Database, submission_id: int, *, owner: str, results: Mapping[str, Result], transcript: Sequence[str], now: datetime
) -> bool:
    """Keep, in one durable step, that the server has the message, each recipient's reply, and the conversation.

    The claim goes on, for filing. False if the submission is not being handed over by ``owner``.
    """
    values = {
        "state": "accepted",
        "due_at": microseconds(now),
        "claimed_until": microseconds(now + timedelta(seconds=FILING_SECONDS)),
        "transcript": dumps(list(transcript)),
        "error_code": "",
        "server_text": "",
        "updated_at": microseconds(now),
    }
    with database.durable_write() as connection:
        if not _move(connection, submission_id, owner, "handing_over", values):
            return False
        _write_results(connection, submission_id, results)
        return True


def set_recipients(database: Database, submission_id: int, *, results: Mapping[str, Result]) -> None:
    """Keep what is known of some recipients now."""
    with database.durable_write() as connection:
        _write_results(connection, submission_id, results)


def _write_results(connection: Connection, submission_id: int, results: Mapping[str, Result]) -> None:
    for address, (state, code, text) in results.items():
        this = (submission_recipients.c.submission_id == submission_id) & (submission_recipients.c.address == address)
        connection.execute(update(submission_recipients).where(this).values(state=state, code=clean(code), text=clean(text)))


def cancel(database: Database, account_id: AccountId, submission_id: int, *, now: datetime) -> bool:
    """Take a submission back that nobody has claimed. False if it is too late, or if it was taken back before."""
    at = microseconds(now)
    mine = (submissions.c.account_id == account_id) & (submissions.c.id == submission_id) & submissions.c.state.in_(CANCELLABLE)
    with database.durable_write() as connection:
        values = {"state": "cancelled", "updated_at": at, **FREE}
        if not connection.execute(update(submissions).where(mine, submissions.c.claimed_until <= at).values(values)).rowcount:
            return False
        _forget_content(connection, submission_id)
        return True


def requeue(database: Database, submission_id: int, *, expect: str, recipients: Mapping[str, Result], now: datetime) -> bool:
    """By a person's decision: send again, now, to these recipients. False if the state is another one, or it is claimed."""
    at = microseconds(now)
    same = (submissions.c.id == submission_id) & (submissions.c.state == expect) & (submissions.c.claimed_until <= at)
    values = {"state": "queued", "due_at": at, "updated_at": at, "attempts": 0, "error_code": "", "server_text": "", **FREE}
    with database.durable_write() as connection:
        if not connection.execute(update(submissions).where(same).values(values)).rowcount:
            return False
        _write_results(connection, submission_id, recipients)
        return True


def rekey(database: Database, submission_id: int, *, new: str) -> None:
    """Note the new key of the draft this was made from. ``by_key`` goes on finding the submission by the old one only."""
    with database.durable_write() as connection:
        connection.execute(update(submissions).where(submissions.c.id == submission_id).values(reopened_key=new))


def hold_account(database: Database, account_id: AccountId) -> int:
    """The password is refused: what waits, waits for the next sign-in. Returns how many."""
    return _move_account(database, account_id, ("queued", "retrying"), {"state": "needs_sign_in"})


def resume_account(database: Database, account_id: AccountId, *, now: datetime) -> int:
    """The person has signed in: what waited for it is due again, not before its own time. Returns how many.

    Copies for Sent that are still to be made are tried again at once.
    """
    _move_account(database, account_id, ("accepted",), {"due_at": microseconds(now)})
    return _move_account(database, account_id, ("needs_sign_in",), {"state": "queued", "updated_at": microseconds(now), "error_code": ""})


def _move_account(database: Database, account_id: AccountId, states: Sequence[str], values: Mapping[str, Any]) -> int:
    mine = (submissions.c.account_id == account_id) & submissions.c.state.in_(states) & (submissions.c.claimed_by == "")
    with database.durable() as connection:
        if connection.execute(select(submissions.c.id).where(mine).limit(1)).first() is None:
            return 0
    with database.durable_write() as connection:
        return connection.execute(update(submissions).where(mine).values(**values)).rowcount


def _all(connection: Connection, condition: ColumnElement[bool], *, limit: int) -> tuple[Submission, ...]:
    rows = connection.execute(select(submissions).where(condition).order_by(submissions.c.id.desc()).limit(limit)).all()
    known: dict[int, list[Recipient]] = {row.id: [] for row in rows}
    query = select(submission_recipients).where(submission_recipients.c.submission_id.in_(list(known)))
    for each in connection.execute(query.order_by(submission_recipients.c.position)) if known else ():
        known[each.submission_id].append(Recipient(each.address, each.state, each.code, each.text))
    return tuple(_submission(row, tuple(known[row.id])) for row in rows)


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
    )
