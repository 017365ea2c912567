"""The oddest messages of the corpora are read as an independent parser reads them, corrected by a person who looked at each.

What is expected stands in tests/expected, one file a source: ``words`` are seen when the message is opened, ``plain`` when it is
read as plain text, ``absent`` in neither; ``pictures`` are seen in the HTML. Texts are compared by their words, names of files as
far as the sender gave them, contents with LF line ends and without the last ones. See tests/crosscheck/expected.py for drafts.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from lxml import html as lxml_html

from tests.servers.dovecot import Dovecot
from tests.servers.person import Person, new_person
from tests.test_corpus import canonical
from webmail.account import Security
from webmail.mail import bodies, parts, reading
from webmail.mail.message_pages import BodyKind, MessagePage, Wishes

ENTRIES: list[dict[str, Any]] = [
    entry for path in sorted((Path(__file__).parent / "expected").glob("*.json")) for entry in json.loads(path.read_text("utf-8"))
]
LEAST = 150
JOINED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2060-\u206f\ufeff\u00ad]")
BREAKS = frozenset({"br", "p", "div", "td", "th", "li", "tr", "h1", "h2", "h3", "h4", "blockquote", "pre", "hr", "center"})
PICTURE = re.compile(r'src="/messages/\d+/parts/([\d.]+)/')


def words(text: str) -> str:
    """The words of a text with a blank between any two."""
    return " ".join(re.findall(r"\w+", JOINED.sub("", text)))


@pytest.fixture(scope="module")
def reader(dovecot: Dovecot, corpus_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    """Somebody who has got all of these messages, in the order of ``ENTRIES``."""
    person = new_person(dovecot, tmp_path_factory.mktemp("expected"), imap=dovecot.server(Security.STARTTLS))
    person.fill([canonical((corpus_dir / "mime" / entry["message"]).read_bytes()) for entry in ENTRIES])
    person.sign_in()
    person.page()
    person.work_all()
    yield person
    person.close()


class Read:
    """One message as a person gets it."""

    def __init__(self, reader: Person, uid: int) -> None:
        self.session = reader.session
        with reader.gate.database.index() as connection:
            self.id = connection.exec_driver_sql(f"SELECT id FROM messages WHERE uid = {uid:d}").scalar_one()
        self.page = self.opened("")

    def opened(self, prefer: str) -> MessagePage:
        return reading.message_page(self.session, self.id, mark_seen=False, wishes=Wishes(prefer=prefer))

    def document(self) -> str:
        return bodies.document(self.session, self.id) if self.page.body is BodyKind.HTML else ""

    def text(self, page: MessagePage) -> str:
        """What is to be seen of the body on a page."""
        if page.body is BodyKind.HTML:
            body = lxml_html.document_fromstring(self.document()).find("body")
            return _seen(body)
        return "\n".join("".join(span.text for span in line) for block in page.text for line in block.lines)

    def content(self, section: str) -> tuple[int, str]:
        octets = b"".join(parts.part(self.session, self.id, section=section).chunks).replace(b"\r\n", b"\n").rstrip(b"\n")
        return len(octets), hashlib.sha256(octets).hexdigest()[:16]


def _seen(body: Any) -> str:
    """The text of a tree; what begins or ends a line divides words."""
    found: list[str] = []
    for event, node in etree.iterwalk(body, events=("start", "end")):
        found.append(" " if node.tag in BREAKS else "")
        found.append((node.text if event == "start" else node.tail) or "")
    return "".join(found)


def test_there_are_many_and_each_was_read_by_a_person() -> None:
    assert len(ENTRIES) >= LEAST
    assert len({entry["message"] for entry in ENTRIES}) == len(ENTRIES)
    assert not [entry["message"] for entry in ENTRIES if "doubt" in entry]


@pytest.mark.parametrize("number", range(len(ENTRIES)), ids=[entry["message"] for entry in ENTRIES])
def test_an_odd_message_is_read_as_expected(reader: Person, corpus_dir: Path, number: int) -> None:
    entry = ENTRIES[number]
    assert hashlib.sha256((corpus_dir / "mime" / entry["message"]).read_bytes()).hexdigest() == entry["sha256"]
    read = Read(reader, number + 1)
    _head_is(read, entry)
    _words_are(read, entry)
    _files_are(read, entry)


def _head_is(read: Read, entry: dict[str, Any]) -> None:
    head = read.page.message.envelope
    assert words(head.subject) == words(entry["subject"])
    for name, found in (("from", head.sender), ("to", head.to)):
        told = [("" if each.name == each.addr_spec else words(each.name), each.addr_spec.lower()) for each in found]
        assert told == [(words(each[0]), each[1].lower()) for each in entry[name] if each[1]], name
    # A sender without an address is shown as it was written.
    assert [each[0] for each in entry["from"] if not each[1] and words(each[0]) not in words(head.from_raw)] == []
    assert (head.date and head.date.astimezone(UTC).isoformat()[:19]) == entry["date"]


def _words_are(read: Read, entry: dict[str, Any]) -> None:
    seen = read.text(read.page)
    plain = read.text(read.opened("text"))
    assert [each for each in entry["words"] if words(each) not in words(seen)] == [], words(seen)
    assert [each for each in entry.get("plain", ()) if words(each) not in words(plain)] == [], words(plain)
    assert [each for each in entry.get("absent", ()) if each in seen or each in plain] == [], seen


def _files_are(read: Read, entry: dict[str, Any]) -> None:
    pictures = [(each["octets"], each["digest"]) for each in entry.get("pictures", ())]
    shown = {read.content(section) for section in PICTURE.findall(read.document())} if pictures else set()
    assert [each for each in pictures if each not in shown] == [], "pictures"
    expected = sorted((each["name"], each["type"], each["octets"], each["digest"]) for each in entry["files"])
    named = {each[0] for each in expected}
    found = [
        (each.filename if each.filename in named else "", each.media_type, *read.content(each.section)) for each in read.page.attachments
    ]
    # A picture that is seen may be listed as well, so that it can be kept.
    assert sorted(each for each in found if each[2:] not in pictures) == expected
