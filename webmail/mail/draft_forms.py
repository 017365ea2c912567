"""The form of a draft: its fields as they came, what is refused of them, and the page that shows it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from webmail.address import Address
from webmail.errors import InvalidInput, WebmailError
from webmail.mail import attachments, identities, writing
from webmail.mail.pages import Check, ComposePage, DraftFormat
from webmail.mail.session import MailSession, account
from webmail.message.build import PRIORITIES
from webmail.store import templates
from webmail.store.drafts import DraftRow

HEADER_FIELDS = ("sender", "to", "cc", "bcc", "subject", "reply_to", "priority", "signed")
"""What goes into the header of a message, or names something: on one line."""
TEXTS = ("text", "heading")
KEY = re.compile(r"[A-Za-z0-9_.~-]{1,64}")
"""What may name a draft in an address."""
ACTIONS = ("", "reply", "reply_all", "reply_list", "forward", "attach", "again")
"""What a message may begin as."""


@dataclass(frozen=True, slots=True)
class DraftFields:
    """The fields of the compose form as they came.

    ``include`` are sections of a forwarded message to take along, ``pictures`` those that its text shows. ``quoted`` wants the HTML of
    the original under ``heading``. ``signed`` is the address whose signature the text has, ``version`` that of the draft the form was
    made of (None: whatever it is), ``confirmed`` the codes of checks that were looked at.
    """

    key: str
    sender: str = ""
    to: str = ""
    cc: str = ""
    bcc: str = ""
    subject: str = ""
    text: str = ""
    original: int | None = None
    original_action: str = ""
    include: tuple[str, ...] = ()
    format: str = ""
    reply_to: str = ""
    priority: str = ""
    receipt: bool = False
    dsn: bool = False
    quoted: bool = False
    heading: str = ""
    pictures: tuple[str, ...] = ()
    signed: str = ""
    version: int | None = None
    confirmed: tuple[str, ...] = ()


class Incomplete(WebmailError):
    """A message cannot be sent as it is; ``page`` is the form again with what is missing."""

    def __init__(self, page: ComposePage) -> None:
        super().__init__("incomplete")
        self.page = page


def check(fields: DraftFields) -> None:
    """Raise InvalidInput for what no draft may hold: line breaks in a header field, NUL anywhere, a format nobody knows."""
    for name in HEADER_FIELDS:
        if any(character in getattr(fields, name) for character in "\r\n\0"):
            raise InvalidInput("line_break", field={"sender": "from"}.get(name, name))
    for name in TEXTS:
        if "\0" in getattr(fields, name):
            raise InvalidInput("nul", field="text")
    if not KEY.fullmatch(fields.key):
        raise InvalidInput("key", field="key")
    for name, known in (("format", tuple(DraftFormat)), ("priority", ("", *PRIORITIES)), ("original_action", ACTIONS)):
        if getattr(fields, name) not in known:
            raise InvalidInput("choice", field=name, value=getattr(fields, name))


def own_addresses(session: MailSession) -> tuple[Address, ...]:
    """The addresses a person may write from."""
    return tuple(identity.address for identity in account(session).identities)


def names_of_templates(session: MailSession) -> tuple[tuple[int, str], ...]:
    """The texts to begin with, by id and name. One look-up."""
    return tuple((each.id, each.name) for each in templates.of_user(session.database, session.user.id))


def blank(session: MailSession, given: DraftFields, *, key: str) -> ComposePage:
    """The form of a message that nobody has written yet, with what is given, signed as the first identity."""
    chosen, identity = writing.choices(session), account(session).identity
    return ComposePage(
        key=key,
        identities=own_addresses(session),
        sender="",
        to=given.to,
        cc=given.cc,
        bcc=given.bcc,
        subject=given.subject,
        text=writing.new_text(given.text, writing.signature_block(identity)),
        format=DraftFormat.MARKDOWN if chosen.format == "markdown" else DraftFormat.PLAIN,
        signed=account(session).own_address,
        templates=names_of_templates(session),
    )


def page_of(
    session: MailSession,
    row: DraftRow,
    *,
    errors: tuple[tuple[str, str, dict[str, object]], ...] = (),
    checks: tuple[Check, ...] = (),
    asks: bool = False,
) -> ComposePage:
    """The compose form of a stored draft; ``asks`` where it was to be sent and the checks are to be looked at first."""
    return ComposePage(
        key=row.key,
        identities=own_addresses(session),
        sender=row.sender if identities.named(session, row.sender) else "",
        to=row.to,
        cc=row.cc,
        bcc=row.bcc,
        subject=row.subject,
        text=row.text,
        attachments=attachments.listed(row),
        saved_at=row.updated_at,
        placed=bool(row.uid),
        errors=errors,
        original_action=row.original_action,
        format=DraftFormat(row.format),
        reply_to=row.reply_to,
        priority=row.priority,
        receipt=row.receipt,
        dsn=row.dsn,
        quotes=bool(row.quote),
        quoted=bool(row.quote),
        signed=row.sender,
        version=row.version,
        checks=checks,
        asks=asks,
        templates=names_of_templates(session),
    )


def signed_anew(session: MailSession, fields: DraftFields) -> DraftFields:
    """The fields with the signature of the address they are sent from, where the text has that of another."""
    before, after = identities.named(session, fields.signed), identities.named(session, fields.sender)
    if before is None or after is None or before.id == after.id:
        return fields
    return replace(fields, text=writing.signed_anew(fields.text, old=before, new=after))
