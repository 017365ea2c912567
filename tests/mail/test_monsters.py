"""Monsters: messages larger than anybody sends are listed, opened, searched, answered and shown as source like any other.

``MONSTERS=full`` makes them as large as they can be (``make monsters``); else those are smaller on which the server itself is slow.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.servers.dovecot import Dovecot
from tests.test_corpus import listed
from tests.visitor import Visitor, newcomer
from webmail.mail import upkeep

FULL = os.environ.get("MONSTERS") == "full"
MEGABYTE = 1 << 20
LARGE = 50 * MEGABYTE if FULL else 8 * MEGABYTE
SECONDS = 2.0
MORE_MEMORY = 200 * MEGABYTE
HEAD = b"From: Mira <mira@example.net>\r\nTo: robin@example.test\r\nDate: Sun, 1 Mar 2026 08:00:00 +0000\r\nMessage-ID: <m@example.net>\r\n"
WORDS = b"Content-Type: text/plain; charset=utf-8\r\n\r\nGood otter morning.\r\n"


def nested_multiparts() -> bytes:
    levels = range(98)  # With the text in it and the message around it these are a hundred; the server reads no more.
    opening = b"".join(b"Content-Type: multipart/mixed; boundary=b%d.\r\n\r\n--b%d.\r\n" % (level, level) for level in levels)
    return HEAD + b"Subject: Monster\r\n" + opening + WORDS + b"".join(b"\r\n--b%d.--\r\n" % level for level in reversed(levels))


def nested_messages() -> bytes:
    return HEAD + b"Subject: Monster\r\n" + b"Content-Type: message/rfc822\r\n\r\nSubject: Inner\r\n" * 100 + WORDS


def deeper_than_anybody_reads() -> bytes:
    opening = b"".join(b"Content-Type: multipart/mixed; boundary=b%d.\r\n\r\n--b%d.\r\n" % (level, level) for level in range(3000))
    return HEAD + b"Subject: Monster\r\n" + opening + WORDS


def parts(entity: bytes) -> bytes:
    body = b"".join(b"--b\r\n" + entity for _ in range(10_000))
    return HEAD + b"Subject: Monster\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + body + b"--b--\r\n"


def ten_thousand_texts() -> bytes:
    return parts(WORDS)


def ten_thousand_files() -> bytes:
    file = b"Content-Type: application/pdf\r\nContent-Disposition: attachment; filename=a.pdf\r\n\r\n%PDF\r\n"
    return parts(WORDS).replace(b"--b\r\n" + WORDS, b"--b\r\n" + file).replace(b"--b\r\n" + file, b"--b\r\n" + WORDS, 1)


def a_header_of_one_field() -> bytes:
    return HEAD + b"Subject: Monster\r\nX-Long: " + b"x" * LARGE + b"\r\n" + WORDS


def a_header_of_folded_lines() -> bytes:
    return HEAD + b"Subject: Monster\r\nX-Long:" + b" folded line of a header that goes on\r\n" * (LARGE // 40) + WORDS


def a_header_of_many_fields() -> bytes:
    return HEAD + b"Subject: Monster\r\n" + b"X-Field: a value of thirty octets.\r\n" * (LARGE // 36) + WORDS


def an_endless_subject() -> bytes:
    # Of 50 MB the server itself is not done after a minute.
    return HEAD + b"Subject: Monster " + b"=?utf-8?b?w6TDtsO8?= " * (8 * MEGABYTE // 21) + b"\r\n" + WORDS


def a_million_recipients() -> bytes:
    count = 1_000_000 if FULL else 200_000
    addresses = b",\r\n ".join(b'"Name %d" <n%d@example.org>' % (number, number) for number in range(count))
    return b"Subject: Monster\r\n" + HEAD.replace(b"To: robin@example.test", b"To: " + addresses) + WORDS


def base64_of_nothing() -> bytes:
    return HEAD + b"Subject: Monster\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n" + (b" =\r\n" * (LARGE // 4))


def one_line_of_text() -> bytes:
    return HEAD + b"Subject: Monster\r\n" + WORDS[:-2] + b" otter" * (LARGE // 6)


def one_line_of_html() -> bytes:
    return HEAD + b"Subject: Monster\r\nContent-Type: text/html\r\n\r\nGood <b>otter morning" + b" <i>otter" * (LARGE // 9)


MONSTERS = [
    nested_multiparts,
    nested_messages,
    deeper_than_anybody_reads,
    ten_thousand_texts,
    ten_thousand_files,
    a_header_of_one_field,
    a_header_of_folded_lines,
    a_header_of_many_fields,
    an_endless_subject,
    a_million_recipients,
    base64_of_nothing,
    one_line_of_text,
    one_line_of_html,
]


WITHOUT_WORDS: tuple[Callable[[], bytes], ...] = (base64_of_nothing, deeper_than_anybody_reads, nested_messages)
"""What is read of these says nothing; of the last the words are those of an attached file."""
if FULL:
    # Of a header beyond ten megabytes the server says no more than that it is there, and takes what is under it for a file.
    WITHOUT_WORDS += (a_header_of_one_field, a_header_of_folded_lines, a_header_of_many_fields, a_million_recipients)


@pytest.fixture
def visitor(dovecot: Dovecot, tmp_path: Path) -> Iterator[tuple[Visitor, str]]:
    yield from newcomer(dovecot, tmp_path / "data")


def memory(which: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(which))


class Watch:
    """Measures what each step costs this process: seconds of work, and octets more than before."""

    def __init__(self) -> None:
        self.costs: dict[str, tuple[float, float, int]] = {}

    def step(self, name: str, what: Callable[[], object]) -> None:
        Path("/proc/self/clear_refs").write_text("5")  # The peak is counted from here.
        before, begun, started = memory("VmRSS"), time.process_time(), time.monotonic()
        what()
        self.costs[name] = (time.process_time() - begun, time.monotonic() - started, memory("VmHWM") - before)

    def table(self) -> str:
        return ", ".join(f"{name} {cpu:.2f} s ({wall:.2f} s) +{more // MEGABYTE} MB" for name, (cpu, wall, more) in self.costs.items())


def index(browser: Visitor) -> None:
    """All that the worker does."""
    gate = browser.client.application.extensions["webmail"].gate
    while (job := upkeep.claim(gate, owner="test")) is not None:
        upkeep.run(gate, job)


def page(browser: Visitor, path: str) -> Visitor:
    browser.get(path)
    assert browser.status == 200, f"{path} answered {browser.status}: {browser.words[:300]}"
    return browser


@pytest.mark.timeout(300)
@pytest.mark.parametrize("monster", MONSTERS, ids=lambda monster: monster.__name__)
def test_a_monster_costs_no_more_than_a_usual_message_may(
    monster: Callable[[], bytes], visitor: tuple[Visitor, str], dovecot: Dovecot, request: pytest.FixtureRequest
) -> None:
    browser, username = visitor
    page(browser, "/")
    dovecot.fill(username, [monster()])
    watch, numbers = Watch(), list[str]()
    until = time.monotonic() + 90
    while not numbers and time.monotonic() < until:
        # The list does not wait for a server that needs long.
        watch.step("list", lambda: numbers.extend(listed(browser)))
    assert "Monster" in page(browser, "/").words
    (number,) = numbers
    watch.step("open", lambda: page(browser, f"/messages/{number}"))
    bodies = browser.page.xpath("//iframe[@data-message-body]/@src")
    for address in bodies:
        watch.step("body", lambda address=address: page(browser, address))
    assert bool(bodies) or "Good otter morning" in browser.words or monster in WITHOUT_WORDS
    watch.step("index", lambda: index(browser))
    watch.step("search", lambda: page(browser, "/search?q=in:inbox+otter"))
    assert bool(browser.marked("data-message")) or monster in WITHOUT_WORDS
    watch.step("reply", lambda: page(browser, f"/compose?reply={number}"))
    watch.step("reply to all", lambda: page(browser, f"/compose?reply_all={number}"))
    watch.step("headers", lambda: page(browser, f"/messages/{number}/headers"))
    watch.step("source", lambda: page(browser, f"/messages/{number}/source"))
    print(f"{monster.__name__}: {watch.table()}")
    slow = {name: cost for name, cost in watch.costs.items() if cost[0] > SECONDS or cost[2] > MORE_MEMORY}
    assert slow == {}, watch.table()
