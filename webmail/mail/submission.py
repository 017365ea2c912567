"""Submission: the outbox. A message is never lost, never sent twice by itself, and shows every step (RFC 6409, RFC 5321).

The stored states; each step looks at the stored state first and moves it by compare-and-set::

    queue ──▶ queued ──due──▶ submitting ──▶ handing_over ──250──▶ accepted ──Sent copy──▶ filed
               │  ▲               │               │   │                                     │
        cancel │  │ 4yz, no       │ 5yz for all   │   └─no answer to the dot─▶ unclear      │ some recipients
               ▼  │ connection    ▼               ▼                              │  │       │ were deferred
        cancelled └── retrying ◀──┴─ failed ◀─5yz─┘        person: send again ◀──┘  └─▶ accepted (mark as sent)
                        ▲                                                                   │
                        └───────────────────────────────────────────────────────────────────┘

*submitting* has done nothing irrevocable: a crash there retries by itself, also in the middle of the body, because a server
drops what has no final dot. *handing_over* is committed when all but the dot is with the server; only it can become *unclear*,
and that is never sent again by itself. *accepted* is committed,
with every recipient's reply and the transcript, before anything else happens. If only the Sent copy fails, only the
copy is tried again; it is looked for by Message-ID first. A refused password stops all work of the account
(*needs_sign_in*) until the person signs in.

This module is what people do with the outbox; ``webmail.mail.delivery`` is what the worker does.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path

from webmail.address import ascii_addr_spec, format_address, parse_address_list, valid_addr_spec
from webmail.errors import Conflict, InvalidInput, NotFound
from webmail.mail import attachments, checks, drafts, identities, preferences, schedule
from webmail.mail.answers import line
from webmail.mail.attachments import Upload
from webmail.mail.drafts import DraftFields, Incomplete
from webmail.mail.outbox_pages import (
    OutboxPage,
    RecipientState,
    SubmissionPage,
    SubmissionRow,
    SubmissionState,
    SubmissionStep,
)
from webmail.mail.session import MailSession, account
from webmail.message import build
from webmail.sanitize import text as sanitized_text
from webmail.store import drafts as stored_drafts
from webmail.store import jobs, outgoing
from webmail.store.drafts import DraftRow
from webmail.store.outgoing import Submission

CANCELLABLE = (SubmissionState.QUEUED, SubmissionState.RETRYING, SubmissionState.NEEDS_SIGN_IN)
RETRYABLE = (SubmissionState.RETRYING, SubmissionState.UNCLEAR, SubmissionState.FAILED, SubmissionState.NEEDS_SIGN_IN)
EDITABLE = (*CANCELLABLE, SubmissionState.FAILED)
DISMISSABLE = (SubmissionState.FAILED, SubmissionState.FILED, SubmissionState.ACCEPTED, SubmissionState.RETRYING)
WAITING = (
    SubmissionState.QUEUED,
    SubmissionState.SUBMITTING,
    SubmissionState.HANDING_OVER,
    SubmissionState.ACCEPTED,
    SubmissionState.RETRYING,
)
RECIPIENTS = 500
"""Recipients one field may hold; servers take at least 100 and rarely more than 1,000 (RFC 5321 §4.5.3.1.8)."""
REPORTS = "SUCCESS,FAILURE,DELAY"
"""Of what a server is to tell where the writer wants to know whether a message was delivered (RFC 3461 §4.1)."""
SHOWN = 200
"""Submissions an outbox page lists."""


def queue(
    session: MailSession,
    fields: DraftFields,
    *,
    now: datetime,
    hold: timedelta,
    files: Sequence[Upload] = (),
    at: datetime | None = None,
    notify: str = "",
) -> int:
    """Put what the form holds into the outbox, to be handed over after ``hold`` or at a time that was chosen; returns its id.

    The draft is stored first, so nothing is lost. The same form always gives the same submission: a double click sends
    once. A form that was sent and then changed becomes a draft of its own, shown with the question whether to send that as
    well. Raises Incomplete with the form and what is missing, InvalidInput for line breaks and a time that is over.
    ``notify`` asks for reports of the delivery (RFC 3461 §4.1).
    """
    if at is not None and at <= now:
        raise InvalidInput("time_over", field="later")
    mine, digest = account(session), _digest(fields, files)
    known = outgoing.by_key(session.database, mine.id, fields.key)
    if known is not None:
        return _known(session, fields, outgoing.get(session.database, mine.id, known), now=now, files=files, at=at)
    row = drafts.store(session, fields, now=now, files=files)
    errors = _missing(session, row, now=now)
    if errors:
        jobs.put(session.database, kind="draft", account_id=mine.id, key=row.key, due_at=now)
        raise Incomplete(drafts.page_of(session, row, errors=errors))
    found = checks.checks(session, row)
    if checks.unconfirmed(found, fields.confirmed):
        jobs.put(session.database, kind="draft", account_id=mine.id, key=row.key, due_at=now)
        raise Incomplete(drafts.page_of(session, row, checks=found, asks=True))
    draft = drafts.draft_of(session, row)
    message_id = build.new_message_id(secrets.token_hex(16), draft.sender.domain)
    everyone = list(dict.fromkeys(each.addr_spec for each in (*draft.to, *draft.cc, *draft.bcc)))
    written = outgoing.queue(
        session.database,
        mine.id,
        draft_key=row.key,
        message_id_field=message_id,
        envelope_from=ascii_addr_spec(draft.sender.addr_spec) or draft.sender.addr_spec,
        recipients=[ascii_addr_spec(each) or each for each in everyone],
        raw=build.build(draft, date=at or now, message_id=message_id),
        bcc=row.bcc,
        subject=row.subject,
        has_attachments=bool(row.attachments),
        original=row.original,
        original_action=row.original_action,
        due_at=at or now + hold,
        now=row.updated_at,
        digest=digest,
        scheduled=at is not None,
        envelope_id=secrets.token_hex(12),
        notify=notify or (REPORTS if row.dsn else ""),
    )
    jobs.wake(session.database)
    return written


def _digest(fields: DraftFields, files: Sequence[Upload]) -> str:
    """What stands for the content of a form, whatever fields it has."""
    content = asdict(replace(fields, key="", version=None, confirmed=(), signed="")) | {"files": [each.filename for each in files]}
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def _known(
    session: MailSession, fields: DraftFields, found: Submission, *, now: datetime, files: Sequence[Upload], at: datetime | None
) -> int:
    """A form that was sent before: the same is the same submission; what was changed or taken back is a draft of its own now."""
    over = found.state == SubmissionState.CANCELLED or found.reopened
    if not over and found.digest in ("", _digest(fields, files)):
        if found.scheduled and found.state == SubmissionState.QUEUED:
            set_time(session, found.id, now=now, at=at)
        return found.id
    fresh = drafts.new_key()
    stored_drafts.rekey(session.database, account(session).id, old=fields.key, new=fresh)
    row = drafts.store(session, replace(fields, key=fresh, version=None), now=now, files=files)
    jobs.put(session.database, kind="draft", account_id=account(session).id, key=fresh, due_at=now)
    errors = (("to", "taken_back" if over else "sent_already", {}), *_missing(session, row, now=now))
    raise Incomplete(drafts.page_of(session, row, errors=errors))


def _missing(session: MailSession, row: DraftRow, *, now: datetime) -> tuple[tuple[str, str, dict[str, object]], ...]:
    """What keeps a draft from being sent, field by field."""
    errors: list[tuple[str, str, dict[str, object]]] = []
    sender = parse_address_list(row.sender).addresses
    if not account(session).identities:
        errors.append(("from", "identity_missing", {}))
    elif sender and identities.of_address(session, sender[0].addr_spec) is None:
        errors.append(("from", "identity_unknown", {"value": sender[0].addr_spec}))
    found = 0
    for name, parsed in drafts.recipients(row).items():
        wrong = [*parsed.invalid, *(each.addr_spec for each in parsed.addresses if not valid_addr_spec(each.addr_spec))]
        if wrong:
            errors.append((name, "address", {"value": ", ".join(wrong[:5])}))
        if parsed.cut or len(parsed.addresses) > RECIPIENTS:
            errors.append((name, "too_many_recipients", {"limit": RECIPIENTS}))
        found += len(parsed.addresses)
    answers_to = parse_address_list(row.reply_to)
    wrong = [*answers_to.invalid, *(each.addr_spec for each in answers_to.addresses if not valid_addr_spec(each.addr_spec))]
    if wrong:
        errors.append(("reply_to", "address", {"value": ", ".join(wrong[:5])}))
    limit = checks.too_large(session, row, now=now)
    if limit:
        errors.append(("attachments", "message_too_large", {"octets": limit}))
    if not found and not errors:
        errors.append(("to", "no_recipient", {}))
    return tuple(errors)


def cancel(session: MailSession, submission_id: int, *, now: datetime) -> str:
    """Take a submission back before it is handed over and return the key of its draft, ready to edit; empty if it has none.

    Raises Conflict("too_late") once the worker has it, NotFound.
    """
    mine = account(session)
    found = outgoing.get(session.database, mine.id, submission_id)
    if found.state == SubmissionState.CANCELLED:
        return found.draft_key if _written(found) else ""
    raw = outgoing.raw(session.database, submission_id) if found.state in CANCELLABLE else b""
    if not outgoing.change(
        session.database, submission_id, expect=CANCELLABLE, to=SubmissionState.CANCELLED.value, now=now, code="cancelled", kind="wait"
    ):
        raise Conflict("too_late")
    return _reopened(session, found, raw) if _written(found) else ""


def _written(found: Submission) -> bool:
    """Whether somebody wrote it here: what is sent on as it is has no draft."""
    return found.original_action != "redirect"


def edit(session: MailSession, submission_id: int, *, now: datetime) -> str:
    """Open the draft of a submission again; a waiting one is cancelled first. Returns the key of the draft."""
    found = outgoing.get(session.database, account(session).id, submission_id)
    if found.state in CANCELLABLE and _written(found):
        return cancel(session, submission_id, now=now)
    if found.state not in (SubmissionState.FAILED, SubmissionState.CANCELLED) or not _written(found):
        raise Conflict("too_late")
    raw = outgoing.raw(session.database, submission_id) if found.state == SubmissionState.FAILED else b""
    return _reopened(session, found, raw)


def _reopened(session: MailSession, found: Submission, raw: bytes) -> str:
    """The draft gets a new key, so that sending it again is a new submission; one that is gone is made again of the message."""
    fresh, mine = drafts.new_key(), account(session).id
    if not stored_drafts.rekey(session.database, mine, old=found.draft_key, new=fresh):
        if not raw:
            raise NotFound("draft")
        _write_again(session, found, raw, key=fresh)
    outgoing.rekey(session.database, found.id, new=fresh)
    return fresh


def _write_again(session: MailSession, found: Submission, raw: bytes, *, key: str) -> None:
    """A draft that says what the message says."""
    written = build.parse_draft(build.with_bcc(raw, parse_address_list(found.bcc).addresses))
    stored_drafts.put(
        session.database,
        found.account_id,
        key=key,
        sender=format_address(written.sender),
        to=line(written.to),
        cc=line(written.cc),
        bcc=found.bcc,
        subject=written.subject,
        text=written.text or sanitized_text.as_text(written.html),
        in_reply_to=written.in_reply_to,
        references=written.references,
        original=found.original,
        original_action=found.original_action,
        now=found.created_at,
    )
    for each in written.attachments:
        content = each.content.read_bytes() if isinstance(each.content, Path) else each.content
        attachments.keep(session, key, Upload(each.filename, each.media_type, BytesIO(content)))


def retry(session: MailSession, submission_id: int, *, now: datetime) -> None:
    """Try again now: what failed or waits, and by the person's own decision what is unclear."""
    mine = account(session)
    found = outgoing.get(session.database, mine.id, submission_id)
    if found.state not in RETRYABLE or found.reopened:
        raise Conflict("too_late")
    again = {
        each.address: (RecipientState.WAITING.value, "", "")
        for each in found.recipients
        if each.state not in (RecipientState.ACCEPTED, RecipientState.WAITING)
    }
    if not outgoing.change(
        session.database,
        submission_id,
        expect=[found.state],
        to=SubmissionState.QUEUED.value,
        due_at=now,
        now=now,
        results=again,
        code="retry_asked",
        kind="wait",
        attempts=0,
        begun_at=0,
        scheduled=0,
    ):
        raise Conflict("too_late")
    jobs.wake(session.database)


