"""Reading: what is shown, listed and downloaded is one and the same, at the price of as few round trips as possible."""

from __future__ import annotations

import base64
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.dovecot import Dovecot
from tests.servers.person import Person, letter, new_person
from tests.servers.proxy import Proxy
from webmail.errors import NotFound
from webmail.mail import bodies, mailboxes, parts, reading
from webmail.mail.message_pages import BodyKind, Wishes

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def entity(kind: str, content: bytes, *, name: str = "", cid: str = "") -> str:
    head = f"Content-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n"
    head += f'Content-Disposition: attachment; filename="{name}"\r\n' if name else ""
    head += f"Content-ID: <{cid}>\r\n" if cid else ""
    return head + "\r\n" + base64.encodebytes(content).decode().replace("\n", "\r\n")


def mixed(*entities: str, kind: str = "mixed") -> bytes:
    body = "".join(f"--edge\r\n{each}\r\n" for each in entities)
    return (
        "From: Mira <mira@example.net>\r\nTo: robin@example.test\r\nSubject: Parts\r\nMessage-ID: <parts@example.net>\r\n"
        f"MIME-Version: 1.0\r\n"
        f'Content-Type: multipart/{kind}; boundary="edge"\r\n\r\n{body}--edge--\r\n'
    ).encode()


HTML = "Content-Type: text/html; charset=utf-8\r\n\r\n"
TEXT = "Content-Type: text/plain; charset=utf-8\r\n\r\n"


def put(person: Person, raw: bytes) -> int:
    person.dovecot.put(person.username, [raw])
    return person.ids()[0]


def content(person: Person, number: int, section: str) -> bytes:
    return b"".join(parts.part(person.session, number, section=section).chunks)


@pytest.fixture
def watched(dovecot: Dovecot, proxy: Proxy, tmp_path: Path) -> Iterator[tuple[Person, Proxy]]:
    """Somebody whose IMAP commands are recorded."""
    somebody = new_person(dovecot, tmp_path / "data", imap=proxy.server())
    somebody.sign_in()
    yield somebody, proxy
    somebody.close()


def commands(proxy: Proxy) -> list[str]:
    """The names of the commands sent since the last call."""
    found = [line.upper().split(" ") for line in proxy.commands]
    proxy.commands.clear()
    return [f"UID {words[1]}" if words[0] == "UID" else words[0] for words in found]


def test_a_text_message_is_shown_with_its_links_and_quotes(person: Person) -> None:
    number = put(person, letter(1, text="See https://example.net/hut\r\n> Saturday?\r\n-- \r\nMira"))
    page = reading.message_page(person.session, number, mark_seen=True)
    assert page.body is BodyKind.TEXT
    spans = [span for block in page.text for line in block.lines for span in line]
    assert "https://example.net/hut" in {span.href for span in spans}
    assert {block.quote for block in page.text} == {0, 1}
    assert any(block.signature for block in page.text)


def test_opening_a_message_marks_it_seen_and_looking_ahead_does_not(person: Person) -> None:
    number = put(person, letter(1))
    reading.message_page(person.session, number, mark_seen=False)
    parts.headers(person.session, number)
    parts.source_page(person.session, number)
    assert person.truth("INBOX", "SEEN") == 0
    page = reading.message_page(person.session, number, mark_seen=True)
    assert person.truth("INBOX", "SEEN") == 1
    assert page.list is not None
    assert page.list.rows[0].message.seen
    assert page.list.unseen == 0


def test_html_is_cleaned_and_remote_images_are_counted(person: Person) -> None:
    number = put(
        person,
        mixed(
            TEXT + "Plain", HTML + '<p onclick="x()">Rich<img src="https://t.example/p.gif"><script>x()</script></p>', kind="alternative"
        ),
    )
    page = reading.message_page(person.session, number, mark_seen=False)
    assert (page.body, page.remote_images, page.has_text) == (BodyKind.HTML, 1, True)
    document = bodies.document(person.session, number)
    assert "Rich" in document
    assert not any(word in document for word in ("onclick", "script", "t.example"))
    assert reading.message_page(person.session, number, mark_seen=False, wishes=Wishes(prefer="text")).body is BodyKind.TEXT


def test_what_the_header_says_comes_with_the_body_and_is_kept(watched: tuple[Person, Proxy]) -> None:
    person, proxy = watched
    number = put(person, b"Subject: one\r\n" + mixed(TEXT + "Plain", HTML + "<p>Rich", kind="alternative"))
    commands(proxy)
    page = reading.message_page(person.session, number, mark_seen=False)
    assert page.facts.doubled == ("subject",)
    assert commands(proxy).count("UID FETCH") == 1, "header and body come together"
    again = reading.message_page(person.session, number, mark_seen=False, wishes=Wishes(prefer="text"))
    assert again.facts == page.facts
    assert again.body is BodyKind.TEXT
    commands(proxy)
    assert reading.message_page(person.session, number, mark_seen=False).facts == page.facts
    assert "UID FETCH" not in commands(proxy)


