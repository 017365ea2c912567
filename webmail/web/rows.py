"""The rows of a list, worked out before the template draws them: fifty rows must cost a few milliseconds.

The words of a row ("Archive: %(who)s") are looked up once per list, not per row.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from urllib.parse import urlencode

from flask import current_app
from flask_babel import ngettext
from markupsafe import Markup, escape

from webmail.mail.found import FoundRow, SearchOrder, SearchPage
from webmail.mail.pages import MailboxPage, Row
from webmail.mailbox import SpecialUse
from webmail.web import language, times
from webmail.web.faces import hue, initials
from webmail.web.language import words as _
from webmail.web.names import mailbox_name

KEPT = 400
"""Drawn rows kept in the process, about two kilobytes each."""
PLACE = "\0place\0"
"""Where the place in the list stands in the address of a kept row. No text of a message has a NUL in it."""
NOT_ARCHIVED = (SpecialUse.ARCHIVE, SpecialUse.DRAFTS, SpecialUse.TRASH)
"""Where archiving a message makes no sense."""


@dataclass(frozen=True, slots=True, eq=False)
class RowWords:
    """The words of all rows of one list; there is one such value for each language and kind of list."""

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

    def messages(self, count: int) -> str:
        """So many messages, in words."""
        return ngettext("%(n)s message", "%(n)s messages", count, n=times.number(count))


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
    subject: str | Markup
    subject_text: str
    preview: str | Markup
    machine_time: str
    time: str
    full_time: str
    words: RowWords
    places: tuple[str, ...] = ()
    count: int = 1
    counted: str = ""


@lru_cache(maxsize=256)
def row_words(locale: str, role: SpecialUse | None) -> RowWords:
    """The words of a list of this kind in a language."""
    return RowWords(
        locale=locale,
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


def grouped(
    page: MailboxPage, *, draw: Callable[[DrawnRow], Markup], open_id: int = 0, address: str = ""
) -> list[tuple[str, list[Markup]]]:
    """The rows of a page, by date under headings, drawn by the macro ``draw``. ``address`` is the reader's own.

    A row drawn before, for the same eyes and on the same day, is not drawn again: a list changes little between two looks, and
    of a row beside a message only the place in its address.
    """
    words, now = row_words(language.code(), page.mailbox.special_use), times.today()
    query = urlencode(page.place.query)
    place = str(escape(f"?{query}" if query else ""))
    drafts = page.mailbox.special_use is SpecialUse.DRAFTS
    dated, headings = page.sort.by_date, dict[date, str]()
    drawn: list[tuple[str, list[Markup]]] = []
    kept: dict[Hashable, Markup] = current_app.extensions.setdefault("webmail.rows", {})
    seen_by = (words.locale, page.mailbox.special_use, now, address)
    for row in page.rows:
        here = times.local(row.message.internal_date)
        day = here.date()
        heading = "" if not dated else headings.get(day) or headings.setdefault(day, times.group(day, now=now, locale=words.locale))
        number = row.message.id
        kind = "conversations" if row.count > 1 else "messages"
        href = f"/compose?draft={number}" if drafts else f"/{kind}/{number}{PLACE}"
        if not drawn or drawn[-1][0] != heading:
            drawn.append((heading, []))
        told = (row.thread, row.people, row.has_attachments) if row.thread else None
        key = (number, row.message.flags, row.message.preview, number == open_id, told, *seen_by)
        markup = kept.get(key)
        if markup is None:
            markup = draw(_drawn(row, words, href=href, here=here, now=now, is_open=number == open_id, address=address.lower()))
            _keep(kept, key, markup)
        drawn[-1][1].append(Markup(str.replace(markup, PLACE, place)))  # noqa: S704 - drawn by the template, and an escaped place
    return drawn


def found(page: SearchPage, *, draw: Callable[[DrawnRow], Markup], address: str = "") -> list[tuple[str, list[Markup]]]:
    """The results of a search, newest first under headings, with what was searched for marked and the folders named."""
    words, now = row_words(language.code(), None), times.today()
    drawn: list[tuple[str, list[Markup]]] = []
    query, mine = urlencode({"q": page.query}), address.lower()
    for each in page.rows:
        message = each.row.message
        here = times.local(message.internal_date)
        heading = times.group(here.date(), now=now, locale=words.locale) if page.order is SearchOrder.NEWEST else ""
        if not drawn or drawn[-1][0] != heading:
            drawn.append((heading, []))
        shown = _drawn(each.row, words, href=f"/messages/{message.id}?{query}", here=here, now=now, is_open=False, address=mine, found=each)
        drawn[-1][1].append(draw(shown))
    return drawn


def _marked(text: str, hits: Sequence[tuple[int, int]]) -> str | Markup:
    """Text, escaped, with pieces of it in ``mark`` elements; as it is where there are none."""
    if not hits:
        return text
    parts, place = [], 0
    for start, end in hits:
        parts += [escape(text[place:start]), Markup("<mark>"), escape(text[start:end]), Markup("</mark>")]
        place = end
    return Markup("").join([*parts, escape(text[place:])])


def _keep(kept: dict[Hashable, Markup], key: Hashable, markup: Markup) -> None:
    """Keep a drawn row. Ids are never used twice, and what else a row shows is part of the key; so it never goes stale."""
    if len(kept) >= KEPT:
        kept.clear()
    kept[key] = markup


def _drawn(
    row: Row, words: RowWords, *, href: str, here: datetime, now: date, is_open: bool, address: str, found: FoundRow | None = None
) -> DrawnRow:
    message = row.message
    envelope = message.envelope
    who, first = _people(row, words, address=address)
    subject = envelope.subject or words.no_subject
    return DrawnRow(
        id=message.id,
        href=href,
        open=is_open,
        unread=row.unread,
        flagged=row.flagged,
        answered=row.answered,
        forwarded=row.forwarded,
        attached=row.has_attachments,
        doubtful=envelope.sender_doubtful,
        initials=initials(first),
        hue=hue(row.people[0].addr_spec if row.people else who),
        who=who,
        subject=_marked(subject, found.subject_hits) if found and envelope.subject else subject,
        subject_text=subject,
        preview=_marked(message.preview, found.preview_hits) if found else message.preview,
        machine_time=message.internal_date.isoformat(),
        time=times.short(here, now=now, locale=words.locale),
        full_time=times.full(here, locale=words.locale),
        words=words,
        places=tuple(mailbox_name(mailbox) for mailbox in found.mailboxes) if found else (),
        count=row.count,
        counted=words.messages(row.count) if row.count > 1 else "",
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
