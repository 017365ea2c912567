"""The form of a filter: filled in from a message or from a filter, and made into a filter again, checked field by field."""

from __future__ import annotations

import hashlib
import json
import secrets

from webmail.address import parse_address_list, valid_addr_spec
from webmail.errors import InvalidInput, NotFound
from webmail.formats.filters import (
    CONTROL,
    HEADER_NAME,
    LONGEST,
    MOST_CONDITIONS,
    Actions,
    Condition,
    Field,
    MailFilter,
    Match,
    possible,
)
from webmail.mail.filter_pages import ConditionFields, FilterFields
from webmail.mail.session import MailSession, account, find_message
from webmail.mailbox import MailboxId
from webmail.message.reply import base_subject
from webmail.message.summary import MessageSummary
from webmail.store import mailboxes

NAME_LENGTH = 80
LARGEST = 10**6
"""Kilobytes that a condition on the size may name."""
TICKS = ("seen", "flag", "discard", "stop")


def from_message(session: MailSession, message_id: int) -> tuple[FilterFields, MessageSummary]:
    """The form for messages like one: of its list where it has one, else of its sender; its subject is offered beside.

    Raises NotFound.
    """
    stored, _ = find_message(session, message_id)
    envelope = stored.summary.envelope
    sender = envelope.sender[0] if envelope.sender else None
    rows: list[ConditionFields] = []
    if envelope.list_id:
        rows.append(ConditionFields(Field.LIST.value, Match.IS.value, envelope.list_id[:LONGEST]))
    elif sender is not None:
        rows.append(ConditionFields(Field.FROM.value, Match.IS.value, sender.addr_spec[:LONGEST]))
    name = envelope.list_id or (sender.display if sender else "") or base_subject(envelope.subject)
    fields = FilterFields(name=_one_line(name)[:NAME_LENGTH], conditions=tuple(rows), does=frozenset({"move"}))
    return fields, stored.summary


def _one_line(text: str) -> str:
    return " ".join(CONTROL.sub(" ", text).split())


def from_filter(session: MailSession, wanted: MailFilter) -> FilterFields:
    """The form of a filter that is kept."""
    did = wanted.actions
    ticked = {name for name in TICKS if getattr(did, name)} | {name for name in ("move", "copy", "forward") if getattr(did, name)}
    when = "every" if not wanted.conditions else "any" if wanted.any_of else "all"
    rows = tuple(ConditionFields(each.field.value, each.match.value, each.value, each.header) for each in wanted.conditions)
    return FilterFields(wanted.key, wanted.name, when, rows, frozenset(ticked), _id(session, did.move), _id(session, did.copy), did.forward)


def _id(session: MailSession, name: str) -> str:
    """The id of a mailbox, as the form has it; empty for none and for one that is gone."""
    found = mailboxes.by_name(session.database, account(session).id, name) if name else None
    return str(found.id) if found else ""


def sign(wanted: MailFilter) -> str:
    """What stays the same as long as the conditions do: by it a rehearsal is known to be of these."""
    conditions = [[each.field, each.match, each.value, each.header] for each in wanted.conditions]
    return hashlib.sha256(json.dumps([wanted.any_of, conditions]).encode()).hexdigest()[:16]


def filter_of(session: MailSession, given: FilterFields, *, enabled: bool = True, fields: tuple[Field, ...] = tuple(Field)) -> MailFilter:
    """The filter that a form means. Raises InvalidInput whose ``field`` is the part of the form that cannot be used.

    ``fields`` are those that whoever runs the filter can look at.
    """
    conditions = conditions_of(given, fields=fields)
    actions = _actions(session, given)
    name = _line(given.name, field="name")[:NAME_LENGTH] or (conditions[0].value[:NAME_LENGTH] if conditions else "")
    if not name:
        raise InvalidInput("required", field="name")
    return MailFilter(given.key or secrets.token_urlsafe(9), name, conditions, actions, given.when == "any", enabled)


def conditions_of(given: FilterFields, *, fields: tuple[Field, ...] = tuple(Field)) -> tuple[Condition, ...]:
    """The conditions of a form; rows without a value are left out. Raises as ``filter_of``."""
    if given.when == "every":
        return ()
    found = tuple(_condition(each, number, fields) for number, each in enumerate(given.conditions) if each.value.strip())
    if not found:
        raise InvalidInput("filter_conditions", field="value-0")
    if len(found) > MOST_CONDITIONS:
        raise InvalidInput("too_many", field="value-0", limit=MOST_CONDITIONS)
    return found


def _condition(given: ConditionFields, number: int, fields: tuple[Field, ...]) -> Condition:
    where = f"value-{number}"
    if given.field not in list(fields) or given.match not in list(Match):
        raise InvalidInput("filter_field", field=where)
    field, match = Field(given.field), Match(given.match)
    if match not in possible(field):
        raise InvalidInput("filter_match", field=where)
    value, header = _line(given.value, field=where), given.header.strip().rstrip(":") if field is Field.HEADER else ""
    if field is Field.HEADER and not HEADER_NAME.fullmatch(header):
        raise InvalidInput("filter_header", field=where)
    if field is Field.SIZE:
        if not (value.isascii() and value.isdigit() and 0 < int(value) <= LARGEST):
            raise InvalidInput("filter_size", field=where)
        value = str(int(value))
    return Condition(field, match, value, header)


def _line(text: str, *, field: str) -> str:
    text = text.strip()
    if CONTROL.search(text):
        raise InvalidInput("control_character", field=field)
    if len(text) > LONGEST:
        raise InvalidInput("filter_long", field=field, limit=LONGEST)
    return text


def _actions(session: MailSession, given: FilterFields) -> Actions:
    ticks = {name: name in given.does for name in TICKS}
    found = Actions(
        move=_mailbox(session, given.move, field="move") if "move" in given.does else "",
        copy=_mailbox(session, given.copy, field="copy") if "copy" in given.does else "",
        forward=_address(session, given.forward) if "forward" in given.does else "",
        **ticks,
    )
    if found.none:
        raise InvalidInput("filter_actions", field="move")
    if found.discard and (found.move or found.copy):
        raise InvalidInput("filter_discard", field="discard")
    return found


def _mailbox(session: MailSession, text: str, *, field: str) -> str:
    """The name of the mailbox chosen. Raises InvalidInput where none was, or it is gone."""
    try:
        found = mailboxes.get(session.database, account(session).id, MailboxId(int(text) if text.isascii() and text.isdigit() else 0))
    except NotFound as error:
        raise InvalidInput("filter_place", field=field) from error
    if not found.selectable:
        raise InvalidInput("filter_place", field=field)
    return found.name


def _address(session: MailSession, text: str) -> str:
    """The one address mail is forwarded to. Raises InvalidInput for another number of them, and for the person's own."""
    found = parse_address_list(_line(text, field="forward"))
    if len(found.addresses) != 1 or found.invalid or not valid_addr_spec(found.addresses[0].addr_spec):
        raise InvalidInput("filter_address", field="forward")
    address = found.addresses[0].addr_spec
    if address.lower() in {each.address.addr_spec.lower() for each in account(session).identities}:
        raise InvalidInput("filter_own_address", field="forward")
    return address
