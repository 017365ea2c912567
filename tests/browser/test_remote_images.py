"""Remote images in a real browser: the frame shows what we fetched, quietly leaves out what failed, and asks nobody but us."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, expect
from werkzeug.serving import make_server

from tests.servers.image_server import PUBLIC, STANDS_AT, ImageServer, answer, png
from tests.servers.person import Person
from tests.web.built import build_on
from webmail.imageproxy.network import Network

LETTER = b"""From: Shop <news@shop.example>\r
To: robin@example.test\r
Subject: With pictures\r
Message-ID: <pictures@shop.example>\r
MIME-Version: 1.0\r
Content-Type: text/html; charset=utf-8\r
\r
<style>p{background:url(http://images.shop.example/style.png)}</style>\r
<p><img src="http://images.shop.example/a.png" alt="A desk"> <img src="http://images.shop.example/gone.png" alt="A lost pen">\r
<img src="http://open.shop.example/pixel.gif?u=1" width="1" height="1"></p>\r
<table><tr><td background="http://images.shop.example/b.png">Cell</td></tr></table>\r
"""


@pytest.fixture
def strangers() -> Iterator[ImageServer]:
    found = ImageServer(answers={f"/{name}.png": answer(png(80, 40)) for name in ("a", "b", "style")})
    found.start()
    yield found
    found.stop()


@pytest.fixture
def place(person: Person, strangers: ImageServer) -> Iterator[str]:
    """Where the application is reached, whose network ends at one server."""
    network = Network(
        lambda host: [PUBLIC], lambda address: True, lambda *given: socket.create_connection((STANDS_AT, strangers.port), given[2])
    )
    person.put([LETTER])
    server = make_server("127.0.0.1", 0, build_on(replace(person.gate, network=network)), threaded=True)
    running = threading.Thread(target=server.serve_forever)
    running.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    running.join()
    server.server_close()


def test_the_frame_shows_what_was_fetched_for_it_and_asks_nobody_else(
    chromium: Browser, place: str, person: Person, strangers: ImageServer
) -> None:
    context = chromium.new_context(locale="en-GB")
    page, asked = context.new_page(), list[str]()
    page.on("request", lambda sent: asked.append(sent.url))
    page.goto(f"{place}/login")
    page.fill("[name=username]", person.username)
    page.fill("[name=password]", person.password)
    page.click("button[type=submit]")
    page.get_by_text("With pictures").first.click()
    expect(page.get_by_text("4 remote images are hidden")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert strangers.connections == 0
    page.get_by_role("link", name="Show once").click()
    page.wait_for_load_state("networkidle")
    frame = page.frame_locator("[data-message-body]")
    expect(frame.get_by_alt_text("A desk")).to_be_visible()
    widths = [frame.get_by_alt_text(name).evaluate("image => image.naturalWidth") for name in ("A desk", "A lost pen")]
    assert widths == [80, 0]
    assert sorted(each.splitlines()[0].split(" ")[1] for each in strangers.requests) == ["/a.png", "/b.png", "/gone.png", "/style.png"]
    assert [url for url in asked if not url.startswith(place)] == []
    assert len([url for url in asked if "/remote/" in url]) == 4
    context.close()
