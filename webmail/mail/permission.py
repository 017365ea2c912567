"""What the server lets us change in the mailbox selected, so that it can be said before anything is tried (RFC 9051 §7.1)."""

from __future__ import annotations

from collections.abc import Collection

from webmail.errors import Conflict, NotAllowed
from webmail.imap.connection import Connection
from webmail.mailbox import Mailbox


def writable(connection: Connection, mailbox: Mailbox, *, flags: Collection[str] = ()) -> None:
    """Raises NotAllowed: ``read_only`` for a mailbox that cannot be changed, ``flag_not_kept`` for a flag it would forget."""
    if connection.selected is None:
        raise Conflict("deselected")
    if connection.selected.read_only:
        raise NotAllowed("read_only", name=mailbox.label)
    lost = [flag for flag in flags if not keeps(connection, flag)]
    if lost:
        raise NotAllowed("flag_not_kept", name=mailbox.label, flag=lost[0])


def keeps(connection: Connection, flag: str) -> bool:
    """Whether the mailbox selected keeps a flag for longer than this connection lives."""
    if connection.selected is None or connection.selected.read_only:
        return False
    kept = {each.lower() for each in connection.selected.permanent_flags}
    return flag.lower() in kept or ("\\*" in kept and not flag.startswith("\\"))
