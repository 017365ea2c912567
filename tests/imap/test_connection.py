"""Signing in safely, and following what the server says."""

from __future__ import annotations

import ssl
from collections.abc import Callable

import pytest

from tests.imap.letters import letter
from tests.servers.authority import Authority
from tests.servers.dovecot import Dovecot
from tests.servers.imap_servers import ImapServer
from tests.servers.scripted import CLOSE, SIGNS_IN, SILENCE, START_TLS, Rule, Scripted
from webmail.account import Credentials, Security, Server
from webmail.errors import (
    AuthenticationFailed,
    InvalidInput,
    ServerRefused,
    ServerUnavailable,
    ServerUnusable,
    UidValidityChanged,
    WebmailError,
)
from webmail.imap.connection import Connection, connect

SECRET = "pässwörd密码"
Scripts = Callable[..., Scripted]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority of these tests' own."""
    return Authority(tmp_path_factory.mktemp("authority"))


def _heard(server: Scripted) -> bytes:
    return b"".join(server.lines)


def _no_password_in(server: Scripted) -> bool:
    return b"AUTHENTICATE" not in _heard(server) and b"LOGIN" not in _heard(server)


def test_a_person_signs_in(imap_server: ImapServer) -> None:
    connection = imap_server.connect()
    connection.noop()
    assert connection.usable
    assert connection.has("IMAP4rev1")
    connection.close()
    assert not connection.usable


@pytest.mark.parametrize("security", list(Security))
def test_passwords_of_any_script_sign_in(dovecot: Dovecot, security: Security) -> None:
    username = dovecot.new_user(SECRET)
    connection = connect(dovecot.server(security))
    connection.authenticate(dovecot.credentials(username))
    assert connection.has("UIDPLUS")
    connection.close()


def test_passwords_of_any_script_sign_in_without_initial_response(dovecot: Dovecot, bare: ImapServer) -> None:
    connection = connect(bare.server)
    connection.authenticate(dovecot.credentials(dovecot.new_user(SECRET)))
    connection.noop()
    connection.close()


def test_the_login_command_is_used_where_there_is_no_other_way(scripted: Scripts) -> None:
    rules: list[Rule] = [("CAPABILITY", b"* CAPABILITY IMAP4rev1\r\n{tag} OK done\r\n")]
    server = scripted(rules)
    connection = connect(server.server())
    connection.authenticate(Credentials("alice", SECRET))
    assert f'LOGIN "alice" {{{len(SECRET.encode())}}}' in _heard(server).decode()
    assert SECRET in _heard(server).decode()
    connection.close()


def test_a_wrong_password_is_refused_in_the_words_of_the_server(imap_server: ImapServer) -> None:
    connection = connect(imap_server.server)
    with pytest.raises(AuthenticationFailed) as caught:
        connection.authenticate(Credentials(imap_server.credentials.username, "wrong-secret"))
    assert caught.value.code == "credentials"
    assert caught.value.server_text
    assert "wrong-secret" not in repr(caught.value) + str(caught.value)
    connection.close()


CODES = {
    "AUTHENTICATIONFAILED": (AuthenticationFailed, "credentials"),
    "EXPIRED": (AuthenticationFailed, "expired"),
    "CONTACTADMIN": (AuthenticationFailed, "contact_admin"),
    "AUTHORIZATIONFAILED": (AuthenticationFailed, "authorization"),
    "PRIVACYREQUIRED": (ServerUnusable, "privacy_required"),
    "UNAVAILABLE": (ServerUnavailable, "unavailable"),
    "LIMIT": (ServerUnavailable, "limit"),
    "INUSE": (ServerUnavailable, "inuse"),
    "X-UNHEARD-OF": (AuthenticationFailed, "credentials"),
}


@pytest.mark.parametrize("code", CODES)
def test_each_reason_to_refuse_a_sign_in_has_its_own_error(scripted: Scripts, code: str) -> None:
    server = scripted([("AUTHENTICATE", b"{tag} NO [%s] so \x1b[31m it is\r\n" % code.encode()), *SIGNS_IN])
    connection = connect(server.server())
    kind, name = CODES[code]
    with pytest.raises(kind) as caught:
        connection.authenticate(Credentials("alice", "hunter2-secret"))
    assert (type(caught.value), caught.value.code) == (kind, name)
    assert caught.value.server_text == "so  [31m it is"
    assert "hunter2" not in repr(caught.value) + str(caught.value)
    connection.close()


