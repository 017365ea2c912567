"""What a header says of its mailing list, and what must not be made of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webmail.message.fields import split_fields
from webmail.message.lists import ListFields, MailTo, list_fields, mail_to, offers_one_click

ONE_CLICK = (
    b"List-Unsubscribe: <mailto:leave@lists.example?subject=out>,\r\n <https://lists.example/leave?u=1>\r\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nList-Post: <mailto:all@lists.example>\r\n"
    b"DKIM-Signature: v=1; d=lists.example; h=from:to:list-unsubscribe:\r\n list-unsubscribe-post; b=x\r\n\r\n"
)


def of(header: bytes) -> ListFields:
    return list_fields(split_fields(header))


def test_a_list_says_how_to_leave_it_and_how_to_write_to_it() -> None:
    assert of(ONE_CLICK) == ListFields(
        https="https://lists.example/leave?u=1",
        link="https://lists.example/leave?u=1",
        mailto="mailto:leave@lists.example?subject=out",
        signers=("lists.example",),
        post="mailto:all@lists.example",
    )


def test_one_click_needs_its_field_https_and_a_signature_over_both_fields() -> None:
    assert of(ONE_CLICK.replace(b"One-Click", b"Maybe")).https == ""
    assert of(ONE_CLICK.replace(b"<https:", b"<http:")).https == ""
    assert of(ONE_CLICK.replace(b"list-unsubscribe-post;", b"subject;")).signers == ()
    assert of(ONE_CLICK.replace(b"<https://lists", b"<https://bank.example@lists")).link == ""


@pytest.mark.parametrize(
    ("signers", "passed", "offered"),
    [((), None, False), (("a.example",), None, True), (("a.example",), (), False), (("a.example",), ("a.example",), True)],
)
def test_a_signature_that_somebody_has_judged_must_hold(signers: tuple[str, ...], passed: tuple[str, ...] | None, offered: bool) -> None:
    assert offers_one_click("https://lists.example/", signers, passed) is offered
    assert not offers_one_click("", signers, passed)


def test_a_list_that_nobody_may_write_to_says_so() -> None:
    assert of(b"List-Post: NO (posting is closed)\r\n").post == "NO"
    assert mail_to("NO") is None


def test_a_mailto_fills_in_who_about_what_and_the_text_and_nothing_else() -> None:
    found = mail_to("mailto:a%40b@lists.example?subject=Out%0d%0aBcc:%20x@y.example&body=Please%0Astop&bcc=z@y.example&attach=/etc/passwd")
    assert found == MailTo("a@b@lists.example", "Out Bcc: x@y.example", "Please\nstop")
    assert mail_to("javascript:alert(1)") is None
    assert mail_to("mailto:nobody") is None


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "ftp://x.example/", "https://", "https://[", "https://x.example/\\y", 'http://x"y/']
)
def test_what_is_no_web_address_is_no_link(address: str) -> None:
    assert of(f"List-Unsubscribe: <{address}>\r\n".encode()) == ListFields()


@given(st.binary(max_size=300))
def test_nothing_in_a_field_makes_it_fail(value: bytes) -> None:
    found = list_fields([(name, value) for name in ("List-Unsubscribe", "List-Post", "List-Unsubscribe-Post", "DKIM-Signature")])
    mail_to(found.mailto)
    mail_to("mailto:" + value.decode("latin-1"))
