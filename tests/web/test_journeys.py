"""People's ways through the pages, without script, on a real IMAP server."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.servers.dovecot import Dovecot
from tests.servers.person import Person, letter, new_person
from tests.visitor import Visitor
from tests.web.conftest import ROOT
from webmail import web
from webmail.account import Security

HTML = (
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    '<p>Hello <b>you</b> <img src="https://tracker.example/x.gif"><script>alert(1)</script></p>\r\n'
    "--b\r\nContent-Type: text/csv; name=\"list 中.csv\"\r\nContent-Disposition: attachment; filename*=utf-8''list%20%E4%B8%AD.csv\r\n"
    "Content-Transfer-Encoding: base64\r\n\r\nYSxiCjEsMgo=\r\n--b--\r\n"
)


@pytest.fixture
def robin(dovecot: Dovecot, tmp_path: Path) -> Iterator[Person]:
    """Somebody with three messages, not yet signed in."""
    somebody = new_person(dovecot, tmp_path / "data", imap=dovecot.server(Security.STARTTLS))
    with dovecot.side(somebody.username) as side:
        for raw in (letter(1), letter(2, subject="Second & <last>"), _html_letter()):
            side.append("INBOX", "", None, raw)
        for name in ("Archive", "Trash", "Drafts", "Sent", "Junk"):
            side.create(name)
            side.subscribe(name)
    yield somebody
    somebody.close()


@pytest.fixture
def app(robin: Person) -> Flask:
    made = Flask("webmail", root_path=str(ROOT), template_folder="templates", static_folder="static")
    web.register(made, web.Services(gate=robin.gate, secret_key="a key of the tests"))
    return made


@pytest.fixture
def visitor(app: Flask, robin: Person) -> Visitor:
    return Visitor(app).sign_in(robin.username, robin.password)


def _html_letter() -> bytes:
    head = letter(3, subject="A newsletter").split(b"MIME-Version")[0]
    return head + b"MIME-Version: 1.0\r\n" + HTML.encode()


def message(visitor: Visitor, subject: str) -> str:
    """The id of the message with a subject on the list page."""
    row = next(each for each in visitor.page.xpath("//li[@data-message]") if subject in str(each.text_content()))
    return str(row.get("data-message"))


def unread(visitor: Visitor) -> list[str]:
    return [str(each) for each in visitor.page.xpath("//li[@data-unread]/@data-message")]


def test_signing_in_shows_the_inbox_newest_first(visitor: Visitor) -> None:
    assert visitor.status == 200
    assert str(visitor.page.findtext(".//title")).startswith("Inbox (3)")
    assert [str(each) for each in visitor.page.xpath("//span[@class='row__t']/text()")] == ["A newsletter", "Second & <last>", "Letter 1"]


def test_signing_in_gives_the_browser_a_new_key(app: Flask, robin: Person) -> None:
    visitor = Visitor(app)
    visitor.get("/login")
    before = visitor.client.get_cookie("webmail")
    visitor.sign_in(robin.username, robin.password)
    after = visitor.client.get_cookie("webmail")
    assert before is not None
    assert after is not None
    assert before.value != after.value
    visitor.client.set_cookie("webmail", before.value)
    assert "Sign in" in visitor.get("/outbox").words


def test_a_wrong_password_is_said_plainly(app: Flask, robin: Person) -> None:
    visitor = Visitor(app).sign_in(robin.username, "wrong")
    assert visitor.status == 401
    assert "Wrong address or password." in visitor.notices()


def test_signing_in_leads_to_the_page_that_was_asked_for(app: Flask, robin: Person) -> None:
    visitor = Visitor(app)
    visitor.get("/outbox")
    visitor.send(visitor.form(holding="password"), username=robin.username, password=robin.password)
    assert str(visitor.page.findtext(".//title")).startswith("Outbox")


def test_signing_out_ends_the_session(visitor: Visitor) -> None:
    old = visitor.client.get_cookie("webmail")
    assert old is not None
    visitor.send(visitor.form(action="/logout"))
    assert "You are signed out." in visitor.notices()
    visitor.client.set_cookie("webmail", old.value)
    assert visitor.get("/outbox", follow_redirects=False).status == 302


def test_reading_a_message_marks_it_seen_and_a_frame_or_a_prefetch_does_not(visitor: Visitor, robin: Person) -> None:
    which = message(visitor, "Letter 1")
    for headers in ({"Sec-Fetch-Dest": "empty"}, {"Sec-Fetch-Dest": "iframe"}, {"Sec-Fetch-Dest": "document", "Sec-Purpose": "prefetch"}):
        assert visitor.get(f"/messages/{which}", headers=headers).status == 200
    assert visitor.client.head(f"/messages/{which}").status_code == 200
    assert robin.truth("INBOX", "UNSEEN") == 3
    visitor.get(f"/messages/{which}")
    assert "Good morning." in visitor.words
    assert visitor.page.xpath("//h1/text()") == ["Letter 1"]
    assert robin.truth("INBOX", "UNSEEN") == 2
    assert which not in unread(visitor.get("/"))


def test_an_html_message_is_shown_in_its_frame_without_script_or_remote_pictures(visitor: Visitor) -> None:
    which = message(visitor, "A newsletter")
    visitor.get(f"/messages/{which}")
    assert visitor.page.xpath("//iframe[@data-message-body]/@src") == [f"/messages/{which}/body"]
    assert "1 remote image is hidden" in visitor.words
    visitor.get(f"/messages/{which}/body")
    assert "<b>you</b>" in visitor.text
    assert "script" not in visitor.text.split("<body")[1]
    assert "tracker.example" not in visitor.text
    assert visitor.answer is not None
    assert f"/messages/{which}/parts/" in visitor.answer.headers["Content-Security-Policy"]


def test_a_body_has_dark_colours_for_dark_screens_unless_its_own_are_asked_for(visitor: Visitor) -> None:
    which = message(visitor, "A newsletter")
    assert "prefers-color-scheme:dark" in visitor.get(f"/messages/{which}/body").text
    visitor.get(f"/messages/{which}?colours=original")
    frame = str(visitor.page.xpath("//iframe[@data-message-body]/@src")[0])
    assert frame == f"/messages/{which}/body?colours=original"
    assert visitor.page.xpath("//iframe/@class") == ["on-paper"]
    assert "prefers-color-scheme" not in visitor.get(frame).text


def test_an_attachment_is_downloaded_as_it_was_sent(visitor: Visitor) -> None:
    visitor.get(f"/messages/{message(visitor, 'A newsletter')}")
    seen, href = (str(each) for each in visitor.page.xpath("//li[@data-attachment='2']/a/@href"))
    assert [str(cell) for cell in visitor.get(seen).page.xpath("//td/text()")] == ["a", "b", "1", "2"]
    assert visitor.get(href).text == "a,b\n1,2\n"
    assert visitor.answer is not None
    assert visitor.answer.headers["Content-Disposition"].startswith(
        "attachment; filename=\"list _.csv\"; filename*=UTF-8''list%20%E4%B8%AD.csv"
    )
    assert visitor.answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'; frame-ancestors 'none'"


def test_source_headers_print_and_download(visitor: Visitor) -> None:
    which = message(visitor, "Second")
    assert "Subject: Second & <last>" in str(visitor.get(f"/messages/{which}/source").page.xpath("//pre")[0].text_content())
    assert "Message-ID" in visitor.get(f"/messages/{which}/headers").words
    assert "Good morning." in visitor.get(f"/messages/{which}/print").words
    assert "Subject: Second & <last>\r\n" in visitor.get(f"/messages/{which}/message.eml").text


def test_archiving_a_row_and_undoing_it(visitor: Visitor, robin: Person) -> None:
    which = message(visitor, "Letter 1")
    visitor.send(visitor.form(action="/messages/actions"), button=("one", f"archive:{which}"))
    assert "Archived." in visitor.notices()
    assert (robin.truth("INBOX"), robin.truth("Archive")) == (2, 1)
    visitor.send(next(each for each in visitor.page.forms if "/undo/" in str(each.get("action"))))
    assert "Undone." in visitor.notices()
    assert (robin.truth("INBOX"), robin.truth("Archive")) == (3, 0)


def test_acting_on_a_selection(visitor: Visitor, robin: Person) -> None:
    ids = [message(visitor, "Letter 1"), message(visitor, "Second")]
    visitor.send(visitor.form(action="/messages/actions"), button=("action", "seen"), ids=ids)
    assert "2 messages marked as read." in visitor.notices()
    assert robin.truth("INBOX", "SEEN") == 2
    target = visitor.mailbox("junk").rpartition("/")[2]
    visitor.send(visitor.form(action="/messages/actions"), button=("action", "move"), ids=ids, target=target)
    assert "2 messages moved to Junk." in visitor.notices()
    assert robin.truth("Junk") == 2


def test_nothing_selected_is_said_and_nothing_is_lost(visitor: Visitor) -> None:
    visitor.send(visitor.form(action="/messages/actions"), button=("action", "archive"))
    assert visitor.status == 200
    assert "No message was selected." in visitor.notices()
    assert "No message was selected." not in visitor.get("/").words


def test_deleting_for_good_asks_first(visitor: Visitor, robin: Person) -> None:
    which = message(visitor, "Letter 1")
    visitor.get(f"/messages/{which}")
    visitor.send(next(each for each in visitor.page.forms if each.get("id") == "act"), button=("action", "delete"))
    assert "Moved to Trash." in visitor.notices()
    visitor.get(visitor.mailbox("trash"))
    visitor.send(visitor.form(action="/messages/actions"), button=("action", "delete"), ids=[message(visitor, "Letter 1")])
    assert "Delete this message forever?" in visitor.words
    assert robin.truth("Trash") == 1
    visitor.send(visitor.form(holding="confirmed"))
    assert "Deleted forever." in visitor.notices()
    assert robin.truth("Trash") == 0


def test_flagging_from_the_message_comes_back_to_it(visitor: Visitor, robin: Person) -> None:
    visitor.get(f"/messages/{message(visitor, 'Letter 1')}")
    visitor.send(next(each for each in visitor.page.forms if each.get("id") == "stay"), button=("action", "flag"))
    assert visitor.page.xpath("//h1/text()") == ["Letter 1"]
    assert visitor.page.xpath("//button[@value='unflag']")
    assert robin.truth("INBOX", "FLAGGED") == 1


def test_making_renaming_and_deleting_a_folder(visitor: Visitor) -> None:
    visitor.send(visitor.form(holding="parent"), name="日本 & <co>")
    assert "Folder 日本 & <co> created." in visitor.notices()
    path = str(visitor.page.xpath("//a[span[text()='日本 & <co>']]/@href")[0])
    visitor.get(path)
    assert "This folder is empty" in visitor.words
    visitor.send(visitor.form(action="/rename"), name="Plans")
    assert visitor.page.xpath("//h1/text()") == ["Plans"]
    visitor.send(visitor.form(action="/delete"))
    assert "Delete the folder Plans?" in visitor.words
    visitor.send(visitor.form(holding="confirmed"))
    assert "Folder Plans deleted." in visitor.notices()
    assert "Plans" not in str(visitor.page.xpath("//nav")[0].text_content())


def test_a_folder_name_that_cannot_be_is_said_where_the_person_was(visitor: Visitor) -> None:
    visitor.send(visitor.form(holding="parent"), name="  ")
    assert visitor.page.xpath("//h1/text()") == ["Inbox"]
    assert "This cannot be the name of a folder." in visitor.notices()


def test_writing_keeping_attaching_and_sending(visitor: Visitor, robin: Person) -> None:
    visitor.get("/compose?to=mira@example.net")
    visitor.send(visitor.form(holding="subject"), button=("action", "save"), subject="Hello 你好", text="First line.\r\nSecond.")
    assert "/drafts/" in str(visitor.form(holding="subject").get("action"))
    assert robin.truth("Drafts") == 1
    file = (io.BytesIO(b"1,2\n"), "numbers.csv", "text/csv")
    visitor.send(visitor.form(holding="subject"), button=("action", "attach"), attachments=[file], cc="jonas@example.com")
    assert visitor.page.xpath("//@data-attachment")
    assert "numbers.csv" in visitor.words
    visitor.send(visitor.form(holding="subject"), button=("action", "send"))
    assert "Message queued for sending." in visitor.notices()
    visitor.get("/outbox")
    assert "mira@example.net, jonas@example.com" in visitor.words.replace("、", ", ")
    visitor.get(str(visitor.page.xpath("//a[starts-with(@href, '/submissions/')]/@href")[0]))
    assert "Hello 你好" in visitor.words


def test_closing_keeps_the_draft_and_goes_back(visitor: Visitor, robin: Person) -> None:
    visitor.get("/compose?next=/outbox")
    form = visitor.form(holding="subject")
    close = str(form.xpath(".//button[contains(@formaction, 'close=1')]/@formaction")[0])
    visitor.post(close, {**dict(form.form_values()), "subject": "Later", "action": "save"})
    assert "Draft saved." in visitor.notices()
    assert str(visitor.page.findtext(".//title")).startswith("Outbox")
    assert robin.truth("Drafts") == 1


def test_a_double_click_sends_once_and_undo_opens_the_draft_again(visitor: Visitor) -> None:
    visitor.get("/compose")
    form = visitor.form(holding="subject")
    for _ in range(2):
        visitor.send(form, button=("action", "send"), to="mira@example.net", subject="Once", text="Only once.")
    visitor.get("/outbox")
    assert len(visitor.page.xpath("//a[starts-with(@href, '/submissions/')]")) == 1
    visitor.get(str(visitor.page.xpath("//a[starts-with(@href, '/submissions/')]/@href")[0]))
    visitor.send(visitor.form(action="/cancel"))
    form = visitor.form(holding="subject")
    assert (form.fields["subject"], str(form.fields["text"]).strip(), form.fields["to"]) == ("Once", "Only once.", "mira@example.net")


def test_a_message_that_cannot_be_sent_says_why_beside_the_field(visitor: Visitor) -> None:
    visitor.get("/compose")
    visitor.send(visitor.form(holding="subject"), button=("action", "send"), to="hut@", subject="x", text="kept text")
    assert visitor.status == 422
    assert "Not a complete address: hut@" in visitor.words
    form = visitor.form(holding="subject")
    assert form.xpath(".//input[@name='to']/@aria-invalid") == ["true"]
    assert str(form.fields["text"]).strip() == "kept text"


def test_a_file_is_taken_out_again_without_losing_what_was_typed(visitor: Visitor) -> None:
    visitor.get("/compose")
    file = (io.BytesIO(b"x"), "wrong.txt", "text/plain")
    visitor.send(visitor.form(holding="subject"), button=("action", "attach"), attachments=[file], subject="s")
    token = str(visitor.page.xpath("//button[@name='remove']/@value")[0])
    visitor.send(visitor.form(holding="subject"), button=("remove", token), text="typed meanwhile")
    assert visitor.page.xpath("//button[@name='remove']") == []
    assert str(visitor.form(holding="subject").fields["text"]).strip() == "typed meanwhile"


def test_answering_quotes_what_was_read(visitor: Visitor) -> None:
    visitor.get(f"/messages/{message(visitor, 'Letter 1')}")
    visitor.get(str(visitor.page.xpath("//a[contains(@href, '/compose?reply=')]/@href")[0]))
    form = visitor.form(holding="subject")
    assert form.fields["to"] == "Mira Kestrel <mira@example.net>"
    assert form.fields["subject"] == "Re: Letter 1"
    assert "Mira Kestrel wrote:\n> Good morning." in str(form.fields["text"]).replace("\r", "")


def test_a_draft_from_its_folder_opens_for_writing_and_can_be_discarded(visitor: Visitor, robin: Person) -> None:
    visitor.get("/compose")
    visitor.send(visitor.form(holding="subject"), button=("action", "save"), subject="An idea", text="…")
    visitor.get(visitor.mailbox("drafts"))
    visitor.get(str(visitor.page.xpath("//a[starts-with(@href, '/compose?draft=')]/@href")[0]))
    form = visitor.form(holding="subject")
    assert form.fields["subject"] == "An idea"
    discard = str(form.xpath(".//button[contains(@formaction, '/discard')]/@formaction")[0])
    visitor.post(discard, dict(form.form_values()))
    assert "Draft discarded." in visitor.notices()
    assert robin.truth("Drafts") == 0


def test_the_name_people_see_is_set_on_its_page(visitor: Visitor) -> None:
    visitor.get("/address")
    visitor.send(visitor.form(holding="address"), name="Robin Vale", address="not an address")
    assert visitor.status == 400
    assert "Not a complete address" in visitor.words
    visitor.send(visitor.form(holding="address"), address="robin@example.org")
    assert "Your name and address are saved." in visitor.notices()
    assert "Robin Vale <robin@example.org>" in str(visitor.get("/compose").form(holding="subject").xpath(".//option/text()"))


def test_a_message_that_is_gone_has_a_page_that_leads_to_the_inbox(visitor: Visitor) -> None:
    assert visitor.get("/messages/999999").status == 404
    assert "moved or deleted by another program" in visitor.words
    assert visitor.page.xpath("//main//a[@href='/']")


def test_a_filter_and_marking_all_as_read(visitor: Visitor, robin: Person) -> None:
    visitor.get(f"/messages/{message(visitor, 'Letter 1')}").get("/")
    visitor.get(str(visitor.page.xpath("//a[contains(@href, 'filter=unread')]/@href")[0]))
    assert len(visitor.page.xpath("//li[@data-message]")) == 2
    visitor.send(visitor.form(action="/seen"))
    assert robin.truth("INBOX", "UNSEEN") == 0
