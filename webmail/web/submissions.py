"""The outbox and the delivery report of one submission."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from webmail.mail import submission
from webmail.web import navigation, notices, sending
from webmail.web.login import current_mail
from webmail.web.services import services

blueprint = Blueprint("submissions", __name__)


@blueprint.get("/outbox")
def outbox() -> str:
    """What waits, what has a problem, what was sent lately."""
    return render_template("outbox.html", page=submission.outbox(current_mail(), undo_seconds=services().gate.undo_seconds))


@blueprint.post("/outbox/settings")
def choose() -> Response:
    """How long what is sent waits for Undo, and the zone that times are chosen in."""
    form = request.form
    submission.choose(current_mail(), undo=form.get("undo", ""), time_zone=form.get("zone", ""))
    notices.put("choice_saved")
    return navigation.back(otherwise=url_for("submissions.outbox"))


@blueprint.get("/submissions/<int:submission_id>")
def report(submission_id: int) -> str:
    """Every step of one submission and the server's answer for each recipient."""
    return render_template("submission.html", page=submission.report(current_mail(), submission_id))


@blueprint.post("/submissions/<int:submission_id>/cancel")
def cancel(submission_id: int) -> Response:
    """Take a message back before it is handed over; its draft, if it has one, opens again exactly as it was."""
    key = submission.cancel(current_mail(), submission_id, now=services().now())
    notices.put("cancelled")
    if not key:
        return navigation.back(otherwise=url_for("submissions.outbox"))
    return redirect(url_for("compose.edit", key=key), 303)


@blueprint.post("/submissions/<int:submission_id>/retry")
def retry(submission_id: int) -> Response:
    """Try again now."""
    submission.retry(current_mail(), submission_id, now=services().now())
    notices.put("retrying")
    return navigation.back(otherwise=url_for("submissions.report", submission_id=submission_id))


@blueprint.post("/submissions/<int:submission_id>/now")
@blueprint.post("/submissions/<int:submission_id>/time")
def set_time(submission_id: int) -> Response:
    """Send what waits now, or at the time that was chosen."""
    mail = current_mail()
    at = sending.chosen(mail)
    submission.set_time(mail, submission_id, now=services().now(), at=at)
    notices.put("scheduled", when=sending.told(at, sending.zone())) if at else notices.put("send_now")
    return navigation.back(otherwise=url_for("submissions.report", submission_id=submission_id))


@blueprint.post("/submissions/<int:submission_id>/dismiss")
def dismiss(submission_id: int) -> Response:
    """The person has seen what went wrong."""
    submission.dismiss(current_mail(), submission_id, now=services().now())
    return navigation.back(otherwise=url_for("submissions.report", submission_id=submission_id))


@blueprint.post("/submissions/<int:submission_id>/edit")
def edit(submission_id: int) -> Response:
    """Open the draft again, to correct and resend it."""
    key = submission.edit(current_mail(), submission_id, now=services().now())
    return redirect(url_for("compose.edit", key=key), 303)


@blueprint.post("/submissions/<int:submission_id>/sent")
def mark_sent(submission_id: int) -> Response:
    """The person knows that an unclear message has arrived."""
    submission.mark_sent(current_mail(), submission_id, now=services().now())
    notices.put("marked_sent")
    return navigation.back(otherwise=url_for("submissions.report", submission_id=submission_id))
