"""Submissions on their way out, every step durable before the next one is taken.

Who may do what, by state (the whole drawing stands in ``webmail.mail.submission``)::

    queued, retrying     claimable when due; a person may cancel them while nobody has them
    submitting           nothing irrevocable yet: claimable again when the claim ran out
    handing_over         a claim that ran out makes it unclear; never claimed for sending again
    accepted             claimable when due, to be filed
    needs_sign_in        waits for ``resume_account``; may be cancelled
    unclear, failed      wait for a person (``requeue``); filed, cancelled: the end, their bytes are forgotten

Every change names the state it expects and the claim it holds; whoever comes second changes nothing. The clock may be set back
at any time: a claim longer than any that is ever made, and a change that was made in the future, count as over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, or_, select, update

from webmail.account import AccountId
from webmail.store.columns import clean, dumps, loads, microseconds
from webmail.store.database import Database
from webmail.store.references import MessageRef, original_columns
from webmail.store.report import Step as Step
from webmail.store.report import add_step
from webmail.store.report import record_step as record_step
from webmail.store.report import steps as steps
from webmail.store.schema import SUBMISSION_STATES, submission_contents, submission_recipients, submissions
from webmail.store.submissions import UNDERWAY as UNDERWAY
from webmail.store.submissions import Recipient as Recipient
from webmail.store.submissions import Submission as Submission
from webmail.store.submissions import by_key as by_key
from webmail.store.submissions import get as get
from webmail.store.submissions import id_of, read
from webmail.store.submissions import of_account as of_account
from webmail.store.submissions import raw as raw
from webmail.store.submissions import reported as reported
from webmail.store.submissions import work_due as work_due

SENDABLE = ("queued", "retrying")
DUE = (*SENDABLE, "accepted")
PROBLEMS = ("unclear", "failed", "needs_sign_in")
CANCELLABLE = ("queued", "retrying", "needs_sign_in")
ENDED = ("filed", "cancelled")
HELD = ("submitting", "handing_over")
"""States that somebody is in the middle of: their claim goes on."""
FILING_SECONDS = 120
FREE: dict[str, Any] = {"claimed_by": "", "claimed_until": 0}
LONGEST_CLAIM = timedelta(hours=1)
SKEW = timedelta(minutes=1)
"""How far the clocks of two machines may be apart."""
IN_TURN = timedelta(seconds=10)
"""How long one submission of an account is waited for by the next, so that they go out in order; then it has got stuck."""
LONGEST_TRANSCRIPT = 4_000
"""Lines that are kept of the conversations about one submission; the newest."""

Result = tuple[str, str, str]
"""The state of a recipient, the server's code and its words."""


@dataclass(frozen=True, slots=True)
class Told:
    """What an attempt has found out and stores with its next step: results by address, lines of the report, the conversation."""

    results: Mapping[str, Result]
    steps: Sequence[Step] = ()
    transcript: Sequence[str] = ()


NOTHING = Told({})


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
    digest: str = "",
    scheduled: bool = False,
    envelope_id: str = "",
    notify: str = "",
) -> int:
    """Keep a message to be handed over when due, and return its id; the same draft key always gives the same id.

    ``scheduled``: a person chose the time, which therefore holds whatever the clock does.
    """
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
        "digest": digest,
        "scheduled": int(scheduled),
        "envelope_id": envelope_id,
        "notify": notify,
    }
    rows = [{"position": position, "address": each, "state": "waiting"} for position, each in enumerate(dict.fromkeys(recipients))]
    with database.durable_write() as connection:
        known = id_of(connection, account_id, draft_key)
        if known is not None:
            return known
        new: int = connection.execute(insert(submissions).values(values).returning(submissions.c.id)).scalar_one()
        connection.execute(insert(submission_contents).values(submission_id=new, raw=raw))
        if rows:
            connection.execute(insert(submission_recipients), [{"submission_id": new, **row} for row in rows])
        return new


def _idle(at: datetime) -> ColumnElement[bool]:
    """Nobody has it: the claim ran out, or the clock that it was made by was ahead of ours by more than any claim lasts."""
    return or_(submissions.c.claimed_until <= microseconds(at), submissions.c.claimed_until > microseconds(at + LONGEST_CLAIM))


def _due(now: datetime) -> ColumnElement[bool]:
    """What may be claimed: its time has come, or it was put off by a clock that was set back since."""
    set_back = and_(submissions.c.updated_at > microseconds(now + SKEW), submissions.c.scheduled == 0)
    waits = and_(submissions.c.state.in_(DUE), or_(submissions.c.due_at <= microseconds(now), set_back))
    return and_(_idle(now), or_(waits, submissions.c.state == "submitting"))


def _in_turn(now: datetime) -> ColumnElement[bool]:
    """An account sends one message after the other; filing, and one that got stuck, keep nobody waiting."""
    other = submissions.alias()
    busy = (
        (other.c.state.in_((*SENDABLE, *HELD)))
        & (other.c.claimed_until > microseconds(now))
        & (other.c.updated_at > microseconds(now - IN_TURN))
        & (other.c.updated_at <= microseconds(now + SKEW))
    )
    return or_(submissions.c.state == "accepted", submissions.c.account_id.not_in(select(other.c.account_id).where(busy)))


