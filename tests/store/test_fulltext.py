"""The full-text index: what was put in is found, newest first, and what is gone is not."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event, select, true

from tests.store.conftest import on_sqlite
from tests.store.samples import NOW, later, matching, plans, sound, summary
from webmail.account import Account
from webmail.mailbox import Mailbox, MailboxId
from webmail.message.summary import MessageId, Uid
from webmail.query.parse import text_node
from webmail.query.syntax import And, Field, Node, Text
from webmail.store import columns, fts5, fulltext, mailboxes, messages, wordtable
from webmail.store import search as searching
from webmail.store.database import Database
from webmail.store.documents import FIELDS, MEANT, documents
from webmail.store.fulltext import Document, TextState
from webmail.store.search import Scope


def put(database: Database, mailbox: Mailbox, *bodies: str, first: int = 1, field: str = "body") -> list[MessageId]:
    """Messages with these words, each a second younger than the one before."""
    added = messages.add(database, mailbox, uidvalidity=7, summaries=[summary(first + number) for number in range(len(bodies))])
    ids = [each.id for each in added]
    fulltext.add(database, [Document(each, **{field: body}) for each, body in zip(ids, bodies, strict=True)])
    return ids


def search(database: Database, match: str | Node, field: Field | None = None) -> list[MessageId]:
    """The messages that match, newest first, whoever's they are."""
    node = text_node(match, field) if isinstance(match, str) else match
    assert node is not None
    return matching(database, node)


def test_a_message_is_found_by_its_words_newest_first(database: Database, inbox: Mailbox) -> None:
    first, second, third = put(database, inbox, "rent for march", "rent for april", "a walk by the lake")
    assert search(database, "rent") == [second, first]
    assert search(database, "for april") == [second]
    assert search(database, "la*") == [third]
    assert search(database, And((Text(("march",)), Text(("april",))))) == []
    sound(database)


@pytest.mark.parametrize("name", FIELDS)
def test_words_are_found_in_their_field_only(database: Database, inbox: Mailbox, name: str) -> None:
    (found,) = put(database, inbox, "garden", field=name)
    assert search(database, "garden") == search(database, "gard*") == [found]
    for field in Field:
        expected = [found] if name in MEANT[field] else []
        assert search(database, "garden", field) == search(database, "gard*", field) == expected


def test_chinese_is_found_by_any_characters_that_stand_together(database: Database, inbox: Mailbox) -> None:
    (found,) = put(database, inbox, "北 京 大 学 的 来 信")
    assert search(database, "京大学") == search(database, "京大") == [found]
    assert search(database, "京学") == search(database, "大京") == []


@on_sqlite
def test_the_word_of_an_account_is_no_word_of_a_message_in_sqlite(
    database: Database, account: Account, stranger: Account, inbox: Mailbox
) -> None:
    (found,) = put(database, inbox, f"a{account.id} {account.id}")
    assert search(database, Text((fts5.account_word(account.id),))) == [found]
    assert search(database, Text((fts5.account_word(stranger.id),))) == []
    assert search(database, f"{account.id}") == [found]


def test_a_message_that_is_moved_is_still_found_and_one_expunged_is_not(database: Database, inbox: Mailbox, archive: Mailbox) -> None:
    moved, expunged, kept = put(database, inbox, "boat one", "boat two", "boat three")
    mailboxes.start_over(database, archive.id, uidvalidity=9)
    messages.relocate(database, inbox.id, target=archive.id, uidvalidity=9, uids=[Uid(1)], new_uids={Uid(1): Uid(80)})
    messages.remove(database, inbox.id, uids=[Uid(2)])
    assert search(database, "boat") == [kept, moved]
    assert not fulltext.tidy(database)
    assert search(database, "boat") == [kept, moved]
    assert expunged not in fulltext.content(database, inbox.account_id, [moved, expunged, kept])
    sound(database)


def test_the_words_of_a_mailbox_that_starts_over_are_taken_out(database: Database, inbox: Mailbox) -> None:
    put(database, inbox, *["boat"] * 250)
    mailboxes.start_over(database, inbox.id, uidvalidity=8)
    assert search(database, "boat") == []
    rounds = 1
    while fulltext.tidy(database):
        rounds += 1
    assert rounds == 3
    with database.index() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM documents").scalar() == 0
        asked = wordtable.ask(connection, Text(("boat",)), [inbox.account_id])
        assert connection.execute(select(asked.place).select_from(asked.table).join(documents, true()).where(asked.condition)).all() == []
    sound(database)


