"""Who may do what: forms need their token, pages a session, and nobody reaches what belongs to somebody else."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.routing import Rule

from tests.servers.dovecot import Dovecot
from tests.servers.image_server import png
from tests.servers.person import Person, letter, new_person
from tests.visitor import Visitor
from tests.web.built import build_on
from webmail.demo.mail import pictures
from webmail.imageproxy import keeping
from webmail.imageproxy.fetching import Picture
from webmail.mail import attachments, image_permissions
from webmail.mail.attachments import Upload
from webmail.mail.remote_images import FOLDER, proxied
from webmail.store import drafts, outgoing
from webmail.web import throttle

OPEN = {"login.sign_in", "static", "health.healthz"}
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 16
FRAMES = {"messages.body", "nested.body", "drafts.quoted"}
"""What stands in a frame of our own pages: a stranger's HTML, cleaned."""
SCRIPT = b"<script>alert(1)</script>"
PARTS = {
    "2": ("text/html", "page.html", SCRIPT),
    "3": ("image/svg+xml", "drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"),
    "4": ("application/xml", "data.xml", b"<?xml version='1.0'?><x/>"),
    "5": ("text/javascript", "code.js", b"alert(1)"),
    "6": ("image/png", "picture.png", PNG),
    "7": ("image/png", "liar.png", SCRIPT),
    "8": ("text/html; charset=x\r\n bad", "picture.html", PNG),
    "9": ("application/xhtml+xml", "page.xhtml", b"<html xmlns='http://www.w3.org/1999/xhtml'/>"),
    "10": ("application/pdf", "paper.pdf", pictures.pdf([(72, 700, 12, "Paper")])),
    "11": ("text/plain", "words.txt", b"just words"),
}
INLINE = {"6", "8"}
"""What may be shown in place: a picture by its first octets, whatever it is called."""
SECTIONS: dict[str, dict[str, object]] = {"files.thumbnail": {"section": "6"}, "files.page": {"section": "10"}}
"""The part that an address is about where not every part has one."""
HARMFUL = {"2", "3", "5", "7", "8", "9"}
"""By what they are called, or by what they are in spite of that."""


def with_files() -> bytes:
    """A message with an HTML body, one attachment of each dangerous kind, and an attached message with HTML."""
    head = letter(2, subject="With files").partition(b"MIME-Version")[0]
    lines = [head + b"MIME-Version: 1.0", b"Content-Type: multipart/mixed; boundary=b", b""]
    lines += [b"--b", b"Content-Type: text/html; charset=utf-8", b"", b"<p>See <b>these</b>.</p>"]
    for media_type, name, content in PARTS.values():
        lines += [b"--b", b"Content-Type: " + media_type.encode(), b"Content-Disposition: attachment; filename=" + name.encode()]
        lines += [b"Content-Transfer-Encoding: base64", b"", base64.b64encode(content)]
    inner = letter(3, subject="Inner").partition(b"MIME-Version")[0]
    lines += [b"--b", b"Content-Type: message/rfc822", b"", inner + b"MIME-Version: 1.0", b"Content-Type: text/html", b"", b"<p>Inside"]
    return b"\r\n".join([*lines, b"--b--", b""])


@dataclass
class Belongings:
    """Somebody signed in, with one of everything that has an id."""

    person: Person
    visitor: Visitor
    mailbox: int = 0
    folder: int = 0
    message: int = 0
    draft: str = ""
    submission: int = 0
    journal: int = 0
    search: int = 0
    permission: int = 0
    token: str = ""
    filter: str = ""
    identity: int = 0
    template: int = 0
    file: str = ""

    @property
    def uidvalidity(self) -> int:
        """Of the mailbox the message is in."""
        return int(
            self.visitor.get(f"{self.visitor.get('/').mailbox('inbox')}?view=conversations")
            .page.xpath("//input[@name='conversations']/@value")[0]
            .partition(".")[0]
        )

    @property
    def values(self) -> dict[str, object]:
        """What fills the variables of the routes."""
        return {
            "message_id": self.message,
            "mailbox_id": self.folder,
            "key": self.draft,
            "submission_id": self.submission,
            "journal_id": self.journal,
            "search_id": self.search,
            "permission_id": self.permission,
            "token": self.token,
            "filter_key": self.filter,
            "identity_id": self.identity,
            "template_id": self.template,
            "file": self.file,
            "section": "2",
            "page": 1,
            "name": "x",
            "message_id_field": f"files.{self.person.username}",
            "fingerprint": "ab" * 20,
            "filename": "css/mail.css",
        }

    def state(self) -> dict[str, object]:
        """Everything that a request of a stranger must leave as it is."""
        gate, account_id = self.person.gate, self.person.session.accounts[0].id
        row = drafts.by_key(gate.database, account_id, self.draft)
        found = outgoing.get(gate.database, account_id, self.submission)
        truth = {name: self.person.truth(name) for name in ("INBOX", "Archive", "Trash", "Drafts", "Plans")}
        with gate.database.durable() as connection:
            users = [tuple(each) for each in connection.exec_driver_sql("select * from identities order by id")]
            folders = [tuple(each) for each in connection.exec_driver_sql("select id, name from mailboxes order by id")]
            kept = [tuple(each) for each in connection.exec_driver_sql("select id, name, query from saved_searches order by id")]
            kept += [tuple(each) for each in connection.exec_driver_sql("select id, whose, value from image_permissions order by id")]
            kept += [tuple(each) for each in connection.exec_driver_sql("select account_id, content, revision from filters order by 1")]
            kept += [tuple(each) for each in connection.exec_driver_sql("select id, name, text from templates order by id")]
            undone = connection.exec_driver_sql("select * from journal order by id").fetchall()
        seen = self.person.truth("INBOX", "SEEN"), self.person.truth("INBOX", "FLAGGED")
        return {
            "draft": row,
            "submission": found.state,
            "mail": truth,
            "seen": seen,
            "own": (users, folders, kept, [tuple(each) for each in undone]),
        }


