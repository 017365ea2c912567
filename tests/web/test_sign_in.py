"""Signing in against every way a mail server can fail: each has its own sentence, and no password goes where it must not."""

from __future__ import annotations

import base64
import logging
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from tests.servers.authority import Authority
from tests.servers.dovecot import Dovecot, free_ports
from tests.servers.person import Person, letter, new_person
from tests.servers.postfix import Postfix
from tests.servers.postgresql import store_in
from tests.servers.scripted import SIGNS_IN, SILENCE, START_TLS, Rule, Scripted
from tests.visitor import Visitor
from tests.web.built import build_on
from webmail.account import Security, Server
from webmail.imap.pool import Pool
from webmail.mail.session import Gate
from webmail.store.database import Database
from webmail.web import throttle

Scripts = Callable[..., Scripted]
NAME = "robin@example.org"
PASSWORD = "hunter2-ünd-密"
PLAIN: Rule = ("CAPABILITY", b"* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR\r\n{tag} OK done\r\n")
OFFERS_TLS: Rule = ("CAPABILITY", b"* CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN SASL-IR\r\n{tag} OK done\r\n")
GOES_OVER: Rule = ("STARTTLS", b"{tag} OK go\r\n" + START_TLS)
NOT_SENT = "password was not sent."


@dataclass
class Stand:
    """What the stands of this module are made of."""

    scripted: Scripts
    authority: Authority
    heard: list[Scripted]

    def make(self, rules: list[Rule], security: Security = Security.NONE, **options: object) -> Server:
        """A scripted server that is remembered, so that what it heard can be looked at."""
        self.heard.append(self.scripted(rules, **options))
        return self.heard[-1].server(security, host="localhost", ca_file=str(self.authority.ca_file))

    def with_certificate(self, *, name: str = "localhost", expired: bool = False, by_stranger: bool = False) -> Server:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*self.authority.issue([name], expired=expired, by_stranger=by_stranger))
        return self.make([OFFERS_TLS, GOES_OVER], Security.STARTTLS, context=context)

    def injecting(self) -> Server:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*self.authority.issue(["localhost"]))
        injected: Rule = ("STARTTLS", b"{tag} OK go\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nW2 OK done\r\n" + START_TLS)
        return self.make([OFFERS_TLS, injected], Security.STARTTLS, context=context)

    def refusing(self, code: str) -> Server:
        return self.make([PLAIN, ("AUTHENTICATE", b"{tag} NO [%s] as it is\r\n" % code.encode()), *SIGNS_IN])


UNSAFE: dict[str, tuple[Callable[[Stand], Server], int, str]] = {
    "the certificate is for another name": (lambda stand: stand.with_certificate(name="other.example.org"), 502, "is for another name"),
    "the certificate has expired": (lambda stand: stand.with_certificate(expired=True), 502, "has expired"),
    "the authority is a stranger": (lambda stand: stand.with_certificate(by_stranger=True), 502, "not from an authority"),
    "STARTTLS is refused": (
        lambda stand: stand.make([OFFERS_TLS, ("STARTTLS", b"{tag} NO not today\r\n")], Security.STARTTLS),
        502,
        "refuses to protect the connection (STARTTLS)",
    ),
    "STARTTLS is hidden by somebody in between": (
        lambda stand: stand.make([PLAIN], Security.STARTTLS),
        502,
        "refuses to protect the connection (STARTTLS)",
    ),
    "answers are put in before TLS": (lambda stand: stand.injecting(), 502, "while the connection was being protected"),
    "the greeting is PREAUTH": (
        lambda stand: stand.make([OFFERS_TLS], Security.STARTTLS, greeting=b"* PREAUTH welcome\r\n"),
        502,
        "answers before the connection is protected",
    ),
    "no sign-in is allowed": (
        lambda stand: stand.make([("CAPABILITY", b"* CAPABILITY IMAP4rev1 LOGINDISABLED\r\n{tag} OK done\r\n")]),
        502,
        "does not allow signing in over this connection",
    ),
}
"""A server that must not be given the password: how it comes about, the status of the page, and what its sentence says."""

UNAVAILABLE: dict[str, tuple[Callable[[Stand], Server], int, str]] = {
    "the greeting is BYE": (
        lambda stand: stand.make([], greeting=b"* BYE too busy\r\n"),
        503,
        "turned the connection away. The server said: too busy",
    ),
    "what answers is no mail server": (lambda stand: stand.make([], greeting=b"HTTP/1.1 400\r\n"), 503, "but not as a mail server does"),
    "nobody listens": (lambda stand: Server("localhost", free_ports(1)[0], Security.NONE), 503, "cannot be reached"),
    "there is no such host": (lambda stand: Server("nowhere.invalid", 993, Security.TLS), 503, "nowhere.invalid cannot be reached"),
    "the server is silent": (lambda stand: stand.make([], greeting=SILENCE), 503, "did not answer in time"),
    "the server says nothing to the sign-in": (lambda stand: stand.make([PLAIN, ("AUTHENTICATE", SILENCE)]), 503, "did not answer in time"),
}

