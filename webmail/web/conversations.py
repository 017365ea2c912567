"""Conversation pages, and how a person likes to read: conversations or single messages, oldest or newest first."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from webmail.mail import conversations, preferences
from webmail.web import navigation
from webmail.web.login import current_mail
from webmail.web.messages import is_read
from webmail.web.numbers import number
from webmail.web.places import asked_place

blueprint = Blueprint("conversations", __name__)


@blueprint.get("/conversations/<int:message_id>")
def show(message_id: int) -> str:
    """The conversation of a message, beside its list. What is open is marked as seen, but only where the page is read."""
    page = conversations.conversation_page(
        current_mail(),
        message_id,
        mark_seen=is_read(),
        opened=request.args.getlist("open"),
        order=request.args.get("order", ""),
        images=request.args.get("images", 0, type=number),
        place=asked_place(),
    )
    return render_template("conversation.html", page=page)


@blueprint.post("/settings/reading")
def choose() -> Response:
    """Remember what lists show and with which message conversations begin."""
    preferences.choose(current_mail(), view=request.form.get("view", ""), order=request.form.get("order", ""))
    return navigation.back()
