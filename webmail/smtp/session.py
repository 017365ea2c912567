"""Session: one visit to a submission server, command by command (RFC 6409, RFC 5321)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Literal, Self

from webmail.account import Credentials, Security, Server
from webmail.errors import Conflict, InvalidInput, ServerRefused, ServerUnavailable, ServerUnusable, WebmailError
from webmail.reaching import open_socket
from webmail.smtp.authentication import authenticate
from webmail.smtp.body import check_body, stuffed
from webmail.smtp.reply import Reply
from webmail.smtp.wire import Wire
from webmail.tls import verifying_context

# The name we give. An address literal needs no look-up, and this one tells nobody where the person's server stands.
_OUR_NAME = "[127.0.0.1]"
# RFC 5321 §4.5.3.2.5 and §4.5.3.2.6: how long a block of data, and the answer to the final dot, may take.
_BLOCK_SECONDS = 180
_ANSWER_SECONDS = 600
_QUIT_SECONDS = 5
_SETTLE_SECONDS = 1.0

_KEYWORD = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]{0,63})(?:[ =](.*))?")
# Mailbox of RFC 5321 §4.1.2, letters of RFC 6531 included. Nothing in it can end the path or the line.
_PATH = re.compile(
    r'(?:"(?:[^"\\\x00-\x1f\x7f-\x9f]|\\[\x20-\x7e])*"|[^\s<>()\[\]\\,;:@"\x00-\x1f\x7f-\x9f]+)@[^\s<>()\\,;@"\x00-\x1f\x7f-\x9f]+'
)


def connect(server: Server, *, timeout: float = 30, transcript: list[str] | None = None) -> Session:
    """A session that has been greeted, protected as ``server.security`` says, and has said EHLO.

    ``timeout`` is in seconds and holds for each step by itself. What both sides say is added to ``transcript`` as it is said,
    so that it is there also where nothing comes of it. Raises ServerUnavailable (``connect``, ``timeout``,
    ``greeting``, ``disconnected``, ``response``, ``unavailable``) and ServerUnusable (``insecure``, ``tls_expired``,
    ``tls_hostname``, ``tls_certificate``, ``tls_failed``, ``tls_ca_file``, ``starttls_refused``, ``starttls_injection``).
    The caller closes the session: use it in ``with``.
    """
    context = verifying_context(server) if server.security is not Security.NONE else None
    wire = Wire(open_socket(server, timeout=timeout), host=server.host, timeout=timeout, transcript=transcript)
    try:
        if context and server.security is Security.TLS:
            wire.start_tls(context)
        _greeting(wire)
        extensions = _hello(wire)
        if context and server.security is Security.STARTTLS:
            if "STARTTLS" not in extensions:
                raise ServerUnusable("starttls_refused", host=server.host)
            reply = wire.command("STARTTLS")
            if reply.kind == "temporary":
                raise ServerUnavailable("unavailable", host=server.host, server_text=reply.text)
            if reply.code != 220:
                raise ServerUnusable("starttls_refused", host=server.host, server_text=reply.text)
            wire.start_tls(context)
            # What was said before could have been written by anybody (RFC 3207 §4.2).
            extensions = _hello(wire)
    except BaseException:
        wire.close()
        raise
    return Session(wire, extensions=extensions)


class Session:
    """A connection on which one message after another can be handed over. Owned by one thread.

    Every method raises ServerUnavailable when the dialogue breaks or the server answers 421.
    """

    def __init__(self, wire: Wire, *, extensions: Mapping[str, str]) -> None:
        self._wire = wire
        self._smtputf8 = False
        self._turn: Literal["command", "body", "answer"] = "command"
        self.extensions = extensions

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is None:
            self.quit()
        else:
            self.close()

    @property
    def tls(self) -> str:
        """Version and cipher; empty where the connection is not protected (loopback only)."""
        return self._wire.tls

    @property
    def transcript(self) -> list[str]:
        """Both sides of the dialogue so far: ``C:`` ours, ``S:`` theirs; secrets blanked, the body as its size."""
        return list(self._wire.transcript)

    @property
    def max_size(self) -> int:
        """The largest message the server says it takes, in bytes; 0 where it does not say (RFC 1870)."""
        size = self.extensions.get("SIZE", "")
        return int(size) if size.isascii() and size.isdigit() and len(size) < 19 else 0

    def authenticate(self, credentials: Credentials) -> None:
        """Sign in (RFC 4954). Raises as ``authentication.authenticate`` does. Nothing unprotected leaves this machine: see ``connect``."""
        mechanisms = self.extensions.get("AUTH", "").upper().split()
        self._expect("command")
        authenticate(self._wire, mechanisms, credentials=credentials)

    def mail(self, sender: str, *, size: int, smtputf8: bool = False, eight_bit: bool = False, envelope_id: str = "") -> Reply:
        """Begin a message. ``sender`` may be empty (a notification); ``eight_bit`` says that the body is not 7-bit clean.

        ``envelope_id`` comes back in reports, where the server offers them (RFC 3461 §4.4).

        Raises ServerRefused: with the server's code and words, or before asking it: ``size`` (values ``size``,
        ``limit``), ``smtputf8``, ``eight_bit``. Raises InvalidInput for an address that is none.
        """
        if smtputf8 and "SMTPUTF8" not in self.extensions:
            raise ServerRefused("smtputf8", address=sender)
        if eight_bit and "8BITMIME" not in self.extensions:
            raise ServerRefused("eight_bit")
        if self.max_size and size > self.max_size:
            raise ServerRefused("size", size=size, limit=self.max_size)
        self._smtputf8 = smtputf8
        words = [f"MAIL FROM:<{self._path(sender, field='sender') if sender else ''}>"]
        if "SIZE" in self.extensions:
            words.append(f"SIZE={size}")
        if eight_bit or (smtputf8 and "8BITMIME" in self.extensions):
            words.append("BODY=8BITMIME")
        if smtputf8:
            words.append("SMTPUTF8")
        if envelope_id and "DSN" in self.extensions:
            words.append(f"RET=HDRS ENVID={xtext(envelope_id)}")
        reply = self._command(" ".join(words))
        if reply.enhanced == "5.3.4":
            raise ServerRefused("size", server_code=reply.status, server_text=reply.text, size=size, limit=self.max_size)
        return _granted(self._wire, reply, expected=2)

    def rcpt(self, address: str, *, notify: str = "") -> Reply:
        """Name one recipient; the reply, of any kind, is that recipient's.

        ``notify`` is what to be told of later, ``SUCCESS,FAILURE,DELAY`` or ``NEVER``, where the server offers it (RFC 3461 §4.1).

        Raises ServerRefused("smtputf8") for an address with letters beyond ASCII unless ``mail`` asked for SMTPUTF8,
        and InvalidInput for an address that is none; the session goes on.
        """
        words = [f"RCPT TO:<{self._path(address, field='recipient')}>"]
        if notify and "DSN" in self.extensions:
            words.append(f"NOTIFY={notify} ORCPT={'rfc822' if address.isascii() else 'utf-8'};{xtext(address)}")
        reply = self._command(" ".join(words))
        return reply if reply.code >= 400 else _granted(self._wire, reply, expected=2)

    def data(self) -> Reply:
        """Ask to send the message. Raises ServerRefused unless the server says 354. Nothing is handed over yet."""
        reply = _granted(self._wire, self._command("DATA"), expected=3)
        self._turn = "body"
        return reply

    def send_body(self, raw: bytes, *, before_end: Callable[[], None] = lambda: None) -> None:
        """Send the message, call ``before_end``, send the final dot; ``wait`` reads the answer.

        Without its final dot a message is dropped by the server, so ``before_end`` is the last moment at which nothing is
        handed over; what it raises leaves the dot unsent and the connection closed (RFC 5321 §4.1.1.4). Raises InvalidInput
        (``bare_line_break``, ``nul``) before the first byte. Raises ServerUnavailable: with ``no_answer`` the final dot may
        have arrived; with any other code it was not sent. The same holds for ServerRefused, of a server that did not wait
        for the end.
        """
        self._expect("body")
        check_body(raw)
        wire = self._wire
        wire.transcript.append(f"C: <{len(raw)} octets>")
        for piece in stuffed(raw):
            wire.send(piece, within=max(wire.timeout, _BLOCK_SECONDS))
        # A server that gave up meanwhile has said so or is gone. Without the dot nothing was handed over: better known now.
        wire.settle(within=_SETTLE_SECONDS)
        self._nothing_said()
        try:
            before_end()
        except BaseException:
            self.close()
            raise
        self._nothing_said()
        self._turn = "answer"
        wire.transcript.append("C: .")
        try:
            wire.send(b".\r\n")
        except ServerUnavailable as error:
            raise ServerUnavailable("no_answer", host=wire.host, reason=error.code) from error

    def _nothing_said(self) -> None:
        """Raises what a server says or does that does not wait for the end of a message."""
        early = self._wire.spoken_early()
        if early:
            self.close()
            _granted(self._wire, early, expected=4)

    def wait(self, timeout: float = _ANSWER_SECONDS) -> Reply:
        """The answer to the final dot, of any kind: a 2yz means the server has the message and answers for it.

        Raises ServerUnavailable("no_answer") if none came that could be understood: the message may have been taken. RFC 5321
        §4.5.3.2.6 asks for at least ten minutes: a message sent again by the impatient arrives twice.
        """
        self._expect("answer")
        try:
            reply = self._wire.receive(within=timeout)
        except ServerUnavailable as error:
            if error.code == "unavailable":
                raise
            raise ServerUnavailable("no_answer", host=self._wire.host, reason=error.code, server_text=error.server_text) from error
        if reply.code < 400 and reply.code // 100 != 2:
            self.close()
            raise ServerUnavailable("no_answer", host=self._wire.host, reason="response", server_text=reply.text)
        self._turn = "command"
        return reply

    def reset(self) -> None:
        """Forget the message begun (RSET), to begin another. Raises ServerRefused."""
        _granted(self._wire, self._command("RSET"), expected=2)

    def quit(self) -> None:
        """Take leave and close. Never raises: what was said before stands."""
        try:
            if self._turn == "command" and not self._wire.closed:
                self._wire.timeout = min(self._wire.timeout, _QUIT_SECONDS)
                self._command("QUIT")
        except WebmailError:
            pass
        finally:
            self.close()

    def close(self) -> None:
        """Close the connection without a word. A message whose final dot was not sent is thus dropped by the server."""
        self._wire.close()

    def _command(self, line: str) -> Reply:
        self._expect("command")
        return self._wire.command(line)

    def _expect(self, turn: str) -> None:
        """A command sent while the body is under way would become part of the message."""
        if self._turn != turn:
            raise Conflict("out_of_turn", expected=self._turn)

    def _path(self, address: str, *, field: str) -> str:
        if not _PATH.fullmatch(address) or not _encodable(address):
            raise InvalidInput("address", field=field, address=address)
        if not address.isascii() and not self._smtputf8:
            raise ServerRefused("smtputf8", address=address)
        return address


def xtext(text: str) -> str:
    """Text as a parameter of MAIL and RCPT: what could end it is written by its number (RFC 3461 §4, RFC 6533 §3)."""
    if text.isascii():
        return "".join(each if "!" <= each <= "~" and each not in "+=" else f"+{ord(each):02X}" for each in text)
    return "".join(each if each > "~" or (each >= "!" and each not in "+=\\") else f"\\x{{{ord(each):X}}}" for each in text)


def _greeting(wire: Wire) -> None:
    try:
        reply = wire.receive()
    except ServerUnavailable as error:
        if error.code != "response":
            raise
        raise ServerUnavailable("greeting", host=wire.host, server_text=error.server_text) from error
    if reply.code != 220:
        raise ServerUnavailable("greeting", host=wire.host, server_text=reply.text)


def _hello(wire: Wire) -> dict[str, str]:
    """The extensions the server offers, by keyword in upper case; none from a server that only knows HELO."""
    reply = wire.command(f"EHLO {_OUR_NAME}")
    old = reply.kind == "permanent"
    if old:
        reply = wire.command(f"HELO {_OUR_NAME}")
    if not reply.ok:
        raise ServerUnavailable("unavailable", host=wire.host, server_text=reply.text)
    if old:
        return {}
    extensions: dict[str, str] = {}
    for line in reply.text.split("\n")[1:]:
        match = _KEYWORD.fullmatch(line)
        if match:
            # "AUTH=LOGIN" is how some servers repeat "AUTH PLAIN LOGIN" for clients of the last century.
            keyword, words = match[1].upper(), (match[2] or "").strip()
            extensions[keyword] = f"{extensions[keyword]} {words}" if keyword == "AUTH" and keyword in extensions else words
    return extensions


def _granted(wire: Wire, reply: Reply, *, expected: int) -> Reply:
    """The reply, if its first digit is the one expected; else the refusal it is, or the sign of a dialogue gone wrong."""
    if reply.kind != "ok":
        raise ServerRefused(
            "refused", host=wire.host, server_code=reply.status, server_text=reply.text, transient=reply.kind == "temporary"
        )
    if reply.code // 100 != expected:
        raise wire.unusable_answer(reply.text)
    return reply


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
