"""Message submission: what must hold against a server that behaves, and against one that does not."""

from __future__ import annotations

import base64
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.authority import Authority
from tests.servers.dovecot import Dovecot
from tests.servers.postfix import Postfix
from tests.servers.smtp_sink import SmtpSink
from webmail import smtp
from webmail.account import Credentials, Security, Server
from webmail.errors import AuthenticationFailed, Conflict, InvalidInput, ServerRefused, ServerUnavailable, ServerUnusable, WebmailError
from webmail.smtp.session import xtext

ALICE = Credentials("älice@example.test", "pässwörd密码")
RAW = b"From: alice@example.test\r\nTo: bob@example.test\r\nSubject: Hello\r\n\r\nGood morning.\r\n"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def certificate(authority: Authority) -> tuple[Path, Path]:
    return authority.issue(["localhost", "127.0.0.1"])


@pytest.fixture(scope="module")
def clear_sink() -> Iterator[SmtpSink]:
    with SmtpSink(credentials=ALICE) as sink:
        yield sink


@pytest.fixture
def sink(clear_sink: SmtpSink) -> SmtpSink:
    """A sink on loopback that wants Alice's password."""
    clear_sink.forget()
    return clear_sink


@pytest.fixture(scope="module")
def starttls(certificate: tuple[Path, Path]) -> Iterator[SmtpSink]:
    with SmtpSink(security=Security.STARTTLS, certificate=certificate, credentials=ALICE) as sink:
        yield sink


def submit(server: Server, *recipients: str, raw: bytes = RAW, timeout: float = 5) -> smtp.Reply:
    """Hand over one message as the mail service does."""
    with smtp.connect(server, timeout=timeout) as session:
        session.authenticate(ALICE)
        session.mail("alice@example.test", size=len(raw))
        for recipient in recipients or ("bob@example.test",):
            session.rcpt(recipient)
        session.data()
        session.send_body(raw)
        return session.wait(timeout)


def begun(session: smtp.Session) -> None:
    """Bring a session to where the body is due."""
    session.authenticate(ALICE)
    session.mail("alice@example.test", size=len(RAW))
    session.rcpt("bob@example.test")
    session.data()


def secrets(credentials: Credentials) -> list[bytes]:
    """Every form in which a password could show."""
    plain = f"\0{credentials.username}\0{credentials.password}".encode()
    return [
        credentials.password.encode(),
        base64.b64encode(plain),
        base64.b64encode(credentials.password.encode()),
        base64.b64encode(credentials.username.encode()),
    ]


def test_a_message_is_handed_over(sink: SmtpSink) -> None:
    reply = submit(sink.server(), "bob@example.test", "carol@example.test")
    assert (reply.kind, reply.code, reply.enhanced, reply.text) == ("ok", 250, "2.0.0", "OK: kept")
    [message] = sink.messages
    assert message.sender == "alice@example.test"
    assert message.recipients == ("bob@example.test", "carol@example.test")
    assert message.content == RAW
    assert message.username == ALICE.username


def test_several_messages_go_over_one_connection(sink: SmtpSink) -> None:
    with smtp.connect(sink.server()) as session:
        for number in range(3):
            raw = RAW + b"%d\r\n" % number
            if number:
                session.mail("alice@example.test", size=len(raw))
                session.rcpt("bob@example.test")
                session.data()
            else:
                begun(session)
            session.send_body(raw)
            assert session.wait().ok
        session.mail("alice@example.test", size=10)
        session.reset()
    assert len(sink.messages) == 3
    assert sink.connections == 1
    assert sink.commands[-2:] == ["RSET", "QUIT"]


# Addresses and arguments


@pytest.mark.parametrize(
    "address",
    [
        "bob@example.test\r\nRCPT TO:<eve@example.test",
        "bob@example.test\nDATA",
        "bob\0@example.test",
        "bob@example.test> SIZE=1",
        "bob@example.test>\tX",
        "<bob@example.test",
        "bob smith@example.test",
        "bob",
        "@example.test",
        "bob@",
        "",
        "bob\udc80@example.test",
        '"bob\r\n"@example.test',
        "bob@exa\u2028mple.test",
    ],
)
def test_an_address_that_could_end_the_command_is_refused_and_not_sent(sink: SmtpSink, address: str) -> None:
    with smtp.connect(sink.server()) as session:
        session.authenticate(ALICE)
        session.mail("alice@example.test", size=1)
        with pytest.raises(InvalidInput):
            session.rcpt(address)
        if address:
            with pytest.raises(InvalidInput):
                session.mail(address, size=1)
        assert session.rcpt("carol@example.test").ok
    assert [command for command in sink.commands if "RCPT" in command] == ["RCPT TO:<carol@example.test>"]


@pytest.mark.parametrize("address", ['"bob smith"@example.test', "bob+tag@example.test", "o'bob@sub.example.test", "bob@[127.0.0.1]"])
def test_unusual_addresses_are_sent_as_they_are(sink: SmtpSink, address: str) -> None:
    with smtp.connect(sink.server()) as session:
        session.authenticate(ALICE)
        session.mail("", size=1)
        session.rcpt(address)
    assert f"RCPT TO:<{address}>" in sink.commands


