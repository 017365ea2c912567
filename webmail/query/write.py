"""The query text that a form means, so that the form and the search box are one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from webmail.query.parse import cleaned
from webmail.query.places import place
from webmail.query.syntax import State
from webmail.query.tokens import QUOTES, Kind, Token, token_at, unknown_name_at
from webmail.query.words import words


@dataclass(frozen=True, slots=True)
class Form:
    """An advanced search as its form holds it; what is empty asks for nothing.

    In the five texts, words stand with blanks between, "phrases" in quotation marks, and a star ends a beginning. Nothing else in
    them is special: a word that looks like an operator is a word. ``words`` and ``without`` are looked for everywhere; a message
    has all of the wanted words and none of ``without``. ``before`` is the first day that is too late; ``larger`` counts octets.
    """

    sender: str = ""
    to: str = ""
    subject: str = ""
    words: str = ""
    without: str = ""
    has_attachment: bool = False
    state: State | None = None
    mailbox: str = ""
    after: date | None = None
    before: date | None = None
    larger: int | None = None


_TERM = re.compile(rf"[{QUOTES}]([^{QUOTES}]*+)(?:[{QUOTES}](\*?)|\Z)|([^\s{QUOTES}]++)")
_QUOTE = re.compile(f"[{QUOTES}]")
_UNITS = ((1024**3, "G"), (1024**2, "M"), (1024, "k"))


def written(form: Form) -> str:
    """The query that a form means; empty where the form is. ``parse`` understands all of it if it is not too long."""
    texts = (("", form.words), ("from:", form.sender), ("to:", form.to), ("subject:", form.subject), ("-", form.without))
    parts = [before + _quoted(term) for before, text in texts for term in terms(text)]
    if form.has_attachment:
        parts.append("has:attachment")
    if form.state is not None:
        parts.append(f"is:{form.state}")
    if mailbox := place(cleaned(form.mailbox)):
        parts.append("in:" + _quoted(mailbox))
    if form.after is not None:
        parts.append(f"after:{form.after.isoformat()}")
    if form.before is not None:
        parts.append(f"before:{form.before.isoformat()}")
    if form.larger is not None:
        parts.append(f"larger:{_size(form.larger)}")
    return " ".join(parts)


def terms(text: str) -> list[str]:
    """The words and phrases of a text of the form, those without anything to search left out."""
    found = [(each[1] or "") + (each[2] or "") + (each[3] or "") for each in _TERM.finditer(cleaned(text))]
    return [term for term in found if words(term)]


def _quoted(term: str) -> str:
    """A term as it stands in a query: in quotation marks unless it is read as one plain word without them."""
    plain = token_at(term, 0) == Token(Kind.WORD, term, len(term)) and not unknown_name_at(term, 0)
    return term if plain else f'"{_QUOTE.sub(" ", term)}"'


def _size(octets: int) -> str:
    return next((f"{octets // unit}{name}" for unit, name in _UNITS if octets and octets % unit == 0), str(octets))
