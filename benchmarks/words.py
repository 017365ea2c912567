"""Full text: how fast the worker indexes messages of 3 kB, how large the index gets, and how fast words are found in it."""

from __future__ import annotations

import os
import random
import resource
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.language import Language, fill
from benchmarks.report import Report
from tests.servers.dovecot import Dovecot
from tests.servers.person import Person, new_person
from webmail.imap.connection import Connection
from webmail.mail import sync, wording
from webmail.mail.session import connection
from webmail.store import fts5

MESSAGES = int(os.environ.get("BENCH_MESSAGES", "20000"))
OCTETS = 3000


def know_headers(person: Person) -> None:
    """Index everything but the words."""

    def step(lent: Connection) -> bool:
        return sync.backfill(sync.Index(person.gate.database, lent, person.mailbox())).complete

    with connection(person.session, prefer=person.mailbox()) as lent:
        sync.update(sync.Index(person.gate.database, lent, person.mailbox()))
        while not step(lent):
            pass


def find(person: Person, match: str, *, limit: int = 50) -> float:
    """The milliseconds until the newest messages that match are known."""
    query = (
        "SELECT m.id FROM words JOIN documents d ON d.id = words.rowid JOIN messages m ON m.id = d.message_id "
        "WHERE words MATCH ? ORDER BY words.rowid DESC LIMIT ?"
    )
    mine = f'"{fts5.account_word(person.session.accounts[0].id)}" AND {match}'
    start = time.perf_counter()
    with person.gate.database.index() as reading:
        reading.exec_driver_sql(query, (mine, limit)).all()
    return (time.perf_counter() - start) * 1000


def queries(language: Language) -> dict[str, Sequence[str]]:
    """What is looked for, each kind a few hundred times."""
    chance = random.Random(11)
    some = [chance.choice(language.vocabulary[: 10 ** chance.randint(1, 4)]) for _ in range(200)]
    common = language.vocabulary[:20]
    return {
        "a common word": common * 10,
        "any word": some,
        "a phrase": [f'"{one} {other}"' for one, other in zip(common * 10, some, strict=True)],
        "a phrase of two Chinese characters": [f'"{" ".join(chance.choices(language.han[:300], k=2))}"' for _ in range(200)],
        "a beginning of three letters": [f"{each[:3]}*" for each in some if len(each) > 2],
        "three words and a sender": [
            f"{common[number % 7]} AND {common[number % 11]} AND {each} AND sender:{language.vocabulary[100 + number]}"
            for number, each in enumerate(some)
        ],
    }


def measure(report: Report) -> None:
    """One mailbox of messages of 3 kB: indexed, weighed, searched."""
    language = Language(random.Random(3))
    with tempfile.TemporaryDirectory(prefix="webmail-bench-") as folder:
        dovecot = Dovecot(Path(tempfile.mkdtemp(prefix="webmail-bench-dovecot-")))
        try:
            person = new_person(dovecot, Path(folder) / "data")
            person.password = "secret"
            person.sign_in()
            maildir = dovecot.folder / "mail" / person.username / "Maildir"
            with person.side():
                owner = maildir.stat()
            text = fill(maildir, language, MESSAGES, octets=OCTETS, owner=(owner.st_uid, owner.st_gid))
            report.add("header backfill", [_rate(lambda: know_headers(person))], unit="messages/s")
            rate = _rate(lambda: _index(person))
            report.add("full text of messages of 3 kB", [rate], unit="messages/s", reach=800)
            report.add("memory while indexing", [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024], unit="MB", reach=250)
            person.gate.database.close()
            size = (Path(folder) / "data" / "index.db").stat().st_size
            report.add("index against the text plus 2 kB a message", [size / (1.3 * text + 2048 * MESSAGES)], unit="times", reach=1)
            for name, matches in queries(language).items():
                for each in matches[:5]:
                    find(person, each)
                report.add(f"{name} among {MESSAGES:,}, newest 50", [find(person, each) for each in matches])
            person.close()
        finally:
            dovecot.stop()


def _index(person: Person) -> None:
    while wording.run(person.session, seconds=2) is not None:
        pass


def _rate(work: object) -> float:
    assert callable(work)
    start = time.monotonic()
    work()
    return MESSAGES / (time.monotonic() - start)


def main() -> None:
    report = Report()
    measure(report)
    print(f"# written to {report.path}")


if __name__ == "__main__":
    main()
