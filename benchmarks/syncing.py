"""The index of a mailbox of 100,000: how fast it grows, what it costs, and how soon one change in it is noticed.

These run without a browser, against the same Dovecot: *raw* is what its own answers take on one authenticated connection.
"""

from __future__ import annotations

import resource
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.letters import fill
from benchmarks.report import Report
from tests.servers.dovecot import Dovecot
from tests.servers.person import Person, new_person
from webmail.account import Security, Server
from webmail.imap.arguments import Syntax
from webmail.imap.connection import connect
from webmail.mail import indexing, sync
from webmail.mail.session import connection

HUGE = 100_000
CHANGES = 40


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


def _notice(report: Report, dovecot: Dovecot, person: Person) -> None:
    """One flag changed by another client, somewhere in the middle: found by the server's own answers, and by a sync."""
    raw = connect(person.gate.imap_server)
    raw.authenticate(dovecot.credentials(person.username))
    with connection(person.session, prefer=person.mailbox()) as lent, dovecot.side(person.username) as side:
        index = indexing.Index(person.gate.database, lent, person.mailbox())
        known = sync.update(index)

        def asked() -> None:
            raw.command("STATUS", "INBOX", Syntax(b"(MESSAGES UIDNEXT HIGHESTMODSEQ)"))
            raw.forget_selection()
            raw.select("INBOX", uidvalidity=known.uidvalidity, since=known.highestmodseq)
            raw.command("UID FETCH", Syntax(b"50000"), Syntax(b"(FLAGS)"))

        def ours() -> None:
            sync.update(index)

        def left() -> None:
            for each in (raw, lent):
                each.command("UNSELECT")
                each.forget_selection()

        asked()
        for how, before in (("when the mailbox is opened", left), ("on a kept connection", None)):
            there, here = _each_change(side.store, asked, ours, before=before)
            report.add(f"one change in 100,000 told raw (STATUS, SELECT QRESYNC, FETCH) {how}", there)
            report.add(f"one change in 100,000 noticed {how}", here)
            report.add(f"noticed later than raw {how}", [statistics.median(here) - statistics.median(there)], reach=5)
    raw.close()


def _each_change(
    store: Callable[..., object], theirs: Callable[[], None], ours: Callable[[], None], *, before: Callable[[], None] | None = None
) -> tuple[list[float], list[float]]:
    """The milliseconds of both ways to notice each change. Who comes first pays for what the server finds out once, so they take turns."""
    there: list[float] = []
    here: list[float] = []
    for number in range(CHANGES):
        if before is not None:
            before()
        store("50000", "+FLAGS" if number // 2 % 2 else "-FLAGS", "(\\Flagged)" if number % 2 else "(\\Answered)")
        for kept, ask in ((there, theirs), (here, ours))[:: 1 if number % 2 else -1]:
            began = time.perf_counter()
            ask()
            kept.append((time.perf_counter() - began) * 1000)
    return there, here
