"""Mailboxes: listed with their counts and roles, made, renamed, removed (RFC 9051 §6.3, RFC 5258, RFC 5819, RFC 6154)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from webmail.errors import Conflict, ServerRefused
from webmail.imap import names, specialuse
from webmail.imap import response as responses
from webmail.imap.arguments import MailboxName, Syntax
from webmail.imap.connection import Connection
from webmail.imap.response import MalformedError, Node, Response
from webmail.mailbox import ListedMailbox, MailboxCounts, SpecialUse

_CLOSED = frozenset({"\\noselect", "\\nonexistent"})


@dataclass(frozen=True, slots=True)
class _Line:
    """One LIST or LSUB response."""

    name: str
    delimiter: str
    attributes: frozenset[str]


def _status_items(connection: Connection) -> bytes:
    """What STATUS is asked for: all that this server can tell of use to us."""
    items = [b"MESSAGES", b"UNSEEN", b"UIDNEXT", b"UIDVALIDITY"]
    if connection.has("CONDSTORE") or connection.has("QRESYNC"):
        items.append(b"HIGHESTMODSEQ")
    if connection.has("OBJECTID"):
        items.append(b"MAILBOXID")
    return b"(" + b" ".join(items) + b")"


def list_mailboxes(connection: Connection) -> tuple[ListedMailbox, ...]:
    """All mailboxes with roles, subscriptions and counts; INBOX first, else in the server's order.

    One round trip where the server offers LIST-STATUS; else LIST, LSUB, and a STATUS for each mailbox. A line that cannot
    be read is left out; a mailbox whose STATUS is refused has no counts. No mailbox is selected afterwards where the server
    offers UNSELECT: of the one selected, STATUS may tell what was, even when it has been deleted and made anew (RFC 9051 §6.3.11).
    """
    if connection.selected is not None and connection.has("UNSELECT"):
        connection.forget_selection()
        connection.command("UNSELECT")
    if connection.has("LIST-STATUS") and connection.has("LIST-EXTENDED"):
        lines, counts = _list_with_status(connection)
    else:
        lines = _list_plainly(connection)
        counts = {line.name: counts_if_told(connection, line.name) for line in lines if not line.attributes & _CLOSED}
    uses = _uses(lines)
    listed = {
        line.name: ListedMailbox(
            name=line.name,
            delimiter=line.delimiter,
            special_use=uses.get(line.name),
            selectable=not line.attributes & _CLOSED,
            subscribed="\\subscribed" in line.attributes or line.name == "INBOX",
            counts=counts.get(line.name, MailboxCounts()),
        )
        for line in lines
    }
    return tuple(sorted(listed.values(), key=lambda mailbox: mailbox.name != "INBOX"))


def _list_with_status(connection: Connection) -> tuple[list[_Line], dict[str, MailboxCounts]]:
    wanted = b"RETURN (SUBSCRIBED CHILDREN SPECIAL-USE STATUS " if connection.has("SPECIAL-USE") else b"RETURN (SUBSCRIBED CHILDREN STATUS "
    reply = connection.command("LIST", "", "*", Syntax(wanted + _status_items(connection) + b")"), untagged={"LIST", "STATUS"})
    return _lines(reply.responses, "LIST"), dict(told_counts(reply.responses))


def _list_plainly(connection: Connection) -> list[_Line]:
    """LIST and LSUB; what the server says to be subscribed gets the attribute of the extended LIST."""
    lines = _lines(connection.command("LIST", "", "*", untagged={"LIST"}).responses, "LIST")
    subscribed = {line.name for line in _lines(connection.command("LSUB", "", "*", untagged={"LSUB"}).responses, "LSUB")}
    return [replace(line, attributes=line.attributes | {"\\subscribed"}) if line.name in subscribed else line for line in lines]


def names_of(given: Iterable[Response]) -> list[str]:
    """The names in LIST responses; those that cannot be read are left out."""
    return [line.name for line in _lines(given, "LIST")]


def _lines(given: Iterable[Response], kind: str) -> list[_Line]:
    lines = []
    for response in given:
        if response.kind == kind:
            try:
                lines.append(_line(response))
            except MalformedError:
                continue
    return lines


def _line(response: Response) -> _Line:
    """Attributes, delimiter and name; a name with blanks that came without quotes is put together again."""
    parsed = responses.parse(response.pieces)
    if len(parsed) < 3 or not isinstance(parsed[0], list) or isinstance(parsed[1], list):
        raise MalformedError("not a list response")
    name = _name(parsed[2:])
    attributes = frozenset(responses.text(attribute).lower() for attribute in parsed[0])
    return _Line(name, responses.text(parsed[1]), attributes)


def _name(tokens: list[Node]) -> str:
    # The extended LIST may add one list of extended data after the name (RFC 5258 §6).
    raw = [_octets(token) for token in tokens if isinstance(token, bytes)]
    if not raw or not raw[0]:
        raise MalformedError("a mailbox without a name")
    return _usual(names.decode(b" ".join(raw)))


def _usual(name: str) -> str:
    """The name by which we know a mailbox: INBOX is one however it is written (RFC 9051 §5.1)."""
    return "INBOX" if name.upper() == "INBOX" else name


def _octets(token: bytes) -> bytes:
    # A mailbox may be called NIL: as a name it is no token of its own (RFC 9051 §9, astring).
    return token if token.upper() == b"NIL" else responses.octets(token)


def told_counts(given: Iterable[Response]) -> Iterable[tuple[str, MailboxCounts]]:
    """The name and the counts in each STATUS response; those that cannot be read are left out."""
    for response in given:
        if response.kind != "STATUS":
            continue
        try:
            parsed = responses.parse(response.pieces)
        except MalformedError:
            continue
        if len(parsed) >= 2 and isinstance(parsed[-1], list):
            name = names.decode(b" ".join(_octets(token) for token in parsed[:-1] if isinstance(token, bytes)))
            yield _usual(name), _counts(parsed[-1])


def _counts(pairs: list[Node]) -> MailboxCounts:
    found: dict[str, int | None] = {}
    object_id = ""
    for index in range(0, len(pairs) - 1, 2):
        name, value = responses.text(pairs[index]).upper(), pairs[index + 1]
        if name == "MAILBOXID" and isinstance(value, list):
            object_id = responses.text(value[0])[:255] if value else ""
        else:
            number = responses.number(value, default=-1)
            found[name] = number if number >= 0 else None
    return MailboxCounts(
        found.get("MESSAGES"), found.get("UNSEEN"), found.get("UIDNEXT"), found.get("UIDVALIDITY"), found.get("HIGHESTMODSEQ"), object_id
    )


def _uses(lines: list[_Line]) -> dict[str, SpecialUse]:
    """Each role once: the server's word first, then names; INBOX by its name."""
    uses: dict[str, SpecialUse] = {}
    for line in lines:
        use = SpecialUse.INBOX if line.name == "INBOX" else specialuse.by_attribute(line.attributes)
        if use is not None and use not in uses.values():
            uses[line.name] = use
    for line in lines:
        guess = specialuse.by_name(line.name, delimiter=line.delimiter)
        if guess is not None and line.name not in uses and guess not in uses.values() and not line.attributes & _CLOSED:
            uses[line.name] = guess
    return uses