def test_a_document_put_again_replaces_the_one_before(database: Database, account: Account, inbox: Mailbox) -> None:
    (found,) = put(database, inbox, "old words")
    assert fulltext.add(database, [Document(found, body="new words", files="plan pdf")]) == 1
    assert search(database, "old") == []
    assert search(database, "new") == search(database, "plan", Field.FILENAME) == [found]
    assert fulltext.content(database, account.id, [found]) == {found: Document(found, body="new words", files="plan pdf")}
    sound(database)


def test_words_of_a_message_that_is_gone_meanwhile_are_left_out(database: Database, inbox: Mailbox) -> None:
    assert fulltext.add(database, [Document(MessageId(99), body="late")]) == 0
    assert search(database, "late") == []
    sound(database)


def test_the_words_of_others_are_not_given_out(database: Database, account: Account, stranger: Account, inbox: Mailbox) -> None:
    (found,) = put(database, inbox, "mine")
    assert fulltext.content(database, stranger.id, [found]) == {}
    assert fulltext.content(database, account.id, [found])[found].body == "mine"


def test_many_messages_of_one_second_have_documents_of_their_own(database: Database, inbox: Mailbox) -> None:
    added = messages.add(database, inbox, uidvalidity=7, summaries=[summary(uid, at=NOW) for uid in range(1, 301)])
    after = messages.add(database, inbox, uidvalidity=7, summaries=[summary(uid, at=later(1)) for uid in range(301, 311)])
    ids = [each.id for each in reversed([*added, *after])]
    for start in range(0, len(ids), 70):
        some = ids[start : start + 70]
        assert fulltext.add(database, [Document(each, body="same") for each in some]) == len(some)
    assert sorted(search(database, "same")) == sorted(ids)
    with database.index() as connection:
        assert connection.exec_driver_sql("SELECT min(id) FROM documents").scalar_one() >= fulltext.id_at(columns.microseconds(NOW))
    sound(database)


def test_pages_of_hits_of_one_second_hold_each_message_once(database: Database, account: Account, inbox: Mailbox) -> None:
    added = messages.add(database, inbox, uidvalidity=7, summaries=[summary(uid, at=NOW) for uid in range(1, 151)])
    fulltext.add(database, [Document(each.id, body="same") for each in reversed(added)])
    scope = Scope((account.id,), (inbox.id,), {})
    found: list[MessageId] = []
    before = None
    while hits := searching.find(database, Text(("same",)), scope=scope, limit=20, before=before):
        found += [each.listed.summary.id for each in hits]
        before = (columns.microseconds(hits[-1].listed.summary.internal_date), hits[-1].listed.summary.id)
    assert len(found) == 150
    assert set(found) == {each.id for each in added}


def test_pages_go_on_behind_a_message_that_is_gone_meanwhile(database: Database, account: Account, inbox: Mailbox) -> None:
    ids = put(database, inbox, *["same"] * 10)
    scope = Scope((account.id,), (inbox.id,), {})
    last = searching.find(database, Text(("same",)), scope=scope, limit=3)[-1].listed.summary
    messages.remove(database, inbox.id, uids=[last.uid])
    fulltext.tidy(database)
    rest = searching.find(database, Text(("same",)), scope=scope, limit=20, before=(columns.microseconds(last.internal_date), last.id))
    assert [each.listed.summary.id for each in rest] == ids[6::-1]


def test_dates_before_1970_and_far_ahead_keep_their_order(database: Database, inbox: Mailbox) -> None:
    moments = [NOW.replace(year=year) for year in (1901, 1969, 1970, 2026, 2200, 9999)]
    added = messages.add(database, inbox, uidvalidity=7, summaries=[summary(uid, at=at) for uid, at in enumerate(moments, 1)])
    fulltext.add(database, [Document(each.id, body="when") for each in added])
    assert search(database, "when") == [each.id for each in reversed(added)]


def test_what_waits_is_given_newest_first_and_counted(database: Database, account: Account, inbox: Mailbox, archive: Mailbox) -> None:
    added = messages.add(database, inbox, uidvalidity=7, summaries=[summary(uid) for uid in range(1, 6)])
    mailboxes.start_over(database, archive.id, uidvalidity=9)
    messages.add(database, archive, uidvalidity=9, summaries=[summary(1)])
    assert fulltext.waiting(database, inbox.id, limit=3) == tuple(each.id for each in reversed(added[2:]))
    assert fulltext.remaining(database, account.id) == {inbox.id: 5, archive.id: 1}
    states = {added[4].id: TextState.FILES_WAIT, added[3].id: TextState.UNREADABLE}
    fulltext.add(database, [Document(each.id, body="x") for each in added[2:]], states=states)
    assert fulltext.remaining(database, account.id) == {inbox.id: 2, archive.id: 1}
    assert fulltext.waiting(database, inbox.id, limit=3) == tuple(each.id for each in reversed(added[:2]))
    assert fulltext.waiting(database, inbox.id, state=TextState.FILES_WAIT, limit=3) == (added[4].id,)


