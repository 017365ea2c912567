"""PAGES. Law: the only room that knows Flask; it sees the mail service, the values it shows, and errors, nothing below.

A view parses, calls one service function, renders or redirects. Every page is complete without script.
"""

from __future__ import annotations

from flask import Flask

from webmail.web import (
    compose,
    conversations,
    drafts,
    errors,
    files,
    filter_words,
    filters,
    health,
    keys,
    language,
    lists,
    login,
    mailboxes,
    messages,
    nested,
    numbers,
    permalinks,
    redirecting,
    remote,
    saving,
    search,
    security,
    sender_words,
    senders,
    sessions,
    submissions,
    templating,
    throttle,
    writing,
)
from webmail.web.services import Services

__all__ = ["Services", "register"]

PAGES = (
    mailboxes,
    messages,
    files,
    saving,
    nested,
    permalinks,
    lists,
    redirecting,
    keys,
    conversations,
    senders,
    remote,
    search,
    filters,
    compose,
    drafts,
    writing,
    submissions,
    health,
)


def register(app: Flask, services: Services) -> None:
    """Give an application its pages. The order matters: who is signed in is known before a form's token is checked."""
    app.extensions["webmail"] = services
    app.jinja_environment = templating.PageEnvironment
    sessions.init(app, services)
    numbers.init(app)
    language.init(app)
    templating.init(app)
    sender_words.init(app)
    filter_words.init(app)
    errors.init(app)
    login.init(app)
    security.init(app, services)
    throttle.init(app)
    for module in PAGES:
        app.register_blueprint(module.blueprint)
