"""Pages about who wrote a message: the one before a link that is not what it seems, and trusting a sender."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from webmail.mail import detours, senders
from webmail.web import navigation
from webmail.web.login import current_mail

blueprint = Blueprint("senders", __name__)


@blueprint.get("/link")
def link() -> Response:
    """Where a link leads, before it is opened. Only addresses that we have signed are shown, and none is ever followed from here."""
    page = detours.link_page(current_mail(), content=request.args.get("to", ""), signature=request.args.get("sign", ""))
    response = make_response(render_template("link.html", page=page))
    # The site that is opened must not learn from which message.
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@blueprint.post("/messages/<int:message_id>/trust")
def trust(message_id: int) -> AnyResponse:
    """Trust the address that wrote a message from now on, or no more."""
    senders.trust(current_mail(), message_id, trusted=request.form.get("trusted", "1") == "1")
    return navigation.back()
