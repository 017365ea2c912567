"""One conversation with a server: tagged commands out, framed responses in; knows lines and literals, not what they mean.

Whatever goes wrong on the way (silence, a cut, octets that cannot be framed) ends the conversation for good: an answer
that comes late must never be taken for the answer to the next command.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from webmail.account import Server
from webmail.errors import ServerUnavailable
from webmail.imap.response import Condition, Response, condition, untagged

LINE_OCTETS = 32 << 20
"""A SEARCH of four million messages fits into one line."""
ANSWER_OCTETS = 256 << 20
"""More than the flags of a million messages; an endless answer ends here."""

LOOK_SECONDS = 0.5
"""How often somebody who waits for news is asked whether it is still wanted."""
TOGETHER_SECONDS = 0.02
MANY = 1000

_LITERAL = re.compile(rb"~?\{(\d{1,12})\+?\}$")
_STATUS = re.compile(rb"\* (?:OK|NO|BAD|BYE|PREAUTH)\b", re.IGNORECASE)
_TAGGED = re.compile(rb"([^\s*+]+) (OK|NO|BAD)(?: (.*))?$", re.IGNORECASE | re.DOTALL)


class Transport(Protocol):
    """The open socket, as imaplib keeps it."""

    def send(self, data: bytes, /) -> None: ...

    def readline(self, limit: int, /) -> bytes: ...

    def read(self, size: int, /) -> bytes: ...

    def readable(self, seconds: float, /) -> bool: ...

    def settimeout(self, seconds: float, /) -> None: ...

    def close(self) -> None: ...

    def abandon(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to one command: how it ended, and the untagged responses the command asked for."""

    condition: Condition
    responses: list[Response]

    @property
    def ok(self) -> bool:
        return self.condition.status == "OK"


class Exchange:
    """Commands and answers on one transport, one at a time. ``usable`` turns false for ever once framing is lost."""

    def __init__(self, transport: Transport, *, server: Server, timeout: float) -> None:
        self.server = server
        self.transport = transport
        self.timeout = timeout
        self.usable = True
        self.farewell: Condition | None = None
        self._tag = 0
        self._answered = 0

    def run(self, segments: Sequence[bytes], *, note: Callable[[Response], bool], seconds: float | None = None) -> Reply:
        """Send a command and read its whole answer.

        ``note`` sees every untagged response as it comes and says whether to keep it for the reply. Each segment after
        the first waits until the server agrees. Raises ServerUnavailable: ``timeout``, ``disconnected``, ``protocol``.
        """
        if not self.usable:
            raise self._unavailable("disconnected")
        self._tag += 1
        tag = b"W%d" % self._tag
        self._answered = 0
        kept: list[Response] = []
        waiting = list(segments[1:])
        with self._all_or_nothing(seconds):
            self.transport.send(tag + b" " + segments[0])
            while True:
                pieces = self._response()
                line = pieces[0]
                if line.startswith(b"* "):
                    response = untagged(pieces)
                    if response.kind == "BYE":
                        self.farewell = condition("BYE", response.pieces[0])
                    if note(response):
                        kept.append(response)
                elif line.startswith(b"+") and waiting:
                    self.transport.send(waiting.pop(0))
                else:
                    return Reply(self._ended(line, tag), kept)

    def idle(self, *, note: Callable[[Response], bool], until: Callable[[], bool]) -> Reply:
        """IDLE until the server tells something that ``note`` keeps, or ``until`` says that it is enough; asked twice a second.

        Then it is ended: the tagged answer proves that the server lives. What comes within a moment of the first is taken
        along. Raises as ``run``. RFC 9051 §6.3.13.
        """
        if not self.usable:
            raise self._unavailable("disconnected")
        self._tag += 1
        tag = b"W%d" % self._tag
        self._answered = 0
        kept: list[Response] = []
        with self._all_or_nothing(None):
            self.transport.send(tag + b" IDLE\r\n")
            ended = self._take(tag, note, kept)
            while ended is None and not (kept or until()):
                if self.transport.readable(LOOK_SECONDS):
                    ended = self._take(tag, note, kept)
            while ended is None and kept and self.transport.readable(TOGETHER_SECONDS) and len(kept) < MANY:
                ended = self._take(tag, note, kept)
            if ended is None:
                self.transport.send(b"DONE\r\n")
            while ended is None:
                ended = self._take(tag, note, kept)
        return Reply(ended, kept)

    def _take(self, tag: bytes, note: Callable[[Response], bool], kept: list[Response]) -> Condition | None:
        """Read one response; returns how the command ended if that was it. Leave to go on needs no answer here."""
        pieces = self._response()
        if pieces[0].startswith(b"* "):
            response = untagged(pieces)
            if response.kind == "BYE":
                self.farewell = condition("BYE", response.pieces[0])
            if note(response):
                kept.append(response)
            return None
        return None if pieces[0].startswith(b"+") else self._ended(pieces[0], tag)

    def _ended(self, line: bytes, tag: bytes) -> Condition:
        match = _TAGGED.match(line)
        if match is None or match[1] != tag:
            raise self._unavailable("protocol")
        return condition(match[2].decode("ascii").upper(), match[3] or b"")

    @contextmanager
    def _all_or_nothing(self, seconds: float | None) -> Iterator[None]:
        """Close the transport unless the whole answer was read; give socket errors our names."""
        self.usable = False
        try:
            if seconds is not None:
                self.transport.settimeout(seconds)
            yield
            if seconds is not None:
                self.transport.settimeout(self.timeout)
            self.usable = self.farewell is None
        except TimeoutError as error:
            raise self._unavailable("timeout") from error
        except (OSError, ssl.SSLError, ValueError, EOFError) as error:
            raise self._cut() from error
        finally:
            if not self.usable:
                self.transport.close()

    def _cut(self) -> ServerUnavailable:
        """The connection ended; a server that said why is quoted."""
        if self.farewell is None:
            return self._unavailable("disconnected")
        code = self.farewell.code.lower() if self.farewell.code in {"UNAVAILABLE", "LIMIT", "INUSE"} else "disconnected"
        return self._unavailable(code, server_text=self.farewell.text)

    def _unavailable(self, code: str, *, server_text: str = "") -> ServerUnavailable:
        return ServerUnavailable(code, server_text=server_text, host=self.server.host, port=self.server.port)

    def _response(self) -> list[bytes]:
        """One response: its text and literals in turn, beginning and ending with text."""
        line = self._line()
        while not line:
            line = self._line()
        match = _LITERAL.search(line) if line.endswith(b"}") else None
        if match is None or _STATUS.match(line) or not line.startswith(b"* "):
            return [line]
        pieces = [line]
        while match is not None:
            pieces[-1] = line[: match.start()]
            pieces.append(self._octets(int(match[1])))
            line = self._line()
            pieces.append(line)
            match = _LITERAL.search(line) if line.endswith(b"}") else None
        return pieces

    def _line(self) -> bytes:
        line = self.transport.readline(LINE_OCTETS)
        if not line.endswith(b"\n"):
            raise EOFError if len(line) < LINE_OCTETS else self._unavailable("protocol")
        self._count(len(line))
        return line[:-2] if line.endswith(b"\r\n") else line[:-1]

    def _octets(self, size: int) -> bytes:
        self._count(size)
        found = self.transport.read(size)
        if len(found) < size:
            raise EOFError
        return found

    def _count(self, octets: int) -> None:
        self._answered += octets
        if self._answered > ANSWER_OCTETS:
            raise self._unavailable("protocol")

    def close(self) -> None:
        """End the conversation without ceremony."""
        self.usable = False
        self.transport.close()
