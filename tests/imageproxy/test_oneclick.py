"""Leaving a list by one click: a POST to the whole Internet only, that follows nothing and ends in time."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.servers.authority import Authority
from webmail.errors import NotAllowed, ServerRefused, ServerUnavailable
from webmail.imageproxy import oneclick
from webmail.imageproxy.network import PUBLIC, Network


class ListServer:
    """An https server on loopback that keeps what it was asked, and answers as a test tells it."""

    def __init__(self, folder: Path) -> None:
        authority = Authority(folder)
        certificate, key = authority.issue(["lists.example"])
        self.context = ssl.create_default_context(cafile=str(authority.ca_file))
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.status, self.pause = 200, 0.0
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                owner.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
                for _ in range(int(owner.pause * 10)):
                    self.wfile.write(b"H")
                    self.wfile.flush()
                    time.sleep(0.1)
                self.send_response(owner.status)
                self.send_header("Location", "https://lists.example/elsewhere")
                self.send_header("Set-Cookie", "a=b")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = int(self.http.server_address[1])
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(certificate, key)
        self.http.socket = server.wrap_socket(self.http.socket, server_side=True)
        self.http.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that hangs up is what some tests want
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return "https://lists.example/leave?u=1"

    def network(self, **other: Any) -> Network:
        """A way out that leads here, where only a test may go."""
        to_us = {"resolve": lambda _: ["192.0.2.1"], "permitted": lambda _: True, "context": lambda: self.context}
        return replace(PUBLIC, connect=lambda _, __, timeout: socket.create_connection(("127.0.0.1", self.port), timeout), **to_us | other)

    def leave(self) -> None:
        """What the button does."""
        oneclick.leave(self.url, self.network())


@pytest.fixture
def lists(tmp_path: Path) -> Iterator[ListServer]:
    server = ListServer(tmp_path)
    yield server
    server.http.shutdown()
    server.http.server_close()


def test_it_says_one_click_and_nothing_about_us(lists: ListServer) -> None:
    lists.leave()
    ((path, headers, body),) = lists.requests
    assert (path, body) == ("/leave?u=1", b"List-Unsubscribe=One-Click")
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert not headers.keys() & {"cookie", "referer", "authorization", "accept-language", "origin"}


@pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 500])
def test_only_success_is_success_and_no_redirect_is_followed(lists: ListServer, status: int) -> None:
    lists.status = status
    with pytest.raises(ServerRefused) as refused:
        lists.leave()
    assert refused.value.code == "unsubscribe_refused"
    assert len(lists.requests) == 1


def test_a_certificate_that_cannot_be_trusted_gets_nothing(lists: ListServer) -> None:
    with pytest.raises(ServerUnavailable):
        oneclick.leave(lists.url, lists.network(context=PUBLIC.context))
    assert lists.requests == []


def test_a_server_that_trickles_is_cut_off(lists: ListServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oneclick, "SECONDS", 1)
    lists.pause = 20
    began = time.monotonic()
    with pytest.raises(ServerUnavailable):
        lists.leave()
    assert time.monotonic() - began < 5


def test_this_machine_and_its_neighbours_are_never_asked(lists: ListServer) -> None:
    with pytest.raises(NotAllowed):
        oneclick.leave(lists.url, lists.network(permitted=PUBLIC.permitted))
    assert lists.requests == []
    for url in ("http://localhost/", "https://localhost:444/", "https://a@localhost/", "https://10.0.0.1/", "https://[::1]/", "https:///x"):
        with pytest.raises(NotAllowed):
            oneclick.leave(url, PUBLIC)
