"""Who uses the webmail, and the mail accounts, identities and servers that belong to them.

Storey 1: values only.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import NewType

from webmail.address import Address

UserId = NewType("UserId", int)
AccountId = NewType("AccountId", int)
IdentityId = NewType("IdentityId", int)


class Security(enum.StrEnum):
    """How a connection is protected. ``NONE`` is for loopback only."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Server:
    """Where a mail server listens, and how to speak to it safely.

    ``ca_file`` is a private certificate authority trusted besides the system's; verification is never switched off.
    """

    host: str
    port: int
    security: Security = Security.TLS
    ca_file: str = ""


@dataclass(frozen=True, slots=True)
class Credentials:
    """A sign-in name and its password. The password never appears in a representation or a log.

    ``bearer``: it is an access token, which servers take by other mechanisms than a password (RFC 6750, RFC 7628).
    """

    username: str
    password: str = field(repr=False)
    bearer: bool = False


@dataclass(frozen=True, slots=True)
class User:
    """A person who signs in."""

    id: UserId
    name: str


@dataclass(frozen=True, slots=True)
class Identity:
    """A From address a person writes as, where answers to it go, and what stands below its messages (RFC 8621 §6).

    ``reply_to`` is an address list, empty where answers go to the address itself; ``signature_html`` takes the place of ``signature``
    in messages that have HTML.
    """

    id: IdentityId
    account_id: AccountId
    address: Address
    reply_to: str = ""
    signature: str = ""
    signature_html: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """A mail account: a sign-in name on an IMAP server and the server that takes its mail.

    ``authserv_id`` is the name under which its server speaks of the mail it took in; empty where its word is not asked (RFC 8601).
    """

    id: AccountId
    user_id: UserId
    username: str
    imap: Server
    smtp: Server
    identities: tuple[Identity, ...] = ()
    authserv_id: str = ""

    @property
    def identity(self) -> Identity | None:
        """The identity new messages are written as, or None until the person has given an address."""
        return self.identities[0] if self.identities else None

    @property
    def own_address(self) -> str:
        """The addr-spec new messages are written from; empty until the person has given one."""
        return self.identity.address.addr_spec if self.identity else ""