def test_every_recipient_has_an_answer_of_its_own(sink: SmtpSink) -> None:
    sink.refuse("eve@example.test", "550 5.1.1 <eve@example.test>: No such user")
    sink.refuse("full@example.test", "452 4.2.2 Mailbox full")
    with smtp.connect(sink.server()) as session:
        session.authenticate(ALICE)
        session.mail("alice@example.test", size=len(RAW))
        kinds = {name: session.rcpt(f"{name}@example.test") for name in ("bob", "eve", "full")}
        session.data()
        session.send_body(RAW)
        assert session.wait().ok
    assert [reply.kind for reply in kinds.values()] == ["ok", "permanent", "temporary"]
    assert kinds["eve"].status == "550 5.1.1"
    assert kinds["eve"].text == "<eve@example.test>: No such user"
    assert sink.messages[0].recipients == ("bob@example.test",)


# The body


@pytest.mark.parametrize(
    "body",
    [
        b".\r\n",
        b"..\r\n",
        b".hidden\r\n.\r\n..\r\n...\r\n\r\n.\r\n",
        b"x\r\n.\r\nMAIL FROM:<eve@example.test>\r\n",
        b"." * 200 + b"\r\n",
        (b"." + b"y" * 70 + b"\r\n") * 3000,
        (b"." + b"z" * 13 + b"\r\n") * 20_000,
        b"",
    ],
)
def test_the_body_arrives_byte_for_byte(sink: SmtpSink, body: bytes) -> None:
    assert submit(sink.server(), raw=RAW + body).ok
    assert sink.messages[0].content == RAW + body


def test_a_dot_is_doubled_wherever_the_pieces_are_cut(sink: SmtpSink) -> None:
    for shift in range(4):
        raw = RAW + b"x" * 500 + b"\r\n"
        raw += b"y" * ((1 << 16) - len(raw) - shift) + b"\r\n.\r\n.end\r\n"
        assert b"".join(smtp.body.stuffed(raw)) == raw.replace(b"\r\n.", b"\r\n..")


def test_a_last_line_without_an_end_is_given_one(sink: SmtpSink) -> None:
    submit(sink.server(), raw=RAW.removesuffix(b"\r\n"))
    assert sink.messages[0].content == RAW


@pytest.mark.parametrize("smuggled", [b"\n.\n", b"\r.\r", b"\n.\r\n", b"\r\n.\n", b"\r\n.\r", b"\r\r\n.\r\n", b"\0"])
def test_a_body_with_a_lone_line_break_is_refused_before_its_first_byte(sink: SmtpSink, smuggled: bytes) -> None:
    raw = RAW + b"text" + smuggled + b"MAIL FROM:<eve@example.test>\r\n"
    with smtp.connect(sink.server()) as session:
        begun(session)
        sent = len(sink.clear)
        with pytest.raises(InvalidInput):
            session.send_body(raw)
    assert len(sink.clear) == sent
    assert sink.taken == []


def test_no_command_is_sent_while_a_body_is_under_way(sink: SmtpSink) -> None:
    with smtp.connect(sink.server()) as session:
        with pytest.raises(Conflict):
            session.send_body(RAW)
        with pytest.raises(Conflict):
            session.wait(0.1)
        begun(session)
        for step in (lambda: session.mail("", size=1), lambda: session.rcpt("bob@example.test"), session.reset, lambda: session.wait(0.1)):
            with pytest.raises(Conflict):
                step()
    assert b"QUIT" not in sink.clear
    assert sink.taken == []


# Extensions


def test_size_and_eight_bit_are_said_where_the_server_knows_them(sink: SmtpSink) -> None:
    with smtp.connect(sink.server()) as session:
        assert session.max_size == sink.size_limit
        session.authenticate(ALICE)
        session.mail("alice@example.test", size=123, eight_bit=True)
        session.reset()
        session.mail("älice@example.test", size=5, smtputf8=True)
        assert session.rcpt("b密码b@example.test").ok
    assert "MAIL FROM:<alice@example.test> SIZE=123 BODY=8BITMIME" in sink.commands
    assert "MAIL FROM:<älice@example.test> SIZE=5 BODY=8BITMIME SMTPUTF8" in sink.commands


def test_what_a_server_does_not_know_is_not_said(sink: SmtpSink) -> None:
    sink.answer("EHLO", "250-sink\r\n250 AUTH PLAIN")
    sink.answer("MAIL", "250 fine")
    sink.answer("RCPT", "250 fine")
    with smtp.connect(sink.server()) as session:
        assert session.max_size == 0
        session.mail("alice@example.test", size=123)
        session.rcpt("bob@example.test")
        with pytest.raises(ServerRefused, match="smtputf8"):
            session.rcpt("b密b@example.test")
        with pytest.raises(ServerRefused, match="smtputf8"):
            session.mail("alice@example.test", size=123, smtputf8=True)
        with pytest.raises(ServerRefused, match="eight_bit"):
            session.mail("alice@example.test", size=123, eight_bit=True)
    assert [command for command in sink.commands if command[:4] in ("MAIL", "RCPT")] == [
        "MAIL FROM:<alice@example.test>",
        "RCPT TO:<bob@example.test>",
    ]


