"""Read as: whoever knows better than the sender chooses the letters, for text and for HTML, and nothing else changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.dovecot import Dovecot
from tests.servers.person import Person, letter, new_person
from tests.visitor import Visitor
from tests.web.built import build_on

TEXT = "Привет, мир! До встречи в четверг."


def message(kind: str, body: bytes) -> bytes:
    head = letter(1, subject="=?koi8-r?b?8NLJ18XU?=").partition(b"Content-Type")[0]
    return head + b"Content-Type: " + kind.encode() + b"; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + body + b"\r\n"


@pytest.fixture
def reader(dovecot: Dovecot, tmp_path: Path) -> Iterator[tuple[Visitor, Person]]:
    person = new_person(dovecot, tmp_path / "data")
    visitor = Visitor(build_on(person.gate))
    visitor.sign_in(person.username, person.password)
    person.sign_in()
    yield visitor, person
    person.close()


def test_a_text_is_read_as_chosen_and_its_subject_stays(reader: tuple[Visitor, Person]) -> None:
    visitor, person = reader
    person.put([message("text/plain", TEXT.encode("cp1251"))])
    (number,) = person.ids()
    assert TEXT not in visitor.get(f"/messages/{number}").words, "the sender says it is something else"
    (choice,) = visitor.page.xpath("//nav[@id='message-as']//a[. = 'Windows-1251']/@href")
    assert TEXT in visitor.get(choice).words
    assert visitor.page.xpath("//nav[@id='message-as']//a[@aria-current]/text()") == ["Windows-1251"]
    assert "Привет" in str(visitor.page.findtext(".//h1"))
    assert TEXT.encode("cp1251").decode("koi8-r") in visitor.get(f"/messages/{number}?charset=koi8-r").words, "each choice is kept apart"
    assert TEXT in visitor.get(f"/messages/{number}/print?charset=windows-1251").words
    assert TEXT not in visitor.get(f"/messages/{number}").words, "a choice is for once"
    assert visitor.get(f"/messages/{number}?charset=rot13").status == 200


def test_html_is_read_as_chosen_too(reader: tuple[Visitor, Person]) -> None:
    visitor, person = reader
    person.put([message("text/html", b"<p>" + TEXT.encode("cp1251"))])
    (number,) = person.ids()
    (frame,) = visitor.get(f"/messages/{number}?charset=windows-1251").page.xpath("//iframe[@data-message-body]/@src")
    assert TEXT in visitor.get(frame).text
    assert TEXT not in visitor.get(f"/messages/{number}/body").text


def test_the_menu_is_offered_where_a_message_is_wrong_about_its_letters(reader: tuple[Visitor, Person]) -> None:
    visitor, person = reader
    person.put([message("text/plain", TEXT.encode("koi8-r")).replace(b"iso-8859-1", b"utf-8")])
    (number,) = person.ids()
    assert TEXT in visitor.get(f"/messages/{number}").words, "it was guessed rightly"
    (note,) = visitor.page.xpath("//*[@data-charset]")
    assert note.xpath(".//button/@popovertarget") == ["message-as"]
    assert visitor.page.xpath("//nav[@id='message-as']//a[@aria-current]/text()")[1:] == ["KOI8-R"]
