"""Filters by the forms of the pages, without script: made from a message, looked at before they are kept, ordered, turned off, deleted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.dovecot import Dovecot
from tests.servers.person import Person, letter, new_person
from tests.visitor import Visitor
from tests.web.built import build_on
from tests.web.test_message_actions import links, opened
from webmail.account import Security

LIST = "List-Id: Walks <walks.example.net>\r\n"


@pytest.fixture
def robin(dovecot: Dovecot, tmp_path: Path) -> Iterator[Person]:
    """Somebody with letters, not yet signed in."""
    somebody = new_person(dovecot, tmp_path / "data", imap=dovecot.server(Security.STARTTLS))
    somebody.put([letter(1, subject="Hut"), letter(2, subject="Ridge", extra=LIST), letter(3, subject="Pass", extra=LIST)])
    yield somebody
    somebody.close()


@pytest.fixture
def visitor(robin: Person) -> Visitor:
    visitor = Visitor(build_on(robin.gate)).sign_in(robin.username, robin.password)
    robin.sign_in()
    return visitor


def save(visitor: Visitor, button: str = "save", **fields: object) -> Visitor:
    """Fill in the form of a filter and press a button."""
    return visitor.send(visitor.form(holding="rehearsed"), button=("action", button), **fields)


def names(visitor: Visitor) -> list[str]:
    return [str(each.text_content()) for each in visitor.get("/filters").page.xpath("//ol[@class='rules']/li/div/a")]


def test_a_filter_is_made_from_a_message_and_applied_to_those_it_shows(visitor: Visitor, robin: Person) -> None:
    opened(visitor, "Ridge")
    (where,) = links(visitor, "Create filter")
    visitor.get(where)
    row = visitor.page.xpath("//*[@class='cond']")[0]
    assert [each.get("value") for each in row.xpath(".//option[@selected]")] == ["list", "is"]
    assert row.xpath(".//input[@name='value']/@value") == ["walks.example.net"]
    assert "2 messages of the inbox" in visitor.words
    archive = str(robin.mailbox("Archive").id)
    save(visitor, "apply", move=archive)
    assert "The filter was applied to 2 messages." in visitor.notices()
    assert "If Mailing list is “walks.example.net”: move to Archive" in visitor.words
    assert sorted(robin.subjects("Archive")) == ["Pass", "Ridge"]
    visitor.send(visitor.form(action=visitor.page.xpath("//*[@role='status']//form/@action")[0]))
    assert "Undone." in visitor.notices()
    assert robin.truth("INBOX") == 3


def test_the_subject_is_offered_and_rows_can_be_added(visitor: Visitor) -> None:
    opened(visitor, "Hut")
    visitor.get(links(visitor, "Create filter")[0])
    assert visitor.page.xpath("//input[@name='value']/@value") == ["mira@example.net"]
    save(visitor, "offer")
    assert visitor.page.xpath("//input[@name='value']/@value") == ["mira@example.net", "Hut"]
    assert "1 message of the inbox" in visitor.words
    save(visitor, "more")
    assert visitor.page.xpath("//input[@name='value']/@value") == ["mira@example.net", "Hut", ""]
    assert names(visitor) == []


def test_what_cannot_be_kept_is_told_in_the_form_and_nothing_typed_is_lost(visitor: Visitor) -> None:
    visitor.get("/filters/new")
    save(visitor, name="Mine", value=["hut"], does=["forward"], forward="nobody at all")
    assert visitor.status == 422
    assert "Write one complete address" in visitor.notices()
    form = visitor.form(holding="rehearsed")
    assert form.xpath(".//*[@aria-invalid]/@name") == ["forward"]
    assert (form.fields["name"], form.fields["forward"]) == ("Mine", "nobody at all")
    assert form.xpath(".//input[@name='value']/@value") == ["hut"]


@pytest.mark.parametrize("hostile", ['a" b\\', "text:\r\n.\r\ndiscard;", "a\0b", "<script>alert(1)</script>", "你好" * 400, "*" * 500])
def test_hostile_values_are_kept_as_they_are_or_refused(visitor: Visitor, hostile: str) -> None:
    visitor.get("/filters/new")
    save(visitor, name="Mine", value=[hostile], does=["seen"])
    assert visitor.status in (200, 422)
    assert "<script>alert" not in visitor.text
    visitor.get("/filters")
    assert visitor.status == 200
    assert names(visitor) in ([], ["Mine"])


def test_filters_are_ordered_turned_off_changed_and_deleted_once_confirmed(visitor: Visitor) -> None:
    for name in ("One", "Two"):
        visitor.get("/filters/new")
        save(visitor, name=name, value=["hut"], does=["flag"])
    assert names(visitor) == ["One", "Two"]
    visitor.send(visitor.form(holding="what"), button=("what", "down"))
    assert names(visitor) == ["Two", "One"]
    visitor.send(visitor.form(holding="what"), button=("what", "off"))
    assert "Off · If Subject contains “hut”: flag" in visitor.words
    visitor.get(visitor.page.xpath("//ol[@class='rules']/li/div/a/@href")[0])
    save(visitor, name="Zwei", does=["seen", "stop"])
    assert names(visitor) == ["Zwei", "One"]
    assert "Off · If Subject contains “hut”: mark as read, stop here" in visitor.words
    visitor.get(visitor.page.xpath("//a[contains(@href, '/delete')]/@href")[0])
    assert "Delete the filter Zwei?" in visitor.words
    visitor.send(visitor.form(action="/delete"))
    assert "Filter Zwei deleted." in visitor.notices()
    assert names(visitor) == ["One"]


def test_a_form_that_was_overtaken_saves_nothing_and_can_be_sent_again(visitor: Visitor) -> None:
    visitor.get("/filters/new")
    first = visitor.form(holding="rehearsed")
    save(visitor, name="Other", value=["a"], does=["flag"])
    visitor.send(first, button=("action", "save"), name="Mine", value=["b"], does=["flag"])
    assert visitor.status == 409
    assert "changed elsewhere" in visitor.notices()
    save(visitor)
    assert names(visitor) == ["Other", "Mine"]


@pytest.mark.parametrize("path", ["/filters/none", "/filters/none/delete", "/filters/new?message=99999999"])
def test_what_is_not_there_is_not_found(visitor: Visitor, path: str) -> None:
    assert visitor.get(path).status == 404


def test_the_pages_are_chinese_for_who_reads_it(visitor: Visitor) -> None:
    visitor.headers = {"Accept-Language": "zh-CN"}
    visitor.get("/filters/new")
    assert "新建过滤规则" in visitor.words
    assert "满足任一条件" in visitor.words