def test_a_message_over_the_limit_is_refused_before_it_is_sent(sink: SmtpSink) -> None:
    with smtp.connect(sink.server()) as session:
        session.authenticate(ALICE)
        with pytest.raises(ServerRefused) as refusal:
            session.mail("alice@example.test", size=sink.size_limit + 1)
        sink.answer("MAIL", "552 5.3.4 Message size exceeds fixed limit")
        with pytest.raises(ServerRefused) as theirs:
            session.mail("alice@example.test", size=10)
    assert (refusal.value.code, refusal.value.values["limit"], refusal.value.transient) == ("size", sink.size_limit, False)
    assert (theirs.value.code, theirs.value.server_code) == ("size", "552 5.3.4")
    assert sum(command.startswith("MAIL") for command in sink.commands) == 1


@pytest.mark.parametrize("size", ["SIZE", "SIZE 0", "SIZE -1", "SIZE many", "SIZE " + "9" * 4000, "SIZE ²"])
def test_a_size_that_says_nothing_is_no_limit(sink: SmtpSink, size: str) -> None:
    sink.answer("EHLO", f"250-sink\r\n250 {size}")
    with smtp.connect(sink.server()) as session:
        assert session.max_size == 0


@pytest.mark.parametrize(
    "answer",
    [
        "250-X\r\n" * 100_000 + "250 X",
        "250-" + "X" * 5_000_000,
        "250-sink\r\n250 " + "X" * 100_000,
        "250sink",
        "25",
        "999 what",
        "\0\0\0\0",
        "250-sink\r\n* OK",
        "",
    ],
)
def test_an_answer_without_end_or_sense_is_given_up(sink: SmtpSink, answer: str) -> None:
    sink.answer("EHLO", answer)
    with pytest.raises(ServerUnavailable, match="response"):
        smtp.connect(sink.server(), timeout=3)


def test_a_server_that_drips_is_given_up_in_time(sink: SmtpSink) -> None:
    """Each line comes soon enough, the whole answer never does."""
    listener = socket.create_server(("127.0.0.1", 0))
    with listener, pytest.raises(ServerUnavailable, match="timeout"):
        smtp.connect(Server("127.0.0.1", listener.getsockname()[1], Security.NONE), timeout=0.2)
    sink.answer("EHLO", "250-sink\r\n250-SIZE 10")
    with pytest.raises(ServerUnavailable, match="timeout"):
        smtp.connect(sink.server(), timeout=0.2)


def test_a_server_without_ehlo_is_greeted_with_helo(sink: SmtpSink) -> None:
    sink.answer("EHLO", "502 5.5.1 Not implemented")
    with smtp.connect(sink.server()) as session:
        assert dict(session.extensions) == {}
        with pytest.raises(ServerUnusable, match="no_auth_mechanism"):
            session.authenticate(ALICE)
    assert sink.commands == ["EHLO [127.0.0.1]", "HELO [127.0.0.1]", "QUIT"]


@pytest.mark.parametrize("answer", ["451 4.7.1 Slow down", "554 5.7.1 You are not welcome"])
def test_a_server_that_does_not_want_to_know_us_is_named_as_such(sink: SmtpSink, answer: str) -> None:
    sink.answer("EHLO", answer)
    sink.answer("HELO", answer)
    with pytest.raises(ServerUnavailable) as refusal:
        smtp.connect(sink.server())
    assert refusal.value.code == "unavailable"
    assert refusal.value.server_text == answer[10:]


# Signing in


@pytest.mark.parametrize("mechanisms", ["PLAIN LOGIN", "LOGIN PLAIN", "plain", "LOGIN"])
def test_a_password_beyond_ascii_is_sent_as_utf8(sink: SmtpSink, mechanisms: str) -> None:
    sink.answer("EHLO", f"250-sink\r\n250 AUTH {mechanisms}", times=1)
    with smtp.connect(sink.server()) as session:
        session.authenticate(ALICE)
        assert session.transcript[-1].startswith("S: 235 ")
    expected = "LOGIN" if mechanisms == "LOGIN" else "PLAIN"
    assert [command.split()[1] for command in sink.commands if command.startswith("AUTH")] == [expected]


def test_the_old_spelling_of_auth_is_understood(sink: SmtpSink) -> None:
    sink.answer("EHLO", "250-sink\r\n250-AUTH CRAM-MD5\r\n250 AUTH=LOGIN")
    with smtp.connect(sink.server()) as session:
        session.authenticate(ALICE)


def test_login_is_tried_where_plain_is_announced_but_not_known(sink: SmtpSink) -> None:
    sink.answer("AUTH", "504 5.5.4 Unrecognized authentication type", times=1)
    with smtp.connect(sink.server()) as session:
        session.authenticate(ALICE)
    assert [command.split()[1] for command in sink.commands if command.startswith("AUTH")] == ["PLAIN", "LOGIN"]


