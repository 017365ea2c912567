"""Attachments saved to a person's own place: named once, its password sealed, and each file told where it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.servers.dovecot import Dovecot
from tests.servers.person import Person, new_person
from tests.servers.webdav import DavServer, dav  # noqa: F401 - a fixture of those who save
from tests.visitor import Visitor
from tests.web.built import build_on
from tests.web.test_message_actions import opened
from tests.web.test_strangers import with_files
from webmail.account import Security
from webmail.store.schema import preferences

SECRET = "s3cret ü"


@pytest.fixture
def robin(dovecot: Dovecot, dav: DavServer, tmp_path: Path) -> Iterator[Person]:  # noqa: F811
    """Somebody with files in their mail, on a webmail whose operator has named the host of their place."""
    somebody = new_person(dovecot, tmp_path / "data", imap=dovecot.server(Security.STARTTLS))
    imap = replace(somebody.gate.imap_server, ca_file=str(_both(dovecot, dav, tmp_path)))
    somebody.gate = replace(somebody.gate, imap_server=imap, save_hosts=frozenset({"localhost"}))
    somebody.put([with_files()])
    yield somebody
    somebody.close()


def _both(dovecot: Dovecot, dav: DavServer, folder: Path) -> Path:  # noqa: F811
    """One file with the authorities of both servers."""
    path = folder / "authorities.pem"
    path.write_text(Path(dovecot.ca_file).read_text() + Path(dav.ca_file).read_text())
    return path


@pytest.fixture
def visitor(robin: Person) -> Visitor:
    return Visitor(build_on(robin.gate)).sign_in(robin.username, robin.password)


def name_place(visitor: Visitor, address: str, password: str = SECRET) -> Visitor:
    visitor.get("/settings/files")
    return visitor.send(visitor.form(holding="address"), address=address, username="robin", password=password)


def test_an_attachment_is_saved_and_the_page_says_where(visitor: Visitor, dav: DavServer) -> None:  # noqa: F811
    where = opened(visitor, "With files")
    assert not visitor.page.xpath("//form[contains(@action, '/save/')]"), "without a place there is no button"
    name_place(visitor, dav.address)
    assert "Attachments can be saved to localhost now." in visitor.notices()
    for expected in ("words.txt", "words (2).txt"):
        visitor.get(where)
        visitor.send(visitor.form(action="/save/11"))
        assert f"Saved to localhost as {expected}." in visitor.notices()
    assert dav.files() == {"words.txt": b"just words", "words (2).txt": b"just words"}
    visitor.get(f"{where}/parts/11/view")
    visitor.send(visitor.form(action="/save/11"))
    assert "words (3).txt" in dav.files()


def test_the_password_is_sealed_and_never_shown(visitor: Visitor, robin: Person, dav: DavServer) -> None:  # noqa: F811
    name_place(visitor, dav.address)
    assert SECRET not in visitor.get("/settings/files").text
    with robin.gate.database.durable() as connection:
        kept = " ".join(str(each) for row in connection.execute(preferences.select()) for each in row)
    assert "robin" in kept
    assert "s3cret" not in kept


@pytest.mark.parametrize(
    ("address", "password", "status", "words"),
    [
        ("http://localhost/x", SECRET, 422, "It looks like https://"),
        ("{dav}", "wrong", 502, "does not accept this user name and password"),
        ("{dav}None/", SECRET, 502, "has no such folder"),
        ("https://localhost:1/", SECRET, 503, "cannot be reached"),
        ("https://127.0.0.1:{port}/dav/", SECRET, 403, "not on the public Internet"),
        ("{dav}", "", 422, "This field is required."),
    ],
)
def test_a_place_that_does_not_work_is_not_kept(
    visitor: Visitor,
    dav: DavServer,  # noqa: F811
    address: str,
    password: str,
    status: int,
    words: str,
) -> None:
    written = address.format(dav=dav.address, port=dav.port)
    name_place(visitor, written, password)
    assert visitor.status == status
    assert words in visitor.notices()
    assert visitor.form(holding="address").fields["address"] == written
    assert not visitor.get("/settings/files").page.xpath("//form[contains(@action, 'forget')]")


def test_a_remembered_password_goes_to_no_other_server(visitor: Visitor, dav: DavServer) -> None:  # noqa: F811
    name_place(visitor, dav.address)
    name_place(visitor, dav.address.replace("/Mail/", "/"), "")
    assert "can be saved" in visitor.notices()
    name_place(visitor, "https://cloud.example.org/", "")
    assert visitor.status == 422
    assert "This field is required." in visitor.notices()


def test_a_place_is_forgotten_with_its_password(visitor: Visitor, robin: Person, dav: DavServer) -> None:  # noqa: F811
    name_place(visitor, dav.address)
    visitor.send(visitor.form(action="/forget"))
    assert "forgotten" in visitor.notices()
    with robin.gate.database.durable() as connection:
        assert [row.value for row in connection.execute(preferences.select()) if row.name == "save_to"] == [""]
    where = opened(visitor, "With files")
    token = str(visitor.page.xpath("//input[@name='csrf_token']/@value")[0])
    assert visitor.post(f"{where}/save/11", {"csrf_token": token}).status == 404
    assert dav.files() == {}


def test_a_server_that_does_not_take_it_is_told_on_the_page_of_the_message(visitor: Visitor, dav: DavServer) -> None:  # noqa: F811
    name_place(visitor, dav.address)
    opened(visitor, "With files")
    dav.answers["PUT"] = ("507 Full", [])
    visitor.send(visitor.form(action="/save/11"))
    assert "There is no room left on localhost." in visitor.notices()
