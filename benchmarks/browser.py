"""A browser reduced to what is measured: one kept connection, one cookie, no rendering."""

from __future__ import annotations

import http.client
import re
import time
from urllib.parse import urlencode

from lxml import html
from lxml.html import HtmlElement

TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"|value="([^"]+)"[^>]*name="csrf_token"')
KEPT_SECONDS = 60


class Browser:
    """A signed-in browser on one keep-alive connection."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.cookie = ""
        self.milliseconds = 0.0
        self._used = time.monotonic()

    def request(self, method: str, path: str, *, fields: dict[str, str] | None = None) -> tuple[int, str, str]:
        """Status, location and page; the time from before the request to the last octet is in ``milliseconds``."""
        headers = {"Cookie": self.cookie, "Accept-Language": "en", "Host": f"127.0.0.1:{self.connection.port}"}
        body = None
        if fields is not None:
            body = urlencode(fields)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        if time.monotonic() - self._used > KEPT_SECONDS:
            self.connection.close()  # The server has, or is about to; the next request opens it again.
        self._used = time.monotonic()
        start = time.perf_counter()
        self.connection.request(method, path, body=body, headers=headers)
        answer = self.connection.getresponse()
        octets = answer.read()
        self.milliseconds = (time.perf_counter() - start) * 1000
        given = answer.getheader("Set-Cookie")
        if given:
            self.cookie = given.partition(";")[0]
        return answer.status, answer.getheader("Location") or "", octets.decode("utf-8", "replace")

    def get(self, path: str) -> str:
        """The page at a path; anything but 200 is an error of the measurement."""
        status, location, page = self.request("GET", path)
        if status in (302, 303):
            return self.get(location)
        if status != 200:
            raise RuntimeError(f"{path} answered {status}")
        return page

    def document(self, page: str) -> HtmlElement:
        """A page as a tree."""
        return html.document_fromstring(page)

    def sign_in(self, username: str, password: str) -> None:
        """Sign in by the form."""
        found = TOKEN.search(self.get("/login"))
        assert found is not None
        token = found.group(1) or found.group(2)
        status, _, page = self.request("POST", "/login", fields={"username": username, "password": password, "csrf_token": token})
        if status not in (302, 303):
            raise RuntimeError(f"sign-in answered {status}: {page[:500]}")