def test_an_inline_picture_is_shown_from_our_own_address(person: Person) -> None:
    number = put(person, mixed(HTML + '<img src="cid:tree@x" alt="tree">', entity("image/png", PNG, cid="tree@x"), kind="related"))
    assert f'src="/messages/{number}/parts/2/image"' in bodies.document(person.session, number)
    stream = parts.part(person.session, number, section="2")
    assert (stream.media_type, stream.inline, b"".join(stream.chunks)) == ("image/png", True, PNG)


@pytest.mark.parametrize("kind", ["text/html", "image/svg+xml", "text/xml", "application/javascript", "image/png"])
def test_a_file_is_what_its_octets_say_and_not_what_its_sender_says(person: Person, kind: str) -> None:
    number = put(person, mixed(TEXT + "See the file", entity(kind, b"<svg onload='x()'>", name="a.png")))
    stream = parts.part(person.session, number, section="2")
    assert (stream.media_type, stream.inline) == ("application/octet-stream", False)


def test_every_part_listed_can_be_had_and_no_other(person: Person) -> None:
    number = put(
        person, mixed(TEXT + "Two files", entity("application/pdf", b"%PDF", name="计划.pdf"), entity("text/csv", b"a,b", name="b.csv"))
    )
    page = reading.message_page(person.session, number, mark_seen=False)
    assert [(each.section, each.filename) for each in page.attachments] == [("2", "计划.pdf"), ("3", "b.csv")]
    assert [content(person, number, each.section) for each in page.attachments] == [b"%PDF", b"a,b"]
    for section in ("4", "0", "", "1.1", "2.MIME", "x", "1]", "../1"):
        with pytest.raises(NotFound):
            parts.part(person.session, number, section=section)


def test_a_large_attachment_streams_in_constant_memory(person: Person) -> None:
    size = 24 * 1024 * 1024
    number = put(person, mixed(TEXT + "A film", entity("video/mp4", bytes(size), name="film.mp4")))
    reading.message_page(person.session, number, mark_seen=False)
    tracemalloc.start()
    received = sum(len(piece) for piece in parts.part(person.session, number, section="2").chunks)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert received == size
    assert peak < 12 * 1024 * 1024


def test_the_source_is_the_message_octet_for_octet(person: Person) -> None:
    raw = letter(1, subject="Source", text="Line\r\n.dot")
    number = put(person, raw)
    stream = parts.source(person.session, number)
    assert (b"".join(stream.chunks), stream.filename, stream.size) == (raw, "Source.eml", len(raw))


def test_a_message_expunged_meanwhile_is_not_found_and_never_another_one(person: Person) -> None:
    number = put(person, letter(1, subject="Gone"))
    with person.dovecot.side(person.username) as side:
        side.uid("STORE", "1", "+FLAGS", "(\\Deleted)")
        side.expunge()
    with pytest.raises(NotFound):
        reading.message_page(person.session, number, mark_seen=True)


def test_a_list_page_costs_one_round_trip(watched: tuple[Person, Proxy]) -> None:
    person, proxy = watched
    put(person, letter(1))
    person.page()
    commands(proxy)
    person.page()
    assert commands(proxy) == ["NOOP"]


def test_a_message_read_before_costs_no_round_trip_but_that_of_its_list(watched: tuple[Person, Proxy]) -> None:
    person, proxy = watched
    number = put(person, mixed(HTML + "<p>Rich</p>"))
    reading.message_page(person.session, number, mark_seen=True)
    person.page()
    commands(proxy)
    reading.message_page(person.session, number, mark_seen=True)
    bodies.document(person.session, number)
    assert commands(proxy) == ["NOOP"]


def test_a_mailbox_never_seen_costs_a_handful_of_round_trips(watched: tuple[Person, Proxy]) -> None:
    person, proxy = watched
    person.dovecot.fill(person.username, [letter(number) for number in range(1, 200)])
    commands(proxy)
    person.page()
    asked = commands(proxy)
    assert asked[:2] == ["ENABLE", "SELECT"]
    assert len(asked) <= 6


def test_the_folders_and_their_counts_cost_one_round_trip(watched: tuple[Person, Proxy]) -> None:
    person, proxy = watched
    commands(proxy)
    mailboxes.refresh(person.session)
    assert commands(proxy) == ["LIST"]
    mailboxes.frame(person.session)
    assert commands(proxy) == []
