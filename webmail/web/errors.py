"""Error pages: the one table from the class of an error to its HTTP status, and the pages that say what to do.

An error on a form that knows where it came from goes back there as an alert, so that nobody loses their place; every
other error is a page that says what happened, what is safe and what to do.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from flask import Flask, current_app, make_response, redirect, render_template, request
from flask_babel import LazyString
from flask_babel import lazy_gettext as _
from flask_limiter.errors import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.wrappers import Response

from webmail.errors import (
    AuthenticationFailed,
    Conflict,
    InvalidInput,
    NotAllowed,
    NotFound,
    ServerRefused,
    ServerUnavailable,
    ServerUnusable,
    StoreUnavailable,
    UidValidityChanged,
    WebmailError,
)
from webmail.web import error_words, navigation, notices, throttle
from webmail.web.services import services

STATUS: dict[type[WebmailError], int] = {
    NotFound: 404,
    NotAllowed: 403,
    InvalidInput: 400,
    Conflict: 409,
    AuthenticationFailed: 401,
    ServerUnavailable: 503,
    ServerUnusable: 502,
    ServerRefused: 502,
    StoreUnavailable: 503,
    UidValidityChanged: 503,
    WebmailError: 500,
}
"""The one table from error class to HTTP status."""

TITLES: dict[int, LazyString] = {
    400: _("This could not be understood"),
    401: _("Sign in again"),
    403: _("This is not allowed"),
    404: _("This is not here any more"),
    405: _("This is not possible here"),
    409: _("This has changed meanwhile"),
    413: _("This is too large"),
    429: _("Too many attempts"),
    500: _("Something went wrong"),
    502: _("The mail server refused"),
    503: _("The mail server does not answer"),
}
OTHER_TITLES: dict[type[WebmailError], LazyString] = {
    ServerUnusable: _("The mail server cannot be used safely"),
    StoreUnavailable: _("The webmail cannot reach its database"),
}
SAFE: dict[int, LazyString] = {
    401: _("Your drafts and the outbox are safe. Sign in and continue."),
    413: _("Nothing was sent or saved. Your text is still in the form when you go back."),
    429: _("Wait a little, then try again."),
    500: _("Your drafts and the mail on the server are safe. Try again, and tell the administrator if it happens again."),
    502: _("Your drafts and the mail already on this server are safe."),
    503: _("Your drafts and the mail already on this server are safe. Try again in a moment."),
}
"""What is safe and what to do, where the sentence of the error does not say it."""


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """What an error page shows. ``kept`` is text from the form, so that nothing typed is lost; ``search`` offers to look for it."""

    status: int
    title: str
    sentence: str
    safe: str
    details: tuple[tuple[str, str], ...] = ()
    retry: str = ""
    missing_role: str = ""
    kept: str = ""
    search: bool = False


def status_of(error: WebmailError) -> int:
    """The HTTP status for an error, by the nearest class in the table."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def page(status: int, sentence: str, *, title: str = "", details: tuple[tuple[str, str], ...] = (), missing_role: str = "") -> Response:
    """An error page as an answer; it reads nothing from database or server, so it can always be drawn."""
    shown = ErrorPage(
        status=status,
        title=title or str(TITLES.get(status, TITLES[500])),
        sentence=sentence,
        safe=str(SAFE.get(status, "")),
        details=(("time", services().now().isoformat(timespec="seconds")), *details),
        retry=navigation.here() if request.method == "GET" and status >= 500 else "",
        missing_role=missing_role,
        kept=request.form.get("text", "") if status != 413 and request.method == "POST" else "",
        search=details[:1] == (("code", "permalink"),),
    )
    return make_response(render_template("errors/error.html", page=shown), status)


def of_webmail(error: WebmailError) -> Response:
    """An error of the mail service: back to where the form was with an alert, or a page."""
    sentence = error_words.of_error(error)
    missing_role = str(error.values.get("role", "")) if error.code == "missing_role" else ""
    came_from = navigation.asked_next() if request.method == "POST" else ""
    if came_from and not isinstance(error, AuthenticationFailed):
        notices.put_error(sentence, missing_role=missing_role)
        return redirect(came_from, 303)
    details = [("code", error.code), *((name, str(error.values[name])) for name in ("host", "port") if name in error.values)]
    title = str(OTHER_TITLES.get(type(error), ""))
    return page(status_of(error), sentence, title=title, details=tuple(details), missing_role=missing_role)


def of_http(error: HTTPException) -> Response:
    """An error of HTTP itself; redirects and answers that are complete pass through."""
    original = getattr(error, "original_exception", None)
    if isinstance(original, WebmailError):
        # Raised where Flask looks for no page: when the session was to be stored.
        return of_webmail(original)
    if error.response is not None or error.code is None or error.code < 400:
        return error.get_response()
    codes = {400: "bad_request", 403: "noperm", 404: "not_found", 405: "method", 413: "too_large"}
    answer = page(error.code, error_words.sentence(codes.get(error.code, "bad_request" if error.code < 500 else "internal")))
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            answer.headers[name] = value
    return answer


def of_csrf(_error: CSRFError) -> Response:
    """A form without a valid token: from another site, or from a session that has ended."""
    return page(400, error_words.sentence("cross_site"))


def of_limit(_error: RateLimitExceeded) -> Response:
    """Too many attempts; Retry-After says when the next one counts (RFC 9110 §10.2.3)."""
    answer = page(429, error_words.sentence("rate_limit"))
    answer.headers["Retry-After"] = str(throttle.seconds_left())
    return answer


def of_bug(error: Exception) -> Response:
    """A fault of ours: logged with a reference that the page shows."""
    reference = secrets.token_hex(4)
    current_app.logger.error("error %s at %s %s", reference, request.method, request.path, exc_info=error)
    return page(500, error_words.sentence("internal"), details=(("reference", reference),))


def init(app: Flask) -> None:
    """Give every error its page."""
    app.register_error_handler(WebmailError, of_webmail)
    app.register_error_handler(CSRFError, of_csrf)
    app.register_error_handler(RateLimitExceeded, of_limit)
    app.register_error_handler(RequestEntityTooLarge, of_http)
    app.register_error_handler(HTTPException, of_http)
    app.register_error_handler(Exception, of_bug)