@pytest.mark.parametrize(
    ("reply", "kind", "code"),
    [
        ("535 5.7.8 Error: authentication failed", AuthenticationFailed, "credentials"),
        ("535 5.7.13 Account disabled", AuthenticationFailed, "contact_admin"),
        ("538 5.7.11 Encryption required", AuthenticationFailed, "privacy_required"),
        ("534-5.7.9 Please use an\r\n534 5.7.9 application password", AuthenticationFailed, "mechanism_too_weak"),
        ("550 5.7.1 No relaying for you", AuthenticationFailed, "authorization"),
        ("454 4.7.0 Temporary authentication failure", ServerUnavailable, "unavailable"),
        ("432 4.7.12 A password transition is needed", ServerUnavailable, "unavailable"),
        ("421 4.3.2 Shutting down", ServerUnavailable, "unavailable"),
        ("504 5.5.4 Unrecognized authentication type", ServerUnusable, "no_auth_mechanism"),
        ("250 What?", ServerUnavailable, "response"),
    ],
)
def test_each_refusal_to_sign_in_has_its_own_code(sink: SmtpSink, reply: str, kind: type[WebmailError], code: str) -> None:
    sink.answer("AUTH", reply)
    with smtp.connect(sink.server()) as session, pytest.raises(kind) as refusal:
        session.authenticate(ALICE)
    assert refusal.value.code == code
    assert refusal.value.server_text.split()[-1] == reply.split()[-1]


def test_a_wrong_password_is_offered_once(sink: SmtpSink) -> None:
    with smtp.connect(sink.server()) as session, pytest.raises(AuthenticationFailed, match="credentials"):
        session.authenticate(Credentials(ALICE.username, "wrong"))
    assert sum(command.startswith("AUTH") for command in sink.commands) == 1


def test_a_password_with_nul_is_refused(sink: SmtpSink) -> None:
    with smtp.connect(sink.server()) as session, pytest.raises(InvalidInput):
        session.authenticate(Credentials("eve\0alice", "secret"))
    assert not any(command.startswith("AUTH") for command in sink.commands)


@pytest.mark.parametrize("mechanisms", ["PLAIN", "LOGIN"])
def test_the_transcript_shows_both_sides_and_no_secret(sink: SmtpSink, mechanisms: str) -> None:
    sink.answer("EHLO", f"250-sink\r\n250 AUTH {mechanisms}", times=1)
    with smtp.connect(sink.server()) as session:
        begun(session)
        session.send_body(RAW)
        session.wait()
    said = session.transcript
    assert said[0].startswith("S: 220 sink.example.test")
    assert f"C: <{len(RAW)} octets>" in said
    assert "S: 250 2.0.0 OK: kept" in said
    assert said[-2] == "C: QUIT"
    assert "Good morning" not in "\n".join(said)
    for secret in secrets(ALICE):
        assert secret.decode() not in "\n".join(said)


def test_a_server_that_repeats_the_password_does_not_bring_it_into_the_log(sink: SmtpSink) -> None:
    response = base64.b64encode(f"\0{ALICE.username}\0{ALICE.password}".encode()).decode()
    sink.answer("AUTH", f"500 5.5.1 Unknown command: AUTH PLAIN {response}")
    with smtp.connect(sink.server()) as session, pytest.raises(WebmailError) as refusal:
        session.authenticate(ALICE)
    assert response not in "\n".join(session.transcript) + str(refusal.value)


# TLS


@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
def test_a_message_goes_over_tls_and_nothing_of_it_in_clear(
    authority: Authority, certificate: tuple[Path, Path], security: Security
) -> None:
    with SmtpSink(security=security, certificate=certificate, credentials=ALICE) as sink:
        with smtp.connect(sink.server(ca_file=authority.ca_file)) as session:
            assert session.tls.startswith("TLSv1.")
            assert "STARTTLS" not in session.extensions
            begun(session)
            session.send_body(RAW)
            assert session.wait().ok
        assert sink.messages[0].content == RAW
        clear = b"EHLO [127.0.0.1]\r\nSTARTTLS\r\n" if security is Security.STARTTLS else b""
        assert bytes(sink.clear) == clear
        assert secrets(ALICE)[1] in sink.protected


@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
@pytest.mark.parametrize(
    ("names", "options", "code"),
    [
        (["mail.example.test"], {}, "tls_hostname"),
        (["localhost"], {"expired": True}, "tls_expired"),
        (["localhost"], {"by_stranger": True}, "tls_certificate"),
    ],
)
def test_a_certificate_that_proves_nothing_is_refused(
    authority: Authority, security: Security, names: list[str], options: dict[str, bool], code: str
) -> None:
    with SmtpSink(security=security, certificate=authority.issue(names, **options), credentials=ALICE) as sink:
        with pytest.raises(ServerUnusable) as refusal:
            submit(sink.server(ca_file=authority.ca_file))
        assert refusal.value.code == code
        assert sink.protected == b""
        assert bytes(sink.clear) in (b"", b"EHLO [127.0.0.1]\r\nSTARTTLS\r\n")


