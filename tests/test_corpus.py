"""Every message of the corpus, real and broken, is listed and opens: row, page, body, every part, source."""

from __future__ import annotations

import imaplib
import json
import mailbox
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml.html import HtmlElement

from tests.servers.dovecot import Dovecot
from tests.visitor import Visitor, newcomer
from webmail.mail import upkeep

FILES = 1672
MESSAGES = 1722
SOURCES = (
    "cpython",
    "imap_tools",
    "mailparser",
    "mikel-mail",
    "modoboa",
    "mox",
    "mu",
    "nextcloud-mail",
    "notmuch",
    "nylas",
    "php-imap",
    "roundcube",
    "rspamd",
    "spamassassin-easy-ham-1",
    "spamassassin-spam-1",
)
SECONDS = 2.0
SECONDS_FOR_LARGE = 5.0
LARGE = 1_000_000


def canonical(octets: bytes) -> bytes:
    """The message with the line ends of the protocol and nothing else changed."""
    return re.sub(rb"\r?\n", b"\r\n", octets)


def messages_of(path: Path) -> list[bytes]:
    if path.suffix != ".mbox":
        return [canonical(path.read_bytes())]
    box = mailbox.mbox(path, create=False)
    try:
        return [canonical(box.get_bytes(key)) for key in box.keys()]  # noqa: SIM118 - a mailbox iterates over messages, not keys
    finally:
        box.close()


@pytest.fixture(scope="module")
def index(corpus_dir: Path) -> list[str]:
    return [json.loads(line)["path"] for line in (corpus_dir / "mime" / "INDEX.jsonl").read_text().splitlines()]


def test_the_corpus_is_whole(index: list[str], corpus_dir: Path) -> None:
    assert len(index) == FILES
    assert {path.split("/")[0] for path in index} == set(SOURCES)
    assert sum(len(messages_of(corpus_dir / "mime" / path)) for path in index) == MESSAGES


@pytest.fixture
def visitor(dovecot: Dovecot, tmp_path: Path) -> Iterator[tuple[Visitor, str]]:
    yield from newcomer(dovecot, tmp_path / "data")


@pytest.mark.timeout(400)
@pytest.mark.parametrize("source", SOURCES)
def test_every_message_of_a_source_is_listed_and_opens(
    source: str, visitor: tuple[Visitor, str], index: list[str], corpus_dir: Path, dovecot: Dovecot
) -> None:
    browser, username = visitor
    given = [(path, octets) for path in index if path.startswith(f"{source}/") for octets in messages_of(corpus_dir / "mime" / path)]
    refused = deliver(dovecot, username, given)
    index_everything(browser)
    opened = 0
    sizes = {path: len(octets) for path, octets in given}
    largest = max(sizes.values())
    for number in listed(browser):
        opened += 1
        open_everything(browser, number, limit=SECONDS_FOR_LARGE if largest > LARGE else SECONDS)
    assert refused == []
    assert opened == len(given)


def deliver(dovecot: Dovecot, username: str, given: list[tuple[str, bytes]]) -> list[str]:
    """APPEND the messages; what the server itself refuses is told."""
    side = imaplib.IMAP4("127.0.0.1", dovecot.imap)
    side.login(username, "secret")
    refused = [path for path, octets in given if side.append("INBOX", "", "", octets)[0] != "OK"]  # type: ignore[arg-type] # imaplib takes an empty date
    side.logout()
    return refused


def index_everything(browser: Visitor) -> None:
    """Do what the worker does until the page says that the index has all messages."""
    gate = browser.client.application.extensions["webmail"].gate
    until = time.monotonic() + 120
    while time.monotonic() < until:
        browser.get("/")
        if not browser.marked("data-index-progress") and "has not answered yet" not in browser.words:
            return
        while (job := upkeep.claim(gate, owner="test")) is not None:
            upkeep.run(gate, job)
    raise AssertionError("the index is not complete in time")


def listed(browser: Visitor) -> Iterator[str]:
    """The ids of all messages, page after page."""
    browser.get(browser.get("/").mailbox("inbox") + "?view=messages")
    while True:
        assert browser.status == 200
        found = browser.marked("data-message")
        older = browser.page.xpath("//a[@rel='next']/@href")
        yield from list(found)
        if not older:
            return
        browser.get(str(older[0]))


def timed(browser: Visitor, path: str, *, limit: float) -> None:
    start = time.process_time()
    browser.get(path)
    assert browser.status == 200, f"{path} answered {browser.status}: {browser.text[:500]}"
    assert time.process_time() - start < limit, f"{path} took longer than {limit} s"


def open_everything(browser: Visitor, number: str, *, limit: float) -> None:
    own = Visitor.__new__(Visitor)
    own.client, own.headers, own.answer = browser.client, browser.headers, None
    timed(own, f"/messages/{number}", limit=limit)
    page = own.page
    frames, parts = page.xpath("//iframe[@data-message-body]/@src"), page.xpath("//*[@data-attachment]//a/@href")
    plain = page.xpath("//*[contains(@class, 'msg__body') or contains(@class, 'enclosed') or @data-encrypted]")
    assert frames or plain, f"message {number} shows neither a body nor a word about it"
    for path in {*frames, *(part for part in parts if "/parts/" in part)}:
        timed(own, str(path), limit=limit)
    open_attached(own, page, limit=limit)
    timed(own, f"/messages/{number}/source", limit=limit)
    timed(own, f"/messages/{number}/headers", limit=limit)
    timed(own, f"/messages/{number}/message.eml", limit=limit)


def open_attached(own: Visitor, page: HtmlElement, *, limit: float) -> None:
    """Open the messages in the message on the page, and those in them, one after the other, with their frames and files."""
    done: set[str] = set()
    for _ in range(200):
        for path in page.xpath("//iframe[contains(@src, '/attached/')]/@src | //*[@data-attached or @class='inner']//li/a/@href"):
            if str(path) not in done:
                done.add(str(path))
                timed(own, str(path), limit=limit)
        folded = page.xpath("//*[@data-attached][not(.//a[contains(., 'Fold')])]//a[contains(@href, 'open=')]/@href")
        if not folded:
            return
        timed(own, str(folded[0]).partition("#")[0], limit=limit)
        page = own.page
    raise AssertionError("there is no end to the messages in it")
