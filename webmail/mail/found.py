"""What the pages of a search show, as frozen values (see ``pages``)."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from webmail.address import Address
from webmail.mail.pages import Row, SavedSearch
from webmail.mailbox import Mailbox


class SearchOrder(enum.StrEnum):
    """How results are sorted."""

    NEWEST = "newest"
    BEST = "best"


@dataclass(frozen=True, slots=True)
class FoundRow:
    """A message that was found, and the folders it and its copies are in.

    ``subject_hits`` and ``preview_hits`` are the pieces (from, to) of subject and preview that were searched for.
    """

    row: Row
    mailboxes: tuple[Mailbox, ...]
    subject_hits: tuple[tuple[int, int], ...] = ()
    preview_hits: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which part answered a search: ``indexed`` of ``total`` messages by the index, and whether the server was ``asked`` for the
    rest; ``late`` where it had not answered wholly yet."""

    total: int = 0
    indexed: int = 0
    asked: bool = False
    late: bool = False


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Somebody who may be meant, and the query that finds what they wrote."""

    person: Address
    query: str


@dataclass(frozen=True, slots=True)
class SearchForm:
    """An advanced search as typed into its fields. ``state`` is a value of ``is:``; days are 2024-03-01; ``larger`` is in MB."""

    sender: str = ""
    to: str = ""
    subject: str = ""
    words: str = ""
    without: str = ""
    has_attachment: bool = False
    state: str = ""
    mailbox: str = ""
    after: str = ""
    before: str = ""
    larger: str = ""


@dataclass(frozen=True, slots=True)
class SearchPage:
    """Results of a search. ``hints`` tell, as codes and values, what of the query was not understood.

    ``count`` is exact up to a thousand. ``unknown_mailboxes`` are names behind ``in:`` that no folder has. ``saved`` is the saved
    search this is, if it is one; ``selection`` of ``selected`` messages what was chosen of it.
    """

    query: str
    order: SearchOrder
    hints: tuple[tuple[str, dict[str, str]], ...] = ()
    rows: tuple[FoundRow, ...] = ()
    count: int = 0
    next_cursor: str = ""
    after: str = ""
    coverage: Coverage = Coverage()
    unknown_mailboxes: tuple[str, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()
    saved: SavedSearch | None = None
    selection: int = 0
    selected: int = 0