def claim_due(database: Database, *, now: datetime, owner: str, seconds: float) -> Submission | None:
    """The submission that is due longest, ours for some seconds and in its stored state; None if nothing is due.

    Of one account only one is on its way to the server at a time, so that they arrive in the order in which they are due.
    Those lost while they were handed over become *unclear* first. Costs one look-up when there is nothing to do.
    """
    lost = (submissions.c.state == "handing_over") & _idle(now)
    due = _due(now) & _in_turn(now)
    # Said by itself, so that the index on states is used and what is done long ago is not read.
    alive = submissions.c.state.in_((*DUE, *HELD))
    with database.durable() as connection:
        if connection.execute(select(submissions.c.id).where(alive, or_(lost, due)).limit(1)).first() is None:
            return None
    with database.durable_write() as connection:
        _give_up(connection, lost, now)
        first = select(submissions.c.id).where(alive, due).order_by(submissions.c.due_at, submissions.c.id).limit(1)
        until = microseconds(now + timedelta(seconds=seconds))
        values = {"claimed_by": owner, "claimed_until": until, "updated_at": microseconds(now)}
        while (found := connection.execute(first).scalar()) is not None:
            if connection.execute(update(submissions).where(submissions.c.id == found, _due(now)).values(values)).rowcount:
                return read(connection, submissions.c.id == found, limit=1)[0]
    return None


def _give_up(connection: Connection, lost: ColumnElement[bool], now: datetime) -> None:
    """The process that handed these over is gone, and nobody knows whether the server has them (RFC 1047).

    Their claim keeps its name: should the process come back with an answer, ``accept`` believes it.
    """
    for submission_id in connection.execute(select(submissions.c.id).where(lost)).scalars().all():
        at = microseconds(now)
        values = {"state": "unclear", "error_code": "interrupted", "server_text": "", "updated_at": at, "claimed_until": 0, "attention": 1}
        if connection.execute(update(submissions).where(submissions.c.id == submission_id, lost).values(values)).rowcount:
            _recipients_become(connection, submission_id, old="waiting", new="unclear")
            add_step(connection, submission_id, at=now, code="unclear", kind="danger", values={"error": "interrupted"})


def _recipients_become(connection: Connection, submission_id: int, *, old: str, new: str) -> None:
    these = (submission_recipients.c.submission_id == submission_id) & (submission_recipients.c.state == old)
    connection.execute(update(submission_recipients).where(these).values(state=new))


def renew(database: Database, submission_id: int, *, owner: str, until: datetime) -> bool:
    """Keep a claim for longer. False if it is not ours any more."""
    with database.durable_write() as connection:
        mine = (submissions.c.id == submission_id) & (submissions.c.claimed_by == owner) & (submissions.c.claimed_until > 0)
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
    told: Told = NOTHING,
) -> bool:
    """Move a submission that is in state ``expect`` and claimed by ``owner`` ("": by nobody); False if it is not.

    What was ``told`` is stored with it or not at all. Submitting and handing over go on under the same claim, every other
    state gives it back. A new attempt asks all delayed recipients again. On disk when it returns.
    """
    if to not in SUBMISSION_STATES or expect not in SUBMISSION_STATES:
        raise ValueError(f"{expect} -> {to}")
    values: dict[str, Any] = {"state": to, "error_code": error_code, "server_text": clean(server_text), "updated_at": microseconds(now)}
    values |= {} if to in HELD else FREE
    if due_at is not None:
        values["due_at"] = microseconds(due_at)
    if to == "submitting" or expect == to == "accepted":
        values["attempts"] = submissions.c.attempts + 1
    if to in PROBLEMS or any(state == "refused" for state, _, _ in told.results.values()):
        values["attention"] = 1
    with database.durable_write() as connection:
        if not _move(connection, submission_id, owner, (expect,), values):
            return False
        if to == "submitting":
            first = (submissions.c.id == submission_id) & (submissions.c.begun_at == 0)
            connection.execute(update(submissions).where(first).values(begun_at=microseconds(now)))
            _recipients_become(connection, submission_id, old="delayed", new="waiting")
        _write(connection, submission_id, told)
        if to in ENDED:
            _forget_content(connection, submission_id)
        return True


def _move(connection: Connection, submission_id: int, owner: str, expect: Sequence[str], values: Mapping[str, Any]) -> bool:
    mine = (submissions.c.id == submission_id) & (submissions.c.claimed_by == owner) & submissions.c.state.in_(expect)
    return bool(connection.execute(update(submissions).where(mine).values(**values)).rowcount)


def _forget_content(connection: Connection, submission_id: int) -> None:
    connection.execute(delete(submission_contents).where(submission_contents.c.submission_id == submission_id))


