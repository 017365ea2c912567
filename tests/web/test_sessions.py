"""Sessions of people who have signed in: what the cookie is, how long it lives, how it ends, and how guessing is slowed down."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import Client

from tests.servers.dovecot import Dovecot
from tests.servers.person import Person, new_person
from tests.servers.postgresql import store_in
from tests.servers.scripted import Rule, Scripted
from tests.visitor import Visitor
from tests.web.built import build_on
from webmail.account import Security
from webmail.imap.pool import Pool
from webmail.mail.session import Gate
from webmail.web import throttle

LIFETIME = timedelta(days=30)


class Clock:
    """The time that the pages believe it is."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(autouse=True)
def counters() -> None:
    """Attempts of one test do not count in the next."""
    if throttle.limiter.initialized:
        throttle.limiter.reset()


@pytest.fixture
def robin(dovecot: Dovecot, tmp_path: Path) -> Iterator[Person]:
    """Somebody with an empty mailbox, not yet signed in."""
    somebody = new_person(dovecot, tmp_path / "data", imap=dovecot.server(Security.STARTTLS))
    yield somebody
    somebody.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(robin: Person, clock: Clock) -> Flask:
    return build_on(robin.gate, now=clock, session_lifetime=LIFETIME)


def rows(app: Flask) -> list[dict[str, Any]]:
    with app.extensions["webmail"].gate.database.durable() as connection:
        return [dict(row._mapping) for row in connection.exec_driver_sql("select * from sessions order by id")]


def key(client: Client, name: str = "webmail") -> str:
    cookie = client.get_cookie(name)
    assert cookie is not None
    return cookie.value


def sign_in(app: Flask, robin: Person, **options: str) -> Visitor:
    visitor = Visitor(app)
    visitor.headers["User-Agent"] = "A browser/1.0"
    visitor.get("/login")
    return visitor.send(visitor.form(holding="password"), username=robin.username, password=robin.password, **options)


def set_cookies(visitor: Visitor) -> list[str]:
    assert visitor.answer is not None
    answers = [*visitor.answer.history, visitor.answer]
    return [cookie for answer in answers for cookie in answer.headers.getlist("Set-Cookie")]


def test_a_row_tells_whose_session_it_is_and_from_where(app: Flask, robin: Person, clock: Clock) -> None:
    visitor = sign_in(app, robin)
    assert visitor.status == 200
    (row,) = rows(app)
    assert row["user_id"]
    assert row["account_id"]
    assert (row["address"], row["agent"]) == ("127.0.0.1", "A browser/1.0")
    assert row["created_at"] == row["last_seen_at"] == int(clock.now.timestamp() * 1_000_000)
    assert key(visitor.client) not in str(row)


def test_a_key_planted_before_signing_in_is_dead_afterwards(app: Flask, robin: Person) -> None:
    thief, victim = Visitor(app).get("/login"), Visitor(app)
    victim.client.set_cookie("webmail", key(thief.client))
    victim.get("/login")
    assert key(victim.client) == key(thief.client), "the victim goes on with the planted key"
    victim.send(victim.form(holding="password"), username=robin.username, password=robin.password)
    assert key(victim.client) != key(thief.client)
    assert thief.get("/outbox", follow_redirects=False).status == 302
    assert victim.get("/outbox", follow_redirects=False).status == 200
    assert len(rows(app)) == 1


def test_signing_in_again_ends_the_session_before(app: Flask, robin: Person) -> None:
    visitor = sign_in(app, robin)
    before = key(visitor.client)
    visitor.sign_in(robin.username, robin.password)
    assert key(visitor.client) != before
    visitor.client.set_cookie("webmail", before)
    assert visitor.get("/outbox", follow_redirects=False).status == 302


def test_signing_out_ends_the_row_and_the_key_cannot_be_replayed(app: Flask, robin: Person) -> None:
    visitor, other = sign_in(app, robin), sign_in(app, robin)
    stolen = key(visitor.client)
    visitor.send(visitor.form(action="/logout"))
    assert len([row for row in rows(app) if row["user_id"]]) == 1
    thief = Visitor(app)
    thief.client.set_cookie("webmail", stolen)
    assert thief.get("/").form(holding="password") is not None
    assert other.get("/outbox").page.findtext(".//title").startswith("Outbox")


def test_the_cookie_cannot_be_read_by_script_nor_sent_by_other_sites(app: Flask, robin: Person) -> None:
    for cookie in set_cookies(sign_in(app, robin)):
        words = {part.strip().partition("=")[0] for part in cookie.split(";")}
        assert {"webmail", "HttpOnly", "Path"} <= words
        assert "SameSite=Lax" in cookie
        assert "Domain" not in words
        assert "Max-Age" not in words, "a session ends with the browser unless the person asked for more"