def test_each_reason_to_refuse_a_command_has_its_own_error(scripted: Scripts) -> None:
    wanted = {
        "OVERQUOTA": (ServerRefused, "overquota"),
        "ALREADYEXISTS": (ServerRefused, "alreadyexists"),
        "NONEXISTENT": (ServerRefused, "nonexistent"),
        "TRYCREATE": (ServerRefused, "nonexistent"),
        "NOPERM": (ServerRefused, "noperm"),
        "CANNOT": (ServerRefused, "cannot"),
        "LIMIT": (ServerRefused, "limit"),
        "UNAVAILABLE": (ServerUnavailable, "unavailable"),
        "INUSE": (ServerUnavailable, "inuse"),
        "CONTACTADMIN": (ServerRefused, "refused"),
    }
    rules: list[Rule] = [(f'CREATE "{code}"', b"{tag} NO [%s] no\r\n" % code.encode()) for code in wanted]
    server = scripted([*rules, *SIGNS_IN])
    connection = connect(server.server())
    for code, (kind, name) in wanted.items():
        with pytest.raises(kind) as caught:
            connection.command("CREATE", code)
        assert (caught.value.code, caught.value.server_text) == (name, "no")
        assert getattr(caught.value, "server_code", code) == code
    connection.close()


# Nothing is sent before it is safe.


def test_without_tls_only_this_machine_is_spoken_to() -> None:
    for host in ("mail.example.org", "127.0.0.1.example.org", "10.0.0.1", "0.0.0.0", "localhost.example.org", "127.1", "2130706433"):
        with pytest.raises(ServerUnusable, match="insecure"):
            connect(Server(host, 143, Security.NONE))


def test_a_certificate_that_is_not_right_is_told_apart(scripted: Scripts, authority: Authority) -> None:
    wanted = {
        "tls_expired": authority.issue(["localhost"], expired=True),
        "tls_hostname": authority.issue(["other.example.org"]),
        "tls_certificate": authority.issue(["localhost"], by_stranger=True),
    }
    for code, (certificate, key) in wanted.items():
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)
        rules: list[Rule] = [
            ("CAPABILITY", b"* CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN\r\n{tag} OK done\r\n"),
            ("STARTTLS", b"{tag} OK go\r\n" + START_TLS),
        ]
        server = scripted(rules, context=context)
        with pytest.raises(ServerUnusable) as caught:
            connect(server.server(Security.STARTTLS, host="localhost", ca_file=str(authority.ca_file)))
        assert caught.value.code == code
        assert _no_password_in(server)


def test_the_authority_given_is_trusted_besides_the_systems(dovecot: Dovecot) -> None:
    for security in (Security.TLS, Security.STARTTLS):
        server = dovecot.server(security)
        connect(server).close()
        with pytest.raises(ServerUnusable, match="tls_certificate"):
            connect(Server(server.host, server.port, security))
        with pytest.raises(ServerUnusable, match="tls_ca_file"):
            connect(Server(server.host, server.port, security, "/nowhere/authority.pem"))


def test_a_server_that_speaks_no_tls_where_it_should_is_unusable(dovecot: Dovecot) -> None:
    with pytest.raises(ServerUnusable, match="tls_failed"):
        connect(Server("localhost", dovecot.imap, Security.TLS, str(dovecot.ca_file)))


def test_a_refused_or_hidden_starttls_ends_the_connection(scripted: Scripts) -> None:
    offered: Rule = ("CAPABILITY", b"* CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN\r\n{tag} OK done\r\n")
    for rules in ([*SIGNS_IN], [offered, ("STARTTLS", b"{tag} NO not today\r\n")], [offered, ("STARTTLS", b"{tag} BAD what\r\n")]):
        server = scripted(rules)
        with pytest.raises(ServerUnusable, match="starttls_refused"):
            connect(server.server(Security.STARTTLS))
        assert _no_password_in(server)


def test_answers_put_before_tls_are_refused(scripted: Scripts, authority: Authority) -> None:
    certificate, key = authority.issue(["localhost"])
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    injected = b"{tag} OK go\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN X-EVIL\r\nW2 OK done\r\n"
    rules: list[Rule] = [("CAPABILITY", b"* CAPABILITY IMAP4rev1 STARTTLS\r\n{tag} OK done\r\n"), ("STARTTLS", injected + START_TLS)]
    server = scripted(rules, context=context)
    with pytest.raises(ServerUnusable, match="starttls_injection"):
        connect(server.server(Security.STARTTLS, host="localhost", ca_file=str(authority.ca_file)))
    assert _no_password_in(server)