def mark_sent(session: MailSession, submission_id: int, *, now: datetime) -> None:
    """The person knows that an unclear submission arrived: keep its Sent copy and close it."""
    found = outgoing.get(session.database, account(session).id, submission_id)
    results = {each.address: (RecipientState.ACCEPTED.value, "", "") for each in found.recipients if each.state == RecipientState.UNCLEAR}
    to = SubmissionState.ACCEPTED.value
    if not outgoing.change(
        session.database, submission_id, expect=["unclear"], to=to, due_at=now, now=now, results=results, code="marked_sent"
    ):
        raise Conflict("too_late")
    jobs.wake(session.database)


def set_time(session: MailSession, submission_id: int, *, now: datetime, at: datetime | None = None) -> None:
    """Send what waits at another time, or now. Raises InvalidInput for a time that is over, Conflict once it is too late."""
    if at is not None and at <= now:
        raise InvalidInput("time_over", field="later")
    found = outgoing.get(session.database, account(session).id, submission_id)
    expect = [SubmissionState.QUEUED.value] if at else [SubmissionState.QUEUED.value, SubmissionState.RETRYING.value]
    code, kind = ("time_set", "wait") if at else ("send_now", "ok")
    if not outgoing.change(
        session.database, found.id, expect=expect, due_at=at or now, now=now, code=code, kind=kind, scheduled=int(at is not None)
    ):
        raise Conflict("too_late")
    jobs.wake(session.database)


