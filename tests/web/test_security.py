"""Every answer carries what keeps strangers out."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from flask import Flask, Response

from tests.web.conftest import ROOT, build_pages
from webmail.web import files, security
from webmail.web.security import body_policy


def policy(text: str) -> dict[str, str]:
    return {part.split(" ", 1)[0]: part.partition(" ")[2] for part in text.split("; ")}


@pytest.mark.parametrize(
    "path", ["/login", "/", "/nowhere", "/healthz", "/static/css/mail.css", "/static/none.css", "/messages/1", "/messages/1/body"]
)
def test_every_answer_has_the_headers(pages: Flask, path: str) -> None:
    with pages.test_client().get(path) as answer:
        headers = answer.headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] in ("same-origin", "no-referrer")
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert headers["X-Frame-Options"] == ("SAMEORIGIN" if path.endswith("/body") else "DENY")
    rules = policy(headers["Content-Security-Policy"])
    assert (rules["default-src"], rules["script-src"], rules["frame-ancestors"], rules["base-uri"]) == ("'none'",) * 4
    assert rules["style-src"] == rules["img-src"] == rules["form-action"] == "'self'"


@pytest.mark.parametrize("path", ["/login", "/", "/nowhere", "/messages/1"])
def test_pages_are_stored_nowhere(pages: Flask, path: str) -> None:
    assert pages.test_client().get(path).headers["Cache-Control"] == "no-store, private"


def test_a_static_file_is_kept_for_a_year_under_its_hash_only(pages: Flask) -> None:
    client = pages.test_client()
    page = client.get("/login").get_data(as_text=True)
    url = next(part for part in page.split('"') if part.startswith("/static/css/mail.css?v="))

    def kept(path: str) -> str:
        with client.get(path) as answer:
            return str(answer.headers["Cache-Control"])

    assert kept(url) == "public, max-age=31536000, immutable"
    assert "immutable" not in kept("/static/css/mail.css?v=other")
    assert "immutable" not in kept("/static/css/mail.css")


def test_the_policy_of_a_body_is_that_of_the_architecture(pages: Flask) -> None:
    with pages.test_request_context("/messages/4711/body", base_url="http://127.0.0.1:8000"):
        rules = policy(body_policy(4711))
    assert rules == {
        "sandbox": "allow-same-origin allow-popups allow-popups-to-escape-sandbox",
        "default-src": "'none'",
        "script-src": "'none'",
        "img-src": "data: http://127.0.0.1:8000/messages/4711/parts/ http://127.0.0.1:8000/remote/",
        "style-src": "'unsafe-inline'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'self'",
    }


def test_the_frame_in_the_page_and_the_policy_say_the_same() -> None:
    frames = [line for path in (ROOT / "templates").rglob("*.html") for line in path.read_text("utf-8").splitlines() if "<iframe" in line]
    assert len(frames) >= 2
    assert [line for line in frames if f'sandbox="{security.SANDBOX}"' not in line] == []


@pytest.mark.parametrize(
    ("filename", "plain"),
    [
        ("report.pdf", "report.pdf"),
        ("über 中文.pdf", "_ber __.pdf"),
        ('a"b\\c%41.txt', "a_b_c_41.txt"),
        ("a\r\nSet-Cookie: x=y", "a__Set-Cookie: x=y"),
        ("", "file"),
        ("CON.txt", "_CON.txt"),
        ("lpt1", "_lpt1"),
        ("\U0001f600.png", "_.png"),
        ("n" * 300 + ".pdf", "n" * 236 + ".pdf"),
    ],
)
def test_a_file_name_stays_a_file_name(pages: Flask, filename: str, plain: str) -> None:
    with pages.test_request_context("/"):
        answer = files.as_file(Response(b"x"), filename=filename, inline=False)
    disposition = answer.headers["Content-Disposition"]
    assert disposition.startswith(f"attachment; filename=\"{plain}\"; filename*=UTF-8''")
    assert disposition.isascii()
    assert "\n" not in disposition
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'; frame-ancestors 'none'"


def test_a_form_without_the_token_is_refused(pages: Flask) -> None:
    client = pages.test_client()
    client.get("/login")
    answer = client.post("/login", data={"username": "robin", "password": "x"})
    assert answer.status_code == 400
    assert "did not come from this page" in answer.get_data(as_text=True)


def test_a_form_that_is_too_large_has_a_page(fresh: Flask) -> None:
    fresh.config["MAX_CONTENT_LENGTH"] = 100
    answer = fresh.test_client().post("/login", data={"username": "x" * 500})
    assert answer.status_code == 413
    assert "larger than this server accepts" in answer.get_data(as_text=True)


def test_over_https_browsers_are_told_to_stay_there(tmp_path: Path) -> None:
    app = build_pages(tmp_path, secure=True)
    assert "max-age" in app.test_client().get("/healthz").headers["Strict-Transport-Security"]
    app.extensions["webmail"].gate.database.close()


def test_the_style_sheets_stay_within_their_budget() -> None:
    css = b"".join((ROOT / "static" / "css" / name).read_bytes() for name in ("tokens.css", "mail.css"))
    assert len(gzip.compress(css, 9)) <= 13.5 * 1024
    assert b"data:" not in css, "the content security policy allows no data: pictures"
