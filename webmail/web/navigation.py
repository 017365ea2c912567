"""Where to go after a form: back to where the person was, and only ever to a page of our own."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import current_app, redirect, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers import Response

LONGEST = 2000
NOT_PAGES = frozenset({"login.sign_in", "static", "health.healthz"})
"""Endpoints that are no place to come back to."""


def own_path(text: str | None) -> str:
    """The path if it names a page of ours, else an empty string.

    Browsers read ``//host``, ``/\\host`` and paths with tabs or line breaks in them as another host, so everything that
    is not plain printable ASCII, every backslash and every double slash is refused, and the rest has to match a route.
    """
    if not text or len(text) > LONGEST or not text.startswith("/"):
        return ""
    if any(not "!" <= character <= "~" for character in text) or "\\" in text:
        return ""
    parts = urlsplit(text)
    if parts.scheme or parts.netloc or "//" in parts.path or any(part in (".", "..") for part in parts.path.split("/")):
        return ""
    return text if _is_page(parts.path) else ""


def _is_page(path: str) -> bool:
    adapter = current_app.url_map.bind("localhost")
    try:
        endpoint, _ = adapter.match(path, method="GET")
    except (HTTPException, RequestRedirect):
        return False
    return endpoint not in NOT_PAGES


def here() -> str:
    """The path and query of this page, for a ``next`` field."""
    return request.full_path if request.query_string else request.path


def asked_next() -> str:
    """The safe ``next`` of this request's form or query, or an empty string."""
    return own_path(request.form.get("next")) or own_path(request.args.get("next"))


def back(*, otherwise: str = "") -> Response:
    """Redirect (303) to the form's ``next``, else to ``otherwise``, else to the inbox."""
    return redirect(asked_next() or otherwise or url_for("mailboxes.home"), 303)
