"""Accounts: the mail password is kept as long as somebody or something needs it, and no longer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.servers.person import Person
from webmail.mail import accounts, drafts
from webmail.mail.drafts import DraftFields
from webmail.store import credentials, sessions

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def browser(person: Person, *, lifetime: timedelta) -> str:
    mine = person.session.accounts[0]
    return sessions.create(
        person.gate.database, user_id=mine.user_id, account_id=mine.id, address="", agent="", now=NOW, data={}, lifetime=lifetime
    )


def kept(person: Person) -> bool:
    return credentials.exists(person.gate.database, person.session.accounts[0].id)


def minutes_pass(person: Person, *, now: datetime) -> None:
    """What the worker does, twice."""
    unused = accounts.forget_unused(person.gate, now=now, unused_before=())
    accounts.forget_unused(person.gate, now=now, unused_before=unused)


def test_a_password_nobody_needs_is_erased(person: Person) -> None:
    minutes_pass(person, now=NOW)
    assert not kept(person)


def test_a_password_is_kept_for_a_minute_for_somebody_who_signs_in_just_now(person: Person) -> None:
    assert accounts.forget_unused(person.gate, now=NOW, unused_before=()) == {person.session.accounts[0].id}
    assert kept(person)


def test_a_password_is_kept_while_somebody_is_signed_in_and_erased_when_the_session_has_expired(person: Person) -> None:
    token = browser(person, lifetime=timedelta(days=1))
    minutes_pass(person, now=NOW + timedelta(hours=23))
    assert kept(person)
    minutes_pass(person, now=NOW + timedelta(hours=25))
    assert not kept(person)
    assert sessions.load(person.gate.database, token, now=NOW) is None


def test_signing_in_again_brings_the_password_back(person: Person) -> None:
    minutes_pass(person, now=NOW)
    person.sign_in()
    assert kept(person)


def test_a_draft_the_server_does_not_have_yet_follows_at_the_next_sign_in(person: Person) -> None:
    drafts.store(person.session, DraftFields(key="unsaved", text="Dear Mira"), now=NOW)
    minutes_pass(person, now=NOW)
    person.work()
    assert person.truth("Drafts") == 0
    person.sign_in()
    person.work()
    assert person.truth("Drafts") == 1
