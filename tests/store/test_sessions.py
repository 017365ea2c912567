"""Sessions of browsers."""

from __future__ import annotations

from datetime import timedelta

from tests.store.samples import NOW, files_with, later
from webmail.account import Account
from webmail.store import sessions
from webmail.store.database import Database

DAY = timedelta(days=1)


def start(database: Database, account: Account | None, *, agent: str = "Browser") -> str:
    user_id, account_id = (account.user_id, account.id) if account else (None, None)
    return sessions.create(
        database, user_id=user_id, account_id=account_id, address="192.0.2.1", agent=agent, now=NOW, data={"a": [1, "\u00e4"]}, lifetime=DAY
    )


def test_a_token_loads_its_session(database: Database, account: Account) -> None:
    token = start(database, account)
    found = sessions.load(database, token, now=later(5))
    assert found is not None
    assert (found.user_id, found.account_id, found.data) == (account.user_id, account.id, {"a": [1, "\u00e4"]})
    assert (found.created, found.last_seen, found.address, found.agent) == (NOW, NOW, "192.0.2.1", "Browser")


def test_tokens_are_long_and_never_the_same(database: Database) -> None:
    tokens = {start(database, None) for _ in range(20)}
    assert len(tokens) == 20
    assert min(map(len, tokens)) >= 43


def test_the_token_itself_is_not_in_the_database(database: Database, account: Account) -> None:
    token = start(database, account)
    assert files_with(b"Browser", database)
    assert not files_with(token.encode(), database)


def test_a_wrong_token_loads_nothing(database: Database, account: Account) -> None:
    token = start(database, account)
    for wrong in ("", token[:-1], token.swapcase(), "\ud800", "x" * 10_000):
        assert sessions.load(database, wrong, now=NOW) is None


def test_a_session_ends_when_it_was_not_used_for_its_lifetime(database: Database, account: Account) -> None:
    token = start(database, account)
    assert sessions.load(database, token, now=NOW + DAY - timedelta(seconds=1)) is not None
    assert sessions.load(database, token, now=NOW + DAY) is None


def test_using_a_session_prolongs_it_and_writes_once_a_minute(database: Database, account: Account) -> None:
    token = start(database, account)
    assert not sessions.touch(database, token, now=later(59))
    assert sessions.touch(database, token, now=later(61))
    assert not sessions.touch(database, token, now=later(62))
    found = sessions.load(database, token, now=later(61) + DAY - timedelta(seconds=1))
    assert found is not None
    assert found.last_seen == later(61)
    assert not sessions.touch(database, "unknown", now=later(1000))


def test_what_is_saved_is_loaded_next_time(database: Database, account: Account) -> None:
    token = start(database, None)
    sessions.save(database, token, data={"b": 2}, user_id=account.user_id, account_id=account.id)
    found = sessions.load(database, token, now=NOW)
    assert found is not None
    assert (found.data, found.user_id, found.account_id) == ({"b": 2}, account.user_id, account.id)


def test_an_ended_session_cannot_be_saved_back_to_life(database: Database, account: Account) -> None:
    token = start(database, account)
    sessions.end(database, token)
    sessions.save(database, token, data={}, user_id=account.user_id, account_id=account.id)
    assert sessions.load(database, token, now=NOW) is None


def test_a_person_sees_and_ends_their_own_sessions_only(database: Database, account: Account, stranger: Account) -> None:
    first, second, other = start(database, account, agent="First"), start(database, account, agent="Second"), start(database, stranger)
    sessions.touch(database, first, now=later(120))
    assert [each.agent for each in sessions.of_user(database, account.user_id, now=later(120))] == ["First", "Second"]
    theirs = sessions.load(database, other, now=NOW)
    mine = sessions.load(database, second, now=NOW)
    assert theirs is not None
    assert mine is not None
    assert not sessions.end_one(database, account.user_id, session_id=theirs.id)
    assert sessions.end_one(database, account.user_id, session_id=mine.id)
    assert sessions.end_all(database, account.user_id) == 1
    assert sessions.load(database, other, now=NOW) is not None


def test_only_living_sessions_count_for_an_account(database: Database, account: Account, stranger: Account) -> None:
    start(database, account)
    start(database, account)
    start(database, stranger)
    assert sessions.count_for_account(database, account.id, now=NOW) == 2
    assert sessions.count_for_account(database, account.id, now=NOW + DAY) == 0


def test_expired_sessions_are_deleted_and_accounts_left_alone_are_named(database: Database, account: Account, stranger: Account) -> None:
    start(database, account)
    kept = start(database, stranger)
    start(database, stranger)
    sessions.touch(database, kept, now=later(3600))
    assert sessions.expire(database, now=NOW + DAY) == (account.id,)
    assert sessions.expire(database, now=NOW + DAY) == ()
    assert sessions.load(database, kept, now=NOW + DAY) is not None
