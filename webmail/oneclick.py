"""One click: the POST that leaves a mailing list (RFC 8058), made by the server and only because somebody pressed a button.

Law: it goes to addresses of the whole Internet only, by https, on the connection whose address was looked at; it follows
nothing, sends nothing of ours along, reads the status line and no more, and ends in time.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Collection
from urllib.parse import urlsplit

from webmail.errors import NotAllowed, ServerRefused, ServerUnavailable

SECONDS = 10
BODY = b"List-Unsubscribe=One-Click"
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def is_global(address: str) -> bool:
    """Whether an address is one of the whole Internet, also the IPv4 address that an IPv6 address may carry inside."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped or found.sixtofour or found.teredo or found in _NAT64:
            return False
        return found.is_global and not found.is_multicast and not found.is_site_local
    return found.is_global and not found.is_multicast


def leave(
    url: str, *, allowed: Callable[[str], bool] = is_global, ports: Collection[int] = (443,), context: ssl.SSLContext | None = None
) -> None:
    """Ask to be taken off a list, at its https address. One connection, at most ten seconds.

    Raises NotAllowed("unsubscribe_address") for an address we do not go to, ServerUnavailable("unsubscribe_unreachable"),
    and ServerRefused("unsubscribe_refused") for every answer but success: a redirect is none (RFC 8058 §3.1).
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 443
    if parts.scheme.lower() != "https" or "@" in parts.netloc or not host or port not in ports:
        raise NotAllowed("unsubscribe_address", host=host)
    try:
        with (
            _connected(host, port, allowed) as plain,
            (context or ssl.create_default_context()).wrap_socket(plain, server_hostname=host) as talk,
        ):
            # A server that sends a letter a second would never run into the time-out of a read.
            killer = threading.Timer(SECONDS, _cut, [talk])
            killer.daemon = True
            killer.start()
            try:
                status = _status(talk, parts.netloc, f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}")
            finally:
                killer.cancel()
    except (OSError, http.client.HTTPException) as error:
        raise ServerUnavailable("unsubscribe_unreachable", host=host) from error
    if not 200 <= status < 300:
        raise ServerRefused("unsubscribe_refused", host=host, status=status)


def _connected(host: str, port: int, allowed: Callable[[str], bool]) -> socket.socket:
    """A connection to an address of the host that was looked at before: the name is not looked up a second time."""
    found = [str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if not found or not all(allowed(each) for each in found):
        raise NotAllowed("unsubscribe_address", host=host)
    return socket.create_connection((found[0], port), timeout=SECONDS)


def _cut(talk: ssl.SSLSocket) -> None:
    try:
        talk.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


def _status(talk: ssl.SSLSocket, host: str, target: str) -> int:
    asking = http.client.HTTPConnection(host)
    asking.sock = talk
    headers = {"Host": host, "Content-Type": "application/x-www-form-urlencoded", "Connection": "close", "User-Agent": "Webmail"}
    asking.request("POST", target, body=BODY, headers=headers)
    return asking.getresponse().status
