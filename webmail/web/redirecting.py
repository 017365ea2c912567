"""Redirecting a message: the form that asks to whom, and the notice with Undo."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from webmail.errors import InvalidInput
from webmail.mail import accounts, redirecting
from webmail.web import error_words, navigation, notices, sending
from webmail.web.login import current_mail
from webmail.web.services import services

blueprint = Blueprint("redirecting", __name__)


@blueprint.get("/messages/<int:message_id>/redirect")
def ask(message_id: int) -> Response:
    """To whom a message is to be sent on."""
    if accounts.needs_address(current_mail()):
        return redirect(url_for("login.address", next=navigation.here()))
    return make_response(render_template("redirect.html", page=redirecting.form(current_mail(), message_id), problem=""))


@blueprint.post("/messages/<int:message_id>/redirect")
def send(message_id: int) -> Response:
    """Put the message into the outbox as it is, or ask again."""
    mail, form, hold = current_mail(), request.form, sending.hold(current_mail())
    given = {name: form.get(name, "") for name in ("key", "to")} | {"sender": form.get("from", "")}
    try:
        queued = redirecting.redirect(mail, message_id, now=services().now(), hold=hold, **given)
    except InvalidInput as error:
        page = redirecting.form(mail, message_id, **given)
        return make_response(render_template("redirect.html", page=page, problem=error_words.of_error(error)), 422)
    notices.put("queued", undo=url_for("submissions.cancel", submission_id=queued))
    return navigation.back(otherwise=url_for("messages.show", message_id=message_id))