def dismiss(session: MailSession, submission_id: int, *, now: datetime) -> None:
    """The person has seen what went wrong; what is not sent stays a draft. Raises Conflict where a decision is still needed."""
    found = outgoing.get(session.database, account(session).id, submission_id)
    if not outgoing.change(session.database, found.id, expect=DISMISSABLE, now=now):
        raise Conflict("too_late")


def choose(session: MailSession, *, undo: str, time_zone: str) -> None:
    """Remember how long what is sent waits for Undo, and the zone that times are chosen in. Raises InvalidInput."""
    schedule.zone(time_zone)
    preferences.choose_undo(session, undo)
    preferences.choose_time_zone(session, time_zone)


def outbox(session: MailSession, *, undo_seconds: int = 0) -> OutboxPage:
    """All submissions worth showing, newest first in each group. ``undo_seconds`` is what holds for who has not chosen."""
    found = outgoing.of_account(session.database, account(session).id, limit=SHOWN)
    problems = {each.id for each in found if each.attention and not each.reopened}
    zone = preferences.time_zone(session)
    rows = [_row(each, zone) for each in found]
    return OutboxPage(
        waiting=tuple(row for row in rows if row.state in WAITING and row.id not in problems),
        problems=tuple(row for row in rows if row.id in problems),
        sent=tuple(row for row in rows if row.state is SubmissionState.FILED and row.id not in problems),
        undo_seconds=preferences.undo_seconds(session, default=undo_seconds),
        time_zone=zone,
    )


