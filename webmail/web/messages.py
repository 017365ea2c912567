"""Message pages: reading, the body for its frame, parts, source and headers, and acting on messages."""

from __future__ import annotations

from urllib.parse import quote

from flask import Blueprint, Response, make_response, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from webmail.errors import InvalidInput
from webmail.mail import bodies, filing, parts, reading
from webmail.mail.pages import ConfirmPage
from webmail.web import navigation, notices, security
from webmail.web.confirming import ask
from webmail.web.login import current_mail
from webmail.web.numbers import number
from webmail.web.places import asked_place

blueprint = Blueprint("messages", __name__)


@blueprint.get("/messages/<int:message_id>")
def show(message_id: int) -> str:
    """A message to read, beside its list. Being read marks it as seen, but only as a page, never as a part of one."""
    page = reading.message_page(
        current_mail(),
        message_id,
        mark_seen=is_read(),
        images=request.args.get("images") == "1",
        prefer=request.args.get("show", ""),
        query=request.args.get("q", ""),
        original=original(),
        place=asked_place(),
    )
    return render_template("message.html", page=page)


def original() -> bool:
    """Whether the body is wanted in its own colours, whatever the screen."""
    return request.args.get("colours") == "original"


def is_read() -> bool:
    """Whether somebody will see the page: it is no part of one, not fetched ahead, and not only its header is asked for."""
    as_page = request.headers.get("Sec-Fetch-Dest", "document") == "document"
    return as_page and request.method == "GET" and "Sec-Purpose" not in request.headers


@blueprint.get("/messages/<int:message_id>/print")
def print_page(message_id: int) -> str:
    """The message alone, for paper."""
    page = reading.message_page(
        current_mail(), message_id, mark_seen=False, images=request.args.get("images") == "1", prefer=request.args.get("show", "")
    )
    return render_template("print.html", page=page)


@blueprint.get("/messages/<int:message_id>/body")
def body(message_id: int) -> Response:
    """The cleaned HTML for the frame, under its own policy."""
    images, query = request.args.get("images") == "1", request.args.get("q", "")
    document = bodies.document(current_mail(), message_id, images=images, query=query, original=original())
    response = make_response(document)
    response.headers["Content-Security-Policy"] = security.body_policy(message_id)
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@blueprint.get("/messages/<int:message_id>/parts/<section>/<path:name>")
def part(message_id: int, section: str, name: str) -> Response:
    """A part, decoded and streamed. The name in the URL is for people; what counts is the section."""
    stream = parts.part(current_mail(), message_id, section=section)
    inline = stream.inline and request.args.get("download") != "1"
    return _file(Response(stream.chunks, mimetype=stream.media_type), filename=stream.filename or name, inline=inline)


@blueprint.get("/messages/<int:message_id>/message.eml")
def download(message_id: int) -> Response:
    """The whole message as the server keeps it."""
    stream = parts.source(current_mail(), message_id)
    return _file(Response(stream.chunks, mimetype="message/rfc822"), filename=stream.filename, inline=False)


def _file(response: Response, *, filename: str, inline: bool) -> Response:
    """A stranger's file: shown in place only if it is a picture, always without origin (RFC 6266, RFC 8187)."""
    plain = "".join(character if " " <= character < "\x7f" and character not in '"\\%' else "_" for character in filename) or "file"
    kind = "inline" if inline else "attachment"
    response.headers["Content-Disposition"] = f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
    response.headers["Content-Security-Policy"] = security.FILE_POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


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
