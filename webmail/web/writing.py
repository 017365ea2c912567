"""Pages of what belongs to writing: how one likes to write, texts to begin with, and the addresses one writes from."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from webmail.errors import InvalidInput
from webmail.mail import identities, templates, writing
from webmail.mail.identities import IdentitiesPage, IdentityFields
from webmail.mail.templates import Template, WritingSettings
from webmail.mail.writing import WritingPage
from webmail.web import error_words, navigation, notices
from webmail.web.login import current_mail
from webmail.web.numbers import number

blueprint = Blueprint("writing", __name__)


@blueprint.get("/settings/writing")
def show() -> Response:
    """What was chosen, and the templates."""
    return _writing(templates.settings(current_mail(), request.args.get("template", 0, type=number)))


@blueprint.post("/settings/writing")
def choose() -> Response:
    """Remember how the person likes to write."""
    given = {field: request.form.get(field, "") for field in ("format", "quote", "signature")}
    writing.choose(current_mail(), WritingPage(**given))
    notices.put("choice_saved")
    return navigation.back(otherwise=url_for("writing.show"))


@blueprint.post("/settings/templates")
@blueprint.post("/settings/templates/<int:template_id>")
def put_template(template_id: int = 0) -> Response:
    """Keep a template; one that cannot be kept is shown again."""
    given = Template(template_id, *(request.form.get(name, "") for name in ("name", "subject", "text")))
    try:
        templates.put(current_mail(), given)
    except InvalidInput as error:
        return _writing(templates.settings(current_mail(), edited=given), error)
    notices.put("template_saved", name=given.name)
    return redirect(url_for("writing.show"), 303)


@blueprint.post("/settings/templates/<int:template_id>/delete")
def remove_template(template_id: int) -> Response:
    """Forget a template."""
    templates.remove(current_mail(), template_id)
    notices.put("template_removed")
    return redirect(url_for("writing.show"), 303)


@blueprint.get("/settings/identities")
def show_identities() -> Response:
    """The addresses one writes from, and the form of one of them."""
    return _identities(identities.page(current_mail(), request.args.get("edit", 0, type=number)))


@blueprint.post("/settings/identities")
@blueprint.post("/settings/identities/<int:identity_id>")
def put_identity(identity_id: int = 0) -> Response:
    """Keep an identity; one that cannot be kept is shown again."""
    names = ("name", "address", "reply_to", "signature", "signature_html")
    given = IdentityFields(*(request.form.get(name, "") for name in names))
    try:
        identities.put(current_mail(), identity_id, given)
    except InvalidInput as error:
        return _identities(identities.page(current_mail(), identity_id, form=given), error)
    notices.put("identity_saved")
    return redirect(url_for("writing.show_identities"), 303)


@blueprint.post("/settings/identities/<int:identity_id>/first")
def make_first(identity_id: int) -> Response:
    """Make an identity the usual one."""
    identities.make_first(current_mail(), identity_id)
    notices.put("choice_saved")
    return redirect(url_for("writing.show_identities"), 303)


@blueprint.post("/settings/identities/<int:identity_id>/delete")
def remove_identity(identity_id: int) -> Response:
    """Forget an identity."""
    identities.remove(current_mail(), identity_id)
    notices.put("identity_removed")
    return redirect(url_for("writing.show_identities"), 303)


def _writing(page: WritingSettings, error: InvalidInput | None = None) -> Response:
    return make_response(render_template("writing.html", page=page, **_problem(error)), 400 if error else 200)


def _identities(page: IdentitiesPage, error: InvalidInput | None = None) -> Response:
    return make_response(render_template("identities.html", page=page, **_problem(error)), 400 if error else 200)


def _problem(error: InvalidInput | None) -> dict[str, dict[str, str]]:
    return {"errors": {error.field: error_words.of_error(error)} if error else {}}
