"""Truth: while another client does what it likes, every page at every pause says what the server says."""

from __future__ import annotations

import contextlib
import imaplib
import os
import random
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.servers.application import ROOT, Application
from tests.servers.dovecot import Dovecot
from tests.servers.person import Person, letter, new_person
from tests.servers.proxy import Proxy
from tests.servers.watcher import Watcher, arrive, wait_until
from webmail.account import Security, Server
from webmail.errors import WebmailError
from webmail.mail import filing, upkeep, watching
from webmail.mail.pages import Freshness, MailboxPage
from webmail.message.summary import Flag
from webmail.store import jobs

SECONDS = float(os.environ.get("TRUTH_SECONDS", "3"))
"""``make truth`` takes a minute for each."""
SEED = int(os.environ.get("TRUTH_SEED", "0"))
"""Another number lets everybody do something else."""
PAUSE_EVERY = 1.2
RATE = 10
"""What the other client does in a second."""
TOLD = 1.5
"""Seconds after which what has happened has been told to who watches, and was looked at: servers collect for half a second."""
LASTING = 6.0
"""On a machine with much else to do that takes longer; but what a watcher has not seen stays wrong for longer than this."""
KILLS = int(max(3, SECONDS / 3))
NAMES = ("INBOX", "Archive")
DEEDS = ("flag", "flag", "unflag", "append", "move", "expunge")
FLAGS = ("\\Seen", "\\Flagged", "\\Answered", "$Forwarded")


@dataclass
class Other:
    """Another client, which flags, moves, appends and expunges at random, but always the same."""

    person: Person
    chance: random.Random
    number: int = 1000
    next: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)

    def act(self) -> None:
        if not self.next:
            self.next = self.chance.sample(DEEDS, len(DEEDS))
        here, there = self.chance.sample(NAMES, 2)
        with self.person.side(here) as side:
            uids = [uid.decode() for uid in side.uid("SEARCH", "ALL")[1][0].split()]
            deed = self.next.pop()
            if not uids or deed == "append":
                self.number += 1
                side.append(here, "", None, letter(self.number))  # type: ignore[arg-type] # no date is a date of now
            elif deed in ("flag", "unflag"):
                some = ",".join(self.chance.sample(uids, min(len(uids), 4)))
                side.uid("STORE", some, "+FLAGS" if deed == "flag" else "-FLAGS", f"({self.chance.choice(FLAGS)})")
            else:
                one = self.chance.choice(uids)
                if deed == "move":
                    side.uid("COPY", one, there)
                side.uid("STORE", one, "+FLAGS", "(\\Deleted)")
                side.uid("EXPUNGE", one)
            self.done.append(deed)


def truth(person: Person, name: str) -> dict[str, frozenset[str]]:
    """Flags by what is unique in a row: subject and UID."""
    found = {}
    with person.host.side(person.username, name, readonly=True) as side:
        _, rows = side.fetch("1:*", "(UID FLAGS)") if side.untagged_responses.get("EXISTS") != [b"0"] else ("OK", [])
        for row in rows:
            if row is None:
                continue
            uid = row.decode().partition("UID ")[2].split()[0].rstrip(")")
            found[uid] = frozenset(each.decode() for each in imaplib.ParseFlags(row)) & frozenset(FLAGS)
    return found


def pages(person: Person, name: str) -> list[MailboxPage]:
    """All pages of a mailbox, one after the other."""
    found = [person.page(name)]
    while found[-1].next_cursor:
        found.append(person.page(name, cursor=found[-1].next_cursor))
    return found


def shown(person: Person, name: str) -> tuple[dict[str, frozenset[str]], int, int, bool]:
    """What the pages say: flags by UID, the total, the unread count, and whether they claim to be fresh and complete."""
    read = pages(person, name)
    rows = [row.message for page in read for row in page.rows]
    flags = {str(each.uid): each.flags & frozenset(FLAGS) for each in rows}
    assert len(flags) == len(rows), "a message is listed twice"
    return flags, read[-1].total, read[-1].unseen, all(page.freshness is Freshness.FRESH and page.progress == 100 for page in read)


