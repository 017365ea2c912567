"""A picture is fetched within its limits, and the server that has it learns nothing of who reads."""

from __future__ import annotations

import shutil
import socket
import ssl
import struct
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.authority import Authority
from tests.servers.image_server import PUBLIC, STANDS_AT, ImageServer, answer, png
from webmail.imageproxy import fetching, keeping, pictures
from webmail.imageproxy.fetching import BusyError, Picture, fetch
from webmail.imageproxy.network import FetchError, Network

GIF = b"GIF89a" + struct.pack("<HH", 4, 3) + b"\0\0\0,\0\0\0\0\4\0\3\0\0\2\2\x44\1\0;"
JPEG = b"\xff\xd8\xff\xe0\0\x04ab\xff\xff\xc2\0\x11\x08" + struct.pack(">HH", 30, 40) + b"\3" * 20
WEBP = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0" + (639).to_bytes(3, "little") + (479).to_bytes(3, "little")
LOSSLESS = b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f" + struct.pack("<I", 99 | 49 << 14) + b"\0" * 9
LOSSY = b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0abc\x9d\x01\x2a" + struct.pack("<HH", 7, 9) + b"\0" * 9
AVIF = b"\0\0\0\x1cftypavif\0\0\0\0mif1avif\0\0\0\0" + b"\0\0\0\x14ispe\0\0\0\0" + struct.pack(">II", 64, 48)


@pytest.fixture
def server() -> Iterator[ImageServer]:
    found = ImageServer()
    found.start()
    yield found
    found.stop()


def network(server: ImageServer, *, context: ssl.SSLContext | None = None) -> Network:
    """Every host is one server, on whatever port."""
    return Network(
        lambda host: [PUBLIC],
        lambda address: True,
        lambda address, port, timeout: socket.create_connection((STANDS_AT, server.port), timeout),
        *([lambda: context] if context else []),
    )


def code(server: ImageServer, path: str, *, scheme: str = "http", context: ssl.SSLContext | None = None) -> str:
    with pytest.raises(FetchError) as raised:
        fetch(f"{scheme}://pictures.example{path}", network(server, context=context))
    return raised.value.code


def test_a_picture_is_fetched_and_the_request_is_the_same_for_everybody(server: ImageServer) -> None:
    server.answers["/a%20b/%E5%9B%BE.png?u=1&v=%7C|"] = answer(png(3, 5), fields="Set-Cookie: watched=1\r\nContent-Type: text/html\r\n")
    for _ in range(2):
        assert fetch("http://PICTURES.example/a b/图.png?u=1&v=%7C|#f", network(server)) == Picture(png(3, 5), "image/png")
    first, second = server.requests
    assert first == second
    assert first.splitlines()[:2] == ["GET /a%20b/%E5%9B%BE.png?u=1&v=%7C| HTTP/1.1", "Host: pictures.example"]
    names = [line.partition(":")[0].lower() for line in first.splitlines()[1:] if line]
    assert names == ["host", "accept", "accept-encoding", "user-agent", "connection"]