def test_the_private_authority_is_not_trusted_unless_it_is_named(starttls: SmtpSink) -> None:
    starttls.forget()
    with pytest.raises(ServerUnusable, match="tls_certificate"):
        submit(starttls.server())
    assert starttls.protected == b""


def test_an_address_is_verified_like_a_name(authority: Authority, starttls: SmtpSink) -> None:
    starttls.forget()
    assert submit(starttls.server(ca_file=authority.ca_file, host="127.0.0.1")).ok
    with (
        SmtpSink(security=Security.TLS, certificate=authority.issue(["127.0.0.2"])) as sink,
        pytest.raises(ServerUnusable, match="tls_hostname"),
    ):
        submit(sink.server(ca_file=authority.ca_file, host="127.0.0.1"))


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("502 5.5.1 What?", "starttls_refused"),
        ("220 Go ahead\r\n235 2.7.0 You are in\r\n250 2.0.0 Injected", "starttls_injection"),
    ],
)
def test_a_switch_to_tls_that_fails_sends_no_password(authority: Authority, starttls: SmtpSink, answer: str, code: str) -> None:
    starttls.forget()
    starttls.answer("STARTTLS", answer)
    with pytest.raises(ServerUnusable) as refusal:
        submit(starttls.server(ca_file=authority.ca_file))
    assert refusal.value.code == code
    assert bytes(starttls.clear) == b"EHLO [127.0.0.1]\r\nSTARTTLS\r\n"


def test_a_connection_lost_at_the_switch_to_tls_sends_no_password(authority: Authority, starttls: SmtpSink) -> None:
    starttls.forget()
    starttls.drop("STARTTLS")
    with pytest.raises(ServerUnavailable, match="disconnected"):
        submit(starttls.server(ca_file=authority.ca_file))
    assert bytes(starttls.clear) == b"EHLO [127.0.0.1]\r\nSTARTTLS\r\n"


def test_a_hand_shake_that_is_not_answered_ends_in_a_time_out(authority: Authority) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(ServerUnavailable, match="timeout"):
        smtp.connect(Server("localhost", listener.getsockname()[1], Security.TLS, str(authority.ca_file)), timeout=0.2)


def test_starttls_taken_out_of_the_answer_is_noticed(authority: Authority, starttls: SmtpSink) -> None:
    starttls.forget()
    starttls.answer("EHLO", "250-sink\r\n250 AUTH PLAIN LOGIN")
    with pytest.raises(ServerUnusable, match="starttls_refused"):
        submit(starttls.server(ca_file=authority.ca_file))
    assert bytes(starttls.clear) == b"EHLO [127.0.0.1]\r\n"


def test_what_was_said_before_tls_is_forgotten(authority: Authority, starttls: SmtpSink) -> None:
    starttls.forget()
    starttls.answer("EHLO", "250-sink\r\n250-STARTTLS\r\n250-SIZE 1\r\n250 XFORGED", times=1)
    with smtp.connect(starttls.server(ca_file=authority.ca_file)) as session:
        assert "XFORGED" not in session.extensions
        assert session.max_size == starttls.size_limit


def test_a_server_that_does_not_speak_tls_is_named_as_such(authority: Authority, sink: SmtpSink) -> None:
    server = Server("localhost", sink.port, Security.TLS, str(authority.ca_file))
    with pytest.raises(ServerUnusable, match="tls_failed"):
        smtp.connect(server, timeout=3)


def test_a_missing_authority_file_is_named(sink: SmtpSink) -> None:
    with pytest.raises(ServerUnusable, match="tls_ca_file"):
        smtp.connect(Server("localhost", sink.port, Security.TLS, "/nowhere/ca.pem"))
    assert sink.connections == 0


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "0.0.0.0", "::ffff:192.0.2.1"])
def test_nothing_leaves_this_machine_unprotected(host: str) -> None:
    with pytest.raises(ServerUnusable, match="insecure"):
        smtp.connect(Server(host, 25, Security.NONE))


# Faults at every step


STEPS = ["connect", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "body"]


@pytest.mark.parametrize("step", STEPS)
def test_a_connection_lost_before_the_final_dot_is_surely_not_taken(sink: SmtpSink, step: str) -> None:
    sink.drop(step)
    with pytest.raises(ServerUnavailable, match="disconnected"):
        submit(sink.server(), raw=RAW + (b"z" * 70 + b"\r\n") * 200_000)
    assert sink.taken == []


@pytest.mark.parametrize("step", [*STEPS[:-1]])
def test_silence_before_the_body_ends_in_a_time_out(sink: SmtpSink, step: str) -> None:
    sink.hang(step)
    with pytest.raises(ServerUnavailable, match="timeout"):
        submit(sink.server(), timeout=0.2)
    assert sink.taken == []


@pytest.mark.parametrize("step", STEPS)
def test_a_server_that_closes_for_maintenance_can_be_tried_again(sink: SmtpSink, step: str) -> None:
    sink.answer(step, "421 4.3.2 Closing for maintenance", drop=True)
    with pytest.raises(ServerUnavailable) as refusal:
        submit(sink.server())
    # Inside the body the farewell may be lost with the connection.
    codes = {"unavailable", "disconnected"} if step == "body" else {"unavailable"}
    assert refusal.value.code in codes
    assert refusal.value.transient
    assert sink.taken == []


