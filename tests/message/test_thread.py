"""The rule of threads, for messages at once. That the store keeps to it in any order is tested there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.store.samples import envelope
from webmail.address import Address
from webmail.message.summary import Envelope
from webmail.message.thread import ThreadItem, conversations, digest, sameness, thread_item

PLAIN = replace(envelope(1), subject="Plans", message_id_field="<a@example.net>", references=())
DAY = 86_400_000_000


def item(letter: Envelope, *, day: int = 0, own: tuple[str, ...] = ()) -> ThreadItem:
    return thread_item(letter, received=day * DAY, size=1000, own=own)


def alike(*items: ThreadItem) -> list[int]:
    """For each message the place of the first one that is in its thread."""
    threads = list(conversations(dict(enumerate(items))).values())
    return [threads.index(each) for each in threads]


def named(name: str, **fields: Any) -> Envelope:
    return replace(PLAIN, message_id_field=f"<{name}@example.net>", **fields)


def test_messages_are_joined_by_what_they_name() -> None:
    root, other = item(PLAIN), item(named("x"))
    child = item(named("b", references=(PLAIN.message_id_field,)))
    grandchild = item(named("c", in_reply_to=("<b@example.net>",)))
    assert alike(root, other, child, grandchild) == [0, 1, 0, 0]


def test_the_numbers_of_texts_never_change() -> None:
    """They are stored: another function would part what is there from what comes."""
    assert digest("<a@example.net>") == 1330974724364367028
    assert 0 < digest("") < 2**63
    assert digest("half \ud83d of a pair") > 0


def test_an_address_or_several_ids_in_in_reply_to_name_no_parent() -> None:
    """Old programs write "your message of Monday <ann@example.org>", which would join everything Ann wrote."""
    assert item(replace(PLAIN, in_reply_to=("<ann@example.org>",))).named == ()
    assert item(replace(PLAIN, in_reply_to=("<b@example.net>", "<c@example.net>"))).named == ()
    assert item(replace(PLAIN, in_reply_to=("<b@example.net>",))).named == (digest("<b@example.net>"),)


def test_of_long_references_the_first_and_the_newest_count() -> None:
    chain = tuple(f"<{number}@example.net>" for number in range(200))
    found = item(replace(PLAIN, references=chain)).named
    assert found == tuple(map(digest, (chain[0], *chain[-11:])))


def test_a_message_without_an_id_is_joined_to_what_it_names_and_to_nothing_else() -> None:
    anonymous = replace(PLAIN, message_id_field="")
    child = replace(anonymous, references=(PLAIN.message_id_field,))
    assert alike(item(PLAIN), item(child), item(anonymous), item(replace(anonymous, subject="Tea"))) == [0, 0, 2, 3]


def test_copies_are_the_same_and_forgeries_are_not() -> None:
    def same(letter: Envelope = PLAIN, *, size: int = 10, email_id: str = "") -> bytes:
        return sameness(letter, size=size, email_id=email_id)

    assert same() == same(replace(PLAIN, to=(), references=("<x@example.net>",)))
    ann = (Address("Somebody", "ann@example.org"),)
    assert same() == same(replace(PLAIN, sender=ann))
    others = [
        same(size=11),
        same(email_id="M1"),
        same(replace(PLAIN, subject="Cake")),
        same(replace(PLAIN, date=None)),
        same(replace(PLAIN, sender=())),
        same(replace(PLAIN, message_id_field="<b@example.net>")),
    ]
    assert len({same(), *others}) == 7
    assert same(email_id="M1") == same(replace(PLAIN, subject="Cake"), size=11, email_id="M1")


def test_what_came_first_tells_where_a_message_nobody_has_belongs() -> None:
    first = item(named("b", references=("<gone1@example.net>",)), day=1)
    second = item(named("c", references=("<gone2@example.net>",)), day=2)
    attack = item(named("x", references=("<gone1@example.net>", "<gone2@example.net>", "<gone3@example.net>")), day=3)
    assert alike(first, second, attack) == [0, 1, 1]


def test_an_answer_without_references_follows_within_a_month_only() -> None:
    for days, expected in ((30, [0, 0]), (31, [0, 1])):
        assert alike(item(PLAIN), item(named("b", subject="Re: Plans"), day=days)) == expected
    assert alike(item(PLAIN), item(named("b", subject="Fwd: Plans"), day=1)) == [0, 1]
    own = ("ann@example.org", "demo@example.org")
    assert alike(item(PLAIN, own=own), item(named("b", subject="Re: Plans"), day=1, own=own)) == [0, 1]
