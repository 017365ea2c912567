"""Links that are not what they seem are found by their words and their address; honest ones are left alone."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webmail.message.linktext import named_host, suspicion


def test_a_link_whose_words_name_another_site_is_found() -> None:
    found = suspicion("https://mail.example.org/confirm", "http://login.example.net/confirm")
    assert found is not None
    assert (found.code, found.shown, found.host) == ("elsewhere", "mail.example.org", "login.example.net")


@pytest.mark.parametrize(
    ("words", "href", "code", "shown"),
    [
        ("Pennywell.example", "https://a.example.net/", "elsewhere", "pennywell.example"),
        ("» www.bank.example «", "https://a.example.net/", "elsewhere", "www.bank.example"),
        ("log in at https://bank.example/x now", "https://bank.example.evil.example/", "elsewhere", "bank.example"),
        ("b\u200bank.example", "https://evil.example/", "elsewhere", "bank.example"),
        ("http://192.0.2.7/", "https://evil.example/", "elsewhere", "192.0.2.7"),
        ("bank", "https://bank.example@evil.example/", "user", "bank.example"),
        ("bank", "https://bank.example:pass@evil.example/", "user", "bank.example"),
        ("here", "http://192.0.2.7/x", "number", ""),
        ("here", "http://3221225991/x", "number", ""),
        ("here", "http://0xC0.0.2.7/x", "number", ""),
        ("here", "http://[2001:db8::1]/x", "number", ""),
        ("here", "https://paypa1.com/", "like", "paypal.com"),
        ("here", "https://xn--80ak6aa92e.com/", "letters", "apple.com"),
        ("here", "https://аррӏе.com/", "letters", "apple.com"),
        ("here", "https://xn--mnchen-3ya.de/", "international", "münchen.de"),
    ],
)
def test_every_trick_is_named(words: str, href: str, code: str, shown: str) -> None:
    found = suspicion(words, href, known=frozenset({"paypal.com"}))
    assert found is not None
    assert (found.code, found.shown) == (code, shown)


@pytest.mark.parametrize(
    ("words", "href"),
    [
        ("click here", "https://example.net/x"),
        ("www.example.org", "https://shop.example.org/x"),
        ("Visit us. Now", "https://example.net/"),
        ("invoice.pdf", "https://example.net/x"),
        ("Node.js", "https://example.net/"),
        ("v1.2.3", "https://example.net/"),
        ("e.g.", "https://example.net/"),
        ("mira@example.org", "https://example.net/"),
        ("mira@example.org", "mailto:x@example.net"),
        ("münchen.example", "https://xn--mnchen-3ya.example/"),
        ("paypal", "https://www.paypal.com/"),
        ("x", "https://[broken/"),
    ],
)
def test_honest_links_are_left_alone(words: str, href: str) -> None:
    found = suspicion(words, href, known=frozenset({"paypal.com"}))
    assert found is None or found.code == "international"


def test_long_words_cost_no_more_than_short_ones() -> None:
    began = time.process_time()
    for letters in ("a.", "-", "www.a", "http://", "a-", "1."):
        named_host(letters * 500_000)
    assert time.process_time() - began < 0.5


@given(st.text(max_size=120), st.text(max_size=120))
def test_any_words_and_any_address_can_be_looked_at(words: str, address: str) -> None:
    for href in (address, f"https://{address}"):
        found = suspicion(words, href, known=frozenset({"example.org"}))
        assert found is None or found.host
