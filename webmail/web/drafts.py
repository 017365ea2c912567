"""What a draft shows beside its text: the frame of the message it quotes, and the pictures in it."""

from __future__ import annotations

from flask import Blueprint, Response, make_response

from webmail.mail import draft_files
from webmail.web import security
from webmail.web.login import current_mail

blueprint = Blueprint("drafts", __name__)


@blueprint.get("/drafts/<key>/quote")
def quoted(key: str) -> Response:
    """What is quoted, cleaned again for being shown, under the policy of message bodies."""
    response = make_response(draft_files.quoted(current_mail(), key))
    response.headers["Content-Security-Policy"] = security.policy_of_body(f"/drafts/{key}/files/")
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@blueprint.get("/drafts/<key>/files/<file>")
def picture(key: str, file: str) -> Response:
    """A picture of the draft."""
    found = draft_files.picture(current_mail(), key, token=file)
    response = Response(found.chunks, mimetype=found.media_type)
    response.headers["Content-Security-Policy"] = security.FILE_POLICY
    return response
