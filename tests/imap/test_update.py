"""What changes a mailbox, and what must not be changed with it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest

from tests.imap.letters import letter
from tests.servers.dovecot import Dovecot
from tests.servers.imap_servers import ImapServer
from tests.servers.proxy import Proxy
from tests.servers.scripted import SIGNS_IN, Rule, Scripted
from webmail.account import Credentials
from webmail.errors import Conflict, InvalidInput, NotAllowed, ServerRefused, ServerUnavailable
from webmail.imap import fetch, mailboxes, update
from webmail.imap.connection import Connection, connect
from webmail.message.summary import Flag, Uid


def _opened(server: ImapServer, mailbox: str = "INBOX") -> Connection:
    connection = server.connect()
    connection.select(mailbox, writable=True)
    return connection


def test_flags_are_set_and_taken(imap_server: ImapServer) -> None:
    imap_server.put([letter(1), letter(2)])
    connection = _opened(imap_server)
    first, second = fetch.search(connection, "ALL")
    update.store_flags(connection, [first, second], add=[Flag.SEEN, Flag.FLAGGED])
    update.store_flags(connection, [second], add=[Flag.ANSWERED], remove=[Flag.SEEN])
    assert fetch.flags_of(connection, [first, second]) == {
        first: frozenset({Flag.SEEN, Flag.FLAGGED}),
        second: frozenset({Flag.FLAGGED, Flag.ANSWERED}),
    }
    assert imap_server.uids(criterion="SEEN") == [first]
    update.store_flags(connection, [Uid(second + 100)], add=[Flag.SEEN])
    update.store_flags(connection, [], add=[Flag.SEEN])
    update.store_flags(connection, [first])


def test_keywords_are_flags(rich: ImapServer) -> None:
    rich.put([letter(1)])
    connection = _opened(rich)
    update.store_flags(connection, [Uid(1)], add=[Flag.FORWARDED, "NonJunk"])
    assert fetch.flags_of(connection, [Uid(1)])[Uid(1)] == {Flag.FORWARDED, "NonJunk"}


@pytest.mark.parametrize("flag", ["", "two words", "(x)", "\\", "a\r\nb", "a\0", 'a"b', "{5}", "x]", "ö", "%", "*", "\\*"])
def test_what_is_no_flag_is_refused(rich: ImapServer, flag: str) -> None:
    connection = _opened(rich)
    with pytest.raises(InvalidInput):
        update.store_flags(connection, [Uid(1)], add=[flag])
    with pytest.raises(InvalidInput):
        update.append(connection, "INBOX", letter(1), flags=[flag])


def test_nothing_changes_in_a_mailbox_opened_for_reading(imap_server: ImapServer) -> None:
    imap_server.put([letter(1)])
    connection = imap_server.connect()
    connection.select("INBOX")
    for change in (
        lambda: update.store_flags(connection, [Uid(1)], add=[Flag.SEEN]),
        lambda: update.move(connection, [Uid(1)], "Trash"),
        lambda: update.expunge(connection, [Uid(1)]),
    ):
        with pytest.raises(NotAllowed):
            change()


def test_nothing_changes_where_nothing_is_selected(rich: ImapServer) -> None:
    with pytest.raises(Conflict):
        update.expunge(rich.connect(), [Uid(1)])


def test_copies_are_told_by_their_new_uids(imap_server: ImapServer) -> None:
    imap_server.put(letter(number) for number in range(1, 5))
    connection = _opened(imap_server)
    mailboxes.create(connection, "Plans")
    uids = fetch.search(connection, "ALL")
    result = update.copy(connection, uids[1:], "Plans")
    assert list(result.uids) == uids[1:]
    assert sorted(result.uids.values()) == imap_server.uids("Plans")
    assert imap_server.uids() == uids
    selected = connection.select("Plans")
    assert result.uidvalidity == selected.uidvalidity
    subjects = {one.uid: one.envelope.subject for one in fetch.newest(connection, 10)}
    assert [subjects[result.uids[uid]] for uid in uids[1:]] == ["Letter 2", "Letter 3", "Letter 4"]


def test_moved_messages_are_in_one_place_only(imap_server: ImapServer) -> None:
    imap_server.put(letter(number) for number in range(1, 5))
    connection = _opened(imap_server)
    mailboxes.create(connection, "Plans")
    uids = fetch.search(connection, "ALL")
    result = update.move(connection, [uids[0], uids[2]], "Plans")
    assert sorted(result.uids.values()) == imap_server.uids("Plans")
    assert imap_server.uids() == [uids[1], uids[3]]
    assert connection.select("INBOX", writable=True).exists == 2
    assert update.move(connection, [], "Plans").uids == {}


def test_moving_into_a_mailbox_that_is_missing_moves_nothing(imap_server: ImapServer) -> None:
    imap_server.put([letter(1)])
    connection = _opened(imap_server)
    with pytest.raises(ServerRefused) as caught:
        update.move(connection, fetch.search(connection, "ALL"), "Absent")
    assert caught.value.code in {"nonexistent", "refused"}
    assert len(imap_server.uids()) == 1
    assert imap_server.uids(criterion="DELETED") == []


def test_expunging_takes_what_was_asked_and_nothing_else(imap_server: ImapServer) -> None:
    imap_server.put(letter(number) for number in range(1, 7))
    connection = _opened(imap_server)
    uids = fetch.search(connection, "ALL")
    with imap_server.side() as client:
        client.uid("STORE", f"{uids[0]},{uids[5]}", "+FLAGS", r"(\Deleted)")
    update.expunge(connection, uids[2:4])
    assert imap_server.uids() == [uids[0], uids[1], uids[4], uids[5]]
    assert imap_server.uids(criterion="DELETED") == [uids[0], uids[5]]


def test_moving_without_move_spares_what_others_marked(bare: ImapServer, bare_proxy: Proxy) -> None:
    bare.put(letter(number) for number in range(1, 5))
    connection = _opened(bare)
    with bare.side() as client:
        client.store("1,4", "+FLAGS", r"(\Deleted)")
    result = update.move(connection, [Uid(2), Uid(4)], "Trash")
    assert set(result.uids) == {2, 4}
    assert bare.uids() == [1, 3]
    assert bare.uids(criterion="DELETED") == [1]
    assert not any(command.startswith(("UID MOVE", "MOVE", "UID EXPUNGE")) for command in bare_proxy.commands)


def test_a_mark_set_between_looking_and_expunging_is_seen(bare: ImapServer) -> None:
    bare.put(letter(number) for number in range(1, 4))
    connection = _opened(bare)
    with bare.side() as client:
        client.uid("STORE", "3", "+FLAGS", r"(\Deleted)")
    update.expunge(connection, [Uid(1)])
    with bare.side() as client:
        client.uid("STORE", "2", "+FLAGS", r"(\Deleted)")
    update.expunge(connection, [Uid(3)])
    assert bare.uids() == [2]
    assert bare.uids(criterion="DELETED") == [2]


def test_what_could_not_be_expunged_is_not_left_marked_for_the_next_who_expunges(bare: ImapServer, bare_proxy: Proxy) -> None:
    bare.put(letter(number) for number in range(1, 4))
    connection = _opened(bare)
    # However often the mark is taken off the second message, somebody has put it there again.
    bare_proxy.rewrite(rb"^\* SEARCH.*", b"* SEARCH 1 2")
    with pytest.raises(Conflict, match="busy"):
        update.expunge(connection, [Uid(1)])
    bare_proxy.speak_truly()
    assert bare.uids(criterion="DELETED") == [2]
    with bare.side() as client:
        client.expunge()
    assert bare.uids() == [1, 3]


def test_what_the_server_does_not_expunge_is_not_left_marked(dovecot: Dovecot, proxy: Proxy) -> None:
    username = dovecot.new_user()
    dovecot.put(username, [letter(1), letter(2)])
    connection = connect(proxy.server())
    connection.authenticate(dovecot.credentials(username))
    connection.select("INBOX", writable=True)
    proxy.refuse("UID EXPUNGE", "")
    with pytest.raises(ServerRefused):
        update.expunge(connection, [Uid(1)])
    assert fetch.search(connection, "DELETED") == []
    assert fetch.search(connection, "ALL") == [1, 2]
    connection.close()


def test_a_line_cut_in_the_middle_of_expunging_loses_nothing_of_others(bare: ImapServer, bare_proxy: Proxy) -> None:
    bare.put(letter(number) for number in range(1, 4))
    connection = _opened(bare)
    with bare.side() as client:
        client.store("2", "+FLAGS", r"(\Deleted)")
    bare_proxy.cut("EXPUNGE", "after")
    with pytest.raises(ServerUnavailable):
        update.expunge(connection, [Uid(1)])
    assert not connection.usable
    assert bare.uids() == [2, 3]


def test_equal_messages_and_messages_without_id_are_found_again_or_left_open(bare: ImapServer) -> None:
    same = letter(1, message_id="<same@example.org>")
    bare.put([same, same, letter(3, message_id=""), letter(4, message_id="", body="longer text\n"), letter(5)])
    connection = _opened(bare)
    uids = fetch.search(connection, "ALL")
    result = update.copy(connection, uids, "Archive")
    assert set(result.uids) >= {uids[0], uids[1], uids[4]}
    assert len(set(result.uids.values())) == len(result.uids)
    subjects = {one.uid: one.envelope.subject for one in fetch.newest(connection, 10)}
    connection.select("Archive")
    copied = {one.uid: one.envelope.subject for one in fetch.newest(connection, 10)}
    assert all(subjects[old] == copied[new] for old, new in result.uids.items())


def test_a_copy_that_cannot_be_told_from_anothers_is_left_open(bare: ImapServer, bare_proxy: Proxy) -> None:
    bare.put([letter(1), letter(2)])
    connection = _opened(bare)
    results: list[update.CopyResult] = []
    bare_proxy.delay("UID COPY", 0.4)
    ours = threading.Thread(target=lambda: results.append(update.copy(connection, [Uid(1), Uid(2)], "Archive")))
    ours.start()
    while "UID COPY" not in " ".join(bare_proxy.commands):
        time.sleep(0.01)
    # Our copy is on its way, UIDNEXT is read: another client copies one of the two messages as well.
    with bare.side() as client:
        client.copy("1", "Archive")
    ours.join(10)
    assert list(results[0].uids) == [2]
    assert len(bare.uids("Archive")) == 3


def test_a_message_is_stored_as_it_is(imap_server: ImapServer) -> None:
    connection = imap_server.connect()
    raw = letter(1, body="Grüße 你好\n.\n").replace(b"\n", b"\r\n")
    date = datetime(2026, 2, 3, 4, 5, 6, tzinfo=timezone(timedelta(hours=-9, minutes=-30)))
    result = update.append(connection, "INBOX", raw, flags=[Flag.SEEN, Flag.DRAFT], date=date)
    selected = connection.select("INBOX")
    (summary,) = fetch.newest(connection, 1)
    assert (result.uidvalidity, result.uid) == (selected.uidvalidity, summary.uid)
    assert summary.flags == {Flag.SEEN, Flag.DRAFT}
    assert summary.internal_date == date
    assert b"".join(fetch.source_chunks(connection, summary.uid)) == raw


def test_big_messages_are_stored_too(imap_server: ImapServer) -> None:
    connection = imap_server.connect()
    raw = letter(1, body="0123456789 Grüße\n" * 20_000).replace(b"\n", b"\r\n")
    result = update.append(connection, "INBOX", raw, date=datetime.now(UTC))
    connection.select("INBOX")
    assert result.uid is not None
    assert b"".join(fetch.part_chunks(connection, result.uid, "", chunk=100_000)) == raw


def test_a_message_stored_into_the_selected_mailbox_is_found(bare: ImapServer) -> None:
    bare.put([letter(1), letter(2)])
    connection = _opened(bare)
    raw = letter(2).replace(b"\n", b"\r\n")
    assert update.append(connection, "INBOX", raw).uid == 3
    assert update.append(connection, "Drafts", raw).uid == 1
    assert connection.selected is not None
    assert (connection.selected.name, connection.selected.read_only) == ("INBOX", False)
    assert update.append(connection, "INBOX", letter(9, message_id="").replace(b"\n", b"\r\n")).uid == 4


def test_what_cannot_be_stored_is_refused(imap_server: ImapServer) -> None:
    connection = imap_server.connect()
    with pytest.raises(ServerRefused) as caught:
        update.append(connection, "Absent", letter(1))
    assert caught.value.code == "nonexistent"
    with pytest.raises(InvalidInput):
        update.append(connection, "INBOX", b"Subject: \0\r\n\r\n")
    assert connection.usable


def test_a_full_mailbox_says_so(dovecot: Dovecot) -> None:
    username = dovecot.new_user(quota="2K")
    connection = connect(dovecot.server())
    connection.authenticate(dovecot.credentials(username))
    with pytest.raises(ServerRefused) as caught:
        update.append(connection, "INBOX", letter(1, body="x" * 5000))
    assert caught.value.code == "overquota"
    assert caught.value.server_text
    connection.close()


def test_thousands_of_scattered_messages_move_in_short_commands(dovecot: Dovecot, proxy: Proxy) -> None:
    username = dovecot.new_user()
    dovecot.fill(username, (letter(number) for number in range(1, 4001)))
    connection = connect(proxy.server())
    connection.authenticate(dovecot.credentials(username))
    connection.select("INBOX", writable=True)
    odd = [Uid(uid) for uid in range(1, 4001, 2)]
    result = update.move(connection, odd, "Archive")
    assert len(result.uids) == 2000
    assert connection.selected is not None
    assert connection.selected.exists == 2000
    assert max(len(command) for command in proxy.commands) < 8000
    moves = [command for command in proxy.commands if command.startswith("UID MOVE")]
    assert len(moves) == 2
    update.store_flags(connection, [Uid(uid) for uid in range(2, 4001, 2)], add=[Flag.SEEN])
    connection.close()


def test_a_copyuid_that_makes_no_sense_is_not_believed(scripted: Callable[..., Scripted]) -> None:
    for code in (b"COPYUID 5 1 1:2", b"COPYUID 5 1:4294967295 1:4294967295", b"COPYUID 5 x y", b"COPYUID", b"COPYUID 5 1"):
        rules: list[Rule] = [
            ("CAPABILITY", b"* CAPABILITY IMAP4rev1 AUTH=PLAIN UIDPLUS MOVE\r\n{tag} OK done\r\n"),
            ("UID COPY", b"{tag} OK [" + code + b"] done\r\n"),
            *SIGNS_IN,
        ]
        connection = connect(scripted(rules).server())
        connection.authenticate(Credentials("a", "b"))
        connection.select("INBOX", writable=True)
        assert update.copy(connection, [Uid(1)], "Archive").uids == {}
        connection.close()
