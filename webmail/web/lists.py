"""Leaving a mailing list: the button that asks its sender to stop, and the notice of what came of it (RFC 8058)."""

from __future__ import annotations

from flask import Blueprint
from werkzeug.wrappers import Response

from webmail.mail import lists
from webmail.web import navigation, notices
from webmail.web.login import current_mail
from webmail.web.services import services

blueprint = Blueprint("lists", __name__)


@blueprint.post("/messages/<int:message_id>/unsubscribe")
def unsubscribe(message_id: int) -> Response:
    """Ask to be taken off the list this message came by."""
    notices.put("unsubscribed", name=lists.leave(current_mail(), message_id, now=services().now(), network=services().gate.network))
    return navigation.back()