def check(person: Person, *, patience: float = 0) -> None:
    """Compare every list with the server; a page that says it is not fresh or not complete is asked again."""
    until = time.monotonic() + patience
    for name in NAMES:
        there = truth(person, name)
        wrong = differences(certainly_shown(person, name), there)
        while wrong and time.monotonic() < until:
            time.sleep(0.1)
            wrong = differences(certainly_shown(person, name), there)
        assert not wrong, wrong


def differences(shown: tuple[dict[str, frozenset[str]], int, int], there: dict[str, frozenset[str]]) -> dict[str, object]:
    """What the pages say and what the server says, where that is not the same."""
    flags, total, unseen = shown
    told = {uid: (flags.get(uid), there.get(uid)) for uid in flags.keys() | there.keys()}
    counted = {"total": (total, len(there)), "unseen": (unseen, sum(Flag.SEEN not in each for each in there.values()))}
    return {name: (ours, theirs) for name, (ours, theirs) in (told | counted).items() if ours != theirs}


def certainly_shown(person: Person, name: str) -> tuple[dict[str, frozenset[str]], int, int]:
    """What the pages say as soon as they say that it is certain; no work is done but what they wait for."""
    for _ in range(30):
        *found, certain = shown(person, name)
        if certain:
            return found[0], found[1], found[2]
        with person.gate.database.durable_write() as connection:
            connection.exec_driver_sql("UPDATE jobs SET due_at = 0")  # The pauses after what failed are over.
        person.work()
        time.sleep(0.1)
    raise AssertionError("the list never becomes certain")


@contextlib.contextmanager
def upkeep_running(person: Person) -> Iterator[None]:
    """The worker's upkeep, in a thread."""
    stop = threading.Event()

    def keep_up() -> None:
        account = person.session.accounts[0].id
        while not stop.wait(0.1):
            jobs.put(person.gate.database, kind="sync", account_id=account, due_at=datetime.now(UTC))
            job = upkeep.claim(person.gate, owner="test")
            if job is not None:
                upkeep.run(person.gate, job)

    thread = threading.Thread(target=keep_up)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@contextlib.contextmanager
def others_at_work(other: Other, seconds: float) -> Iterator[threading.Event]:
    """Another client at work for some seconds; the event is set when it has paused."""
    quiet = threading.Event()

    def act() -> None:
        due = time.monotonic()
        until = due + seconds
        while due < until:
            time.sleep(max(0.0, due - time.monotonic()))
            other.act()
            due += 1 / RATE
        quiet.set()

    thread = threading.Thread(target=act)
    thread.start()
    yield quiet
    thread.join()


def live(person: Person, *, seed: int, disturb: Proxy | None = None, pause: float = 0) -> None:
    """Another client and ourselves at work at once, with a pause now and then in which everything is compared.

    Nobody looks after the index in the pauses but who watches: what was not seen must not be mended before it is compared.
    """
    chance = random.Random(SEED * 1000 + seed)
    other = Other(person, random.Random(SEED * 1000 + seed + 1))
    pauses, shown, cuts = max(2, round(SECONDS / PAUSE_EVERY)), 0, 0
    for name in NAMES:
        person.put([letter(number) for number in range(1, 61)], mailbox=name)
    for _ in range(pauses):
        with upkeep_running(person), others_at_work(other, PAUSE_EVERY) as quiet:
            while not quiet.is_set():
                with contextlib.suppress(WebmailError):
                    _ourselves(person, chance)
                shown += 1
                if disturb is not None and chance.random() < 0.15:
                    cuts += 1
                    disturb.cut_all() if chance.random() < 0.3 else disturb.cut(chance.choice(COMMANDS), chance.choice(MOMENTS))
        if disturb is not None:
            disturb.behave()
        time.sleep(pause)
        check(person, patience=LASTING if pause else 0)
    print(f"{len(other.done)} changes by another client, {shown} looks and actions of ours, {cuts} cuts, {pauses} pauses")
    assert {"flag", "append", "expunge", "move"} <= set(other.done)


