"""Connections are kept, lent to one borrower at a time, and dropped when they break."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.imap.letters import letter
from tests.servers.dovecot import Dovecot
from tests.servers.proxy import Proxy
from tests.servers.scripted import SIGNS_IN, SILENCE, Rule, Scripted
from webmail.account import Account, AccountId, Credentials, UserId
from webmail.errors import AuthenticationFailed, NotFound, ServerUnavailable
from webmail.imap import fetch
from webmail.imap import pool as pool_module
from webmail.imap.connection import Connection, connect
from webmail.imap.pool import Pool
from webmail.message.summary import Uid

SECRET = Credentials("alice", "secret")


@pytest.fixture
def pool() -> Iterator[Pool]:
    one = Pool(limit=3)
    yield one
    one.close()


@pytest.fixture
def account(scripted: Callable[..., Scripted]) -> Account:
    return _account(scripted())


def _account(server: Scripted, number: int = 1) -> Account:
    return Account(AccountId(number), UserId(1), "alice", server.server(), server.server())


def _secret() -> Credentials:
    return SECRET


def _nobody_asks() -> Credentials:
    raise AssertionError("a new connection is made where one was idle")


def test_a_connection_is_lent_and_lent_again(pool: Pool, account: Account) -> None:
    with pool.borrow(account, _secret) as first:
        first.noop()
    with pool.borrow(account, _nobody_asks) as second:
        assert second is first


def test_making_a_pool_starts_nothing() -> None:
    before = threading.active_count()
    one = Pool()
    assert threading.active_count() == before
    one.close()


def test_the_connection_that_has_the_mailbox_open_is_preferred(pool: Pool, account: Account) -> None:
    with pool.borrow(account, _secret) as first, pool.borrow(account, _secret) as second, pool.borrow(account, _secret) as third:
        first.select("INBOX")
        second.select("Sent")
        assert len({id(first), id(second), id(third)}) == 3
    for name, wanted in (("Sent", second), ("INBOX", first), ("Drafts", third), ("Sent", second)):
        with pool.borrow(account, _nobody_asks, prefer=name) as lent:
            assert lent is wanted


def test_no_more_than_the_limit_are_open(pool: Pool, scripted: Callable[..., Scripted]) -> None:
    server = scripted()
    account = _account(server)
    with pool.borrow(account, _secret), pool.borrow(account, _secret), pool.borrow(account, _secret) as third:
        started = time.monotonic()
        with pytest.raises(ServerUnavailable, match="busy"), pool.borrow(account, _secret, wait=0.2):
            pass
        assert 0.15 < time.monotonic() - started < 2
        # Another account has connections of its own.
        with pool.borrow(_account(server, 2), _secret):
            pass
        # Whoever waits gets the first that comes back.
        got: list[Connection] = []

        def wait_for_one() -> None:
            with pool.borrow(account, _nobody_asks, wait=5) as lent:
                got.append(lent)

        waiting = threading.Thread(target=wait_for_one)
        waiting.start()
        time.sleep(0.05)
        assert not got
    waiting.join(5)
    assert got == [third]
    assert server.connections == 4


def test_a_connection_that_broke_is_dropped(pool: Pool, scripted: Callable[..., Scripted]) -> None:
    server = scripted([("NOOP", SILENCE), *SIGNS_IN])
    quick = Pool(limit=1, timeout=0.2)
    account = _account(server)
    with pytest.raises(ServerUnavailable, match="timeout"), quick.borrow(account, _secret) as lent:
        lent.noop()
    assert not lent.usable
    with quick.borrow(account, _secret) as other:
        assert other is not lent
    assert server.connections == 2
    quick.close()


def test_an_error_that_is_no_fault_of_the_connection_keeps_it(pool: Pool, account: Account) -> None:
    with pytest.raises(NotFound), pool.borrow(account, _secret) as first:
        raise NotFound("message")
    with pool.borrow(account, _nobody_asks) as second:
        assert second is first


def test_credentials_that_are_refused_take_no_place(pool: Pool, scripted: Callable[..., Scripted]) -> None:
    server = scripted([("AUTHENTICATE", b"{tag} NO wrong\r\n"), *SIGNS_IN])
    for _ in range(5):
        with pytest.raises(AuthenticationFailed), pool.borrow(_account(server), _secret, wait=0.1):
            pass


def test_a_connection_idle_for_long_is_asked_before_it_is_lent(
    pool: Pool, scripted: Callable[..., Scripted], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = scripted()
    account = _account(server)
    with pool.borrow(account, _secret):
        pass
    with pool.borrow(account, _nobody_asks):
        pass
    assert "NOOP" not in server.commands
    monkeypatch.setattr(pool_module, "TRUSTED_SECONDS", 0.0)
    with pool.borrow(account, _nobody_asks):
        pass
    assert "NOOP" in server.commands


def test_a_connection_the_server_forgot_is_replaced_unseen(
    pool: Pool, dovecot: Dovecot, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    username = dovecot.new_user()
    account = Account(AccountId(1), UserId(1), username, proxy.server(), proxy.server())
    with pool.borrow(account, lambda: dovecot.credentials(username)) as first:
        first.select("INBOX")
    proxy.cut_all()
    monkeypatch.setattr(pool_module, "TRUSTED_SECONDS", 0.0)
    with pool.borrow(account, lambda: dovecot.credentials(username), prefer="INBOX") as second:
        second.noop()
        assert second is not first


def test_connections_nobody_uses_are_closed(scripted: Callable[..., Scripted]) -> None:
    server = scripted()
    one = Pool(limit=3, idle_seconds=0.05)
    with one.borrow(_account(server), _secret) as first, one.borrow(_account(server), _secret):
        pass
    time.sleep(0.1)
    with one.borrow(_account(server, 2), _secret):
        pass
    assert not first.usable
    one.close()


def test_a_connection_opened_elsewhere_is_adopted(pool: Pool, account: Account) -> None:
    connection = connect(account.imap)
    connection.authenticate(SECRET)
    pool.adopt(account.id, connection)
    with pool.borrow(account, _nobody_asks) as lent:
        assert lent is connection
    for _ in range(5):
        extra = connect(account.imap)
        pool.adopt(account.id, extra)
    assert not connection.usable
    assert extra.usable


def test_closing_an_account_ends_what_is_idle_now_and_what_is_lent_when_it_comes_back(pool: Pool, account: Account) -> None:
    with pool.borrow(account, _secret) as lent:
        with pool.borrow(account, _secret) as idle:
            pass
        pool.close_account(account.id)
        assert not idle.usable
        assert lent.usable
    assert not lent.usable
    pool.close_account(AccountId(99))


def test_alerts_are_kept_for_the_account(pool: Pool, scripted: Callable[..., Scripted]) -> None:
    rules: list[Rule] = [("NOOP", b"{tag} OK [ALERT] Disk full\r\n"), *SIGNS_IN]
    account = _account(scripted(rules))
    for _ in range(2):
        with pool.borrow(account, _secret) as lent:
            lent.noop()
    assert pool.take_alerts(account.id) == ("Disk full",)
    assert pool.take_alerts(account.id) == ()
    assert pool.take_alerts(AccountId(99)) == ()


def test_work_goes_on_beside_a_request(pool: Pool) -> None:
    running = pool.beside(lambda left, *, right: left + right, 20, right=22)
    assert running.result(5) == 42
    with pytest.raises(NotFound):
        pool.beside(_fails).result(5)


def _fails() -> None:
    raise NotFound("message")


def test_many_threads_never_share_a_connection(pool: Pool, dovecot: Dovecot) -> None:
    username = dovecot.new_user()
    dovecot.put(username, [letter(number) for number in range(1, 4)])
    account = Account(AccountId(1), UserId(1), username, dovecot.server(), dovecot.server())
    lent_now: set[int] = set()
    seen: set[int] = set()
    wrong: list[object] = []
    start = threading.Barrier(8)

    def work(number: int) -> None:
        start.wait()
        for turn in range(25):
            with pool.borrow(account, lambda: dovecot.credentials(username), prefer="INBOX", wait=30) as lent:
                if id(lent) in lent_now:
                    wrong.append("shared")
                lent_now.add(id(lent))
                seen.add(id(lent))
                lent.select("INBOX")
                uid = Uid(1 + (number + turn) % 3)
                if fetch.summaries(lent, [uid])[0].envelope.subject != f"Letter {uid}":
                    wrong.append(uid)
                lent_now.discard(id(lent))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []
    assert len(seen) <= 3


def test_a_child_process_starts_with_connections_of_its_own(pool: Pool, dovecot: Dovecot) -> None:
    username = dovecot.new_user()
    account = Account(AccountId(1), UserId(1), username, dovecot.server(), dovecot.server())
    with pool.borrow(account, lambda: dovecot.credentials(username)) as before:
        before.select("INBOX")
    child = os.fork()
    if child == 0:
        status = 1
        try:
            with pool.borrow(account, lambda: dovecot.credentials(username)) as own:
                own.noop()
                status = 0 if own is not before and not before.usable else 2
            pool.close()
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    with pool.borrow(account, _nobody_asks) as after:
        after.noop()
        assert after is before


def test_the_server_of_the_account_is_the_one_used(pool: Pool, scripted: Callable[..., Scripted]) -> None:
    first, second = scripted(), scripted()
    account = _account(first)
    with pool.borrow(account, _secret):
        pass
    pool.close_account(account.id)
    with pool.borrow(replace(account, imap=second.server()), _secret):
        pass
    assert (first.connections, second.connections) == (1, 1)
