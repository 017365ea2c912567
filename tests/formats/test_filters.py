"""Filters as values: which messages they mean, as a Sieve script would judge them."""

from __future__ import annotations

import time

import pytest

from tests.formats.made import of
from webmail.formats.filters import (
    Condition,
    Facts,
    Field,
    Match,
    flaw,
    from_json,
    fulfilled,
    meant,
    outcome,
    to_json,
    wildcard,
)

FACTS = Facts(
    texts={
        Field.FROM: ["Mira Kestrel <mira@example.net>"],
        Field.TO: ["Robin Vale <robin@example.test>", "list@walks.example"],
        Field.SUBJECT: ["Re: Hut at Ülmen, 你好"],
        Field.LIST: ["walks.example.net"],
    },
    addresses={Field.FROM: ["mira@example.net"], Field.TO: ["robin@example.test", "list@walks.example"]},
    size=5000,
    headers={"x-spam": ["no", "YES indeed"]},
    bodies=frozenset({"ridge"}),
)


def test_a_filter_means_the_messages_that_fulfil_its_conditions() -> None:
    hut, other = Condition(Field.SUBJECT, Match.CONTAINS, "hut"), Condition(Field.FROM, Match.IS, "jonas@example.net")
    assert meant(of(hut), FACTS)
    assert not meant(of(hut, other), FACTS)
    assert meant(of(hut, other, any_of=True), FACTS)
    assert meant(of(), FACTS), "without conditions it means every message"


@pytest.mark.parametrize(
    ("field", "match", "value", "found"),
    [
        ("from", "contains", "KESTREL", True),
        ("from", "contains", "mira@example", True),
        ("from", "is", "MIRA@EXAMPLE.NET", True),
        ("from", "is", "Mira Kestrel", False),
        ("from", "matches", "*@example.net", True),
        ("from", "matches", "example.net", False),
        ("from", "is_not", "mira@example.net", False),
        ("to", "is", "list@walks.example", True),
        ("to", "contains_not", "jonas", True),
        ("cc", "contains", "a", False),
        ("cc", "contains_not", "a", True),
        ("cc", "is_not", "a", True),
        ("subject", "is", "re: hut at Ülmen, 你好", True),
        ("subject", "contains", "ülmen", False),
        ("subject", "contains", "你好", True),
        ("subject", "matches", "re:*?好", True),
        ("subject", "matches_not", "re:*", False),
        ("list", "is", "walks.example.net", True),
        ("list", "contains", "walks", True),
        ("size", "larger", "4", True),
        ("size", "larger", "5", False),
        ("size", "smaller", "5", True),
        ("body", "contains", "ridge", True),
        ("body", "contains_not", "ridge", False),
        ("body", "contains", "valley", False),
    ],
)
def test_a_condition_compares_as_sieve_does(field: str, match: str, value: str, found: bool) -> None:
    assert fulfilled(Condition(Field(field), Match(match), value), FACTS) is found


def test_any_field_of_a_header_can_be_looked_at() -> None:
    assert fulfilled(Condition(Field.HEADER, Match.CONTAINS, "yes", "X-Spam"), FACTS)
    assert fulfilled(Condition(Field.HEADER, Match.IS, "no", "x-spam"), FACTS)
    assert not fulfilled(Condition(Field.HEADER, Match.CONTAINS, "yes", "X-Other"), FACTS)
    assert fulfilled(Condition(Field.HEADER, Match.CONTAINS_NOT, "yes", "X-Other"), FACTS)


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("", "", True),
        ("*", "", True),
        ("?", "", False),
        ("a*b*c", "a-b-b-c", True),
        ("a*b*c", "a-b-b-", False),
        (r"\*", "*", True),
        (r"\*", "x", False),
        (r"a\?", "a?", True),
        ("a\\\\*", "a\\b", True),
        ("a\\", "a\\", True),
        ("**a", "bba", True),
    ],
)
def test_wildcards_mean_any_text_and_any_character(pattern: str, text: str, found: bool) -> None:
    assert wildcard(pattern, text) is found


def test_a_pattern_that_is_hard_to_match_costs_no_time() -> None:
    began = time.process_time()
    assert not wildcard("*a" * 100 + "b", "a" * 20_000)
    assert time.process_time() - began < 3


def test_what_several_filters_do_adds_up_until_one_says_stop() -> None:
    hut = Condition(Field.SUBJECT, Match.CONTAINS, "hut")
    did = outcome(
        [of(hut, key="a", seen=True, copy="Trips"), of(hut, key="b", move="House", stop=True), of(hut, key="c", flag=True)], FACTS
    )
    assert did is not None
    assert (did.seen, did.flag, did.mailboxes, did.kept, did.filters) == (True, False, ("Trips", "House"), False, ("filter a", "filter b"))


def test_what_is_kept_by_one_filter_is_not_thrown_away_by_another() -> None:
    did = outcome([of(key="a", discard=True), of(key="b", move="House")], FACTS)
    assert did is not None
    assert (did.mailboxes, did.discarded) == (("House",), False)
    alone = outcome([of(key="a", discard=True)], FACTS)
    assert alone is not None
    assert (alone.discarded, alone.kept) == (True, False)


def test_a_filter_that_is_off_does_nothing() -> None:
    assert outcome([of(seen=True, enabled=False)], FACTS) is None


def test_a_filter_comes_back_from_json_as_it_was() -> None:
    whole = of(
        Condition(Field.HEADER, Match.MATCHES_NOT, 'a "b" \\ 你', "X-Spam"),
        any_of=True,
        enabled=False,
        move="Zoë/你",
        forward="a@b.example",
        stop=True,
    )
    assert from_json(to_json(whole)) == whole


@pytest.mark.parametrize(
    "given",
    [
        None,
        [],
        {},
        {"key": "a", "name": "a", "if": [["from", "larger", "1", ""]], "any": False, "on": True, "do": {}},
        {"key": "a", "name": "a", "if": [["from", "is", "a\nb", ""]], "any": False, "on": True, "do": {}},
        {"key": "a", "name": "a", "if": [["header", "is", "a", "X: y"]], "any": False, "on": True, "do": {}},
        {"key": "a", "name": "a", "if": [["size", "larger", "-1", ""]], "any": False, "on": True, "do": {}},
        {"key": "a", "name": "a\nb", "if": [], "any": False, "on": True, "do": {}},
        {"key": "a/b", "name": "a", "if": [], "any": False, "on": True, "do": {}},
        {"key": "a", "name": "a", "if": [], "any": False, "on": True, "do": {"seen": "yes"}},
        {"key": "a", "name": "a", "if": [], "any": False, "on": True, "do": {"unheard": True}},
        {"key": "a", "name": "a", "if": [], "any": False, "on": True, "do": {"move": "a\0b"}},
    ],
)
def test_what_is_no_filter_is_refused(given: object) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        from_json(given)


def test_a_filter_that_can_be_run_has_no_flaw() -> None:
    assert flaw(of(Condition(Field.SIZE, Match.LARGER, "10"), seen=True)) == ""
