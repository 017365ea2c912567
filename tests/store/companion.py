"""Another process that uses the same store: ``python -m tests.store.companion <what> <data folder> <owner> <url>``.

It says ``ready`` and waits for a line on its standard input before it begins; what it did it prints as JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

from sqlalchemy import insert, select

from tests.servers.postgresql import known_url
from tests.store.samples import NOW
from webmail.account import AccountId
from webmail.mailbox import MailboxId
from webmail.store import jobs, mailboxes, outgoing
from webmail.store.database import Database
from webmail.store.schema import submissions, users

ROOT = Path(__file__).parents[2]
TURN = 0.001
"""Seconds between two grabs, in which the other process gets its turn."""


def start(what: str, data_dir: Path, owner: str = "") -> subprocess.Popen[str]:
    """Start a companion and wait until it is ready."""
    command = [sys.executable, "-m", "tests.store.companion", what, str(data_dir), owner, known_url(data_dir)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def answer(process: subprocess.Popen[str]) -> list[int]:
    assert process.stdout is not None
    found: list[int] = json.loads(process.stdout.readline())
    return found


def finish(process: subprocess.Popen[str]) -> None:
    process.communicate(timeout=30)


def claim_submissions(database: Database, owner: str) -> list[int]:
    """Claim and end one after the other; where it is not our turn, the other process has one at this moment."""
    claimed = []
    now = NOW + timedelta(seconds=60)
    while _some_wait(database):
        found = outgoing.claim_due(database, now=now, owner=owner, seconds=60)
        if found is not None:
            claimed.append(found.id)
            outgoing.transition(database, found.id, owner=owner, expect=found.state, to="failed", now=now)
        time.sleep(TURN)
    return claimed


def _some_wait(database: Database) -> bool:
    with database.durable() as connection:
        return connection.execute(select(submissions.c.id).where(submissions.c.state == "queued").limit(1)).first() is not None


def claim_jobs(database: Database, owner: str) -> list[int]:
    claimed = []
    while (found := jobs.claim(database, kinds=["sync"], now=NOW + timedelta(seconds=60), owner=owner, seconds=60)) is not None:
        claimed.append(found.id)
        jobs.done(database, found)
        time.sleep(TURN)
    return claimed


def cancel_submissions(database: Database, owner: str) -> list[int]:
    account_id = AccountId(int(owner))
    cancelled = []
    for each in outgoing.of_account(database, account_id, limit=1000):
        if outgoing.change(database, each.id, expect=outgoing.CANCELLABLE, to="cancelled", now=NOW + timedelta(seconds=60)):
            cancelled.append(each.id)
        time.sleep(TURN)
    return cancelled


def hold_transaction(database: Database, owner: str) -> list[int]:
    with database.durable_write() as connection:
        connection.execute(insert(users).values(name=owner, created_at=0))
        print("[]", flush=True)
        sys.stdin.readline()
    return []


def watch_state(database: Database, owner: str) -> list[int]:
    """Look at a mailbox, wait, look again, and take its lease."""
    mailbox_id = MailboxId(int(owner))
    print(json.dumps([mailboxes.state(database, mailbox_id).uidvalidity]), flush=True)
    sys.stdin.readline()
    after = mailboxes.state(database, mailbox_id).uidvalidity
    return [after, int(mailboxes.lease(database, mailbox_id, owner="companion", now=NOW, seconds=60))]


def main(what: str, data_dir: str, owner: str, url: str) -> None:
    actions = {each.__name__: each for each in (claim_submissions, claim_jobs, cancel_submissions, hold_transaction, watch_state)}
    database = Database.open(Path(data_dir), url=url)
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(actions[what](database, owner)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
