"""A real WebDAV server (WsgiDAV) over TLS on loopback, with one person's folder, and what it was asked."""

from __future__ import annotations

import logging
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from werkzeug.wsgi import get_input_stream
from wsgidav.wsgidav_app import WsgiDAVApp

from tests.servers.authority import Authority

HOST = "127.0.0.1"


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """A client that hangs up is what some tests want."""


class _Handler(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        return


class DavServer:
    """``folder`` is what the server keeps; ``asked`` the method and path of each request; ``answers`` are given in place of its own."""

    def __init__(self, folder: Path, authority: Authority, *, names: tuple[str, ...] = ("localhost",)) -> None:
        self.folder, self.ca_file = folder / "files", str(authority.ca_file)
        (self.folder / "Mail").mkdir(parents=True)
        self.asked: list[tuple[str, str]] = []
        self.answers: dict[str, tuple[str, list[tuple[str, str]]]] = {}
        logging.getLogger("wsgidav").setLevel(logging.CRITICAL)
        self._dav = WsgiDAVApp(
            {
                "provider_mapping": {"/dav": str(self.folder)},
                "http_authenticator": {"accept_basic": True, "accept_digest": False, "default_to_digest": False},
                "simple_dc": {"user_mapping": {"*": {"robin": {"password": "s3cret ü"}}}},
                "logging": {"enable": False},
                "verbose": 0,
            }
        )
        self._http = make_server(HOST, 0, self._answer, server_class=_Server, handler_class=_Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*authority.issue(names))
        self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
        self.port = int(self._http.server_address[1])
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def _answer(self, environ: dict[str, Any], start: Any) -> Any:
        method = environ["REQUEST_METHOD"]
        self.asked.append((method, environ["PATH_INFO"]))
        if method in self.answers:
            start(*self.answers[method])
            return [b""]
        # The server of the standard library does not end a body where its length says.
        environ["wsgi.input"] = get_input_stream(environ)
        return self._dav(environ, start)

    @property
    def address(self) -> str:
        return f"https://localhost:{self.port}/dav/Mail/"

    def files(self) -> dict[str, bytes]:
        """What lies in the folder."""
        return {path.name: path.read_bytes() for path in (self.folder / "Mail").iterdir()}

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def dav(tmp_path: Path) -> Iterator[DavServer]:
    """A WebDAV server whose authority is its own."""
    server = DavServer(tmp_path, Authority(tmp_path / "dav-authority"))
    yield server
    server.stop()