def _row(found: Submission, zone: str) -> SubmissionRow:
    state = SubmissionState(found.state)
    return SubmissionRow(
        id=found.id,
        state=state,
        subject=found.subject,
        recipients=tuple(replace(each, state=RecipientState(each.state)) for each in found.recipients),
        created_at=found.created_at,
        due_at=found.due_at,
        has_attachments=found.has_attachments,
        can_cancel=state in CANCELLABLE,
        can_retry=state in RETRYABLE and not found.reopened,
        can_edit=state in EDITABLE and _written(found),
        scheduled=found.scheduled,
        time_zone=zone,
        attention=found.attention and not found.reopened,
        can_send_now=state in (SubmissionState.QUEUED, SubmissionState.RETRYING),
        can_dismiss=found.attention and state in DISMISSABLE and not found.reopened,
    )


def report(session: MailSession, submission_id: int) -> SubmissionPage:
    """The delivery report of one submission. Raises NotFound."""
    found = outgoing.get(session.database, account(session).id, submission_id)
    return SubmissionPage(
        submission=_row(found, preferences.time_zone(session)),
        steps=tuple(
            SubmissionStep(each.at, each.code, each.kind, tuple((name, str(value)) for name, value in each.values.items()))
            for each in outgoing.steps(session.database, submission_id)
        ),
        transcript=tuple(found.transcript),
        message_id_field=found.message_id_field,
        error_code=found.error_code,
        server_text=found.server_text,
        outbox=outbox(session),
    )
