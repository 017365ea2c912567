"""One message, one reading: what is shown, listed, downloaded, searched, previewed and quoted is one and the same."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from lxml import html as lxml_html

from tests.message.test_enclosed import uu
from tests.servers.person import Person, letter
from webmail.errors import NotFound
from webmail.mail import attachments, bodies, enclosed, parts, reading, wording
from webmail.mail.message_pages import BodyKind, MessagePage, Wishes
from webmail.message import mime, text
from webmail.message.secured import Form, signed_form
from webmail.query.words import words as indexed_words
from webmail.store import fulltext, messages
from webmail.store.messages import StoredMessage

COUNT = int(os.environ.get("READINGS", "200"))
LARGEST = 100_000
JOINED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\u00ad]")


def words(text: str) -> list[str]:
    return re.findall(r"\w+", JOINED.sub("", text))


def shown_words(page: MessagePage) -> list[str]:
    """The words of a text body as they stand on the page."""
    return words("\n".join("".join(span.text for span in line) for block in page.text if not block.picture for line in block.lines))


def all_ids(person: Person) -> list[int]:
    with person.gate.database.index() as connection:
        return [row[0] for row in connection.exec_driver_sql("SELECT id FROM messages ORDER BY id")]


def stored(person: Person, number: int) -> StoredMessage:
    return messages.get_many(person.gate.database, person.session.accounts[0].id, [number])[0]  # type: ignore[list-item]


def indexed(person: Person, number: int) -> fulltext.Document:
    return fulltext.content(person.gate.database, person.session.accounts[0].id, [number])[number]  # type: ignore[list-item, index]


def opened(person: Person, raw: bytes) -> tuple[int, MessagePage]:
    person.put([raw])
    number = person.ids()[0]
    return number, reading.message_page(person.session, number, mark_seen=False)


def with_parts(kind: str, *entities: str) -> bytes:
    head = letter(1).partition(b"Content-Type")[0]
    body = "".join(f"--edge\r\n{each}\r\n" for each in entities)
    return head + f'Content-Type: multipart/{kind}; boundary="edge"\r\n\r\n{body}--edge--\r\n'.encode()


TEXT = "Content-Type: text/plain; charset=utf-8\r\n\r\n"
HTML = "Content-Type: text/html; charset=utf-8\r\n\r\n"
PHOTO = (
    'Content-Type: image/png; name="tree.png"\r\nContent-Disposition: inline; filename="tree.png"\r\n'
    "Content-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n"
)


def test_texts_and_pictures_between_them_are_one_reading(person: Person) -> None:
    number, page = opened(person, with_parts("mixed", TEXT + "Before the tree.", PHOTO, TEXT + "Behind the tree."))
    assert page.body is BodyKind.TEXT
    assert shown_words(page) == words("Before the tree Behind the tree")
    assert [block.picture for block in page.text if block.picture] == [f"/messages/{number}/parts/2/tree.png"]
    assert [each.section for each in page.attachments] == ["2"]
    assert bodies.readable_text(person.session, number) == "Before the tree.\n\nBehind the tree."
    wording.run(person.session, seconds=60)
    assert indexed(person, number).body.split() == indexed_words("Before the tree. Behind the tree.")


def test_html_with_a_text_behind_it_is_one_page(person: Person) -> None:
    raw = with_parts("mixed", HTML + "<p>Rich <b>words", PHOTO, TEXT + "A footer <https://lists.example/>\r\n> quoted", HTML + "<style>p{}")
    number, page = opened(person, raw)
    assert page.body is BodyKind.HTML
    document = bodies.document(person.session, number)
    tree = lxml_html.document_fromstring(document)
    assert words(" ".join(tree.find("body").itertext())) == words("Rich words A footer https lists example quoted")
    assert f'src="/messages/{number}/parts/2/tree.png"' in document
    assert 'href="https://lists.example/"' in document
    assert words(bodies.readable_text(person.session, number)) == words("Rich words A footer https lists example quoted")
    plain = reading.message_page(person.session, number, mark_seen=False, wishes=Wishes(prefer="text"))
    assert shown_words(plain) == words("Rich words A footer https lists example quoted")


def test_what_a_message_says_twice_is_named(person: Person) -> None:
    head = letter(1, extra="Subject: other\r\nFrom: x@example.org\r\n").partition(b"MIME-Version")[0]
    raw = (
        head + b'Content-Type: multipart/mixed; boundary="a"; boundary="b"\r\nContent-Type: text/html\r\n\r\n'
        b"--a\r\nContent-Type: text/plain\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: 7bit\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\none\r\n--a--\r\n--b\r\n\r\ntwo\r\n--b--\r\n"
    )
    number, page = opened(person, raw)
    assert set(page.told_twice) == {"subject", "from", "content-type", "content-type boundary", "content-transfer-encoding"}
    assert page.message.envelope.subject == "Letter 1"
    assert shown_words(page) == words(bodies.readable_text(person.session, number))
    again = reading.message_page(person.session, number, mark_seen=False)
    assert again.told_twice == page.told_twice, "it is kept with the body"


def test_an_honest_message_says_nothing_twice(person: Person) -> None:
    raw = with_parts("alternative", TEXT + "Plain", HTML + "<p>Rich")
    assert opened(person, raw)[1].told_twice == ()


def chosen(corpus_dir: Path) -> list[bytes]:
    """The messages of the corpus with the lowest hashes, which nobody has chosen."""
    rows = [json.loads(line) for line in (corpus_dir / "mime" / "INDEX.jsonl").read_text().splitlines()]
    rows = sorted((row for row in rows if row["bytes"] <= LARGEST and row["path"].endswith(".eml")), key=lambda row: row["sha256"])
    return [(corpus_dir / "mime" / row["path"]).read_bytes() for row in rows[:COUNT]]


@pytest.mark.timeout(600)
def test_each_way_to_read_a_message_of_strangers_reads_the_same(person: Person, corpus_dir: Path) -> None:
    person.put(chosen(corpus_dir))
    person.page()
    person.work_all()
    numbers = all_ids(person)
    assert len(numbers) == COUNT
    texts = 0
    for number in numbers:
        texts += reads_the_same(person, number)
    assert texts > COUNT * 0.6


def reads_the_same(person: Person, number: int) -> bool:
    message = stored(person, number)
    root = message.summary.structure
    page = reading.message_page(person.session, number, mark_seen=False, wishes=Wishes(prefer="text"))
    quoted = words(enclosed.quotation(person.session, number)[0])
    where = f"message {number}: {message.summary.envelope.subject!r}, {root}"
    shown = mime.shown(root)
    if page.body is BodyKind.TEXT:
        assert shown_words(page) == quoted, where
    elif page.body is BodyKind.HTML:
        body = lxml_html.document_fromstring(enclosed.document(person.session, number)).find("body")
        whole = "".join(words(" ".join([*body.itertext(), *map(str, body.xpath("//@alt"))])))
        # The marks of numbered lists are not in the HTML.
        assert [word for word in quoted if word not in whole and not word.isdigit()] == [], where
    if signed_form(root) is Form.SMIME_OPAQUE:
        # What lies inside a signature is opened for reading and quoting; the server, the list and the index know its file alone.
        return bool(quoted)
    body_words = indexed(person, number).body.split()
    # Where the text says hardly anything the HTML beside it is indexed too.
    assert bool(body_words) == bool(indexed_words(" ".join(quoted))) or shown.html is not None, where
    if all(part.subtype != "html" for part in shown.words) and not _slight(shown):
        expected = indexed_words(bodies.readable_text(person.session, number))
        # The index reads so many characters, and may cut the last word.
        assert body_words[:-1] == expected[: max(0, len(body_words) - 1)], where
    preview = words(stored(person, number).summary.preview)[:-1]
    assert [word for word in preview if word not in "".join(quoted)] == [], where
    _parts_are_what_was_read(person, number, root, shown, quoted=quoted)
    return bool(quoted)


def _slight(shown: mime.Shown) -> bool:
    return shown.html is not None


def _parts_are_what_was_read(person: Person, number: int, root: mime.Part, shown: mime.Shown, *, quoted: list[str]) -> None:
    """What is downloaded as the shown part is what was shown; nothing is both read and listed; nothing is lost."""
    listed = {part.section for part in mime.attachments(root)}
    read = {part.section for part in (*shown.rich, *shown.plain) if part.media_type == "text"}
    assert not listed & read
    found: list[str] = []
    for part in shown.words:
        octets = b"".join(parts.part(person.session, number, section=part.section).chunks)
        bare = mime.Part("1", "text", part.subtype, part.params)
        if part.subtype != "html":
            found += words(text.readable(mime.read_text(octets, bare).text))
    if all(part.subtype != "html" for part in shown.words):
        assert found == quoted or any(bodies.passages.flowed(part) for part in shown.words)


def test_a_picture_named_by_its_location_is_shown_from_the_message(person: Person) -> None:
    image = PHOTO.partition("\r\n\r\n")[2]
    head = "Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\nContent-Location: "
    page_at = "Content-Type: text/html; charset=utf-8\r\nContent-Location: http://news.example/2026/march.html\r\n\r\n"
    html = (
        '<img src="tree.png"><img src="http://news.example/top.gif#x"><img src="../lake.png"><img src="http://other.example/a.png">'
        '<img src="cid:none">'
    )
    places = ("tree.png", "http://news.example/top.gif", "http://news.example/lake.png")
    raw = with_parts("related", page_at + html, *[f"{head}{place}\r\n\r\n{image}" for place in places])
    raw = raw.replace(b"Content-Location: tree.png", b"Content-Location: http://news.example/2026/tree.png", 1)
    number, page = opened(person, raw)
    document = bodies.document(person.session, number)
    assert re.findall(r'src="([^"]+)"', document) == [f"/messages/{number}/parts/{section}/image" for section in (2, 3, 4)]
    assert (page.remote_images, page.attachments) == (1, ())
    assert bodies.html.clean(document, options=bodies.html.BodyOptions()).remote_images == 0


def test_relative_locations_need_no_base(person: Person) -> None:
    image = "Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\nContent-Location: ./tree%20one.png\r\n\r\niVBORw0KGgo=\r\n"
    number, _ = opened(person, with_parts("related", HTML + '<img src="tree%20one.png"><img src="/x.png">', image))
    assert re.findall(r'src="([^"]+)"', bodies.document(person.session, number)) == [f"/messages/{number}/parts/2/image"]


def test_a_file_written_into_a_text_is_listed_and_can_be_had(person: Person) -> None:
    text = b"See the tree.\r\n" + uu("tree.png", b"\x89PNG\r\n\x1a\n" + b"x" * 500) + b"That is all.\r\n"
    number, page = opened(person, letter(1).partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + text)
    assert shown_words(page) == words("See the tree. That is all.")
    assert [(each.section, each.filename, each.media_type, each.size) for each in page.attachments] == [
        ("1.uu1", "tree.png", "image/png", 508)
    ]
    stream = parts.part(person.session, number, section="1.uu1")
    assert (stream.filename, stream.media_type, stream.inline) == ("tree.png", "image/png", True)
    assert b"".join(stream.chunks) == b"\x89PNG\r\n\x1a\n" + b"x" * 500
    assert reading.message_page(person.session, number, mark_seen=False).attachments == page.attachments, "it is kept with the body"
    assert words(bodies.readable_text(person.session, number)) == shown_words(page)
    wording.run(person.session, seconds=60)
    assert indexed(person, number).body.split() == indexed_words("See the tree. That is all.")
    for section in ("1.uu2", "1.uu0", "2.uu1", "uu1", "1.uu100"):
        with pytest.raises(NotFound):
            parts.part(person.session, number, section=section)
    with attachments.taken_along(person.session, stored(person, number), ["1.uu1"]) as (taken,):
        assert (taken.filename, len(taken.stream.read())) == ("tree.png", 508)