@pytest.mark.parametrize("step", [*STEPS[:-1]])
def test_an_answer_that_is_none_ends_the_visit(sink: SmtpSink, step: str) -> None:
    sink.answer(step, "hello there")
    with pytest.raises(ServerUnavailable) as refusal:
        submit(sink.server())
    assert refusal.value.code == ("greeting" if step == "connect" else "response")
    assert refusal.value.server_text == "hello there"
    assert refusal.value.values["host"] == "localhost"


@pytest.mark.parametrize(("reply", "transient"), [("451 4.3.0 Try later", True), ("554 5.7.1 Never", False)])
@pytest.mark.parametrize("step", ["MAIL", "DATA"])
def test_a_refusal_keeps_the_words_and_whether_it_may_pass(sink: SmtpSink, step: str, reply: str, transient: bool) -> None:
    sink.answer(step, reply)
    with pytest.raises(ServerRefused) as refusal:
        submit(sink.server())
    assert refusal.value.server_code == reply[:9]
    assert refusal.value.server_text == reply[10:]
    assert refusal.value.transient is transient


def test_a_server_that_turns_everyone_away_is_told_apart(sink: SmtpSink) -> None:
    sink.answer("connect", "554 5.3.2 No service here")
    with pytest.raises(ServerUnavailable) as refusal:
        submit(sink.server())
    assert (refusal.value.code, refusal.value.server_text) == ("greeting", "No service here")


def test_an_answer_before_the_end_of_the_body_counts_as_such(sink: SmtpSink) -> None:
    sink.answer("body", "552 5.3.4 Too much")
    with smtp.connect(sink.server()) as session:
        begun(session)
        with pytest.raises(ServerRefused, match="Too much"):
            session.send_body(RAW * 200_000)
    assert sink.taken == []


def test_an_acceptance_before_the_message_was_sent_is_not_believed(sink: SmtpSink) -> None:
    sink.answer("DATA", "354 Go ahead\r\n250 2.0.0 Thank you, got it")
    with pytest.raises(ServerUnavailable, match="response"):
        submit(sink.server())


def test_an_answer_to_a_question_not_asked_is_not_believed(sink: SmtpSink) -> None:
    sink.answer("MAIL", "250 2.1.0 OK\r\n250 2.1.5 OK")
    with pytest.raises(ServerUnavailable, match="response"):
        submit(sink.server())
    assert not any(command.startswith("RCPT") for command in sink.commands)


@pytest.mark.parametrize("kept", [True, False])
def test_a_lost_answer_to_the_final_dot_is_neither_yes_nor_no(sink: SmtpSink, kept: bool) -> None:
    sink.drop("dot", kept=kept)
    with pytest.raises(ServerUnavailable, match="no_answer") as lost:
        submit(sink.server())
    assert lost.value.values["reason"] == "disconnected"
    assert len(sink.messages) == kept
    sink.hang("dot", kept=kept)
    with pytest.raises(ServerUnavailable, match="no_answer") as silent:
        submit(sink.server(), timeout=0.3)
    assert silent.value.values["reason"] == "timeout"


@pytest.mark.parametrize("answer", ["hello there", "354 Go on", "250-first\r\nnonsense", "220-" + "x" * 100_000])
def test_an_answer_to_the_final_dot_that_makes_no_sense_is_neither_yes_nor_no(sink: SmtpSink, answer: str) -> None:
    sink.answer("dot", answer)
    with pytest.raises(ServerUnavailable, match="no_answer"):
        submit(sink.server())


@pytest.mark.parametrize(("answer", "kind"), [("451 4.3.0 Queue error", "temporary"), ("554 5.7.1 Spam", "permanent"), ("250 ok", "ok")])
def test_the_answer_to_the_final_dot_decides(sink: SmtpSink, answer: str, kind: str) -> None:
    sink.answer("dot", answer)
    assert submit(sink.server()).kind == kind


def test_a_farewell_after_the_final_dot_is_a_no_for_now(sink: SmtpSink) -> None:
    sink.answer("dot", "421 4.3.2 Shutting down")
    with pytest.raises(ServerUnavailable, match="unavailable"):
        submit(sink.server())


def test_taking_leave_never_fails(sink: SmtpSink) -> None:
    for step in (lambda: sink.drop("QUIT"), lambda: sink.answer("QUIT", "421 Bye"), lambda: sink.answer("QUIT", "nonsense")):
        sink.forget()
        step()
        assert submit(sink.server()).ok


def test_a_server_that_is_down_is_told_apart() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ServerUnavailable, match="connect"):
        smtp.connect(Server("localhost", port, Security.NONE))
    for host in ("nowhere.invalid", "a" * 70 + ".test", ""):
        with pytest.raises(WebmailError):
            smtp.connect(Server(host, port, Security.STARTTLS), timeout=3)


# Replies


