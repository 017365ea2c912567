"""Delivery: the worker's half of a submission, from *queued* to *filed*. The states are drawn in ``submission``.

Whatever happens, the order is: commit what is about to be done, do it, commit what came of it. The one moment that
cannot be made safe is between the final dot and its answer (RFC 5321 §4.5.3.2.6, RFC 1047); it has a state of its own.
Before the dot nothing is handed over, so all that fails until then is tried again by itself.

What an attempt finds out is stored with its next step, in one transaction that holds only as long as the claim does: an
attempt that was taken for dead and comes back changes nothing that somebody else has begun.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from webmail import smtp
from webmail.account import AccountId, User
from webmail.address import Address
from webmail.errors import (
    AuthenticationFailed,
    Conflict,
    InvalidInput,
    NotFound,
    ServerRefused,
    ServerUnavailable,
    ServerUnusable,
    WebmailError,
)
from webmail.mail import accounts as accounts_service
from webmail.mail import sent_copies
from webmail.mail.outbox_pages import RecipientState, SubmissionState
from webmail.mail.session import Gate, MailSession, account
from webmail.smtp import Reply, Session
from webmail.store import accounts, credentials, events, jobs, outgoing, senders
from webmail.store.database import Database
from webmail.store.outgoing import Result, Step, Submission, Told

CLAIM_SECONDS = 60
"""How long a delivery is left alone that nobody says is still alive (``keep_claims``)."""
STEP_SECONDS = 30.0
"""How long any other answer of the submission server is awaited."""
ANSWER_SECONDS = 900
"""How long the answer to the final dot is awaited; at least ten minutes (RFC 5321 §4.5.3.2.6)."""
PAUSES = (60, 120, 300, 900, 1800, 3600)
SIGN_IN_PAUSE = timedelta(days=1)
"""How often work that waits for a sign-in is looked at; the sign-in itself makes it due at once."""
GIVE_UP_AFTER = timedelta(days=5)
"""How long temporary refusals are retried, from the first attempt on (RFC 5321 §4.5.4.1)."""
STORE_PAUSES = (0.1, 0.3, 1, 2, *[5] * 150)
"""When it is tried again to store that a message was accepted: nobody but us knows it."""
TOO_MANY = "452"
"""What servers say to more recipients than they take at once; the others are sent theirs right after (RFC 5321 §4.5.3.1.10)."""
SERVER_ERRORS = (ServerUnavailable, ServerUnusable, ServerRefused, InvalidInput)


@dataclass(slots=True)
class Attempt:
    """One attempt to hand a submission over: who asks, the state stored last, and what is known since."""

    database: Database
    submission: Submission
    owner: str
    state: SubmissionState
    results: dict[str, Result] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    transcript: list[str] = field(default_factory=list)
    stored: int = 0

    def step(self, code: str, *, kind: str = "ok", **values: object) -> None:
        """Add a line to the delivery report, stored with the next move."""
        self.steps.append(Step(datetime.now(UTC), code, kind, values))

    def told(self) -> Told:
        """What is known and not stored yet."""
        return Told(dict(self.results), tuple(self.steps), tuple(self.transcript[self.stored :]))

    def kept(self, state: SubmissionState) -> None:
        """What was told is stored, with this state."""
        self.state, self.stored = state, len(self.transcript)
        self.steps.clear()

    def move(self, to: SubmissionState, *, due_at: datetime | None = None, error: WebmailError | None = None) -> bool:
        """Move the stored state if it is still what we think, with all that is known; commits durably."""
        done = outgoing.transition(
            self.database,
            self.submission.id,
            owner=self.owner,
            expect=self.state.value,
            to=to.value,
            due_at=due_at,
            error_code=error.code if error else "",
            server_text=error.server_text if error else "",
            now=datetime.now(UTC),
            told=self.told(),
        )
        if done:
            self.kept(to)
        return done


def claim(gate: Gate, *, owner: str) -> Submission | None:
    """The next submission with something due, claimed for a minute; None if there is none."""
    return outgoing.claim_due(gate.database, now=datetime.now(UTC), owner=owner, seconds=CLAIM_SECONDS)


def keep_claims(gate: Gate, owned: Iterable[tuple[int, str]]) -> None:
    """Say that these deliveries, by submission and owner, are alive. To be called several times a minute."""
    for submission_id, owner in owned:
        outgoing.renew(gate.database, submission_id, owner=owner, until=datetime.now(UTC) + timedelta(seconds=CLAIM_SECONDS))


def advance(gate: Gate, submission: Submission, *, owner: str) -> None:
    """Take a claimed submission as far as it goes now. Never raises for what a mail server does: that is stored and shown.

    Raises what our own database raises; the submission is then claimed again, in its stored state, when the claim runs out.
    """
    attempt = Attempt(gate.database, submission, owner, SubmissionState(submission.state))
    session = worker_session(gate, submission.account_id)
    if attempt.state is not SubmissionState.ACCEPTED:
        _hand_over(attempt, session)
        jobs.wake(gate.database)  # The next one of this account may go.
    if attempt.state is SubmissionState.ACCEPTED:
        _file(attempt, session, way=gate.sent_copy)
    with suppress(WebmailError):  # The index may be away; the outbox says the same.
        told = {"submission": submission.id, "state": attempt.state.value}
        events.put(gate.database, submission.account_id, kind=events.COUNTS, now=datetime.now(UTC), payload=told)


def worker_session(gate: Gate, account_id: AccountId) -> MailSession:
    """A mail session for work done while nobody is signed in."""
    mine = replace(accounts.get(gate.database, account_id), authserv_id=gate.authserv_id)
    who = User(mine.user_id, mine.username)
    return MailSession(user=who, accounts=(mine,), database=gate.database, imap=gate.imap)


def _hand_over(attempt: Attempt, session: MailSession) -> None:
    """Give the message to the submission server, as far as that goes."""
    if not attempt.move(SubmissionState.SUBMITTING):
        return None
    if accounts_service.waits_for_sign_in(attempt.database, attempt.submission.account_id):
        return _hold(attempt, AuthenticationFailed("credentials"))
    try:
        known = credentials.read(attempt.database, attempt.database.key, attempt.submission.account_id)
    except (NotFound, Conflict) as error:
        if isinstance(error, Conflict) and not error.code.startswith("credentials"):
            raise
        return _hold(attempt, AuthenticationFailed("credentials"))
    raw = outgoing.raw(attempt.database, attempt.submission.id)
    server = account(session).smtp
    attempt.transcript.append(f"== {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC, {server.host}:{server.port}")
    try:
        with smtp.connect(server, timeout=STEP_SECONDS, transcript=attempt.transcript) as talk:
            attempt.step("connected", host=server.host, tls=talk.tls)
            if "AUTH" in talk.extensions:
                talk.authenticate(known)
            _transaction(attempt, talk, raw)
    except AuthenticationFailed as error:
        _hold(attempt, error)
    except SERVER_ERRORS as error:
        _not_handed_over(attempt, error)


def _transaction(attempt: Attempt, talk: Session, raw: bytes) -> None:
    """MAIL, RCPT, DATA, the body, the answer (RFC 5321 §3.3)."""
    taken = _envelope(attempt, talk, raw)
    if not taken:
        return _nobody_taken(attempt)
    talk.data()

    def commit() -> None:
        if not attempt.move(SubmissionState.HANDING_OVER):
            raise Conflict("claim_lost")

    try:
        talk.send_body(raw, before_end=commit)
        reply = talk.wait(ANSWER_SECONDS)
    except ServerUnavailable as error:
        if error.code != "no_answer":
            raise
        return _unclear(attempt, taken, error)
    except Conflict as error:
        if error.code != "claim_lost":
            raise
        return None
    attempt.results.update({address: _result(reply) for address in taken})
    if not reply.ok:
        return _nobody_taken(attempt)
    return _accepted(attempt, talk, taken, reply)


def _envelope(attempt: Attempt, talk: Session, raw: bytes) -> list[str]:
    """MAIL and RCPT; returns who was taken. What the others were told is kept; those taken have no answer before the dot has one."""
    submission = attempt.submission
    pending = _expressible(attempt, talk, _pending(submission))
    if not pending:
        return []
    header = raw[: raw.find(b"\r\n\r\n") + 1]
    wide = not all(each.isascii() for each in [submission.envelope_from, *pending])
    wide = wide or ("SMTPUTF8" in talk.extensions and not header.isascii())
    talk.mail(submission.envelope_from, size=len(raw), smtputf8=wide, eight_bit=not raw.isascii(), envelope_id=submission.envelope_id)
    taken = []
    for address in pending:
        reply = talk.rcpt(address, notify=submission.notify)
        if reply.ok:
            taken.append(address)
        else:
            attempt.results[address] = _result(reply)
    return taken


def _pending(submission: Submission) -> list[str]:
    return [each.address for each in submission.recipients if each.state in (RecipientState.WAITING, RecipientState.DELAYED)]


def _expressible(attempt: Attempt, talk: Session, pending: list[str]) -> list[str]:
    """The recipients whose addresses this server can be told; the others are refused with the reason (RFC 6531 §3.1)."""
    if "SMTPUTF8" in talk.extensions:
        return pending
    for address in pending:
        if not address.isascii():
            attempt.results[address] = (RecipientState.REFUSED.value, "", "SMTPUTF8")
    return [address for address in pending if address.isascii()]


def _result(reply: Reply) -> Result:
    """What a reply means for one recipient, with the server's own words."""
    kinds = {"ok": RecipientState.ACCEPTED, "temporary": RecipientState.DELAYED, "permanent": RecipientState.REFUSED}
    return kinds[reply.kind].value, " ".join(part for part in (str(reply.code), reply.enhanced) if part), reply.text


