"""Wake-ups between the processes of this machine; everyone also looks by itself each second."""

from __future__ import annotations

from webmail.mail.session import Gate
from webmail.store.jobs import Waiter, wake

__all__ = ["waiter", "wake"]


def waiter(gate: Gate) -> Waiter:
    """Something to wait on until work is put into the database."""
    return Waiter(gate.database)