def accept(database: Database, submission_id: int, *, owner: str, told: Told, now: datetime) -> bool:
    """Keep, in one durable step, that the server has the message, each recipient's reply, and the conversation.

    The claim goes on, for filing. False if ``owner`` is not the one who handed it over. An answer that comes after the
    submission was given up as *unclear* settles it, as long as no person has decided otherwise.
    """
    values = {
        "state": "accepted",
        "due_at": microseconds(now),
        "claimed_until": microseconds(now + timedelta(seconds=FILING_SECONDS)),
        "error_code": "",
        "server_text": "",
        "updated_at": microseconds(now),
    }
    if any(state == "refused" for state, _, _ in told.results.values()):
        values["attention"] = 1
    with database.durable_write() as connection:
        settled = _move(connection, submission_id, owner, ("unclear",), {"attention": 0, **values})
        if not settled and not _move(connection, submission_id, owner, ("handing_over",), values):
            return False
        _write(connection, submission_id, told)
        return True


def set_recipients(database: Database, submission_id: int, *, results: Mapping[str, Result]) -> None:
    """Keep what is known of some recipients now."""
    with database.durable_write() as connection:
        _write_results(connection, submission_id, results)


def _write(connection: Connection, submission_id: int, told: Told) -> None:
    _write_results(connection, submission_id, told.results)
    for step in told.steps:
        add_step(connection, submission_id, at=step.at, code=step.code, kind=step.kind, values=step.values)
    if told.transcript:
        this = submissions.c.id == submission_id
        kept = loads(connection.execute(select(submissions.c.transcript).where(this)).scalar_one())
        lines = [*kept, *told.transcript][-LONGEST_TRANSCRIPT:]
        connection.execute(update(submissions).where(this).values(transcript=dumps(lines)))


def _write_results(connection: Connection, submission_id: int, results: Mapping[str, Result]) -> None:
    """A recipient for whom the server has the message once is never anything else again: nobody gets it twice."""
    for address, (state, code, text) in results.items():
        this = (submission_recipients.c.submission_id == submission_id) & (submission_recipients.c.address == address)
        open_still = submission_recipients.c.state != "accepted"
        values = {"state": state, "code": clean(code), "text": clean(text)}
        connection.execute(update(submission_recipients).where(this, open_still).values(values))


def change(
    database: Database,
    submission_id: int,
    *,
    expect: Iterable[str],
    now: datetime,
    to: str = "",
    due_at: datetime | None = None,
    results: Mapping[str, Result] | None = None,
    code: str = "",
    kind: str = "ok",
    **values: int,
) -> bool:
    """By a person's decision: another state, another time, other results of recipients, with a line in the report.

    False if the state is none of those expected, or somebody has it. Nothing of it needs attention any more.
    """
    at = microseconds(now)
    same = (submissions.c.id == submission_id) & submissions.c.state.in_(list(expect)) & _idle(now)
    changed: dict[str, Any] = {"updated_at": at, "attention": 0, **FREE, **values}
    changed |= {"state": to, "error_code": "", "server_text": ""} if to else {}
    changed |= {"due_at": microseconds(due_at)} if due_at is not None else {}
    with database.durable_write() as connection:
        if not connection.execute(update(submissions).where(same).values(changed)).rowcount:
            return False
        _write_results(connection, submission_id, results or {})
        if code:
            add_step(connection, submission_id, at=now, code=code, kind=kind, values={})
        if to in ENDED:
            _forget_content(connection, submission_id)
        return True


def rekey(database: Database, submission_id: int, *, new: str) -> None:
    """Note the new key of the draft this was made from. ``by_key`` goes on finding the submission by the old one only."""
    with database.durable_write() as connection:
        connection.execute(update(submissions).where(submissions.c.id == submission_id).values(reopened_key=new, attention=0))


def hold_account(database: Database, account_id: AccountId, *, now: datetime) -> int:
    """The password is refused: what waits, waits for the next sign-in. Returns how many."""
    return _move_account(database, account_id, SENDABLE, {"state": "needs_sign_in", "attention": 1, "updated_at": microseconds(now)})


def resume_account(database: Database, account_id: AccountId, *, now: datetime) -> int:
    """The person has signed in: what waited for it is due again, not before its own time. Returns how many.

    Copies for Sent that are still to be made are tried again at once.
    """
    at = microseconds(now)
    _move_account(database, account_id, ("accepted",), {"due_at": at})
    return _move_account(
        database, account_id, ("needs_sign_in",), {"state": "queued", "updated_at": at, "error_code": "", "server_text": "", "attention": 0}
    )


def _move_account(database: Database, account_id: AccountId, states: Sequence[str], values: Mapping[str, Any]) -> int:
    mine = (submissions.c.account_id == account_id) & submissions.c.state.in_(states) & (submissions.c.claimed_by == "")
    with database.durable() as connection:
        if connection.execute(select(submissions.c.id).where(mine).limit(1)).first() is None:
            return 0
    with database.durable_write() as connection:
        return connection.execute(update(submissions).where(mine).values(**values)).rowcount