def _accepted(attempt: Attempt, talk: Session, taken: list[str], reply: Reply) -> None:
    attempt.step("accepted", count=len(taken), reply=f"{reply.code} {reply.text}".strip())
    _tell_refusals(attempt)
    if _keep_acceptance(attempt):
        attempt.kept(SubmissionState.ACCEPTED)
        senders.wrote(attempt.database, attempt.submission.account_id, [Address("", each) for each in taken])
    talk.quit()


def _keep_acceptance(attempt: Attempt) -> bool:
    """Store that the server has the message, however long our own database does not take it."""
    for pause in (*STORE_PAUSES, None):
        try:
            return outgoing.accept(attempt.database, attempt.submission.id, owner=attempt.owner, told=attempt.told(), now=datetime.now(UTC))
        except WebmailError:
            if pause is None:
                raise
            time.sleep(pause)
    return False


def _tell_refusals(attempt: Attempt) -> None:
    for address, (state, code, text) in attempt.results.items():
        if state == RecipientState.REFUSED:
            attempt.step("refused", kind="danger", address=address, reply=f"{code} {text}".strip())
        elif state == RecipientState.DELAYED:
            attempt.step("delayed", kind="wait", address=address, reply=f"{code} {text}".strip())


def _nobody_taken(attempt: Attempt) -> None:
    """No recipient was taken: try the deferred ones again later, or give up if none is left."""
    _tell_refusals(attempt)
    worst = next((each for each in attempt.results.values() if each[0] != RecipientState.ACCEPTED), ("", "", ""))
    error = ServerRefused("refused", server_code=worst[1], server_text=f"{worst[1]} {worst[2]}".strip())
    deferred = any(result[0] == RecipientState.DELAYED for result in attempt.results.values())
    return _later(attempt, error) if deferred else _failed(attempt, error)