def belongings(app: Flask, person: Person) -> Belongings:
    """Sign in and make one of everything, by the forms of the pages."""
    visitor = Visitor(app).sign_in(person.username, person.password)
    mine = Belongings(person, visitor)
    person.sign_in()
    mine.mailbox = int(visitor.mailbox("inbox").rpartition("/")[2])
    visitor.send(visitor.form(holding="parent"), name="Plans")
    mine.folder = int(str(visitor.page.xpath("//a[span[text()='Plans']]/@href")[0]).rpartition("/")[2])
    visitor.get(f"/mailboxes/{mine.mailbox}")
    other, mine.message = (int(each) for each in visitor.marked("data-message")[:2][::-1])
    visitor.send(visitor.form(action="/messages/actions"), button=("action", "flag"), ids=[other])
    with person.gate.database.durable() as connection:
        mine.journal = int(connection.exec_driver_sql("select max(id) from journal").scalar_one())
    visitor.get("/search?q=files")
    visitor.send(visitor.form(action="/searches"), name="Kept")
    with person.gate.database.durable() as connection:
        mine.search = int(connection.exec_driver_sql("select max(id) from saved_searches").scalar_one())
    address = f"http://images.example/{person.username}.png"
    keeping.keep(person.gate.database.data_dir / FOLDER, Picture(png(), "image/png"), reader=str(person.session.user.id), address=address)
    mine.token = proxied(person.session)(address).removeprefix("/remote/")
    mine.permission = image_permissions.permit(person.session, mine.message, whose="sender", only_verified=False).id
    visitor.get("/filters/new")
    visitor.send(visitor.form(holding="rehearsed"), button=("action", "save"), name="Kept", value="files", does="flag")
    mine.filter = str(visitor.page.xpath("//ol[@class='rules']/li/div/a/@href")[0]).rpartition("/")[2]
    visitor.get("/compose")
    visitor.send(visitor.form(holding="subject"), button=("action", "save"), subject="A draft", text="mine")
    mine.draft = str(visitor.form(holding="subject").fields["key"])
    picture = Upload("p.png", "image/png", BytesIO(png()), "p@example.test")
    attachments.keep(person.session, mine.draft, picture)
    with person.gate.database.durable_write() as connection:
        connection.exec_driver_sql("update drafts set quote = '<p>Quoted</p>'")
        mine.file = str(connection.exec_driver_sql("select token from draft_attachments order by id desc limit 1").scalar_one())
    visitor.get("/settings/writing")
    visitor.send(visitor.form(action="/settings/templates"), name="Kept", text="Dear {name}")
    visitor.get("/settings/identities")
    visitor.send(visitor.form(action="/settings/identities"), name="Second", address=f"second.{person.username}")
    with person.gate.database.durable() as connection:
        mine.template = int(connection.exec_driver_sql("select max(id) from templates").scalar_one())
        mine.identity = int(connection.exec_driver_sql("select max(id) from identities").scalar_one())
    visitor.get("/compose")
    visitor.send(visitor.form(holding="subject"), button=("action", "send"), to="mira@example.net", subject="Sent", text="x")
    visitor.get("/outbox")
    mine.submission = int(str(visitor.page.xpath("//a[starts-with(@href, '/submissions/')]/@href")[0]).rpartition("/")[2])
    return mine


