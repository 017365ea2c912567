"""Being told what happens: of every mailbox where the server can, else of INBOX; and silence is noticed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest

from tests.imap.letters import letter
from tests.servers.dovecot import Dovecot
from tests.servers.imap_servers import ImapServer
from tests.servers.proxy import Proxy
from tests.servers.scripted import SIGNS_IN, Scripted
from webmail.account import Credentials
from webmail.errors import ServerUnavailable
from webmail.imap import mailboxes, watching
from webmail.imap.connection import Connection, connect
from webmail.imap.watching import Told, Watched


def within(seconds: float) -> Callable[[], bool]:
    until = time.monotonic() + seconds
    return lambda: time.monotonic() > until


def begin(connection: Connection) -> Watched:
    watched = watching.begin(connection)
    assert watched is not None
    return watched


@contextmanager
def soon(action: Callable[[], object]) -> Iterator[None]:
    """Let another client do something while we wait."""
    timer = threading.Timer(0.3, action)
    timer.start()
    yield
    timer.join()


def test_every_mailbox_is_told_of_where_the_server_can(rich: ImapServer) -> None:
    rich.put([letter(0)])
    connection = rich.connect()
    watched = begin(connection)
    assert watched.all
    assert watched.counts["Archive"].messages == 0
    assert watched.counts["INBOX"].highestmodseq
    with soon(lambda: rich.put([letter(1)], mailbox="Archive")):
        assert "Archive" in watching.wait(connection, watched, until=within(10)).mailboxes
    rich.put([letter(2)])
    assert watching.wait(connection, watched, until=within(10)).mailboxes == {"INBOX"}
    with rich.side() as side:
        side.store("1", "+FLAGS", "(\\Seen)")
    assert watching.wait(connection, watched, until=within(10)).mailboxes == {"INBOX"}


def test_new_renamed_and_deleted_mailboxes_are_told(rich: ImapServer) -> None:
    connection, other = rich.connect(), rich.connect()
    watched = begin(connection)
    for action in (
        lambda: mailboxes.create(other, "Plans"),
        lambda: mailboxes.rename(other, "Plans", "Pläne"),
        lambda: mailboxes.delete(other, "Pläne"),
    ):
        with soon(action):
            assert watching.wait(connection, watched, until=within(10)).tree


def test_where_the_server_cannot_only_the_inbox_is_told_of(dovecot: Dovecot, proxy: Proxy) -> None:
    proxy.withhold("NOTIFY")
    username = dovecot.new_user()
    with closing(connect(proxy.server())) as connection:
        connection.authenticate(dovecot.credentials(username))
        watched = begin(connection)
        assert (watched.all, set(watched.counts)) == (False, {"INBOX"})
        dovecot.put(username, [letter(1)], mailbox="Archive")
        assert watching.wait(connection, watched, until=within(0.8)) == Told()
        with soon(lambda: dovecot.put(username, [letter(2)])):
            assert watching.wait(connection, watched, until=within(10)) == Told(frozenset({"INBOX"}))


def test_another_program_tells_of_its_inbox(pymap: ImapServer) -> None:
    connection = pymap.connect()
    watched = begin(connection)
    with soon(lambda: pymap.put([letter(1)])):
        assert watching.wait(connection, watched, until=within(10)) == Told(frozenset({"INBOX"}))
    assert watching.wait(connection, watched, until=within(0.2)) == Told()


def test_a_refused_notify_is_done_without(dovecot: Dovecot, proxy: Proxy) -> None:
    proxy.rewrite(rb"^(W\d+) OK NOTIFY completed", rb"\1 NO [NOTIFICATIONOVERFLOW] too much")
    with closing(connect(proxy.server())) as connection:
        connection.authenticate(dovecot.credentials(dovecot.new_user()))
        assert not begin(connection).all


def test_a_server_that_loses_count_is_believed(dovecot: Dovecot, proxy: Proxy) -> None:
    with closing(connect(proxy.server())) as connection:
        username = dovecot.new_user()
        connection.authenticate(dovecot.credentials(username))
        watched = begin(connection)
        proxy.rewrite(rb"^\* STATUS .*", rb"* OK [NOTIFICATIONOVERFLOW] too much")
        dovecot.put(username, [letter(2)])
        assert watching.wait(connection, watched, until=within(2)).overflowed


def test_a_server_without_idle_cannot_be_watched(bare: ImapServer) -> None:
    assert watching.begin(bare.connect()) is None


def test_waiting_ends_at_once_when_it_is_not_wanted_any_more(rich: ImapServer) -> None:
    connection = rich.connect()
    watched = begin(connection)
    began = time.monotonic()
    assert watching.wait(connection, watched, until=lambda: True) == Told()
    assert time.monotonic() - began < 1
    assert connection.usable


def test_a_server_that_has_gone_silent_is_noticed(dovecot: Dovecot, proxy: Proxy) -> None:
    with closing(connect(proxy.server(), timeout=0.5)) as connection:
        connection.authenticate(dovecot.credentials(dovecot.new_user()))
        watched = begin(connection)
        proxy.fall_silent()
        with pytest.raises(ServerUnavailable, match="timeout"):
            watching.wait(connection, watched, until=within(0.5))
        assert not connection.usable


def test_a_line_that_is_cut_is_noticed_at_once(dovecot: Dovecot, proxy: Proxy) -> None:
    with closing(connect(proxy.server())) as connection:
        connection.authenticate(dovecot.credentials(dovecot.new_user()))
        watched = begin(connection)
        with soon(proxy.cut_all), pytest.raises(ServerUnavailable, match="disconnected"):
            watching.wait(connection, watched, until=within(10))


OFFERS = ("CAPABILITY", b"* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR IDLE\r\n{tag} OK done\r\n")


@pytest.mark.parametrize(
    ("answer", "code"),
    [(b"{tag} NO not now\r\n", "refused"), (b"+ idling\r\n* BYE [UNAVAILABLE] going down\r\n<close>", "unavailable")],
)
def test_a_server_that_ends_the_waiting_itself_says_why(scripted: Callable[..., Scripted], answer: bytes, code: str) -> None:
    server = scripted([("IDLE", answer), OFFERS, *SIGNS_IN])
    with closing(connect(server.server())) as connection:
        connection.authenticate(Credentials("a", "b"))
        watched = begin(connection)
        with pytest.raises(Exception, match=code):
            watching.wait(connection, watched, until=within(5))
