"""A connection to an IMAP server: TLS, sign-in, the mailbox selected, and what the server says unasked (RFC 9051).

imapclient opens the connection; its command methods are not used, because they let line breaks through to the wire and
fail as a whole for one malformed response.
"""

from __future__ import annotations

import base64
import contextlib
import ssl
from collections.abc import Callable, Collection
from dataclasses import replace

from imapclient import IMAPClient

from webmail.account import Credentials, Security, Server
from webmail.errors import ServerUnavailable, ServerUnusable, UidValidityChanged
from webmail.imap import response as responses
from webmail.imap.arguments import Argument, MailboxName, Syntax, checked_text, segments
from webmail.imap.exchange import Exchange, Reply
from webmail.imap.refusals import login_refusal, refusal
from webmail.imap.response import MalformedError, Response
from webmail.imap.selection import Opening, Selected, Tracking, described
from webmail.imap.transport import SocketTransport
from webmail.tls import error_code, is_loopback, verifying_context

TIMEOUT = 15.0
_ALERTS = 20


def connect(server: Server, *, timeout: float = TIMEOUT) -> Connection:
    """Open a connection that is safe to send a password on. Costs a TCP and a TLS handshake and two round trips.

    Raises ServerUnavailable (``connect``, ``timeout``, ``greeting``, ``turned_away``, ``disconnected``, ``unavailable``,
    ``limit``) or ServerUnusable (``tls_expired``, ``tls_hostname``, ``tls_certificate``, ``tls_failed``, ``tls_ca_file``,
    ``starttls_refused``, ``starttls_injection``, ``preauth``, ``insecure``). RFC 9051 §11, RFC 8314.
    """
    if server.security is Security.NONE and not is_loopback(server.host):
        raise ServerUnusable("insecure", host=server.host, port=server.port)
    context = None if server.security is Security.NONE else verifying_context(server)
    client = _open(server, context=context, timeout=timeout)
    imap = client._imap
    transport = SocketTransport(client.socket(), imap.file)
    connection = Connection(Exchange(transport, server=server, timeout=timeout), capabilities=frozenset(imap.capabilities))
    try:
        if imap.state != "NONAUTH":
            raise ServerUnusable("preauth", host=server.host, port=server.port)
        if context is not None and server.security is Security.STARTTLS:
            _start_tls(connection, transport, context, server=server)
    except BaseException:
        connection.close()
        raise
    return connection


def _open(server: Server, *, context: ssl.SSLContext | None, timeout: float) -> IMAPClient:
    try:
        return IMAPClient(server.host, server.port, ssl=server.security is Security.TLS, ssl_context=context, timeout=timeout)
    except ssl.SSLError as error:
        raise ServerUnusable(error_code(error), host=server.host, port=server.port) from error
    except TimeoutError as error:
        raise ServerUnavailable("timeout", host=server.host, port=server.port) from error
    except IMAPClient.Error as error:
        raise _greeting_error(error.args[0] if error.args else b"", server=server) from error
    except (ConnectionResetError, BrokenPipeError) as error:
        raise ServerUnavailable("disconnected", host=server.host, port=server.port) from error
    except (OSError, UnicodeError) as error:
        raise ServerUnavailable("connect", host=server.host, port=server.port) from error
    except (ValueError, LookupError, AttributeError, TypeError) as error:
        raise ServerUnavailable("greeting", host=server.host, port=server.port) from error


def _greeting_error(greeting: object, *, server: Server) -> ServerUnavailable:
    """The error for a server that does not welcome us; what it says in BYE is kept."""
    if not isinstance(greeting, bytes) or not greeting.upper().startswith(b"* BYE"):
        return ServerUnavailable("greeting", host=server.host, port=server.port)
    farewell = responses.condition("BYE", greeting[6:])
    code = farewell.code.lower() if farewell.code in {"UNAVAILABLE", "LIMIT", "INUSE"} else "turned_away"
    return ServerUnavailable(code, server_text=farewell.text, host=server.host, port=server.port)


def _start_tls(connection: Connection, transport: SocketTransport, context: ssl.SSLContext, *, server: Server) -> None:
    """Change to TLS. Octets that came before TLS are refused: an attacker could have put answers there (RFC 9051 §6.2.1)."""
    if not connection.has("STARTTLS"):
        raise ServerUnusable("starttls_refused", host=server.host, port=server.port)
    reply = connection.attempt("STARTTLS")
    if not reply.ok:
        raise ServerUnusable("starttls_refused", host=server.host, port=server.port, server_text=reply.condition.text)
    if transport.pending():
        raise ServerUnusable("starttls_injection", host=server.host, port=server.port)
    try:
        transport.start_tls(context, host=server.host)
    except ssl.SSLError as error:
        raise ServerUnusable(error_code(error), host=server.host, port=server.port) from error
    except TimeoutError as error:
        raise ServerUnavailable("timeout", host=server.host, port=server.port) from error
    except OSError as error:
        raise ServerUnavailable("disconnected", host=server.host, port=server.port) from error
    connection.refresh_capabilities()


