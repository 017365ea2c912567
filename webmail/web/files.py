"""Attachments: downloaded one by one or all together, looked at in a page of ours, and drawn small."""

from __future__ import annotations

from urllib.parse import quote

from flask import Blueprint, Response, render_template, request

from webmail.mail import archives, files
from webmail.mail.file_pages import HarmPage
from webmail.mail.part_rows import path_of
from webmail.mail.parts import PartStream
from webmail.message import kinds
from webmail.web import security
from webmail.web.file_words import harm_sentences, harm_tag
from webmail.web.login import current_mail
from webmail.web.numbers import number

blueprint = Blueprint("files", __name__)
for word in (harm_sentences, harm_tag):
    blueprint.add_app_template_global(word)
blueprint.add_app_template_global(path_of, "part_path")

NOTHING = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
"""One transparent pixel, for a picture that cannot be made small: the icon behind it stays to be seen."""


@blueprint.get("/messages/<int:message_id>/parts/<section>/<path:name>")
def part(message_id: int, section: str, name: str) -> Response | str:
    """A part, decoded and streamed. The name in the URL is for people; what counts is the section."""
    in_place = request.args.get("download") != "1"
    found = files.download(current_mail(), message_id, section=section, in_place=in_place, confirmed=_confirmed())
    return _asked(found) if isinstance(found, HarmPage) else _streamed(found, in_place=in_place, name=name)


@blueprint.get("/messages/<int:message_id>/attachments.zip")
def everything(message_id: int) -> Response | str:
    """All attachments in one archive."""
    found = archives.all_files(current_mail(), message_id, confirmed=_confirmed())
    return _asked(found) if isinstance(found, HarmPage) else _streamed(found, in_place=False)


@blueprint.get("/messages/<int:message_id>/parts/<section>/view")
def view(message_id: int, section: str) -> str:
    """An attachment in a page of ours."""
    page = files.view(current_mail(), message_id, section=section, first=request.args.get("page", 1, type=number))
    return render_template("file.html", page=page)


@blueprint.get("/messages/<int:message_id>/parts/<section>/thumbnail")
def thumbnail(message_id: int, section: str) -> Response:
    """A small picture of a picture."""
    found = files.thumbnail(current_mail(), message_id, section=section)
    return _drawn(found, "image/jpeg") if found else _drawn(NOTHING, "image/gif")


@blueprint.get("/messages/<int:message_id>/parts/<section>/pages/<int:page>")
def page(message_id: int, section: str, page: int) -> Response:
    """A page of a PDF as a picture."""
    return _drawn(files.page_picture(current_mail(), message_id, section=section, number=page), "image/jpeg")


def _confirmed() -> bool:
    """Whether somebody was warned and wants the file nevertheless. A link on another site is no answer to our question."""
    return request.args.get("confirmed") == "1" and request.headers.get("Sec-Fetch-Site", "same-origin") in ("same-origin", "none")


def _asked(page: HarmPage) -> str:
    return render_template("harmful.html", page=page, asked=request.path)


def _streamed(stream: PartStream, *, in_place: bool, name: str = "") -> Response:
    return as_file(Response(stream.chunks, mimetype=stream.media_type), filename=stream.filename or name, inline=stream.inline and in_place)


def _drawn(picture: bytes, media_type: str) -> Response:
    response = Response(picture, mimetype=media_type)
    response.headers["Content-Security-Policy"] = security.FILE_POLICY
    return response


def as_file(response: Response, *, filename: str, inline: bool) -> Response:
    """A stranger's file: shown in place only if it is a picture, always without origin (RFC 6266, RFC 8187)."""
    name = kinds.saved_name(filename)
    plain = "".join(character if " " <= character < "\x7f" and character not in '"\\%' else "_" for character in name)
    kind = "inline" if inline else "attachment"
    response.headers["Content-Disposition"] = f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    response.headers["Content-Security-Policy"] = security.FILE_POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
