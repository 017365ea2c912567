"""WebmailError and its kinds: what went wrong, as a code and values, never as a sentence.

Storey 1. The words for each code are chosen in ``webmail.web.errors``, in the reader's language.
``server_text`` is what a mail server said, for people to see; it never holds a secret.
"""

from __future__ import annotations


class WebmailError(Exception):
    """An error that has a page of its own.

    ``code`` is a short stable word (``"not_found"``, ``"tls_expired"``); ``values`` fill the sentence made of it.
    ``transient`` says whether trying the same thing again later can help.
    """

    transient = False

    def __init__(self, code: str, *, server_text: str = "", **values: object) -> None:
        super().__init__(code)
        self.code = code
        self.server_text = server_text
        self.values = values

    def __str__(self) -> str:
        details = [f"{name}={value!r}" for name, value in self.values.items()]
        if self.server_text:
            details.append(f"server said {self.server_text!r}")
        return f"{self.code} ({', '.join(details)})" if details else self.code


class NotFound(WebmailError):
    """What was named does not exist, or does not belong to the person who asks."""


class NotAllowed(WebmailError):
    """The server or the rules forbid it: a read-only mailbox, a missing permission."""


class InvalidInput(WebmailError):
    """A form field cannot be used as it is; ``field`` names it."""

    def __init__(self, code: str, *, field: str, **values: object) -> None:
        super().__init__(code, server_text="", **values)
        self.field = field


class Conflict(WebmailError):
    """The thing changed meanwhile, or is in a state in which this cannot be done."""


class AuthenticationFailed(WebmailError):
    """The mail server refused the credentials.

    Codes (RFC 5530 §3): ``credentials``, ``expired``, ``contact_admin``, ``authorization``, ``privacy_required``.
    """


class ServerUnavailable(WebmailError):
    """A server cannot be used now; trying again later can help.

    Codes: ``connect``, ``timeout``, ``disconnected``, ``greeting``, ``turned_away``, ``unavailable``, ``limit``, ``inuse``.
    Codes for which trying again does not help until somebody mends something: see ``ServerUnusable``.
    """

    transient = True


class StoreUnavailable(WebmailError):
    """Our own database is on a server that does not answer now; trying again later can help. Code: ``store_unavailable``."""

    transient = True


class ServerUnusable(WebmailError):
    """The server cannot be used safely until somebody changes something.

    Codes: ``tls_certificate``, ``tls_expired``, ``tls_hostname``, ``tls_failed``, ``starttls_refused``, ``preauth``,
    ``login_disabled``, ``no_auth_mechanism``.
    """


class ServerRefused(WebmailError):
    """The server understood and said no. Keeps the server's own code and text (``server_code``, ``server_text``).

    Codes: ``refused``, ``overquota``, ``alreadyexists``, ``nonexistent``, ``noperm``, ``cannot``, ``limit``.
    """

    def __init__(self, code: str, *, server_code: str = "", server_text: str = "", transient: bool = False, **values: object) -> None:
        super().__init__(code, server_text=server_text, **values)
        self.server_code = server_code
        self.transient = transient


class UidValidityChanged(WebmailError):
    """Internal: the UIDs known of a mailbox are void; its sync starts over (RFC 9051 §2.3.1.1)."""

    transient = True

    def __init__(self, *, name: str, expected: int, found: int) -> None:
        super().__init__("uidvalidity_changed", name=name, expected=expected, found=found)
        self.found = found
