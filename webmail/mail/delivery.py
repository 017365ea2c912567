"""Delivery: the worker's half of a submission, from *queued* to *filed*. The states are drawn in ``submission``.

Whatever happens, the order is: commit what is about to be done, do it, commit what came of it. The one moment that
cannot be made safe is between the final dot and its answer (RFC 5321 §4.5.3.2.6, RFC 1047); it has a state of its own.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from webmail import smtp
from webmail.account import AccountId, User
from webmail.address import Address, parse_address_list
from webmail.errors import AuthenticationFailed, NotAllowed, NotFound, ServerRefused, WebmailError
from webmail.imap import fetch, update
from webmail.mail import accounts as accounts_service
from webmail.mail import drafts, mailboxes, sync
from webmail.mail.pages import RecipientState, SubmissionState
from webmail.mail.permission import keeps
from webmail.mail.session import Gate, MailSession, account, connection, opened
from webmail.mailbox import SpecialUse
from webmail.message import build
from webmail.message.summary import Flag
from webmail.smtp import Reply, Session
from webmail.store import accounts, credentials, outgoing, senders
from webmail.store import drafts as stored_drafts
from webmail.store import mailboxes as stored_mailboxes
from webmail.store.database import Database
from webmail.store.outgoing import Submission

CLAIM_SECONDS = 120
ANSWER_SECONDS = 900
"""How long the answer to the final dot is awaited; at least ten minutes (RFC 5321 §4.5.3.2.6)."""
SLOWEST_OCTETS = 10_000
"""Octets a second at which a body may trickle before its claim runs out."""
PAUSES = (60, 120, 300, 900, 1800, 3600)
SIGN_IN_PAUSE = timedelta(days=1)
"""How often work that waits for a sign-in is looked at; the sign-in itself makes it due at once."""
GIVE_UP_AFTER = timedelta(days=5)
"""How long temporary refusals are retried (RFC 5321 §4.5.4.1)."""


@dataclass(slots=True)
class Attempt:
    """One attempt to hand a submission over: who asks, and what is known so far."""

    database: Database
    submission: Submission
    owner: str
    results: dict[str, tuple[str, str, str]] = field(default_factory=dict)

    def step(self, code: str, *, kind: str = "ok", **values: object) -> None:
        """Add a line to the delivery report."""
        outgoing.record_step(self.database, self.submission.id, at=datetime.now(UTC), code=code, kind=kind, values=values)

    def move(
        self, expect: SubmissionState, to: SubmissionState, *, due_at: datetime | None = None, error: WebmailError | None = None
    ) -> bool:
        """Move the stored state if it is still what we think; commits durably."""
        return outgoing.transition(
            self.database,
            self.submission.id,
            owner=self.owner,
            expect=expect.value,
            to=to.value,
            due_at=due_at,
            error_code=error.code if error else "",
            server_text=error.server_text if error else "",
            now=datetime.now(UTC),
        )


def claim(gate: Gate, *, owner: str) -> Submission | None:
    """The next submission with something due, claimed for two minutes; None if there is none."""
    return outgoing.claim_due(gate.database, now=datetime.now(UTC), owner=owner, seconds=CLAIM_SECONDS)


def advance(gate: Gate, submission: Submission, *, owner: str) -> None:
    """Take a claimed submission as far as it goes now. Never raises for what a server does: that is stored and shown."""
    attempt = Attempt(gate.database, submission, owner)
    session = worker_session(gate, submission.account_id)
    state = SubmissionState(submission.state)
    if state is not SubmissionState.ACCEPTED:
        state = _hand_over(attempt, session, state)
    if state is SubmissionState.ACCEPTED:
        _file(attempt, session)


def worker_session(gate: Gate, account_id: AccountId) -> MailSession:
    """A mail session for work done while nobody is signed in."""
    mine = replace(accounts.get(gate.database, account_id), authserv_id=gate.authserv_id)
    who = User(mine.user_id, mine.username)
    return MailSession(user=who, accounts=(mine,), database=gate.database, imap=gate.imap)


def _hand_over(attempt: Attempt, session: MailSession, state: SubmissionState) -> SubmissionState:
    """Give the message to the submission server; returns the state reached."""
    if not attempt.move(state, SubmissionState.SUBMITTING):
        return state
    if accounts_service.waits_for_sign_in(attempt.database, attempt.submission.account_id):
        return _hold(attempt, AuthenticationFailed("credentials"))
    pending = [each.address for each in attempt.submission.recipients if each.state in (RecipientState.WAITING, RecipientState.DELAYED)]
    server = account(session).smtp
    try:
        known = credentials.read(attempt.database, attempt.database.key, attempt.submission.account_id)
        with smtp.connect(server) as talk:
            try:
                attempt.step("connected", host=server.host, tls=talk.tls)
                if "AUTH" in talk.extensions:
                    talk.authenticate(known)
                return _transaction(attempt, talk, pending)
            finally:
                outgoing.set_transcript(attempt.database, attempt.submission.id, lines=talk.transcript)
    except NotFound:
        return _hold(attempt, AuthenticationFailed("credentials"))
    except AuthenticationFailed as error:
        return _hold(attempt, error)
    except WebmailError as error:
        return _not_handed_over(attempt, error)


def _transaction(attempt: Attempt, talk: Session, pending: list[str]) -> SubmissionState:
    """MAIL, RCPT, DATA, the body, the answer (RFC 5321 §3.3)."""
    raw = outgoing.raw(attempt.database, attempt.submission.id)
    sender = attempt.submission.envelope_from
    pending = _expressible(attempt, talk, pending)
    talk.mail(sender, size=len(raw), smtputf8=not all(each.isascii() for each in [sender, *pending]))
    taken = []
    for address in pending:
        reply = talk.rcpt(address)
        _keep_claim(attempt, seconds=CLAIM_SECONDS)
        attempt.results[address] = _result(reply)
        if reply.kind == "ok":
            taken.append(address)
    if not taken:
        return _nobody_taken(attempt)
    outgoing.set_recipients(attempt.database, attempt.submission.id, results=_others(attempt, taken))
    talk.data()
    if not attempt.move(SubmissionState.SUBMITTING, SubmissionState.HANDING_OVER):
        return SubmissionState.SUBMITTING
    # For the body and its answer at once: between the final dot and the answer nothing else may fail.
    _keep_claim(attempt, seconds=CLAIM_SECONDS + len(raw) / SLOWEST_OCTETS + ANSWER_SECONDS)
    try:
        talk.send_body(raw)
        reply = talk.wait(ANSWER_SECONDS)
    except WebmailError as error:
        if error.code == "no_answer":
            return _unclear(attempt, taken, error)
        return _not_handed_over(attempt, error, state=SubmissionState.HANDING_OVER)
    attempt.results.update({address: _result(reply) for address in taken})
    if reply.kind != "ok":
        return _nobody_taken(attempt, state=SubmissionState.HANDING_OVER)
    return _accepted(attempt, talk, taken, reply)


def _keep_claim(attempt: Attempt, *, seconds: float) -> None:
    until = datetime.now(UTC) + timedelta(seconds=seconds)
    outgoing.renew(attempt.database, attempt.submission.id, owner=attempt.owner, until=until)


def _expressible(attempt: Attempt, talk: Session, pending: list[str]) -> list[str]:
    """The recipients whose addresses this server can be told; the others are refused with the reason (RFC 6531 §3.1)."""
    if "SMTPUTF8" in talk.extensions:
        return pending
    for address in pending:
        if not address.isascii():
            attempt.results[address] = (RecipientState.REFUSED.value, "", "SMTPUTF8")
    return [address for address in pending if address.isascii()]


def _others(attempt: Attempt, taken: list[str]) -> dict[str, tuple[str, str, str]]:
    """The recipients the server did not take; the others have no answer before the dot has one."""
    return {address: result for address, result in attempt.results.items() if address not in taken}


def _result(reply: Reply) -> tuple[str, str, str]:
    """What a reply means for one recipient, with the server's own words."""
    kinds = {"ok": RecipientState.ACCEPTED, "temporary": RecipientState.DELAYED, "permanent": RecipientState.REFUSED}
    return kinds[reply.kind].value, " ".join(part for part in (str(reply.code), reply.enhanced) if part), reply.text


