"""Submission: the outbox. A message is never lost, never sent twice by itself, and shows every step (RFC 6409, RFC 5321).

The stored states; each step looks at the stored state first and moves it by compare-and-set::

    queue ──▶ queued ──due──▶ submitting ──▶ handing_over ──250──▶ accepted ──Sent copy──▶ filed
               │  ▲               │               │   │                                     │
        cancel │  │ 4yz, no       │ 5yz for all   │   └─no answer to the dot─▶ unclear      │ some recipients
               ▼  │ connection    ▼               ▼                              │  │       │ were deferred
        cancelled └── retrying ◀──┴─ failed ◀─5yz─┘        person: send again ◀──┘  └─▶ accepted (mark as sent)
                        ▲                                                                   │
                        └───────────────────────────────────────────────────────────────────┘

*submitting* has done nothing irrevocable: a crash there retries by itself. *handing_over* is committed before the first
octet of the body leaves; only it can become *unclear*, and that is never sent again by itself. *accepted* is committed,
with every recipient's reply and the transcript, before anything else happens. If only the Sent copy fails, only the
copy is tried again; it is looked for by Message-ID first. A refused password stops all work of the account
(*needs_sign_in*) until the person signs in.

This module is what people do with the outbox; ``webmail.mail.delivery`` is what the worker does.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from webmail.address import ascii_addr_spec, parse_address_list, valid_addr_spec
from webmail.errors import Conflict, NotFound
from webmail.mail import drafts
from webmail.mail.attachments import Upload
from webmail.mail.drafts import DraftFields, Incomplete
from webmail.mail.pages import OutboxPage, RecipientRow, RecipientState, SubmissionPage, SubmissionRow, SubmissionState, SubmissionStep
from webmail.mail.session import MailSession, account
from webmail.message import build
from webmail.store import drafts as stored_drafts
from webmail.store import jobs, outgoing
from webmail.store.drafts import DraftRow
from webmail.store.outgoing import Submission

CANCELLABLE = (SubmissionState.QUEUED, SubmissionState.RETRYING, SubmissionState.NEEDS_SIGN_IN)
RETRYABLE = (SubmissionState.RETRYING, SubmissionState.UNCLEAR, SubmissionState.FAILED, SubmissionState.NEEDS_SIGN_IN)
EDITABLE = (*CANCELLABLE, SubmissionState.FAILED)
PROBLEMS = (SubmissionState.UNCLEAR, SubmissionState.FAILED, SubmissionState.NEEDS_SIGN_IN)
WAITING = (
    SubmissionState.QUEUED,
    SubmissionState.SUBMITTING,
    SubmissionState.HANDING_OVER,
    SubmissionState.ACCEPTED,
    SubmissionState.RETRYING,
)
RECIPIENTS = 500
"""Recipients one field may hold; servers take at least 100 and rarely more than 1,000 (RFC 5321 §4.5.3.1.8)."""
SHOWN = 200
"""Submissions an outbox page lists."""


def queue(session: MailSession, fields: DraftFields, *, now: datetime, hold: timedelta, files: Sequence[Upload] = ()) -> int:
    """Put what the form holds into the outbox, to be handed over after ``hold``; returns the submission's id.

    The draft is stored first, so nothing is lost. The same key always gives the same submission: a double click sends
    once. Raises Incomplete with the form and what is missing, InvalidInput for line breaks.
    """
    mine = account(session)
    known = outgoing.by_key(session.database, mine.id, fields.key)
    if known is not None:
        return known
    row = drafts.store(session, fields, now=now, files=files)
    errors = _missing(session, row)
    if errors:
        jobs.put(session.database, kind="draft", account_id=mine.id, key=row.key, due_at=now)
        raise Incomplete(drafts.page_of(session, row, errors=errors))
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
        raw=build.build(draft, date=now, message_id=message_id),
        bcc=row.bcc,
        subject=row.subject,
        has_attachments=bool(row.attachments),
        original=row.original,
        original_action=row.original_action,
        due_at=now + hold,
        now=now,
    )
    jobs.wake(session.database)
    return written


def _missing(session: MailSession, row: DraftRow) -> tuple[tuple[str, str, dict[str, object]], ...]:
    """What keeps a draft from being sent, field by field."""
    errors: list[tuple[str, str, dict[str, object]]] = []
    sender = parse_address_list(row.sender).addresses
    own = {identity.address.addr_spec.lower() for identity in account(session).identities}
    if not own:
        errors.append(("from", "identity_missing", {}))
    elif sender and sender[0].addr_spec.lower() not in own:
        errors.append(("from", "identity_unknown", {"value": sender[0].addr_spec}))
    found = 0
    for name, parsed in drafts.recipients(row).items():
        wrong = [*parsed.invalid, *(each.addr_spec for each in parsed.addresses if not valid_addr_spec(each.addr_spec))]
        if wrong:
            errors.append((name, "address", {"value": ", ".join(wrong[:5])}))
        if parsed.cut or len(parsed.addresses) > RECIPIENTS:
            errors.append((name, "too_many_recipients", {"limit": RECIPIENTS}))
        found += len(parsed.addresses)
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
    if not outgoing.cancel(session.database, mine.id, submission_id, now=now):
        raise Conflict("too_late")
    outgoing.record_step(session.database, submission_id, at=now, code="cancelled", kind="wait", values={})
    return _reopened(session, found) if _written(found) else ""


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
    return _reopened(session, found)


def _reopened(session: MailSession, found: Submission) -> str:
    """The draft gets a new key, so that sending it again is a new submission."""
    fresh = drafts.new_key()
    if not stored_drafts.rekey(session.database, account(session).id, old=found.draft_key, new=fresh):
        raise NotFound("draft")
    outgoing.rekey(session.database, found.id, new=fresh)
    return fresh


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
    if not outgoing.requeue(session.database, submission_id, expect=found.state, recipients=again, now=now):
        raise Conflict("too_late")
    outgoing.record_step(session.database, submission_id, at=now, code="retry_asked", kind="wait", values={})
    jobs.wake(session.database)


def mark_sent(session: MailSession, submission_id: int, *, now: datetime) -> None:
    """The person knows that an unclear submission arrived: keep its Sent copy and close it."""
    found = outgoing.get(session.database, account(session).id, submission_id)
    if found.state != SubmissionState.UNCLEAR:
        raise Conflict("too_late")
    results = {each.address: (RecipientState.ACCEPTED.value, "", "") for each in found.recipients if each.state == RecipientState.UNCLEAR}
    outgoing.set_recipients(session.database, submission_id, results=results)
    outgoing.transition(
        session.database,
        submission_id,
        owner="",
        expect=SubmissionState.UNCLEAR.value,
        to=SubmissionState.ACCEPTED.value,
        due_at=now,
        now=now,
    )
    outgoing.record_step(session.database, submission_id, at=now, code="marked_sent", kind="ok", values={})
    jobs.wake(session.database)


def outbox(session: MailSession) -> OutboxPage:
    """All submissions worth showing, newest first in each group."""
    rows = [_row(each) for each in outgoing.of_account(session.database, account(session).id, limit=SHOWN)]
    return OutboxPage(
        waiting=tuple(row for row in rows if row.state in WAITING),
        problems=tuple(row for row in rows if row.state in PROBLEMS),
        sent=tuple(row for row in rows if row.state is SubmissionState.FILED),
    )


def _row(found: Submission) -> SubmissionRow:
    state = SubmissionState(found.state)
    return SubmissionRow(
        id=found.id,
        state=state,
        subject=found.subject,
        recipients=tuple(
            RecipientRow(each.address, RecipientState(each.state), each.server_code, each.server_text) for each in found.recipients
        ),
        created_at=found.created_at,
        due_at=found.due_at,
        has_attachments=found.has_attachments,
        can_cancel=state in CANCELLABLE,
        can_retry=state in RETRYABLE and not found.reopened,
        can_edit=state in EDITABLE and _written(found),
    )


def report(session: MailSession, submission_id: int) -> SubmissionPage:
    """The delivery report of one submission. Raises NotFound."""
    found = outgoing.get(session.database, account(session).id, submission_id)
    return SubmissionPage(
        submission=_row(found),
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