def test_over_https_the_cookie_of_a_signed_in_person_is_bound_to_this_host(robin: Person) -> None:
    app = build_on(robin.gate, secure_cookies=True, public_url="https://mail.example.org")
    client, base = app.test_client(), "https://mail.example.org"
    page = client.get("/login", base_url=base)
    token = page.get_data(as_text=True).partition('name="csrf_token" value="')[2].partition('"')[0]
    fields = {"csrf_token": token, "username": robin.username, "password": robin.password}
    answer = client.post("/login", data=fields, base_url=base, headers={"Referer": f"{base}/login"})
    assert answer.status_code == 303
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-webmail=")
    for word in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax"):
        assert word in cookie
    assert "Domain" not in cookie
    assert client.get("/outbox", base_url=base).status_code == 200
    assert client.get("/outbox", base_url="https://other.example.org").status_code == 302


def test_last_seen_follows_at_most_once_a_minute(app: Flask, robin: Person, clock: Clock) -> None:
    visitor = sign_in(app, robin)

    def seen_after(seconds: int) -> int:
        clock.now += timedelta(seconds=seconds)
        visitor.get("/outbox")
        return int(rows(app)[0]["last_seen_at"])

    first = int(rows(app)[0]["last_seen_at"])
    assert seen_after(30) == first
    second = seen_after(40)
    assert second == first + 70_000_000
    assert seen_after(59) == second
    assert seen_after(2) == second + 61_000_000


def test_a_kept_session_outlives_the_browser_as_long_as_it_is_used(app: Flask, robin: Person, clock: Clock) -> None:
    visitor = sign_in(app, robin, keep="1")
    kept = [cookie for cookie in set_cookies(visitor) if "Max-Age" in cookie]
    assert [cookie for cookie in kept if f"Max-Age={int(LIFETIME.total_seconds())}" in cookie]
    clock.now += timedelta(days=20)
    visitor.get("/outbox")
    assert f"Max-Age={int(LIFETIME.total_seconds())}" in "".join(set_cookies(visitor)), "the browser keeps it for another 30 days"
    assert set_cookies(visitor.get("/outbox")) == []
    clock.now += timedelta(days=29)
    assert visitor.get("/outbox", follow_redirects=False).status == 200
    clock.now += timedelta(days=31)
    assert visitor.get("/outbox", follow_redirects=False).status == 302


def test_a_session_that_has_expired_asks_to_sign_in_and_comes_back(app: Flask, robin: Person, clock: Clock) -> None:
    visitor = sign_in(app, robin)
    clock.now += LIFETIME + timedelta(seconds=1)
    visitor.get("/outbox")
    assert visitor.page.xpath("//input[@name='next']/@value") == ["/outbox"]
    visitor.send(visitor.form(holding="password"), username=robin.username, password=robin.password)
    assert str(visitor.page.findtext(".//title")).startswith("Outbox")


# Guessing.


@pytest.fixture
def guarded(scripted: Callable[..., Scripted], tmp_path: Path) -> Iterator[Flask]:
    """Pages for a server on which nobody's password but one is right."""
    right: Rule = ("AUTHENTICATE PLAIN AHJpZ2h0AHJpZ2h0", b"{tag} OK welcome\r\n")
    rules: list[Rule] = [
        ("CAPABILITY", b"* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR\r\n{tag} OK done\r\n"),
        right,
        ("AUTHENTICATE", b"{tag} NO [AUTHENTICATIONFAILED] no\r\n"),
        ("LIST", b'* LIST () "/" INBOX\r\n{tag} OK done\r\n'),
        ("STATUS", b"* STATUS INBOX (MESSAGES 0 UNSEEN 0 UIDNEXT 1 UIDVALIDITY 1)\r\n{tag} OK done\r\n"),
    ]
    server = scripted(rules).server()
    gate = Gate(store_in(tmp_path), Pool(), server, server)
    yield build_on(gate)
    gate.imap.close()
    gate.database.close()


def guess(app: Flask, name: str, password: str = "wrong", *, address: str = "203.0.113.7", **headers: str) -> Visitor:
    visitor = Visitor(app)
    visitor.client.environ_base["REMOTE_ADDR"] = address
    visitor.headers |= headers
    visitor.get("/login")
    return visitor.send(visitor.form(holding="password"), follow=False, username=name, password=password)


def test_guessing_at_one_account_ends_in_a_page_that_says_when_to_try_again(guarded: Flask) -> None:
    for _ in range(8):
        assert guess(guarded, "robin").status == 401
    stopped = guess(guarded, "robin")
    assert stopped.status == 429
    assert "too many attempts" in stopped.words
    assert stopped.answer is not None
    assert 0 < int(stopped.answer.headers["Retry-After"]) <= 300
    assert guess(guarded, "mira").status == 401, "another account from the same address"
    assert guess(guarded, "robin", address="203.0.113.8").status == 401, "the same account from another address"


def test_an_address_that_the_browser_claims_opens_no_new_counter(guarded: Flask) -> None:
    for number in range(8):
        assert guess(guarded, "robin", **{"X-Forwarded-For": f"198.51.100.{number}"}).status == 401
    assert guess(guarded, "robin", **{"X-Forwarded-For": "198.51.100.9", "Forwarded": "for=198.51.100.10"}).status == 429


def test_the_right_password_does_not_count(guarded: Flask) -> None:
    for _ in range(20):
        assert guess(guarded, "right", "right").status == 303
    for _ in range(7):
        assert guess(guarded, "right").status == 401
    assert guess(guarded, "right", "right").status == 303
