"""Filters: what a person wants done with the mail that comes, kept on the mail server or here, whichever runs them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from webmail.errors import Conflict, InvalidInput, NotFound, WebmailError
from webmail.formats.filters import Actions, MailFilter
from webmail.mail import filter_forms, filter_shelf, filtering
from webmail.mail.filter_pages import (
    ConditionFields,
    Filtered,
    FilterFields,
    FilterFormPage,
    FilterQuestion,
    FiltersPage,
    Runner,
    ShownFilter,
    Standing,
)
from webmail.mail.filter_shelf import Place, Shelf
from webmail.mail.pages import ActionResult
from webmail.mail.session import Gate, MailSession, account
from webmail.store import filters, journal, mailboxes

MOST = 200
LATELY = 10
Filters = tuple[MailFilter, ...]


def page(session: MailSession, place: Place) -> FiltersPage:
    """The filters of the account shown, and what those that run here did lately.

    Costs nothing of a server where they run here, else a visit to the server of scripts; raises its errors.
    """
    mine = account(session).id
    shelf = filter_shelf.read(session, place)
    known = {each.name for each in mailboxes.list_of(session.database, mine) if each.selectable}
    shown = tuple(
        ShownFilter(each, tuple(name for name in (each.actions.move, each.actions.copy) if name and name not in known))
        for each in shelf.filters
    )
    done = journal.lately(session.database, mine, action=filtering.ACTION, limit=LATELY)
    lately = tuple(Filtered(each.id, each.created_at, _count(each), each.undone_at is not None) for each in done)
    return FiltersPage(shown, shelf.stamp, shelf.standing, lately)


def place(session: MailSession, gate: Gate) -> Place:
    """The server that keeps and runs the filters of the account shown; None where this webmail does.

    Filters that were made before there was such a server are run here as long as there are any: nothing is run twice, or by nobody.
    """
    mine = account(session)
    if gate.sieve_server is None or mine.imap.host != gate.imap_server.host:
        return None
    kept = filters.get(session.database, mine.id)
    return None if kept is not None and kept.filters else gate.sieve_server


def _count(done: journal.Journal) -> int:
    return len({uid for entry in done.entries for uid in entry.uids})


def form(
    session: MailSession, place: Place, *, key: str = "", message_id: int = 0, given: FilterFields | None = None, more: bool = False
) -> FilterFormPage:
    """The form of a filter: as it was ``given``, of a filter by its ``key``, like a message, or an empty one.

    With what the filter would touch, where its conditions can be understood; ``more`` adds a row for another. Raises NotFound, and
    the errors of the server of scripts.
    """
    shelf, message = _shelf(session, place, patient=given is not None), None
    if given is not None:
        fields = given
    elif key:
        fields = filter_forms.from_filter(session, _named(shelf, key))
    elif message_id:
        fields, message = filter_forms.from_message(session, message_id)
    else:
        fields = FilterFields()
    fields = replace(fields, conditions=(*fields.conditions, *([ConditionFields()] if more or not fields.conditions else [])))
    shown = FilterFormPage(fields, shelf.stamp, shelf.standing, mailboxes.list_of(session.database, account(session).id), message=message)
    # Whatever cannot be understood or asked for now, what was typed is drawn again.
    with suppress(WebmailError):
        meant = MailFilter("rehearsal", "", filter_forms.conditions_of(fields), Actions(), any_of=fields.when == "any")
        rehearsal = filtering.rehearse(session, meant)
        fields = replace(fields, rehearsed=filter_forms.sign(meant), selection=rehearsal.selection)
        return replace(shown, fields=fields, rehearsal=rehearsal)
    return shown


def _shelf(session: MailSession, place: Place, *, patient: bool) -> Shelf:
    """The shelf; for who is ``patient`` an empty one where the server of scripts does not answer, so that nothing typed is lost."""
    try:
        return filter_shelf.read(session, place)
    except WebmailError:
        if not patient or place is None:
            raise
        return Shelf((), "", Standing(Runner.SERVER, place.host))


def _named(shelf: Shelf, key: str) -> MailFilter:
    found = next((each for each in shelf.filters if each.key == key), None)
    if found is None:
        raise NotFound("mail_filter")
    return found


def save(session: MailSession, place: Place, given: FilterFields, *, stamp: str, apply: bool = False) -> ActionResult | None:
    """Keep a filter; with ``apply``, do what it says to the messages that its rehearsal has shown, which Undo takes back.

    Raises InvalidInput, Conflict("filters_changed") where somebody has changed the filters since the form was drawn,
    Conflict("filter_rehearsed") where the conditions are others now than those the messages were found by, and what the servers say.
    """
    shelf = filter_shelf.read(session, place)
    before = _named(shelf, given.key) if given.key else None
    wanted = filter_forms.filter_of(session, given, enabled=before is None or before.enabled, fields=shelf.standing.fields)
    if apply and given.rehearsed != filter_forms.sign(wanted):
        raise Conflict("filter_rehearsed")
    if before is None and len(shelf.filters) >= MOST:
        raise InvalidInput("too_many_filters", field="name", limit=MOST)
    others = shelf.filters if before else (*shelf.filters, wanted)
    _write(session, place, shelf, tuple(wanted if each.key == wanted.key else each for each in others), stamp=stamp)
    return filtering.apply(session, wanted, selection=given.selection) if apply and given.selection else None


def change(session: MailSession, place: Place, key: str, *, what: str, stamp: str) -> MailFilter:
    """Turn a filter on or off, move it up or down, or delete it; returns what it was. Raises as ``save``, and NotFound("mail_filter")."""
    changes: dict[str, Callable[[Filters, int], Filters]] = {
        "on": lambda all_of, at: (*all_of[:at], replace(all_of[at], enabled=True), *all_of[at + 1 :]),
        "off": lambda all_of, at: (*all_of[:at], replace(all_of[at], enabled=False), *all_of[at + 1 :]),
        "up": lambda all_of, at: _moved(all_of, at, max(0, at - 1)),
        "down": lambda all_of, at: _moved(all_of, at, at + 1),
        "delete": lambda all_of, at: (*all_of[:at], *all_of[at + 1 :]),
    }
    shelf = filter_shelf.read(session, place)
    found = _named(shelf, key)
    if what not in changes:
        raise InvalidInput("action", field="what", value=what)
    _write(session, place, shelf, changes[what](shelf.filters, shelf.filters.index(found)), stamp=stamp)
    return found


def _moved(all_of: Filters, at: int, to: int) -> Filters:
    rest = (*all_of[:at], *all_of[at + 1 :])
    return (*rest[:to], all_of[at], *rest[to:])


def take_over(session: MailSession, place: Place, *, stamp: str) -> None:
    """Let the filters run in spite of what other programs did to the scripts on the server. Raises as ``save``."""
    filter_shelf.take_over(session, place, stamp=stamp, now=datetime.now(UTC))


def ask(session: MailSession, place: Place, key: str) -> FilterQuestion:
    """The question before a filter is deleted. Raises NotFound("mail_filter")."""
    shelf = filter_shelf.read(session, place)
    return FilterQuestion(_named(shelf, key), shelf.stamp, shelf.standing)


def _write(session: MailSession, place: Place, shelf: Shelf, wanted: Filters, *, stamp: str) -> None:
    if stamp != shelf.stamp:
        raise Conflict("filters_changed")
    filter_shelf.write(session, place, shelf, wanted, now=datetime.now(UTC))