REFUSED = {
    "AUTHENTICATIONFAILED": (401, "Wrong address or password."),
    "UNAVAILABLE": (503, "says that it cannot work at the moment"),
    "EXPIRED": (401, "The password has expired."),
    "CONTACTADMIN": (401, "asks you to contact its administrator"),
    "LIMIT": (503, "A limit of the mail server is reached."),
    "PRIVACYREQUIRED": (502, "only over a protected connection"),
    "AUTHORIZATIONFAILED": (401, "The password is right, but this account may not"),
}
"""The codes of RFC 5530 §3."""


@pytest.fixture(autouse=True)
def counters() -> None:
    """Attempts of one test do not count in the next."""
    if throttle.limiter.initialized:
        throttle.limiter.reset()


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    found = store_in(tmp_path_factory.mktemp("sign-in"))
    yield found
    found.close()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def stand(scripted: Scripts, authority: Authority) -> Stand:
    return Stand(scripted, authority, [])


def visit(database: Database, server: Server, *, language: str = "en", timeout: float = 5) -> Visitor:
    """Somebody on the sign-in page of an application for this server."""
    pool = Pool(timeout=timeout)
    return Visitor(build_on(Gate(database, pool, server, server)), language=language)


def attempt(database: Database, server: Server, *, language: str = "en", timeout: float = 5) -> Visitor:
    return visit(database, server, language=language, timeout=timeout).sign_in(NAME, PASSWORD)


def spellings(password: str) -> tuple[str, ...]:
    """Every form in which the password could be found on a wire, in a log or on a page."""
    encoded = base64.b64encode(f"\0{NAME}\0{password}".encode()).decode()
    return (password, quote(password), quote_plus(password), encoded, repr(password.encode()), ascii(password).strip("'"))


def check_refused(visitor: Visitor, *, status: int, words: str, log: str) -> str:
    """What holds for every attempt that fails; returns the sentence."""
    assert visitor.status == status
    told = [str(each.text_content()).strip() for each in visitor.page.xpath("//*[@role='alert']")]
    assert len(told) == 1
    assert words in told[0]
    form = visitor.form(holding="password")
    assert form.fields["username"] == NAME
    assert not form.fields["password"]
    for spelling in spellings(PASSWORD):
        assert spelling not in visitor.text
        assert spelling not in log
    return told[0]


