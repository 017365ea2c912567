"""Message pages: reading, the body for its frame, parts, source and headers, and acting on messages."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from webmail.errors import InvalidInput
from webmail.mail import enclosed, filing, parts, printing, reading
from webmail.mail.message_pages import BodyKind
from webmail.mail.pages import ConfirmPage
from webmail.web import navigation, notices, paper, security
from webmail.web.confirming import ask
from webmail.web.files import as_file
from webmail.web.login import current_mail
from webmail.web.numbers import number
from webmail.web.places import asked_place
from webmail.web.wishes import asked_wishes, looked_at

blueprint = Blueprint("messages", __name__)
blueprint.record(lambda state: state.app.jinja_env.globals.update(looked_at=looked_at))


@blueprint.get("/messages/<int:message_id>")
def show(message_id: int) -> str:
    """A message to read, beside its list. Being read marks it as seen, but only as a page, never as a part of one."""
    page = reading.message_page(current_mail(), message_id, mark_seen=is_read(), wishes=asked_wishes(), place=asked_place())
    return render_template("message.html", page=page)


def is_read() -> bool:
    """Whether somebody will see the page: it is no part of one, not fetched ahead, and not only its header is asked for."""
    as_page = request.headers.get("Sec-Fetch-Dest", "document") == "document"
    return as_page and request.method == "GET" and "Sec-Purpose" not in request.headers


@blueprint.get("/messages/<int:message_id>/print")
def print_page(message_id: int) -> Response:
    """The message alone, for paper: HTML as a document of its own, because a frame would be cut off there."""
    mail, wishes = current_mail(), asked_wishes()
    page = reading.message_page(mail, message_id, mark_seen=False, wishes=wishes)
    if page.body is not BodyKind.HTML:
        return make_response(render_template("print.html", page=page))
    title = page.message.envelope.subject or _("(no subject)")
    return _body(printing.document(mail, message_id, title=title, rows=paper.rows(page), wishes=wishes), message_id, framed=False)


@blueprint.get("/messages/<int:message_id>/body")
def body(message_id: int) -> Response:
    """The cleaned HTML for the frame, under its own policy."""
    return _body(enclosed.document(current_mail(), message_id, asked_wishes()), message_id)


def _body(document: str, message_id: int, *, framed: bool = True) -> Response:
    response = make_response(document)
    response.headers["Content-Security-Policy"] = security.body_policy(message_id, framed=framed)
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@blueprint.get("/messages/<int:message_id>/message.eml")
def download(message_id: int) -> Response:
    """The whole message as the server keeps it."""
    stream = parts.source(current_mail(), message_id)
    return as_file(Response(stream.chunks, mimetype="message/rfc822"), filename=stream.filename, inline=False)


@blueprint.get("/messages/<int:message_id>/source")
def source(message_id: int) -> str:
    """The source as text."""
    return render_template("source.html", page=parts.source_page(current_mail(), message_id))


@blueprint.get("/messages/<int:message_id>/headers")
def headers(message_id: int) -> str:
    """All header fields."""
    return render_template("headers.html", page=parts.headers(current_mail(), message_id))


@blueprint.post("/messages/actions")
def actions() -> AnyResponse | str:
    """Do one thing to one message or many. A row's own button is named ``one`` and says action and id at once."""
    action, ids = _asked()
    target = request.form.get("target", type=number)
    selection = request.form.get("selection", 0, type=number) if "one" not in request.form else 0
    confirmed = request.form.get("confirmed") == "1"
    whole = request.form.get("conversations", "")
    result = filing.act(current_mail(), action, ids=ids, selection=selection, conversations=whole, target=target, confirmed=confirmed)
    if isinstance(result, ConfirmPage):
        return ask(result)
    notices.put_result(result)
    return navigation.back()


def _asked() -> tuple[str, list[int]]:
    """The action and the ids of the form; numbers are read as numbers."""
    action, texts = request.form.get("action", ""), request.form.getlist("ids")
    if "one" in request.form:
        action, _, only = request.form["one"].partition(":")
        texts = [only]
    try:
        return action, [number(text) for text in texts]
    except ValueError as error:
        raise InvalidInput("nothing_selected", field="ids") from error


@blueprint.post("/undo/<int:journal_id>")
def undo(journal_id: int) -> AnyResponse:
    """Take back what an action did."""
    notices.put_result(filing.undo(current_mail(), journal_id))
    return navigation.back()
