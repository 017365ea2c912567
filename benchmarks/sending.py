"""Sending: how much later than by smtplib alone a message is handed over, and a thousand that are due at once for two workers.

`python -m benchmarks.sending` runs these alone. The submission server is the sink of the tests, on loopback, without a pause; the
worker is a process of its own, as `make serve` runs it. *smtplib* hands the same octets to the same server, from connecting to
the last answer.
"""

from __future__ import annotations

import logging
import os
import smtplib
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from itertools import pairwise
from pathlib import Path

from benchmarks.house import Served, worker
from benchmarks.report import Report
from tests.servers.dovecot import Dovecot
from tests.servers.person import Person, new_person
from tests.servers.smtp_sink import SmtpSink
from webmail.account import Security, Server
from webmail.mail import drafts, submission
from webmail.mail.drafts import DraftFields
from webmail.store import jobs

TURNS = int(os.environ.get("BENCH_SENDING", "40"))
MANY = 1_000
PATIENCE = 300.0


@dataclass
class Office:
    """Two people on one data folder, the submission server, and the application whose workers send."""

    people: tuple[Person, Person]
    sink: SmtpSink
    application: Served

    def send(self, person: Person, subject: str, *, hold: timedelta = timedelta(0)) -> int:
        fields = DraftFields(key=drafts.new_key(), to="jonas@example.net", subject=subject, text="Early train please.\n" * 50)
        return submission.queue(person.session, fields, now=datetime.now(UTC), hold=hold)


@contextmanager
def office() -> Iterator[Office]:
    dovecot = Dovecot(Path(tempfile.mkdtemp(prefix="webmail-bench-dovecot-")))
    with tempfile.TemporaryDirectory(prefix="webmail-bench-") as folder, SmtpSink() as sink:
        imap = Server("127.0.0.1", dovecot.imap, Security.NONE)
        people = [new_person(dovecot, Path(folder) / "data", imap=imap, smtp=sink.server(host="127.0.0.1")) for _ in range(2)]
        for each in people:
            each.sign_in()
        settings = {"imap_host": "127.0.0.1", "imap_port": str(dovecot.imap), "imap_security": "none"}
        settings |= {"smtp_host": "127.0.0.1", "smtp_port": str(sink.port), "smtp_security": "none"}
        try:
            yield Office((people[0], people[1]), sink, Served(Path(folder), worker="external", **settings))
        finally:
            for each in people:
                each.close()
            dovecot.stop()


def measure(report: Report) -> None:
    """Every row of sending."""
    logging.getLogger("mail.log").setLevel(logging.ERROR)  # The sink warns of itself with each message.
    with office() as one:
        with worker(one.application):
            _ready(one)
            ours, theirs = _handed_over(one)
        above = [each - statistics.median(theirs) for each in ours]
        report.add("queue to the server's 250, above smtplib", above, reach=100, beside={"smtplib": theirs})
        _many(report, one)


def _ready(one: Office) -> None:
    one.send(one.people[0], "the first")
    _until(lambda: bool(one.sink.messages))
    time.sleep(2)


def _handed_over(one: Office) -> tuple[list[float], list[float]]:
    """Milliseconds of our way and of smtplib's, in turn."""
    ours: list[float] = []
    theirs: list[float] = []
    for turn in range(TURNS):
        one.sink.taken.clear()
        begun = time.perf_counter()
        one.send(one.people[0], f"number {turn}")
        _until(lambda: bool(one.sink.messages))
        ours.append((time.perf_counter() - begun) * 1000)
        octets = one.sink.messages[0].content
        time.sleep(0.3)  # For the copy in Sent.
        begun = time.perf_counter()
        with smtplib.SMTP("127.0.0.1", one.sink.port) as talk:
            talk.sendmail("robin@example.org", ["jonas@example.net"], octets)
            theirs.append((time.perf_counter() - begun) * 1000)
    return ours, theirs


def _many(report: Report, one: Office) -> None:
    """A thousand of two people, all due at the same moment, for two workers."""
    one.sink.taken.clear()
    for number in range(MANY):
        one.send(one.people[number % 2], f"{number:04d}", hold=timedelta(days=1))
    _due_now(one.people[0])
    with worker(one.application), worker(one.application):
        _until(lambda: bool(one.sink.messages))
        begun = time.perf_counter()
        _until(lambda: len(one.sink.messages) >= MANY)
        seconds = time.perf_counter() - begun
        _until(lambda: _unfinished(one.people[0]) == 0)
        filed = time.perf_counter() - begun
    subjects = [str(message_from_bytes(each.content)["Subject"]) for each in one.sink.messages]
    times = Counter(subjects)
    orders = [[each for each in subjects if int(each) % 2 == who] for who in (0, 1)]
    wrong = sum(before > after for order in orders for before, after in pairwise(order))
    report.add("1,000 due at once, two workers: the last one sent after", [seconds], unit="s")
    report.add("1,000 due at once, two workers: the last copy in Sent after", [filed], unit="s")
    report.add("of these never sent", [float(MANY - len(times))], unit="messages", reach=0)
    report.add("of these sent twice", [float(sum(count > 1 for count in times.values()))], unit="messages", reach=0)
    report.add("of these before one that was due earlier", [float(wrong)], unit="messages", reach=0)
    copies = sum(each.truth("Sent") for each in one.people)
    report.add("copies in Sent too many or too few", [float(abs(copies - len(times) - TURNS - 1))], unit="messages", reach=0)


def _due_now(person: Person) -> None:
    with person.gate.database.durable_write() as connection:
        connection.exec_driver_sql("UPDATE submissions SET due_at = updated_at WHERE state = 'queued'")
    jobs.wake(person.gate.database)


def _unfinished(person: Person) -> int:
    with person.gate.database.durable() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM submissions WHERE state <> 'filed'").scalar_one())


def _until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > until:
            raise RuntimeError("this takes too long")
        time.sleep(0.0005)


if __name__ == "__main__":
    measure(Report())
