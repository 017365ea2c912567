"""Queries understood: operators, phrases, groups; and a hint, never an error, where something is not."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webmail.query.parse import parse
from webmail.query.syntax import After, And, Before, Field, Has, In, Is, Larger, Node, Not, Or, Smaller, State, Text
from webmail.query.write import Form, written

ZONE = timezone(timedelta(hours=8))
NOW = datetime(2026, 11, 25, 12, tzinfo=ZONE)


def node(text: str) -> Node | None:
    return parse(text, now=NOW, zone=ZONE).node


def hints(text: str) -> list[str]:
    return [hint.code for hint in parse(text, now=NOW, zone=ZONE).hints]


def day(year: int, month: int, number: int) -> datetime:
    return datetime(year, month, number, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("hut", Text(("hut",))),
        ("Hut Zoë", And((Text(("hut",)), Text(("zoe",))))),
        ('"ridge walk"', Text(("ridge", "walk"))),
        ("rid*", Text(("rid",), prefix=True)),
        ("from:mira", Text(("mira",), Field.FROM)),
        ("FROM:mira@example.net", Text(("mira", "example", "net"), Field.FROM)),
        ('subject:"早上好"', Text(("早", "上", "好"), Field.SUBJECT)),
        ("a OR b", Or((Text(("a",)), Text(("b",))))),
        ("a b OR c", And((Text(("a",)), Or((Text(("b",)), Text(("c",))))))),
        ("(a b) OR c", Or((And((Text(("a",)), Text(("b",)))), Text(("c",))))),
        ("-a", Not(Text(("a",)))),
        ("has:attachment", Has()),
        ("is:unread", Is(State.UNREAD)),
        ("in:Archive", In("archive")),
        ("larger:10M", Larger(10 * 1024 * 1024)),
        ("smaller:500k", Smaller(500 * 1024)),
        ("before:2026/3/1", Before(day(2026, 3, 1))),
        ("after:2026-03-01", After(day(2026, 3, 1))),
        ("newer_than:7d", After(day(2026, 11, 18))),
        ("older_than:1y", Before(day(2025, 11, 25))),
        ("filename:plan.pdf", Text(("plan", "pdf"), Field.FILENAME)),
        ("list:gardening", Text(("gardening",), Field.LIST)),
    ],
)
def test_a_query_means_what_people_expect(text: str, meant: Node) -> None:
    assert node(text) == meant
    assert hints(text) == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("form:mira", "unknown_operator"),
        ('"open', "unclosed_quote"),
        ("(open", "unclosed_parenthesis"),
        ("before:someday", "bad_date"),
        ("larger:huge", "bad_size"),
        ("from:", "empty_operator"),
        ("is:tasty", "unknown_value"),
        ("OR hut", "stray_or"),
        ("", "nothing_to_search"),
        ("...", "nothing_to_search"),
    ],
)
def test_a_mistake_gets_a_hint(text: str, code: str) -> None:
    assert code in hints(text)


@given(
    st.text(max_size=200)
    | st.lists(st.sampled_from(['"', "(", ")", "-", "OR", "from:", "before:", "*", "a", " ", "早", "|", ":"])).map("".join)
)
def test_no_text_at_all_is_an_error(text: str) -> None:
    parse(text, now=NOW, zone=UTC)


def test_a_form_means_what_its_fields_say() -> None:
    form = Form(
        sender="Mira Kestrel",
        subject='"ridge walk"',
        words="from:me",
        without="hut",
        has_attachment=True,
        state=State.UNREAD,
        mailbox="Plans 2026",
        after=date(2026, 1, 1),
        before=date(2026, 2, 1),
        larger=5 * 1024 * 1024,
    )
    meant = node(written(form))
    assert isinstance(meant, And)
    assert Text(("mira",), Field.FROM) in meant.parts
    assert Text(("kestrel",), Field.FROM) in meant.parts
    assert Text(("ridge", "walk"), Field.SUBJECT) in meant.parts
    assert Text(("from", "me")) in meant.parts
    assert Not(Text(("hut",))) in meant.parts
    for part in (Has(), Is(State.UNREAD), In("plans 2026"), After(day(2026, 1, 1)), Before(day(2026, 2, 1)), Larger(5 * 1024 * 1024)):
        assert part in meant.parts
