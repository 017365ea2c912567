"""Wire: one connection, lines out and replies in, with a time limit on everything and a transcript without secrets."""

from __future__ import annotations

import contextlib
import fcntl
import socket
import ssl
import sys
import termios
import time

from webmail.errors import InvalidInput, ServerUnavailable, ServerUnusable
from webmail.reaching import wrap
from webmail.smtp.reply import Reply, make_reply, read_line

# RFC 5321 §4.5.3.1.5 allows 512 octets a line. Some servers write more; none needs this much.
_LONGEST_LINE = 4096
_MOST_LINES = 128
_HIDDEN = "***"


class Wire:
    """A connection to an SMTP server. Owned by one thread. After any error it is closed: the dialogue has lost its place."""

    def __init__(self, connection: socket.socket, *, host: str, timeout: float, transcript: list[str] | None = None) -> None:
        self._socket = connection
        self._received = bytearray()
        self._secrets: list[str] = []
        self.host = host
        self.timeout = timeout
        self.closed = False
        self.tls = ""
        self.transcript: list[str] = [] if transcript is None else transcript

    def command(self, line: str, *, shown: str = "") -> Reply:
        """Send one command line and return the reply to it. ``shown`` stands for it in the transcript.

        Raises InvalidInput for a line with CR, LF or NUL (nothing is sent), ServerUnavailable for a broken dialogue
        (``disconnected``, ``timeout``, ``response``) and for the answer 421 (``unavailable``).
        """
        if any(character in line for character in "\r\n\0"):
            raise InvalidInput("control_character", field="command")
        if self._received:
            # An answer to a question not yet asked would be taken for the answer to this one.
            early = self.receive()
            raise self.unusable_answer(early.text)
        self.transcript.append(f"C: {shown or line}")
        self.send(line.encode() + b"\r\n")
        return self.receive()

    def hide(self, secret: str) -> None:
        """Blank this text wherever the server repeats it."""
        if secret:
            self._secrets.append(secret)

    def send(self, data: bytes, *, within: float = 0) -> None:
        """Send bytes as they are. Raises ServerUnavailable("disconnected" or "timeout")."""
        try:
            self._socket.settimeout(within or self.timeout)
            self._socket.sendall(data)
        except OSError as error:
            raise self._broken(error) from error

    def receive(self, *, within: float = 0) -> Reply:
        """The next reply, all its lines within the time limit. Raises as ``command`` does."""
        deadline = time.monotonic() + (within or self.timeout)
        lines: list[str] = []
        more = True
        while more:
            line = self._line(deadline)
            try:
                code, more, text = read_line(line)
            except ValueError as error:
                raise self.unusable_answer(self._without_secrets(str(error))) from None
            lines.append(self._without_secrets(text))
            self.transcript.append(f"S: {code}{'-' if more else ' '}{lines[-1]}")
            if len(lines) > _MOST_LINES:
                raise self.unusable_answer(lines[0])
        reply = make_reply(code, lines)
        if reply.code == 421:
            self.close()
            raise ServerUnavailable("unavailable", host=self.host, server_text=reply.text)
        return reply

    def spoken_early(self) -> Reply | None:
        """What the server has said out of turn, or None; costs no waiting. Raises ServerUnavailable if the server is gone."""
        try:
            self._socket.settimeout(0)
            data = self._socket.recv(_LONGEST_LINE)
        except (BlockingIOError, ssl.SSLWantReadError):
            pass
        except OSError as error:
            raise self._broken(error) from error
        else:
            if not data:
                raise self._broken(None)
            self._received += data
        return self.receive() if self._received else None

    def settle(self, *, within: float) -> None:
        """Wait, for a moment, until the machine of the server has received what was sent, so that a reset would be known.

        Where the system does not tell, nothing is waited for.
        """
        until = time.monotonic() + within
        pause = 0.0002
        while self._unreceived() and time.monotonic() < until:
            time.sleep(pause)
            pause = min(pause * 2, 0.02)

    def _unreceived(self) -> int:
        """Octets in the send queue that the other side has not acknowledged (tcp(7), SIOCOUTQ)."""
        try:
            return int.from_bytes(fcntl.ioctl(self._socket.fileno(), termios.TIOCOUTQ, b"\0\0\0\0"), sys.byteorder)
        except (OSError, ValueError):
            return 0

    def unusable_answer(self, text: str) -> ServerUnavailable:
        """Close the connection, and the error that says why: what came makes no sense at this place."""
        self.close()
        return ServerUnavailable("response", host=self.host, server_text=text)

    def start_tls(self, context: ssl.SSLContext) -> None:
        """Go over to TLS. Raises ServerUnusable and ServerUnavailable as ``tls.wrap`` does, and ``starttls_injection``.

        What has arrived before the hand-shake was not protected by it: whoever is in between may have written it.
        """
        if self._received:
            self.close()
            raise ServerUnusable("starttls_injection", host=self.host)
        try:
            protected = wrap(self._socket, context, host=self.host, timeout=self.timeout)
        except BaseException:
            self.close()
            raise
        cipher = protected.cipher()
        self._socket = protected
        self.tls = f"{protected.version()} {cipher[0] if cipher else ''}".strip()
        self.transcript.append(f"-- {self.tls}")

    def close(self) -> None:
        """Close the connection. Never raises; may be called again."""
        self.closed = True
        with contextlib.suppress(OSError):
            self._socket.close()

    def _line(self, deadline: float) -> bytes:
        while (end := self._received.find(b"\n")) < 0:
            if len(self._received) > _LONGEST_LINE:
                raise self.unusable_answer("")
            self._fill(deadline)
        line = bytes(self._received[:end]).removesuffix(b"\r")
        del self._received[: end + 1]
        if len(line) > _LONGEST_LINE:
            raise self.unusable_answer("")
        return line

    def _fill(self, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise self._broken(TimeoutError())
        try:
            self._socket.settimeout(left)
            data = self._socket.recv(_LONGEST_LINE)
        except OSError as error:
            raise self._broken(error) from error
        if not data:
            raise self._broken(None)
        self._received += data

    def _broken(self, error: OSError | None) -> ServerUnavailable:
        self.close()
        return ServerUnavailable("timeout" if isinstance(error, TimeoutError) else "disconnected", host=self.host)

    def _without_secrets(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, _HIDDEN)
        return text
