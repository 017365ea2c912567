"""The promise of the outbox: whatever fails, and whenever, nothing is lost, nothing is sent twice, and nothing is silent.

Each case lets one thing go wrong while one message is on its way. Afterwards all works again, and a person does what the
outbox offers them. In the end the submission server has the message exactly once and Sent holds it exactly once; before
the person did anything, the message was either sent or there to be seen, with its text. ``make faults`` runs every case
twenty times and prints the table.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import pytest

from tests.servers import doomed
from tests.servers.authority import Authority
from tests.servers.dovecot import Dovecot
from tests.servers.person import Person, new_person
from tests.servers.postgresql import ON_POSTGRESQL, url_for
from tests.servers.proxy import Proxy
from tests.servers.smtp_sink import SmtpSink
from webmail.account import Credentials, Security
from webmail.errors import Conflict, StoreUnavailable, WebmailError
from webmail.mail import delivery, drafts, submission
from webmail.mail.drafts import DraftFields
from webmail.mail.outbox_pages import RecipientState, SubmissionState

RUNS = int(os.environ.get("FAULT_RUNS", "1"))
"""``make faults`` runs each case twenty times."""
STEPS = ("connect", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "body", "dot", "QUIT")
WAYS = ("4yz", "5yz", "timeout", "reset")
BEFORE_THE_BODY = STEPS[: STEPS.index("body")]
WRITES = 7
"""How often the database is written to while one message goes out: claim, submitting, handing over, accepted, written to, seen, filed."""
MESSAGE_ID = re.compile(rb"^Message-ID: (\S+)", re.MULTILINE)
TEXT = "Early train please."
TABLE: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)


@dataclass
class Rig:
    """A person whose servers both do what a test tells them."""

    person: Person
    sink: SmtpSink
    proxy: Proxy
    data: Path
    number: int = 0
    before: set[str] = field(default_factory=set)

    def fields(self, **changes: str) -> DraftFields:
        given = {"key": drafts.new_key(), "to": "jonas@example.net", "subject": "Train", "text": TEXT} | changes
        return DraftFields(**given)  # type: ignore[arg-type] # all changes in these tests are texts

    def send(self, given: DraftFields | None = None) -> int:
        self.number = submission.queue(self.person.session, given or self.fields(), now=datetime.now(UTC), hold=timedelta(0))
        return self.number

    def work(self) -> None:
        """What the worker does, once for each submission that is due."""
        done: set[int] = set()
        with suppress(Conflict, StoreUnavailable):
            while (found := delivery.claim(self.person.gate, owner="test")) is not None and found.id not in done:
                done.add(found.id)
                delivery.advance(self.person.gate, found, owner="test")

    def doomed(self, point: doomed.Point = doomed.NEVER) -> ForkServerProcess:
        url = url_for(self.data) if ON_POSTGRESQL else ""
        mine = self.person.session.accounts[0]
        return doomed.start(self.data, url=url, imap=mine.imap, smtp=mine.smtp, point=point)

    def time_passes(self) -> None:
        """Claims run out, and all pauses are over."""
        with self.person.gate.database.durable_write() as connection:
            connection.exec_driver_sql("UPDATE submissions SET claimed_until = 0 WHERE claimed_until > 0")
            connection.exec_driver_sql("UPDATE submissions SET due_at = 0 WHERE state IN ('queued', 'retrying', 'accepted')")

    def heal(self) -> None:
        """All works again, and the worker has done what it does by itself."""
        self.sink.faults.clear()
        self.sink.recipients.clear()
        self.proxy.behave()
        for _ in range(4):
            self.time_passes()
            self.work()

    @property
    def page(self) -> Any:
        return submission.report(self.person.session, self.number)

    @property
    def state(self) -> SubmissionState:
        found = self.page.submission.state
        assert isinstance(found, SubmissionState)
        return found

    def taken(self) -> int:
        """How often the submission server has accepted this message."""
        mine = self.page.message_id_field.encode()
        return sum(match[1] == mine for each in self.sink.messages if (match := MESSAGE_ID.search(each.content)))

    def copies(self) -> int:
        with self.person.side("Sent") as side:
            return len((side.uid("SEARCH", "HEADER", "MESSAGE-ID", self.page.message_id_field)[1][0] or b"").split())

    def visible(self) -> bool:
        """Whether the outbox shows it."""
        page = submission.outbox(self.person.session)
        return self.number in {row.id for row in (*page.waiting, *page.problems, *page.sent)}

    def decide(self) -> None:
        """What a person does who looks into the outbox, and asks a recipient where that is what it says."""
        if self.state is SubmissionState.UNCLEAR:
            decision = submission.mark_sent if self.taken() else submission.retry
            decision(self.person.session, self.number, now=datetime.now(UTC))
        elif self.state is SubmissionState.FAILED:
            submission.retry(self.person.session, self.number, now=datetime.now(UTC))
        elif self.state is SubmissionState.NEEDS_SIGN_IN:
            self.person.sign_in()

    def text_is_there(self) -> bool:
        """Whether what was written can still be read: in Sent, or as a draft."""
        if self.state is SubmissionState.FILED:
            return self.copies() == 1
        found = submission.report(self.person.session, self.number).submission
        return found.state in (SubmissionState.UNCLEAR, SubmissionState.ACCEPTED) or self._draft_text() == TEXT

    def _draft_text(self) -> str:
        from_outbox = submission.outgoing.get(self.person.gate.database, self.person.session.accounts[0].id, self.number)
        return drafts.open_draft(self.person.session, from_outbox.draft_key).text


def show_table() -> None:
    """What came of each fault; ``make faults`` shows it behind the last test."""
    for (what, where), outcomes in TABLE.items():
        told = "; ".join(f"{outcome}: {count}" for outcome, count in outcomes.items())
        print(f"{what:<24} {where:<16} {told}")


@pytest.fixture(scope="module")
def the_rig(dovecot: Dovecot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    authority = Authority(tmp_path_factory.mktemp("authority"))
    folder = Path(tempfile.mkdtemp(prefix="webmail-promise-"))
    proxy = Proxy(dovecot.imap)
    with SmtpSink(security=Security.STARTTLS, certificate=authority.issue(["localhost", "127.0.0.1"])) as sink:
        person = new_person(dovecot, folder / "data", imap=proxy.server(), smtp=sink.server(ca_file=authority.ca_file))
        sink.credentials = Credentials(person.username, person.password)
        person.sign_in()
        yield Rig(person, sink, proxy, folder / "data")
        person.close()
    show_table()
    proxy.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def rig(the_rig: Rig, monkeypatch: pytest.MonkeyPatch) -> Rig:
    """The rig in good order; whoever waits for an answer is impatient."""
    monkeypatch.setattr(delivery, "STEP_SECONDS", 0.3)
    monkeypatch.setattr(delivery, "ANSWER_SECONDS", 0.3)
    the_rig.sink.forget()
    the_rig.proxy.behave()
    the_rig.person.sign_in()
    return the_rig


def hold(rig: Rig, what: str, where: str, *, automatic: bool = False) -> None:
    """The promise, after one thing went wrong. ``automatic``: no person is needed."""
    first = rig.state
    assert rig.taken() <= 1
    assert rig.visible(), first
    assert rig.text_is_there(), first
    rig.heal()
    by_itself = rig.state
    TABLE[what, where][f"{first}, then {by_itself}"] += 1
    assert rig.visible()
    assert rig.taken() == (1 if by_itself is SubmissionState.FILED else rig.taken()) <= 1
    if automatic:
        assert by_itself is SubmissionState.FILED, first
    if by_itself is not SubmissionState.FILED:
        assert any(row.id == rig.number for row in submission.outbox(rig.person.session).problems), by_itself
        rig.decide()
        rig.heal()
    assert rig.state is SubmissionState.FILED
    assert (rig.taken(), rig.copies()) == (1, 1)
    assert {each.state for each in rig.page.submission.recipients} == {RecipientState.ACCEPTED}


def break_off(sink: SmtpSink, step: str, way: str) -> None:
    if way in ("4yz", "5yz"):
        words = {"connect": ("421 4.3.2 Not now", "554 5.3.2 No mail here"), "AUTH": ("454 4.7.0 Not now", "535 5.7.8 No")}
        sink.answer(step, words.get(step, ("451 4.3.0 Not now", "554 5.0.0 No"))[way == "5yz"], drop=step == "body")
    elif way == "timeout":
        sink.hang(step, kept=True)
    else:
        sink.drop(step, kept=True)


def test_a_message_is_sent_once_and_filed_once(rig: Rig) -> None:
    rig.send()
    rig.work()
    assert (rig.state, rig.taken(), rig.copies()) == (SubmissionState.FILED, 1, 1)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("step", STEPS)
def test_the_promise_holds_wherever_the_submission_server_fails(rig: Rig, step: str, way: str) -> None:
    for _ in range(RUNS):
        rig.sink.forget()
        break_off(rig.sink, step, way)
        rig.send()
        rig.work()
        before = step in BEFORE_THE_BODY or step == "QUIT"
        automatic = (before and way != "5yz") or (step, way) in {("connect", "5yz"), ("QUIT", "5yz"), ("body", "reset"), ("dot", "4yz")}
        hold(rig, f"SMTP {step}", way, automatic=automatic)


def test_a_server_that_is_gone_before_the_first_octet_of_the_body_is_asked_again_by_itself(rig: Rig) -> None:
    for _ in range(max(5, RUNS)):
        rig.sink.forget()
        rig.sink.answer("DATA", "354 Go ahead", drop=True, times=1)
        rig.send()
        rig.work()
        hold(rig, "SMTP DATA", "354, then gone", automatic=True)


@pytest.mark.parametrize("reply", ["550 5.1.1 No such person", "451 4.7.1 Greylisted"])
def test_one_recipient_of_three_who_is_not_taken_costs_the_others_nothing(rig: Rig, reply: str) -> None:
    rig.sink.refuse("piet@example.net", reply)
    number = rig.send(rig.fields(to="jonas@example.net, piet@example.net, ilse@example.net"))
    rig.work()
    rig.heal()
    got = Counter(recipient for each in rig.sink.messages for recipient in each.recipients)
    expected = {"jonas@example.net": 1, "ilse@example.net": 1} | ({} if reply.startswith("550") else {"piet@example.net": 1})
    assert got == expected
    assert (rig.state, rig.copies()) == (SubmissionState.FILED, 1)
    told = any(row.id == number for row in submission.outbox(rig.person.session).problems)
    assert told is reply.startswith("550")


@pytest.mark.parametrize("when", ["before", "inside", "literal", "during", "after"])
def test_the_promise_holds_wherever_the_copy_for_sent_is_cut_off(rig: Rig, when: str) -> None:
    for _ in range(RUNS):
        rig.proxy.cut("APPEND", when)
        rig.send()
        rig.work()
        hold(rig, "IMAP APPEND", f"cut {when}", automatic=True)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("write", range(1, WRITES + 1))
def test_the_promise_holds_at_whichever_write_the_worker_is_killed(rig: Rig, write: int, when: str) -> None:
    for _ in range(RUNS):
        rig.send()
        worker = rig.doomed((write, when))
        worker.join(30)
        assert worker.exitcode in (0, -signal.SIGKILL)
        # The third write is the one just before the final dot; with it nobody can know, unless it was never on disk.
        hold(rig, f"kill -9 at write {write}", when, automatic=(write, when) not in {(3, "after"), (4, "before")})


@pytest.mark.parametrize("step", [each for each in STEPS if each != "QUIT"])
def test_the_promise_holds_at_whichever_step_the_worker_is_killed(rig: Rig, step: str) -> None:
    for _ in range(RUNS):
        rig.send()
        killed: list[ForkServerProcess] = []
        rig.sink.at(step, lambda killed=killed: os.kill(killed[0].pid or 0, signal.SIGKILL))
        with paused(rig.sink):
            killed.append(rig.doomed())
        killed[0].join(30)
        assert killed[0].exitcode == -signal.SIGKILL
        hold(rig, f"kill -9 at {step}", "", automatic=step in (*BEFORE_THE_BODY, "body"))


@contextmanager
def paused(sink: SmtpSink) -> Iterator[None]:
    """Nothing happens at the sink before its action knows whom to kill."""
    sink.pause = 0.05
    yield
    sink.pause = 0.0


def test_two_workers_and_one_message_are_one_transaction(rig: Rig) -> None:
    for _ in range(max(3, RUNS)):
        rig.send()
        workers = [rig.doomed(), rig.doomed()]
        rig.work()
        for each in workers:
            each.join(30)
        hold(rig, "three workers", "at once", automatic=True)


@contextmanager
def failing(monkeypatch: pytest.MonkeyPatch, rig: Rig, write: int, error: WebmailError, *, until: int = 0) -> Iterator[None]:
    """The durable database takes all writes but one, or but those up to another."""
    database, seen = rig.person.gate.database, iter(range(1, 1_000_000))
    healthy = database.durable_write

    @contextmanager
    def counted() -> Iterator[Any]:
        number = next(seen)
        with healthy() as connection:
            yield connection
            if write <= number <= max(write, until):
                raise error

    with monkeypatch.context() as patched:
        patched.setattr(database, "durable_write", counted)
        yield


ERRORS: dict[str, Callable[[], WebmailError]] = {
    "disk full": lambda: StoreUnavailable("store_full"),
    "database locked": lambda: Conflict("store_busy"),
}


@pytest.mark.parametrize("what", ERRORS)
@pytest.mark.parametrize("write", range(1, WRITES + 1))
def test_the_promise_holds_at_whichever_write_the_database_refuses(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, write: int, what: str
) -> None:
    rig.send()
    with failing(monkeypatch, rig, write, ERRORS[what]()):
        rig.work()
    hold(rig, what, f"at write {write}", automatic=True)


@pytest.mark.parametrize("what", ERRORS)
@pytest.mark.parametrize("write", range(1, 4))
def test_what_cannot_be_stored_is_not_queued_and_the_same_form_sends_it_later(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, write: int, what: str
) -> None:
    given = rig.fields()
    with failing(monkeypatch, rig, write, ERRORS[what]()):
        first = tried(lambda: rig.send(given))
    assert first in (0, rig.send(given))
    rig.work()
    hold(rig, f"{what} at Send", f"at write {write}", automatic=True)


def tried(send: Callable[[], int]) -> int:
    """What came of it; 0 where the store said that it could not."""
    try:
        return send()
    except (Conflict, StoreUnavailable):
        return 0


def test_an_acceptance_is_stored_as_soon_as_the_disk_has_room_again(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.send()
    with failing(monkeypatch, rig, 4, StoreUnavailable("store_full"), until=6):
        rig.work()
    assert (rig.state, rig.taken(), rig.copies()) == (SubmissionState.FILED, 1, 1)


@pytest.mark.parametrize("write", [1, 2, 3])
def test_a_clock_that_is_set_back_a_year_after_a_kill_keeps_nothing_waiting(rig: Rig, write: int) -> None:
    rig.send()
    rig.doomed((write, "before" if write == 3 else "after")).join(30)
    year = 365 * 86_400 * 1_000_000
    with rig.person.gate.database.durable_write() as connection:
        connection.exec_driver_sql(f"UPDATE submissions SET claimed_until = claimed_until + {year} WHERE claimed_until > 0")
        connection.exec_driver_sql(
            f"UPDATE submissions SET due_at = due_at + {year}, updated_at = updated_at + {year}, created_at = created_at + {year}"
        )
    rig.work()
    assert rig.state is SubmissionState.FILED
    hold(rig, "clock set back", f"after write {write}", automatic=True)
