"""The words of filters: their fields and comparisons, and each filter as a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import Flask
from flask_babel import gettext as _

from webmail.formats.filters import SIZES, Actions, Condition, Field, MailFilter, Match
from webmail.mailbox import Mailbox
from webmail.web.names import mailbox_name
from webmail.web.times import number


def field_words(field: Field) -> str:
    """What a condition looks at."""
    return {
        Field.FROM: _("From"),
        Field.TO: _("To"),
        Field.CC: _("Cc"),
        Field.SUBJECT: _("Subject"),
        Field.LIST: _("Mailing list"),
        Field.HEADER: _("Header field"),
        Field.SIZE: _("Size"),
        Field.BODY: _("Text"),
    }[field]


def match_words(match: Match) -> str:
    """How a condition compares."""
    return {
        Match.CONTAINS: _("contains"),
        Match.CONTAINS_NOT: _("does not contain"),
        Match.IS: _("is"),
        Match.IS_NOT: _("is not"),
        Match.MATCHES: _("matches"),
        Match.MATCHES_NOT: _("does not match"),
        Match.LARGER: _("is larger than (KB)"),
        Match.SMALLER: _("is smaller than (KB)"),
    }[match]


def sentence(wanted: MailFilter, mailboxes: Sequence[Mailbox]) -> str:
    """A filter in a line: when it does what."""
    names = {each.name: mailbox_name(each) for each in mailboxes}
    actions = _(", ").join(_actions(wanted.actions, names))
    if not wanted.conditions:
        return _("Every message: %(actions)s", actions=actions)
    conditions = (_(" or ") if wanted.any_of else _(" and ")).join(_condition(each) for each in wanted.conditions)
    return _("If %(conditions)s: %(actions)s", conditions=conditions, actions=actions)


def _condition(condition: Condition) -> str:
    field = condition.header if condition.field is Field.HEADER else field_words(condition.field)
    if condition.match in SIZES:
        size = number(int(condition.value))
        return _("larger than %(size)s KB", size=size) if condition.match is Match.LARGER else _("smaller than %(size)s KB", size=size)
    return _("%(field)s %(compares)s “%(value)s”", field=field, compares=match_words(condition.match), value=condition.value)


def _actions(did: Actions, names: Mapping[str, str]) -> list[str]:
    found = [
        _("move to %(folder)s", folder=names.get(did.move, did.move)) if did.move else "",
        _("copy to %(folder)s", folder=names.get(did.copy, did.copy)) if did.copy else "",
        _("mark as read") if did.seen else "",
        _("flag") if did.flag else "",
        _("forward to %(address)s", address=did.forward) if did.forward else "",
        _("discard") if did.discard else "",
        _("stop here") if did.stop else "",
    ]
    return [each for each in found if each]


def fields(known: Sequence[Field]) -> list[tuple[str, str]]:
    """The fields a condition can look at, with their words."""
    return [(each.value, field_words(each)) for each in known]


def matches() -> list[tuple[str, str]]:
    """The comparisons with their words."""
    return [(each.value, match_words(each)) for each in Match]


def init(app: Flask) -> None:
    """Give the templates these words."""
    app.jinja_env.globals.update(filter_fields=fields, filter_matches=matches, filter_sentence=sentence)
