"""What a person typed into the search box, understood as far as it can be; a mistake gets a hint, never an error.

    query    = alternatives *( [ "AND" ] alternatives )
    alternatives = term *( ( "OR" / "|" ) term )
    term     = *( "-" / "NOT" ) ( word / phrase / operator ":" value / "(" query ")" )
    value    = word / phrase / "(" query ")"

As with Gmail, OR binds closer than the blank: ``a b OR c`` is ``a (b OR c)``. OR, AND and NOT are written large. An operator in
front of a parenthesis is meant for every word inside. Blanks may follow the colon. ``word*`` and ``"some phra*"`` are beginnings.
Dates are days in the person's zone. An operator whose value makes no sense is left out; one that does not exist is searched as words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, tzinfo

from webmail.query.operators import ATTACHMENT, DATES, FIELDS, SIZES, STATES, suggestion
from webmail.query.places import place
from webmail.query.syntax import After, Before, Field, Has, In, Is, Larger, Node, Smaller, Text, all_of, any_of, negated
from webmail.query.tokens import Kind, Token, token_at, unknown_name_at, value_at
from webmail.query.values import moment, octets
from webmail.query.words import without_invisible, words

MAX_LENGTH = 2000
MAX_DEPTH = 20

# Line breaks count as blanks; what no database takes is not searched.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Hint:
    """Something about a query that its writer may want to know: a code and the values of its sentence.

    Codes: unknown_operator (operator, suggestion), unknown_value, bad_date, bad_size (operator, value), empty_operator (operator),
    unclosed_quote, unclosed_parenthesis, stray_parenthesis, stray_or, nothing_to_search, too_long, too_deep (limit).
    """

    code: str
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """A query understood: what to search, None for nothing, and what to tell about it."""

    node: Node | None
    hints: tuple[Hint, ...] = ()


def parse(text: str, *, now: datetime, zone: tzinfo) -> Query:
    """The query that a text means. Never raises, whatever the text; linear time. ``now`` is aware of its zone."""
    reading = _Reading(cleaned(text[:MAX_LENGTH]), now, zone)
    if len(text) > MAX_LENGTH:
        reading.hint("too_long", limit=str(MAX_LENGTH))
    node = reading.query("", depth=0)
    if node is None:
        reading.hint("nothing_to_search")
    return Query(node, tuple(dict.fromkeys(reading.hints)))


def cleaned(text: str) -> str:
    """A text as it is read: without what cannot be seen, and with blanks for controls."""
    return _CONTROLS.sub(" ", without_invisible(text))


def text_node(written: str, field: Field | None = None) -> Text | None:
    """What a word or a phrase asks for, a star at its end meaning a beginning; None where there is no word in it."""
    found = words(written)
    if not found:
        return None
    rest = written.rstrip()
    prefix = rest.endswith("*") and bool(words(rest[-2:-1]))
    return Text(tuple(found), field, prefix=prefix)


class _Reading:
    """A query being read: where we are, and what there is to tell."""

    def __init__(self, text: str, now: datetime, zone: tzinfo) -> None:
        self.text = text
        self.at = 0
        self.hints: list[Hint] = []
        self.now = now
        self.zone = zone
        # Parentheses that were opened too deep and are passed over; as many closing ones are passed over too.
        self.passed_over = 0

    def hint(self, code: str, **values: str) -> None:
        self.hints.append(Hint(code, tuple((name, value[:64]) for name, value in values.items())))

    def query(self, operator: str, *, depth: int) -> Node | None:
        """Everything up to the parenthesis that closes it, or to the end; words are values of the operator, if there is one."""
        groups: list[list[Node | None]] = []
        after_or = False
        while not self.closes(depth):
            token = token_at(self.text, self.at)
            if token.kind in (Kind.OR, Kind.AND, Kind.CLOSE):
                self.at = token.end
                if token.kind is Kind.OR:
                    if after_or or not groups:
                        self.hint("stray_or")
                    after_or = bool(groups)
                continue
            node = self.term(operator, depth=depth)
            if after_or:
                groups[-1].append(node)
            else:
                groups.append([node])
            after_or = False
        if after_or:
            self.hint("stray_or")
        met = [any_of([node for node in group if node is not None]) for group in groups]
        return all_of([node for node in met if node is not None])

    def closes(self, depth: int) -> bool:
        """Whether a query of this depth ends here; its parenthesis is read, and one that closes nothing is told."""
        token = token_at(self.text, self.at)
        if token.kind is Kind.END:
            if depth:
                self.hint("unclosed_parenthesis")
            return True
        if token.kind is not Kind.CLOSE:
            return False
        if self.passed_over:
            self.passed_over -= 1
        elif depth:
            self.at = token.end
            return True
        else:
            self.hint("stray_parenthesis")
        return False

    def term(self, operator: str, *, depth: int) -> Node | None:
        """A word, a phrase, an operator with its value or a group, and what negates it; None where nothing is to be searched."""
        unwanted = False
        while (token := token_at(self.text, self.at)).kind is Kind.NOT:
            unwanted = not unwanted
            self.at = token.end
        if token.kind in (Kind.END, Kind.CLOSE, Kind.OR, Kind.AND):
            self.hint("empty_operator", operator="NOT")
            return None
        if token.kind is Kind.WORD and (name := unknown_name_at(self.text, self.at)) and (like := suggestion(name)) is not None:
            self.hint("unknown_operator", operator=name, suggestion=like)
        self.at = token.end
        node = self.operator(token.text, depth=depth) if token.kind is Kind.OPERATOR else self.value(token, operator, depth=depth)
        return negated(node) if node is not None and unwanted else node

    def operator(self, name: str, *, depth: int) -> Node | None:
        """What an operator and the value behind its colon ask for."""
        token = value_at(self.text, self.at)
        if self.text[self.at : self.at + 1].isspace():
            token = token_at(self.text, self.at)
        if token.kind not in (Kind.WORD, Kind.PHRASE, Kind.OPEN):
            self.hint("empty_operator", operator=name)
            return None
        self.at = token.end
        return self.value(token, name, depth=depth)

    def value(self, token: Token, operator: str, *, depth: int) -> Node | None:
        """What a word, a phrase or the group that begins here asks for, alone or as the value of an operator."""
        if token.kind is Kind.OPEN:
            if depth < MAX_DEPTH:
                return self.query(operator, depth=depth + 1)
            self.passed_over += 1
            self.hint("too_deep", limit=str(MAX_DEPTH))
            return None
        if not token.closed:
            self.hint("unclosed_quote")
        return self.valued(operator, token.text)

    def valued(self, operator: str, value: str) -> Node | None:
        """What an operator asks for with this value; no operator: the words."""
        if not operator:
            return text_node(value)
        if operator in FIELDS or operator == "in":
            name = place(value)
            node = text_node(value, FIELDS[operator]) if operator in FIELDS else In(name) if name else None
            if node is None:
                self.hint("empty_operator", operator=operator)
            return node
        if operator in DATES:
            return self.dated(operator, value)
        if operator in SIZES:
            return self.sized(operator, value)
        return self.named(operator, value)

    def dated(self, operator: str, value: str) -> Node | None:
        found = moment(value, now=self.now, zone=self.zone)
        if found is None:
            self.hint("bad_date", operator=operator, value=value)
            return None
        return After(found) if operator in ("after", "newer_than") else Before(found)

    def sized(self, operator: str, value: str) -> Node | None:
        found = octets(value)
        if found is None:
            self.hint("bad_size", operator=operator, value=value)
            return None
        return Larger(found) if operator == "larger" else Smaller(found)

    def named(self, operator: str, value: str) -> Node | None:
        """``is:`` and ``has:``, whose values are names."""
        folded = value.strip().casefold()
        if operator == "has" and folded in ATTACHMENT:
            return Has()
        if operator == "is" and folded in STATES:
            return Is(STATES[folded])
        self.hint("unknown_value", operator=operator, value=value)
        return None
