"""Attachments looked at and taken together: what is shown is the file, in bounded memory, and the server is asked once."""

from __future__ import annotations

import base64
import io
import time
import tracemalloc
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from tests.mail.test_reading import TEXT, commands, entity, mixed, put
from tests.servers.dovecot import Dovecot
from tests.servers.person import Person, new_person
from tests.servers.proxy import Proxy
from webmail.demo.mail import pictures
from webmail.errors import NotFound, ServerUnavailable
from webmail.extract import drawing
from webmail.mail import archives, files, part_rows, parts, prefetch, reading
from webmail.mail.file_pages import HarmPage
from webmail.mail.parts import PartStream
from webmail.message import mime

PAPER = pictures.pdf([(72, 700, 24, "The plan")])


@pytest.fixture(scope="module", autouse=True)
def rested() -> Iterator[None]:
    yield
    drawing.rest()


@pytest.fixture
def watched(dovecot: Dovecot, proxy: Proxy, tmp_path: Path) -> Iterator[tuple[Person, Proxy]]:
    """Somebody whose IMAP commands are recorded."""
    somebody = new_person(dovecot, tmp_path / "data", imap=proxy.server())
    somebody.sign_in()
    yield somebody, proxy
    somebody.close()


def photograph() -> bytes:
    target = BytesIO()
    Image.linear_gradient("L").resize((900, 700)).convert("RGB").save(target, "JPEG")
    return target.getvalue()


def view(person: Person, kind: str, content: bytes, name: str) -> files.FilePage:
    return files.view(person.session, put(person, mixed(TEXT + "See", entity(kind, content, name=name))), section="2")


def archive(person: Person, number: int) -> zipfile.ZipFile:
    stream = archives.all_files(person.session, number, confirmed=False)
    assert isinstance(stream, PartStream)
    return zipfile.ZipFile(io.BytesIO(b"".join(stream.chunks)))


def test_attachments_are_shown_one_after_the_other(person: Person) -> None:
    found = [("image/jpeg", photograph(), "a.jpg"), ("application/pdf", PAPER, "b.pdf"), ("text/plain", b"words", "c.txt")]
    number = put(person, mixed(TEXT + "Three", *[entity(kind, content, name=name) for kind, content, name in found]))
    pages = [files.view(person.session, number, section=section) for section in ("2", "3", "4")]
    assert [page.kind for page in pages] == ["picture", "pdf", "text"]
    assert [(page.place, page.total) for page in pages] == [(1, 3), (2, 3), (3, 3)]
    assert [page.newer and page.newer.filename for page in pages] == [None, "a.jpg", "b.pdf"]
    assert [page.older and page.older.filename for page in pages] == ["b.pdf", "c.txt", None]
    assert (pages[1].length, list(pages[1].pages)) == (1, [1])
    assert files.page_picture(person.session, number, section="3", number=1).startswith(b"\xff\xd8\xff")
    with pytest.raises(NotFound):
        files.page_picture(person.session, number, section="3", number=2)
    with pytest.raises(NotFound):
        files.view(person.session, number, section="5")


@pytest.mark.parametrize(
    ("octets", "declared", "text"),
    [
        ("Grüße".encode(), "", "Grüße"),
        ("Grüße".encode("latin-1"), "", "Grüße"),
        ("你好，世界".encode("gb18030"), "gb2312", "你好，世界"),
        ("Grüße".encode("utf-16"), "", "Grüße"),
        (b"\xef\xbb\xbfone\r\ntwo", "", "one\ntwo"),
        (b"<script>alert(1)</script>", "", "<script>alert(1)</script>"),
    ],
)
def test_a_text_is_read_in_its_charset(person: Person, octets: bytes, declared: str, text: str) -> None:
    page = view(person, f"text/plain; charset={declared}" if declared else "text/plain", octets, "a.txt")
    assert (page.kind, page.text, page.cut) == ("text", text, False)


def test_what_only_calls_itself_a_text_a_pdf_or_a_table_is_not_shown_as_one(person: Person) -> None:
    assert view(person, "text/plain", b"\0\1\2" * 100, "a.txt").kind == ""
    assert view(person, "application/pdf", b"MZ" + b"\0" * 100, "a.pdf").kind == ""
    assert view(person, "text/csv", b"", "a.csv").kind == "text"
    assert view(person, "application/zip", b"PK", "a.zip").kind == ""


