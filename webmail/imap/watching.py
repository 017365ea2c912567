"""Watching: being told by the server what happens, as it happens (RFC 9051 §6.3.13 IDLE, RFC 5465 NOTIFY)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from webmail.imap import mailboxes
from webmail.imap.arguments import Syntax
from webmail.imap.connection import Connection
from webmail.mailbox import MailboxCounts

_EVENTS = Syntax(b"(PERSONAL (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange))")
INBOX = "INBOX"


@dataclass(frozen=True, slots=True)
class Watched:
    """The mailboxes a connection is told of, and their counts when it began to be; ``all`` also means the tree of them."""

    counts: Mapping[str, MailboxCounts]
    all: bool


@dataclass(frozen=True, slots=True)
class Told:
    """What the server told: mailboxes in which something happened, whether the tree is another, or that some was not told.

    ``overflowed``: it has lost count, or said what cannot be read; only to begin anew brings out of which mailbox.
    """

    mailboxes: frozenset[str] = frozenset()
    tree: bool = False
    overflowed: bool = False


def begin(connection: Connection) -> Watched | None:
    """Let the server tell of every mailbox of this person's own, where it offers NOTIFY; else of INBOX, which is opened.

    The connection serves nothing else from then on. None where the server offers no IDLE. Raises the errors of the
    connection. RFC 5465 §3.1: a server may refuse what is too much for it. §5.3: it tells of flags only by mod-sequence.
    """
    if not connection.has("IDLE"):
        return None
    connection.prepare()
    if connection.has("NOTIFY") and connection.tracking:
        reply = connection.attempt("NOTIFY", Syntax(b"SET STATUS"), _EVENTS, untagged={"STATUS"})
        if reply.ok:
            return Watched(dict(mailboxes.told_counts(reply.responses)), all=True)
    selected = connection.select(INBOX)
    counts = MailboxCounts(selected.exists, None, selected.uidnext, selected.uidvalidity, selected.highestmodseq)
    return Watched({INBOX: counts}, all=False)


def wait(connection: Connection, watched: Watched, *, until: Callable[[], bool]) -> Told:
    """Wait until something happens in one of the mailboxes watched, or until ``until`` says that it is enough.

    When it returns, the server has just proved that it lives. Raises the errors of the connection, after 15 seconds of
    silence where an answer is due.
    """
    reply = connection.idle(until=until)
    if not watched.all:
        # Only the mailbox selected is told of, whatever it is that is told.
        return Told(frozenset({INBOX} if reply.responses else ()))
    names = [name for name, _ in mailboxes.told_counts(reply.responses)]
    tree = any(response.kind == "LIST" for response in reply.responses)
    unread = len(names) < sum(response.kind == "STATUS" for response in reply.responses)
    return Told(frozenset(names), tree, connection.overflowed or unread)