def _not_handed_over(attempt: Attempt, error: WebmailError) -> None:
    """Something failed before the final dot: the server has certainly not taken the message."""
    attempt.step("failed", kind="wait" if error.transient else "danger", error=error.code, reply=error.server_text)
    return _later(attempt, error) if error.transient else _failed(attempt, error)


def _later(attempt: Attempt, error: WebmailError) -> None:
    if _too_long(attempt.submission):
        return _failed(attempt, error)
    due_at = datetime.now(UTC) + timedelta(seconds=_pause(attempt.submission))
    attempt.move(SubmissionState.RETRYING, due_at=due_at, error=error)
    return None


def _too_long(submission: Submission) -> bool:
    return submission.begun_at is not None and datetime.now(UTC) - submission.begun_at > GIVE_UP_AFTER


def _pause(submission: Submission) -> int:
    return PAUSES[min(submission.attempts, len(PAUSES) - 1)]


def _failed(attempt: Attempt, error: WebmailError) -> None:
    """It is not tried again. Where some have got it before, it is done, and the others are told to be left out."""
    others = [each for each in attempt.submission.recipients if each.state == RecipientState.ACCEPTED]
    if not others:
        attempt.move(SubmissionState.FAILED, error=error)
        return
    _leave_out(attempt, _pending(attempt.submission))
    attempt.move(SubmissionState.FILED, error=error)


