"""Files: large ones stream through, too large ones have a page, and the session and the draft survive either."""

from __future__ import annotations

import hashlib
import io
import tracemalloc

import pytest
from flask import Flask
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from tests.servers.person import Person
from tests.servers.smtp_sink import SmtpSink
from tests.visitor import Visitor
from tests.web.built import build_on

LIMIT = 12 * 1024 * 1024
TEN_MEGABYTES = b"0123456789abcdef" * (10 * 65536)


@pytest.fixture
def app(robin: Person) -> Flask:
    return build_on(robin.gate, upload_limit=LIMIT)


@pytest.fixture
def visitor(app: Flask, robin: Person) -> Visitor:
    return Visitor(app).sign_in(robin.username, robin.password)


def post_whole(visitor: Visitor, path: str, fields: dict[str, object]) -> Visitor:
    """Send a form from memory: a file of the test client's own would be left open by an answer that does not read it."""
    boundary, body = encode_multipart(fields, "boundary-of-the-tests")
    visitor.answer = visitor.client.post(path, data=body, content_type=f"multipart/form-data; boundary={boundary}")
    return visitor


def upload(visitor: Visitor, content: bytes, *, name: str = "large.bin", **fields: str) -> Visitor:
    file = (io.BytesIO(content), name, "application/octet-stream")
    return visitor.send(visitor.form(holding="subject"), button=("action", "attach"), attachments=[file], **fields)


def test_ten_megabytes_are_attached_sent_and_come_back_whole(visitor: Visitor, robin: Person, smtp_sink: SmtpSink) -> None:
    visitor.get("/compose")
    upload(visitor, TEN_MEGABYTES, subject="Large", to="mira@example.net")
    assert visitor.status == 200
    assert "large.bin" in visitor.words
    visitor.send(visitor.form(holding="subject"), button=("action", "send"))
    assert "Message queued for sending." in visitor.notices()
    robin.sign_in()
    robin.work()
    assert len(smtp_sink.messages) == 1
    assert len(smtp_sink.messages[0].content) > len(TEN_MEGABYTES)
    visitor.get(visitor.mailbox("sent"))
    message = visitor.marked("data-message")[0]
    path = str(visitor.get(f"/messages/{message}").page.xpath("//li[@data-attachment]/a/@href")[-1])
    digest, largest, total = hashlib.sha256(), 0, 0
    with visitor.client.get(path, buffered=False) as answer:
        for piece in answer.iter_encoded():
            digest.update(piece)
            largest, total = max(largest, len(piece)), total + len(piece)
    assert (total, digest.hexdigest()) == (len(TEN_MEGABYTES), hashlib.sha256(TEN_MEGABYTES).hexdigest())
    assert largest <= 2 * 1024 * 1024


def test_a_download_is_never_held_whole(visitor: Visitor, robin: Person) -> None:
    visitor.get("/compose")
    upload(visitor, TEN_MEGABYTES, subject="Large")
    visitor.get(visitor.mailbox("drafts"))
    message = visitor.page.xpath("//li[@data-message]/@data-message")[0]
    tracemalloc.start()
    with visitor.client.get(f"/messages/{message}/parts/2/large.bin", buffered=False) as answer:
        assert answer.status_code == 200
        assert sum(len(piece) for piece in answer.iter_encoded()) == len(TEN_MEGABYTES)
    highest = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert highest < len(TEN_MEGABYTES) * 0.75


def test_a_form_over_the_limit_has_a_page_and_costs_neither_session_nor_draft(visitor: Visitor, robin: Person) -> None:
    visitor.get("/compose")
    visitor.send(visitor.form(holding="subject"), button=("action", "save"), subject="Kept", text="kept")
    path = str(visitor.form(holding="subject").get("action"))
    form = visitor.form(holding="subject")
    file = FileStorage(io.BytesIO(b"x" * (LIMIT + 1)), "large.bin")
    post_whole(visitor, path, {**dict(form.form_values()), "attachments": file, "text": "typed after"})
    assert visitor.status == 413
    assert "larger than this server accepts" in visitor.words
    assert "Nothing was sent or saved." in visitor.words
    assert visitor.get("/outbox", follow_redirects=False).status == 200
    form = visitor.get(path).form(holding="subject")
    assert (form.fields["subject"], str(form.fields["text"]).strip()) == ("Kept", "kept")
    assert visitor.page.xpath("//@data-attachment") == []
    assert not any((robin.gate.database.data_dir / "attachments").iterdir())
    upload(visitor, b"small")
    assert len(visitor.page.xpath("//@data-attachment")) == 1


def test_a_text_over_the_limit_has_the_same_page(visitor: Visitor) -> None:
    visitor.get("/compose")
    form = visitor.form(holding="subject")
    post_whole(visitor, "/compose", {**dict(form.form_values()), "text": "x" * (5 * 1024 * 1024)})
    assert visitor.status == 413
    assert visitor.get("/outbox", follow_redirects=False).status == 200


def test_a_form_over_the_limit_from_a_stranger_has_the_page_too(app: Flask) -> None:
    stranger = Visitor(app)
    for path in ("/login", "/compose", "/drafts/x/attachments"):
        file = FileStorage(io.BytesIO(b"x" * (LIMIT + 1)), "large.bin")
        assert post_whole(stranger, path, {"attachments": file, "text": "x"}).status in (401, 413)


def test_a_form_of_ten_thousand_fields_has_a_page(visitor: Visitor) -> None:
    token = str(visitor.page.xpath("//input[@name='csrf_token']/@value")[0])
    visitor.post("/messages/actions", {"csrf_token": token, "action": "seen", "ids": ["1"] * 10_000})
    assert visitor.status in (200, 400, 413)
    boundary = "".join(f'--q\r\nContent-Disposition: form-data; name="f{number}"\r\n\r\nx\r\n' for number in range(10_000)) + "--q--\r\n"
    answer = visitor.client.post("/compose", data=boundary.encode(), content_type="multipart/form-data; boundary=q")
    assert answer.status_code == 413


def test_a_form_that_is_cut_off_or_broken_is_no_fault(visitor: Visitor) -> None:
    for body in (b"", b"--q", b"--q\r\nContent-Disposition: form-data", b"\xff" * 100, b"--q\r\n\r\n\r\n--q--"):
        answer = visitor.client.post("/compose", data=body, content_type="multipart/form-data; boundary=q")
        assert answer.status_code in (400, 401)
    for kind in ("multipart/form-data", "multipart/form-data; boundary=", "application/json", "text/plain", "x/y; charset=nonsense", ""):
        answer = visitor.client.post("/compose", data=b"csrf_token=x&text=y", content_type=kind)
        assert answer.status_code == 400