@pytest.fixture(scope="module")
def world(dovecot: Dovecot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Belongings, Belongings]]:
    """Two people with mail on one application; nothing that a test asks for is ever done."""
    if throttle.limiter.initialized:
        throttle.limiter.reset()
    robin = new_person(dovecot, tmp_path_factory.mktemp("strangers") / "data")
    robin.gate = replace(robin.gate, undo_seconds=3600)
    mallory = Person(dovecot, robin.gate, dovecot.new_user(), "secret")
    for somebody in (robin, mallory):
        named = f"<files.{somebody.username}>\r\n".encode()
        dovecot.put(somebody.username, [letter(1), re.sub(rb"(?<=Message-ID: )<.*\r\n", named, with_files(), count=1)])
    app = build_on(robin.gate)
    yield belongings(app, robin), belongings(app, mallory)
    robin.close()


def path_of(rule: Rule, values: dict[str, object]) -> str:
    """The path of a route with its variables filled in."""
    path, values = rule.rule.replace("/attached/<section>", "/attached/12"), values | SECTIONS.get(rule.endpoint, {})
    for name in rule.arguments:
        for shape in (f"<int:{name}>", f"<path:{name}>", f"<{name}>"):
            path = path.replace(shape, str(values[name]))
    return path


def rules(app: Flask, method: str) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if method in (rule.methods or ())]


def app_of(mine: Belongings) -> Flask:
    app = mine.visitor.client.application
    assert isinstance(app, Flask)
    return app


FORM = {
    "action": "delete",
    "name": "Evil",
    "to": "evil@example.com",
    "text": "evil",
    "confirmed": "1",
    "role": "",
    "address": "evil@example.com",
}


# Forms.


@pytest.mark.parametrize("token", [None, "", "wrong", "IjEyMyI.abc.def"])
def test_no_form_does_anything_without_its_token(world: tuple[Belongings, Belongings], token: str | None) -> None:
    mine, _ = world
    before = mine.state()
    count = 0
    for rule in rules(app_of(mine), "POST"):
        fields: dict[str, object] = {**FORM, "ids": [str(mine.message)], "key": mine.draft, "target": str(mine.folder)}
        fields |= {} if token is None else {"csrf_token": token}
        mine.visitor.post(path_of(rule, mine.values), fields, follow=False)
        assert mine.visitor.status in (400, 403), rule
        count += 1
    assert count >= 20
    assert mine.state() == before
    assert mine.visitor.get("/outbox").status == 200, "still signed in"


def test_a_token_of_somebody_else_is_worth_nothing(world: tuple[Belongings, Belongings]) -> None:
    mine, other = world
    token = str(other.visitor.get("/").page.xpath("//input[@name='csrf_token']/@value")[0])
    before = mine.state()
    for rule in rules(app_of(mine), "POST"):
        mine.visitor.post(path_of(rule, mine.values), {**FORM, "csrf_token": token, "ids": [str(mine.message)]}, follow=False)
        assert mine.visitor.status == 400, rule
    assert mine.state() == before


def test_over_https_a_form_from_another_origin_is_refused_even_with_its_token(
    dovecot: Dovecot, tmp_path: Path, world: tuple[Belongings, Belongings]
) -> None:
    robin = new_person(dovecot, tmp_path)
    client, base = build_on(robin.gate, secure_cookies=True).test_client(), "https://mail.example.org"
    token = client.get("/login", base_url=base).get_data(as_text=True).partition('name="csrf_token" value="')[2].partition('"')[0]
    fields = {"csrf_token": token, "username": robin.username, "password": robin.password}
    for referer in ("https://evil.example/", "http://mail.example.org/login", "https://mail.example.org.evil.example/", ""):
        headers = {"Referer": referer} if referer else {}
        assert client.post("/login", data=fields, base_url=base, headers=headers).status_code == 400
    assert client.post("/login", data=fields, base_url=base, headers={"Referer": f"{base}/login"}).status_code == 303
    robin.close()


def test_what_a_form_does_cannot_be_asked_for_by_a_link(world: tuple[Belongings, Belongings]) -> None:
    mine, _ = world
    before, app = mine.state(), app_of(mine)
    readable = {path_of(rule, mine.values) for rule in rules(app, "GET")}
    for rule in rules(app, "POST"):
        path = path_of(rule, mine.values)
        if path in readable:
            continue
        for method in ("GET", "PUT", "DELETE", "PATCH"):
            answer = mine.visitor.client.open(path, method=method)
            assert answer.status_code == 405, (method, rule)
            assert "POST" in answer.headers["Allow"]
    assert mine.state() == before


