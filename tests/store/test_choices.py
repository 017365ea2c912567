"""What a person has chosen: preferences, saved searches, selections."""

from __future__ import annotations

import pytest

from tests.store.samples import NOW, uids
from webmail.account import Account
from webmail.errors import Conflict, InvalidInput, NotFound
from webmail.mailbox import MailboxId
from webmail.store import preferences, saved_searches, selections, templates
from webmail.store.database import Database
from webmail.store.selections import Chosen
from webmail.store.templates import Template


def test_a_preference_is_found_again_and_the_last_choice_counts(database: Database, account: Account, stranger: Account) -> None:
    assert preferences.get(database, account.user_id, "view", default="messages") == "messages"
    preferences.put(database, account.user_id, "view", "conversations")
    preferences.put(database, account.user_id, "view", "messages")
    assert preferences.get(database, account.user_id, "view") == "messages"
    assert preferences.get(database, stranger.user_id, "view") == ""


def test_searches_are_kept_by_name_for_their_owner(database: Database, account: Account, stranger: Account) -> None:
    bills = saved_searches.add(database, account.user_id, name="Bills", query="subject:账单", now=NOW)
    saved_searches.add(database, account.user_id, name="Alps", query="hut -junk", now=NOW)
    assert [each.name for each in saved_searches.of_user(database, account.user_id)] == ["Alps", "Bills"]
    assert saved_searches.get(database, account.user_id, bills.id).query == "subject:账单"
    with pytest.raises(Conflict):
        saved_searches.add(database, account.user_id, name="Bills", query="x", now=NOW)
    with pytest.raises(NotFound):
        saved_searches.remove(database, stranger.user_id, bills.id)
    assert saved_searches.remove(database, account.user_id, bills.id) == bills
    assert [each.name for each in saved_searches.of_user(database, account.user_id)] == ["Alps"]


def test_templates_are_kept_by_name_for_their_owner(database: Database, account: Account, stranger: Account) -> None:
    first = templates.put(database, account.user_id, Template(0, "Thanks", "Thank you", "Dear {name},"))
    second = templates.put(database, account.user_id, Template(0, "Away", "", "I am away."))
    assert [each.name for each in templates.of_user(database, account.user_id)] == ["Away", "Thanks"]
    templates.put(database, account.user_id, Template(first, "Thanks", "", "Hello {name},"))
    assert templates.get(database, account.user_id, first) == Template(first, "Thanks", "", "Hello {name},")
    with pytest.raises(InvalidInput):
        templates.put(database, account.user_id, Template(second, "Thanks", "", ""))
    for look in (templates.get, lambda *given: templates.put(*given[:2], Template(given[2], "x", "", ""))):
        with pytest.raises(NotFound):
            look(database, stranger.user_id, first)
    with pytest.raises(NotFound):
        templates.remove(database, stranger.user_id, second)
    templates.remove(database, account.user_id, first)
    assert [each.id for each in templates.of_user(database, account.user_id)] == [second]


def test_nobody_keeps_searches_without_end(database: Database, account: Account) -> None:
    for number in range(saved_searches.LIMIT):
        saved_searches.add(database, account.user_id, name=str(number), query="x", now=NOW)
    with pytest.raises(InvalidInput):
        saved_searches.add(database, account.user_id, name="one more", query="x", now=NOW)


def test_a_selection_names_the_same_messages_for_a_day(database: Database, account: Account, stranger: Account) -> None:
    chosen = [Chosen(account.id, MailboxId(3), 7, tuple(uids(*range(1, 5000)))), Chosen(account.id, MailboxId(4), 9, tuple(uids(5)))]
    number = selections.put(database, account.user_id, chosen, now=NOW)
    assert selections.get(database, account.user_id, number) == chosen
    assert selections.count(database, account.user_id, number) == 5000
    for look in (selections.get, selections.count):
        with pytest.raises(NotFound):
            look(database, stranger.user_id, number)
    selections.put(database, account.user_id, [], now=NOW + selections.KEPT * 1.1)
    with pytest.raises(NotFound):
        selections.get(database, account.user_id, number)
