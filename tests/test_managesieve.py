"""ManageSieve: scripts on a real server, the password under verified TLS only, and servers that say anything at all."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.servers.authority import Authority
from tests.servers.dovecot import HOST, Dovecot
from webmail import managesieve
from webmail.account import Credentials, Security, Server
from webmail.errors import AuthenticationFailed, InvalidInput, ServerRefused, ServerUnavailable, ServerUnusable

ROBIN = Credentials("robin", "very secret")
HELLO = b'"IMPLEMENTATION" "test"\r\n"SASL" "PLAIN"\r\n"SIEVE" "fileinto Include"\r\n"VERSION" "1.0"\r\n"STARTTLS"\r\nOK "ready"\r\n'


class Teller:
    """A server that greets, answers each line by what a test gives it, and remembers what it heard."""

    def __init__(self, greeting: bytes, *answers: bytes, context: ssl.SSLContext | None = None) -> None:
        self.heard: list[bytes] = []
        self._greeting, self._answers, self._context = greeting, list(answers), context
        self._listener = socket.create_server((HOST, 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def server(self, security: Security = Security.NONE, *, ca_file: str = "") -> Server:
        return Server("localhost" if security is not Security.NONE else HOST, self.port, security, ca_file)

    def _serve(self) -> None:
        try:
            client = self._listener.accept()[0]
            with contextlib.ExitStack() as open_ones:
                open_ones.enter_context(client)
                client.settimeout(10)
                client.sendall(self._greeting)
                for answer in self._answers:
                    heard = client.recv(65_536)
                    self.heard.append(heard)
                    client.sendall(answer)
                    if heard.startswith(b"STARTTLS") and self._context:
                        client = open_ones.enter_context(self._context.wrap_socket(client, server_side=True))
                        client.sendall(self._greeting)
                time.sleep(0.2)
        except OSError:
            return

    def stop(self) -> None:
        self._listener.close()
        self._thread.join(5)


Tell = Callable[..., Teller]


@pytest.fixture
def tell() -> Iterator[Tell]:
    made: list[Teller] = []

    def start(greeting: bytes, *answers: bytes, context: ssl.SSLContext | None = None) -> Teller:
        made.append(Teller(greeting, *answers, context=context))
        return made[-1]

    yield start
    for each in made:
        each.stop()


def test_scripts_are_kept_listed_read_and_made_active(dovecot: Dovecot) -> None:
    somebody = dovecot.credentials(dovecot.new_user('pass \\ "word" 你'))
    with managesieve.visit(dovecot.scripts(), somebody) as visit:
        assert {"fileinto", "include", "imap4flags", "copy", "body"} <= visit.extensions
        assert visit.scripts() == {}
        text = '# "quoted" \\ 你好\r\n' + "# much\r\n" * 200 + "keep;\r\n"
        visit.put('one "two" 你', text)
        visit.put("other", "keep;")
        visit.activate('one "two" 你')
        assert visit.scripts() == {'one "two" 你': True, "other": False}
        assert visit.get('one "two" 你') == text


def test_a_script_with_a_mistake_is_refused_with_the_words_of_the_server(dovecot: Dovecot) -> None:
    with managesieve.visit(dovecot.scripts(), dovecot.credentials(dovecot.new_user())) as visit:
        with pytest.raises(ServerRefused) as refused:
            visit.put("bad", 'if header :contains "subject" { keep; }')
        assert "error" in refused.value.server_text
        assert "\n" not in refused.value.server_text
        assert visit.scripts() == {}
        with pytest.raises(ServerRefused) as missing:
            visit.get("none")
        assert missing.value.code == "nonexistent"


def test_a_wrong_password_is_told_without_repeating_it(dovecot: Dovecot) -> None:
    username = dovecot.new_user()
    with pytest.raises(AuthenticationFailed) as refused, managesieve.visit(dovecot.scripts(), Credentials(username, "not it")):
        pass
    assert "not it" not in str(refused.value)


def test_a_certificate_is_always_verified(dovecot: Dovecot) -> None:
    server = dovecot.scripts()
    with pytest.raises(ServerUnusable, match="tls_certificate"):
        managesieve.connect(replace(server, ca_file=""))


def test_a_certificate_for_another_name_is_none(tell: Tell, tmp_path: Path) -> None:
    authority, context = _authority(tmp_path, "other.example")
    teller = tell(HELLO, b'OK "go"\r\n', context=context)
    with pytest.raises(ServerUnusable, match="tls_hostname"):
        managesieve.connect(teller.server(Security.STARTTLS, ca_file=str(authority.ca_file)))


def _authority(folder: Path, name: str) -> tuple[Authority, ssl.SSLContext]:
    authority = Authority(folder)
    certificate, key = authority.issue([name])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return authority, context


def test_without_protection_nothing_is_said_at_all(tell: Tell) -> None:
    bare = tell(HELLO.replace(b'"STARTTLS"\r\n', b""), b'OK "go"\r\n', b'OK "in"\r\n')
    with pytest.raises(ServerUnusable, match="starttls_refused"), managesieve.visit(bare.server(Security.STARTTLS), ROBIN):
        pass
    assert [each for each in bare.heard if each] == []
    refusing = tell(HELLO, b'NO "not today"\r\n')
    with pytest.raises(ServerUnusable, match="starttls_refused"), managesieve.visit(refusing.server(Security.STARTTLS), ROBIN):
        pass
    assert [each for each in refusing.heard if each] == [b"STARTTLS\r\n"]


def test_what_comes_before_the_protection_is_an_attack(tell: Tell) -> None:
    teller = tell(HELLO, b'OK "go"\r\nOK "injected"\r\n')
    with pytest.raises(ServerUnusable, match="starttls_injection"), managesieve.visit(teller.server(Security.STARTTLS), ROBIN):
        pass


def test_what_was_offered_before_the_protection_counts_for_nothing(tell: Tell, tmp_path: Path) -> None:
    authority, context = _authority(tmp_path, "localhost")
    teller = tell(HELLO, b'OK "go"\r\n', b'OK "in"\r\n', HELLO, b'"a" ACTIVE\r\n"b"\r\nOK\r\n', b"OK\r\n", context=context)
    with managesieve.visit(teller.server(Security.STARTTLS, ca_file=str(authority.ca_file)), ROBIN) as visit:
        assert visit.extensions == {"fileinto", "include"}
        assert visit.scripts() == {"a": True, "b": False}


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b'BYE "enough"\r\n', "unavailable"),
        (b"", "disconnected"),
        (b"{99999999999}\r\n", "response"),
        (b"{9999999999}\r\n", "response"),
        (b'"unclosed\r\n', "response"),
        (b"x" * 20_000, "response"),
        (b'"a"\r\n' * 3000, "response"),
        (b"{1000000}\r\n" + b"x" * 1_000_000 + b"\r\n{1000000}\r\n" + b"x" * 1_000_000 + b"\r\n" + b'"a"\r\n' * 20_000, "response"),
    ],
)
def test_an_answer_that_makes_no_sense_ends_the_visit(tell: Tell, answer: bytes, code: str) -> None:
    teller = tell(HELLO, b"OK\r\n", HELLO, answer)
    with pytest.raises(ServerUnavailable) as unusable, managesieve.visit(teller.server(), ROBIN) as visit:
        visit.scripts()
    assert unusable.value.code == code


def test_who_says_nothing_is_not_waited_for_for_ever(tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(managesieve, "SECONDS", 0.1)
    teller = tell(b"")
    with pytest.raises(ServerUnavailable, match="timeout"):
        managesieve.connect(teller.server())


def test_no_argument_begins_a_command_of_its_own(tell: Tell) -> None:
    teller = tell(HELLO, b"OK\r\n", HELLO, b"OK\r\n", b"OK\r\n")
    with managesieve.visit(teller.server(), ROBIN) as visit:
        visit.activate('a" \\\r\nLOGOUT')
        assert teller.heard[-1] == b'SETACTIVE {12+}\r\na" \\\r\nLOGOUT\r\n'
        with pytest.raises(InvalidInput):
            visit.activate("a\0b")


def test_a_quota_and_other_refusals_are_told_apart(tell: Tell) -> None:
    teller = tell(HELLO, b"OK\r\n", HELLO, b'NO (QUOTA/MAXSCRIPTS) "Too \x1b[31m many"\r\n', b"OK\r\n")
    with managesieve.visit(teller.server(), ROBIN) as visit, pytest.raises(ServerRefused) as refused:
        visit.activate("a")
    assert (refused.value.code, refused.value.server_text) == ("overquota", "Too [31m many")


def test_a_password_crosses_no_network_unprotected() -> None:
    with pytest.raises(ServerUnusable, match="insecure"):
        managesieve.connect(Server("192.0.2.1", 4190, Security.NONE))