def test_a_reply_of_several_lines_is_one_text() -> None:
    lines = ["5.1.1 The account does not exist.", "5.1.1 Check the address."]
    reply = smtp.reply.make_reply(550, lines)
    assert reply == smtp.Reply(550, "5.1.1", "The account does not exist.\nCheck the address.")


@pytest.mark.parametrize(
    ("code", "line", "enhanced", "text"),
    [
        (250, "2.1.5 OK", "2.1.5", "OK"),
        (250, "2.1.5", "2.1.5", ""),
        (550, "4.1.1 strange", "", "4.1.1 strange"),
        (250, "2.1.5x", "", "2.1.5x"),
        (250, "2.1.5555 x", "", "2.1.5555 x"),
        (354, "3.0.0 go", "", "3.0.0 go"),
        (250, "", "", ""),
    ],
)
def test_the_enhanced_status_is_read_where_it_fits_the_code(code: int, line: str, enhanced: str, text: str) -> None:
    assert smtp.reply.make_reply(code, [line]) == smtp.Reply(code, enhanced, text)


def test_a_servers_words_cannot_break_or_reorder_a_line() -> None:
    assert smtp.reply.read_line("550 \x1b[31mno\u202e\u2028\rsend\xff 不".encode()) == (550, False, " [31mno   send\xff 不")
    assert smtp.reply.read_line(b"550-\xff\xfe") == (550, True, "\ufffd\ufffd")
    assert smtp.reply.read_line(b"250") == (250, False, "")


# Debian's Postfix, signing in through Dovecot


@pytest.fixture(scope="module")
def sender(dovecot: Dovecot) -> Credentials:
    """Someone whose password needs UTF-8."""
    return dovecot.credentials(dovecot.new_user(ALICE.password))


def inbox(dovecot: Dovecot, username: str, *, count: int) -> list[bytes]:
    """The messages in someone's INBOX, once there are that many."""
    end = time.monotonic() + 15
    while True:
        with dovecot.side(username) as client:
            numbers = client.search(None, "ALL")[1][0].split()
            if len(numbers) >= count:
                return [client.fetch(number.decode(), "(BODY.PEEK[])")[1][0][1] for number in numbers]
        assert time.monotonic() < end, f"{len(numbers)} of {count} messages have arrived"
        time.sleep(0.05)


@pytest.mark.parametrize("port", ["submission", "submissions"])
def test_postfix_takes_a_message_and_it_arrives_byte_for_byte(postfix: Postfix, dovecot: Dovecot, sender: Credentials, port: str) -> None:
    recipient = dovecot.new_user()
    raw = b"From: %b\r\nTo: %b\r\nSubject: Dots\r\nDate: Mon, 23 Nov 2026 07:00:00 +0000\r\nMessage-ID: <%b@example.test>\r\n" % (
        sender.username.encode(),
        recipient.encode(),
        port.encode(),
    )
    raw += "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n.早上好\r\n.\r\n..\r\n\r\n.\r\n".encode()
    raw += (b"." + b"x" * 70 + b"\r\n") * 5000
    with smtp.connect(getattr(postfix, port)) as session:
        assert session.tls.startswith("TLSv1.3")
        session.authenticate(sender)
        session.mail(sender.username, size=len(raw), eight_bit=True)
        assert session.rcpt(recipient).ok
        unknown = session.rcpt("nobody@example.test")
        session.data()
        session.send_body(raw)
        taken = session.wait()
    assert (unknown.kind, unknown.status) == ("permanent", "550 5.1.1")
    assert (taken.kind, taken.status) == ("ok", "250 2.0.0")
    assert "queued as" in taken.text
    [arrived] = inbox(dovecot, recipient, count=1)
    assert arrived.endswith(raw)


