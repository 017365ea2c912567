"""A person at work: a mail session of the service on a real IMAP server, with what tests need to look behind it."""

from __future__ import annotations

import contextlib
import imaplib
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.servers.dovecot import Dovecot
from tests.servers.postgresql import store_in
from tests.servers.proxy import Proxy
from tests.servers.pymap_server import PymapServer
from webmail.account import Security, Server
from webmail.imap.pool import Pool
from webmail.mail import accounts, delivery, listing, upkeep
from webmail.mail.pages import Freshness, ListPlace, MailboxPage
from webmail.mail.session import Gate, MailSession
from webmail.mailbox import Mailbox, SpecialUse
from webmail.store import jobs, mailboxes

NOBODY = Server("127.0.0.1", 1, Security.NONE)
ROLES = ("Drafts", "Sent", "Trash", "Junk", "Archive")


@dataclass
class Person:
    """``session`` is signed in as ``username``; ``gate`` is what the application would be built on.

    ``host`` is the server itself, reached by other clients, whatever stands between it and the application.
    """

    host: Dovecot | PymapServer
    gate: Gate
    username: str
    password: str
    session: MailSession = field(init=False)

    @property
    def dovecot(self) -> Dovecot:
        """The server, for what only Dovecot can do."""
        assert isinstance(self.host, Dovecot)
        return self.host

    def side(self, name: str = "INBOX") -> AbstractContextManager[imaplib.IMAP4]:
        """Another client of this person, with a mailbox selected."""
        return self.host.side(self.username, name)

    def put(self, messages: Iterable[bytes], *, mailbox: str = "INBOX", flags: str = "") -> None:
        """Store messages as another client would."""
        self.host.put(self.username, messages, mailbox=mailbox, flags=flags)

    def fill(self, messages: Iterable[bytes], *, mailbox: str = "") -> None:
        """Put many messages into a mailbox fast, each a second younger than the one before."""
        self.host.fill(self.username, messages, mailbox=mailbox)

    def deliver(self, raw: bytes) -> None:
        """New mail in the inbox."""
        self.host.deliver(self.username, raw)

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

    def page(self, name: str | SpecialUse = SpecialUse.INBOX, *, patient: bool = True, cursor: str = "", **place: Any) -> MailboxPage:
        """A page of a list of messages; whoever is ``patient`` looks again where it says that the server has not answered in time."""
        until, opened = time.monotonic() + 10, self.mailbox(name).id
        while True:
            found = listing.mailbox_page(self.session, opened, ListPlace(**({"after": cursor, "view": "messages"} | place)))
            if found.freshness is not Freshness.LATE or not patient or time.monotonic() > until:
                return found
            time.sleep(0.1)

    def ids(self, name: str | SpecialUse = SpecialUse.INBOX) -> list[int]:
        return [row.message.id for row in self.page(name).rows]

    def subjects(self, name: str | SpecialUse = SpecialUse.INBOX) -> list[str]:
        return [row.message.envelope.subject for row in self.page(name).rows]

    def truth(self, name: str = "INBOX", *criteria: str) -> int:
        """How many messages of a mailbox another client finds."""
        with self.host.side(self.username, name, readonly=True) as side:
            found = side.uid("SEARCH", *(criteria or ("ALL",)))[1][0]
            return len((found or b"").split())

    def work(self) -> None:
        """Do everything that is due, as the worker would."""
        while (job := upkeep.claim(self.gate, owner="test")) is not None:
            upkeep.run(self.gate, job)
        while (found := delivery.claim(self.gate, owner="test")) is not None:
            delivery.advance(self.gate, found, owner="test")

    def work_all(self) -> None:
        """Look at the folders and do everything that follows from it."""
        jobs.put(self.gate.database, kind="sync", account_id=self.session.accounts[0].id, due_at=datetime.now(UTC))
        self.work()

    def work_once(self) -> None:
        """Do the one piece of upkeep that is due longest."""
        job = upkeep.claim(self.gate, owner="test")
        assert job is not None
        upkeep.run(self.gate, job)

    def hang_up(self) -> None:
        """Let the next request sign in and open its mailbox anew."""
        self.gate.imap.close_account(self.session.accounts[0].id)

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
    gate = Gate(store_in(folder), Pool(), imap or dovecot.server(Security.STARTTLS), smtp)
    return Person(dovecot, gate, dovecot.new_user(password), password)


@contextlib.contextmanager
def _at_work(host: Dovecot | PymapServer, imap: Server) -> Iterator[Person]:
    """Somebody signed in, and a folder for what the application keeps."""
    folder = Path(tempfile.mkdtemp(prefix="webmail-person-"))
    gate = Gate(store_in(folder / "data"), Pool(), imap, NOBODY)
    somebody = Person(host, gate, host.new_user("secret"), "secret")
    if isinstance(host, PymapServer):
        with somebody.side() as side:
            for name in ROLES:
                side.create(name)
    somebody.sign_in()
    yield somebody
    somebody.close()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def person(dovecot: Dovecot) -> Iterator[Person]:
    """Somebody with an empty mailbox, signed in, on a server that offers much."""
    with _at_work(dovecot, dovecot.server(Security.STARTTLS)) as somebody:
        yield somebody


@pytest.fixture
def plain_person(dovecot: Dovecot, bare_proxy: Proxy) -> Iterator[Person]:
    """Somebody whose server offers nothing beyond RFC 3501."""
    with _at_work(dovecot, bare_proxy.server()) as somebody:
        yield somebody


@pytest.fixture
def counting_person(dovecot: Dovecot, proxy: Proxy) -> Iterator[Person]:
    """Somebody whose server keeps mod-sequences, but does not tell which messages are gone."""
    proxy.withhold("QRESYNC", "NOTIFY", "LIST-STATUS")
    with _at_work(dovecot, proxy.server()) as somebody:
        yield somebody


@pytest.fixture
def behind(dovecot: Dovecot, proxy: Proxy) -> Iterator[Person]:
    """Somebody behind a proxy that lets everything through until told otherwise."""
    with _at_work(dovecot, proxy.server()) as somebody:
        yield somebody


@pytest.fixture
def pymap_person(pymap_server: PymapServer) -> Iterator[Person]:
    """Somebody on another program, of few extensions and no keywords."""
    with _at_work(pymap_server, pymap_server.server()) as somebody:
        yield somebody


@pytest.fixture(params=["person", "plain_person", "pymap_person"])
def anyone(request: pytest.FixtureRequest) -> Person:
    """Somebody on each of the three servers in turn."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Person)
    return found


@pytest.fixture(params=["person", "counting_person", "plain_person", "pymap_person"])
def everyone(request: pytest.FixtureRequest) -> Person:
    """As ``anyone``, and once more where the server tells half of what Dovecot can tell."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Person)
    return found
