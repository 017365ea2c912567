"""The tree of mailboxes: listed, made, renamed, removed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.imap.letters import letter
from tests.servers.dovecot import Dovecot
from tests.servers.imap_servers import ImapServer
from tests.servers.proxy import Proxy
from tests.servers.scripted import SIGNS_IN, Scripted
from webmail.account import Credentials
from webmail.errors import Conflict, ServerRefused
from webmail.imap import mailboxes
from webmail.imap.connection import Connection, connect
from webmail.mailbox import ListedMailbox, SpecialUse


def _named(connection: Connection) -> dict[str, ListedMailbox]:
    return {one.name: one for one in mailboxes.list_mailboxes(connection)}


def test_mailboxes_are_listed_with_counts_and_inbox_first(imap_server: ImapServer) -> None:
    imap_server.put([letter(1), letter(2)])
    imap_server.put([letter(3)], flags=r"(\Seen)")
    connection = imap_server.connect()
    listed = mailboxes.list_mailboxes(connection)
    assert listed[0].name == "INBOX"
    assert listed[0].special_use is SpecialUse.INBOX
    assert listed[0].selectable
    assert listed[0].subscribed
    assert (listed[0].counts.messages, listed[0].counts.unseen) == (3, 2)
    assert listed[0].counts.uidvalidity == connection.select("INBOX").uidvalidity
    assert listed[0].delimiter == "/"


def test_roles_are_known_by_attribute_or_by_name(imap_server: ImapServer) -> None:
    connection = imap_server.connect()
    known = {one.special_use for one in mailboxes.list_mailboxes(connection)}
    if imap_server.name == "pymap":
        for name in ("Sent", "Papierkorb", "草稿箱"):
            mailboxes.create(connection, name)
        found = _named(connection)
        assert found["Sent"].special_use is SpecialUse.SENT
        assert found["Papierkorb"].special_use is SpecialUse.TRASH
        assert found["草稿箱"].special_use is SpecialUse.DRAFTS
    else:
        assert known >= {SpecialUse.DRAFTS, SpecialUse.SENT, SpecialUse.TRASH, SpecialUse.JUNK, SpecialUse.ARCHIVE}


def test_the_whole_tree_costs_one_round_trip_where_the_server_can(dovecot: Dovecot, proxy: Proxy) -> None:
    connection = connect(proxy.server())
    connection.authenticate(dovecot.credentials(dovecot.new_user()))
    proxy.commands.clear()
    assert len(mailboxes.list_mailboxes(connection)) == 6
    assert [command.split()[0] for command in proxy.commands] == ["LIST"]
    connection.close()


@pytest.mark.parametrize("name", ["Plans", "Übung & Co", "项目 2026", "🗂 files", 'say "hi"', "back\\slash", "100%", "NIL", "a~b{c}(d)"])
def test_mailboxes_of_any_name_are_made_renamed_and_removed(imap_server: ImapServer, name: str) -> None:
    if imap_server.name == "pymap" and "%" in name:
        return  # pymap reads the name as a pattern.
    connection = imap_server.connect()
    mailboxes.create(connection, name)
    mailboxes.subscribe(connection, name)
    assert _named(connection)[name].selectable
    assert connection.select(name, writable=True).exists == 0
    assert mailboxes.status(connection, name).messages == 0
    mailboxes.rename(connection, name, f"{name} 2")
    assert f"{name} 2" in _named(connection)
    assert name not in {one.name for one in mailboxes.list_mailboxes(connection) if one.selectable}
    mailboxes.delete(connection, f"{name} 2")
    assert f"{name} 2" not in {one.name for one in mailboxes.list_mailboxes(connection) if one.selectable}
    assert connection.usable


def test_a_subscription_can_end(imap_server: ImapServer) -> None:
    connection = imap_server.connect()
    mailboxes.create(connection, "Plans")
    mailboxes.subscribe(connection, "Plans")
    assert _named(connection)["Plans"].subscribed
    mailboxes.unsubscribe(connection, "Plans")
    assert not _named(connection)["Plans"].subscribed


def test_a_name_that_is_taken_is_refused(imap_server: ImapServer) -> None:
    connection = imap_server.connect()
    mailboxes.create(connection, "Plans")
    with pytest.raises(ServerRefused) as caught:
        mailboxes.create(connection, "Plans")
    assert caught.value.code == "alreadyexists"
    assert caught.value.server_text


def test_a_mailbox_that_is_missing_is_refused(imap_server: ImapServer) -> None:
    connection = imap_server.connect()
    for do in (lambda: mailboxes.status(connection, "Absent"), lambda: connection.select("Absent")):
        with pytest.raises(ServerRefused):
            do()
    assert connection.selected is None
    assert connection.usable


def test_the_inbox_cannot_be_removed(rich: ImapServer) -> None:
    with pytest.raises(Conflict):
        mailboxes.delete(rich.connect(), "inbox")


def test_a_mailbox_without_messages_of_its_own_cannot_be_opened(rich: ImapServer) -> None:
    connection = rich.connect()
    mailboxes.create(connection, "Work/Reports")
    found = _named(connection)
    assert not found["Work"].selectable
    assert found["Work/Reports"].selectable


def test_the_delimiter_and_prefix_of_own_names_are_known(imap_server: ImapServer) -> None:
    assert mailboxes.namespace_prefix(imap_server.connect()) == ("", "/")


def test_a_role_can_be_given_when_a_mailbox_is_made(rich: ImapServer, bare: ImapServer) -> None:
    for server in (rich, bare):
        mailboxes.create(server.connect(), "Old mail", special_use=SpecialUse.ARCHIVE)


def _listing(scripted: Callable[..., Scripted], lines: bytes) -> tuple[Connection, Scripted]:
    server = scripted(
        [("LIST", lines + b"{tag} OK done\r\n"), ("LSUB", b"{tag} OK done\r\n"), ("STATUS", b"{tag} NO later\r\n"), *SIGNS_IN]
    )
    connection = connect(server.server())
    connection.authenticate(Credentials("a", "b"))
    return connection, server


def test_a_name_that_cannot_be_decoded_can_still_be_opened(scripted: Callable[..., Scripted]) -> None:
    raw = [b"&bad", b"&AAA", b"Entw&APw-rfe", b"caf\xc3\xa9", b"caf\xe9", b"&Jjo-&Jjo-", b"a&b"]
    connection, server = _listing(scripted, b"".join(b'* LIST () "/" "%s"\r\n' % name for name in raw))
    listed = mailboxes.list_mailboxes(connection)
    assert "Entwürfe" in {one.name for one in listed}
    assert len({one.name for one in listed}) == len(raw)
    for one, name in zip(listed, raw, strict=True):
        one.name.encode("utf-8")  # No half of a surrogate pair.
        server.lines.clear()
        connection.select(one.name)
        assert name in server.lines[0]
    connection.close()


def test_a_line_that_cannot_be_read_costs_that_mailbox_only(scripted: Callable[..., Scripted]) -> None:
    lines = (
        b'* LIST () "/" INBOX\r\n* LIST (\\Noselect "/" Broken\r\n* LIST\r\n* LIST () NIL "Flat"\r\n* LIST () "/" with blanks\r\n'
        b'* LIST () "/" "open\r\n* LIST (\\Sent \\Weird) "/" {8}\r\nLit"eral\r\n* LIST () "/" inbox\r\n* LIST () "/" NIL\r\n'
    )
    connection, _ = _listing(scripted, lines)
    found = _named(connection)
    assert list(found) == ["INBOX", "Flat", "with blanks", 'Lit"eral', "NIL"]
    assert found["Flat"].delimiter == ""
    connection.close()


def test_a_role_belongs_to_one_mailbox_and_attributes_win(scripted: Callable[..., Scripted]) -> None:
    names = [b"() INBOX", b"() Sent", b"(\\Sent) Gesendet", b"() INBOX.Trash", b"() Work.Drafts"]
    lines = b"".join(b"* LIST " + name.replace(b") ", b') "." ') + b"\r\n" for name in names)
    connection, _ = _listing(scripted, lines)
    found = {name: one.special_use for name, one in _named(connection).items()}
    assert found == {
        "INBOX": SpecialUse.INBOX,
        "Sent": None,
        "Gesendet": SpecialUse.SENT,
        "INBOX.Trash": SpecialUse.TRASH,
        "Work.Drafts": None,
    }
    connection.close()
