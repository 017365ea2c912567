"""Leaving a list: offered where it is safe, asked for by a person, and remembered."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.mail.test_reading import commands, watched  # noqa: F401 - a fixture
from tests.servers.person import Person, letter
from tests.servers.proxy import Proxy
from webmail.errors import NotAllowed, ServerRefused
from webmail.imageproxy.network import PUBLIC, Network
from webmail.mail import lists, reading
from webmail.mail.message_pages import Mailing

UNSUBSCRIBE = "List-Id: <walks.example.net>\r\nList-Unsubscribe: <https://lists.example/leave>, <mailto:leave@lists.example>\r\n"
ONE_CLICK = (
    UNSUBSCRIBE + "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    "DKIM-Signature: v=1; d=lists.example; h=list-unsubscribe:list-unsubscribe-post\r\n"
)
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


class Answer:
    """A server of a list behind TLS, which a test leads the way out to: it keeps what it is asked, and says one status."""

    def __init__(self, status: int, asked: list[str]) -> None:
        self.asked, self.said = asked, io.BytesIO(f"HTTP/1.1 {status} So\r\nContent-Length: 0\r\n\r\n".encode())

    def wrap_socket(self, _: object, *, server_hostname: str) -> Answer:
        assert server_hostname == "lists.example"
        return self

    def getpeername(self) -> tuple[str, int]:
        return "192.0.2.1", 443

    def settimeout(self, _: float) -> None:
        return

    def sendall(self, content: bytes) -> None:
        self.asked.append(content.decode().partition("\r\n")[0])

    def recv_into(self, buffer: memoryview) -> int:
        return self.said.readinto(buffer)

    def close(self) -> None:
        return


def answering(status: int, asked: list[str]) -> Network:
    answer: Any = Answer(status, asked)

    def resolve(host: str) -> list[str]:
        asked.append(f"{host} 443")
        return ["192.0.2.1"]

    return Network(resolve=resolve, permitted=lambda _: True, connect=lambda *_: answer, context=lambda: answer)


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
    assert lists.leave(person.session, number, now=NOW, network=answering(200, asked)) == "walks.example.net"
    assert asked == ["lists.example 443", "POST /leave HTTP/1.1"]
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
        lists.leave(person.session, number, now=NOW, network=PUBLIC)


def test_what_was_refused_is_not_remembered(person: Person) -> None:
    number = put(person, letter(1, extra=ONE_CLICK))
    with pytest.raises(ServerRefused):
        lists.leave(person.session, number, now=NOW, network=answering(404, []))
    offered = mailing(person, number)
    assert offered is not None
    assert offered.left_at is None


def test_a_letter_of_a_friend_offers_nothing(person: Person) -> None:
    assert mailing(person, put(person, letter(1))) is None
