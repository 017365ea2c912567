"""What the pages of filters show, as frozen values (see ``pages``)."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime

from webmail.formats.filters import Field, MailFilter, Match
from webmail.mailbox import Mailbox
from webmail.message.summary import MessageSummary


class Runner(enum.StrEnum):
    """Who runs the filters: this webmail, or the mail server."""

    HERE = "here"
    SERVER = "server"


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a filter would touch: ``count`` of ``looked_at`` messages of the inbox, the first of them, and a selection of all.

    ``whole``: no message of the inbox was left out.
    """

    count: int
    looked_at: int
    rows: tuple[MessageSummary, ...]
    selection: int
    whole: bool


@dataclass(frozen=True, slots=True)
class ConditionFields:
    """A condition as it stands in the form."""

    field: str = Field.SUBJECT.value
    match: str = Match.CONTAINS.value
    value: str = ""
    header: str = ""


@dataclass(frozen=True, slots=True)
class FilterFields:
    """A filter as it stands in the form. ``when`` is all, any or every; mailboxes are named by their id, as text.

    ``does`` are the actions ticked: move copy seen flag forward discard stop. ``rehearsed`` is the sign of the conditions whose
    rehearsal the page shows, ``selection`` what that found.
    """

    key: str = ""
    name: str = ""
    when: str = "all"
    conditions: tuple[ConditionFields, ...] = ()
    does: frozenset[str] = frozenset()
    move: str = ""
    copy: str = ""
    forward: str = ""
    rehearsed: str = ""
    selection: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """Who runs the filters and what is to be known of that.

    ``active``: they run. ``other`` is a script made elsewhere: ``included``, it runs before ours; else it is active and ours do not
    run. ``includes``: the server can run both. ``edited``: another program has changed our script. ``fields`` are those that
    conditions can look at.
    """

    runner: Runner = Runner.HERE
    host: str = ""
    active: bool = True
    other: str = ""
    included: bool = False
    includes: bool = False
    edited: bool = False
    fields: tuple[Field, ...] = tuple(Field)


@dataclass(frozen=True, slots=True)
class ShownFilter:
    """A filter in the list; ``missing`` are mailboxes it names that are not there."""

    filter: MailFilter
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Filtered:
    """What filters did to messages at a time, for Undo."""

    journal_id: int
    at: datetime
    count: int
    undone: bool


@dataclass(frozen=True, slots=True)
class FiltersPage:
    """The filters of an account. ``stamp`` says which they were when the page was drawn."""

    filters: tuple[ShownFilter, ...]
    stamp: str
    standing: Standing
    lately: tuple[Filtered, ...] = ()


@dataclass(frozen=True, slots=True)
class FilterFormPage:
    """The form of a filter, with what it would touch as far as it can be understood."""

    fields: FilterFields
    stamp: str
    standing: Standing
    mailboxes: tuple[Mailbox, ...]
    rehearsal: Rehearsal | None = None
    message: MessageSummary | None = None


@dataclass(frozen=True, slots=True)
class FilterQuestion:
    """The question before a filter is deleted."""

    filter: MailFilter
    stamp: str
    standing: Standing
