"""Remote images as a reader's browser asks us for them, and the page where people say whose images they want to see."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from webmail.mail import image_permissions, remote_images
from webmail.mail.remote_images import Missing
from webmail.web import navigation, notices, security
from webmail.web.login import current_mail
from webmail.web.numbers import number
from webmail.web.services import services

blueprint = Blueprint("remote", __name__)
TURNS = 16
"""How often a browser may be asked to come again; it follows twenty redirects."""


@blueprint.get("/remote/<token>")
def image(token: str) -> AnyResponse:
    """A remote image, fetched by us. A browser that has to wait for its turn comes again, and holds no thread meanwhile."""
    found = remote_images.image(current_mail(), token, network=services().gate.network)
    turn = request.args.get("turn", 1, type=number)
    if found is Missing.BUSY and turn < TURNS:
        return redirect(f"/remote/{token}?turn={turn + 1}", 307)
    response = Response(status=502) if isinstance(found, Missing) else Response(found.content, mimetype=found.media_type)
    return security.as_strangers_image(response)


@blueprint.get("/settings/images")
def show() -> str:
    """Whose images are shown without asking, and how links are shown."""
    return render_template("images.html", page=image_permissions.page(current_mail()), next=navigation.asked_next())


@blueprint.post("/settings/images")
def permit() -> AnyResponse:
    """Show images of the sender of a message, or of its domain, from now on."""
    message_id = request.form.get("ids", 0, type=number)
    only_verified = request.form.get("only_verified") == "1"
    given = image_permissions.permit(current_mail(), message_id, whose=request.form.get("whose", ""), only_verified=only_verified)
    notices.put("images_permitted", name=given.value)
    return navigation.back()


@blueprint.post("/settings/images/<int:permission_id>/delete")
def revoke(permission_id: int) -> AnyResponse:
    """Hide the images of somebody again."""
    notices.put("images_revoked", name=image_permissions.revoke(current_mail(), permission_id).value)
    return navigation.back()


@blueprint.post("/settings/links")
def choose_links() -> AnyResponse:
    """Remember whether links are cleaned."""
    image_permissions.choose_links(current_mail(), clean=request.form.get("clean") == "1")
    notices.put("choice_saved")
    return navigation.back()
