"""What happened to a mailbox since we last looked (RFC 9051 §6.1.2, §6.3.11)."""

from __future__ import annotations

from dataclasses import dataclass

from webmail.errors import UidValidityChanged
from webmail.imap import mailboxes
from webmail.imap.connection import Connection


@dataclass(frozen=True, slots=True)
class State:
    """A mailbox as the server has it now. ``changed`` is false only where it is certain; None: not known."""

    uidvalidity: int
    uidnext: int | None
    exists: int
    changed: bool
    unseen: int | None = None


def check(connection: Connection, name: str, *, uidvalidity: int | None = None) -> State:
    """Look at a mailbox: by NOOP where it is selected, else by STATUS. One round trip.

    Raises UidValidityChanged if the UIDs of ``uidvalidity`` are void; ServerRefused where the mailbox is gone.
    """
    if connection.selected is not None and connection.selected.name == name:
        connection.noop()
    selected = connection.selected
    if selected is not None and selected.name == name:
        state = State(selected.uidvalidity, selected.uidnext, selected.exists, connection.changed)
    else:
        counts = mailboxes.status(connection, name)
        state = State(counts.uidvalidity or 0, counts.uidnext, counts.messages or 0, changed=True, unseen=counts.unseen)
    if uidvalidity is not None and state.uidvalidity != uidvalidity:
        raise UidValidityChanged(name=name, expected=uidvalidity, found=state.uidvalidity)
    return state
