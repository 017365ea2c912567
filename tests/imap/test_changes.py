"""What happened to a mailbox since a mod-sequence, on servers that tell all of it, half of it, or nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.imap.letters import letter
from tests.servers.dovecot import Dovecot
from tests.servers.imap_servers import ImapServer
from tests.servers.proxy import Proxy
from tests.servers.scripted import SIGNS_IN, Rule, Scripted
from webmail.account import Credentials
from webmail.errors import UidValidityChanged
from webmail.imap import changes, fetch, update
from webmail.imap.connection import Connection, connect
from webmail.imap.selection import Tracking
from webmail.message.summary import ModSeq, Uid


def modseq(connection: Connection) -> ModSeq:
    return ModSeq(fetch.selected(connection).highestmodseq or 0)


def test_the_server_tells_what_changed_came_and_went(rich: ImapServer) -> None:
    rich.put([letter(number) for number in range(1, 6)])
    connection = rich.connect()
    connection.select("INBOX", writable=True)
    before = modseq(connection)
    assert connection.tracking is Tracking.QRESYNC
    with rich.side() as side:
        side.store("2", "+FLAGS", "(\\Seen \\Flagged)")
        side.store("4:5", "+FLAGS", "(\\Deleted)")
        side.expunge()
    rich.put([letter(6)])
    connection.noop()
    assert connection.changed
    assert fetch.selected(connection).exists == 4
    news = changes.since(connection, before)
    assert news.flags == {2: frozenset({"\\Seen", "\\Flagged"}), 6: frozenset()}
    assert list(news.vanished or ()) == [(4, 5)]
    assert news.modseq > before
    quiet = changes.since(connection, news.modseq)
    assert (dict(quiet.flags), list(quiet.vanished or ()), quiet.modseq) == ({}, [], news.modseq)


def test_opening_a_mailbox_tells_what_happened_meanwhile_without_another_question(dovecot: Dovecot, proxy: Proxy) -> None:
    username = dovecot.new_user()
    dovecot.put(username, [letter(number) for number in range(1, 6)])
    connection = connect(proxy.server())
    connection.authenticate(dovecot.credentials(username))
    known = connection.select("INBOX")
    connection.select("Sent")
    with dovecot.side(username) as side:
        side.store("1", "+FLAGS", "(\\Answered)")
        side.store("3", "+FLAGS", "(\\Deleted)")
        side.expunge()
    proxy.commands.clear()
    connection.select("INBOX", uidvalidity=known.uidvalidity, since=known.highestmodseq or 0)
    news = changes.since(connection, ModSeq(known.highestmodseq or 0))
    assert len(proxy.commands) == 1
    assert news.flags == {1: frozenset({"\\Answered"})}
    assert list(news.vanished or ()) == [(3, 3)]
    connection.noop()
    assert changes.since(connection, ModSeq(known.highestmodseq or 0)).flags == news.flags
    assert proxy.commands[-1].startswith("UID FETCH 1:* (FLAGS) (CHANGEDSINCE")
    connection.close()


def test_a_server_without_qresync_tells_changes_but_not_what_is_gone(dovecot: Dovecot, proxy: Proxy) -> None:
    proxy.withhold("QRESYNC")
    username = dovecot.new_user()
    dovecot.put(username, [letter(number) for number in range(1, 4)])
    connection = connect(proxy.server())
    connection.authenticate(dovecot.credentials(username))
    connection.select("INBOX")
    before = modseq(connection)
    assert connection.tracking is Tracking.CONDSTORE
    with dovecot.side(username) as side:
        side.store("1", "+FLAGS", "(\\Seen)")
        side.store("3", "+FLAGS", "(\\Deleted)")
        side.expunge()
    connection.noop()
    news = changes.since(connection, before)
    assert (news.flags, news.vanished) == ({1: frozenset({"\\Seen"})}, None)
    assert fetch.selected(connection).exists == 2
    connection.close()


def test_a_bare_server_tells_nothing(bare: ImapServer) -> None:
    connection = bare.connect()
    connection.select("INBOX")
    assert connection.tracking is Tracking.NONE
    assert not changes.can_tell(connection)


def test_our_own_flags_are_no_news_and_our_own_expunges_count(rich: ImapServer) -> None:
    rich.put([letter(number) for number in range(1, 5)])
    connection = rich.connect()
    connection.select("INBOX", writable=True)
    connection.settle()
    update.store_flags(connection, [Uid(1), Uid(2)], add=["\\Seen"])
    assert not connection.changed
    update.expunge(connection, [Uid(3)])
    assert (fetch.selected(connection).exists, connection.changed) == (3, True)
    update.move(connection, [Uid(4)], "Archive")
    assert fetch.selected(connection).exists == 2


def test_void_uids_are_told_when_a_mailbox_is_opened(imap_server: ImapServer) -> None:
    connection = imap_server.connect()
    known = connection.select("INBOX").uidvalidity
    connection.forget_selection()
    with pytest.raises(UidValidityChanged):
        connection.select("INBOX", uidvalidity=known + 1, since=1)
    assert connection.opening is None


def test_a_mailbox_made_anew_has_other_uids(rich: ImapServer) -> None:
    connection = rich.connect()
    connection.command("CREATE", "Plans")
    known = connection.select("Plans").uidvalidity
    connection.select("INBOX")
    with rich.side() as client:
        client.delete("Plans")
        client.create("Plans")
    with pytest.raises(UidValidityChanged):
        connection.select("Plans", uidvalidity=known)


SELECTED = b"* 3 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT 10] ok\r\n* OK [HIGHESTMODSEQ 50] ok\r\n{tag} OK [READ-WRITE] done\r\n"
OFFERS: tuple[Rule, ...] = (
    ("CAPABILITY", b"* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR ENABLE CONDSTORE QRESYNC\r\n{tag} OK done\r\n"),
    ("ENABLE", b"* ENABLED QRESYNC\r\n{tag} OK done\r\n"),
)


@pytest.fixture
def told(scripted: Callable[..., Scripted]) -> Callable[[bytes], changes.News]:
    """What is understood of an answer to the question what happened after 40, on a server that is at 50."""

    def ask(answer: bytes) -> changes.News:
        server = scripted([("UID FETCH", answer), ("(SELECT|EXAMINE)", SELECTED), *OFFERS, *SIGNS_IN])
        connection = connect(server.server())
        connection.authenticate(Credentials("a", "b"))
        connection.select("INBOX")
        news = changes.since(connection, ModSeq(40))
        connection.close()
        return news

    return ask


def test_everything_up_to_the_number_of_the_mailbox_has_been_told(told: Callable[[bytes], changes.News]) -> None:
    assert told(b"{tag} OK done\r\n").modseq == 50
    assert told(b"* 1 FETCH (UID 4 FLAGS (\\Seen) MODSEQ (61))\r\n{tag} OK done\r\n").modseq == 61


@pytest.mark.parametrize(
    "row", [b"* 1 FETCH (UID 4 FLAGS (\\Seen", b"* VANISHED (EARLIER) x", b"* VANISHED", b"* 1 FETCH (FLAGS (\\Seen))"]
)
def test_what_cannot_be_read_is_asked_again(told: Callable[[bytes], changes.News], row: bytes) -> None:
    news = told(row + b"\r\n* 2 FETCH (MODSEQ (61) UID 5 FLAGS ())\r\n{tag} OK done\r\n")
    assert (news.modseq, news.flags) == (40, {5: frozenset()})


def test_an_endless_range_of_what_is_gone_is_taken_as_a_range(told: Callable[[bytes], changes.News]) -> None:
    assert list(told(b"* VANISHED (EARLIER) 9,4294967295:12\r\n{tag} OK done\r\n").vanished or ()) == [(9, 9), (12, 4294967295)]


def test_a_mailbox_without_numbers_is_normal(scripted: Callable[..., Scripted]) -> None:
    answer = b"* 3 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT 10] ok\r\n* OK [NOMODSEQ] none\r\n{tag} OK [READ-WRITE] done\r\n"
    server = scripted([("(SELECT|EXAMINE)", answer), *OFFERS, *SIGNS_IN])
    connection = connect(server.server())
    connection.authenticate(Credentials("a", "b"))
    connection.select("INBOX", uidvalidity=7, since=40)
    assert not changes.can_tell(connection)
    connection.close()


def test_a_server_that_does_not_know_what_it_offers_is_asked_plainly(scripted: Callable[..., Scripted]) -> None:
    bad = ("(SELECT|EXAMINE) .*\\)$", b"{tag} BAD what is this\r\n")
    server = scripted([bad, ("ENABLE", b"{tag} BAD what is this\r\n"), ("(SELECT|EXAMINE)", SELECTED), *OFFERS, *SIGNS_IN])
    connection = connect(server.server())
    connection.authenticate(Credentials("a", "b"))
    assert connection.select("INBOX").exists == 3
    assert not changes.can_tell(connection)
    connection.close()
