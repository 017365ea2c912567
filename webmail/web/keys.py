"""OpenPGP keys: remembered because a person says so, and forgotten again."""

from __future__ import annotations

from flask import Blueprint, url_for
from werkzeug.wrappers import Response

from webmail.mail import signatures
from webmail.web import navigation, notices
from webmail.web.login import current_mail
from webmail.web.services import services

blueprint = Blueprint("keys", __name__)


@blueprint.post("/messages/<int:message_id>/keys/<section>")
def remember(message_id: int, section: str) -> Response:
    """Verify signatures by the keys in an attached file from now on."""
    for each in signatures.remember_keys(current_mail(), message_id, section=section, now=services().now()):
        fingerprint = " ".join(each.fingerprint[at : at + 4] for at in range(0, len(each.fingerprint), 4)).upper()
        undo = url_for("keys.forget", fingerprint=each.fingerprint)
        notices.put("key_remembered", undo=undo, people=", ".join(each.addresses), fingerprint=fingerprint)
    return navigation.back()


@blueprint.post("/keys/<fingerprint>/forget")
def forget(fingerprint: str) -> Response:
    """Let signatures by a key be those of an unknown one again."""
    signatures.forget_key(current_mail(), fingerprint)
    notices.put("key_forgotten")
    return navigation.back()