class Connection:
    """One IMAP connection, for one borrower at a time; not thread-safe.

    Attributes: ``capabilities``; ``tracking``; ``selected``; ``changed`` (the selected mailbox may not be what it was at
    ``settle``: it was opened since, or the server said so); ``opening``; ``overflowed`` (the server tells no more unasked).

    Where the server offers QRESYNC it is enabled before the first mailbox is opened; from then on the server says
    VANISHED, with UIDs, wherever it would say EXPUNGE.
    """

    def __init__(self, exchange: Exchange, *, capabilities: frozenset[str]) -> None:
        self.capabilities = capabilities
        self.tracking = Tracking.NONE
        self.selected: Selected | None = None
        self.changed = False
        self.opening: Opening | None = None
        self.overflowed = False
        self._prepared = False
        self._exchange = exchange
        self._writable = False
        self._outdated = False
        self._wanted: frozenset[str] = frozenset()
        self._alerts: list[str] = []

    @property
    def server(self) -> Server:
        """The server spoken to."""
        return self._exchange.server

    @property
    def usable(self) -> bool:
        """Whether another command can be sent; false for ever after silence, a cut or an answer that made no sense."""
        return self._exchange.usable

    def has(self, name: str) -> bool:
        """Whether the server offers a capability."""
        return name.upper() in self.capabilities

    def authenticate(self, credentials: Credentials) -> None:
        """Sign in: AUTHENTICATE PLAIN in UTF-8, or LOGIN where that is all there is. One round trip or two.

        Raises AuthenticationFailed, ServerUnavailable, ServerUnusable (``login_disabled``, ``privacy_required``) or
        InvalidInput for a line break in the name or the password. RFC 9051 §6.2.2-3, RFC 4616, RFC 4959.
        """
        checked_text(credentials.username, field="username")
        checked_text(credentials.password, field="password")
        if self.has("AUTH=PLAIN"):
            reply = self._authenticate_plain(credentials)
        elif self.has("LOGINDISABLED"):
            raise ServerUnusable("login_disabled", host=self.server.host, port=self.server.port)
        else:
            reply = self.attempt("LOGIN", credentials.username, credentials.password, untagged={"CAPABILITY"})
        if not reply.ok:
            raise login_refusal(reply.condition, server=self.server)
        if reply.condition.code != "CAPABILITY" and not reply.responses:
            self.refresh_capabilities()

    def _authenticate_plain(self, credentials: Credentials) -> Reply:
        plain = f"\0{credentials.username}\0{credentials.password}".encode("utf-8", "replace")
        command, initial = b"AUTHENTICATE PLAIN", base64.b64encode(plain) + b"\r\n"
        lines = [command + b" " + initial] if self.has("SASL-IR") else [command + b"\r\n", initial]
        return self._run(lines, untagged={"CAPABILITY"})

    def refresh_capabilities(self) -> None:
        """Ask what the server offers; needed after TLS and after sign-in, when the answer changes."""
        self.command("CAPABILITY")

    def select(self, name: str, *, uidvalidity: int | None = None, writable: bool = False, since: int = 0) -> Selected:
        """Make a mailbox the selected one. No round trip where it is already, in a mode that suits.

        With ``since``, a mod-sequence of ``uidvalidity``, the answer tells what happened after it, where the server can:
        ``opening`` holds that until the next command (RFC 7162 §3.2.5). Raises UidValidityChanged if the UIDs of
        ``uidvalidity`` name other messages now; ServerUnusable("no_uidvalidity") for a server without lasting UIDs;
        NotFound-like refusals come as ServerRefused. RFC 9051 §6.3.2-3.
        """
        current = self.selected
        if current is None or current.name != name or self._outdated or (writable and not self._writable):
            current = self._select(name, writable=writable, known=(uidvalidity or 0, since))
        if uidvalidity is not None and current.uidvalidity != uidvalidity:
            raise UidValidityChanged(name=name, expected=uidvalidity, found=current.uidvalidity)
        return current

    def _select(self, name: str, *, writable: bool, known: tuple[int, int]) -> Selected:
        # A SELECT that fails leaves no mailbox selected, whatever was selected before (RFC 9051 §6.3.2).
        arguments: list[Argument] = [MailboxName(name)]
        segments("SELECT", arguments, literal_plus=False)
        self.prepare()
        told = self.tracking is Tracking.QRESYNC and all(known)
        if told:
            arguments.append(Syntax(b"(QRESYNC (%d %d))" % known))
        elif self.tracking:
            arguments.append(Syntax(b"(CONDSTORE)"))
        self.selected = None
        kinds = {"EXISTS", "OK", "FLAGS", "FETCH", "VANISHED"}
        reply = self.attempt("SELECT" if writable else "EXAMINE", *arguments, untagged=kinds)
        if reply.condition.status == "BAD" and self.tracking:
            # It does not know what it says it offers.
            self.tracking = Tracking.NONE
            return self._select(name, writable=writable, known=(0, 0))
        if not reply.ok:
            raise refusal(reply.condition, server=self.server)
        found = described(name, reply, writable=writable)
        if found is None:
            raise ServerUnusable("no_uidvalidity", host=self.server.host, port=self.server.port)
        self.selected = found
        self._writable, self._outdated = writable, False
        # Nobody has compared it yet; what happened before a mailbox is opened is never told otherwise.
        self.changed = True
        if not self.selected.uidnext:
            self.selected = replace(self.selected, uidnext=self._highest_uid() + 1)
        if told and found.uidvalidity == known[0]:
            self.opening = Opening(known[1], [each for each in reply.responses if each.kind in {"FETCH", "VANISHED"}])
        return self.selected

    def prepare(self) -> None:
        """Let the server tell all it can of changes; done before the first mailbox is opened, or earlier (RFC 5161 §3.1)."""
        if self._prepared:
            return
        self._prepared = True
        if self.has("QRESYNC") and self.has("ENABLE"):
            reply = self.attempt("ENABLE", Syntax(b"QRESYNC"), untagged={"ENABLED"})
            enabled = {word for each in reply.responses for word in each.pieces[0].upper().split()}
            if reply.ok and b"QRESYNC" in enabled:
                self.tracking = Tracking.QRESYNC
                return
        if self.has("CONDSTORE") or self.has("QRESYNC"):
            self.tracking = Tracking.CONDSTORE

    def _highest_uid(self) -> int:
        """The UID of the last message, for servers that do not tell UIDNEXT."""
        if self.selected is None or not self.selected.exists:
            return 0
        reply = self.command("FETCH", Syntax(b"*"), Syntax(b"(UID)"), untagged={"FETCH"})
        found = [responses.number(responses.items(row.pieces).get(b"UID", b"0")) for row in reply.responses]
        return max(found, default=0)

    def forget_selection(self) -> None:
        """Let the next ``select`` ask the server again."""
        self.selected = None

    def noop(self) -> None:
        """Let the server tell what happened; ``changed`` and ``selected.exists`` follow. One round trip."""
        self.command("NOOP")

    def idle(self, *, until: Callable[[], bool]) -> Reply:
        """Wait for the server to tell something of mailboxes, or that it has lost count, or until ``until`` says that it is enough.

        The answer holds what was told, of the mailbox selected or, after NOTIFY, of any. It has come when the server has
        ended the waiting, which proves that it lives. Raises ServerRefused; ServerUnavailable. RFC 9051 §6.3.13, RFC 5465.
        """
        self._wanted = frozenset({"EXISTS", "EXPUNGE", "VANISHED", "FETCH", "STATUS", "LIST"})
        self.opening = None
        reply = self._exchange.idle(note=self._note, until=lambda: self.overflowed or until())
        self._note_code(reply.condition)
        if not reply.ok:
            raise refusal(reply.condition, server=self.server)
        return reply

    def settle(self) -> None:
        """Say that what happened so far has been dealt with."""
        self.changed = False

    def doubt(self) -> None:
        """Let the next ``select`` open the mailbox anew: what we were told of it does not fit together."""
        self.changed = self._outdated = True

    def take_alerts(self) -> list[str]:
        """The texts the server wants people to see, each once (RFC 9051 §7.1)."""
        taken, self._alerts = self._alerts, []
        return taken

    def command(self, name: str, *arguments: Argument, untagged: Collection[str] = (), seconds: float | None = None) -> Reply:
        """Send a command and return its answer with the untagged responses of the kinds named.

        Raises ServerRefused and its like where the answer is not OK; ServerUnavailable where there is none; InvalidInput
        for CR, LF or NUL in an argument, before anything is sent.
        """
        reply = self.attempt(name, *arguments, untagged=untagged, seconds=seconds)
        if not reply.ok:
            raise refusal(reply.condition, server=self.server)
        return reply

    def attempt(self, name: str, *arguments: Argument, untagged: Collection[str] = (), seconds: float | None = None) -> Reply:
        """As ``command``, but a refusal is returned and not raised."""
        literal_plus = self.has("LITERAL+") or self.has("LITERAL-")
        return self._run(segments(name, arguments, literal_plus=literal_plus), untagged=untagged, seconds=seconds)

    def _run(self, lines: list[bytes], *, untagged: Collection[str], seconds: float | None = None) -> Reply:
        self._wanted = frozenset(untagged)
        self.opening = None
        reply = self._exchange.run(lines, note=self._note, seconds=seconds)
        self._note_code(reply.condition)
        return reply

    def _note(self, response: Response) -> bool:
        """Follow what the server says, asked or not; true for what the command in progress wants to have."""
        kind = response.kind
        wanted = kind in self._wanted
        if kind in {"OK", "NO", "BAD", "BYE"}:
            self._note_code(responses.condition(kind, response.pieces[0]))
        elif kind == "CAPABILITY":
            self.capabilities = frozenset(response.pieces[0].decode("latin-1").upper().split())
        elif self.selected is not None:
            self._note_mailbox(response, wanted=wanted)
        return wanted

    def _note_mailbox(self, response: Response, *, wanted: bool) -> None:
        """EXISTS, EXPUNGE, VANISHED and flags of the selected mailbox that nobody asked for (RFC 9051 §7.4-5, RFC 7162 §3.2.10)."""
        assert self.selected is not None
        if response.kind == "EXISTS" and response.number != self.selected.exists:
            self.selected = replace(self.selected, exists=response.number)
            self.changed = True
        elif response.kind == "EXPUNGE":
            self.selected = replace(self.selected, exists=max(0, self.selected.exists - 1))
            self.changed = True
        elif response.kind == "VANISHED":
            self._note_vanished(response)
        elif response.kind == "FETCH" and not wanted:
            self._note_modseq(max(responses.modseqs(response), default=0))
            # Without flags it only tells which number our own STORE has got (RFC 7162 §3.1.3).
            if responses.mentions_flags(response):
                self.changed = True

    def _note_vanished(self, response: Response) -> None:
        """What is EARLIER was gone already when the mailbox was counted, and is told only where it was asked for."""
        assert self.selected is not None
        try:
            earlier, ranges = responses.vanished(response)
        except MalformedError:
            self.doubt()
            return
        if not earlier:
            self.changed = True
            gone = sum(high - low + 1 for low, high in ranges)
            self.selected = replace(self.selected, exists=max(0, self.selected.exists - gone))

    def _note_modseq(self, modseq: int) -> None:
        if self.selected is not None and self.selected.highestmodseq is not None and modseq > self.selected.highestmodseq:
            self.selected = replace(self.selected, highestmodseq=modseq)

    def _note_code(self, condition: responses.Condition) -> None:
        if condition.code == "ALERT" and condition.text not in self._alerts:
            self._alerts = [*self._alerts, condition.text][-_ALERTS:]
        elif condition.code == "CAPABILITY":
            self.capabilities = frozenset(condition.arguments.decode("latin-1").upper().split())
        elif condition.code == "EXPUNGEISSUED":
            # There are messages here that others have expunged; some servers never say which ones (RFC 5530 §3).
            self.changed = self._outdated = True
        elif condition.code == "NOTIFICATIONOVERFLOW":
            self.overflowed = True
        elif condition.code == "HIGHESTMODSEQ":
            self._note_modseq(responses.number(condition.arguments))
        elif self.selected is not None and condition.code in {"UIDVALIDITY", "CLOSED"}:
            self._note_reset(condition)
        elif self.selected is not None and condition.code in {"READ-ONLY", "READ-WRITE"}:
            self.selected = replace(self.selected, read_only=condition.code == "READ-ONLY")

    def _note_reset(self, condition: responses.Condition) -> None:
        """The mailbox was closed, or its UIDs became void while it was selected: it must be opened anew."""
        if condition.code == "CLOSED" or responses.number(condition.arguments) != (self.selected.uidvalidity if self.selected else 0):
            self.selected = None
            self.changed = True

    def close(self) -> None:
        """End the connection; the server is told, but not waited for. Costs no round trip, raises nothing."""
        if self.usable:
            with contextlib.suppress(OSError):
                self._exchange.transport.send(b"W0 LOGOUT\r\n")
        self._exchange.close()

    def abandon(self) -> None:
        """Forget the connection in a child process without disturbing the parent, which goes on using it."""
        self._exchange.usable = False
        self._exchange.transport.abandon()
