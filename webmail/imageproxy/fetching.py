"""Fetching one picture over HTTP/1.1: bounded in time, octets, redirects and pixels, and telling nothing of the reader (RFC 9112).

``http.client`` reads the answer; connecting, sending and every limit are ours, because all libraries for HTTP look up a host
and connect in one step, and what is checked must be the address connected to.
"""

from __future__ import annotations

import http.client
import threading
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote, urljoin, urlsplit

from webmail.imageproxy import addresses, pictures
from webmail.imageproxy.network import Deadline, FetchError, Network, open_stream

SECONDS = 8.0
"""For everything: look-ups, connections, redirects, and the picture itself."""
MAX_OCTETS = 10 * 1024 * 1024
REDIRECTS = 3
AT_ONCE = 8
"""Pictures fetched at once in a process; a page must always find a free thread."""
PATIENCE = 0.4
"""Seconds a request waits for its turn before it gives back its thread; see ``BusyError``."""
PORTS = {"http": 80, "https": 443}
_REDIRECTED = frozenset({301, 302, 303, 307, 308})
_KEPT_IN_PATHS = "/%:@!$&'()*+,;=~-._?"
_HEADERS = (
    "Accept: image/avif,image/webp,image/png,image/jpeg,image/gif\r\n"
    "Accept-Encoding: identity\r\n"
    "User-Agent: Mozilla/5.0 (compatible; image proxy)\r\n"
    "Connection: close\r\n\r\n"
)
"""The same for everybody: no cookies, no referrer, no language, nothing of the reader's browser."""
_turns = threading.BoundedSemaphore(AT_ONCE)


class BusyError(Exception):
    """So many pictures are fetched already that this one has to come again."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it came, and its media type by its first octets."""

    content: bytes
    media_type: str


class Target(NamedTuple):
    """Where a request goes: the ``path`` with its query is ASCII and holds no blank."""

    tls: bool
    host: str
    path: str
    address: str


def fetch(address: str, network: Network) -> Picture:
    """The picture at an http or https address. Raises FetchError, or BusyError after ``PATIENCE``. At most ``SECONDS``."""
    if not _turns.acquire(timeout=PATIENCE):
        raise BusyError
    try:
        deadline = Deadline(SECONDS)
        for _ in range(REDIRECTS + 1):
            answer = _asked(target_of(address), network, deadline)
            if isinstance(answer, Picture):
                return answer
            address = answer
        raise FetchError("redirects")
    except TimeoutError as error:
        raise FetchError("timeout") from error
    except (OSError, http.client.HTTPException) as error:
        raise FetchError("broken") from error
    finally:
        _turns.release()


def target_of(address: str) -> Target:
    """Where an address leads, if we go there. Raises FetchError("address")."""
    try:
        parts = urlsplit(address)
        host, port = addresses.host_name(parts.hostname or ""), parts.port
    except ValueError as error:
        raise FetchError("address") from error
    if parts.scheme not in PORTS or not host or port not in (None, PORTS[parts.scheme]) or "@" in parts.netloc:
        raise FetchError("address")
    path = quote(parts.path or "/", safe=_KEPT_IN_PATHS)
    query = f"?{quote(parts.query, safe=_KEPT_IN_PATHS + '[]|')}" if parts.query else ""
    return Target(parts.scheme == "https", host, path + query, address)


def _asked(target: Target, network: Network, deadline: Deadline) -> Picture | str:
    """The picture, or the address that the server names instead."""
    port = PORTS["https" if target.tls else "http"]
    stream = open_stream(network, target.host, port, tls=target.tls, deadline=deadline)
    try:
        shown = f"[{target.host}]" if ":" in target.host else target.host
        stream.send(f"GET {target.path} HTTP/1.1\r\nHost: {shown}\r\n{_HEADERS}".encode("ascii"))
        # It takes a socket and only asks it for a file to read.
        answer = http.client.HTTPResponse(stream, method="GET")  # type: ignore[arg-type]
        answer.begin()
        if answer.status in _REDIRECTED:
            return urljoin(target.address, answer.getheader("Location") or "")
        if answer.status != 200:
            raise FetchError("status")
        return _picture(answer, deadline)
    finally:
        stream.close()


def _picture(answer: http.client.HTTPResponse, deadline: Deadline) -> Picture:
    if (answer.getheader("Content-Encoding") or "identity").strip().lower() != "identity":
        # We asked for none, and what is packed can be larger than it says.
        raise FetchError("encoding")
    if answer.length is not None and answer.length > MAX_OCTETS:
        raise FetchError("size")
    pieces, size = [], 0
    while piece := answer.read1(64 * 1024):
        deadline.left()
        pieces.append(piece)
        size += len(piece)
        if size > MAX_OCTETS:
            raise FetchError("size")
    content = b"".join(pieces)
    found = pictures.shape(content)
    if found is None:
        raise FetchError("no_picture")
    return Picture(content, found.media_type)
