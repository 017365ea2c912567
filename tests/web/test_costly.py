"""A body that takes for ever to be made safe: others are served meanwhile, the reader is told, and is given what there is."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from tests.extract.test_cleaning import COSTLY, LARGE, children
from tests.servers.person import Person
from tests.visitor import Visitor
from tests.web.built import build_on
from webmail.extract import cleaning
from webmail.sanitize.html import BodyOptions

HEAD = "From: Mira <mira@example.net>\r\nTo: robin@example.test\r\nSubject: Plans\r\nMIME-Version: 1.0\r\n"
HTML = "Content-Type: text/html; charset=utf-8\r\n\r\n"


@pytest.fixture(autouse=True)
def rested() -> Iterator[None]:
    """No child is left behind."""
    yield
    cleaning.rest()


def alone(html: str) -> bytes:
    return (HEAD + HTML + html.replace("><", ">\r\n<") + "\r\n").encode()


def with_text(html: str) -> bytes:
    parts = ("Content-Type: text/plain\r\n\r\nIn plain words.\r\n", f"{HTML}{html}\r\n".replace("><", ">\r\n<"))
    head = f'{HEAD}Content-Type: multipart/alternative; boundary="edge"\r\n\r\n'
    return (head + "".join(f"--edge\r\n{part}" for part in parts) + "--edge--\r\n").encode()


def opened(person: Person, *messages: bytes) -> tuple[Visitor, list[int]]:
    """Somebody signed in, and the messages, newest first."""
    person.put(messages)
    visitor = Visitor(build_on(person.gate)).sign_in(person.username, person.password)
    return visitor, person.ids()


def test_the_text_is_shown_instead_and_the_design_anyway_for_who_waits(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleaning, "SECONDS", 0.4)
    visitor, (number,) = opened(person, with_text(COSTLY + "<p>In colours.</p>"))
    visitor.get(f"/messages/{number}")
    assert "In plain words." in visitor.words
    assert "unusually long" in visitor.words
    assert not visitor.page.xpath("//iframe")
    (anyway,) = visitor.page.xpath("//a[contains(., 'Show anyway')]/@href")
    visitor.get(str(anyway))
    assert visitor.page.xpath("//iframe")
    assert "unusually long" not in visitor.words
    # It is kept now: nobody has to wait again.
    visitor.get(f"/messages/{number}/body")
    assert visitor.status == 200
    assert visitor.get(f"/messages/{number}").page.xpath("//iframe")


def test_a_message_of_nothing_else_says_what_it_is_and_can_be_had(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleaning, "SECONDS", 0.4)
    visitor, (number,) = opened(person, alone(COSTLY))
    visitor.get(f"/messages/{number}")
    assert visitor.status == 200
    assert "is not shown" in visitor.words
    assert "has no text" not in visitor.words
    assert visitor.page.xpath(f"//article//a[@href='/messages/{number}/message.eml']")
    for path in ("print", "source", "headers"):
        assert visitor.get(f"/messages/{number}/{path}").status == 200


def test_who_reads_something_else_does_not_wait(person: Person) -> None:
    visitor, (hostile, other) = opened(person, alone("<p>Something else.</p>"), with_text(LARGE))
    assert cleaning.clean(LARGE, options=BodyOptions(), patient=True)
    os.kill(children()[0], signal.SIGSTOP)
    answers: list[tuple[float, str]] = []

    def read() -> None:
        found = Visitor(visitor.client.application)
        found.sign_in(person.username, person.password)
        signed = time.monotonic()
        found.get(f"/messages/{hostile}")
        answers.append((time.monotonic() - signed, found.words))

    reader = threading.Thread(target=read)
    reader.start()
    waits = []
    while reader.is_alive():
        started = time.monotonic()
        assert "Something else." in visitor.get(f"/messages/{other}/body").text
        waits.append(time.monotonic() - started)
        time.sleep(0.05)
    reader.join()
    ((waited, words),) = answers
    assert "unusually long" in words
    assert "In plain words." in words
    # Two seconds are its time; on a busy machine it takes some more until another process is there to go on with.
    assert waited < 6
    assert len(waits) > 3
    assert sorted(waits)[len(waits) // 2] < 0.5
