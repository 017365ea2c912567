"""When the database is on a server that goes away: every page says so and can be tried again, and nobody has to start anything."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.dovecot import Dovecot
from tests.servers.person import NOBODY, Person, letter
from tests.servers.postgresql import Cluster
from tests.visitor import Visitor
from tests.web.built import build_on
from webmail.account import Security
from webmail.imap.pool import Pool
from webmail.mail.session import Gate
from webmail.store.database import Database


@pytest.fixture
def server() -> Iterator[Cluster]:
    """A PostgreSQL of the test's own."""
    with tempfile.TemporaryDirectory(prefix="webmail-postgresql-", dir="/tmp") as folder:
        found = Cluster(Path(folder))
        yield found
        found.stop()


@pytest.fixture
def robin(dovecot: Dovecot, server: Cluster, tmp_path: Path) -> Iterator[Person]:
    """Somebody with a letter, whose webmail keeps everything on that server."""
    database = Database.open(tmp_path / "data", url=server.url(server.new_database()))
    somebody = Person(dovecot, Gate(database, Pool(), dovecot.server(Security.STARTTLS), NOBODY), dovecot.new_user("secret"), "secret")
    somebody.put([letter(1, subject="Read before")])
    yield somebody
    somebody.close()


def test_pages_say_that_the_database_is_away_and_work_again_when_it_is_back(robin: Person, server: Cluster) -> None:
    visitor = Visitor(build_on(robin.gate)).sign_in(robin.username, robin.password)
    assert "Read before" in visitor.words
    assert visitor.answer is not None
    path = visitor.answer.request.path
    server.stop("fast")
    for _ in range(2):
        assert visitor.get(path).status == 503
        assert "The webmail cannot reach its database" in visitor.words
        assert "The database of the webmail does not answer." in visitor.words
    assert Visitor(build_on(robin.gate)).get("/login").status == 503
    server.start()
    assert visitor.get(path).status == 200
    assert "Read before" in visitor.words
