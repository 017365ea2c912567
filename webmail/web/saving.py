"""Saving attachments to a person's own place: the button beside a file, and the page where the place is named."""

from __future__ import annotations

from flask import Blueprint, make_response, render_template, request, url_for
from werkzeug.wrappers import Response

from webmail.errors import InvalidInput, WebmailError
from webmail.mail import saving
from webmail.mail.file_pages import SavePage
from webmail.web import error_words, errors, navigation, notices
from webmail.web.login import current_mail
from webmail.web.services import services

blueprint = Blueprint("saving", __name__)


@blueprint.get("/settings/files")
def show() -> str:
    """Where attachments are saved to."""
    return _page(saving.page(current_mail()))


@blueprint.post("/settings/files")
def keep() -> Response:
    """Name another place, or ask again; nothing typed is lost but the password."""
    given = {name: request.form.get(name, "").strip() for name in ("address", "username")}
    try:
        saving.keep(current_mail(), services().gate, **given, password=request.form.get("password", ""))
    except WebmailError as error:
        page = SavePage(**given, kept=saving.page(current_mail()).kept)
        return make_response(_page(page, error), 422 if isinstance(error, InvalidInput) else errors.status_of(error))
    notices.put("save_place", host=saving.place(current_mail()))
    return navigation.back(otherwise=url_for("saving.show"))


@blueprint.post("/settings/files/forget")
def forget() -> Response:
    """Forget the place."""
    saving.forget(current_mail())
    notices.put("save_forgotten")
    return navigation.back(otherwise=url_for("saving.show"))


@blueprint.post("/messages/<int:message_id>/save/<section>")
def save(message_id: int, section: str) -> Response:
    """Put an attachment into the place."""
    name = saving.save(current_mail(), services().gate, message_id, section=section)
    notices.put("file_saved", name=name, host=saving.place(current_mail()))
    return navigation.back(otherwise=url_for("messages.show", message_id=message_id))


def _page(page: SavePage, error: WebmailError | None = None) -> str:
    field = error.field if isinstance(error, InvalidInput) else ""
    problem = error_words.of_error(error) if error else ""
    return render_template("saving.html", page=page, problem=problem, field=field, next=navigation.asked_next())