def test_what_was_offered_before_tls_is_asked_for_again(scripted: Scripts, authority: Authority) -> None:
    certificate, key = authority.issue(["localhost"])
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    offers = iter([b"STARTTLS AUTH=PLAIN X-BEFORE", b"AUTH=PLAIN X-AFTER", b"AUTH=PLAIN"])
    rules: list[Rule] = [
        ("CAPABILITY", lambda command: b"* CAPABILITY IMAP4rev1 " + next(offers) + b"\r\n{tag} OK done\r\n"),
        ("STARTTLS", b"{tag} OK go\r\n" + START_TLS),
    ]
    connection = connect(scripted(rules, context=context).server(Security.STARTTLS, host="localhost", ca_file=str(authority.ca_file)))
    assert connection.has("X-AFTER")
    assert not connection.has("X-BEFORE")
    connection.close()


@pytest.mark.parametrize("security", [Security.NONE, Security.STARTTLS])
def test_a_server_that_has_signed_in_somebody_already_is_refused(scripted: Scripts, security: Security) -> None:
    server = scripted(greeting=b"* PREAUTH hello mallory\r\n")
    with pytest.raises(ServerUnusable, match="preauth"):
        connect(server.server(security))
    assert _no_password_in(server)


def test_a_login_that_is_forbidden_sends_no_password(scripted: Scripts) -> None:
    server = scripted([("CAPABILITY", b"* CAPABILITY IMAP4rev1 LOGINDISABLED\r\n{tag} OK done\r\n")])
    connection = connect(server.server())
    with pytest.raises(ServerUnusable, match="login_disabled"):
        connection.authenticate(Credentials("alice", "secret"))
    assert _no_password_in(server)
    connection.close()


# Servers that are not well.


def test_greetings_that_are_none(scripted: Scripts) -> None:
    cases = {
        b"* BYE [UNAVAILABLE] come back later\r\n": ("unavailable", "come back later"),
        b"* BYE too many of you\r\n": ("turned_away", "too many of you"),
        b"220 smtp.example.org ESMTP\r\n": ("greeting", ""),
        b"\x00\xff\x16\x03\r\n": ("greeting", ""),
        b"": ("timeout", ""),
        SILENCE: ("timeout", ""),
        b"* OK": ("timeout", ""),
    }
    for greeting, (code, said) in cases.items():
        with pytest.raises(ServerUnavailable) as caught:
            connect(scripted(greeting=greeting).server(), timeout=0.3)
        assert (caught.value.code, caught.value.server_text) == (code, said), greeting


def test_a_port_where_nobody_listens_is_unavailable(scripted: Scripts) -> None:
    server = scripted()
    server.stop()
    with pytest.raises(ServerUnavailable, match="connect"):
        connect(server.server())
    with pytest.raises(ServerUnavailable, match="connect"):
        connect(Server("no-such-host.invalid", 993), timeout=5)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (SILENCE, "timeout"),
        (CLOSE, "disconnected"),
        (b"* OK half", "timeout"),
        (b"* 1 EXISTS\r\n" + CLOSE, "disconnected"),
        (b"* BYE [UNAVAILABLE] shutting down\r\n" + CLOSE, "unavailable"),
        (b"* BYE enough\r\n" + CLOSE, "disconnected"),
        (b"garbage without sense\r\n", "protocol"),
        (b"W99 OK an answer to another command\r\n", "protocol"),
        (b"+ go on\r\n", "protocol"),
        (b"* LIST () {999999999999}\r\n", "protocol"),
        (b"* LIST () {5}\r\nab", "timeout"),
        (b"* LIST () {5}\r\nab" + CLOSE, "disconnected"),
    ],
)
def test_a_connection_that_broke_is_never_used_again(scripted: Scripts, answer: bytes, code: str) -> None:
    server = scripted([("NOOP", answer), *SIGNS_IN])
    connection = connect(server.server(), timeout=0.3)
    connection.authenticate(Credentials("a", "b"))
    with pytest.raises(ServerUnavailable) as caught:
        connection.noop()
    assert caught.value.code == code
    assert caught.value.values == {"host": server.server().host, "port": server.port}
    assert not connection.usable
    with pytest.raises(ServerUnavailable, match="disconnected"):
        connection.noop()
    connection.close()


def test_empty_lines_and_unknown_responses_do_no_harm(scripted: Scripts) -> None:
    odd = [b"", b"* ", b"* (", b"* 5", b"* X-UNKNOWN 5", b"* 7 X-ODD (", b"* OK [ODD ", b"* LIST ((((", b"* FETCH", b"* \xff\xfe \x80"]
    said = b"".join(line + b"\r\n" for line in odd) + b"{tag} OK done\r\n"
    server = scripted([("NOOP", said), *SIGNS_IN])
    connection = connect(server.server())
    connection.authenticate(Credentials("a", "b"))
    connection.select("INBOX")
    connection.noop()
    assert connection.usable
    connection.close()


