"""Signing in to a submission server: PLAIN, LOGIN where that is not offered, and tokens in place of a password (RFC 4954, RFC 4616)."""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection

from webmail.account import Credentials
from webmail.errors import AuthenticationFailed, InvalidInput, ServerUnavailable, ServerUnusable
from webmail.smtp.reply import Reply
from webmail.smtp.wire import Wire

_UNKNOWN_MECHANISM = {500, 502, 504}
_BLANK = "***"


def authenticate(wire: Wire, mechanisms: Collection[str], *, credentials: Credentials) -> None:
    """Sign in. Name and password go out as UTF-8; the standard library's own would only take ASCII.

    Raises AuthenticationFailed (``credentials``, ``contact_admin``, ``privacy_required``, ``mechanism_too_weak``,
    ``authorization``), ServerUnusable("no_auth_mechanism"), ServerUnavailable for temporary refusals.
    A wrong password is offered once, not once for each mechanism: servers lock accounts. An access token goes by OAUTHBEARER
    or XOAUTH2 and never by a mechanism for passwords (RFC 7628).
    """
    if "\0" in credentials.username + credentials.password:
        raise InvalidInput("nul", field="password")
    ways = _TOKEN_WAYS if credentials.bearer else _PASSWORD_WAYS
    reply: Reply | None = None
    for mechanism, sign_in in ways.items():
        if mechanism in mechanisms and (reply is None or reply.code in _UNKNOWN_MECHANISM):
            reply = sign_in(wire, credentials)
    if reply is None or reply.code in _UNKNOWN_MECHANISM:
        raise ServerUnusable("no_auth_mechanism", host=wire.host, server_text=reply.text if reply else "")
    if reply.code != 235:
        raise _refusal(wire, reply)


def _plain(wire: Wire, credentials: Credentials) -> Reply:
    response = _encoded(f"\0{credentials.username}\0{credentials.password}")
    wire.hide(response)
    reply = wire.command(f"AUTH PLAIN {response}", shown=f"AUTH PLAIN {_BLANK}")
    if reply.code == 334:
        # Some servers overlook the initial response and ask for it.
        reply = wire.command(response, shown=_BLANK)
    return reply


def _login(wire: Wire, credentials: Credentials) -> Reply:
    """LOGIN was never a standard: whatever the two questions say, the first asks the name and the second the password."""
    reply = wire.command("AUTH LOGIN")
    for answer in (credentials.username, credentials.password):
        if reply.code != 334:
            break
        response = _encoded(answer)
        wire.hide(response)
        reply = wire.command(response, shown=_BLANK)
    return reply


def _oauthbearer(wire: Wire, credentials: Credentials) -> Reply:
    """RFC 7628 §3.1. Comma and equals sign would end the name."""
    name = credentials.username.replace("=", "=3D").replace(",", "=2C")
    return _token(wire, "OAUTHBEARER", f"n,a={name},\x01auth=Bearer {credentials.password}\x01\x01", answer="AQ==")


def _xoauth2(wire: Wire, credentials: Credentials) -> Reply:
    """What servers offered before there was a standard."""
    return _token(wire, "XOAUTH2", f"user={credentials.username}\x01auth=Bearer {credentials.password}\x01\x01", answer="")


def _token(wire: Wire, mechanism: str, text: str, *, answer: str) -> Reply:
    response = _encoded(text)
    wire.hide(response)
    reply = wire.command(f"AUTH {mechanism} {response}", shown=f"AUTH {mechanism} {_BLANK}")
    # A refusal comes as a challenge that tells why; the code follows once it is answered.
    return wire.command(answer) if reply.code == 334 else reply


_PASSWORD_WAYS: dict[str, Callable[[Wire, Credentials], Reply]] = {"PLAIN": _plain, "LOGIN": _login}
_TOKEN_WAYS: dict[str, Callable[[Wire, Credentials], Reply]] = {"OAUTHBEARER": _oauthbearer, "XOAUTH2": _xoauth2}


def _encoded(text: str) -> str:
    try:
        return base64.b64encode(text.encode()).decode()
    except UnicodeEncodeError as error:
        raise InvalidInput("not_text", field="password") from error


def _refusal(wire: Wire, reply: Reply) -> Exception:
    """What a refused sign-in means (RFC 4954 §6, RFC 5248 §2.4)."""
    if reply.kind == "ok":
        return wire.unusable_answer(reply.text)
    if reply.kind == "temporary":
        return ServerUnavailable("unavailable", host=wire.host, server_text=reply.text)
    if reply.enhanced == "5.7.13":
        return AuthenticationFailed("contact_admin", server_text=reply.text)
    codes = {535: "credentials", 538: "privacy_required", 534: "mechanism_too_weak"}
    return AuthenticationFailed(codes.get(reply.code, "authorization"), server_text=reply.text)
