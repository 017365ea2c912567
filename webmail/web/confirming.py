"""The question before something that cannot be undone: a page whose form repeats what was asked."""

from __future__ import annotations

from flask import render_template, request

from webmail.mail.pages import ConfirmPage
from webmail.web import navigation


def ask(page: ConfirmPage) -> str:
    """The page that asks; its form goes to the same URL with ``confirmed``."""
    return render_template("confirm.html", page=page, asked=request.path, next=navigation.asked_next())
