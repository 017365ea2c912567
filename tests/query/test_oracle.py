"""What a query finds is what a look at every message finds, in every database: no more, no less, newest first, page by page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta, timezone

import pytest

from tests.query import oracle
from tests.query.documents import MAILBOXES, NOW, Written, address, written
from tests.query.queries import EMPTY, NOTHING_TO_SEARCH, QUERIES
from tests.servers.postgresql import url_for
from webmail.account import AccountId, Server
from webmail.mailbox import Mailbox, MailboxId
from webmail.message.mime import Part
from webmail.message.summary import Envelope, MessageId, MessageSummary, Uid
from webmail.query.parse import parse
from webmail.query.places import means, names_place
from webmail.query.syntax import Field, In, Node, leaves
from webmail.store import accounts, fulltext, mailboxes, messages, search
from webmail.store.database import Database
from webmail.store.fulltext import Document
from webmail.store.search import Hit, Scope

ZONE = timezone(timedelta(hours=1))
SERVER = Server("mail.example.org", 993)
PAGE = 20


@dataclass(frozen=True, slots=True)
class Library:
    """The messages in a database: ``ids`` are in the order of ``read``."""

    database: Database
    owners: tuple[AccountId, ...]
    known: tuple[tuple[Mailbox, ...], ...]
    read: tuple[oracle.Read, ...]
    ids: tuple[MessageId, ...]

    def scope(self, node: Node) -> Scope:
        """Where the person who searches looks."""
        mine = [each for number in oracle.OWNERS for each in self.known[number]]
        places = {
            leaf.name: frozenset(
                each.id for each in mine if means(leaf.name, mailbox=each.name, delimiter=each.delimiter, role=each.special_use)
            )
            for leaf, _ in leaves(node)
            if isinstance(leaf, In)
        }
        shown: list[MailboxId] = [each.id for each in mine if names_place(node) or each.special_use not in oracle.HIDDEN]
        return Scope(tuple(self.owners[number] for number in oracle.OWNERS), tuple(shown), places)

    def expected(self, node: Node) -> set[MessageId]:
        return {self.ids[number] for number in oracle.find(node, self.read)}


def _filled(database: Database, found: Sequence[Written]) -> Library:
    owners = tuple(
        accounts.find_or_create(database, f"person{number}", imap=SERVER, smtp=SERVER, now=NOW).id for number in range(len(MAILBOXES))
    )
    known = tuple(mailboxes.reconcile(database, owner, listed=listed) for owner, listed in zip(owners, MAILBOXES, strict=True))
    for each in (mailbox for mine in known for mailbox in mine):
        mailboxes.start_over(database, each.id, uidvalidity=7)
    read = tuple(oracle.read(each) for each in found)
    ids: dict[int, MessageId] = {}
    for number, mine in enumerate(known):
        for mailbox in mine:
            here = [at for at, each in enumerate(found) if (each.owner, each.mailbox) == (number, mailbox.name)]
            added = messages.add(database, mailbox, uidvalidity=7, summaries=[_summary(at, found[at]) for at in here])
            ids |= {at: each.id for at, each in zip(here, added, strict=True)}
    fulltext.add(database, [_document(ids[at], each) for at, each in enumerate(read)])
    return Library(database, owners, known, read, tuple(ids[at] for at in range(len(found))))


def _summary(at: int, message: Written) -> MessageSummary:
    text = Part("1", "text", "plain", {"charset": "utf-8"}, "7bit", 120)
    files = [
        Part(f"{n}", "application", "octet-stream", {}, "base64", 4000, "attachment", name) for n, (name, _) in enumerate(message.files, 2)
    ]
    people = [tuple(map(address, each)) for each in ((message.sender,), message.to, message.cc, message.bcc)]
    envelope = Envelope(message.subject, *people, (), message.at, f"<{at}@example.org>", (), ())
    structure = Part("", "multipart", "mixed", {}, parts=(text, *files)) if files else text
    return MessageSummary(Uid(at + 1), message.flags, message.at, message.size, envelope, structure, "")


def _document(message_id: MessageId, read: oracle.Read) -> Document:
    (recipients, cc), texts = read.texts[Field.TO], {field: " ".join(found[0]) for field, found in read.texts.items()}
    return Document(
        message_id,
        body=texts[Field.BODY],
        subject=texts[Field.SUBJECT],
        sender=texts[Field.FROM],
        recipients=" ".join(recipients),
        cc=" ".join(cc),
        files=texts[Field.FILENAME],
        list=texts[Field.LIST],
    )


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def library(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """All messages, indexed, in each kind of database."""
    folder = tmp_path_factory.mktemp("library") / "data"
    database = Database.open(folder, url=url_for(folder) if request.param == "postgresql" else "")
    yield _filled(database, written())
    database.close()


def understood(text: str) -> Node | None:
    return parse(text, now=NOW, zone=ZONE).node


def pages(library: Library, node: Node) -> Iterator[list[Hit]]:
    """Every page of what is found, each begun behind the last message of the one before."""
    before = None
    while found := search.find(library.database, node, scope=library.scope(node), limit=PAGE, before=before):
        yield found
        before = found[-1].listed.place[1:]


def numbers(found: Sequence[Hit]) -> list[MessageId]:
    return [each.listed.summary.id for each in found if each.listed.summary.id is not None]


def test_a_word_is_found_where_it_stands(library: Library) -> None:
    node = understood("kettle")
    assert node is not None
    found = search.find(library.database, node, scope=library.scope(node), limit=50)
    assert [each.listed.summary.envelope.subject for each in found] == ["Budget", "Invoice 2026-0042"]


@pytest.mark.parametrize("text", [each for each in QUERIES if each not in NOTHING_TO_SEARCH])
def test_a_query_finds_what_a_look_at_every_message_finds(library: Library, text: str) -> None:
    node = understood(text)
    assert node is not None
    expected, scope = library.expected(node), library.scope(node)
    assert bool(expected) == (text not in EMPTY)
    found = search.find(library.database, node, scope=scope, limit=1000)
    assert set(numbers(found)) == expected
    assert len(found) == len(expected)
    dates = [each.listed.summary.internal_date for each in found]
    assert dates == sorted(dates, reverse=True)
    assert [each for page in pages(library, node) for each in numbers(page)] == numbers(found)
    assert sorted(numbers(search.find(library.database, node, scope=scope, limit=1000, ranked=True))) == sorted(expected)
    assert search.count(library.database, node, scope=scope, limit=1000) == len(expected)
    assert sorted(search.ids(library.database, node, scope=scope, limit=1000)) == sorted(expected)


def test_what_asks_for_nothing_is_told_and_not_searched() -> None:
    for text in NOTHING_TO_SEARCH:
        query = parse(text, now=NOW, zone=ZONE)
        assert query.node is None
        assert "nothing_to_search" in {each.code for each in query.hints}


def test_there_are_two_hundred_queries_and_few_of_them_find_nothing() -> None:
    assert len(set(QUERIES)) == len(QUERIES) >= 200
    assert set(QUERIES) >= NOTHING_TO_SEARCH | EMPTY
    assert len(EMPTY) <= len(QUERIES) / 10
