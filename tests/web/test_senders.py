"""The note about a doubtful sender and what can be done from it; the page before a link that is not what it seems."""

from __future__ import annotations

import pytest

from tests.servers.person import Person, letter
from tests.visitor import Visitor
from tests.web.built import build_on

HTML = '<p>Please <a href="http://login.example.org/confirm?a=1&amp;b=2">https://mail.example.net/confirm</a></p><form>x</form>'


def suspicious(number: int) -> bytes:
    plain = letter(number, text=HTML, sender='"Bank <help@bank.example>" <x@evil.example>')
    return plain.replace(b"text/plain", b"text/html")


@pytest.fixture
def visitor(person: Person) -> Visitor:
    """Somebody signed in, who has opened a suspicious message."""
    person.put([suspicious(1), suspicious(2)])
    return Visitor(build_on(person.gate)).sign_in(person.username, person.password)


def path_of(person: Person, place: int = 0) -> str:
    return f"/messages/{person.ids()[place]}"


def test_one_note_tells_all_doubts_and_the_message_can_be_reported_from_it(visitor: Visitor, person: Person) -> None:
    visitor.get(path_of(person))
    (note,) = visitor.page.xpath("//div[contains(@class, 'note')][@data-kind='danger']")
    assert "This is probably a forgery." in str(note.text_content())
    assert len(note.xpath(".//li")) == 3
    assert "first message from anybody at evil.example" in visitor.words
    visitor.send(note.xpath(".//form[@action='/messages/actions']")[0], button=("action", "junk"))
    assert (person.truth("INBOX"), person.truth("Junk")) == (1, 1)


def test_trusting_a_sender_hides_the_note_on_all_their_messages_until_it_is_taken_back(visitor: Visitor, person: Person) -> None:
    visitor.get(path_of(person))
    visitor.send(visitor.form(action="/trust"))
    assert visitor.status == 200
    for place in (0, 1):
        visitor.get(path_of(person, place))
        assert not visitor.page.xpath("//div[contains(@class, 'note')][@data-kind='danger']")
        assert "you trust this address" in visitor.words
    visitor.send(visitor.form(action="/trust"), button=("trusted", "0"))
    assert visitor.page.xpath("//div[contains(@class, 'note')][@data-kind='danger']")


def test_a_marked_link_opens_our_page_which_says_where_it_goes_and_follows_nothing(visitor: Visitor, person: Person) -> None:
    visitor.get(f"{path_of(person)}/body")
    address = str(visitor.page.xpath("//a/@href")[0])
    assert address.startswith("/link?")
    visitor.get(address, follow_redirects=False)
    assert visitor.status == 200
    assert visitor.page.xpath("//code//text()") == ["http://", "login.example.org", "/confirm?a=1&b=2"]
    assert "mail.example.net" in visitor.words
    assert "not encrypted" in visitor.words
    (onwards,) = visitor.page.xpath("//a[contains(@class, 'danger')]")
    assert (onwards.get("href"), onwards.get("rel")) == ("http://login.example.org/confirm?a=1&b=2", "noopener noreferrer nofollow")
    assert visitor.answer is not None
    assert visitor.answer.headers["Referrer-Policy"] == "no-referrer"
    assert path_of(person) in visitor.page.xpath("//a/@href")


@pytest.mark.parametrize("change", [("sign=", "sign=0"), ("to=W", "to=X"), ("&sign=", "&nothing="), ("to=", "to=https://evil.example/")])
def test_a_link_page_that_we_did_not_make_is_not_there(visitor: Visitor, person: Person, change: tuple[str, str]) -> None:
    visitor.get(f"{path_of(person)}/body")
    address = str(visitor.page.xpath("//a/@href")[0])
    assert visitor.get(address).status == 200
    assert visitor.get(address.replace(*change)).status == 404
    assert "evil.example/" not in visitor.text


def test_the_note_speaks_chinese(visitor: Visitor, person: Person) -> None:
    visitor.get(path_of(person), headers={"Accept-Language": "zh-CN"})
    assert "这很可能是伪造邮件。" in visitor.text
    assert "有一个链接显示 mail.example.net，却通向 login.example.org。" in visitor.text
