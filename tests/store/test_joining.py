"""Every message finds its thread as it comes, in any order."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, event, select

from tests.store.samples import NOW, summary
from webmail.account import Account
from webmail.address import Address
from webmail.mailbox import Mailbox
from webmail.message.summary import MessageSummary, Uid
from webmail.message.thread import WINDOW, conversations, thread_item
from webmail.store import joining, mailboxes, messages, schema
from webmail.store.accounts import own_addresses
from webmail.store.columns import microseconds
from webmail.store.database import Database

ME = "demo@example.org"


@dataclass(frozen=True, slots=True)
class Letter:
    """A message in few words. Names stand for ids; the time is in hours."""

    name: str
    references: str = ""
    subject: str = "Plans"
    hour: int = 0
    people: str = "ann"
    answers: str = ""


def ids(names: str) -> tuple[str, ...]:
    return tuple(f"<{name}@example.net>" for name in names.split())


def made(letter: Letter, uid: int) -> MessageSummary:
    plain = summary(uid, at=NOW + timedelta(hours=letter.hour))
    who = tuple(Address("", f"{name}@example.org") for name in letter.people.split())
    envelope = replace(
        plain.envelope,
        subject=letter.subject,
        sender=who[:1],
        to=(*who[1:], Address("", ME)),
        message_id_field="".join(ids(letter.name)),
        in_reply_to=ids(letter.answers),
        references=ids(letter.references),
        date=NOW,
    )
    return replace(plain, envelope=envelope, size=1000 + uid)


def stored(database: Database) -> dict[tuple[int, int], int]:
    """The thread of each message, by mailbox and UID."""
    columns = schema.messages.c
    with database.index() as connection:
        rows = connection.execute(select(columns.mailbox_id, columns.uid, columns.thread_id))
        return {(mailbox_id, uid): thread_id for mailbox_id, uid, thread_id in rows}


def groups(threads: Mapping[int, object]) -> set[frozenset[int]]:
    found: dict[object, set[int]] = {}
    for uid, thread in threads.items():
        found.setdefault(thread, set()).add(uid)
    return {frozenset(group) for group in found.values()}


def add(database: Database, mailbox: Mailbox, letters: Mapping[int, Letter], order: Iterable[int]) -> None:
    messages.add(database, mailbox, uidvalidity=7, summaries=[made(letters[uid], uid) for uid in order])


def together(database: Database, inbox: Mailbox, *letters: Letter) -> set[str]:
    """The threads of letters that come one by one, the newest first, as names in the order given."""
    numbered = dict(enumerate(letters, 1))
    for uid in sorted(numbered, key=lambda uid: -numbered[uid].hour):
        add(database, inbox, numbered, [uid])
    threads = groups({uid: thread for (_, uid), thread in stored(database).items()})
    return {" ".join(numbered[uid].name for uid in sorted(group)) for group in threads}


def test_an_answer_is_in_the_thread_of_what_it_answers(database: Database, inbox: Mailbox) -> None:
    assert together(database, inbox, Letter("a"), Letter("b", "a", "Re: Plans", 1), Letter("x", hour=2)) == {"a b", "x"}


def test_threads_reach_over_all_mailboxes_of_an_account_and_not_into_another(
    database: Database, account: Account, stranger: Account, inbox: Mailbox, archive: Mailbox
) -> None:
    mailboxes.start_over(database, archive.id, uidvalidity=7)
    other = replace(archive, id=mailboxes.MailboxId(99), account_id=stranger.id)
    mailboxes.start_over(database, archive.id, uidvalidity=7)
    letters = {1: Letter("a"), 2: Letter("b", "a", "Re: Plans", 1)}
    add(database, inbox, letters, [2])
    add(database, archive, letters, [1])
    threads = stored(database)
    assert threads[inbox.id, 2] == threads[archive.id, 1] > 0
    with database.index_write() as connection:
        connection.execute(schema.mailbox_state.insert().values(mailbox_id=99, account_id=stranger.id, uidvalidity=7))
    add(database, other, {3: Letter("c", "a", "Re: Plans", 2), 4: Letter("x", "c", "Re: Plans", 3)}, [3, 4])
    add(database, archive, {5: Letter("y", "x", "Re: Plans", 4)}, [5])
    threads = stored(database)
    assert threads[99, 3] == threads[99, 4]
    assert threads[archive.id, 5] != threads[archive.id, 1]


def test_answers_to_a_message_nobody_has_are_together(database: Database, inbox: Mailbox) -> None:
    assert together(
        database,
        inbox,
        Letter("c", "a b", "Re: Plans", 3),
        Letter("d", "a", "Re: Plans", 4),
        Letter("e", "", "Re: Plans", 5, answers="b"),
        Letter("x", "y z", "Re: Plans", 6, people="bob"),
    ) == {"c d e", "x"}


def test_a_new_subject_begins_a_new_thread(database: Database, inbox: Mailbox) -> None:
    assert together(
        database,
        inbox,
        Letter("a"),
        Letter("b", "a", "AW: [team] Plans", 1),
        Letter("c", "a b", "Cake (was: Plans)", 2),
        Letter("d", "a b c", "Re: Cake", 3),
        Letter("e", "a b", "回复: plans", 4),
    ) == {"a b e", "c d"}


def test_loops_and_messages_that_name_themselves_do_no_harm(database: Database, inbox: Mailbox) -> None:
    assert together(database, inbox, Letter("a", "b"), Letter("b", "a", hour=1), Letter("c", "c c", hour=2), Letter("", hour=3)) == {
        "a b",
        "c",
        "",
    }


def test_an_answer_without_references_follows_the_nearest_message_with_its_subject_and_people(database: Database, inbox: Mailbox) -> None:
    month = 30 * 24
    assert together(
        database,
        inbox,
        Letter("week1", people="ann", subject="Report"),
        Letter("week2", people="ann bob", subject="Report", hour=168),
        Letter("answer", people="bob", subject="Re: Report", hour=170),
        Letter("of-somebody-else", people="carol", subject="Re: Report", hour=171),
        Letter("no-answer", people="bob", subject="Report", hour=172),
        Letter("late", people="bob", subject="Re: Report", hour=173 + month),
    ) == {"week1", "week2 answer", "of-somebody-else", "no-answer", "late"}


def test_an_answer_without_references_changes_over_to_what_comes_later_and_is_nearer(database: Database, inbox: Mailbox) -> None:
    letters = {
        1: Letter("week1", hour=30),
        2: Letter("answer", subject="Re: Plans", hour=50),
        3: Letter("week2", hour=40),
        # The same message came much earlier, so that what it was nearest to is far from where it is now.
        4: Letter("week2", hour=0),
        **{uid: Letter(f"other{uid}", hour=uid, people=f"other{uid}") for uid in range(10, 11 + WINDOW)},
    }
    add(database, inbox, letters, range(10, 11 + WINDOW))
    for uid, expected in ((1, {1}), (2, {1, 2}), (3, {2, 3}), (4, {1, 2})):
        add(database, inbox, letters, [uid])
        threads = stored(database)
        assert {other for (_, other), thread in threads.items() if thread == threads[inbox.id, min(uid, 2)]} == expected


def test_an_answer_without_references_follows_one_of_the_nearest_only(database: Database, inbox: Mailbox) -> None:
    for between, expected in ((WINDOW - 1, 1), (WINDOW, 2)):
        subject = f"Report {between}"
        others = {uid: Letter(f"{between}-{uid}", subject=subject, hour=uid, people=f"other{uid}") for uid in range(2, between + 2)}
        letters = {1: Letter(f"{between}-1", subject=subject), **others, 90: Letter(f"{between}-90", subject=f"Re: {subject}", hour=90)}
        add(database, inbox, letters, [90, *others])
        add(database, inbox, letters, [1])
        threads = stored(database)
        assert len({threads[inbox.id, 1], threads[inbox.id, 90]}) == expected
        messages.remove(database, inbox.id, uids=messages.uids(database, inbox.id))


def test_what_turns_out_to_be_no_answer_follows_nothing(database: Database, inbox: Mailbox) -> None:
    """The first message of an id tells what it is; a later one of the same id had looked like an answer."""
    letters = {1: Letter("a"), 2: Letter("b", subject="Re: Plans", hour=2), 3: Letter("b", hour=1)}
    add(database, inbox, letters, [1, 2])
    assert len(set(stored(database).values())) == 1
    add(database, inbox, letters, [3])
    threads = stored(database)
    assert threads[inbox.id, 2] == threads[inbox.id, 3] != threads[inbox.id, 1]


def test_ourselves_are_nobody_in_common(database: Database, inbox: Mailbox) -> None:
    letters = Letter("a", people=f"{ME.partition('@')[0]} ann"), Letter("b", people="bob", subject="Re: Plans", hour=1)
    assert together(database, inbox, *letters) == {"a", "b"}


def test_a_usual_subject_says_nothing(database: Database, inbox: Mailbox) -> None:
    assert together(database, inbox, Letter("a", subject="Hello"), Letter("b", subject="Re: Hello", hour=1)) == {"a", "b"}
    assert together(database, inbox, Letter("c", subject=""), Letter("d", subject="Re:", hour=1)) >= {"c", "d"}


def test_a_message_that_names_many_conversations_joins_one_of_them(database: Database, inbox: Mailbox) -> None:
    roots = [Letter(f"r{n}", hour=n, subject=f"Topic {n}") for n in range(100)]
    answers = [Letter(f"a{n}", f"gone{n}", hour=n, subject="Re: Plans", people=f"p{n}") for n in range(100)]
    everything = " ".join([*(f"r{n}" for n in range(100)), *(f"gone{n}" for n in range(100))])
    attack = Letter("attack", everything, hour=500, subject="Re: Plans")
    threads = together(database, inbox, attack, *roots, *answers)
    assert "attack a99" in threads
    assert len(threads) == 200


def test_a_forged_repeat_of_a_message_id_moves_nothing_and_is_another_message(database: Database, inbox: Mailbox) -> None:
    assert together(
        database,
        inbox,
        Letter("a"),
        Letter("b", "a", "Re: Plans", 1),
        Letter("x"),
        Letter("b", "x", "Re: Plans", 2),
        Letter("c", "a b", hour=3),
    ) == {"a b b c", "x"}
    with database.index() as connection:
        assert len(set(connection.execute(select(schema.messages.c.sameness)).scalars())) == 5


def test_only_a_component_of_usual_size_is_taken_apart(database: Database, inbox: Mailbox) -> None:
    """A message that says it begins a conversation leaves the one that others put it into, unless that is huge."""
    for answers, expected in ((1, 2), (joining.TOO_MANY // 10 + 1, 1)):
        letters = {uid: Letter(f"{answers}-{uid}", f"r{answers} {many(answers, uid)}", "Re: Plans", uid) for uid in range(1, answers + 1)}
        letters[answers + 1] = Letter(f"late{answers}", f"r{answers} torn{answers}", "Re: Plans", answers + 1)
        add(database, inbox, letters, letters)
        before = stored(database)
        assert len({before[inbox.id, uid] for uid in letters}) == 1
        add(database, inbox, {10_000 + answers: Letter(f"torn{answers}", hour=answers + 2)}, [10_000 + answers])
        threads = stored(database)
        assert threads[inbox.id, 10_000 + answers] == threads[inbox.id, answers + 1]
        assert len({threads[inbox.id, uid] for uid in letters}) == expected
        messages.remove(database, inbox.id, uids=messages.uids(database, inbox.id))


def many(answers: int, uid: int) -> str:
    return " ".join(f"gone{answers}-{uid}-{number}" for number in range(10))


names = st.sampled_from("abcdefgh")
letters_of_few = st.builds(
    Letter,
    name=st.one_of(names, st.just("")),
    references=st.lists(names, max_size=4).map(" ".join),
    subject=st.sampled_from(["Plans", "Re: Plans", "Re: Plans", "Cake", "Re: Cake", "Re:"]),
    hour=st.sampled_from([0, 0, 1, 2, 3, 400, 800, 1200, 1201]),
    people=st.sampled_from(["ann", "bob", "ann bob", "carol"]),
    answers=st.one_of(st.just(""), names),
)


@contextmanager
def steps_left_off(chance: random.Random) -> Iterator[None]:
    """Of what is owed little is done at a time, and whoever does it is killed now and then."""
    step, go_on = joining.STEP, joining.go_on

    def perhaps(connection: Connection, account_id: int) -> bool:
        return chance.random() < 0.6 and go_on(connection, account_id)

    joining.STEP, joining.go_on = 2, perhaps
    try:
        yield
    finally:
        joining.STEP, joining.go_on = step, go_on


@pytest.mark.parametrize("all_at_once", [True, False])
@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(
    few=st.lists(letters_of_few | st.builds(replace, letters_of_few, references=st.just(""), answers=st.just("")), min_size=1, max_size=40),
    chance=st.randoms(use_true_random=False),
)
def test_the_order_in_which_messages_come_and_go_is_of_no_account(
    database: Database, account: Account, inbox: Mailbox, all_at_once: bool, few: list[Letter], chance: random.Random
) -> None:
    with database.index_write() as connection:
        for table in (schema.messages, schema.thread_links, schema.thread_renames):
            connection.execute(table.delete())
    with nullcontext() if all_at_once else steps_left_off(chance):
        letters = come_and_go(database, inbox, few, chance)
    finish(database, account)
    own = own_addresses(database, account.id)
    items = {}
    for uid, letter in letters.items():
        whole = made(letter, uid)
        items[uid] = thread_item(whole.envelope, received=microseconds(whole.internal_date), size=whole.size, own=own)
    present = {uid: thread for (_, uid), thread in stored(database).items()}
    expected = {uid: thread for uid, thread in conversations(items).items() if uid in present}
    assert groups(present) == groups(expected)


def finish(database: Database, account: Account) -> None:
    more = True
    while more:
        with database.index_write() as connection:
            more = joining.go_on(connection, account.id)
    with database.index() as connection:
        assert connection.execute(select(schema.thread_renames)).all() == []


def come_and_go(database: Database, inbox: Mailbox, few: list[Letter], chance: random.Random) -> dict[int, Letter]:
    letters = dict(enumerate(few, 1))
    waiting, gone = list(letters), set[int]()
    chance.shuffle(waiting)
    while waiting:
        some = [waiting.pop() for _ in range(min(len(waiting), chance.choice([1, 1, 2, 5, 20])))]
        there = [uid for mailbox_id, uid in stored(database) if mailbox_id == inbox.id]
        add(database, inbox, letters, some + chance.sample(there, min(len(there), 2)))
        gone = set(chance.sample(some, chance.randrange(len(some) + 1)) if chance.random() < 0.2 else ())
        messages.remove(database, inbox.id, uids=[Uid(uid) for uid in gone])
        if chance.random() < 0.5:
            waiting.extend(gone)
    return letters


def test_a_long_conversation_that_comes_in_any_order_holds_nobody_up(database: Database, account: Account, inbox: Mailbox) -> None:
    """Its halves are a thousand messages when they meet; no transaction changes many of them."""
    letters = {uid: Letter(f"m{uid}", subject="Re: Plans", hour=uid % 600, answers=f"m{uid - 1}") for uid in range(1, 2501)}
    order = list(letters)
    random.Random(1).shuffle(order)
    with rows_changed() as changed:
        add(database, inbox, letters, order)
    assert len(set(stored(database).values())) == 1
    # A row for each message and two for the ids it names, each once more for its new thread; what is renamed and its messages.
    assert max(changed) < messages.CHUNK * 6 + joining.STEP * 3
    finish(database, account)


@contextmanager
def rows_changed() -> Iterator[list[int]]:
    """How many rows each transaction that has ended has changed."""
    changed = [0]

    def count(_connection: object, cursor: Any, statement: str, *_: object) -> None:
        changed[-1] += max(0, cursor.rowcount) if not statement.startswith("SELECT") else 0

    def begin_anew(_connection: object) -> None:
        changed.append(0)

    event.listen(Engine, "after_cursor_execute", count)
    event.listen(Engine, "commit", begin_anew)
    try:
        yield changed
    finally:
        event.remove(Engine, "after_cursor_execute", count)
        event.remove(Engine, "commit", begin_anew)