def test_a_preview_made_of_all_words_takes_the_place_of_one_made_of_the_first(database: Database, account: Account, inbox: Mailbox) -> None:
    known = [summary(1, preview="F?rst words"), summary(2), summary(3, preview="Third words")]
    ids = [each.id for each in messages.add(database, inbox, uidvalidity=7, summaries=known)]
    fulltext.add(database, [Document(each) for each in ids], previews={ids[0]: "First words", ids[1]: "Second words"})
    found = [each.summary.preview for each in messages.get_many(database, account.id, ids)]
    assert found == ["First words", "Second words", "Third words"]


@on_sqlite
def test_finding_what_waits_looks_at_no_other_message_in_sqlite(database: Database, account: Account, inbox: Mailbox) -> None:
    put(database, inbox, "x")
    for action in (
        lambda: fulltext.waiting(database, inbox.id, limit=5),
        lambda: fulltext.waiting(database, inbox.id, limit=5, state=TextState.FILES_WAIT),
        lambda: fulltext.remaining(database, account.id),
    ):
        for plan in plans(database.index, action):
            assert "SCAN messages" not in plan, plan
            assert "USE TEMP B-TREE FOR ORDER BY" not in plan, plan
            assert "messages" not in plan or "ix_messages_without_" in plan, plan


def test_large_documents_are_written_in_many_transactions(database: Database, inbox: Mailbox) -> None:
    chance = random.Random(5)
    vocabulary = [f"{chance.randrange(10**6)}" for _ in range(5000)]
    added = messages.add(database, inbox, uidvalidity=7, summaries=[summary(uid) for uid in range(1, 41)])
    documents = [Document(each.id, body=" ".join(chance.choices(vocabulary, k=8000))) for each in added]
    written: list[int] = []

    def note(_: object) -> None:
        written.append(1)

    event.listen(Engine, "commit", note)
    fulltext.add(database, documents)
    event.remove(Engine, "commit", note)
    assert sum(len(each.body) for each in documents) / fulltext.CHUNK_OCTETS > 4
    assert len(written) > 4
    assert len(search(database, vocabulary[0])) > 20
    sound(database)


WORD = st.sampled_from(["ant", "bee", "cow", "dog", "北", "京", "grusse", "42"])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(WORD, max_size=6), min_size=1, max_size=8), st.data())
def test_after_any_changes_the_index_finds_what_a_look_at_every_message_finds(
    database: Database, inbox: Mailbox, texts: Sequence[Sequence[str]], data: st.DataObject
) -> None:
    with database.index_write() as connection:
        connection.exec_driver_sql("DELETE FROM messages")
    while fulltext.tidy(database):
        pass
    ids = put(database, inbox, *[" ".join(words) for words in texts])
    truth = dict(zip(ids, [list(words) for words in texts], strict=True))
    for _ in range(data.draw(st.integers(0, 4))):
        chosen = data.draw(st.sampled_from(ids))
        if data.draw(st.booleans()) and chosen in truth:
            truth[chosen] = data.draw(st.lists(WORD, max_size=6))
            fulltext.add(database, [Document(chosen, body=" ".join(truth[chosen]))])
        else:
            truth.pop(chosen, None)
            messages.remove(database, inbox.id, uids=[Uid(ids.index(chosen) + 1)])
        if data.draw(st.booleans()):
            fulltext.tidy(database)
    word, next_word = data.draw(WORD), data.draw(WORD)
    expected = [each for each in reversed(ids) if word in truth.get(each, [])]
    assert search(database, word) == expected
    pairs = [each for each in reversed(ids) if (word, next_word) in set(zip(truth.get(each, []), truth.get(each, [])[1:], strict=False))]
    assert search(database, f"{word} {next_word}") == pairs
    while fulltext.tidy(database):
        pass
    sound(database)


def test_a_mailbox_without_an_index_has_nothing_waiting(database: Database, account: Account) -> None:
    assert fulltext.waiting(database, MailboxId(12345), limit=5) == ()
    assert fulltext.remaining(database, account.id) == {}