def _accepted(attempt: Attempt, talk: Session, taken: list[str], reply: Reply) -> SubmissionState:
    done = outgoing.accept(
        attempt.database,
        attempt.submission.id,
        owner=attempt.owner,
        results=attempt.results,
        transcript=talk.transcript,
        now=datetime.now(UTC),
    )
    if not done:
        return SubmissionState.HANDING_OVER
    senders.wrote(attempt.database, attempt.submission.account_id, [Address("", each) for each in taken])
    attempt.step("accepted", count=len(taken), reply=f"{reply.code} {reply.text}".strip())
    _tell_refusals(attempt)
    talk.quit()
    return SubmissionState.ACCEPTED


def _tell_refusals(attempt: Attempt) -> None:
    for address, (state, code, text) in attempt.results.items():
        if state == RecipientState.REFUSED:
            attempt.step("refused", kind="danger", address=address, reply=f"{code} {text}".strip())
        elif state == RecipientState.DELAYED:
            attempt.step("delayed", kind="wait", address=address, reply=f"{code} {text}".strip())


def _nobody_taken(attempt: Attempt, *, state: SubmissionState = SubmissionState.SUBMITTING) -> SubmissionState:
    """No recipient was taken: try the deferred ones again later, or give up if none is left."""
    outgoing.set_recipients(attempt.database, attempt.submission.id, results=attempt.results)
    _tell_refusals(attempt)
    worst = next((each for each in attempt.results.values() if each[0] != RecipientState.ACCEPTED), ("", "", ""))
    error = ServerRefused("refused", server_code=worst[1], server_text=f"{worst[1]} {worst[2]}".strip())
    deferred = any(result[0] == RecipientState.DELAYED for result in attempt.results.values())
    return _later(attempt, state, error) if deferred else _failed(attempt, state, error)


