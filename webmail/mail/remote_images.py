"""Remote images by way of us: addresses of ours for those that a message names, and the pictures fetched for them.

An address is sealed for the account that is shown the message. So nobody else can have it fetched, nobody can make one for
something no message of theirs names, and what was looked at stands in no log.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from webmail.errors import NotFound
from webmail.imageproxy import fetching, keeping
from webmail.imageproxy.fetching import BusyError, Picture
from webmail.imageproxy.network import FetchError, Network
from webmail.mail.session import MailSession, account
from webmail.store.sealed import seal, unseal

PURPOSE = "remote images"
FOLDER = "remote-images"
LONGEST = 2_800
"""Octets of an address that is shown: sealed, it must fit into the first line of a request, of which servers read 4,094."""


class Missing(Enum):
    """Why there is no picture."""

    BUSY = "busy"
    UNAVAILABLE = "unavailable"


def proxied(session: MailSession) -> Callable[[str], str]:
    """A function that gives the address of ours for a remote one, for the account shown; ``""`` for one that is too long."""
    mine, key = account(session).id, session.database.key

    def of_ours(address: str) -> str:
        if len(address.encode()) > LONGEST:
            return ""
        return f"/remote/{seal(key, address, purpose=PURPOSE, account_id=mine)}"

    return of_ours


def image(session: MailSession, token: str, *, network: Network) -> Picture | Missing:
    """The picture behind an address of ours, kept from earlier or fetched now: up to ``fetching.SECONDS``.

    Raises NotFound("remote_image") for an address that was not made for this person.
    """
    address = _address(session, token)
    folder, reader = session.database.data_dir / FOLDER, str(session.user.id)
    kept = keeping.find(folder, reader=reader, address=address)
    if kept is not None:
        return kept
    try:
        picture = fetching.fetch(address, network)
    except BusyError:
        return Missing.BUSY
    except FetchError:
        return Missing.UNAVAILABLE
    keeping.keep(folder, picture, reader=reader, address=address)
    return picture


def _address(session: MailSession, token: str) -> str:
    for mine in session.accounts:
        address = unseal(session.database.key, token, purpose=PURPOSE, account_id=mine.id)
        if address is not None:
            return address
    raise NotFound("remote_image")