def _leave_out(attempt: Attempt, pending: Iterable[str]) -> None:
    for address in pending:
        state, code, text = attempt.results.get(address, ("", "", ""))
        if state != RecipientState.REFUSED:
            attempt.results[address] = (RecipientState.REFUSED.value, code, text)
            attempt.step("gave_up", kind="danger", address=address)


def _unclear(attempt: Attempt, taken: list[str], error: WebmailError) -> None:
    """The body may have arrived: only the person can decide what to do (RFC 1047)."""
    attempt.results.update(dict.fromkeys(taken, (RecipientState.UNCLEAR.value, "", error.server_text)))
    attempt.step("unclear", kind="danger", error=error.code)
    attempt.move(SubmissionState.UNCLEAR, error=error)


def _hold(attempt: Attempt, error: WebmailError) -> None:
    """The password is refused: stop everything of this account, so that nobody gets locked out."""
    attempt.step("needs_sign_in", kind="danger", reply=error.server_text)
    attempt.move(SubmissionState.NEEDS_SIGN_IN, error=error)
    accounts_service.password_refused(attempt.database, attempt.submission.account_id, now=datetime.now(UTC))


def _file(attempt: Attempt, session: MailSession, *, way: str) -> None:
    """Everything after acceptance: the Sent copy, the mark on the original, the draft; then *filed*, or on to those deferred."""
    submission = attempt.submission
    attempt.results.clear()
    try:
        if accounts_service.waits_for_sign_in(attempt.database, submission.account_id):
            raise AuthenticationFailed("credentials")
        kept = sent_copies.keep(session, submission, way=way, accepted_at=_accepted_at(attempt))
        if kept.later:
            attempt.move(SubmissionState.ACCEPTED, due_at=datetime.now(UTC) + sent_copies.LOOK_AGAIN)
            return
        attempt.step("sent_by_server" if kept.by_server else "sent_copy", folder=kept.folder)
        sent_copies.mark_original(session, submission)
        if sent_copies.remove_draft(session, submission):
            attempt.step("draft_kept", kind="wait")
    except (WebmailError, OSError) as error:
        _file_later(attempt, error if isinstance(error, WebmailError) else ServerRefused("sent_copy"))
        return
    current = outgoing.get(attempt.database, submission.account_id, submission.id)
    delayed = [each for each in current.recipients if each.state == RecipientState.DELAYED]
    if delayed and _too_long(current):
        _leave_out(attempt, [each.address for each in delayed])
    elif delayed:
        at_once = all(each.server_code.startswith(TOO_MANY) for each in delayed) and _some_new(submission, current.recipients)
        pause = 1 if at_once else _pause(submission)
        attempt.move(SubmissionState.RETRYING, due_at=datetime.now(UTC) + timedelta(seconds=pause))
        return
    attempt.move(SubmissionState.FILED)


def _some_new(before: Submission, now: Iterable[outgoing.Recipient]) -> bool:
    """Whether this attempt has reached somebody: else a server that always says the same would be asked each second."""
    had = {each.address for each in before.recipients if each.state == RecipientState.ACCEPTED}
    return any(each.state == RecipientState.ACCEPTED and each.address not in had for each in now)


def _accepted_at(attempt: Attempt) -> datetime:
    """When the server took the message, as the report tells."""
    told = [each.at for each in outgoing.steps(attempt.database, attempt.submission.id) if each.code in ("accepted", "marked_sent")]
    return max(told, default=attempt.submission.updated_at)


def _file_later(attempt: Attempt, error: WebmailError) -> None:
    attempt.step("sent_copy_failed", kind="wait", error=error.code, reply=error.server_text)
    pause = timedelta(seconds=_pause(attempt.submission))
    if isinstance(error, AuthenticationFailed):
        accounts_service.password_refused(attempt.database, attempt.submission.account_id, now=datetime.now(UTC))
        pause = SIGN_IN_PAUSE
    attempt.move(SubmissionState.ACCEPTED, due_at=datetime.now(UTC) + pause, error=error)
