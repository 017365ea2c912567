"""Text out of attachments: what is in them is found, and nothing in them does harm."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.extract import documents
from tests.extract.children import attempts_of_a_child
from webmail.demo.mail import pictures
from webmail.extract import child, text
from webmail.message import mime


@pytest.fixture(autouse=True)
def rested() -> Iterator[None]:
    """No child is left behind."""
    yield
    text.rest()


def read(data: bytes, extension: str) -> str:
    return text.text_of(data, media_type=documents.TYPES[extension], filename=f"file.{extension}")


def test_the_words_of_every_kind_of_document_are_found() -> None:
    assert read(documents.pdf("Rent for March", "Page the second"), "pdf").split() == ["Rent", "for", "March", "Page", "the", "second"]
    assert read(documents.docx("Dear Mira", "the garden plan", header="Draft"), "docx").split("\n") == [
        "Dear Mira ",
        "the garden plan ",
        "Draft",
        "",
    ]
    assert read(documents.odt("Liebe Ilse", "grüße aus 北京"), "odt") == "Liebe Ilse\ngrüße aus 北京\n"
    assert read(documents.xlsx(["apples", "pears"], [17, 2.5], inline="plums"), "xlsx").split() == [
        "Budget",
        "apples",
        "pears",
        "17",
        "2.5",
        "plums",
    ]
    assert read(documents.pptx("first slide", "second slide"), "pptx") == "first slide\nsecond slide\n"
    assert text.text_of("Grüße".encode("latin-1"), media_type="text/plain", declared_charset="iso-8859-1") == "Grüße"
    assert text.text_of(b"<p>one<p>two<script>three</script>", media_type="text/html").split() == ["one", "two"]


def test_a_drawing_with_lines_of_text_is_read() -> None:
    drawn = pictures.pdf([(72, 700, 12, "The plan (of the garden)"), (72, 680, 9, "north side")], strokes=[(1, 1, 9, 9)])
    assert read(drawn, "pdf").split("\n")[:2] == ["The plan (of the garden)", "north side"]


def test_what_a_file_is_counts_more_than_what_it_is_called() -> None:
    assert text.text_of(documents.pdf("hidden words"), media_type="application/octet-stream", filename="scan.dat").strip() == "hidden words"
    assert text.text_of(documents.docx("hidden"), media_type="text/plain", filename="notes.txt").strip() == "hidden"
    assert text.text_of(b"just words", media_type="application/octet-stream", filename="notes.txt") == "just words"


def test_what_was_taken_out_of_a_document_is_not_in_it() -> None:
    assert read(documents.odt("kept", deleted="secret"), "odt").split() == ["kept"]
    assert "PAGEREF" not in read(documents.docx("kept"), "docx")


def test_only_what_may_hold_text_is_worth_fetching() -> None:
    for media_type, filename, kind in [
        ("application/pdf", "", "pdf"),
        ("application/octet-stream", "Plan.PDF", "pdf"),
        ("application/msword", "old.doc", ""),
        ("application/zip", "all.zip", ""),
        ("image/png", "picture.png", ""),
        ("text/plain", "", "text"),
        ("text/calendar", "invite.ics", ""),
        ("text/html", "page", "html"),
        (documents.TYPES["xlsx"], "", "office"),
        ("application/vnd.oasis.opendocument.spreadsheet", "", "office"),
    ]:
        assert text.kind_of(media_type, filename) == kind, (media_type, filename)


def test_a_text_that_is_none_gives_no_words() -> None:
    assert text.text_of(b"\x00\x01\x02" * 100, media_type="text/plain") == ""
    assert text.text_of("wide".encode("utf-16"), media_type="text/plain") == "wide"
    assert text.text_of(b"PK\x03\x04 and then nothing", media_type="application/zip") == ""
    assert text.text_of(b"%PDF-1.7", media_type="application/pdf") == ""
    assert text.text_of(documents.archive({"readme.txt": "words"}), media_type="application/zip") == ""
    assert text.text_of(b"", media_type="application/pdf") == ""


def test_no_more_text_comes_out_than_was_asked_for() -> None:
    assert len(text.text_of(documents.docx(*["many words"] * 50_000), media_type=documents.TYPES["docx"], limit=100_000)) == 100_000
    assert len(text.text_of(b"x" * 1000, media_type="text/plain", limit=10)) == 10


@pytest.mark.parametrize("made", [documents.zip_bomb, documents.billion_laughs, documents.endless_pages, documents.deep_pdf])
def test_a_bomb_ends_in_the_child_and_the_next_file_is_read(made: object) -> None:
    assert callable(made)
    bomb = made()
    start = time.monotonic()
    found = text.text_of(bomb, media_type="application/octet-stream")
    assert len(found) <= text.LIMIT
    assert "laugh" not in found
    assert time.monotonic() - start < text.SECONDS
    assert read(documents.pdf("still here"), "pdf").strip() == "still here"


def test_a_file_that_takes_too_long_gives_what_was_read_until_then() -> None:
    reading = child.Child()
    start = time.monotonic()
    found = reading.read(documents.laborious_pdf(), kind="pdf", limit=1000, seconds=30, cpu_seconds=1)
    assert found.strip() == "easily read"
    assert time.monotonic() - start < 20
    assert reading.read(documents.pdf("next"), kind="pdf", limit=1000, seconds=30, cpu_seconds=1).strip() == "next"
    started = time.monotonic()
    assert reading.read(documents.laborious_pdf(), kind="pdf", limit=1000, seconds=0.5, cpu_seconds=60).strip() in ("", "easily read")
    assert time.monotonic() - started < 10
    reading.stop()


def test_a_child_that_is_killed_is_replaced() -> None:
    reading = child.Child()

    def pid() -> int:
        (found,) = {int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit() and is_child(path)}
        return found

    def is_child(path: Path) -> bool:
        try:
            return (
                b"webmail.extract.reader" in (path / "cmdline").read_bytes() and f"PPid:\t{os.getpid()}\n" in (path / "status").read_text()
            )
        except OSError:
            return False

    assert reading.read(documents.pdf("one"), kind="pdf", limit=100, seconds=10, cpu_seconds=5).strip() == "one"
    first = pid()
    os.kill(first, 9)
    assert reading.read(documents.pdf("two"), kind="pdf", limit=100, seconds=10, cpu_seconds=5).strip() in ("", "two")
    assert reading.read(documents.pdf("three"), kind="pdf", limit=100, seconds=10, cpu_seconds=5).strip() == "three"
    assert pid() != first
    reading.stop()


def test_several_threads_may_read_at_once() -> None:
    found: list[str] = []
    names = [f"word{number}" for number in range(8)]
    threads = [threading.Thread(target=lambda name=name: found.append(read(documents.pdf(name), "pdf").strip())) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == names


def test_a_reading_child_can_open_no_file_no_socket_and_no_program() -> None:
    assert attempts_of_a_child() == ["refused"] * 4


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([b"%PDF-1.4\n", b"PK\x03\x04", b""]), st.sampled_from(sorted(documents.TYPES)))
def test_whatever_a_file_holds_nothing_is_raised(rest: bytes, beginning: bytes, extension: str) -> None:
    assert len(read(beginning + rest, extension)) <= text.LIMIT


@pytest.mark.parametrize("made", [documents.pdf("words " * 40), documents.docx("words " * 40), documents.xlsx(["words"] * 9, [1, 2])])
def test_a_damaged_document_is_no_error(made: bytes) -> None:
    for position in range(0, len(made), max(1, len(made) // 40)):
        damaged = made[:position] + bytes([made[position] ^ 0x55]) + made[position + 1 :]
        assert len(text.text_of(damaged, media_type="application/octet-stream", filename="file.pdf")) < 2000
        assert len(text.text_of(made[:position], media_type="application/octet-stream", filename="file.pdf")) < 2000


def test_documents_that_strangers_sent_are_read(corpus_dir: Path) -> None:
    found = {}
    for path in sorted((corpus_dir / "mime").rglob("*.eml")):
        octets = path.read_bytes()
        root, bodies = mime.parse_with_bodies(octets)
        for part in mime.attachments(root):
            if text.kind_of(f"{part.media_type}/{part.subtype}", part.filename) in ("pdf", "office"):
                data = mime.decode_body(octets[bodies[part.section]], encoding=part.encoding)
                found[part.filename] = text.text_of(data, media_type=f"{part.media_type}/{part.subtype}", filename=part.filename)
    assert len(found) > 20
    assert "http://www.example.com" in found["spam3.pdf"]
    assert "Planet PDF JavaScript" in found["DynamicEmail_AcroForm.pdf"]
    assert sum(bool(each.strip()) for each in found.values()) >= 5
