"""A person at work: a mail session of the service on a real IMAP server, with what tests need to look behind it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.servers.dovecot import Dovecot
from webmail.account import Security, Server
from webmail.imap.pool import Pool
from webmail.mail import accounts, delivery, listing, upkeep
from webmail.mail.pages import MailboxPage
from webmail.mail.session import Gate, MailSession
from webmail.mailbox import Mailbox, SpecialUse
from webmail.store import mailboxes
from webmail.store.database import Database

NOBODY = Server("127.0.0.1", 1, Security.NONE)


@dataclass
class Person:
    """``session`` is signed in as ``username``; ``gate`` is what the application would be built on."""

    dovecot: Dovecot
    gate: Gate
    username: str
    password: str
    session: MailSession = field(init=False)

    def sign_in(self) -> MailSession:
        found = accounts.sign_in(self.gate, self.username, password=self.password, now=datetime.now(UTC))
        self.session = accounts.open_session(self.gate, found.user_id)
        return self.session

    def mailbox(self, name: str | SpecialUse = SpecialUse.INBOX) -> Mailbox:
        mine = self.session.accounts[0].id
        known = (
            mailboxes.by_role(self.gate.database, mine, name)
            if isinstance(name, SpecialUse)
            else mailboxes.by_name(self.gate.database, mine, name)
        )
        assert known is not None, name
        return known

    def page(self, name: str | SpecialUse = SpecialUse.INBOX, **options: str) -> MailboxPage:
        return listing.mailbox_page(self.session, self.mailbox(name).id, **options)

    def ids(self, name: str | SpecialUse = SpecialUse.INBOX) -> list[int]:
        return [row.message.id for row in self.page(name).rows]

    def subjects(self, name: str | SpecialUse = SpecialUse.INBOX) -> list[str]:
        return [row.message.envelope.subject for row in self.page(name).rows]

    def truth(self, name: str = "INBOX", *criteria: str) -> int:
        """How many messages of a mailbox another client finds."""
        with self.dovecot.side(self.username, name) as side:
            found = side.uid("SEARCH", *(criteria or ("ALL",)))[1][0]
            return len((found or b"").split())

    def work(self) -> None:
        """Do everything that is due, as the worker would."""
        while (job := upkeep.claim(self.gate, owner="test")) is not None:
            upkeep.run(self.gate, job)
        while (found := delivery.claim(self.gate, owner="test")) is not None:
            delivery.advance(self.gate, found, owner="test")

    def close(self) -> None:
        self.gate.imap.close()
        self.gate.database.close()


def letter(
    number: int = 1, *, subject: str = "", text: str = "Good morning.", sender: str = "Mira Kestrel <mira@example.net>", extra: str = ""
) -> bytes:
    """A plain message, as other people's clients write them."""
    when = datetime(2026, 3, 1, 8, tzinfo=UTC) + timedelta(minutes=number)
    return (
        f"From: {sender}\r\nTo: Robin Vale <robin@example.test>\r\nSubject: {subject or f'Letter {number}'}\r\n"
        f"Date: {when:%a, %d %b %Y %H:%M:%S} +0000\r\nMessage-ID: <letter.{number}.{abs(hash(subject)) % 10**8}@example.net>\r\n{extra}"
        f"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
    ).encode()


def new_person(dovecot: Dovecot, folder: Path, *, imap: Server | None = None, smtp: Server = NOBODY, password: str = "secret") -> Person:
    """A person with an empty mailbox, not yet signed in."""
    gate = Gate(Database.open(folder), Pool(), imap or dovecot.server(Security.STARTTLS), smtp)
    return Person(dovecot, gate, dovecot.new_user(password), password)


@pytest.fixture
def person(dovecot: Dovecot) -> Iterator[Person]:
    """Somebody with an empty mailbox, signed in."""
    folder = Path(tempfile.mkdtemp(prefix="webmail-person-"))
    somebody = new_person(dovecot, folder / "data")
    somebody.sign_in()
    yield somebody
    somebody.close()
    shutil.rmtree(folder, ignore_errors=True)
