"""What every answer carries so that browsers keep strangers out, and the proof that a form is ours (CSRF).

A message body has its own policy: the frame's sandbox and this policy hold together, never one without the other.
"""

from __future__ import annotations

import secrets

from flask import Flask, Response, request
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from webmail.web.services import Services, services

PAGE_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "form-action 'self'",
        "frame-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "script-src 'none'",
        "connect-src 'none'",
    )
)
"""Pages run no script at all and load nothing from elsewhere."""
SANDBOX = "allow-same-origin allow-popups allow-popups-to-escape-sandbox"
"""What a body frame may do; the template's iframe carries the same words. Never scripts."""
FILE_POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'"
"""A downloaded part is a stranger's: even shown in place it has no origin and loads nothing."""
IMAGE_CACHE = "private, max-age=86400, immutable"
"""A picture of a stranger may be kept by the browser it was fetched for, so that the next look is not even told to us."""
PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()"
PUBLIC = frozenset({"static", "health.healthz"})
"""Answers without mail in them, which may be stored."""

csrf = CSRFProtect()


def body_policy(message_id: int, *, framed: bool = True) -> str:
    """The policy of a message body: styles of its own, pictures from its own parts and our image route, nothing else."""
    return policy_of_body(f"/messages/{message_id}/parts/", "/remote/", framed=framed)


def policy_of_body(*pictures: str, framed: bool = True) -> str:
    """The policy of a body whose pictures are under these paths of ours."""
    origin = services().public_url.rstrip("/") or request.host_url.rstrip("/")
    return "; ".join(
        (
            f"sandbox {SANDBOX}",
            "default-src 'none'",
            "script-src 'none'",
            f"img-src data: {' '.join(origin + path for path in pictures)}",
            "style-src 'unsafe-inline'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'self'" if framed else "frame-ancestors 'none'",
        )
    )


def as_strangers_image(response: Response) -> Response:
    """A picture that came from a stranger: without origin, loading nothing, kept for a day by this browser only."""
    response.headers["Content-Security-Policy"] = FILE_POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
    if response.status_code == 200:
        response.headers["Cache-Control"] = IMAGE_CACHE
    return response


def add_headers(response: Response) -> Response:
    """Set what every answer carries, without touching what a view has set already."""
    headers = response.headers
    headers.setdefault("Content-Security-Policy", PAGE_POLICY)
    headers.setdefault("Referrer-Policy", "same-origin")
    # The same as frame-ancestors, for browsers and proxies that know only this one.
    headers["X-Frame-Options"] = "SAMEORIGIN" if request.endpoint in ("messages.body", "nested.body", "drafts.quoted") else "DENY"
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Permissions-Policy"] = PERMISSIONS
    if services().secure_cookies:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if request.endpoint not in PUBLIC and headers.get("Cache-Control") != IMAGE_CACHE:
        headers["Cache-Control"] = "no-store, private"
    return response


def init(app: Flask, services: Services) -> None:
    """Install the headers, the limits of forms, the token check, and the forwarded headers of trusted proxies."""
    app.secret_key = services.secret_key or secrets.token_urlsafe(32)
    app.config.update(
        MAX_CONTENT_LENGTH=services.upload_limit,
        MAX_FORM_MEMORY_SIZE=4 * 1024 * 1024,
        MAX_FORM_PARTS=6000,
        WTF_CSRF_TIME_LIMIT=None,
    )
    if services.trusted_proxies:
        count = services.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]  # how Flask documents it
    csrf.init_app(app)
    app.after_request(add_headers)
