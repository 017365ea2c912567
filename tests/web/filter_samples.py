"""Page values of filters: a list of them, the form of one, and the question before one is deleted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.web import samples
from webmail.formats.filters import Actions, Condition, Field, MailFilter, Match
from webmail.mail.filter_pages import (
    ConditionFields,
    Filtered,
    FilterFields,
    FilterFormPage,
    FilterQuestion,
    FiltersPage,
    Rehearsal,
    Runner,
    ShownFilter,
    Standing,
)

HUTS = MailFilter(
    "a1",
    "Huts <b>",
    (
        Condition(Field.SUBJECT, Match.CONTAINS, "hut"),
        Condition(Field.HEADER, Match.IS_NOT, '"<x>"', "X-Spam"),
        Condition(Field.SIZE, Match.LARGER, "1000"),
    ),
    Actions(move="House", seen=True, flag=True, forward="ilse@example.net", stop=True),
    any_of=True,
)
EVERYTHING = MailFilter("b2", "Everything", (), Actions(copy="Nowhere", discard=True), enabled=False)
SERVER = Standing(Runner.SERVER, "mail.example.test", fields=tuple(Field))
LIST = FiltersPage(
    (ShownFilter(HUTS), ShownFilter(EVERYTHING, ("Nowhere",))),
    "3",
    Standing(),
    (Filtered(4, samples.NOW, 3, undone=False), Filtered(3, samples.NOW, 1, undone=True)),
)
FIELDS = FilterFields(
    "a1",
    "Huts",
    "any",
    (ConditionFields("subject", "contains", "hut"), ConditionFields("header", "is", 'a "b"', "X-Spam")),
    frozenset({"move", "seen"}),
    move=str(samples.HOUSE.id),
)
FORM = FilterFormPage(FIELDS, "3", Standing(), samples.frame().mailboxes)
FOUND = Rehearsal(2, 2000, (samples.summary(), samples.summary(subject="")), 7, whole=False)
PAGES: dict[str, tuple[str, dict[str, Any]]] = {
    "filters": ("filters.html", {"page": LIST}),
    "no filters": ("filters.html", {"page": FiltersPage((), "0", SERVER)}),
    "filters beside a script": ("filters.html", {"page": replace(LIST, standing=replace(SERVER, other="<mine>", included=True))}),
    "filters that a script stands before": (
        "filters.html",
        {"page": replace(LIST, standing=replace(SERVER, active=False, other="<mine>", includes=True))},
    ),
    "filters in place of a script": ("filters.html", {"page": replace(LIST, standing=replace(SERVER, active=False, other="mine"))}),
    "filters turned off elsewhere": ("filters.html", {"page": replace(LIST, standing=replace(SERVER, active=False))}),
    "a script edited elsewhere": ("filters.html", {"page": replace(LIST, standing=replace(SERVER, edited=True))}),
    "a filter": ("filter.html", {"page": replace(FORM, rehearsal=FOUND), "problem": "", "problem_field": ""}),
    "a filter with a mistake": ("filter.html", {"page": FORM, "problem": "No name.", "problem_field": "value-1"}),
    "a filter like a message": (
        "filter.html",
        {
            "page": FilterFormPage(FilterFields(), "0", SERVER, (), replace(FOUND, count=1, whole=True), samples.summary()),
            "problem": "",
            "problem_field": "",
        },
    ),
    "deleting a filter": ("filter_delete.html", {"page": FilterQuestion(HUTS, "3", Standing())}),
}