# Sessions.


def test_every_page_asks_a_stranger_to_sign_in(world: tuple[Belongings, Belongings]) -> None:
    mine, _ = world
    app = app_of(mine)
    client = app.test_client()
    for rule in rules(app, "GET"):
        path = path_of(rule, mine.values)
        with client.get(path) as answer:
            if rule.endpoint in OPEN:
                assert answer.status_code == 200, rule
            else:
                assert (answer.status_code, answer.location.partition("?")[0]) == (302, "/login"), rule
        assert rule.endpoint in OPEN or client.get(path, headers={"Sec-Fetch-Dest": "image"}).status_code == 401


def test_the_session_of_somebody_who_is_gone_is_none(dovecot: Dovecot, tmp_path: Path) -> None:
    robin = new_person(dovecot, tmp_path)
    visitor = Visitor(build_on(robin.gate)).sign_in(robin.username, robin.password)
    with robin.gate.database.durable_write() as connection:
        connection.exec_driver_sql("delete from accounts")
    assert visitor.get("/outbox", follow_redirects=False).status == 302
    robin.close()


# Other people's things.


def test_nobody_reads_what_belongs_to_somebody_else(world: tuple[Belongings, Belongings]) -> None:
    mine, mallory = world
    before = mine.state()
    for rule in rules(app_of(mine), "GET"):
        if not rule.arguments or rule.endpoint == "static":
            continue
        path = path_of(rule, mine.values)
        assert mine.visitor.get(path).status == 200, f"control: {path} is there for its owner"
        assert mallory.visitor.get(path).status == 404, path
        assert "With files" not in mallory.visitor.text
        assert mine.person.username not in mallory.visitor.text
    for query in ("reply", "reply_all", "reply_list", "forward", "attach", "again", "draft"):
        assert mallory.visitor.get(f"/compose?{query}={mine.message}").status == 404
    assert {**mine.state(), "seen": None} == {**before, "seen": None}


def test_nobody_changes_what_belongs_to_somebody_else(world: tuple[Belongings, Belongings]) -> None:
    mine, mallory = world
    before, own = mine.state(), mallory.state()
    token = str(mallory.visitor.get("/").page.xpath("//input[@name='csrf_token']/@value")[0])
    fields = {"csrf_token": token, "confirmed": "1", "name": "Taken", "text": "taken", "subject": "taken", "to": "x@example.com"}
    for rule in rules(app_of(mine), "POST"):
        if not rule.arguments or "key" in rule.arguments:
            continue
        mallory.visitor.post(path_of(rule, mine.values), fields, follow=False)
        assert mallory.visitor.status == 404, rule
    for action in ("seen", "flag", "archive", "junk", "delete", "delete_forever", "move", "copy"):
        given = {"csrf_token": token, "action": action, "ids": [str(mine.message)], "target": str(mallory.folder), "confirmed": "1"}
        mallory.visitor.post("/messages/actions", given, follow=False)
        assert mallory.visitor.status == 404, action
        mallory.visitor.post("/messages/actions", given | {"conversations": f"{mine.uidvalidity}.4294967295"}, follow=False)
        assert mallory.visitor.status == 404, action
    for action in ("move", "copy"):
        given = {"csrf_token": token, "action": action, "ids": [str(mallory.message)], "target": str(mine.folder)}
        mallory.visitor.post("/messages/actions", given, follow=False)
        assert mallory.visitor.status == 404, action
    mallory.visitor.post("/mailboxes", {"csrf_token": token, "name": "Inside", "parent": str(mine.folder)}, follow=False)
    assert mallory.visitor.status == 404
    assert mine.state() == before
    assert mallory.state() == own


def test_the_key_of_somebody_else_s_draft_opens_nothing_and_overwrites_nothing(world: tuple[Belongings, Belongings]) -> None:
    mine, mallory = world
    before = mine.state()
    token = str(mallory.visitor.get("/").page.xpath("//input[@name='csrf_token']/@value")[0])
    fields = {"csrf_token": token, "text": "taken", "subject": "taken", "original": str(mine.message), "include": "2"}
    for path in (
        f"/drafts/{mine.draft}/discard",
        f"/drafts/{mine.draft}",
        f"/drafts/{mine.draft}/attachments",
        f"/drafts/{mine.draft}/send",
    ):
        mallory.visitor.post(path, fields, follow=True)
        assert mallory.visitor.status in (200, 422), path
        assert "A draft" not in mallory.visitor.text
        assert "page.html" not in mallory.visitor.text
    mallory.visitor.post(f"/drafts/{mine.draft}", {**fields, "remove": "1"})
    assert mine.state() == before
    mallory.visitor.post(f"/drafts/{mine.draft}/discard", fields)
    assert mine.state() == before


