"""Who has written and who was written to is remembered by the oldest message, in any order of arrival, for each account by itself."""

from __future__ import annotations

from datetime import timedelta

from tests.store.samples import NOW
from webmail.account import AccountId
from webmail.address import Address
from webmail.mailbox import Mailbox
from webmail.store import senders
from webmail.store.database import Database
from webmail.store.senders import Seen

MIRA = Address("Mira Kestrel", "Mira@Example.net")
DAY = timedelta(days=1)


def test_the_oldest_message_known_says_since_when_somebody_writes(database: Database, inbox: Mailbox) -> None:
    mine = inbox.account_id
    senders.remember(database, mine, [Seen(MIRA, NOW, "late.example"), Seen(Address("", "mira@example.net"), NOW - DAY, "old.example")])
    senders.remember(database, mine, [Seen(MIRA, NOW + DAY, "new.example")])
    found = senders.about(database, mine, MIRA)
    assert (found.address.addr_spec, found.address.first_at, found.address.reply_site) == ("mira@example.net", NOW - DAY, "old.example")
    assert not found.address.written
    senders.remember(database, mine, [Seen(MIRA, NOW - 2 * DAY)])
    assert senders.about(database, mine, MIRA).address.first_at == NOW - 2 * DAY


def test_a_site_is_known_since_the_first_of_its_addresses_wrote(database: Database, inbox: Mailbox) -> None:
    senders.remember(database, inbox.account_id, [Seen(Address("", "a@mail.example.net"), NOW - DAY), Seen(MIRA, NOW)])
    assert senders.about(database, inbox.account_id, Address("", "x@example.net")).site_since == NOW - DAY
    assert senders.about(database, inbox.account_id, Address("", "x@example.org")).site_since is None


def test_who_was_written_to_is_known_though_nothing_came_from_there(database: Database, inbox: Mailbox) -> None:
    senders.wrote(database, inbox.account_id, [MIRA, Address("", "no address"), Address("", f"{'x' * 400}@example.org")])
    found = senders.about(database, inbox.account_id, MIRA)
    assert found.address.written
    assert found.address.first_at is None
    assert found.site_since is None
    assert senders.written_sites(database, inbox.account_id) == {"example.net"}
    senders.remember(database, inbox.account_id, [Seen(MIRA, NOW)])
    found = senders.about(database, inbox.account_id, MIRA)
    assert (found.address.written, found.address.first_at) == (True, NOW)


def test_others_under_a_name_that_looks_the_same_are_found(database: Database, inbox: Mailbox) -> None:
    senders.wrote(database, inbox.account_id, [MIRA])
    found = senders.about(database, inbox.account_id, Address("Mirа  KESTREL", "mira@evil.example"))
    assert [each.addr_spec for each in found.namesakes] == ["mira@example.net"]
    assert senders.about(database, inbox.account_id, Address("", "x@evil.example")).namesakes == ()


def test_trust_is_given_and_taken_back_and_costs_nothing_else(database: Database, inbox: Mailbox) -> None:
    senders.wrote(database, inbox.account_id, [MIRA])
    senders.trust(database, inbox.account_id, MIRA, trusted=True)
    senders.remember(database, inbox.account_id, [Seen(MIRA, NOW)])
    known = senders.about(database, inbox.account_id, MIRA).address
    assert (known.trusted, known.written, known.first_at) == (True, True, NOW)
    senders.trust(database, inbox.account_id, MIRA, trusted=False)
    assert not senders.about(database, inbox.account_id, MIRA).address.trusted


def test_what_one_account_knows_is_nothing_to_another_and_outlives_the_index(database: Database, inbox: Mailbox) -> None:
    senders.remember(database, inbox.account_id, [Seen(MIRA, NOW)])
    database.drop_index()
    assert senders.about(database, inbox.account_id, MIRA).address.first_at == NOW
    assert senders.about(database, AccountId(inbox.account_id + 1), MIRA).address.first_at is None


def test_nobody_costs_nothing(database: Database, inbox: Mailbox) -> None:
    senders.remember(database, inbox.account_id, [])
    senders.remember(database, inbox.account_id, [Seen(Address("x", "\ud800"), NOW)])
    assert senders.about(database, inbox.account_id, Address("x", "\ud800")).address.first_at is None
