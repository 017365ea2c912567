"""When the mail server dies, or the session ends, while somebody reads and writes: what is known is shown, what was typed stays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from lxml.html import HtmlElement

from tests.servers.dovecot import Dovecot
from tests.servers.person import Person, letter, new_person
from tests.servers.proxy import Proxy
from tests.visitor import Visitor
from tests.web.built import build_on
from webmail.account import AccountId, Credentials
from webmail.imap.pool import Pool
from webmail.store import credentials

TYPED = {
    "to": "Mira Kestrel <mira@example.net>",
    "cc": "jonas@example.com",
    "bcc": "quiet@example.com",
    "subject": 'Plans "for" <May> & 五月',
    "text": "First line.\n\n  Indented, “quoted” & <tagged> 你好.\nLast line.",
}
ATTACHED = (
    b"From: Mira <mira@example.net>\r\nTo: robin@example.org\r\nSubject: With a list\r\nDate: Fri, 5 Jun 2026 10:00:00 +0000\r\n"
    b"Message-ID: <list@example.net>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/plain\r\n\r\nSee the list.\r\n"
    b"--b\r\nContent-Type: text/csv; name=list.csv\r\nContent-Disposition: attachment; filename=list.csv\r\n\r\n1,2\r\n--b--\r\n"
)


@pytest.fixture
def robin(dovecot: Dovecot, proxy: Proxy, tmp_path: Path) -> Iterator[Person]:
    """Somebody with two messages on a server that can be cut off."""
    somebody = new_person(dovecot, tmp_path / "data", imap=proxy.server())
    somebody.gate = type(somebody.gate)(somebody.gate.database, Pool(timeout=2), proxy.server(), somebody.gate.smtp_server)
    dovecot.put(somebody.username, [letter(1, subject="Read before"), letter(2, subject="Never read"), ATTACHED])
    yield somebody
    somebody.close()


@pytest.fixture
def app(robin: Person) -> Flask:
    return build_on(robin.gate)


@pytest.fixture
def visitor(app: Flask, robin: Person) -> Visitor:
    visitor = Visitor(app).sign_in(robin.username, robin.password)
    assert visitor.page.xpath("//h1/text()") == ["Inbox"]
    return visitor


def subjects(visitor: Visitor) -> list[str]:
    return [str(each) for each in visitor.page.xpath("//span[@class='row__t']/text()")]


def path_of(visitor: Visitor, subject: str) -> str:
    row = next(each for each in visitor.page.xpath("//li[@data-message]") if subject in str(each.text_content()))
    return f"/messages/{row.get('data-message')}"


def typed(form: HtmlElement) -> dict[str, str]:
    """What stands in the fields a person writes in, line ends as a browser shows them."""
    return {name: str(form.fields[name]).removeprefix("\n").replace("\r\n", "\n") for name in TYPED}


def says_why(visitor: Visitor) -> bool:
    """Whether the page tells that the server is away: the first to notice sees its connection broken, the next none at all."""
    return "cannot be reached" in visitor.words or "broke off the connection" in visitor.words


# The server dies.


def test_the_list_shows_what_is_known_and_says_so(visitor: Visitor, proxy: Proxy) -> None:
    known = subjects(visitor)
    path = visitor.mailbox("inbox")
    proxy.cut_all()
    proxy.stop()
    visitor.get(path)
    assert visitor.status == 200
    assert subjects(visitor) == known
    assert "The mail server does not answer. You see what was known" in visitor.notices()


def test_a_connection_that_was_cut_is_made_anew_without_a_word(visitor: Visitor, proxy: Proxy, robin: Person) -> None:
    path, message = visitor.mailbox("inbox"), path_of(visitor, "Never read")
    proxy.cut_all()
    assert visitor.get(path).status == 200
    assert visitor.get(message).status == 200
    assert "Good morning." in visitor.words
    proxy.cut_all()
    visitor.get(path)
    visitor.send(visitor.form(action="/messages/actions"), button=("action", "flag"), ids=[message.rpartition("/")[2]])
    assert "Flagged." in visitor.notices()
    assert robin.truth("INBOX", "FLAGGED") == 1


def test_a_message_read_before_opens_without_the_server_and_others_say_why_they_do_not(visitor: Visitor, proxy: Proxy) -> None:
    read, unread = path_of(visitor, "Read before"), path_of(visitor, "Never read")
    visitor.get(read)
    proxy.stop()
    assert visitor.get(read).status == 200
    assert "Good morning." in visitor.words
    assert visitor.get(unread).status == 503
    assert says_why(visitor)
    assert "Your drafts and the mail already on this server are safe." in visitor.words
    assert visitor.page.xpath(f"//a[@href='{unread}']"), "there is a way to try again"


@pytest.mark.parametrize("page", ["source", "headers", "message.eml", "parts/1/x"])
def test_what_needs_the_server_is_a_page_that_says_so(visitor: Visitor, proxy: Proxy, page: str) -> None:
    path = path_of(visitor, "Never read")
    proxy.stop()
    assert visitor.get(f"{path}/{page}").status == 503
    assert says_why(visitor)


def test_actions_without_the_server_change_nothing_and_say_why(visitor: Visitor, proxy: Proxy, robin: Person) -> None:
    inbox = visitor.mailbox("inbox")
    ids = [path_of(visitor, "Never read").rpartition("/")[2]]
    form = visitor.form(action="/messages/actions")
    folder = visitor.form(holding="parent")
    proxy.stop()
    for action in ("seen", "flag", "archive", "delete"):
        visitor.send(form, button=("action", action), ids=ids)
        assert visitor.status in (200, 503)
        assert says_why(visitor)
    visitor.send(folder, name="Plans")
    assert says_why(visitor)
    visitor.get(inbox)
    assert len(subjects(visitor)) == 3
    assert "Plans" not in visitor.words
    assert (robin.truth(), robin.truth("INBOX", "SEEN"), robin.truth("INBOX", "FLAGGED")) == (3, 0, 0)


def test_what_is_saved_without_the_server_is_kept_here_and_follows(visitor: Visitor, proxy: Proxy, robin: Person) -> None:
    visitor.get("/compose")
    proxy.cut_all()
    proxy.stop()
    visitor.send(visitor.form(holding="subject"), button=("action", "save"), **TYPED)
    assert visitor.status == 200
    assert typed(visitor.form(holding="subject")) == TYPED
    assert "not yet in the Drafts folder" in visitor.words
    visitor.send(visitor.form(holding="subject"), button=("action", "send"))
    assert "Message queued for sending." in visitor.notices()


def test_a_forward_whose_files_cannot_be_fetched_keeps_text_and_files_until_they_can(visitor: Visitor, proxy: Proxy, robin: Person) -> None:
    message = path_of(visitor, "With a list").rpartition("/")[2]
    visitor.get(f"/compose?forward={message}")
    proxy.cut("UID FETCH", "before")
    visitor.send(visitor.form(holding="subject"), button=("action", "save"), **TYPED)
    assert visitor.status == 503
    assert "Your text is still here." in visitor.words
    form = visitor.form(holding="subject")
    assert typed(form) == TYPED
    assert form.xpath(".//input[@name='include']/@value") == ["2"]
    visitor.send(form, button=("action", "save"))
    assert visitor.status == 200
    assert len(visitor.page.xpath("//@data-attachment")) == 1
    assert "list.csv" in visitor.words
    assert robin.truth("Drafts") == 1


# The session ends.


def end_sessions(robin: Person) -> None:
    with robin.gate.database.durable_write() as connection:
        connection.exec_driver_sql("delete from sessions")


@pytest.mark.parametrize("button", ["save", "send", "attach"])
def test_what_was_written_when_the_session_ended_opens_again_after_signing_in(visitor: Visitor, robin: Person, button: str) -> None:
    visitor.get("/compose")
    form = visitor.form(holding="subject")
    end_sessions(robin)
    visitor.send(form, button=("action", button), **TYPED)
    assert visitor.status == 401
    assert "nothing was sent" in visitor.notices()
    assert robin.truth("Drafts") == 0
    visitor.send(visitor.form(holding="password"), username=robin.username, password="wrong")
    assert visitor.status == 401
    visitor.send(visitor.form(holding="password"), username=robin.username, password=robin.password)
    assert visitor.status == 200
    form = visitor.form(holding="subject")
    assert typed(form) == TYPED
    assert str(form.fields["from"]) == robin.username
    assert robin.truth("Drafts") == 1
    visitor.get("/outbox")
    assert visitor.page.xpath("//a[starts-with(@href, '/submissions/')]") == []


def test_a_draft_with_files_goes_on_with_them_after_the_session_ended(visitor: Visitor, robin: Person) -> None:
    message = path_of(visitor, "With a list").rpartition("/")[2]
    visitor.get(f"/compose?forward={message}")
    visitor.send(visitor.form(holding="subject"), button=("action", "save"))
    form = visitor.form(holding="subject")
    end_sessions(robin)
    visitor.send(form, button=("action", "send"), **TYPED)
    visitor.send(visitor.form(holding="password"), username=robin.username, password=robin.password)
    assert typed(visitor.form(holding="subject")) == TYPED
    assert len(visitor.page.xpath("//@data-attachment")) == 1
    assert robin.truth("Drafts") == 1


def test_a_long_text_survives_the_end_of_the_session(visitor: Visitor, robin: Person) -> None:
    visitor.get("/compose")
    form = visitor.form(holding="subject")
    end_sessions(robin)
    text = "一个很长的段落。\n" * 40_000
    visitor.send(form, button=("action", "save"), subject="Long", text=text)
    visitor.send(visitor.form(holding="password"), username=robin.username, password=robin.password)
    assert visitor.status == 200
    assert str(visitor.form(holding="subject").fields["text"]).replace("\r\n", "\n").strip() == text.strip()


def test_a_form_of_another_site_is_not_carried_through_the_sign_in(app: Flask) -> None:
    visitor = Visitor(app)
    visitor.headers["Sec-Fetch-Site"] = "cross-site"
    visitor.post("/compose", {"to": "x@example.com", "text": "planted"})
    assert visitor.status == 401
    assert visitor.page.xpath("//*[starts-with(@name, 'unfinished-')]") == []


def test_what_a_draft_refuses_is_mended_when_it_was_carried(app: Flask, robin: Person) -> None:
    visitor = Visitor(app)
    visitor.post("/drafts/" + "k" * 100, {"subject": "a\r\nBcc: evil@example.com", "to": "x@example.com\0", "text": "kept"})
    visitor.send(visitor.form(holding="password"), username=robin.username, password=robin.password)
    assert visitor.status == 200
    form = visitor.form(holding="subject")
    assert (form.fields["subject"], form.fields["bcc"]) == ("a Bcc: evil@example.com", "")
    assert str(form.fields["text"]).strip() == "kept"


@pytest.mark.parametrize("field", ["key", "original"])
def test_nothing_of_another_account_is_reached_by_what_is_carried(
    app: Flask, visitor: Visitor, robin: Person, dovecot: Dovecot, field: str
) -> None:
    visitor.get("/compose")
    visitor.send(visitor.form(holding="subject"), button=("action", "save"), subject="Robin's own")
    key = str(visitor.form(holding="subject").fields["key"])
    message = path_of(visitor.get("/"), "With a list").rpartition("/")[2]
    mallory = new_person(dovecot, robin.gate.database.data_dir.parent / "unused")
    stranger = Visitor(app)
    value = {"key": key, "original": message}[field]
    stranger.post("/compose", {"text": "mine", "include": "2", field: value})
    stranger.send(stranger.form(holding="password"), username=mallory.username, password=mallory.password)
    assert stranger.status == 200
    assert "Robin's own" not in stranger.text
    assert stranger.page.xpath("//@data-attachment") == []
    assert str(visitor.get(f"/drafts/{key}").form(holding="subject").fields["subject"]) == "Robin's own"
    mallory.close()


def test_a_form_whose_token_is_old_is_shown_again_with_all_that_was_written(visitor: Visitor, robin: Person) -> None:
    visitor.get("/compose")
    form = visitor.form(holding="subject")
    visitor.sign_in(robin.username, robin.password)
    visitor.send(form, button=("action", "send"), **TYPED)
    assert visitor.status == 400
    assert "Your text is still here." in visitor.words
    assert typed(visitor.form(holding="subject")) == TYPED
    assert robin.truth("Drafts") == 0
    visitor.send(visitor.form(holding="subject"), button=("action", "send"))
    assert "Message queued for sending." in visitor.notices()


def test_a_password_that_the_server_refuses_meanwhile_leaves_the_text_in_the_page(visitor: Visitor, robin: Person) -> None:
    message = path_of(visitor, "With a list").rpartition("/")[2]
    visitor.get(f"/compose?forward={message}")
    form = visitor.form(holding="subject")
    wrong, database = Credentials(robin.username, "not any more"), robin.gate.database
    credentials.save(database, database.key, account_id=AccountId(1), credentials=wrong)
    robin.gate.imap.close_account(AccountId(1))
    visitor.send(form, button=("action", "save"), **TYPED)
    assert visitor.status == 401
    assert typed(visitor.form(holding="subject")) == TYPED
    assert visitor.form(holding="subject").xpath(".//input[@name='include']/@value") == ["2"]


def test_a_session_that_expires_by_time_keeps_the_text_as_well(robin: Person) -> None:
    now = datetime.now(UTC)
    moment = [now]
    visitor = Visitor(build_on(robin.gate, now=lambda: moment[0], session_lifetime=timedelta(days=1)))
    visitor.sign_in(robin.username, robin.password).get("/compose")
    form = visitor.form(holding="subject")
    moment[0] = now + timedelta(days=2)
    visitor.send(form, button=("action", "save"), **TYPED)
    assert visitor.status == 401
    visitor.send(visitor.form(holding="password"), username=robin.username, password=robin.password)
    assert typed(visitor.form(holding="subject")) == TYPED
