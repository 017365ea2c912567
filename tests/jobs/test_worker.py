"""The worker as a process of its own: killed at any moment it loses nothing and sends nothing twice."""

from __future__ import annotations

import random
import re
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.servers.application import ROOT, Application
from tests.servers.dovecot import Dovecot
from tests.servers.person import Person, letter, new_person
from tests.servers.smtp_sink import SmtpSink
from webmail.account import Security, Server
from webmail.mail import drafts, submission
from webmail.mail.drafts import DraftFields
from webmail.mail.outbox_pages import SubmissionState
from webmail.store import mailboxes, outgoing

UNDERWAY = {SubmissionState.QUEUED, SubmissionState.SUBMITTING, SubmissionState.HANDING_OVER, SubmissionState.ACCEPTED}
MESSAGE_ID = re.compile(rb"^Message-ID: (\S+)", re.MULTILINE | re.IGNORECASE)


def message_id(octets: bytes) -> str:
    found = MESSAGE_ID.search(octets)
    assert found is not None, octets[:500]
    return found[1].decode()


class House:
    """A person, the submission server they use, and workers in processes of their own on the same data folder."""

    def __init__(self, person: Person, sink: SmtpSink, application: Application) -> None:
        self.person, self.sink, self.application = person, sink, application
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self) -> subprocess.Popen[bytes]:
        """A worker that listens for wake-ups, which is the last thing it does before it works."""
        with self.application.log.open("ab") as log:
            worker = subprocess.Popen(
                self.application.command("worker"), cwd=ROOT, env=self.application.environment, stdout=log, stderr=log
            )
        self.running.append(worker)
        data = self.application.folder / "data"
        wait_until(lambda: worker.poll() is not None or any(data.glob(f"wakeup-{worker.pid}-*.sock")), 20)
        assert worker.poll() is None, self.application.log.read_text()
        return worker

    def kill(self, worker: subprocess.Popen[bytes]) -> None:
        """Kill a worker at once; then let the time be over for which it had claimed its work."""
        worker.kill()
        worker.wait()
        time.sleep(0.1)  # For the servers, to carry out what they have been told.
        with self.person.gate.database.durable_write() as connection:
            connection.exec_driver_sql("UPDATE submissions SET claimed_until = 0")
            connection.exec_driver_sql("UPDATE jobs SET claimed_until = 0, due_at = 0")
        with self.person.gate.database.index_write() as connection:
            connection.exec_driver_sql("UPDATE mailbox_state SET lease_until = 0")

    def send(self, number: int) -> int:
        fields = DraftFields(key=drafts.new_key(), to="jonas@example.net", subject=f"Number {number}", text="Early train please.")
        return submission.queue(self.person.session, fields, now=datetime.now(UTC), hold=timedelta(0))

    def states(self) -> dict[str, SubmissionState]:
        """The state of each submission, by Message-ID."""
        found = outgoing.of_account(self.person.gate.database, self.person.session.accounts[0].id, limit=100)
        return {each.message_id_field: SubmissionState(each.state) for each in found}

    def accepted(self) -> Counter[str]:
        """How often the submission server has taken each Message-ID."""
        return Counter(message_id(taken.content) for taken in self.sink.messages)

    def filed(self) -> Counter[str]:
        """How often each Message-ID is in Sent."""
        with self.person.side("Sent") as side:
            answer = side.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])")[1] if self.person.truth("Sent") else []
        return Counter(message_id(row[1]) for row in answer if isinstance(row, tuple))

    def settled(self) -> bool:
        return not UNDERWAY & set(self.states().values())


def wait_until(true: Callable[[], bool], seconds: float) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "this takes too long"
        time.sleep(0.02)


@contextmanager
def _house(dovecot: Dovecot, sink: SmtpSink, folder: Path) -> Iterator[House]:
    imap = Server("127.0.0.1", dovecot.imap, Security.NONE)
    person = new_person(dovecot, folder / "data", imap=imap, smtp=sink.server(host="127.0.0.1"))
    person.sign_in()
    settings = {"imap_host": "127.0.0.1", "imap_port": str(dovecot.imap), "imap_security": "none"}
    settings |= {"smtp_host": "127.0.0.1", "smtp_port": str(sink.port), "smtp_security": "none"}
    house = House(person, sink, Application(folder, **settings))
    yield house
    for worker in house.running:
        worker.kill()
        worker.wait()
    person.close()


@pytest.fixture
def house(dovecot: Dovecot, smtp_sink: SmtpSink, tmp_path: Path) -> Iterator[House]:
    with _house(dovecot, smtp_sink, tmp_path) as one:
        yield one


def test_a_message_without_hold_is_handed_over_at_once(house: House) -> None:
    house.start()
    time.sleep(1.2)  # Until it has nothing to do but wait.
    begun = time.monotonic()
    house.send(1)
    wait_until(lambda: bool(house.sink.messages), 1.5)
    assert time.monotonic() - begun < 1.5
    wait_until(house.settled, 30)
    assert list(house.states().values()) == [SubmissionState.FILED]


@pytest.mark.timeout(300)  # Eleven processes are started, one after the other.
def test_a_worker_killed_at_any_moment_loses_nothing_and_sends_nothing_twice(house: House) -> None:
    chance = random.Random(20260301)
    house.sink.pause = 0.08
    for round in range(10):
        house.send(2 * round)
        house.send(2 * round + 1)
        worker = house.start()
        time.sleep(chance.uniform(0.1, 0.8))
        house.kill(worker)
    house.start()
    wait_until(house.settled, 30)
    states, accepted, filed = house.states(), house.accepted(), house.filed()
    assert len(states) == 20
    assert set(accepted.values()) == {1}
    assert set(states.values()) <= {SubmissionState.FILED, SubmissionState.UNCLEAR}
    assert [each for each, state in states.items() if state is SubmissionState.FILED and not accepted[each]] == []
    assert filed == Counter([each for each, state in states.items() if state is SubmissionState.FILED])
    assert not set(accepted) - set(states)


def test_two_workers_send_each_message_once(house: House) -> None:
    house.sink.pause = 0.01
    house.start()
    house.start()
    for number in range(20):
        house.send(number)
    wait_until(house.settled, 30)
    assert set(house.states().values()) == {SubmissionState.FILED}
    assert house.accepted() == house.filed() == Counter(list(house.states()))


def test_a_worker_ends_soon_also_while_it_waits_for_the_answer_to_the_dot(house: House) -> None:
    house.sink.hang("dot", kept=True)
    worker = house.start()
    house.send(1)
    wait_until(lambda: bool(house.sink.taken), 30)
    begun = time.monotonic()
    worker.terminate()
    assert worker.wait(10) == 0
    assert time.monotonic() - begun < 5
    assert list(house.states().values()) == [SubmissionState.HANDING_OVER]
    house.kill(worker)
    house.start()
    wait_until(house.settled, 30)
    assert list(house.states().values()) == [SubmissionState.UNCLEAR]
    assert len(house.sink.messages) == 1


def test_a_backfill_killed_twice_comes_to_its_end(house: House) -> None:
    person = house.person
    person.fill([letter(number) for number in range(1, 2401)])
    person.page()
    inbox = person.mailbox().id
    for enough in (600, 1500):
        worker = house.start()
        wait_until(lambda least=enough: mailboxes.state(person.gate.database, inbox).indexed > least, 20)
        house.kill(worker)
    house.start()
    wait_until(lambda: mailboxes.state(person.gate.database, inbox).complete, 30)
    state = mailboxes.state(person.gate.database, inbox)
    assert (state.indexed, state.exists, person.page().progress) == (2400, 2400, 100)
