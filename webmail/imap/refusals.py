"""What a refusal means: the response codes of a NO, made into our errors (RFC 5530 §3, RFC 9051 §7.1)."""

from __future__ import annotations

from webmail.account import Server
from webmail.errors import AuthenticationFailed, ServerRefused, ServerUnavailable, ServerUnusable, WebmailError
from webmail.imap.response import Condition

_CREDENTIALS = {
    "AUTHENTICATIONFAILED": "credentials",
    "EXPIRED": "expired",
    "CONTACTADMIN": "contact_admin",
    "AUTHORIZATIONFAILED": "authorization",
}
_LATER = {"UNAVAILABLE": "unavailable", "INUSE": "inuse"}
_REFUSED = {
    "OVERQUOTA": "overquota",
    "ALREADYEXISTS": "alreadyexists",
    "NONEXISTENT": "nonexistent",
    "TRYCREATE": "nonexistent",
    "NOPERM": "noperm",
    "CANNOT": "cannot",
    "LIMIT": "limit",
    "TOOBIG": "limit",
}


def refusal(condition: Condition, *, server: Server) -> WebmailError:
    """The error for a command that was answered NO or BAD."""
    if condition.code in _LATER:
        return ServerUnavailable(_LATER[condition.code], server_text=condition.text, host=server.host, port=server.port)
    if condition.code == "PRIVACYREQUIRED":
        return ServerUnusable("privacy_required", server_text=condition.text, host=server.host, port=server.port)
    server_code = condition.code or condition.status
    return ServerRefused(_REFUSED.get(condition.code, "refused"), server_code=server_code, server_text=condition.text)


def login_refusal(condition: Condition, *, server: Server) -> WebmailError:
    """The error for a sign-in that was answered NO or BAD: without a code, the credentials are wrong."""
    if condition.code in _CREDENTIALS:
        return AuthenticationFailed(_CREDENTIALS[condition.code], server_text=condition.text, host=server.host, port=server.port)
    if condition.code == "LIMIT":
        return ServerUnavailable("limit", server_text=condition.text, host=server.host, port=server.port)
    if condition.code in _LATER or condition.code == "PRIVACYREQUIRED" or condition.status == "BAD":
        return refusal(condition, server=server)
    return AuthenticationFailed("credentials", server_text=condition.text, host=server.host, port=server.port)
