"""Sieve: what is written is what the filters say, comes back as it was, and no value breaks out of its string."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.formats.made import of
from webmail.errors import InvalidInput
from webmail.formats import sieve
from webmail.formats.filters import HEADER_NAME, Actions, Condition, Field, MailFilter, Match, flaw, possible

HUT = Condition(Field.SUBJECT, Match.CONTAINS, "hut")


def commands(*filters: MailFilter) -> str:
    """A script without its comments, on one line."""
    return " ".join(line.strip() for line in sieve.write(filters).split("\r\n") if line and not line.startswith("#"))


def test_a_filter_is_written_as_the_commands_it_means_and_read_back() -> None:
    wanted = of(HUT, Condition(Field.FROM, Match.IS_NOT, "a@b.example"), any_of=True, move="Trips", seen=True, stop=True)
    assert commands(wanted) == (
        'require ["fileinto", "imap4flags"]; '
        'if anyof (header :contains "subject" "hut", not address :is "from" "a@b.example") '
        '{ addflag ["\\\\Seen"]; fileinto "Trips"; stop; }'
    )
    assert sieve.read(sieve.write([wanted])) == sieve.Script((wanted,), ours=True)


@pytest.mark.parametrize(
    ("condition", "test"),
    [
        (Condition(Field.FROM, Match.CONTAINS, "Mira"), 'header :contains "from" "Mira"'),
        (Condition(Field.CC, Match.MATCHES, "*@b.example"), 'address :matches "cc" "*@b.example"'),
        (Condition(Field.LIST, Match.IS, "a*b.example"), 'header :matches "list-id" "*<a\\\\*b.example>*"'),
        (Condition(Field.LIST, Match.CONTAINS, "walks"), 'header :matches "list-id" "*<*walks*>*"'),
        (Condition(Field.LIST, Match.MATCHES_NOT, "*.example"), 'not header :matches "list-id" "*<*.example>*"'),
        (Condition(Field.HEADER, Match.IS, "yes", "X-Spam"), 'header :is "X-Spam" "yes"'),
        (Condition(Field.SIZE, Match.LARGER, "10"), "size :over 10K"),
        (Condition(Field.SIZE, Match.SMALLER, "10"), "size :under 10K"),
        (Condition(Field.BODY, Match.CONTAINS_NOT, "x"), 'not body :text :contains "x"'),
    ],
)
def test_every_condition_has_its_test(condition: Condition, test: str) -> None:
    assert f"if {test} {{ stop; }}" in commands(of(condition, stop=True))


def test_every_action_has_its_command_and_only_what_is_needed_is_required() -> None:
    assert commands(of(copy="A", forward="a@b.example", flag=True)) == (
        'require ["fileinto", "copy", "imap4flags"]; addflag ["\\\\Flagged"]; redirect :copy "a@b.example"; fileinto :copy "A";'
    )
    assert commands(of(discard=True)) == "discard;"
    assert commands(of(HUT, move="A", enabled=False)) == "", "a filter that is off is kept and does nothing"


def test_a_script_made_elsewhere_can_be_included() -> None:
    script = sieve.write([of(HUT, seen=True)], include='Bert\'s "own"')
    assert 'include :personal :once :optional "Bert\'s \\"own\\"";' in script
    assert sieve.read(script).include == 'Bert\'s "own"'


@pytest.mark.parametrize("value", ["a\r\nb", "a\nb", "a\rb", "a\0b", "\x1b", "\x7f"])
def test_control_characters_never_get_into_a_script(value: str) -> None:
    with pytest.raises(InvalidInput):
        sieve.write([of(Condition(Field.SUBJECT, Match.IS, value), stop=True)])
    with pytest.raises(InvalidInput):
        sieve.write([of(HUT, move=value)])


BREAKERS = ['"', "\\", '\\"', '"; discard; #', "text:", "text:#", ".", "${unknown}", "/* */", '"]; stop; ["', "a\\"]
OTHER_LINE_ENDS = ["\u2028\u2029\x85 你", '\u2028# filter: {"key":"z"}']


@pytest.mark.parametrize("value", BREAKERS + OTHER_LINE_ENDS)
def test_no_value_ends_the_string_it_stands_in(value: str) -> None:
    wanted = [of(Condition(Field.SUBJECT, Match.IS, value), move=value, key="a"), of(key="b", stop=True)]
    script = sieve.write(wanted)
    strings = re.findall(r'"(?:[^"\\]|\\.)*"', commands(*wanted))
    assert strings.count(sieve.quoted(value)) == 2
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', "S", commands(*wanted))
    assert bare == "require [S]; if header :is S S { fileinto S; } stop;"
    assert sieve.read(script).filters == tuple(wanted)
    assert not sieve.read(script).edited


def test_what_another_program_changed_is_noticed() -> None:
    script = sieve.write([of(HUT, move="Trips")])
    assert not sieve.read(script.replace("\r\n", "\n")).edited, "line ends are no change"
    assert sieve.read(script.replace('fileinto "Trips"', 'fileinto "Other"')) == sieve.Script(
        (of(HUT, move="Trips"),), ours=True, edited=True
    )
    assert sieve.read(script + "keep;\r\n").edited
    assert sieve.read(script.replace('"subject"', "7", 1)).edited


@pytest.mark.parametrize(
    "text",
    [
        "keep;",
        "# filter: {}",
        sieve.HEAD,
        sieve.HEAD + "[]",
        sieve.HEAD + '{"version":2,"include":""}',
        sieve.HEAD + '{"version":1,"include":"\\n"}',
        sieve.HEAD + '{"version":1,"include":""}\n# filter: ' + "[" * 100_000,
        "\0" * 100,
    ],
)
def test_what_nobody_here_wrote_is_edited_and_reads_without_failing(text: str) -> None:
    found = sieve.read(text)
    assert found.edited
    assert found.filters == ()


def test_an_empty_script_is_nothing() -> None:
    assert sieve.read("") == sieve.Script()


VALUES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30)
CONDITIONS = st.sampled_from(Field).flatmap(
    lambda field: st.builds(
        Condition,
        st.just(field),
        st.sampled_from(possible(field)),
        st.integers(1, 10**6).map(str) if field is Field.SIZE else VALUES,
        st.from_regex(HEADER_NAME, fullmatch=True) if field is Field.HEADER else st.just(""),
    )
)
FILTERS = st.builds(
    MailFilter,
    st.just("k"),
    VALUES,
    st.lists(CONDITIONS, max_size=4).map(tuple),
    st.builds(Actions, VALUES, VALUES, st.booleans(), st.booleans(), VALUES, st.booleans(), st.booleans()),
    st.booleans(),
    st.booleans(),
)


@given(FILTERS)
def test_any_filter_comes_back_as_it_was(wanted: MailFilter) -> None:
    assert flaw(wanted) == ""
    assert sieve.read(sieve.write([wanted])) == sieve.Script((wanted,), ours=True)
