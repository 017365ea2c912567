"""Due work, and being woken for it."""

from __future__ import annotations

import socket
import stat
import threading
import time
from pathlib import Path

from tests.store import companion
from tests.store.samples import NOW, later
from webmail.account import AccountId
from webmail.store import jobs
from webmail.store.database import Database
from webmail.store.jobs import Job


def claim(database: Database, at: float, *, owner: str = "w1", seconds: float = 60) -> Job | None:
    return jobs.claim(database, kinds=["sync", "draft"], now=later(at), owner=owner, seconds=seconds)


def must_claim(database: Database, at: float, *, owner: str = "w1") -> Job:
    found = claim(database, at, owner=owner)
    assert found is not None
    return found


def test_work_is_claimed_when_it_is_due_and_gone_when_it_is_done(database: Database) -> None:
    jobs.put(database, kind="sync", account_id=5, key="a", due_at=later(10), payload={"mailbox": 3})
    assert jobs.pending(database, AccountId(5), "sync") == 1
    assert claim(database, 9) is None
    found = must_claim(database, 10)
    assert (found.kind, found.account_id, found.key, found.payload, found.attempts, found.due_at) == (
        "sync",
        5,
        "a",
        {"mailbox": 3},
        0,
        later(10),
    )
    assert claim(database, 11, owner="w2") is None
    jobs.done(database, found)
    assert claim(database, 10**6) is None


def test_wanting_the_same_work_twice_is_one_job_at_the_earlier_time(database: Database) -> None:
    for seconds in (10, 5, 20):
        jobs.put(database, kind="sync", account_id=5, due_at=later(seconds))
    assert claim(database, 4) is None
    jobs.done(database, must_claim(database, 5))
    assert claim(database, 100) is None


def test_accounts_and_keys_are_different_work(database: Database) -> None:
    jobs.put(database, kind="draft", account_id=5, key="a", due_at=NOW)
    jobs.put(database, kind="draft", account_id=5, key="b", due_at=NOW)
    jobs.put(database, kind="draft", account_id=6, key="a", due_at=NOW)
    jobs.put(database, kind="other", account_id=6, key="a", due_at=NOW)
    claimed = [must_claim(database, 1) for _ in range(3)]
    assert [(each.account_id, each.key) for each in claimed] == [(5, "a"), (5, "b"), (6, "a")]
    assert claim(database, 1) is None, "other kinds are for others"


def test_work_wanted_while_it_runs_is_done_once_more(database: Database) -> None:
    jobs.put(database, kind="sync", due_at=NOW)
    first = must_claim(database, 1)
    jobs.put(database, kind="sync", due_at=later(2))
    assert claim(database, 3, owner="w2") is None, "never two at once"
    jobs.done(database, first)
    jobs.done(database, must_claim(database, 3))
    assert claim(database, 10**6) is None


def test_work_put_back_is_due_later_or_when_it_was_wanted_meanwhile(database: Database) -> None:
    jobs.put(database, kind="sync", due_at=NOW)
    jobs.again(database, must_claim(database, 1), due_at=later(500))
    assert claim(database, 499) is None
    found = must_claim(database, 500)
    jobs.put(database, kind="sync", due_at=later(501))
    jobs.again(database, found, due_at=later(9999))
    jobs.done(database, must_claim(database, 501))


def test_failures_are_counted_until_it_works(database: Database) -> None:
    jobs.put(database, kind="sync", due_at=NOW)
    jobs.again(database, must_claim(database, 1), due_at=later(2), error="timeout")
    second = must_claim(database, 2)
    assert second.attempts == 1
    jobs.again(database, second, due_at=later(3), error="timeout")
    third = must_claim(database, 3)
    assert third.attempts == 2
    jobs.again(database, third, due_at=later(4))
    assert must_claim(database, 4).attempts == 0


def test_work_of_a_dead_worker_is_claimed_again(database: Database) -> None:
    jobs.put(database, kind="sync", due_at=NOW)
    lost = must_claim(database, 1)
    assert claim(database, 60, owner="w2") is None
    found = must_claim(database, 61, owner="w2")
    jobs.done(database, lost)
    jobs.again(database, lost, due_at=later(62))
    assert claim(database, 100, owner="w3") is None, "the first worker has no say any more"
    jobs.done(database, found)
    assert claim(database, 10**6) is None


def test_two_processes_do_each_of_200_jobs_exactly_once(database: Database) -> None:
    for n in range(200):
        jobs.put(database, kind="sync", key=str(n), due_at=NOW)
    others = [companion.start("claim_jobs", database.data_dir, owner) for owner in ("one", "two")]
    for other in others:
        companion.go(other)
    claimed = [companion.answer(other) for other in others]
    for other in others:
        companion.finish(other)
    assert len(claimed[0] + claimed[1]) == 200
    assert len({*claimed[0], *claimed[1]}) == 200
    assert all(claimed), "both had a share"


def test_a_waiter_is_woken_at_once(database: Database) -> None:
    with jobs.Waiter(database) as waiter:
        timer = threading.Timer(0.05, jobs.wake, [database])
        timer.start()
        before = time.monotonic()
        assert waiter.wait(10)
        assert time.monotonic() - before < 5
        timer.join()
        assert not waiter.wait(0.01)


def test_many_wake_ups_are_one_and_everybody_hears_them(database: Database) -> None:
    with jobs.Waiter(database) as first, jobs.Waiter(database) as second:
        for _ in range(2000):
            jobs.wake(database)
        assert first.wait(1)
        assert second.wait(1)
        assert not first.wait(0)


def test_a_wake_up_that_came_before_waiting_is_not_lost(database: Database) -> None:
    with jobs.Waiter(database) as waiter:
        jobs.wake(database)
        assert waiter.wait(0)


def test_the_sockets_are_ours_alone_and_gone_after_use(database: Database) -> None:
    with jobs.Waiter(database):
        (path,) = database.data_dir.glob("*.sock")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(database.data_dir.glob("*.sock")) == []
    jobs.wake(database)


def test_the_socket_of_a_dead_process_is_cleared_away(database: Database) -> None:
    left = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    left.bind(str(database.data_dir / "wakeup-1-dead.sock"))
    left.close()
    jobs.wake(database)
    assert list(database.data_dir.glob("*.sock")) == []


def test_a_deep_data_folder_can_be_woken_too(tmp_path: Path) -> None:
    database = Database.open(tmp_path / ("deep" * 20) / ("folder" * 10))
    with jobs.Waiter(database) as waiter:
        jobs.wake(database)
        assert waiter.wait(1)
    database.close()
