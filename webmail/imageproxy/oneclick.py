"""One click: the POST that leaves a mailing list, made by the server and only because somebody pressed a button (RFC 8058).

It goes by https to public addresses only, follows nothing, sends nothing of ours along, and reads the status line and no more.
"""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit

from webmail.errors import NotAllowed, ServerRefused, ServerUnavailable
from webmail.imageproxy.fetching import PORTS, Target, target_of
from webmail.imageproxy.network import Deadline, FetchError, Network, open_stream

SECONDS = 10
_BODY = "List-Unsubscribe=One-Click"
_HEADERS = (
    f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(_BODY)}\r\nUser-Agent: Webmail\r\nConnection: close\r\n\r\n"
)


def leave(url: str, network: Network) -> None:
    """Ask to be taken off a list, at its https address. One connection, at most ten seconds.

    Raises NotAllowed("unsubscribe_address") for an address we do not go to, ServerUnavailable("unsubscribe_unreachable"),
    and ServerRefused("unsubscribe_refused") for every answer but success: a redirect is none (RFC 8058 §3.1).
    """
    host = _host(url)
    try:
        target = target_of(url)
        if not target.tls:
            raise FetchError("address")
        status = _status(target, network)
    except FetchError as error:
        if error.code == "address":
            raise NotAllowed("unsubscribe_address", host=host) from error
        raise ServerUnavailable("unsubscribe_unreachable", host=host) from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise ServerUnavailable("unsubscribe_unreachable", host=host) from error
    if not 200 <= status < 300:
        raise ServerRefused("unsubscribe_refused", host=host, status=status)


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _status(target: Target, network: Network) -> int:
    stream = open_stream(network, target.host, PORTS["https"], tls=True, deadline=Deadline(SECONDS))
    try:
        shown = f"[{target.host}]" if ":" in target.host else target.host
        stream.send(f"POST {target.path} HTTP/1.1\r\nHost: {shown}\r\n{_HEADERS}{_BODY}".encode("ascii"))
        answer = http.client.HTTPResponse(stream, method="POST")  # type: ignore[arg-type]  # it only asks for a file to read
        answer.begin()
        return answer.status
    finally:
        stream.close()
