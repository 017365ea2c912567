"""Letters that look like others, domains that look like others, and what hides between letters."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webmail.message import lookalikes
from webmail.message.lookalikes import ascii_domain, hides, imitates, looks_like, mixes_scripts, name_mixes_scripts, site, unicode_domain


def test_a_domain_in_foreign_letters_is_known_by_what_it_looks_like() -> None:
    assert unicode_domain("xn--80ak6aa92e.com") == "аррӏе.com"
    assert imitates("xn--80ak6aa92e.com") == "apple.com"
    assert ascii_domain("аррӏе.com") == "xn--80ak6aa92e.com"


@pytest.mark.parametrize("honest", ["xn--mnchen-3ya.de", "пример.рф", "例え.jp", "example.org", "россия.com", "", "xn--", "xn--\u00e9.x"])
def test_an_honest_domain_imitates_nobody(honest: str) -> None:
    assert imitates(honest) == ""


@pytest.mark.parametrize(
    ("host", "owner"),
    [
        ("mail.example.org", "example.org"),
        ("a.b.co.uk", "b.co.uk"),
        ("me.github.io", "me.github.io"),
        ("Example.ORG.", "example.org"),
        ("localhost", "localhost"),
    ],
)
def test_a_site_is_what_one_owner_has(host: str, owner: str) -> None:
    assert site(host) == owner


@pytest.mark.parametrize("word", ["раypal", "paypаl", "gооgle", "ехample"])
def test_one_word_of_two_alphabets_is_told(word: str) -> None:
    assert mixes_scripts(word)
    assert name_mixes_scripts(f"The {word} team")


@pytest.mark.parametrize("name", ["Иван Petrov", "日本ひらカタa", "邮箱mail", "김철수 Kim", "Café Müller", "O'Neil ２", "Νίκος"])
def test_names_that_people_have_mix_nothing(name: str) -> None:
    assert not name_mixes_scripts(name)


@pytest.mark.parametrize(
    ("domain", "known"),
    [
        ("paypa1.com", "paypal.com"),
        ("exarnple.org", "example.org"),
        ("gogle.com", "google.com"),
        ("paypla.com", "paypal.com"),
        ("pennywell-login.example", "pennywell.example"),
        ("xn--80ak6aa92e.com", "apple.com"),
    ],
)
def test_a_domain_like_one_that_is_known_is_told(domain: str, known: str) -> None:
    assert looks_like(domain, frozenset({known, "unrelated.example"})) == known


@pytest.mark.parametrize("domain", ["mail.paypal.com", "paypal.com", "amazon.de", "pay.com", "pal.org"])
def test_a_domain_of_its_own_is_not_taken_for_another(domain: str) -> None:
    assert looks_like(domain, frozenset({"paypal.com", "amazon.com"})) == ""


def test_what_hides_between_letters_is_told_and_what_languages_need_is_not() -> None:
    assert hides("Mi\u202era") == "order"
    assert hides("pay\u200bpal") == "unseen"
    assert hides("\u2066x\u2069") == "order"
    for honest in ("Mira", "שלום\u200f!", "👨\u200d👩\u200d👧", "नमस्\u200dते"):
        assert hides(honest) == ""


@given(st.text(max_size=300))
def test_any_text_at_all_can_be_looked_at(text: str) -> None:
    assert isinstance(imitates(text) + site(text) + unicode_domain(text) + ascii_domain(text) + lookalikes.name_key(text), str)
    assert looks_like(text, frozenset({"example.org"})) in ("", "example.org")
    assert isinstance(mixes_scripts(text) or name_mixes_scripts(text), bool)


def test_many_known_sites_cost_a_question_nothing() -> None:
    known = frozenset(f"company{number}.example" for number in range(2000))
    assert looks_like("cornpany7.example", known) == "company7.example"
    began = time.process_time()
    for number in range(1000):
        looks_like(f"somebody-else-{number}.example", known)
    assert time.process_time() - began < 0.5
