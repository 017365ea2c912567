"""The way out: a host looked up once, the address found checked, and a connection to that very address, within a time limit."""

from __future__ import annotations

import contextlib
import io
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from webmail.imageproxy.addresses import is_address, is_public

LOOKUPS = 16
"""Look-ups that may hang at once: the system's resolver knows no time limit, so each has a thread of its own."""
_lookups = threading.BoundedSemaphore(LOOKUPS)


class FetchError(Exception):
    """An image that cannot or may not be fetched; ``code`` says why, for tests and for people who look for a fault."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def _looked_up(host: str) -> list[str]:
    return [str(found[4][0]) for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]


def _connected(address: str, port: int, timeout: float) -> socket.socket:
    return socket.create_connection((address, port), timeout)


@lru_cache(maxsize=1)
def _verifying() -> ssl.SSLContext:
    """Made when the first picture is fetched: reading all authorities of the system takes a tenth of a second."""
    return ssl.create_default_context()


@dataclass(frozen=True, slots=True)
class Network:
    """How hosts are looked up and connected to; by default the real network, and of that only what is public.

    ``context`` gives what verifies certificates and names. Tests give other functions, to watch and to lead connections to servers of
    their own; nothing else does.
    """

    resolve: Callable[[str], Sequence[str]] = _looked_up
    permitted: Callable[[str], bool] = is_public
    connect: Callable[[str, int, float], socket.socket] = _connected
    context: Callable[[], ssl.SSLContext] = _verifying


PUBLIC = Network()


class Deadline:
    """The moment by which everything must be done."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds until then. Raises FetchError("timeout") where there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise FetchError("timeout")
        return left


def open_stream(network: Network, host: str, port: int, *, tls: bool, deadline: Deadline) -> TimedStream:
    """A connection to a host, over TLS with its name verified if asked for; the caller closes it.

    The host is looked up once and connected to by the address found, so that a second answer of its name server changes
    nothing. Raises FetchError.
    """
    addresses = [each for each in dict.fromkeys(_resolved(network, host, deadline)) if network.permitted(each)]
    if not addresses:
        raise FetchError("address")
    opened = _first(network, addresses, port, deadline)
    try:
        # What we are connected to is asked of the socket, whatever lies between it and the address we gave.
        if not network.permitted(str(opened.getpeername()[0])):
            raise FetchError("address")
        if tls:
            opened.settimeout(deadline.left())
            opened = network.context().wrap_socket(opened, server_hostname=host)
    except (OSError, ValueError) as error:
        opened.close()
        raise FetchError("tls" if tls else "connect") from error
    except FetchError:
        opened.close()
        raise
    return TimedStream(opened, deadline)


def _first(network: Network, addresses: Sequence[str], port: int, deadline: Deadline) -> socket.socket:
    """A connection to the first of a few addresses that answers, with time kept for the next one."""
    for number, address in enumerate(addresses[:3], start=1):
        left = deadline.left()
        with contextlib.suppress(OSError):
            return network.connect(address, port, left if number == len(addresses) else left / 2)
    raise FetchError("connect")


def _resolved(network: Network, host: str, deadline: Deadline) -> list[str]:
    if is_address(host):
        return [host]
    if not _lookups.acquire(timeout=deadline.left()):
        raise FetchError("timeout")
    answer: queue.SimpleQueue[list[str]] = queue.SimpleQueue()

    def look() -> None:
        try:
            answer.put(list(network.resolve(host)))
        except (OSError, UnicodeError):
            answer.put([])
        finally:
            _lookups.release()

    threading.Thread(target=look, name="image host look-up", daemon=True).start()
    try:
        found = answer.get(timeout=deadline.left())
    except queue.Empty:
        raise FetchError("timeout") from None
    if not found:
        raise FetchError("unknown_host")
    return found


class TimedStream(io.RawIOBase):
    """What a socket says, each read of it within what is left of the time; it is the socket for ``http.client`` too."""

    def __init__(self, opened: socket.socket, deadline: Deadline) -> None:
        self._socket = opened
        self._deadline = deadline

    def readable(self) -> bool:
        """It can be read."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # any buffer would do
        """Read what is there into a buffer. Raises FetchError when the time is over, OSError when the connection breaks."""
        self._socket.settimeout(self._deadline.left())
        return self._socket.recv_into(buffer)

    def send(self, content: bytes) -> None:
        """Send all of it within the time."""
        self._socket.settimeout(self._deadline.left())
        self._socket.sendall(content)

    def makefile(self, _mode: str) -> io.BufferedReader:
        """The same with a buffer, as ``http.client`` asks for it."""
        return io.BufferedReader(self)

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()
        super().close()