# What a mailbox tells.


def test_selecting_again_costs_nothing(dovecot: Dovecot, scripted: Scripts) -> None:
    server = scripted()
    connection = connect(server.server())
    connection.authenticate(Credentials("a", "b"))
    server.lines.clear()
    first = connection.select("INBOX", writable=True)
    assert connection.select("INBOX") is first
    assert connection.select("INBOX", uidvalidity=7, writable=True) is first
    assert [command.split()[0] for command in server.commands] == ["SELECT"]
    assert (first.uidvalidity, first.uidnext, first.exists, first.read_only) == (7, 10, 3, False)
    connection.close()


def test_reading_does_not_open_for_writing(imap_server: ImapServer) -> None:
    connection = imap_server.connect()
    assert connection.select("INBOX").read_only
    assert not connection.select("INBOX", writable=True).read_only


def test_uids_that_became_void_are_refused(imap_server: ImapServer) -> None:
    connection = imap_server.connect()
    known = connection.select("INBOX").uidvalidity
    with pytest.raises(UidValidityChanged) as caught:
        connection.select("INBOX", uidvalidity=known + 1)
    assert caught.value.found == known


def test_a_server_without_lasting_uids_is_unusable(scripted: Scripts) -> None:
    server = scripted([("EXAMINE", b"* 3 EXISTS\r\n{tag} OK done\r\n"), *SIGNS_IN])
    connection = connect(server.server())
    with pytest.raises(ServerUnusable, match="no_uidvalidity"):
        connection.select("INBOX")
    connection.close()


def test_uidnext_is_found_where_it_is_not_told(scripted: Scripts) -> None:
    server = scripted(
        [
            ("EXAMINE", b"* 3 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n{tag} OK done\r\n"),
            (r"FETCH \*", b"* 3 FETCH (UID 41)\r\n{tag} OK done\r\n"),
            *SIGNS_IN,
        ]
    )
    connection = connect(server.server())
    assert connection.select("INBOX").uidnext == 42
    connection.close()


def test_what_others_do_is_noticed(imap_server: ImapServer) -> None:
    imap_server.put([letter(1), letter(2)])
    connection = imap_server.connect()
    connection.select("INBOX", writable=True)
    connection.settle()
    connection.noop()
    assert not connection.changed
    imap_server.put([letter(3)])
    connection.noop()
    assert connection.changed
    assert connection.selected is not None
    assert connection.selected.exists == 3
    connection.settle()
    connection.noop()
    assert not connection.changed
    with imap_server.side() as client:
        client.store("1", "+FLAGS", r"(\Flagged)")
    connection.noop()
    assert connection.changed
    connection.settle()
    with imap_server.side() as client:
        client.store("1", "+FLAGS", r"(\Deleted)")
        client.expunge()
    connection.noop()
    assert connection.changed
    assert connection.selected.exists == 2


def test_a_mailbox_whose_uids_become_void_while_open_is_opened_anew(scripted: Scripts) -> None:
    server = scripted([("NOOP", b"* OK [UIDVALIDITY 8] changed\r\n{tag} OK done\r\n"), *SIGNS_IN])
    connection = connect(server.server())
    connection.select("INBOX")
    connection.noop()
    assert connection.selected is None
    assert connection.changed
    connection.close()


def test_alerts_are_kept_until_taken(scripted: Scripts) -> None:
    server = scripted([("NOOP", b"* OK [ALERT] Disk \x07full\r\n{tag} OK [ALERT] Really\r\n"), *SIGNS_IN])
    connection = connect(server.server())
    connection.noop()
    connection.noop()
    assert connection.take_alerts() == ["Disk  full", "Really"]
    assert connection.take_alerts() == []
    connection.close()


def test_a_name_or_password_with_a_line_break_is_refused(scripted: Scripts) -> None:
    server = scripted()
    connection = connect(server.server())
    for bad in ("a\r\nb", "a\nb", "a\rb", "a\0b"):
        for credentials in (Credentials(bad, "secret"), Credentials("alice", bad)):
            with pytest.raises(InvalidInput):
                connection.authenticate(credentials)
    assert _no_password_in(server)
    connection.close()


def test_no_error_is_raised_by_closing_twice(scripted: Scripts) -> None:
    connection: Connection = connect(scripted().server())
    connection.close()
    connection.close()
    with pytest.raises(WebmailError):
        connection.noop()
