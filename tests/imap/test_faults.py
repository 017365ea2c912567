"""The line breaks at any step: nothing is lost, nothing is done twice, nothing hangs."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.imap.letters import letter
from tests.servers.dovecot import Dovecot
from tests.servers.proxy import Proxy
from webmail.account import Account, AccountId, UserId
from webmail.errors import ServerUnavailable
from webmail.imap import fetch, mailboxes, update
from webmail.imap.connection import Connection, connect
from webmail.imap.pool import Pool
from webmail.message.summary import Flag, Uid

STEPS: dict[str, tuple[str, Callable[[Connection], object]]] = {
    "list": ("LIST", mailboxes.list_mailboxes),
    "status": ("STATUS", lambda connection: mailboxes.status(connection, "Sent")),
    "select": ("SELECT", lambda connection: connection.select("Sent", writable=True)),
    "newest": ("FETCH", lambda connection: fetch.newest(connection, 10)),
    "summaries": ("UID FETCH", lambda connection: fetch.summaries(connection, [Uid(1), Uid(2)])),
    "part": ("UID FETCH", lambda connection: fetch.part(connection, Uid(1), "1")),
    "search": ("UID SEARCH", lambda connection: fetch.search(connection, "ALL")),
    "noop": ("NOOP", lambda connection: connection.noop()),
    "flags": ("UID STORE", lambda connection: update.store_flags(connection, [Uid(1)], add=[Flag.SEEN])),
    "copy": ("UID COPY", lambda connection: update.copy(connection, [Uid(1)], "Archive")),
    "move": ("UID MOVE", lambda connection: update.move(connection, [Uid(1)], "Archive")),
    "expunge": ("UID EXPUNGE", lambda connection: update.expunge(connection, [Uid(1)])),
    "append": ("APPEND", lambda connection: update.append(connection, "Sent", letter(9, body="x" * 9000))),
    "create": ("CREATE", lambda connection: mailboxes.create(connection, "Plans")),
}


def _signed_in(dovecot: Dovecot, proxy: Proxy) -> tuple[Connection, str]:
    username = dovecot.new_user()
    dovecot.put(username, [letter(number) for number in range(1, 4)])
    connection = connect(proxy.server(), timeout=5)
    connection.authenticate(dovecot.credentials(username))
    connection.select("INBOX", writable=True)
    return connection, username


@pytest.mark.parametrize("when", ["before", "during", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_cut_line_is_an_error_at_once_and_loses_no_message(dovecot: Dovecot, proxy: Proxy, step: str, when: str) -> None:
    connection, username = _signed_in(dovecot, proxy)
    command, do = STEPS[step]
    proxy.cut(command, when)
    started = time.monotonic()
    with pytest.raises(ServerUnavailable) as caught:
        do(connection)
    assert time.monotonic() - started < 3
    assert caught.value.transient
    assert not connection.usable
    with dovecot.side(username) as client:
        inbox = client.uid("SEARCH", "ALL")[1][0].split()
        client.select("Archive")
        archive = client.uid("SEARCH", "ALL")[1][0].split()
    if step == "expunge":
        assert inbox[-2:] == [b"2", b"3"]
    elif step == "move":
        assert (len(inbox), len(archive)) in {(3, 0), (2, 1)}
    else:
        assert inbox == [b"1", b"2", b"3"]


@pytest.mark.parametrize("when", ["before", "during", "after"])
def test_a_copy_then_delete_that_was_cut_never_loses_the_message(dovecot: Dovecot, bare_proxy: Proxy, when: str) -> None:
    for command in ("STATUS", "UID FETCH", "UID COPY", "UID STORE", "UID SEARCH", "EXPUNGE"):
        connection, username = _signed_in(dovecot, bare_proxy)
        bare_proxy.cut(command, when)
        with pytest.raises(ServerUnavailable):
            update.move(connection, [Uid(1)], "Archive")
        with dovecot.side(username) as client:
            inbox = client.uid("SEARCH", "ALL")[1][0].split()
            client.select("Archive")
            archive = client.uid("SEARCH", "ALL")[1][0].split()
        assert b"1" in inbox or len(archive) == 1, command
        assert inbox[-2:] == [b"2", b"3"], command


def test_a_cut_while_signing_in_is_an_error_at_once(dovecot: Dovecot, proxy: Proxy) -> None:
    for command in ("CAPABILITY", "AUTHENTICATE"):
        for when in ("before", "during", "after"):
            proxy.cut(command, when)
            with pytest.raises(ServerUnavailable):
                connect(proxy.server(), timeout=5).authenticate(dovecot.credentials(dovecot.new_user()))


def test_an_answer_that_comes_late_is_never_taken_for_another(dovecot: Dovecot, proxy: Proxy) -> None:
    username = dovecot.new_user()
    account = Account(AccountId(1), UserId(1), username, proxy.server(), proxy.server())
    pool = Pool(limit=2, timeout=0.3)
    with pool.borrow(account, lambda: dovecot.credentials(username)) as first:
        first.select("INBOX")
        proxy.delay("NOOP", 1)
        with pytest.raises(ServerUnavailable, match="timeout"):
            first.noop()
    with pool.borrow(account, lambda: dovecot.credentials(username), prefer="INBOX") as second:
        assert second is not first
        assert second.select("INBOX").exists == 0
    pool.close()


def test_the_password_appears_in_no_record_of_the_line(dovecot: Dovecot, proxy: Proxy, bare_proxy: Proxy) -> None:
    for line in (proxy, bare_proxy):
        username = dovecot.new_user("hunter2-secret")
        connection = connect(line.server())
        connection.authenticate(dovecot.credentials(username))
        connection.close()
        assert not any("hunter2" in command for command in line.commands)


def test_a_part_streams_in_constant_memory(dovecot: Dovecot) -> None:
    username = dovecot.new_user()
    body = "0123456789abcdef" * 4 + "\r\n"
    dovecot.fill(username, [letter(1, body=body * 300_000)])
    connection = connect(dovecot.server())
    connection.authenticate(dovecot.credentials(username))
    connection.select("INBOX")
    total, longest = 0, 0
    for piece in fetch.part_chunks(connection, Uid(1), "1"):
        total += len(piece)
        longest = max(longest, len(piece))
    assert total == len(body) * 300_000
    assert longest == 1 << 20
    connection.close()
