"""A file put on a WebDAV server: nothing is overwritten, the password goes to that server alone, and only where we may go."""

from __future__ import annotations

import contextlib
import io
import ssl
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.servers.webdav import DavServer, dav  # noqa: F401 - a fixture of those who save
from webmail.account import Credentials
from webmail.errors import InvalidInput, NotAllowed, ServerRefused, ServerUnavailable
from webmail.imageproxy import webdav
from webmail.imageproxy.network import PUBLIC, Network
from webmail.imageproxy.webdav import Folder, folder_of, numbered

ROBIN = Credentials("robin", "s3cret ü")
NAMED = frozenset({"localhost"})


def network(dav: DavServer, **other: Any) -> Network:  # noqa: F811
    """A way out that may lead to loopback."""
    to_us: dict[str, Any] = {"permitted": lambda _: True, "context": lambda: ssl.create_default_context(cafile=dav.ca_file)}
    return replace(PUBLIC, **to_us | other)


def put(dav: DavServer, content: bytes = b"hello", name: str = "plan.txt", **other: Any) -> str:  # noqa: F811
    given = {"credentials": ROBIN, "network": network(dav)} | other
    folder = given.pop("folder", folder_of(dav.address, named=NAMED))
    return webdav.put(folder, name, io.BytesIO(content), size=len(content), **given)


def test_a_file_is_put_into_the_folder(dav: DavServer) -> None:  # noqa: F811
    webdav.check(folder_of(dav.address, named=NAMED), ROBIN, network(dav))
    assert put(dav, b"hello") == "plan.txt"
    assert dav.files() == {"plan.txt": b"hello"}


def test_nothing_is_overwritten_and_a_taken_name_gets_a_number(dav: DavServer) -> None:  # noqa: F811
    assert [put(dav, each) for each in (b"one", b"two", b"three")] == ["plan.txt", "plan (2).txt", "plan (3).txt"]
    assert dav.files() == {"plan.txt": b"one", "plan (2).txt": b"two", "plan (3).txt": b"three"}