def test_postfix_without_root_says_what_is_missing(dovecot: Dovecot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(RuntimeError, match="need root"):
        Postfix(tmp_path, dovecot=dovecot)


def test_postfix_refuses_a_wrong_password(postfix: Postfix, sender: Credentials) -> None:
    for wrong in ("pässwörd", "密码", ""):
        with smtp.connect(postfix.submissions) as session, pytest.raises(AuthenticationFailed, match="credentials"):
            session.authenticate(Credentials(sender.username, wrong))


def test_postfix_wants_a_sign_in_before_it_takes_mail(postfix: Postfix, sender: Credentials) -> None:
    with smtp.connect(postfix.submissions) as session:
        session.mail(sender.username, size=10)
        reply = session.rcpt("someone@elsewhere.example")
    assert reply.kind == "permanent"


def test_postfix_takes_addresses_beyond_ascii(postfix: Postfix, sender: Credentials) -> None:
    raw = "From: älice@example.test\r\nTo: 用户@例子.test\r\nSubject: 你好\r\n\r\nHello\r\n".encode()
    with smtp.connect(postfix.submission) as session:
        session.authenticate(sender)
        session.mail("älice@example.test", size=len(raw), smtputf8=True)
        assert session.rcpt("用户@例子.test").ok
        session.data()
        session.send_body(raw)
        assert session.wait().ok
    postfix.wait_for("to=<用户@例子.test>")


def test_postfix_says_its_size_limit_and_holds_to_it(postfix: Postfix, sender: Credentials) -> None:
    with smtp.connect(postfix.submission) as session:
        session.authenticate(sender)
        assert session.max_size == 50_000_000
        with pytest.raises(ServerRefused, match="size"):
            session.mail(sender.username, size=50_000_001)
        session.extensions = {"SIZE": ""}
        with pytest.raises(ServerRefused, match="size") as theirs:
            session.mail(sender.username, size=50_000_001)
    assert theirs.value.server_code == "552 5.3.4"


def test_postfix_does_not_take_a_message_that_stops_half_way(postfix: Postfix, dovecot: Dovecot, sender: Credentials) -> None:
    recipient = dovecot.new_user()
    with smtp.connect(postfix.submission) as session:
        session.authenticate(sender)
        session.mail(sender.username, size=len(RAW))
        session.rcpt(recipient)
        session.data()
    postfix.wait_for("lost connection after DATA")
    with smtp.connect(postfix.submission) as session:
        session.authenticate(sender)
        session.mail(sender.username, size=len(RAW))
        session.rcpt(recipient)
        session.data()
        session.send_body(RAW)
        assert session.wait().ok
    assert len(inbox(dovecot, recipient, count=1)) == 1


TOKEN = Credentials("alice@example.test", "ya29.token", bearer=True)


@pytest.mark.parametrize("mechanism", ["OAUTHBEARER", "XOAUTH2"])
def test_an_access_token_signs_in_by_the_mechanism_that_is_offered(mechanism: str) -> None:
    with SmtpSink(credentials=TOKEN, mechanisms=("PLAIN", mechanism)) as sink, smtp.connect(sink.server()) as session:
        session.authenticate(TOKEN)
        assert session.mail("alice@example.test", size=len(RAW)).ok
        assert sink.commands[1].split()[:2] == ["AUTH", mechanism]
        assert "ya29" not in " ".join(session.transcript)
        assert base64.b64encode(b"ya29").decode()[:5] not in " ".join(session.transcript)


@pytest.mark.parametrize("mechanism", ["OAUTHBEARER", "XOAUTH2"])
def test_a_token_that_is_refused_is_said_to_be(mechanism: str) -> None:
    with SmtpSink(credentials=TOKEN, mechanisms=(mechanism,)) as sink, smtp.connect(sink.server()) as session:
        with pytest.raises(AuthenticationFailed, match="credentials"):
            session.authenticate(Credentials(TOKEN.username, "old", bearer=True))
        assert sink.connections == 1


def test_a_token_is_never_offered_as_a_password() -> None:
    with SmtpSink(credentials=TOKEN) as sink, smtp.connect(sink.server()) as session:
        with pytest.raises(ServerUnusable, match="no_auth_mechanism"):
            session.authenticate(TOKEN)
        assert sink.commands == ["EHLO [127.0.0.1]"]


def test_starttls_that_is_not_to_be_had_now_is_tried_again_later(starttls: SmtpSink, authority: Authority) -> None:
    starttls.forget()
    starttls.answer("STARTTLS", "454 4.7.0 TLS not available")
    with pytest.raises(ServerUnavailable, match="unavailable"):
        submit(starttls.server(ca_file=authority.ca_file))
    assert starttls.commands == ["EHLO [127.0.0.1]", "STARTTLS"], "no password goes out unprotected"


def test_what_is_done_before_the_end_can_still_keep_the_message_from_being_taken(sink: SmtpSink) -> None:
    def refuse() -> None:
        raise Conflict("claim_lost")

    with smtp.connect(sink.server()) as session:
        session.authenticate(ALICE)
        session.mail("alice@example.test", size=len(RAW))
        session.rcpt("bob@example.test")
        session.data()
        with pytest.raises(Conflict, match="claim_lost"):
            session.send_body(RAW, before_end=refuse)
    assert sink.taken == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a+b=c@x.example", "a+2Bb+3Dc@x.example"), ("two words", "two+20words"), ("用户+1@例子.example", "用户\\x{2B}1@例子.example")],
)
def test_parameters_cannot_be_ended_by_what_they_hold(text: str, expected: str) -> None:
    assert xtext(text) == expected


def test_postfix_reports_a_delivery_under_the_name_that_was_given(postfix: Postfix, dovecot: Dovecot) -> None:
    mine, recipient = dovecot.credentials(dovecot.new_user()), dovecot.new_user()
    with smtp.connect(postfix.submission) as session:
        session.authenticate(mine)
        session.mail(mine.username, size=len(RAW), envelope_id="a1+b=2")
        assert session.rcpt(recipient, notify="SUCCESS,FAILURE,DELAY").ok
        session.data()
        session.send_body(RAW)
        assert session.wait().ok
    reports = [each for each in inbox(dovecot, mine.username, count=1) if b"Original-Envelope-Id: a1+b=2" in each]
    assert len(reports) == 1
    assert f"Original-Recipient: rfc822;{recipient}".encode() in reports[0]
    assert b"Action: delivered" in reports[0] or b"Action: relayed" in reports[0], "LMTP is another system"
