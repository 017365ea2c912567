"""Answers: the compose form filled in from a message that is answered, forwarded, or written anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from webmail.address import Address, format_address
from webmail.errors import NotAllowed
from webmail.mail import enclosed, lists
from webmail.mail.pages import AttachmentRow, ComposePage
from webmail.mail.part_rows import attachment_row
from webmail.mail.session import MailSession, account
from webmail.message import mime, reply
from webmail.message.summary import Envelope
from webmail.store.messages import StoredMessage

NEW = ("forward", "again")
"""What begins a message of its own: it answers nothing, and takes attachments along."""


@dataclass(frozen=True, slots=True)
class Wording:
    """The words that a reply and a forward put into the text, in the writer's language.

    ``attribution`` holds ``{date}`` and ``{name}``; ``names`` are the labels of From, Date, Subject, To and Cc.
    """

    attribution: str
    forwarded: str
    names: tuple[str, str, str, str, str]
    format_date: Callable[[datetime], str]


def answered(session: MailSession, page: ComposePage, stored: StoredMessage, *, wording: Wording) -> ComposePage:
    """The form of an answer to a message (``reply``, ``reply_all``, ``reply_list``), of its ``forward``, or of it ``again``.

    Costs the fetch of the text. Raises NotAllowed("list_closed") for an answer to a list that takes none.
    """
    text, files = enclosed.quotation(session, stored.summary.id)
    if page.original_action == "forward":
        return _forward(page, stored, text, wording=wording, files=files)
    if page.original_action == "again":
        return _again(session, page, stored, text, files=files)
    found = _reply(session, page, stored.summary.envelope, text, wording=wording)
    if page.original_action == "reply_list":
        _, facts = lists.facts_of(session, stored.summary.id)
        mailing = lists.mailing(session, stored.summary, facts)
        if mailing is None or not mailing.post:
            raise NotAllowed("list_closed")
        return replace(found, to=mailing.post, cc="")
    return found


def _reply(session: MailSession, page: ComposePage, envelope: Envelope, text: str, *, wording: Wording) -> ComposePage:
    own = {identity.address.addr_spec.lower() for identity in account(session).identities}
    answer = reply.reply(envelope, own=own, everyone=page.original_action == "reply_all")
    who = envelope.sender[0].display if envelope.sender else ""
    when = wording.format_date(envelope.date) if envelope.date else ""
    attribution = wording.attribution.format(date=when, name=who)
    return replace(
        page,
        to=line(answer.to),
        cc=line(answer.cc),
        subject=answer.subject,
        text="\n\n" + reply.quoted(text, attribution=attribution),
    )


def _forward(page: ComposePage, stored: StoredMessage, text: str, *, wording: Wording, files: tuple[AttachmentRow, ...]) -> ComposePage:
    envelope = stored.summary.envelope
    values = (
        line(envelope.sender),
        wording.format_date(envelope.date) if envelope.date else "",
        envelope.subject,
        line(envelope.to),
        line(envelope.cc),
    )
    heading = [wording.forwarded, *(f"{name}: {value}" for name, value in zip(wording.names, values, strict=True) if value)]
    attached = (*map(attachment_row, mime.attachments(stored.summary.structure)), *files)
    return replace(
        page,
        subject=reply.forward_subject(envelope.subject),
        text="\n\n" + reply.forwarded(text, heading_lines=heading),
        included=attached,
    )


def _again(session: MailSession, page: ComposePage, stored: StoredMessage, text: str, *, files: tuple[AttachmentRow, ...]) -> ComposePage:
    """The same message once more, to be changed: to the same people, from the same address if it is one's own."""
    envelope = stored.summary.envelope
    own = {identity.address.addr_spec.lower(): identity.address for identity in account(session).identities}
    sender = next((own[each.addr_spec.lower()] for each in envelope.sender if each.addr_spec.lower() in own), None)
    return replace(
        page,
        sender=format_address(sender) if sender else "",
        to=line(envelope.to),
        cc=line(envelope.cc),
        bcc=line(envelope.bcc),
        subject=envelope.subject,
        text=text,
        included=(*map(attachment_row, mime.attachments(stored.summary.structure)), *files),
    )


def line(addresses: Sequence[Address]) -> str:
    """Addresses as a field of the form holds them."""
    return ", ".join(format_address(each) for each in addresses)
