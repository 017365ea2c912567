"""Unfinished: what somebody was writing when their session ended, carried through the sign-in page into a draft.

A form that comes without a session is answered by the sign-in page, which holds what was written in hidden fields. Once
the person has signed in it is stored as a draft and opened; nothing is ever sent by this. A form that another site
sends is not carried: it did not come from a page of ours.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from flask import redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from webmail.errors import InvalidInput, WebmailError
from webmail.mail import draft_forms, drafts
from webmail.mail.drafts import DraftFields
from webmail.mail.session import MailSession
from webmail.web import error_words, notices
from webmail.web.numbers import number
from webmail.web.services import services

WRITING = frozenset({"compose.store", "compose.attach", "compose.send"})
"""Endpoints whose forms hold what a person has written."""
NAMES = (
    *("key", "from", "to", "cc", "bcc", "subject", "text", "original", "original_action", "include"),
    *("format", "reply_to", "priority", "receipt", "dsn", "quoted", "heading", "pictures", "signed"),
)
TYPED = ("to", "cc", "bcc", "subject", "text")
PREFIX = "unfinished-"
LONGEST = 2 * 1024 * 1024
"""Characters the sign-in page carries; more than a form of ours may hold in text of any script."""
CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")
OF_OURS = frozenset({"same-origin", "none", ""})
"""What ``Sec-Fetch-Site`` says of our own pages; browsers that do not say it send no cookie of ours from elsewhere anyway."""


def draft_fields(form: MultiDict[str, str], *, key: str = "", prefix: str = "") -> DraftFields:
    """The compose form as it came; line ends of the text are made one kind, header fields are checked by the service."""
    return DraftFields(
        key=key or form.get(f"{prefix}key", ""),
        sender=form.get(f"{prefix}from", ""),
        to=form.get(f"{prefix}to", ""),
        cc=form.get(f"{prefix}cc", ""),
        bcc=form.get(f"{prefix}bcc", ""),
        subject=form.get(f"{prefix}subject", ""),
        text=_lines(form.get(f"{prefix}text", "")),
        original=form.get(f"{prefix}original", type=number),
        original_action=form.get(f"{prefix}original_action", ""),
        include=tuple(form.getlist(f"{prefix}include")),
        format=form.get(f"{prefix}format", ""),
        reply_to=form.get(f"{prefix}reply_to", ""),
        priority=form.get(f"{prefix}priority", ""),
        receipt=form.get(f"{prefix}receipt") == "1",
        dsn=form.get(f"{prefix}dsn") == "1",
        quoted=form.get(f"{prefix}quoted") == "1",
        heading=_lines(form.get(f"{prefix}heading", "")),
        pictures=tuple(form.getlist(f"{prefix}pictures")),
        signed=form.get(f"{prefix}signed", ""),
        version=form.get(f"{prefix}version", type=number),
        confirmed=tuple(form.getlist(f"{prefix}confirmed")),
    )


def _lines(text: str) -> str:
    """A text of several lines as it was typed; browsers end lines in their own way."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def is_writing() -> bool:
    """Whether this request brings a form of ours with something written in it."""
    if request.method != "POST" or request.endpoint not in WRITING:
        return False
    return request.headers.get("Sec-Fetch-Site", "") in OF_OURS and any(request.form.get(name, "").strip() for name in TYPED)


def carried() -> tuple[tuple[str, str], ...]:
    """The hidden fields for the sign-in form: of the compose form that came, or of the sign-in form before."""
    found = [(name, value) for name in NAMES for value in request.form.getlist(PREFIX + name)]
    if is_writing():
        key = (request.view_args or {}).get("key") or request.form.get("key", "")
        found = [("key", str(key)), *((name, value) for name in NAMES[1:] for value in request.form.getlist(name))]
    return tuple((PREFIX + name, value) for name, value in found) if sum(len(value) for name, value in found) <= LONGEST else ()


def sentence() -> str:
    """What the sign-in page says to somebody who was writing."""
    words = _("Your session has ended and nothing was sent. Sign in, and what you wrote opens again as a draft.")
    if any(file.filename for file in request.files.values()):
        words = _("%(sentence)s Please attach the files again.", sentence=words)
    return words


def resume(mail: MailSession) -> Response | None:
    """Store what was carried as a draft and open it; None where nothing was carried. It is never sent by itself."""
    if not any(request.form.get(PREFIX + name, "").strip() for name in TYPED):
        return None
    fields = _storable(draft_fields(request.form, prefix=PREFIX))
    try:
        drafts.save(mail, fields, now=services().now())
    except WebmailError as error:
        # What it takes along of another message could not be fetched: what was written is kept without it.
        drafts.save(mail, replace(fields, include=(), quoted=False, pictures=()), now=services().now())
        notices.put_error(error_words.of_error(error))
    return redirect(url_for("compose.edit", key=fields.key), 303)


def _storable(fields: DraftFields) -> DraftFields:
    """The same with nothing in it that a draft refuses, since there is no form to go back to."""
    key = fields.key if draft_forms.KEY.fullmatch(fields.key) else drafts.new_key()
    lines: dict[str, Any] = {name: CONTROLS.sub(" ", getattr(fields, name)) for name in drafts.HEADER_FIELDS}
    texts: dict[str, Any] = {name: getattr(fields, name).replace("\0", "") for name in ("text", "heading")}
    kept = replace(fields, key=key, **lines, **texts)
    try:
        draft_forms.check(kept)
    except InvalidInput:
        return replace(kept, format="", priority="", original_action="")
    return kept
