"""The index of a mailbox of 100,000: how fast it grows, what it costs, and how soon one change in it is noticed.

These run without a browser, against the same Dovecot: *raw* is what its own answers take on one authenticated connection.
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from benchmarks.letters import fill
from tests.servers.application import ROOT, Application
from tests.servers.dovecot import Dovecot
from tests.servers.person import Person, new_person
from webmail.account import Security, Server
from webmail.imap.arguments import Syntax
from webmail.imap.connection import Connection, connect
from webmail.mail import indexing, sync
from webmail.mail.session import connection
from webmail.store import mailboxes

HUGE = 100_000
CHANGES = 30


class Report(Protocol):
    """Where figures go."""

    def add(self, name: str, values: list[float], *, unit: str = "ms", reach: float | None = None) -> None: ...


@contextmanager
def _person(dovecot: Dovecot, count: int) -> Iterator[Person]:
    folder = Path(tempfile.mkdtemp(prefix="webmail-bench-"))
    found = new_person(dovecot, folder / "data", imap=Server("127.0.0.1", dovecot.imap, Security.NONE))
    with dovecot.side(found.username):
        pass
    maildir = dovecot.folder / "mail" / found.username / "Maildir"
    owner = maildir.stat()
    fill(maildir, count, owner=(owner.st_uid, owner.st_gid))
    with dovecot.side(found.username) as side:
        side.search(None, "ALL")
    found.sign_in()
    yield found
    found.close()
    shutil.rmtree(folder, ignore_errors=True)


def measure(report: Report) -> None:
    dovecot = Dovecot(Path(tempfile.mkdtemp(prefix="webmail-bench-dovecot-")))
    try:
        with _person(dovecot, HUGE) as person:
            person.page()
            _backfill(report, person)
            _notice(report, dovecot, person)
        with _person(dovecot, HUGE) as person:
            person.page()
            _by_the_worker(report, dovecot, person)
    finally:
        dovecot.stop()


def _backfill(report: Report, person: Person) -> None:
    """The headers alone, in bursts as the worker has them; server, index and this process share the machine."""
    began = time.monotonic()
    with connection(person.session) as lent:
        index = indexing.Index(person.gate.database, lent, person.mailbox())
        while not sync.backfill(index, seconds=2).complete:
            pass
    report.add("headers indexed, of 100,000", [HUGE / (time.monotonic() - began)], unit="messages/s", reach=3000)
    report.add("memory at the most meanwhile", [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024], unit="MB", reach=250)
    size = (person.gate.database.data_dir / "index.db").stat().st_size
    report.add("size of the index without words, a message", [size / HUGE], unit="octets")


def _by_the_worker(report: Report, dovecot: Dovecot, person: Person) -> None:
    """The worker as it is started, which gives words a share of its time."""
    servers = {"imap_host": "127.0.0.1", "imap_port": str(dovecot.imap), "imap_security": "none", "smtp_port": "1"}
    application = Application(person.gate.database.data_dir.parent, smtp_host="127.0.0.1", smtp_security="none", **servers)
    began = time.monotonic()
    with application.log.open("ab") as log:
        worker = subprocess.Popen(application.command("worker"), cwd=ROOT, env=application.environment, stdout=log, stderr=log)
    try:
        while not mailboxes.state(person.gate.database, person.mailbox().id).complete:
            time.sleep(0.2)
        report.add("headers indexed by the worker, words besides", [HUGE / (time.monotonic() - began)], unit="messages/s")
        status = Path(f"/proc/{worker.pid}/status").read_text()
        most = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
        report.add("memory of the worker at the most", [most / 1024], unit="MB", reach=250)
    finally:
        worker.terminate()
        worker.wait(timeout=20)


def _notice(report: Report, dovecot: Dovecot, person: Person) -> None:
    """One flag changed by another client, somewhere in the middle: found by the server's own answers, and by a sync."""
    raw = connect(person.gate.imap_server)
    raw.authenticate(dovecot.credentials(person.username))
    with connection(person.session, prefer=person.mailbox()) as lent, dovecot.side(person.username) as side:
        index = indexing.Index(person.gate.database, lent, person.mailbox())
        sync.update(index)

        def asked_raw() -> None:
            known = mailboxes.state(person.gate.database, index.mailbox.id)
            raw.command("STATUS", "INBOX", Syntax(b"(MESSAGES UIDNEXT HIGHESTMODSEQ)"))
            raw.select("INBOX", uidvalidity=known.uidvalidity, since=known.highestmodseq)
            raw.command("UID FETCH", Syntax(b"50000"), Syntax(b"(FLAGS)"))
            _leave(raw)

        def opened() -> None:
            sync.update(index)

        values = _each_change(side.store, asked_raw, opened, before=lambda: _leave(lent))
        report.add("one change in 100,000, raw (STATUS, SELECT QRESYNC, FETCH)", values[0])
        report.add("one change in 100,000, noticed when the mailbox is opened", values[1])
        over = [ours - theirs for theirs, ours in zip(*map(sorted, values), strict=True)]
        report.add("noticed later than raw by", over, reach=5)
        report.add("one change in 100,000, noticed on a kept connection", _each_change(side.store, asked_raw, opened)[1], reach=5)
    raw.close()


def _leave(lent: Connection) -> None:
    lent.command("UNSELECT")
    lent.forget_selection()


def _each_change(
    store: Callable[..., object], *measured: Callable[[], None], before: Callable[[], None] | None = None
) -> tuple[list[float], list[float]]:
    """The milliseconds of each way to notice, after each change; the last way is the one that settles it."""
    values: tuple[list[float], list[float]] = ([], [])
    for number in range(CHANGES):
        if before is not None:
            before()
        store("50000", "+FLAGS" if number % 2 else "-FLAGS", "(\\Flagged)")
        for kept, ask in zip(values, measured, strict=True):
            began = time.perf_counter()
            ask()
            kept.append((time.perf_counter() - began) * 1000)
    return values
