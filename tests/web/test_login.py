"""Nobody gets in without signing in, and passwords cannot be tried in bulk."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from lxml import html

from tests.visitor import Visitor
from tests.web.conftest import build_pages
from webmail.web import throttle
from webmail.web.sessions import ServerSession

CLOSED = [
    "/",
    "/mailboxes/1",
    "/messages/1",
    "/messages/1/source",
    "/messages/1/redirect",
    "/messages/by-id/x@example.org",
    "/messages/1/attached/2/body",
    "/conversations/1",
    "/compose",
    "/drafts/x",
    "/outbox",
    "/submissions/1",
    "/address",
    "/remote/x",
    "/settings/images",
]


@pytest.fixture(autouse=True)
def counters() -> None:
    """Attempts of one test do not count in the next."""
    if throttle.limiter.enabled and throttle.limiter.initialized:
        throttle.limiter.reset()


def rows(app: Flask) -> int:
    with app.extensions["webmail"].gate.database.durable() as connection:
        return int(connection.exec_driver_sql("select count(*) from sessions").scalar_one())


@pytest.mark.parametrize("path", CLOSED)
def test_a_page_asks_to_sign_in_and_then_comes_back(fresh: Flask, path: str) -> None:
    answer = fresh.test_client().get(path)
    assert answer.status_code == 302
    assert answer.location == ("/login" if path == "/" else f"/login?next={path}")


def test_every_endpoint_but_three_is_closed(fresh: Flask) -> None:
    client = fresh.test_client()
    for rule in fresh.url_map.iter_rules():
        path = rule.rule
        for converter, value in (
            ("<int:message_id>", "1"),
            ("<int:mailbox_id>", "1"),
            ("<int:submission_id>", "1"),
            ("<int:journal_id>", "1"),
            ("<int:search_id>", "1"),
            ("<int:page>", "1"),
            ("<int:permission_id>", "1"),
            ("<int:identity_id>", "1"),
            ("<int:template_id>", "1"),
            ("<token>", "x"),
            ("<file>", "x"),
        ):
            path = path.replace(converter, value)
        path = (
            path.replace("<section>", "1")
            .replace("<path:name>", "x")
            .replace("<path:message_id_field>", "x@y")
            .replace("<key>", "k")
            .replace("<fingerprint>", "ab")
            .replace("<path:filename>", "css/mail.css")
        )
        is_read = "GET" in (rule.methods or ())
        is_open = rule.endpoint in ("login.sign_in", "static", "health.healthz")
        with client.get(path) if is_read else client.post(path) as answer:
            assert answer.status_code == (200 if is_open else 302 if is_read else 401), rule


def test_parts_of_pages_are_not_redirected_to_a_form(fresh: Flask) -> None:
    answer = fresh.test_client().get("/messages/1/body", headers={"Sec-Fetch-Dest": "iframe"})
    assert answer.status_code == 401


def test_what_was_typed_survives_a_session_that_has_ended(fresh: Flask) -> None:
    answer = fresh.test_client().post("/drafts/k", data={"text": "a long <letter>"})
    assert answer.status_code == 401
    page = html.document_fromstring(answer.get_data(as_text=True))
    assert page.xpath("//textarea/text()")[0].strip() == "a long <letter>"
    assert page.xpath("//form[@action='/login']//input[@name='password']")


def test_a_hostile_place_to_come_back_to_is_forgotten(fresh: Flask) -> None:
    page = html.document_fromstring(fresh.test_client().get("/login?next=//evil.example").get_data(as_text=True))
    assert page.xpath("//input[@name='next']") == []
    page = html.document_fromstring(fresh.test_client().get("/login?next=/outbox").get_data(as_text=True))
    assert page.xpath("//input[@name='next']/@value") == ["/outbox"]


def test_an_attempt_that_fails_says_why_and_keeps_the_name_only(fresh: Flask) -> None:
    visitor = Visitor(fresh).sign_in("robin@example.org", "")
    assert visitor.status == 400
    assert "This field is required." in visitor.notices()
    form = visitor.form(holding="password")
    assert form.fields["username"] == "robin@example.org"
    visitor.send(form, password="secret-password")
    assert visitor.status == 503
    assert "imap.example.org" in visitor.notices()
    assert "secret-password" not in visitor.text


def test_failed_attempts_are_throttled_per_account_with_the_time_to_wait(fresh: Flask) -> None:
    visitor = Visitor(fresh)
    for _ in range(8):
        assert visitor.sign_in("robin", "").status == 400
    assert visitor.sign_in(" ROBIN ", "").status == 429
    assert visitor.answer is not None
    assert 0 < int(visitor.answer.headers["Retry-After"]) <= 300
    assert "too many attempts" in visitor.words
    assert Visitor(fresh).sign_in("somebody else", "").status == 400


def test_failed_attempts_are_throttled_per_address(fresh: Flask) -> None:
    visitor = Visitor(fresh)
    for number in range(30):
        assert visitor.sign_in(f"name-{number}", "").status == 400
    assert visitor.sign_in("name-31", "").status == 429


def test_a_server_that_does_not_answer_is_no_failed_attempt(fresh: Flask) -> None:
    visitor = Visitor(fresh)
    for _ in range(10):
        assert visitor.sign_in("robin", "x").status == 503


def test_a_visitor_gets_a_row_only_when_there_is_something_to_remember(fresh: Flask) -> None:
    client = fresh.test_client()
    for path in ("/healthz", "/static/css/mail.css", "/outbox", "/nowhere"):
        with client.get(path) as answer:
            assert "Set-Cookie" not in answer.headers
    assert rows(fresh) == 0
    cookie = client.get("/login").headers["Set-Cookie"]
    assert cookie.startswith("webmail=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert rows(fresh) == 1
    assert "Set-Cookie" not in client.get("/login").headers
    assert rows(fresh) == 1


def test_asking_for_the_header_alone_is_answered_as_the_page_would_be(fresh: Flask) -> None:
    client = fresh.test_client()
    for path in ("/login", "/", "/mailboxes/1", "/nowhere", "/healthz", "/static/css/mail.css"):
        with client.get(path) as page, client.head(path) as head:
            assert (head.status_code, head.headers.get("Location")) == (page.status_code, page.headers.get("Location"))
            assert head.get_data() == b""


def test_a_cookie_that_we_did_not_give_is_worth_nothing(fresh: Flask) -> None:
    client = fresh.test_client()
    client.set_cookie("webmail", "planted")
    assert client.get("/outbox").status_code == 302
    cookie = client.get("/login").headers["Set-Cookie"]
    assert "planted" not in cookie


def test_over_https_the_cookie_is_secure_and_bound_to_this_host(tmp_path: Path) -> None:
    app = build_pages(tmp_path, secure=True)
    cookie = app.test_client().get("/login", base_url="https://mail.example.org").headers["Set-Cookie"]
    assert cookie.startswith("__Host-webmail=")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie
    app.extensions["webmail"].gate.database.close()


def test_a_renewed_session_has_another_key_and_ends_the_old_one(fresh: Flask) -> None:
    client = fresh.test_client()
    first = client.get("/login").headers["Set-Cookie"]
    with client.session_transaction() as session:
        assert isinstance(session, ServerSession)
        session.renew()
        session["something"] = 1
    second = client.get_cookie("webmail")
    assert second is not None
    assert second.value not in first
    assert rows(fresh) == 1