def test_a_name_that_somebody_takes_in_between_is_left_alone(dav: DavServer, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    ask: Callable[..., int] = webdav._ask

    def overtaken(stream: Any, folder: Folder, method: str, name: str, *given: Any, **more: Any) -> int:
        if method == "PUT" and name == "plan.txt":
            (dav.folder / "Mail" / name).write_bytes(b"theirs")
        return ask(stream, folder, method, name, *given, **more)

    monkeypatch.setattr(webdav, "_ask", overtaken)
    assert put(dav, b"mine") == "plan (2).txt"
    assert dav.files() == {"plan.txt": b"theirs", "plan (2).txt": b"mine"}


@pytest.mark.parametrize("name", ["a/b?c#d%e.txt", "..", "Übersicht 你好.pdf", '"quoted" & more', "a\\b", "%2e%2e%2f.txt", " spaces "])
def test_any_name_is_a_name_in_that_folder(dav: DavServer, name: str) -> None:  # noqa: F811
    with contextlib.suppress(ServerRefused):
        put(dav, name=name)
    assert [path.name for path in dav.folder.iterdir()] == ["Mail"]
    assert [path.name for path in dav.folder.parent.iterdir() if path.name not in ("files", "dav-authority")] == []


def test_a_large_file_goes_in_pieces(dav: DavServer) -> None:  # noqa: F811
    content = bytes(range(256)) * 20_000
    put(dav, content)
    assert dav.files() == {"plan.txt": content}


def test_a_wrong_password_and_a_folder_that_is_not_there_are_told(dav: DavServer) -> None:  # noqa: F811
    with pytest.raises(ServerRefused, match="save_credentials"):
        put(dav, credentials=Credentials("robin", "no"))
    with pytest.raises(ServerRefused, match="save_credentials"):
        webdav.check(folder_of(dav.address, named=NAMED), Credentials("robin", "no"), network(dav))
    with pytest.raises(ServerRefused, match="save_folder"):
        put(dav, folder=folder_of(dav.address + "None/", named=NAMED))
    with pytest.raises(ServerRefused, match="save_folder"):
        webdav.check(folder_of(dav.address + "None/", named=NAMED), ROBIN, network(dav))


@pytest.mark.parametrize(
    ("status", "code"), [("507 Full", "save_full"), ("413 Big", "save_too_large"), ("500 Oh", "save_refused"), ("200 OK", "")]
)
def test_what_the_server_answers_is_told_apart(dav: DavServer, status: str, code: str) -> None:  # noqa: F811
    dav.answers["PUT"] = (status, [])
    if not code:
        assert put(dav) == "plan.txt"
        return
    with pytest.raises(ServerRefused, match=code):
        put(dav)


@pytest.mark.parametrize("method", ["HEAD", "PUT", "PROPFIND"])
def test_a_redirect_is_followed_nowhere(dav: DavServer, method: str) -> None:  # noqa: F811
    dav.answers[method] = ("302 Found", [("Location", f"https://localhost:{dav.port}/dav/elsewhere")])
    with pytest.raises(ServerRefused, match="save_refused"):
        put(dav) if method != "PROPFIND" else webdav.check(folder_of(dav.address, named=NAMED), ROBIN, network(dav))
    assert all("elsewhere" not in path for _, path in dav.asked)


def test_who_is_always_told_that_the_name_is_taken_gives_up(dav: DavServer) -> None:  # noqa: F811
    dav.answers["HEAD"] = ("200 OK", [])
    with pytest.raises(ServerRefused, match="save_taken"):
        put(dav)
    assert len(dav.asked) == webdav.NAMES


def test_only_public_addresses_are_gone_to(dav: DavServer) -> None:  # noqa: F811
    with pytest.raises(NotAllowed, match="save_host"):
        put(dav, network=network(dav, permitted=PUBLIC.permitted))
    assert dav.asked == []


def test_a_certificate_is_always_verified(dav: DavServer) -> None:  # noqa: F811
    with pytest.raises(ServerUnavailable, match="save_tls"):
        put(dav, network=network(dav, context=PUBLIC.context))
    with pytest.raises(ServerUnavailable, match="save_tls"):
        put(dav, folder=replace(folder_of(dav.address, named=NAMED), host="127.0.0.1"))
    assert dav.asked == []


@pytest.mark.parametrize(
    "address",
    [
        "",
        "http://cloud.example.org/",
        "ftp://cloud.example.org/",
        "https://",
        "https://localhost/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://robin:secret@cloud.example.org/",
        "https://cloud.example.org/?a=b",
        "https://cloud.example.org/#a",
        "https://cloud.example.org/a/../b",
        "https://cloud.example.org/a/%2e%2e/b",
        "https://cloud.example.org/a b",
        "https://cloud.example.org/\r\nX: y",
        "https://cloud.example.org:99999/",
        "https://[::1/",
    ],
)
def test_what_is_no_address_of_a_folder_is_refused(address: str) -> None:
    with pytest.raises(InvalidInput, match="save_address"):
        folder_of(address)


def test_an_address_is_a_folder_however_it_is_written() -> None:
    assert folder_of(" https://Cloud.Example.ORG/a%20b/Ü ") == Folder("cloud.example.org", 443, "/a%20b/%C3%9C/")
    assert folder_of("https://cloud.example.org:8443").address == "https://cloud.example.org:8443/"
    assert folder_of("https://nas/x", named=frozenset({"nas"})).host == "nas"


def test_a_number_stands_before_the_extension_and_long_names_are_cut() -> None:
    assert [numbered("a.tar.gz", 2), numbered(".profile", 2), numbered("none", 3)] == ["a.tar (2).gz", ".profile (2)", "none (3)"]
    assert len(numbered("你" * 300 + ".pdf", 2).encode()) <= 200
    assert numbered("你" * 300 + ".pdf", 2).endswith(" (2).pdf")
