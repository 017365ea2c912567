"""Whether the web process answers; for whoever watches it. Touches neither session nor database."""

from __future__ import annotations

from flask import Blueprint, Response

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> Response:
    """A short text."""
    return Response("ok\n", mimetype="text/plain")
