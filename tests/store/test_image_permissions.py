"""Whose images are shown without asking, and addresses that only we can have made."""

from __future__ import annotations

import pytest

from tests.store.samples import NOW
from webmail.account import Account
from webmail.errors import NotFound
from webmail.store import accounts, image_permissions
from webmail.store.database import Database
from webmail.store.image_permissions import Whose
from webmail.store.sealed import seal, unseal


def permit(database: Database, account: Account, value: str, *, only_verified: bool = False) -> int:
    whose = Whose.SENDER if "@" in value else Whose.DOMAIN
    return image_permissions.add(database, account.id, whose=whose, value=value, only_verified=only_verified, now=NOW).id


def test_a_permission_covers_its_sender_or_its_domain_of_one_account(database: Database, account: Account, stranger: Account) -> None:
    permit(database, account, "mira@a.example")
    permit(database, account, "b.example")

    def covered(owner: Account, address: str) -> bool:
        return image_permissions.for_sender(database, owner.id, address) is not None

    assert [covered(account, each) for each in ("mira@a.example", "x@b.example")] == [True, True]
    others = ("jo@a.example", "x@mail.b.example", "x@notb.example", "a.example@c.example", "")
    assert [covered(account, each) for each in others] == [False] * len(others)
    assert not covered(stranger, "mira@a.example")


def test_of_two_permissions_the_wider_one_counts_and_the_last_choice_stays(database: Database, account: Account) -> None:
    permit(database, account, "mira@a.example", only_verified=True)
    permit(database, account, "a.example")
    found = image_permissions.for_sender(database, account.id, "mira@a.example")
    assert found is not None
    assert (found.whose, found.only_verified) == (Whose.DOMAIN, False)
    permit(database, account, "a.example", only_verified=True)
    assert [(each.value, each.only_verified) for each in image_permissions.of_account(database, account.id)] == [
        ("a.example", True),
        ("mira@a.example", True),
    ]


def test_only_its_owner_takes_a_permission_back(database: Database, account: Account, stranger: Account) -> None:
    number = permit(database, account, "a.example")
    assert accounts.owner(database, "permission_id", number) == account.id
    with pytest.raises(NotFound):
        image_permissions.remove(database, stranger.id, number)
    assert image_permissions.remove(database, account.id, number).value == "a.example"
    assert image_permissions.of_account(database, account.id) == ()


def test_what_is_sealed_opens_for_its_account_and_purpose_only(database: Database, account: Account, stranger: Account) -> None:
    token = seal(database.key, "https://a.example/图?b=1", purpose="images", account_id=account.id)
    assert unseal(database.key, token, purpose="images", account_id=account.id) == "https://a.example/图?b=1"
    assert token == seal(database.key, "https://a.example/图?b=1", purpose="images", account_id=account.id)
    assert unseal(database.key, token, purpose="images", account_id=stranger.id) is None
    assert unseal(database.key, token, purpose="other", account_id=account.id) is None
    changed = [token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :] for place in range(len(token) - 1)]
    for each in (*changed, "", "A", "ä", token[:-4], token + "AAAA", "." * 40):
        assert unseal(database.key, each, purpose="images", account_id=account.id) is None, each
