"""What happened since we last looked."""

from __future__ import annotations

import pytest

from tests.imap.letters import letter
from tests.servers.dovecot import Dovecot
from tests.servers.imap_servers import ImapServer
from tests.servers.proxy import Proxy
from webmail.errors import ServerRefused, UidValidityChanged
from webmail.imap import changes
from webmail.imap.connection import connect


def test_a_look_tells_the_state_of_a_mailbox(imap_server: ImapServer) -> None:
    imap_server.put([letter(1), letter(2)])
    connection = imap_server.connect()
    from_outside = changes.check(connection, "INBOX")
    assert (from_outside.exists, from_outside.unseen, from_outside.changed) == (2, 2, True)
    uidvalidity = connection.select("INBOX").uidvalidity
    connection.settle()
    quiet = changes.check(connection, "INBOX", uidvalidity=uidvalidity)
    assert (quiet.uidvalidity, quiet.exists, quiet.changed) == (from_outside.uidvalidity, 2, False)
    assert quiet.uidnext == from_outside.uidnext
    imap_server.put([letter(3)])
    assert changes.check(connection, "INBOX").changed
    assert changes.check(connection, "INBOX").exists == 3


def test_a_look_costs_one_command(dovecot: Dovecot, proxy: Proxy) -> None:
    connection = connect(proxy.server())
    connection.authenticate(dovecot.credentials(dovecot.new_user()))
    connection.select("INBOX")
    proxy.commands.clear()
    changes.check(connection, "INBOX")
    changes.check(connection, "Sent")
    assert [command.split()[0] for command in proxy.commands] == ["NOOP", "STATUS"]
    connection.close()


def test_void_uids_are_told_from_outside_and_inside(imap_server: ImapServer) -> None:
    connection = imap_server.connect()
    known = changes.check(connection, "INBOX").uidvalidity
    with pytest.raises(UidValidityChanged):
        changes.check(connection, "INBOX", uidvalidity=known + 1)
    connection.select("INBOX")
    with pytest.raises(UidValidityChanged):
        changes.check(connection, "INBOX", uidvalidity=known + 1)


def test_a_mailbox_made_anew_has_other_uids(rich: ImapServer) -> None:
    connection = rich.connect()
    connection.command("CREATE", "Plans")
    known = changes.check(connection, "Plans").uidvalidity
    with rich.side() as client:
        client.delete("Plans")
        client.create("Plans")
    with pytest.raises(UidValidityChanged):
        connection.select("Plans", uidvalidity=known)


def test_a_mailbox_that_is_gone_is_refused(rich: ImapServer) -> None:
    with pytest.raises(ServerRefused):
        changes.check(rich.connect(), "Absent")
