"""Every error has a status, words in both languages, and a page."""

from __future__ import annotations

import ast
from typing import Any

import pytest
from flask import Flask
from lxml import html

from tests.web.conftest import ROOT
from webmail import errors as kinds
from webmail.errors import (
    AuthenticationFailed,
    InvalidInput,
    NotAllowed,
    NotFound,
    ServerRefused,
    ServerUnavailable,
    ServerUnusable,
    WebmailError,
)
from webmail.web import error_words, errors

AT_START = {"webmail/settings.py", "webmail/store/masterkey.py"}
"""What is raised here ends the program before there is a page; it is explained on the console."""
START_CODES = {"database_url_unsupported", "database_encoding"}
KINDS = {name for name, each in vars(kinds).items() if isinstance(each, type) and issubclass(each, WebmailError)}


def raised_codes() -> dict[str, str]:
    """Every code given to one of our errors anywhere in the program, and where."""
    found = {}
    for path in sorted((ROOT / "webmail").rglob("*.py")):
        place = str(path.relative_to(ROOT))
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            for code in _codes(node) if place not in AT_START else ():
                found[code] = f"{place}:{getattr(node, 'lineno', 0)}"
    return found


def _codes(node: ast.AST) -> list[str]:
    """The code of an error that is made here, or of a remark beside a field: ``errors.append((field, code, values))``."""
    if not isinstance(node, ast.Call) or not node.args:
        return []
    given = node.args[0]
    if isinstance(node.func, ast.Attribute) and ast.unparse(node.func) == "errors.append" and isinstance(given, ast.Tuple):
        given = given.elts[1]
    elif not (isinstance(node.func, ast.Name) and node.func.id in KINDS):
        return []
    return [str(given.value)] if isinstance(given, ast.Constant) else []


def documented_codes() -> set[str]:
    """The codes that the docstrings of the errors promise."""
    found: set[str] = set()
    for name in KINDS:
        text = vars(kinds)[name].__doc__ or ""
        if "Codes" in text:
            found.update(text.split("``")[1::2])
    return {code for code in found if code.islower()} - {"server_code", "server_text"}


def test_every_code_raised_in_the_program_has_a_sentence() -> None:
    found = raised_codes()
    assert len(found) > 40
    assert {"too_many_recipients", "no_recipient"} <= found.keys()
    assert {code: place for code, place in found.items() if code not in error_words.SENTENCES} == {
        code: found[code] for code in START_CODES & found.keys()
    }


def test_every_code_that_is_documented_has_a_sentence() -> None:
    assert documented_codes() - error_words.SENTENCES.keys() == set()


def test_every_kind_of_error_is_in_the_one_table() -> None:
    assert {each.__name__ for each in errors.STATUS} == KINDS
    assert set(errors.STATUS.values()) <= set(errors.TITLES)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFound("message"), 404),
        (NotAllowed("read_only", name="x"), 403),
        (InvalidInput("required", field="name"), 400),
        (AuthenticationFailed("credentials"), 401),
        (ServerUnavailable("timeout"), 503),
        (ServerUnusable("tls_expired"), 502),
        (ServerRefused("overquota"), 502),
    ],
)
def test_the_status_follows_the_class(error: WebmailError, status: int) -> None:
    assert errors.status_of(error) == status


def test_a_sentence_with_a_value_missing_is_still_a_sentence(pages: Flask) -> None:
    with pages.test_request_context("/"):
        for code in error_words.SENTENCES:
            assert error_words.sentence(code)
        assert "imap.example.org" in error_words.sentence("timeout")


def test_the_server_s_own_words_follow_ours(pages: Flask) -> None:
    with pages.test_request_context("/"):
        words = error_words.of_error(ServerRefused("a code nobody knows", server_text="<b>over quota</b>"))
    assert words == "The mail server refused. The server said: <b>over quota</b>"


def failing(app: Flask, error: Exception) -> Any:
    def fail() -> str:
        raise error

    app.add_url_rule("/healthz/fail", "health.healthz.fail", fail, methods=["GET", "POST"])
    app.before_request_funcs[None] = []
    return app.test_client()


def test_an_error_page_says_what_happened_what_is_safe_and_what_to_do(fresh: Flask) -> None:
    answer = failing(fresh, ServerUnavailable("timeout", host="imap.example.org", port=993)).get("/healthz/fail?a=1")
    assert answer.status_code == 503
    page = html.document_fromstring(answer.get_data(as_text=True))
    words = str(page.text_content())
    assert "imap.example.org did not answer in time" in words
    assert "drafts" in words
    assert page.xpath("//a[@href='/healthz/fail?a=1']")
    assert "993" in words


def test_what_was_typed_is_on_the_error_page(fresh: Flask) -> None:
    answer = failing(fresh, NotFound("draft")).post("/healthz/fail", data={"text": "a long <letter>"})
    page = html.document_fromstring(answer.get_data(as_text=True))
    assert page.xpath("//textarea")[0].text.strip() == "a long <letter>"


def test_an_error_on_a_form_goes_back_to_where_the_form_was(fresh: Flask) -> None:
    client = failing(fresh, NotFound("missing_role", role="archive"))
    answer = client.post("/healthz/fail", data={"next": "/outbox"})
    assert (answer.status_code, answer.location) == (303, "/outbox")


def test_a_fault_of_ours_is_logged_with_the_reference_that_the_page_shows(fresh: Flask, caplog: pytest.LogCaptureFixture) -> None:
    answer = failing(fresh, RuntimeError("a secret detail")).get("/healthz/fail")
    assert answer.status_code == 500
    text = answer.get_data(as_text=True)
    assert "a secret detail" not in text
    reference = html.document_fromstring(text).xpath("//dt[text()='reference']/following-sibling::dd[1]")[0].text_content()
    assert str(reference) in caplog.text


def test_a_page_that_does_not_exist_leads_to_the_inbox(fresh: Flask) -> None:
    fresh.before_request_funcs[None] = []
    answer = fresh.test_client().get("/nowhere")
    assert answer.status_code == 404
    assert html.document_fromstring(answer.get_data(as_text=True)).xpath("//main//a[@href='/']")