def _not_handed_over(attempt: Attempt, error: WebmailError, *, state: SubmissionState = SubmissionState.SUBMITTING) -> SubmissionState:
    """Something failed before the final dot: the server has certainly not taken the message."""
    attempt.step("failed", kind="wait" if error.transient else "danger", error=error.code, reply=error.server_text)
    return _later(attempt, state, error) if error.transient else _failed(attempt, state, error)


def _later(attempt: Attempt, state: SubmissionState, error: WebmailError) -> SubmissionState:
    now = datetime.now(UTC)
    if now - attempt.submission.created_at > GIVE_UP_AFTER:
        return _failed(attempt, state, error)
    pause = PAUSES[min(attempt.submission.attempts, len(PAUSES) - 1)]
    attempt.move(state, SubmissionState.RETRYING, due_at=now + timedelta(seconds=pause), error=error)
    return SubmissionState.RETRYING


def _failed(attempt: Attempt, state: SubmissionState, error: WebmailError) -> SubmissionState:
    attempt.move(state, SubmissionState.FAILED, error=error)
    return SubmissionState.FAILED


def _unclear(attempt: Attempt, taken: list[str], error: WebmailError) -> SubmissionState:
    """The body may have arrived: only the person can decide what to do (RFC 1047)."""
    attempt.results.update(dict.fromkeys(taken, (RecipientState.UNCLEAR.value, "", error.server_text)))
    outgoing.set_recipients(attempt.database, attempt.submission.id, results=attempt.results)
    attempt.step("unclear", kind="danger", error=error.code)
    attempt.move(SubmissionState.HANDING_OVER, SubmissionState.UNCLEAR, error=error)
    return SubmissionState.UNCLEAR


def _hold(attempt: Attempt, error: WebmailError) -> SubmissionState:
    """The password is refused: stop everything of this account, so that nobody gets locked out."""
    attempt.step("needs_sign_in", kind="danger", reply=error.server_text)
    attempt.move(SubmissionState.SUBMITTING, SubmissionState.NEEDS_SIGN_IN, error=error)
    accounts_service.password_refused(attempt.database, attempt.submission.account_id, now=datetime.now(UTC))
    return SubmissionState.NEEDS_SIGN_IN


