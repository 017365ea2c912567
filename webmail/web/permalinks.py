"""A message by its Message-ID: an address to keep, which stays good when the index is built again."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, url_for
from werkzeug.wrappers import Response as AnyResponse

from webmail.mail import permalinks, reading
from webmail.mail.session import account
from webmail.web.login import current_mail
from webmail.web.messages import is_read

blueprint = Blueprint("permalinks", __name__)


@blueprint.get("/messages/by-id/<path:message_id_field>", merge_slashes=False)
def show(message_id_field: str) -> AnyResponse:
    """The best copy of a message; where there is none, a page that offers to search."""
    mail = current_mail()
    owner, found = permalinks.find(mail, message_id_field)
    if owner != account(mail).id:
        return redirect(url_for("messages.show", message_id=found))  # Its page shows the account it is in.
    page = reading.message_page(mail, found, mark_seen=is_read())
    return make_response(render_template("message.html", page=page))