COMMANDS = ("NOOP", "SELECT", "FETCH", "UID FETCH", "UID SEARCH", "UID STORE", "LIST", "IDLE", "NOTIFY")
MOMENTS = ("before", "during", "after")


def _ourselves(person: Person, chance: random.Random) -> None:
    """Look at a list, and sometimes flag or archive something in it."""
    name = chance.choice(NAMES)
    page = person.page(name)
    if not page.rows or chance.random() < 0.6:
        return
    some = [row.message.id for row in chance.sample(page.rows, min(3, len(page.rows)))]
    action = chance.choice(["seen", "unseen", "flag", "unflag", "move"])
    target = person.mailbox("Archive" if name == "INBOX" else "INBOX").id
    filing.act(person.session, action, ids=some, target=target)


@pytest.mark.parametrize("who", ["person", "counting_person", "plain_person", "pymap_person"])
def test_every_list_says_what_the_server_says(request: pytest.FixtureRequest, who: str) -> None:
    live(request.getfixturevalue(who), seed=1)


def test_every_list_says_what_the_server_says_when_lines_are_cut(behind: Person, proxy: Proxy) -> None:
    live(behind, seed=3, disturb=proxy)


@pytest.mark.parametrize("notify", [True, False])
def test_every_list_that_is_watched_says_what_the_server_says(
    behind: Person, proxy: Proxy, watch: Callable[[Person], Watcher], notify: bool
) -> None:
    proxy.withhold("NOTHING" if notify else "NOTIFY")
    behind.hang_up()
    watch(behind)
    live(behind, seed=4, pause=TOLD)


def test_every_list_that_is_watched_says_what_the_server_says_when_lines_are_cut(
    behind: Person, proxy: Proxy, watch: Callable[[Person], Watcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "PAUSES", (0, 0, 0, 0))
    watch(behind)
    live(behind, seed=5, disturb=proxy, pause=TOLD)


@contextlib.contextmanager
def worker(application: Application) -> Iterator[subprocess.Popen[bytes]]:
    """A worker in a process of its own, which listens for wake-ups by now; killed at the end."""
    with application.log.open("ab") as log:
        process = subprocess.Popen(application.command("worker"), cwd=ROOT, env=application.environment, stdout=log, stderr=log)
    try:
        wait_until(lambda: any((application.folder / "data").glob(f"wakeup-{process.pid}-*.sock")), 20)
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_worker_that_is_killed_again_and_again_changes_nothing(dovecot: Dovecot, tmp_path: Path) -> None:
    imap = {"imap_host": "127.0.0.1", "imap_port": str(dovecot.imap), "imap_security": "none"}
    smtp = {"smtp_host": "127.0.0.1", "smtp_port": "1", "smtp_security": "none"}
    person = new_person(dovecot, tmp_path / "data", imap=Server("127.0.0.1", dovecot.imap, Security.NONE))
    person.sign_in()
    arrive(person)
    application, chance = Application(tmp_path, **imap, **smtp), random.Random(SEED * 1000 + 6)
    other = Other(person, random.Random(SEED * 1000 + 7))
    for name in NAMES:
        person.fill([letter(number) for number in range(1, 2001)], mailbox="" if name == "INBOX" else name)
    for _ in range(KILLS):
        with worker(application), others_at_work(other, chance.uniform(0.3, 1.2)) as quiet:
            while not quiet.is_set():
                with contextlib.suppress(WebmailError):
                    _ourselves(person, chance)
        # The time is over for which the dead had claimed their work.
        with person.gate.database.durable_write() as connection:
            connection.exec_driver_sql("UPDATE jobs SET claimed_until = 0, due_at = 0")
        with person.gate.database.index_write() as connection:
            connection.exec_driver_sql("UPDATE mailbox_state SET lease_until = 0")
        for name in NAMES:
            assert {row.message.uid for row in person.page(name).rows} <= {int(uid) for uid in truth(person, name)}
    with worker(application):
        wait_until(lambda: all(person.page(name).progress == 100 for name in NAMES), 60)
        time.sleep(TOLD)
        check(person, patience=LASTING)
    check(person)
    person.close()
