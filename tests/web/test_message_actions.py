"""What one does with a message besides answering it, by the forms of the pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pysequoia
import pytest
from werkzeug.test import TestResponse

from tests.mail.test_lists import ONE_CLICK, UNSUBSCRIBE
from tests.mail.test_signatures import INNER, beside, inside, key_letter
from tests.servers.dovecot import Dovecot
from tests.servers.person import Person, letter, new_person
from tests.test_signatures import Signer, public, signed
from tests.visitor import Visitor
from tests.web.built import build_on
from webmail.account import Security

LOOPBACK = ONE_CLICK.replace("https://lists.example/leave", "https://127.0.0.1/leave")


@pytest.fixture
def robin(dovecot: Dovecot, tmp_path: Path) -> Iterator[Person]:
    """Somebody with letters of lists, not yet signed in."""
    somebody = new_person(dovecot, tmp_path / "data", imap=dovecot.server(Security.STARTTLS))
    somebody.put(
        [
            letter(1, subject="By mail", extra=UNSUBSCRIBE.replace("<https://lists.example/leave>, ", "")),
            letter(2, subject="By page", extra=UNSUBSCRIBE.replace(", <mailto:leave@lists.example>", "")),
            letter(3, subject="By click", extra=LOOPBACK + "List-Post: <mailto:walks@lists.example>\r\n"),
        ]
    )
    yield somebody
    somebody.close()


@pytest.fixture
def visitor(robin: Person) -> Visitor:
    return Visitor(build_on(robin.gate)).sign_in(robin.username, robin.password)


def opened(visitor: Visitor, subject: str) -> str:
    """Open a message of the list by its subject; returns its path."""
    visitor.get("/")
    row = next(each for each in visitor.page.xpath("//li[@data-message]") if subject in str(each.text_content()))
    where = f"/messages/{row.get('data-message')}"
    visitor.get(where)
    return where


def links(visitor: Visitor, words: str) -> list[str]:
    """Where the links with these words lead."""
    return [str(each.get("href")) for each in visitor.page.iter("a") if words in str(each.text_content())]


def answer(visitor: Visitor) -> TestResponse:
    assert visitor.answer is not None
    return visitor.answer


def test_leaving_by_mail_opens_a_message_to_send(visitor: Visitor) -> None:
    opened(visitor, "By mail")
    (link,) = links(visitor, "Unsubscribe")
    form = visitor.get(link).form(holding="subject")
    assert (form.fields["to"], form.fields["subject"]) == ("leave@lists.example", "Unsubscribe")


def test_leaving_by_a_page_opens_it_in_a_new_tab_without_saying_whence(visitor: Visitor) -> None:
    opened(visitor, "By page")
    (link,) = visitor.page.xpath("//span[@class='unsub']/a")
    assert (link.get("href"), link.get("target"), link.get("rel")) == ("https://lists.example/leave", "_blank", "noopener noreferrer")


def test_leaving_by_one_click_is_a_form_of_ours_and_goes_to_no_neighbour_of_this_server(visitor: Visitor) -> None:
    opened(visitor, "By click")
    visitor.send(visitor.form(action="/unsubscribe"))
    assert "is not one this server goes to: 127.0.0.1" in visitor.notices()
    assert visitor.page.xpath("//form[@class='unsub']"), "and it is offered still"


def test_no_list_is_left_from_junk(visitor: Visitor, robin: Person) -> None:
    robin.put([letter(4, subject="Bait", extra=ONE_CLICK)], mailbox="Junk")
    visitor.get("/")
    visitor.get(visitor.mailbox("junk"))
    visitor.get(f"/messages/{visitor.marked('data-message')[0]}")
    assert "Bait" in visitor.words
    assert not visitor.page.xpath("//*[contains(@class, 'unsub')]")


def test_an_answer_to_the_list_is_offered_where_it_takes_one(visitor: Visitor) -> None:
    opened(visitor, "By mail")
    assert links(visitor, "Reply to list") == []
    opened(visitor, "By click")
    form = visitor.get(links(visitor, "Reply to list")[0]).form(holding="subject")
    assert form.fields["to"] == "walks@lists.example"


def test_a_message_is_redirected_and_taken_back(visitor: Visitor) -> None:
    where = opened(visitor, "By mail")
    visitor.get(links(visitor, "Redirect")[0])
    visitor.send(visitor.form(holding="to"), to="hut@")
    assert (visitor.status, "hut@" in visitor.notices()) == (422, True)
    visitor.send(visitor.form(holding="to"), to="ilse@example.net")
    assert "Message queued for sending." in visitor.notices()
    assert visitor.page.xpath(f"//form[@id='act']//input[@name='ids' and @value='{where.rpartition('/')[2]}']")
    visitor.send(visitor.form(action="/cancel"))
    assert "Sending cancelled." in visitor.notices()


def test_a_message_is_written_anew(visitor: Visitor) -> None:
    opened(visitor, "By mail")
    form = visitor.get(links(visitor, "Edit as new")[0]).form(holding="subject")
    assert (form.fields["subject"], form.fields["to"]) == ("By mail", "Robin Vale <robin@example.test>")
    assert "Good morning." in str(form.fields["text"])


def test_a_permanent_link_shows_the_message_and_an_unknown_one_offers_to_search(visitor: Visitor) -> None:
    opened(visitor, "By click")
    (link,) = links(visitor, "Permanent link")
    visitor.get(link, follow_redirects=False)
    assert (visitor.status, "By click" in visitor.words) == (200, True)
    visitor.get("/messages/by-id/nobody/knows//this@example.net", follow_redirects=False)
    assert visitor.status == 404
    assert visitor.page.xpath("//form[@role='search']//input[@name='q']")


def test_a_key_is_remembered_and_forgotten_by_forms_and_signatures_say_what_they_are_worth(visitor: Visitor, robin: Person) -> None:
    key = pysequoia.Tsk.generate("Mira <mira@example.net>")
    robin.put([key_letter(public(key)), beside(INNER, signed(key, INNER), "pgp-signature")])
    signed_one = opened(visitor, "Signed")
    assert visitor.marked("data-signature") == ["unknown_key"]
    opened(visitor, "My key")
    visitor.send(visitor.form(action="/keys/2"))
    assert "Key of mira@example.net remembered" in visitor.notices()
    forget = visitor.form(action="/forget")
    visitor.get(signed_one)
    (head,) = visitor.page.xpath("//header[@class='msg__head']")
    assert "Signature verified" in str(head.text_content())
    assert not visitor.page.xpath("//*[@data-message-body]//*[contains(@class, 'auth')]")
    visitor.send(forget)
    assert "no longer remembered" in visitor.notices()
    assert "Signature verified" not in visitor.get(signed_one).words


def test_an_encrypted_message_is_named_and_its_part_can_be_had(visitor: Visitor, robin: Person, tmp_path: Path) -> None:
    content = Signer(tmp_path / "signer").encrypt(INNER)
    robin.put([inside(content, "enveloped-data")])
    opened(visitor, "Signed")
    assert "This message is encrypted." in visitor.words
    assert visitor.page.xpath("//*[@data-message-body]") == []
    visitor.get(links(visitor, "Encrypted part")[0])
    assert answer(visitor).data == content
    assert answer(visitor).headers["Content-Disposition"].startswith("attachment")
