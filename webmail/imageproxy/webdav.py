"""WebDAV: a file put into a folder that its reader keeps on another server, and nothing there overwritten (RFC 4918, RFC 9110).

It goes by https only, the certificate verified, to the address that was looked up and found permitted; a redirect is followed nowhere,
for it would carry the password along.
"""

from __future__ import annotations

import base64
import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import quote, unquote, urlsplit

from webmail.account import Credentials
from webmail.errors import InvalidInput, NotAllowed, ServerRefused, ServerUnavailable
from webmail.imageproxy.addresses import host_name
from webmail.imageproxy.network import Deadline, FetchError, Network, TimedStream, open_stream

SECONDS = 20.0
SLOWEST = 50_000
"""Octets a second; what is slower is given up."""
PIECE = 64 * 1024
NAMES = 50
"""Names that are tried where one is taken."""
NAME_OCTETS = 200
_KEPT = "/!$&'()*+,;=:@-._~"
_REFUSALS = {
    401: "save_credentials",
    403: "save_forbidden",
    404: "save_folder",
    409: "save_folder",
    413: "save_too_large",
    507: "save_full",
}


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder on a server: ``path`` is written as in an address and ends in a slash."""

    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """Host and port, as a Host field has them."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return shown if self.port == 443 else f"{shown}:{self.port}"

    @property
    def address(self) -> str:
        return f"https://{self.authority}{self.path}"


def folder_of(address: str, *, named: frozenset[str] = frozenset()) -> Folder:
    """The folder of an address that somebody typed. ``named`` are hosts that the operator allows whatever they are called.

    Raises InvalidInput("save_address"): it is no https address of a host, or holds a password, a query or a fragment.
    """
    try:
        parts = urlsplit(address.strip())
        host, port = (parts.hostname or "").lower(), parts.port or 443
    except ValueError as error:
        raise InvalidInput("save_address", field="address") from error
    plain = all("!" <= each <= "~" or each > "\x9f" for each in address.strip())
    host = host if host in named else host_name(host)
    if parts.scheme.lower() != "https" or not host or not plain or "@" in parts.netloc or parts.query or parts.fragment:
        raise InvalidInput("save_address", field="address")
    path = quote(unquote(parts.path), safe=_KEPT)
    if any(each in (".", "..") for each in unquote(parts.path).split("/")):
        raise InvalidInput("save_address", field="address")
    return Folder(host, port, "/" + path.strip("/") + "/" if path.strip("/") else "/")


def check(folder: Folder, credentials: Credentials, network: Network) -> None:
    """Whether the folder is there and opens with this password. One connection. Raises as ``put``."""
    with _talking(folder, network, seconds=SECONDS) as stream:
        status = _ask(stream, folder, "PROPFIND", "", credentials, more="Depth: 0\r\nContent-Length: 0\r\n")
    if status != 207:
        raise _refusal(folder, status)


def put(folder: Folder, name: str, content: BinaryIO, *, size: int, credentials: Credentials, network: Network) -> str:
    """Put a file into a folder under its name, or under one with a number where that is taken; returns the name it has now.

    The content is read from its beginning, in pieces, and never held in memory. Two connections, and one more for each name that is
    taken. Raises NotAllowed("save_host") for an address we do not go to, ServerUnavailable("save_unreachable"), and ServerRefused:
    ``save_credentials``, ``save_forbidden``, ``save_folder``, ``save_too_large``, ``save_full``, ``save_taken``, ``save_refused``.
    """
    for number in range(1, NAMES + 1):
        tried = numbered(name, number)
        with _talking(folder, network, seconds=SECONDS) as stream:
            status = _ask(stream, folder, "HEAD", tried, credentials)
        if status in (401, 403) or 300 <= status < 400:
            raise _refusal(folder, status)
        if status in (404, 410):
            status = _send(folder, tried, content, size=size, credentials=credentials, network=network)
            if status in (200, 201, 204):
                return tried
            # Somebody else took the name in between.
            if status != 412:
                raise _refusal(folder, status)
    raise ServerRefused("save_taken", host=folder.host, name=name)


def numbered(name: str, number: int) -> str:
    """A file name, from the second on with its number in front of its extension."""
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension) > 10:
        stem, dot, extension = name, "", ""
    mark = f" ({number})" if number > 1 else ""
    room = NAME_OCTETS - len(f"{mark}{dot}{extension}".encode())
    return stem.encode("utf-8", "replace")[:room].decode("utf-8", "ignore") + mark + dot + extension


def _send(folder: Folder, name: str, content: BinaryIO, *, size: int, credentials: Credentials, network: Network) -> int:
    with _talking(folder, network, seconds=SECONDS + size / SLOWEST) as stream:
        # Where a file of that name is there nevertheless, a server has to refuse (RFC 9110 §13.1.2).
        more = f"If-None-Match: *\r\nContent-Type: application/octet-stream\r\nContent-Length: {size}\r\n"
        content.seek(0)
        return _ask(stream, folder, "PUT", name, credentials, more=more, content=content)


@contextmanager
def _talking(folder: Folder, network: Network, *, seconds: float) -> Iterator[TimedStream]:
    """A connection to the server of a folder, and its errors made into ours."""
    try:
        stream = open_stream(network, folder.host, folder.port, tls=True, deadline=Deadline(seconds))
        try:
            yield stream
        finally:
            stream.close()
    except FetchError as error:
        if error.code == "address":
            raise NotAllowed("save_host", host=folder.host) from error
        raise ServerUnavailable("save_tls" if error.code == "tls" else "save_unreachable", host=folder.host) from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise ServerUnavailable("save_unreachable", host=folder.host) from error


def _ask(
    stream: TimedStream,
    folder: Folder,
    method: str,
    name: str,
    credentials: Credentials,
    *,
    more: str = "",
    content: BinaryIO | None = None,
) -> int:
    """Send a request and read the status of the answer, and no more of it."""
    secret = base64.b64encode(f"{credentials.username}:{credentials.password}".encode()).decode("ascii")
    head = f"{method} {folder.path}{quote(name, safe='')} HTTP/1.1\r\nHost: {folder.authority}\r\nAuthorization: Basic {secret}\r\n"
    stream.send(f"{head}User-Agent: Webmail\r\nConnection: close\r\n{more}\r\n".encode("ascii"))
    while content is not None and (piece := content.read(PIECE)):
        stream.send(piece)
    answer = http.client.HTTPResponse(stream, method=method)  # type: ignore[arg-type]  # it only asks for a file to read
    answer.begin()
    return answer.status


def _refusal(folder: Folder, status: int) -> ServerRefused:
    return ServerRefused(_REFUSALS.get(status, "save_refused"), host=folder.host, status=status)
