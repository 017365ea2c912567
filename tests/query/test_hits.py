"""Hits: where the words of a query stand in a text, as the index finds them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webmail.query.hits import excerpt, hits
from webmail.query.parse import parse
from webmail.query.syntax import Field, Node, Text
from webmail.query.words import words

NOW = datetime(2026, 11, 25, tzinfo=UTC)


def node(text: str) -> Node | None:
    return parse(text, now=NOW, zone=UTC).node


def marked(text: str, query: str, *fields: Field | None) -> list[str]:
    return [text[start:end] for start, end in hits(text, node(query), fields=fields or (None,))]


@pytest.mark.parametrize(
    ("text", "query", "found"),
    [
        ("The hut and the Hut.", "hut", ["hut", "Hut"]),
        ("Zoë's café", "cafe zoe", ["Zoë", "café"]),
        ("huts and a hut", "hut*", ["huts", "hut"]),
        ("ridge, walk; walk ridge", '"ridge walk"', ["ridge, walk"]),
        ("今天早上好天气", "早上", ["早上"]),
        ("a hut", "-hut", []),
        ("the hut", "from:hut", []),
    ],
)
def test_what_was_searched_for_is_found_in_the_text(text: str, query: str, found: list[str]) -> None:
    assert marked(text, query) == found


def test_words_of_a_field_are_found_in_its_text_only() -> None:
    assert marked("the hut", "subject:hut", None, Field.SUBJECT) == ["hut"]
    assert marked("the hut", "subject:hut", None, Field.BODY) == []


@given(st.text(max_size=60))
def test_every_word_of_a_text_is_found_where_it_stands(text: str) -> None:
    for word in words(text)[:3]:
        found = hits(text, Text((word,)), fields=(None,))
        assert found, (text, word)
        assert all(0 <= start < end <= len(text) for start, end in found)


def test_an_excerpt_shows_the_first_hit() -> None:
    long = "word " * 500 + "the hut is open " + "more " * 500
    found = excerpt(long, node("hut"), length=80)
    assert "hut" in found
    assert len(found) <= 80
