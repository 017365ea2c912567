"""Answers: the compose form filled in from a message that is answered, forwarded, or written anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from webmail.address import Address, format_address
from webmail.errors import NotAllowed
from webmail.mail import attachments, enclosed, identities, lists, quoting, writing
from webmail.mail.attachments import WHOLE
from webmail.mail.pages import AttachmentRow, ComposePage, DraftFormat
from webmail.mail.part_rows import attachment_row
from webmail.mail.session import MailSession, account
from webmail.message import mime, reply
from webmail.store.messages import StoredMessage

NEW = ("forward", "attach", "again")
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
    """The form of an answer to a message (``reply``, ``reply_all``, ``reply_list``), of its ``forward`` (also ``attach``: whole and as a
    file), or of it ``again``, written from the address to which it came.

    Costs the fetch of the text. Raises NotAllowed("list_closed") for an answer to a list that takes none.
    """
    usual = account(session).identity
    sender = _writer(session, stored) or (usual.address if usual else None)
    page = replace(page, sender=format_address(sender) if sender else "", signed=sender.addr_spec if sender else "")
    if page.original_action == "attach":
        return _attached(session, page, stored)
    text, files = enclosed.quotation(session, stored.summary.id)
    if page.original_action == "forward":
        return _forward(session, page, stored, text, wording=wording, files=files)
    if page.original_action == "again":
        return _again(session, page, stored, text, files=files)
    found = _reply(session, page, stored, text, wording=wording)
    if page.original_action == "reply_list":
        _, facts = lists.facts_of(session, stored.summary.id)
        mailing = lists.mailing(session, stored.summary, facts)
        if mailing is None or not mailing.post:
            raise NotAllowed("list_closed")
        return replace(found, to=mailing.post, cc="")
    return found


def _writer(session: MailSession, stored: StoredMessage) -> Address | None:
    """The own address to which a message came, as it names it, else as its servers do; who wrote it oneself is that again."""
    envelope = stored.summary.envelope
    named = [each.addr_spec for each in (*envelope.sender, *envelope.to, *envelope.cc, *envelope.bcc)]
    found = identities.answering(session, named)
    if found is None and len(account(session).identities) > 1:
        found = identities.answering(session, lists.facts_of(session, stored.summary.id)[1].delivered)
    return found


def _signature(session: MailSession, page: ComposePage) -> str:
    return writing.signature_block(identities.of_address(session, page.signed) if page.signed else None)


def _reply(session: MailSession, page: ComposePage, stored: StoredMessage, text: str, *, wording: Wording) -> ComposePage:
    envelope = stored.summary.envelope
    people = (*envelope.sender, *envelope.reply_to, *envelope.to, *envelope.cc)
    own = identities.own_among(session, people)
    answer = reply.reply(envelope, own=own, everyone=page.original_action == "reply_all")
    who = envelope.sender[0].display if envelope.sender else ""
    when = wording.format_date(envelope.date) if envelope.date else ""
    attribution = wording.attribution.format(date=when, name=who)
    page = replace(page, to=line(answer.to), cc=line(answer.cc), subject=answer.subject)
    return _quoting(session, page, stored, heading=attribution, text=reply.quoted(text, attribution=attribution))


def _quoting(session: MailSession, page: ComposePage, stored: StoredMessage, *, heading: str, text: str) -> ComposePage:
    """The form with the original quoted as the person likes it: its HTML beside the text, or its words in it."""
    chosen, signature = writing.choices(session), _signature(session, page)
    forwards = page.original_action == "forward"
    if forwards:
        chosen = replace(chosen, quote="above")
    page = replace(page, format=draft_format(chosen))
    if page.format and quoting.has_html(stored):
        quoted = chosen.quote != "none"
        return replace(page, quotes=True, quoted=quoted, heading=heading, text=writing.answer_text("", signature, chosen))
    return replace(page, text=writing.answer_text(text, signature, chosen))


def draft_format(chosen: writing.WritingPage) -> DraftFormat:
    """How a new draft is written."""
    return DraftFormat.MARKDOWN if chosen.format == "markdown" else DraftFormat.PLAIN


def _forward(
    session: MailSession, page: ComposePage, stored: StoredMessage, text: str, *, wording: Wording, files: tuple[AttachmentRow, ...]
) -> ComposePage:
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
    page = replace(page, subject=reply.forward_subject(envelope.subject), included=attached)
    return _quoting(session, page, stored, heading="\n".join(heading), text=reply.forwarded(text, heading_lines=heading))


def _attached(session: MailSession, page: ComposePage, stored: StoredMessage) -> ComposePage:
    """A message that goes along as a file, with all it holds."""
    summary, chosen = stored.summary, writing.choices(session)
    return replace(
        page,
        subject=reply.forward_subject(summary.envelope.subject),
        text=writing.new_text("", _signature(session, page)),
        format=draft_format(chosen),
        included=(AttachmentRow(WHOLE, attachments.name_of(stored), "message/rfc822", summary.size),),
    )


def _again(session: MailSession, page: ComposePage, stored: StoredMessage, text: str, *, files: tuple[AttachmentRow, ...]) -> ComposePage:
    """The same message once more, to be changed: to the same people, from the same address if it is one's own."""
    envelope = stored.summary.envelope
    own = identities.answering(session, [each.addr_spec for each in envelope.sender])
    page = replace(
        page,
        sender=format_address(own) if own else "",
        signed=own.addr_spec if own else "",
        to=line(envelope.to),
        cc=line(envelope.cc),
        bcc=line(envelope.bcc),
        subject=envelope.subject,
        text=text,
        included=(*map(attachment_row, mime.attachments(stored.summary.structure)), *files),
    )
    if writing.choices(session).format == "plain" or not quoting.has_html(stored):
        return page
    found = quoting.quotation(session, stored.summary.id)
    return replace(page, format=DraftFormat.HTML, text=found.markup, pictures=tuple(found.pictures))


def line(addresses: Sequence[Address]) -> str:
    """Addresses as a field of the form holds them."""
    return ", ".join(format_address(each) for each in addresses)
