"""The search page as a browser without script sees it, on a real IMAP server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.dovecot import Dovecot
from tests.servers.person import Person, letter, new_person
from tests.visitor import Visitor
from tests.web.built import build_on


@pytest.fixture
def robin(dovecot: Dovecot, tmp_path: Path) -> Iterator[Person]:
    somebody = new_person(dovecot, tmp_path / "data")
    somebody.put([letter(1, subject="Hut & <key>", text="The hut is <ours>."), letter(2, subject="Other", text="Nothing here.")])
    somebody.put([letter(3, subject="Hut of old")], mailbox="Archive")
    somebody.sign_in()
    somebody.page()
    somebody.work()
    yield somebody
    somebody.close()


@pytest.fixture
def visitor(robin: Person) -> Visitor:
    return Visitor(build_on(robin.gate)).sign_in(robin.username, robin.password)


def subjects(visitor: Visitor) -> list[str]:
    return [str(each.text_content()) for each in visitor.page.xpath("//li[@data-message]//*[@class='row__t']")]


def test_the_box_on_every_page_searches_everything_and_marks_what_it_found(visitor: Visitor) -> None:
    visitor.get("/")
    visitor.send(visitor.form(holding="q"), q="hut")
    assert subjects(visitor) == ["Hut of old", "Hut & <key>"]
    assert [each.text for each in visitor.page.xpath("//li[@data-message]//mark")].count("Hut") == 2
    assert visitor.page.xpath("//input[@name='q' and @type='search']/@value") == ["hut"]
    visitor.get(str(visitor.page.xpath("//li[@data-message][2]//a/@href")[0]))
    assert [each.text for each in visitor.page.xpath("//*[@data-message-body]//mark")] == ["hut"]
    assert visitor.page.xpath("//a[@href='/search?q=hut']")


def test_the_form_leads_to_the_query_it_means(visitor: Visitor) -> None:
    visitor.get("/search")
    visitor.send(visitor.form(holding="without"), subject="hut", mailbox="archive")
    assert visitor.answer is not None
    assert visitor.answer.request.args["q"] == "subject:hut in:archive"
    assert subjects(visitor) == ["Hut of old"]


def test_everything_found_is_chosen_filed_and_brought_back(visitor: Visitor, robin: Person) -> None:
    visitor.get("/search?q=hut")
    visitor.post("/search/selection", {**dict(visitor.form(action="/messages/actions").fields), "q": "hut"})
    assert "All 2 messages selected" in visitor.words
    visitor.send(visitor.form(action="/messages/actions"), button=("action", "delete"))
    assert robin.truth("Trash") == 2
    assert subjects(visitor) == []


def test_a_search_is_kept_shown_among_the_folders_and_forgotten(visitor: Visitor) -> None:
    visitor.get("/search?q=hut")
    visitor.send(visitor.form(action="/searches"), name="Huts")
    assert visitor.page.xpath("//nav//a[@href='/search?q=hut' and @aria-current='page']")
    assert "Search saved as Huts." in visitor.words
    visitor.send(visitor.form(action="/delete"))
    assert not visitor.page.xpath("//nav//a[@href='/search?q=hut']")


@pytest.mark.parametrize("query", ["", "(", '"', "from:", "in:nowhere", "before:x", "%00", "%ff", "a" * 900, "-" * 200, "(" * 200])
def test_no_query_is_an_error(visitor: Visitor, query: str) -> None:
    assert visitor.get(f"/search?q={query}").status == 200


@pytest.mark.parametrize("query", ["q=hut&after=x", "q=hut&order=x", "q=hut&selection=99"])
def test_what_we_did_not_write_is_refused(visitor: Visitor, query: str) -> None:
    assert visitor.get(f"/search?{query}").status in (400, 404)