def _file(attempt: Attempt, session: MailSession) -> None:
    """Everything after acceptance: the Sent copy, the mark on the original, the draft; then *filed*, or on to those deferred."""
    now = datetime.now(UTC)
    submission = attempt.submission
    try:
        if accounts_service.waits_for_sign_in(attempt.database, submission.account_id):
            raise AuthenticationFailed("credentials")
        _keep_sent_copy(attempt, session)
        _mark_original(session, submission)
        _remove_draft(session, submission)
    except (WebmailError, OSError) as error:
        reason = error if isinstance(error, WebmailError) else ServerRefused("sent_copy")
        attempt.step("sent_copy_failed", kind="wait", error=reason.code, reply=reason.server_text)
        pause = timedelta(seconds=PAUSES[min(submission.attempts, len(PAUSES) - 1)])
        if isinstance(reason, AuthenticationFailed):
            accounts_service.password_refused(attempt.database, submission.account_id, now=now)
            pause = SIGN_IN_PAUSE
        attempt.move(SubmissionState.ACCEPTED, SubmissionState.ACCEPTED, due_at=now + pause, error=reason)
        return
    current = outgoing.get(attempt.database, submission.account_id, submission.id)
    if any(each.state == RecipientState.DELAYED for each in current.recipients):
        pause = timedelta(seconds=PAUSES[min(submission.attempts, len(PAUSES) - 1)])
        attempt.move(SubmissionState.ACCEPTED, SubmissionState.RETRYING, due_at=now + pause)
    else:
        attempt.move(SubmissionState.ACCEPTED, SubmissionState.FILED)


def _keep_sent_copy(attempt: Attempt, session: MailSession) -> None:
    """APPEND the same octets, with Bcc in front, to Sent; never twice: the Message-ID is looked for first."""
    submission = attempt.submission
    sent = stored_mailboxes.by_role(session.database, submission.account_id, SpecialUse.SENT) or mailboxes.create_role(
        session, SpecialUse.SENT
    )
    raw = build.with_bcc(outgoing.raw(attempt.database, submission.id), parse_address_list(submission.bcc).addresses)
    with connection(session, prefer=sent) as lent:
        lent.select(sent.name, writable=True)
        # What was sent on as it is keeps the Message-ID its writer gave it.
        field = "RESENT-MESSAGE-ID" if submission.original_action == "redirect" else "MESSAGE-ID"
        if fetch.find(lent, message_id_field=submission.message_id_field, field=field):
            return
        update.append(lent, sent.name, raw, flags=[Flag.SEEN], date=datetime.now(UTC))
    stored_mailboxes.unwatch(session.database, [sent.id], now=datetime.now(UTC))
    attempt.step("sent_copy", folder=sent.label)


def _mark_original(session: MailSession, submission: Submission) -> None:
    """Set \\Answered or $Forwarded on the message replied to; one that is gone meanwhile or may not be marked is no error."""
    original = submission.original
    if original is None or submission.original_action == "again":
        return
    flag = Flag.FORWARDED if submission.original_action in ("forward", "redirect") else Flag.ANSWERED
    try:
        mailbox = stored_mailboxes.get(session.database, submission.account_id, original.mailbox_id)
        with opened(session, mailbox, uidvalidity=original.uidvalidity) as lent:
            if keeps(lent, flag):
                sync.store_flags(sync.Index(session.database, lent, mailbox), [original.uid], add=[flag])
    except (NotFound, NotAllowed, ServerRefused):
        return


def _remove_draft(session: MailSession, submission: Submission) -> None:
    """Take the draft away; a copy that the server does not let us remove stays in Drafts, and the message is sent all the same."""
    row = stored_drafts.by_key(session.database, submission.account_id, submission.draft_key)
    if row is not None:
        with suppress(NotAllowed, ServerRefused):
            drafts.remove_copy(session, row)
        drafts.forget(session, row.key)