@pytest.mark.parametrize("case", UNSAFE)
def test_a_server_that_is_not_safe_never_hears_the_password(
    case: str, stand: Stand, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    make, status, words = UNSAFE[case]
    sentence = check_refused(attempt(database, make(stand)), status=status, words=words, log=caplog.text)
    assert NOT_SENT in sentence
    heard = b"".join(stand.heard[0].lines).decode("utf-8", "replace")
    assert not any(spelling in heard for spelling in spellings(PASSWORD))
    assert "AUTHENTICATE" not in heard
    assert "LOGIN" not in heard


@pytest.mark.parametrize("case", UNAVAILABLE)
def test_a_server_that_cannot_work_now_is_told_apart(case: str, stand: Stand, database: Database, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    make, status, words = UNAVAILABLE[case]
    visitor = attempt(database, make(stand), timeout=0.3)
    check_refused(visitor, status=status, words=words, log=caplog.text)


@pytest.mark.parametrize("code", REFUSED)
def test_each_reason_of_the_server_has_its_own_sentence_and_the_server_s_words(
    code: str, stand: Stand, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    status, words = REFUSED[code]
    sentence = check_refused(attempt(database, stand.refusing(code)), status=status, words=words, log=caplog.text)
    assert sentence.endswith("The server said: as it is")


def test_no_two_failures_have_the_same_sentence(stand: Stand, database: Database) -> None:
    told: dict[str, str] = {}
    same = {"STARTTLS is hidden by somebody in between", "the server says nothing to the sign-in", "there is no such host"}
    for case, (make, _, _) in {**UNSAFE, **UNAVAILABLE}.items():
        if case not in same:
            told[case] = attempt(database, make(stand), timeout=0.3).notices().partition(" The server said:")[0]
    for code in REFUSED:
        told[code] = attempt(database, stand.refusing(code)).notices().partition(" The server said:")[0]
    assert len(set(told.values())) == len(told)


@pytest.mark.parametrize(("case", "words"), [("the certificate has expired", "已过期"), ("STARTTLS is refused", "STARTTLS")])
def test_a_reader_of_chinese_is_told_in_chinese(case: str, words: str, stand: Stand, database: Database) -> None:
    visitor = attempt(database, UNSAFE[case][0](stand), language="zh-CN")
    told = visitor.notices()
    assert words in told
    assert "密码" in told
    assert "password" not in told


def test_a_wrong_password_is_said_by_a_real_server(dovecot: Dovecot, database: Database, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for security in (Security.TLS, Security.STARTTLS):
        visitor = attempt(database, dovecot.server(security))
        check_refused(visitor, status=401, words="Wrong address or password.", log=caplog.text)


def test_a_real_server_of_a_strange_authority_is_not_trusted(dovecot: Dovecot, database: Database) -> None:
    for security in (Security.TLS, Security.STARTTLS):
        visitor = attempt(database, replace(dovecot.server(security), ca_file=""))
        check_refused(visitor, status=502, words="not from an authority", log="")


def test_signing_in_that_works_leaves_the_password_in_no_log(dovecot: Dovecot, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    robin = new_person(dovecot, tmp_path, password=PASSWORD)
    visitor = Visitor(build_on(robin.gate)).sign_in(robin.username, PASSWORD)
    assert visitor.page.xpath("//h1/text()") == ["Inbox"]
    assert PASSWORD not in visitor.text
    assert not any(spelling in caplog.text for spelling in spellings(PASSWORD))
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or PASSWORD.encode() not in path.read_bytes(), path
    robin.close()


@pytest.mark.parametrize("port", ["submission", "submissions"])
def test_a_password_of_any_script_signs_in_and_sends(dovecot: Dovecot, postfix: Postfix, tmp_path: Path, port: str) -> None:
    imap = dovecot.server(Security.TLS if port == "submissions" else Security.STARTTLS)
    robin = new_person(dovecot, tmp_path, imap=imap, smtp=getattr(postfix, port), password="pässwörd密码")
    friend = dovecot.new_user()
    app = build_on(replace(robin.gate, undo_seconds=0))
    visitor = Visitor(app).sign_in(robin.username, robin.password)
    assert visitor.page.xpath("//h1/text()") == ["Inbox"]
    visitor.get("/compose")
    subject = f"Grüße 你好 {port}"
    visitor.send(visitor.form(holding="subject"), button=("action", "send"), to=friend, subject=subject, text="Ça va?")
    assert "Message queued for sending." in visitor.notices()
    robin.work()
    visitor.get("/outbox")
    visitor.get(str(visitor.page.xpath("//a[starts-with(@href, '/submissions/')]/@href")[0]))
    assert robin.password not in visitor.text
    assert base64.b64encode(f"\0{robin.username}\0{robin.password}".encode()).decode() not in visitor.text
    assert "TLS" in visitor.words
    postfix.wait_for(f"to=<{friend}>")
    visitor.get(visitor.mailbox("sent"))
    assert visitor.page.xpath("//span[@class='row__t']/text()") == [subject]
    with dovecot.side(friend) as side:
        assert side.search(None, "ALL")[1] == [b"1"]
    robin.close()


def nameless(dovecot: Dovecot, folder: Path, *, mail_domain: str = "") -> Person:
    """Somebody whose sign-in name is no address, with one message."""
    somebody = new_person(dovecot, folder)
    somebody.username = dovecot.new_user(domain="")
    somebody.gate = replace(somebody.gate, mail_domain=mail_domain)
    dovecot.put(somebody.username, [letter(1)])
    return somebody


@pytest.mark.parametrize("mail_domain", ["", "no domain"])
def test_a_name_that_gives_no_address_is_asked_once_for_it(dovecot: Dovecot, tmp_path: Path, mail_domain: str) -> None:
    robin = nameless(dovecot, tmp_path, mail_domain=mail_domain)
    app = build_on(robin.gate)
    visitor = Visitor(app).sign_in(robin.username, robin.password)
    visitor.get("/compose?to=mira@example.net")
    visitor.send(visitor.form(holding="address"), name="Robin Vale", address="robin@example.org")
    form = visitor.form(holding="subject")
    assert form.fields["to"] == "mira@example.net"
    assert form.xpath(".//select[@name='from']/option/text()") == ["Robin Vale <robin@example.org>"]
    again = Visitor(app).sign_in(robin.username, robin.password).get("/compose")
    assert again.form(holding="subject") is not None
    robin.close()


def test_a_name_without_a_domain_gets_the_one_of_the_settings(dovecot: Dovecot, tmp_path: Path) -> None:
    robin = nameless(dovecot, tmp_path, mail_domain="example.org")
    visitor = Visitor(build_on(robin.gate)).sign_in(robin.username, robin.password).get("/compose")
    form = visitor.form(holding="subject")
    assert form.xpath(".//select[@name='from']/option/text()") == [f"{robin.username}@example.org"]
    robin.close()
