"""What lies in a message: the frames of attached messages and of winmail.dat, and where a page opens and folds them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Blueprint, Response, make_response

from webmail.mail import nested
from webmail.web import calendar_words, report_words, security
from webmail.web.login import current_mail
from webmail.web.wishes import asked_wishes, looks

blueprint = Blueprint("nested", __name__)


@blueprint.get("/messages/<int:message_id>/attached/<section>/body")
def body(message_id: int, section: str) -> Response:
    """The cleaned HTML of an attached message, or of a winmail.dat, for its frame, under the policy of every body."""
    response = make_response(nested.document(current_mail(), message_id, section=section, wishes=asked_wishes()))
    response.headers["Content-Security-Policy"] = security.body_policy(message_id)
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def opening(itself: str, message_id: int, sections: Sequence[str], *, original: bool = False, full_size: bool = False) -> str:
    """The page of a message with these attached messages open, at the same place of its list where it stands there now, in these looks."""
    place = urlsplit(itself)
    own = f"/messages/{message_id}"
    kept = [(name, value) for name, value in parse_qsl(place.query) if name not in ("open", "colours", "size")] if place.path == own else []
    query = urlencode([*kept, *looks(original=original, full_size=full_size).items(), *(("open", section) for section in sections)])
    return f"{own}?{query}" if query else own


WORDS: dict[str, Callable[..., object]] = {
    "action_words": report_words.action_words,
    "calendar_leaf": calendar_words.calendar_leaf,
    "calendar_title": calendar_words.calendar_title,
    "complaint_words": report_words.complaint,
    "event_time": calendar_words.event_time,
    "event_zone": calendar_words.event_zone,
    "label_words": calendar_words.label_words,
    "opening": opening,
    "person_words": calendar_words.person_words,
    "reason_words": report_words.reason,
    "receipt_tag": report_words.receipt_tag,
    "repetition_words": calendar_words.repetition_words,
    "report_tag": report_words.report_tag,
}
"""What the macros of ``nested.html`` call."""
blueprint.record(lambda state: state.app.jinja_env.globals.update(WORDS))
