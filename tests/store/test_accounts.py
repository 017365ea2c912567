"""Users, accounts and identities."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from tests.store.conftest import IMAP, SMTP
from tests.store.samples import NOW
from webmail.account import Account, AccountId, Identity, Server, User, UserId
from webmail.address import Address
from webmail.errors import NotFound
from webmail.store import accounts, identities
from webmail.store.database import Database


def test_the_first_sign_in_makes_a_user_and_an_account(database: Database) -> None:
    made = accounts.find_or_create(database, "demo", imap=IMAP, smtp=SMTP, now=NOW)
    assert (made.username, made.imap, made.smtp, made.identity) == ("demo", IMAP, SMTP, None)
    assert accounts.get(database, made.id) == made
    assert accounts.of_user(database, made.user_id) == (made,)
    assert accounts.user(database, made.user_id) == User(made.user_id, "demo")
    assert accounts.all_ids(database) == [made.id]


def test_the_next_sign_in_finds_the_account_and_updates_its_servers(database: Database, account: Account) -> None:
    moved = replace(IMAP, port=143)
    again = accounts.find_or_create(database, account.username, imap=moved, smtp=SMTP, now=NOW)
    assert (again.id, again.user_id, again.imap) == (account.id, account.user_id, moved)


def test_the_same_name_on_another_server_is_somebody_else(database: Database, account: Account) -> None:
    other = accounts.find_or_create(database, account.username, imap=Server("imap.example.net", 993), smtp=SMTP, now=NOW)
    assert other.user_id != account.user_id


def test_two_first_sign_ins_at_once_make_one_account(database: Database) -> None:
    found: list[Account] = []
    threads = [
        threading.Thread(target=lambda: found.append(accounts.find_or_create(database, "x", imap=IMAP, smtp=SMTP, now=NOW)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len({each.id for each in found}) == 1


def test_an_identity_is_added_and_then_changed(database: Database, account: Account) -> None:
    first = accounts.set_identity(database, account.id, address=Address("Ann", "ann@example.org"))
    assert first.identity is not None
    second = accounts.set_identity(database, account.id, address=Address("Ann Example", "ann@example.org"))
    assert [each.address for each in second.identities] == [Address("Ann Example", "ann@example.org")]
    assert second.identity is not None
    assert second.identity.id == first.identity.id
    assert accounts.get(database, account.id) == second


def test_identities_stand_in_the_order_in_which_they_are_wanted(database: Database, account: Account, stranger: Account) -> None:
    first = identities.put(database, account.id, None, address=Address("Ann", "ann@example.org"), signature="Ann\nHut 3")
    second = identities.put(database, account.id, None, address=Address("", "ann+lists@example.org"), reply_to="ann@example.org")
    assert [each.id for each in accounts.get(database, account.id).identities] == [first, second]
    identities.make_first(database, account.id, second)
    identities.put(database, account.id, first, address=Address("Ann E.", "ann@example.org"), signature="x", signature_html="<b>x</b>")
    assert accounts.of_user(database, account.user_id)[0].identities == (
        Identity(second, account.id, Address("", "ann+lists@example.org"), reply_to="ann@example.org"),
        Identity(first, account.id, Address("Ann E.", "ann@example.org"), signature="x", signature_html="<b>x</b>"),
    )
    for act in (identities.make_first, identities.remove, lambda *given: identities.put(*given, address=Address("", "x@example.org"))):
        with pytest.raises(NotFound):
            act(database, stranger.id, first)
    identities.remove(database, account.id, second)
    assert [each.id for each in accounts.get(database, account.id).identities] == [first]


def test_servers_of_the_settings_reach_every_account_on_that_host(database: Database, account: Account, stranger: Account) -> None:
    elsewhere = accounts.find_or_create(database, "x", imap=Server("imap.example.net", 993), smtp=SMTP, now=NOW)
    moved = replace(SMTP, host="submission.example.org")
    accounts.refresh_servers(database, imap=IMAP, smtp=moved)
    assert accounts.get(database, account.id).smtp == moved
    assert accounts.get(database, stranger.id).smtp == moved
    assert accounts.get(database, elsewhere.id).smtp == SMTP


def test_an_unknown_account_or_user_is_not_found(database: Database) -> None:
    for look in (lambda: accounts.get(database, AccountId(99)), lambda: accounts.user(database, UserId(99))):
        with pytest.raises(NotFound):
            look()
    assert accounts.of_user(database, UserId(99)) == ()
