"""Folder pages: the list of a mailbox, and what can be done to a folder."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from webmail.mail import choosing, listing, mailboxes
from webmail.mail.pages import ConfirmPage
from webmail.mailbox import MailboxId, SpecialUse
from webmail.web import navigation, notices
from webmail.web.confirming import ask
from webmail.web.login import current_mail
from webmail.web.numbers import number
from webmail.web.places import asked_place
from webmail.web.templating import path

blueprint = Blueprint("mailboxes", __name__)


@blueprint.get("/")
def home() -> Response:
    """The inbox."""
    return redirect(url_for("mailboxes.show", mailbox_id=listing.inbox(current_mail())))


@blueprint.get("/mailboxes/<int:mailbox_id>")
def show(mailbox_id: int) -> str:
    """A page of a mailbox list."""
    return render_template("mailbox.html", page=listing.mailbox_page(current_mail(), MailboxId(mailbox_id), asked_place()))


@blueprint.post("/mailboxes")
def create() -> Response:
    """Make a folder, or the folder of a role that is missing."""
    parent = request.form.get("parent", type=number)
    role = request.form.get("role", "")
    if role in list(SpecialUse):
        made = mailboxes.create_role(current_mail(), SpecialUse(role))
    else:
        made = mailboxes.create(current_mail(), request.form.get("name", ""), parent=MailboxId(parent) if parent else None)
    notices.put_mailbox("created", made)
    return navigation.back(otherwise=url_for("mailboxes.show", mailbox_id=made.id))


@blueprint.post("/mailboxes/check")
def check() -> Response:
    """Check for mail: look at the server's folders and counts now."""
    mailboxes.refresh(current_mail())
    notices.put("checked")
    return navigation.back()


@blueprint.post("/mailboxes/<int:mailbox_id>/selection")
def select_all(mailbox_id: int) -> Response:
    """Choose every message of the list as it was drawn, and show it chosen."""
    place, stamp = asked_place(), request.form.get("stamp", "")
    chosen = choosing.select_all(current_mail(), MailboxId(mailbox_id), place, stamp=stamp)
    return redirect(path(f"/mailboxes/{mailbox_id}", **place.query, selection=chosen), 303)


@blueprint.post("/mailboxes/<int:mailbox_id>/rename")
def rename(mailbox_id: int) -> Response:
    """Give a folder another name."""
    renamed = mailboxes.rename(current_mail(), MailboxId(mailbox_id), name=request.form.get("name", ""))
    notices.put_mailbox("renamed", renamed)
    return navigation.back(otherwise=url_for("mailboxes.show", mailbox_id=renamed.id))


@blueprint.post("/mailboxes/<int:mailbox_id>/delete")
def delete(mailbox_id: int) -> Response | str:
    """Delete a folder, once confirmed."""
    result = mailboxes.delete(current_mail(), MailboxId(mailbox_id), confirmed=request.form.get("confirmed") == "1")
    if isinstance(result, ConfirmPage):
        return ask(result)
    notices.put_mailbox("mailbox_deleted", result)
    return redirect(url_for("mailboxes.home"), 303)


@blueprint.post("/mailboxes/<int:mailbox_id>/empty")
def empty(mailbox_id: int) -> Response | str:
    """Delete everything in Trash or Junk, once confirmed."""
    result = mailboxes.empty(current_mail(), MailboxId(mailbox_id), confirmed=request.form.get("confirmed", ""))
    if isinstance(result, ConfirmPage):
        return ask(result)
    notices.put_result(result)
    return navigation.back(otherwise=url_for("mailboxes.show", mailbox_id=mailbox_id))


@blueprint.post("/mailboxes/<int:mailbox_id>/seen")
def seen(mailbox_id: int) -> Response:
    """Mark everything in a folder as read."""
    notices.put_result(mailboxes.mark_all_read(current_mail(), MailboxId(mailbox_id)))
    return navigation.back(otherwise=url_for("mailboxes.show", mailbox_id=mailbox_id))
