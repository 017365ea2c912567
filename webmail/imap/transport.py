"""The socket under a connection: reading ahead, changing to TLS, and letting go in a child process."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
from io import BufferedReader
from time import monotonic


class SocketTransport:
    """A connected socket and the buffer it is read through."""

    def __init__(self, connected: socket.socket, reader: BufferedReader) -> None:
        # A literal follows its command in a packet of its own; waiting to join small ones would cost 40 ms each time.
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._use(connected, reader)

    def _use(self, connected: socket.socket, reader: BufferedReader) -> None:
        self._socket = connected
        self._reader = reader
        self.send = connected.sendall
        self.readline = reader.readline
        self.read = reader.read

    def settimeout(self, seconds: float) -> None:
        """Wait so long for each part of an answer."""
        self._socket.settimeout(seconds)

    def pending(self) -> bool:
        """Whether the server has sent more than was read; does not wait."""
        try:
            return bool(self._peek())
        except ssl.SSLWantReadError:
            return False

    def readable(self, seconds: float) -> bool:
        """Wait until there is something to read, or the end of everything, at most so long."""
        if self.pending():
            return True
        until = monotonic() + seconds
        while (left := until - monotonic()) > 0 and select.select([self._socket], [], [], left)[0]:
            try:
                self._peek()
            except ssl.SSLWantReadError:
                continue  # Something between the two ends of TLS, and nothing for us.
            return True
        return False

    def _peek(self) -> bytes:
        timeout = self._socket.gettimeout()
        self._socket.settimeout(0)
        try:
            return self._reader.peek(1)
        finally:
            self._socket.settimeout(timeout)

    def start_tls(self, context: ssl.SSLContext, *, host: str) -> None:
        """Go on in TLS; nothing read before survives. Raises ssl.SSLError and OSError."""
        protected = context.wrap_socket(self._socket, server_hostname=host)
        with contextlib.suppress(OSError):
            self._reader.close()
        self._use(protected, protected.makefile("rb"))

    def close(self) -> None:
        """Close the connection; raises nothing."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self.abandon()

    def abandon(self) -> None:
        """Close our end of the socket only: after a fork, the parent's connection must not be shut down."""
        with contextlib.suppress(OSError, ValueError):
            self._reader.close()
        with contextlib.suppress(OSError):
            self._socket.close()
