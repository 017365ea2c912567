"""Bodies of new mail are ready before anybody opens them; those of old mail wait until they are wanted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.dovecot import Dovecot
from tests.servers.person import Person, letter, new_person
from tests.servers.proxy import Proxy
from webmail.mail import ahead, filing, reading


def page_of_html(number: int) -> bytes:
    return letter(number, subject=f"New {number}", text=f"<p>Number {number} <script>x()</script>").replace(b"text/plain", b"text/html")


@pytest.fixture
def watched(dovecot: Dovecot, proxy: Proxy, tmp_path: Path) -> Iterator[tuple[Person, Proxy]]:
    """Somebody with old mail whose IMAP commands are recorded."""
    somebody = new_person(dovecot, tmp_path / "data", imap=proxy.server())
    somebody.put([page_of_html(number) for number in range(3)])
    somebody.sign_in()
    somebody.page()
    somebody.work()
    yield somebody, proxy
    somebody.close()


def fetches(person: Person, proxy: Proxy, number: int) -> int:
    """How often the server is asked for something of a message while it is opened."""
    proxy.commands.clear()
    page = reading.message_page(person.session, number, mark_seen=False)
    assert page.body == "html"
    return sum("FETCH" in command and "BODY" in command for command in proxy.commands)


def test_new_mail_opens_without_asking_the_server_for_it(watched: tuple[Person, Proxy]) -> None:
    person, proxy = watched
    old = person.ids()[0]
    person.put([page_of_html(7)])
    new = person.ids()[0]
    person.work()
    assert fetches(person, proxy, new) == 0
    assert fetches(person, proxy, old) == 1, "what was there before waits until it is opened"


def test_of_many_at_once_the_newest_are_made_ready(watched: tuple[Person, Proxy]) -> None:
    person, proxy = watched
    person.put([page_of_html(number) for number in range(10, 10 + ahead.AT_ONCE + 2)])
    ids = person.ids()
    person.work()
    assert [fetches(person, proxy, each) for each in (ids[0], ids[ahead.AT_ONCE - 1], ids[ahead.AT_ONCE])] == [0, 0, 1]


def test_mail_that_is_gone_again_is_no_failure(watched: tuple[Person, Proxy]) -> None:
    person, _ = watched
    person.put([page_of_html(8)])
    new = person.ids()[0]
    with person.side() as side:
        side.store("4", "+FLAGS", "\\Deleted")
        side.expunge()
    person.work()
    assert new not in person.ids()


def test_junk_is_left_alone(watched: tuple[Person, Proxy]) -> None:
    person, proxy = watched
    person.page("Junk")
    person.put([page_of_html(9)], mailbox="Junk")
    new = person.ids("Junk")[0]
    person.work()
    assert fetches(person, proxy, new) == 1
    filing.act(person.session, "not_junk", ids=[new])
