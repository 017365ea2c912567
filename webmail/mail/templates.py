"""Templates: texts that a person writes again and again, with places for what differs, put into a draft when asked for."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from webmail.address import parse_address_list
from webmail.errors import InvalidInput
from webmail.mail import drafts, identities, writing
from webmail.mail.drafts import DraftFields
from webmail.mail.pages import ComposePage
from webmail.mail.session import MailSession, account
from webmail.store import templates
from webmail.store.templates import Template as Template

PLACES = ("name", "first_name", "me", "date")
"""What may stand in braces: the first recipient, the first word of their name, the writer, and today."""
LONGEST = 100_000
MOST = 200
_PLACE = re.compile(r"\{(" + "|".join(PLACES) + r")\}")


@dataclass(frozen=True, slots=True)
class WritingSettings:
    """How a person likes to write, their templates, and the one that is edited (its id is 0 for a new one)."""

    chosen: writing.WritingPage
    templates: tuple[Template, ...]
    edited: Template


def settings(session: MailSession, template_id: int = 0, *, edited: Template | None = None) -> WritingSettings:
    """The page of what was chosen for writing. Raises NotFound for a template that is gone."""
    known = templates.of_user(session.database, session.user.id)
    if edited is None:
        edited = templates.get(session.database, session.user.id, template_id) if template_id else Template(0, "", "", "")
    return WritingSettings(writing.choices(session), known, edited)


def put(session: MailSession, template: Template) -> None:
    """Keep a template, a new one where its id is 0. Raises InvalidInput for ``name``, ``subject`` or ``text``, and NotFound."""
    if template.id:
        templates.get(session.database, session.user.id, template.id)
    for name in ("name", "subject"):
        if any(character in getattr(template, name) for character in "\r\n\0"):
            raise InvalidInput("line_break", field=name)
    if not template.name.strip():
        raise InvalidInput("required", field="name")
    if "\0" in template.text or len(template.text) > LONGEST:
        raise InvalidInput("text", field="text")
    if not template.id and len(templates.of_user(session.database, session.user.id)) >= MOST:
        raise InvalidInput("too_many_templates", field="name", limit=MOST)
    text = template.text.replace("\r\n", "\n").rstrip("\n")
    templates.put(session.database, session.user.id, replace(template, name=template.name.strip()[:200], text=text))


def remove(session: MailSession, template_id: int) -> None:
    """Forget a template. Raises NotFound."""
    templates.remove(session.database, session.user.id, template_id)


def insert(session: MailSession, fields: DraftFields, template_id: int, *, now: datetime, day: Callable[[datetime], str]) -> ComposePage:
    """Put a template above what is written, filled in, and keep the draft. Raises as ``drafts.save``, and NotFound."""
    found = templates.get(session.database, session.user.id, template_id)
    people = parse_address_list(fields.to).addresses
    writer = identities.named(session, fields.sender) or account(session).identity
    name = people[0].name if people else ""
    values = {
        "name": name,
        "first_name": name.split(" ")[0],
        "me": writer.address.display if writer else "",
        "date": day(now),
    }
    text = "\n".join(filter(None, (filled(found.text, values), fields.text)))
    subject = fields.subject or filled(found.subject, values)
    return drafts.save(session, replace(fields, text=text, subject=subject), now=now)


def filled(text: str, values: dict[str, str]) -> str:
    """A text with the values in its places; what is unknown there stays as it is written."""
    return _PLACE.sub(lambda place: values.get(place[1], place[0]), text)
