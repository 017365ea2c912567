"""Which part of a list a request is about, and the words for its orders and filters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from flask import request

from webmail.mail.pages import Filter, ListPlace, Sort
from webmail.web.language import words as _
from webmail.web.numbers import number

TEXTS = tuple(each.name for each in fields(ListPlace) if each.name != "selection")


def asked_place() -> ListPlace:
    """The place that the query of this request names; the mail service checks it."""
    return ListPlace(**{name: request.args.get(name, "") for name in TEXTS}, selection=asked_selection())


def asked_selection() -> int:
    """The selection that the query of this request shows; 0 for none."""
    return request.args.get("selection", 0, type=number)


def filter_words(filter: Filter) -> str:
    """What a quick filter shows."""
    return {
        Filter.UNREAD: _("Unread only"),
        Filter.FLAGGED: _("Flagged"),
        Filter.ATTACHMENTS: _("With attachments"),
        Filter.TO_ME: _("To me"),
    }[filter]


def sort_words(sort: Sort, *, outgoing: bool) -> str:
    """How a list is sorted."""
    return {
        Sort.DATE: _("Newest first"),
        Sort.OLDEST: _("Oldest first"),
        Sort.FROM: _("Recipient A to Z") if outgoing else _("Sender A to Z"),
        Sort.FROM_DESC: _("Recipient Z to A") if outgoing else _("Sender Z to A"),
        Sort.SUBJECT: _("Subject A to Z"),
        Sort.SUBJECT_DESC: _("Subject Z to A"),
        Sort.SIZE: _("Largest first"),
        Sort.SMALLEST: _("Smallest first"),
    }[sort]


def filters() -> Sequence[tuple[Filter, str, str]]:
    """The quick filters with icon and words, in the order of the menu."""
    symbols = {Filter.UNREAD: "mail-open", Filter.FLAGGED: "flag", Filter.ATTACHMENTS: "clip", Filter.TO_ME: "person"}
    return [(each, symbol, filter_words(each)) for each, symbol in symbols.items()]


def sorts(*, outgoing: bool) -> Sequence[tuple[Sort, str]]:
    """The orders with their words, in the order of the menu."""
    return [(each, sort_words(each, outgoing=outgoing)) for each in Sort]
