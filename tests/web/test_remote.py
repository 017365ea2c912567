"""Nothing remote is loaded until somebody asks; then images only, by way of us, and for nobody else."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.servers.image_server import PUBLIC, STANDS_AT, ImageServer, answer, png
from tests.servers.person import Person
from tests.visitor import Visitor
from tests.web.built import build_on
from webmail.imageproxy import fetching
from webmail.imageproxy.network import Network
from webmail.mail import senders

BODY = """<p>News <img src="http://images.shop.example/a.png" alt="A desk" width="80">
<img src="http://images.shop.example/gone.png" alt="Gone">
<img src="http://open.shop.example/p.gif?u=1" width="1" height="1"><a href="http://shop.example/x?id=1&amp;utm_source=news">Buy</a></p>"""


def news(number: int, *, sender: str = "Shop <news@shop.example>", body: str = BODY) -> bytes:
    return (
        f"From: {sender}\r\nTo: robin@example.test\r\nSubject: News {number}\r\nDate: Sun, 1 Mar 2026 08:{number:02}:00 +0000\r\n"
        f"Message-ID: <news.{number}@shop.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{body}\r\n"
    ).encode()


@pytest.fixture
def server() -> Iterator[ImageServer]:
    found = ImageServer(answers={"/a.png": answer(png(80, 40))})
    found.start()
    yield found
    found.stop()


@pytest.fixture
def visitor(person: Person, server: ImageServer) -> Visitor:
    """Somebody signed in, with three letters of a shop, one of them junk, on a network of one server."""
    network = Network(
        lambda host: [PUBLIC], lambda address: True, lambda *given: socket.create_connection((STANDS_AT, server.port), given[2])
    )
    person.put([news(1), news(2, sender="Other <other@shop.example>")])
    person.put([news(3)], mailbox="Junk")
    return Visitor(build_on(replace(person.gate, network=network))).sign_in(person.username, person.password)


def opened(visitor: Visitor, subject: str, *, role: str = "inbox") -> str:
    """Open a message of a mailbox; its path."""
    visitor.get("/").get(visitor.mailbox(role) + "?view=messages")
    path = str(visitor.page.xpath(f"//li[@data-message][contains(., '{subject}')]//a[@class='row__link']/@href")[0]).partition("?")[0]
    visitor.get(path)
    return path


def images(visitor: Visitor) -> list[str]:
    """The addresses of the images in the frame of the page that is open."""
    frame = str(visitor.page.xpath("//iframe[@data-message-body]/@src")[0])
    return re.findall(r'src="([^"]+)"', visitor.client.get(frame).get_data(as_text=True).partition("<body")[2])


def test_images_are_shown_once_by_way_of_us(visitor: Visitor, server: ImageServer) -> None:
    path = opened(visitor, "News 1")
    assert "2 remote images are hidden" in visitor.words
    assert "1 tracking pixel was blocked." in visitor.words
    assert images(visitor) == []
    visitor.get(str(visitor.page.xpath("//a[.='Show once']/@href")[0]))
    assert "2 remote images are shown by way of this server." in visitor.words
    shown, gone = images(visitor)
    assert server.connections == 0, "nothing is fetched before a browser asks for it"
    picture = visitor.client.get(shown)
    assert (picture.status_code, picture.mimetype, picture.data) == (200, "image/png", png(80, 40))
    assert server.requests[0].splitlines()[:2] == ["GET /a.png HTTP/1.1", "Host: images.shop.example"]
    assert visitor.client.get(shown).data == png(80, 40)
    assert server.connections == 1, "the second look is not told to anybody"
    missing = visitor.client.get(gone)
    assert (missing.status_code, missing.data) == (502, b"")
    assert "shop.example" not in "".join([shown, gone]), "what was looked at stands in no log"
    assert images(visitor.get(path)) == [], "once is once"


def test_what_a_stranger_s_server_sent_is_harmless_and_stays_with_this_browser(visitor: Visitor) -> None:
    opened(visitor, "News 1")
    shown = images(visitor.get(str(visitor.page.xpath("//a[.='Show once']/@href")[0])))[0]
    headers = visitor.client.get(shown).headers
    assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'; frame-ancestors 'none'"
    assert headers["Cache-Control"] == "private, max-age=86400, immutable"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in headers
    for token in ("x", "aHR0cDovL2EuZXhhbXBsZS94LnBuZw", "http:%2F%2F127.0.0.1%2Fx.png", shown[8:-2] + "AA"):
        assert visitor.client.get(f"/remote/{token}").status_code == 404, token


def test_always_for_a_sender_is_remembered_listed_and_taken_back(visitor: Visitor) -> None:
    path = opened(visitor, "News 1")
    visitor.send(visitor.form(action="/settings/images"), button=("whose", "sender"))
    assert "Remote images of news@shop.example are shown from now on." in visitor.notices()
    assert len(images(visitor)) == 2
    opened(visitor, "News 2")
    assert images(visitor) == [], "another sender of the same domain"
    visitor.get("/settings/images")
    assert "news@shop.example" in visitor.words
    visitor.send(visitor.page.xpath("//form[contains(@action, '/delete')]")[0])
    assert "are hidden again" in visitor.notices()
    assert "news@shop.example" not in visitor.get("/settings/images").words
    assert images(visitor.get(path)) == []


def test_always_for_a_domain_covers_its_senders_but_never_junk(visitor: Visitor) -> None:
    opened(visitor, "News 1")
    visitor.send(visitor.form(action="/settings/images"), button=("whose", "domain"))
    opened(visitor, "News 2")
    assert len(images(visitor)) == 2
    opened(visitor, "News 3", role="junk")
    assert images(visitor) == []
    assert "Always for" not in visitor.words
    assert len(images(visitor.get(str(visitor.page.xpath("//a[.='Show once']/@href")[0])))) == 2


def test_a_permission_that_needs_a_proof_waits_for_one(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    path = opened(visitor, "News 1")
    visitor.send(visitor.form(action="/settings/images"), button=("whose", "sender"), only_verified="1")
    assert "nothing proves it here" in visitor.words
    assert images(visitor) == []
    assert "only while it is proven" in visitor.get("/settings/images").words
    monkeypatch.setattr(senders, "is_verified", lambda session, summary, facts: summary.envelope.sender[0].addr_spec == "news@shop.example")
    assert len(images(visitor.get(path))) == 2


def test_nobody_is_given_a_permission_who_is_everybody_or_not_clear(visitor: Visitor, person: Person) -> None:
    person.put([news(4, sender="A <a@gmail.com>"), news(5, sender="a@x.example, b@y.example")])
    opened(visitor, "News 4")
    assert "Always for gmail.com" not in visitor.words
    fields = dict(visitor.form(action="/settings/images").form_values())
    assert visitor.post("/settings/images", {**fields, "whose": "domain", "next": ""}).status == 400
    which = opened(visitor, "News 5").rpartition("/")[2]
    assert "Always for" not in visitor.words
    for whose in ("sender", "domain", "", "x"):
        assert visitor.post("/settings/images", {**fields, "ids": which, "whose": whose, "next": ""}).status == 400
    assert "Of nobody." in visitor.get("/settings/images").words


def test_in_a_conversation_images_are_shown_where_they_were_asked_for(visitor: Visitor) -> None:
    number = opened(visitor, "News 1").rpartition("/")[2]
    visitor.get(f"/conversations/{number}")
    assert images(visitor) == []
    visitor.get(str(visitor.page.xpath("//a[.='Show once']/@href")[0]).partition("#")[0])
    assert len(images(visitor)) == 2
    visitor.send(visitor.form(action="/settings/images"), button=("whose", "sender"))
    assert len(images(visitor.get(f"/conversations/{number}"))) == 2


def test_links_are_cleaned_until_somebody_wants_them_as_they_came(visitor: Visitor) -> None:
    path = opened(visitor, "News 1")
    assert "1 link was cleaned." in visitor.words
    assert visitor.page.xpath("//details//del//text()") == ["http://shop.example/x?id=1&utm_source=news"]
    frame = f"{path}/body"
    assert 'href="http://shop.example/x?id=1"' in visitor.client.get(frame).get_data(as_text=True)
    form = visitor.get("/settings/images").form(action="/settings/links")
    values = {name: value for name, value in form.form_values() if name != "clean"}
    visitor.post("/settings/links", values)
    assert "utm_source=news" in visitor.client.get(frame).get_data(as_text=True)
    assert "cleaned" not in visitor.get(path).words
    visitor.send(visitor.get("/settings/images").form(action="/settings/links"), clean="1")
    assert "utm_source=news" not in visitor.client.get(frame).get_data(as_text=True)


def test_a_browser_that_waits_for_its_turn_comes_again_and_at_last_gets_nothing(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(visitor, "News 1")
    shown = images(visitor.get(str(visitor.page.xpath("//a[.='Show once']/@href")[0])))[0]
    monkeypatch.setattr(fetching, "PATIENCE", 0.01)
    taken = [fetching._turns.acquire(blocking=False) for _ in range(fetching.AT_ONCE)]
    assert all(taken)
    try:
        busy = visitor.client.get(shown)
        assert (busy.status_code, busy.location) == (307, f"{shown}?turn=2")
        assert busy.headers["Cache-Control"] == "no-store, private"
        assert visitor.client.get(f"{shown}?turn=16").status_code == 502
    finally:
        for _ in taken:
            fetching._turns.release()
    assert visitor.client.get(busy.location).status_code == 200


def test_what_was_kept_of_a_body_is_good_for_its_next_reader(visitor: Visitor) -> None:
    path = opened(visitor, "News 1")
    first = visitor.get(path).words
    assert visitor.get(path).words == first
    assert "open.shop.example" in first