def test_of_a_long_text_the_beginning_is_shown(person: Person) -> None:
    page = view(person, "text/plain", b"0123456789abcde\n" * 80_000, "a.log")
    assert page.cut
    assert len(page.text) == files.TEXT_OCTETS
    table = view(person, "text/csv", b"a,b\n" * 5000, "a.csv")
    assert (len(table.rows), table.cut) == (files.MOST_ROWS, True)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a,b\n1,2\n", (("a", "b"), ("1", "2"))),
        ("a;b\n1,5;2,5\n", (("a", "b"), ("1,5", "2,5"))),
        ("a\tb\n", (("a", "b"),)),
        ('"one, ""two""",3\n"line\nbreak",4', (('one, "two"', "3"), ("line\nbreak", "4"))),
        ('"' + "x" * 200_000, ()),
        ("", ()),
    ],
)
def test_a_table_is_read_as_it_was_written(text: str, rows: tuple[tuple[str, ...], ...]) -> None:
    assert files.table(text, "a.csv")[0] == rows


def test_a_table_as_wide_as_a_street_is_cut() -> None:
    rows, more = files.table("\n".join([",".join("x" * 5000)] * 900), "a.csv")
    assert more
    assert sum(map(len, rows)) <= files.MOST_CELLS + files.MOST_COLUMNS


def test_a_small_picture_is_made_once_and_then_known_without_the_server(watched: tuple[Person, Proxy]) -> None:
    person, proxy = watched
    number = put(person, mixed(TEXT + "See", entity("image/jpeg", photograph(), name="a.jpg"), entity("image/png", b"MZ", name="b.png")))
    made = [files.thumbnail(person.session, number, section=section) for section in ("2", "3")]
    assert (made[0][:3], made[1]) == (b"\xff\xd8\xff", b"")
    commands(proxy)
    assert [files.thumbnail(person.session, number, section=section) for section in ("2", "3")] == made
    assert "UID FETCH" not in commands(proxy)
    for section in ("1", "4"):
        with pytest.raises(NotFound):
            files.thumbnail(person.session, number, section=section)


def test_a_pdf_whose_pages_are_turned_is_fetched_once(watched: tuple[Person, Proxy]) -> None:
    person, proxy = watched
    number = put(person, mixed(TEXT + "See", entity("application/pdf", PAPER, name="a.pdf")))
    assert files.view(person.session, number, section="2").length == 1
    commands(proxy)
    for _ in range(3):
        assert files.page_picture(person.session, number, section="2", number=1)
    assert "UID FETCH" not in commands(proxy)


def test_no_small_picture_is_made_of_a_large_file(person: Person) -> None:
    part = mime.parse(mixed(TEXT + "See", entity("image/jpeg", bytes(11 << 20), name="a.jpg"))).parts[1]
    row = part_rows.attachment_row(part)
    assert (row.thumbnail, row.viewable) == (False, True)


def test_harm_is_asked_about_before_a_download_and_shown_pictures_are_not(person: Person) -> None:
    program = entity("application/octet-stream", b"MZ", name="a.pdf.exe")
    number = put(
        person,
        mixed(TEXT + "See", program, entity("text/html", photograph(), name="b.html"), entity("image/png", b"#!/bin/sh", name="c.png")),
    )
    get = lambda section, **how: files.download(person.session, number, section=section, **{"in_place": False, "confirmed": False} | how)  # noqa: E731
    for section, harm in (("2", ("program", "disguised")), ("3", ("page",)), ("4", ("program", "disguised"))):
        page = get(section)
        assert isinstance(page, HarmPage)
        assert page.files[0].harm == harm
        assert isinstance(get(section, confirmed=True), PartStream)
    assert isinstance(get("3", in_place=True), PartStream)
    asked = archives.all_files(person.session, number, confirmed=False)
    assert isinstance(asked, HarmPage)
    assert [file.filename for file in asked.files] == ["a.pdf.exe", "b.html"]
    assert reading.message_page(person.session, number, mark_seen=False).attachments[0].harm == ("program", "disguised")


# All of them.


def test_all_attachments_come_as_one_archive(person: Person) -> None:
    names = ["计划.txt", "same.txt", "SAME.txt", "same.txt", "CON.txt", "../../up.txt", "x" * 300 + ".txt", "50%.txt", "a:b?.txt"]
    content = [name.encode() * 1000 for name in names]
    number = put(person, mixed(TEXT + "All", *[entity("text/plain", each, name=name) for name, each in zip(names, content, strict=True)]))
    found = archive(person, number)
    assert found.testzip() is None
    kept = found.namelist()
    assert kept[:6] == ["计划.txt", "same.txt", "SAME (2).txt", "same (3).txt", "_CON.txt", "up.txt"]
    assert kept[7:] == ["50%.txt", "a_b_.txt"]
    assert len(kept[6]) == 200
    assert [found.read(each) for each in kept] == content
    assert {each.compress_type for each in found.infolist()} == {zipfile.ZIP_STORED}