def test_over_tls_the_name_of_the_host_is_verified(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    for names, trusted, fine in (
        (["pictures.example"], True, True),
        (["other.example", PUBLIC], True, False),
        (["pictures.example"], False, False),
    ):
        server = ImageServer(authority.issue(names), {"/x": answer(png())})
        server.start()
        context = ssl.create_default_context(cafile=str(authority.ca_file)) if trusted else None
        if fine:
            assert fetch("https://pictures.example/x", network(server, context=context)).media_type == "image/png"
        else:
            assert code(server, "/x", scheme="https", context=context) == "tls"
            assert server.requests == []
        server.stop()


def test_redirects_are_followed_three_times(server: ImageServer) -> None:
    for number in range(4):
        server.answers[f"/{number}"] = answer(status="301 Moved", fields=f"Location: {number + 1}\r\n")
    server.answers["/4"] = answer(png())
    assert fetch("http://pictures.example/1", network(server)).media_type == "image/png"
    assert code(server, "/0") == "redirects"
    server.answers["/nowhere"] = answer(status="302 Found", fields="Location: javascript:alert(1)\r\n")
    assert code(server, "/nowhere") == "address"


@pytest.mark.parametrize(
    ("content", "media_type", "size"),
    [
        (png(3, 5), "image/png", (3, 5)),
        (GIF, "image/gif", (4, 3)),
        (JPEG, "image/jpeg", (40, 30)),
        (WEBP, "image/webp", (640, 480)),
        (LOSSLESS, "image/webp", (100, 50)),
        (LOSSY, "image/webp", (7, 9)),
        (AVIF, "image/avif", (64, 48)),
    ],
)
def test_pictures_are_told_by_their_octets(content: bytes, media_type: str, size: tuple[int, int]) -> None:
    assert pictures.shape(content) == (media_type, *size)
    for cut in range(len(content)):
        found = pictures.shape(content[:cut])
        assert found is None or found == (media_type, *size)


@pytest.mark.parametrize(
    "content",
    [
        *(
            b"",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            b"<?xml version='1.0'?><svg/>",
            b"<html>GIF89a",
            b"BM" + b"\0" * 60,
            b"%PDF-1.4",
        ),
        *(
            b"\0\0\0\x18ftypmp42" + b"\0" * 40,
            b"\0\0\1\0\1\0",
            b"II*\0" + b"\0" * 40,
            b"\x89PNG\r\n\x1a\n" + b"\0" * 40,
            b"\xff\xd8\xff" * 99,
        ),
        *(png(30_000, 30_000), png(20_001, 1), png(0, 5), b"GIF89a\xff\xff\xff\xff" + b"\0" * 20, WEBP[:24] + b"\xff" * 6),
    ],
)
def test_what_is_no_picture_or_too_large_a_one_is_not_passed_on(content: bytes, server: ImageServer) -> None:
    server.answers["/x"] = answer(content, fields="Content-Type: image/png\r\n")
    assert code(server, "/x") == "no_picture"


def test_answers_that_are_no_picture_are_failures(server: ImageServer) -> None:
    big = answer(png() + b"\0" * fetching.MAX_OCTETS)
    server.answers |= {
        "/404": answer(png(), status="404 Not Found"),
        "/packed": answer(png(), fields="Content-Encoding: gzip\r\n"),
        "/large": big,
        "/endless": big.replace(b"Content-Length", b"X-Length"),
        "/garbage": b"\0\1\2 garbage\r\n\r\n",
        "/silent": lambda came: None,
        "/heads": b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 1000 + b"\r\n",
    }
    found = {path: code(server, path) for path in server.answers}
    assert found == {
        "/404": "status",
        "/packed": "encoding",
        "/large": "size",
        "/endless": "size",
        "/garbage": "broken",
        "/silent": "broken",
        "/heads": "broken",
    }


def test_everything_together_ends_in_time(server: ImageServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "SECONDS", 0.6)

    def drip(head: bytes) -> None:
        def slowly(came: socket.socket) -> None:
            came.sendall(head)
            for _ in range(100):
                came.sendall(b"x")
                time.sleep(0.1)

        server.answers["/drip"] = slowly

    waiting = threading.Event()

    def hanging(host: str) -> list[str]:
        waiting.wait(5)
        return [PUBLIC]

    def at_once() -> None:
        started = time.monotonic()
        assert code(server, "/drip") == "timeout"
        assert time.monotonic() - started < 2

    for head in (b"", b"HTTP/1.1 200 OK\r\nA: ", b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n\x89PNG"):
        drip(head)
        at_once()
    started = time.monotonic()
    with pytest.raises(FetchError, match="timeout"):
        fetch("http://pictures.example/x", Network(hanging, lambda address: True))
    assert time.monotonic() - started < 2
    waiting.set()


def test_no_more_than_a_few_are_fetched_at_once_and_others_do_not_wait_long(server: ImageServer) -> None:
    gate, inside = threading.Event(), threading.Semaphore(0)

    def held(came: socket.socket) -> None:
        inside.release()
        gate.wait(10)
        came.sendall(answer(png()))

    server.answers |= {"/held": held, "/x": answer(png())}
    first = [threading.Thread(target=fetch, args=("http://pictures.example/held", network(server))) for _ in range(fetching.AT_ONCE)]
    for each in first:
        each.start()
    for _ in first:
        assert inside.acquire(timeout=5)
    started = time.monotonic()
    with pytest.raises(BusyError):
        fetch("http://pictures.example/x", network(server))
    assert time.monotonic() - started < 2
    gate.set()
    for each in first:
        each.join()
    assert fetch("http://pictures.example/x", network(server)).media_type == "image/png"


@pytest.fixture
def folder() -> Iterator[Path]:
    found = Path(tempfile.mkdtemp()) / "remote-images"
    yield found
    shutil.rmtree(found.parent)


def test_a_picture_that_was_kept_is_found_by_its_reader_only(folder: Path) -> None:
    picture = Picture(png(), "image/png")
    keeping.keep(folder, picture, reader="7", address="http://a.example/x")
    assert keeping.find(folder, reader="7", address="http://a.example/x") == picture
    assert keeping.find(folder, reader="8", address="http://a.example/x") is None
    assert keeping.find(folder, reader="7", address="http://a.example/y") is None
    assert (folder.stat().st_mode & 0o777, [each.stat().st_mode & 0o777 for each in folder.iterdir()]) == (0o700, [0o600])
    assert "a.example" not in str(list(folder.iterdir()))


def test_what_was_not_used_for_longest_makes_way(folder: Path) -> None:
    picture = Picture(png() + b"\0" * 1000, "image/png")
    for number in range(20):
        keeping.keep(folder, picture, reader="7", address=str(number), limit=8_000)
    kept = [number for number in range(20) if keeping.find(folder, reader="7", address=str(number))]
    assert 19 in kept
    assert 0 not in kept
    assert sum(each.stat().st_size for each in folder.iterdir()) <= 8_000 + 2 * len(picture.content)
