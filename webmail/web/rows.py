"""The rows of a list, worked out before the template draws them: fifty rows must cost a few milliseconds.

Labels that name a message ("Archive: Mira Kestrel") are looked up once per list and filled per row.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from webmail.mail.pages import MailboxPage, Row
from webmail.mailbox import SpecialUse
from webmail.web import language, times
from webmail.web.faces import hue, initials
from webmail.web.language import words as _

NOT_ARCHIVED = (SpecialUse.ARCHIVE, SpecialUse.DRAFTS, SpecialUse.TRASH)
"""Where archiving a message makes no sense."""


@dataclass(frozen=True, slots=True)
class RowWords:
    """The words of all rows of one list."""

    locale: str
    no_subject: str
    nobody: str
    me: str
    comma: str
    more: str
    pick: str
    archive: str
    delete: str
    flag: str
    unflag: str
    archive_title: str
    delete_title: str
    flag_title: str
    unflag_title: str
    unread: str
    doubtful: str
    answered: str
    forwarded: str
    attached: str
    flagged: str
    can_archive: bool


@dataclass(frozen=True, slots=True)
class DrawnRow:
    """A row as the template draws it."""

    id: int
    href: str
    open: bool
    unread: bool
    flagged: bool
    answered: bool
    forwarded: bool
    attached: bool
    doubtful: bool
    initials: str
    hue: int
    who: str
    subject: str
    preview: str
    machine_time: str
    time: str
    full_time: str
    pick: str
    archive: str
    delete: str
    flag: str
    words: RowWords


def _words(role: SpecialUse | None) -> RowWords:
    return RowWords(
        locale=language.code(),
        no_subject=_("(no subject)"),
        nobody=_("(nobody)"),
        me=_("me"),
        comma=_(", "),
        more=_("%(people)s and %(n)s more"),
        pick=_("Select: %(who)s, %(subject)s"),
        archive=_("Archive: %(who)s"),
        delete=_("Delete: %(who)s"),
        flag=_("Flag: %(who)s"),
        unflag=_("Remove flag: %(who)s"),
        archive_title=_("Archive"),
        delete_title=_("Delete"),
        flag_title=_("Flag"),
        unflag_title=_("Remove flag"),
        unread=_("Unread"),
        doubtful=_("Sender not clear"),
        answered=_("Replied"),
        forwarded=_("Forwarded"),
        attached=_("Has attachments"),
        flagged=_("Flagged"),
        can_archive=role not in NOT_ARCHIVED,
    )


def grouped(page: MailboxPage, *, open_id: int = 0, address: str = "") -> list[tuple[str, list[DrawnRow]]]:
    """The rows of a page under their headings, newest first. ``address`` is the reader's own."""
    words, now = _words(page.mailbox.special_use), times.today()
    place = "".join(f"&{name}={value}" for name, value in (("after", page.cursor), ("filter", page.filter)) if value)
    drafts = page.mailbox.special_use is SpecialUse.DRAFTS
    headings: dict[date, str] = {}
    drawn: list[tuple[str, list[DrawnRow]]] = []
    for row in page.rows:
        here = times.local(row.message.internal_date)
        day = here.date()
        heading = headings.get(day) or headings.setdefault(day, times.group(day, now=now, locale=words.locale))
        number = row.message.id
        href = f"/compose?draft={number}" if drafts else f"/messages/{number}{'?' + place[1:] if place else ''}"
        if not drawn or drawn[-1][0] != heading:
            drawn.append((heading, []))
        drawn[-1][1].append(_drawn(row, words, href=href, here=here, now=now, is_open=number == open_id, address=address.lower()))
    return drawn


def _drawn(row: Row, words: RowWords, *, href: str, here: datetime, now: date, is_open: bool, address: str) -> DrawnRow:
    message = row.message
    envelope = message.envelope
    who, first = _people(row, words, address=address)
    subject = envelope.subject or words.no_subject
    named = {"who": who, "subject": subject}
    return DrawnRow(
        id=message.id,
        href=href,
        open=is_open,
        unread=not message.seen,
        flagged=message.flagged,
        answered=row.answered,
        forwarded=row.forwarded,
        attached=row.has_attachments,
        doubtful=envelope.sender_doubtful,
        initials=initials(first),
        hue=hue(row.people[0].addr_spec if row.people else who),
        who=who,
        subject=subject,
        preview=message.preview,
        machine_time=message.internal_date.isoformat(),
        time=times.short(here, now=now, locale=words.locale),
        full_time=times.full(here, locale=words.locale),
        pick=words.pick % named,
        archive=words.archive % named,
        delete=words.delete % named,
        flag=(words.unflag if message.flagged else words.flag) % named,
        words=words,
    )


def _people(row: Row, words: RowWords, *, address: str) -> tuple[str, str]:
    """The names of a row in a line, and the name its avatar is made of; a doubtful sender is shown as it came."""
    envelope = row.message.envelope
    if envelope.sender_doubtful and envelope.from_raw and row.people == envelope.sender:
        return envelope.from_raw, "?"
    if not row.people:
        return words.nobody, "?"
    names = [words.me if each.addr_spec.lower() == address else each.display for each in row.people[:3]]
    line = words.comma.join(names)
    if len(row.people) > len(names):
        line = words.more % {"people": line, "n": len(row.people) - len(names)}
    return line, row.people[0].display