def test_an_archive_that_was_attached_stays_packed_in_the_archive(person: Person) -> None:
    inner = BytesIO()
    with zipfile.ZipFile(inner, "w") as written:
        written.writestr("inside.exe", b"MZ")
    both = [entity("application/zip", inner.getvalue(), name="in.zip"), entity("text/plain", b"x", name="x.txt")]
    assert archive(person, put(person, mixed(TEXT + "Zip", *both))).read("in.zip") == inner.getvalue()


def test_an_archive_is_written_in_constant_memory_on_one_connection(watched: tuple[Person, Proxy]) -> None:
    person, proxy = watched
    size = 6 * 1024 * 1024
    number = put(person, mixed(TEXT + "Films", *[entity("video/mp4", bytes(size), name=f"{each}.mp4") for each in range(3)]))
    reading.message_page(person.session, number, mark_seen=False)
    commands(proxy)
    tracemalloc.start()
    stream = archives.all_files(person.session, number, confirmed=False)
    assert isinstance(stream, PartStream)
    received = sum(len(piece) for piece in stream.chunks)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size * 3 < received < size * 3 + 2000
    assert peak < 10 * 1024 * 1024
    assert not {"LOGIN", "AUTHENTICATE", "SELECT"} & set(commands(proxy))


def test_a_message_without_attachments_has_no_archive(person: Person) -> None:
    with pytest.raises(NotFound):
        archives.all_files(person.session, put(person, mixed(TEXT + "Nothing")), confirmed=False)


# Pieces fetched ahead.


@pytest.mark.parametrize("what", ["file", "archive"])
def test_a_download_that_is_given_up_frees_its_connection(person: Person, what: str) -> None:
    both = [entity("video/mp4", bytes(4 << 20), name="film.mp4"), entity("text/plain", b"x", name="x.txt")]
    number = put(person, mixed(TEXT + "A film", *both))
    for _ in range(4):
        stream = (
            parts.part(person.session, number, section="2")
            if what == "file"
            else archives.all_files(person.session, number, confirmed=True)
        )
        assert isinstance(stream, PartStream)
        assert len(next(stream.chunks)) > 0
        del stream
    kept = person.session.imap._accounts[person.session.accounts[0].id]
    until = time.monotonic() + 10
    while kept.lent and time.monotonic() < until:
        time.sleep(0.02)
    assert kept.lent == 0
    assert b"".join(parts.part(person.session, number, section="3").chunks) == b"x"


def test_a_server_that_hangs_up_half_way_ends_the_download_with_an_error(watched: tuple[Person, Proxy]) -> None:
    person, proxy = watched
    number = put(person, mixed(TEXT + "A film", entity("video/mp4", bytes(4 << 20), name="film.mp4")))
    stream = parts.part(person.session, number, section="2")
    next(stream.chunks)
    proxy.cut_all()
    with pytest.raises(ServerUnavailable):
        for _ in stream.chunks:
            pass


def test_pieces_come_in_order_and_errors_where_they_happened() -> None:
    def broken() -> Iterator[bytes]:
        yield b"a"
        yield b"b"
        raise ServerUnavailable("disconnected")

    assert list(prefetch.fetched(lambda: iter_of([b"1", b"2", b"3"]))) == [b"1", b"2", b"3"]
    seen: list[bytes] = []
    with pytest.raises(ServerUnavailable):
        seen.extend(prefetch.fetched(broken))  # type: ignore[arg-type]
    assert seen == [b"a", b"b"]


def iter_of(pieces: list[bytes]) -> prefetch.Stream:
    return (piece for piece in pieces)


@pytest.mark.parametrize("width", [76, 64, 72, 1000])
@pytest.mark.parametrize("size", [0, 1, 57, 78 * 1344, 3_000_001])
def test_base64_is_decoded_whatever_its_lines_are_like(width: int, size: int) -> None:
    data = bytes(number * 7 % 251 for number in range(size))
    digits = base64.b64encode(data)
    lines = b"".join(digits[start : start + width] + b"\r\n" for start in range(0, len(digits), width))
    for cut in (parts.PIECE, 1000, 77_777):
        pieces = [lines[start : start + cut] for start in range(0, len(lines), cut)]
        assert b"".join(mime.decode_stream(pieces, encoding="base64")) == data