def status(connection: Connection, name: str) -> MailboxCounts:
    """The counts of a mailbox. One round trip. Raises ServerRefused where the server says no (RFC 9051 §6.3.11)."""
    reply = connection.command("STATUS", MailboxName(name), Syntax(_status_items(connection)), untagged={"STATUS"})
    found = list(told_counts(reply.responses))
    named = [counts for listed, counts in found if listed == name] or [counts for _, counts in found]
    return named[0] if named else MailboxCounts()


def counts_if_told(connection: Connection, name: str) -> MailboxCounts:
    """The counts of a mailbox, all None where the server refuses to tell. One round trip."""
    try:
        return status(connection, name)
    except ServerRefused:
        return MailboxCounts()


def create(connection: Connection, name: str, *, special_use: SpecialUse | None = None) -> None:
    """Make a mailbox, with a role where the server can remember it (RFC 6154 §3). Raises ServerRefused("alreadyexists") …"""
    if special_use is not None and connection.has("CREATE-SPECIAL-USE"):
        role = Syntax(f"(USE (\\{special_use.value.capitalize()}))".encode("ascii"))
        connection.command("CREATE", MailboxName(name), role)
    else:
        connection.command("CREATE", MailboxName(name))


def rename(connection: Connection, old: str, new: str) -> None:
    """Rename a mailbox and what lies under it; subscriptions follow by ``subscribe`` only (RFC 9051 §6.3.6)."""
    _leave(connection, old)
    connection.command("RENAME", MailboxName(old), MailboxName(new))


def delete(connection: Connection, name: str) -> None:
    """Remove a mailbox with its messages (RFC 9051 §6.3.5). Raises Conflict("inbox") for INBOX."""
    if name.upper() == "INBOX":
        raise Conflict("inbox")
    _leave(connection, name)
    connection.command("DELETE", MailboxName(name))


def _leave(connection: Connection, name: str) -> None:
    """Select nothing, if the mailbox about to go is the one selected: some servers end the connection otherwise."""
    if connection.selected is None or connection.selected.name != name:
        return
    connection.forget_selection()
    if connection.has("UNSELECT"):
        connection.command("UNSELECT")
    else:
        connection.attempt("EXAMINE", "INBOX")


def subscribe(connection: Connection, name: str) -> None:
    """Subscribe to a mailbox (RFC 9051 §6.3.7)."""
    connection.command("SUBSCRIBE", MailboxName(name))


def unsubscribe(connection: Connection, name: str) -> None:
    """End the subscription to a mailbox (RFC 9051 §6.3.8)."""
    connection.command("UNSUBSCRIBE", MailboxName(name))


def namespace_prefix(connection: Connection) -> tuple[str, str]:
    """What the names of a person's own mailboxes begin with, and the delimiter (RFC 9051 §6.3.10). One round trip."""
    if connection.has("NAMESPACE"):
        reply = connection.command("NAMESPACE", untagged={"NAMESPACE"})
        for response in reply.responses:
            try:
                parsed = responses.parse(response.pieces)
            except MalformedError:
                continue
            if parsed and isinstance(parsed[0], list) and parsed[0] and isinstance(parsed[0][0], list) and len(parsed[0][0]) >= 2:
                prefix, delimiter = parsed[0][0][:2]
                return names.decode(responses.octets(prefix)), responses.text(delimiter)
    for pattern in ("", "INBOX"):
        for response in connection.command("LIST", "", pattern, untagged={"LIST"}).responses:
            if (separator := _delimiter(response)) is not None:
                return "", separator
    return "", ""


def _delimiter(response: Response) -> str | None:
    """What separates the levels of names, from a LIST response whose name may be empty (RFC 9051 §6.3.9)."""
    try:
        parsed = responses.parse(response.pieces)
    except MalformedError:
        return None
    return responses.text(parsed[1]) if len(parsed) >= 2 else None
