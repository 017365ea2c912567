"""Leaving a list: offered where it is safe, asked for by a person, and remembered."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.mail.test_reading import commands, watched  # noqa: F401 - a fixture
from tests.servers.person import Person, letter
from tests.servers.proxy import Proxy
from webmail.errors import NotAllowed, ServerRefused
from webmail.mail import lists, reading
from webmail.mail.message_pages import Mailing

UNSUBSCRIBE = "List-Id: <walks.example.net>\r\nList-Unsubscribe: <https://lists.example/leave>, <mailto:leave@lists.example>\r\n"
ONE_CLICK = (
    UNSUBSCRIBE + "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    "DKIM-Signature: v=1; d=lists.example; h=list-unsubscribe:list-unsubscribe-post\r\n"
)
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def put(person: Person, raw: bytes) -> int:
    person.put([raw])
    return person.ids()[0]


def mailing(person: Person, number: int) -> Mailing | None:
    return reading.message_page(person.session, number, mark_seen=False).mailing


def test_a_list_is_left_by_one_click_and_that_is_remembered_when_the_index_is_gone(person: Person) -> None:
    number = put(person, letter(1, extra=ONE_CLICK))
    offered = mailing(person, number)
    assert offered is not None
    assert (offered.one_click, offered.host, offered.left_at) == (True, "lists.example", None)
    asked: list[str] = []
    assert lists.leave(person.session, number, now=NOW, post=asked.append) == "walks.example.net"
    assert asked == ["https://lists.example/leave"]
    person.gate.database.drop_index()
    person.sign_in()
    later = mailing(person, put(person, letter(2, extra=ONE_CLICK)))
    assert later is not None
    assert later.left_at == NOW


def test_looking_at_a_message_asks_nobody_anything(watched: tuple[Person, Proxy]) -> None:  # noqa: F811
    person, proxy = watched
    number = put(person, letter(1, extra=ONE_CLICK))
    commands(proxy)
    assert mailing(person, number)
    assert commands(proxy).count("UID FETCH") == 1
    assert mailing(person, number)
    assert "UID FETCH" not in commands(proxy), "what the header says is kept"


def test_without_a_signature_over_it_one_click_is_not_offered(person: Person) -> None:
    number = put(person, letter(1, extra=ONE_CLICK.replace("h=list-unsubscribe:", "h=subject:")))
    offered = mailing(person, number)
    assert offered is not None
    assert (offered.one_click, offered.can_be_left) == (False, True)
    with pytest.raises(NotAllowed):
        lists.leave(person.session, number, now=NOW, post=lambda _: None)


def test_what_was_refused_is_not_remembered(person: Person) -> None:
    number = put(person, letter(1, extra=ONE_CLICK))

    def refuse(_: str) -> None:
        raise ServerRefused("unsubscribe_refused")

    with pytest.raises(ServerRefused):
        lists.leave(person.session, number, now=NOW, post=refuse)
    offered = mailing(person, number)
    assert offered is not None
    assert offered.left_at is None


def test_a_letter_of_a_friend_offers_nothing(person: Person) -> None:
    assert mailing(person, put(person, letter(1))) is None