# Headers.


def policy(text: str) -> dict[str, str]:
    return {part.split(" ", 1)[0]: part.partition(" ")[2] for part in text.split("; ")}


def test_every_answer_carries_what_keeps_strangers_out(world: tuple[Belongings, Belongings]) -> None:
    mine, _ = world
    for rule in rules(app_of(mine), "GET"):
        mine.visitor.get(path_of(rule, mine.values), follow_redirects=False)
        assert mine.visitor.answer is not None
        headers = mine.visitor.answer.headers
        rules_of_it = policy(headers["Content-Security-Policy"])
        assert headers["X-Content-Type-Options"] == "nosniff", rule
        assert headers["Referrer-Policy"] in ("same-origin", "no-referrer"), rule
        assert rules_of_it["default-src"] == "'none'", rule
        assert rules_of_it.get("script-src", "'none'") == "'none'", rule
        assert rules_of_it["frame-ancestors"] == ("'self'" if rule.endpoint in FRAMES else "'none'"), rule
        if rule.endpoint not in ("static", "health.healthz", "remote.image"):
            assert headers["Cache-Control"] == "no-store, private", rule
        assert "Server" not in headers or "Python" not in headers["Server"]
        mine.visitor.answer.close()


@pytest.mark.parametrize("body", ["body", "attached/12/body"])
def test_a_message_body_has_the_policy_of_bodies(world: tuple[Belongings, Belongings], body: str) -> None:
    mine, _ = world
    mine.visitor.get(f"/messages/{mine.message}/{body}")
    assert mine.visitor.status == 200
    assert mine.visitor.answer is not None
    rules_of_it = policy(mine.visitor.answer.headers["Content-Security-Policy"])
    assert rules_of_it["sandbox"] == "allow-same-origin allow-popups allow-popups-to-escape-sandbox"
    assert rules_of_it["frame-ancestors"] == "'self'"
    assert "script" not in rules_of_it["sandbox"]
    assert mine.visitor.answer.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("section", PARTS)
def test_an_attachment_is_a_download_unless_its_octets_are_a_picture(world: tuple[Belongings, Belongings], section: str) -> None:
    mine, _ = world
    _, name, content = PARTS[section]
    answer = mine.visitor.client.get(f"/messages/{mine.message}/parts/{section}/anything.html?confirmed=1")
    assert answer.status_code == 200
    assert answer.data == content
    shown, media_type = answer.headers["Content-Disposition"].partition(";")[0], answer.mimetype
    assert (shown, media_type) == (("inline", "image/png") if section in INLINE else ("attachment", "application/octet-stream"))
    assert policy(answer.headers["Content-Security-Policy"]) == {"sandbox": "", "default-src": "'none'", "frame-ancestors": "'none'"}
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert f'filename="{name}"' in answer.headers["Content-Disposition"]
    asked = mine.visitor.client.get(f"/messages/{mine.message}/parts/{section}/x?download=1&confirmed=1")
    assert asked.headers["Content-Disposition"].startswith("attachment")
    asked.close()


@pytest.mark.parametrize("section", PARTS)
def test_a_file_that_can_do_harm_is_asked_about_before_it_is_handed_over(world: tuple[Belongings, Belongings], section: str) -> None:
    mine, _ = world
    _, name, content = PARTS[section]
    answer = mine.visitor.client.get(f"/messages/{mine.message}/parts/{section}/{name}?download=1")
    assert answer.status_code == 200
    if section not in HARMFUL:
        assert answer.data == content
        return
    assert answer.mimetype == "text/html"
    assert content not in answer.data
    assert "Download anyway" in answer.get_data(as_text=True)
    from_elsewhere = mine.visitor.client.get(
        f"/messages/{mine.message}/parts/{section}/{name}?download=1&confirmed=1", headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert "Download anyway" in from_elsewhere.get_data(as_text=True), "a link elsewhere does not answer for the reader"


def test_errors_carry_the_headers_as_well(world: tuple[Belongings, Belongings]) -> None:
    mine, _ = world
    for path in ("/nowhere", "/messages/999999", "/messages/x", "/drafts/none", "/mailboxes/0"):
        mine.visitor.get(path)
        assert mine.visitor.status == 404
        assert mine.visitor.answer is not None
        assert policy(mine.visitor.answer.headers["Content-Security-Policy"])["frame-ancestors"] == "'none'"
        assert mine.visitor.answer.headers["Cache-Control"] == "no-store, private"
