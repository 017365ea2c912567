"""A body that costs much is cleaned by a child process: the same answer, and never more of anybody's time than was allowed."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sanitize.test_limits import newsletter
from webmail.extract import cleaning
from webmail.sanitize.html import BodyOptions, Cleaned, ImagePolicy, clean

LARGE = "<p title='x'>The hut &amp; the <b>key</b><img src='https://t.example/x.png'><img src='cid:logo'></p>" * 2_000
COSTLY = "<colgroup>" + "<a>" * 170_000
WISHES = BodyOptions(
    images=ImagePolicy.PROXIED,
    proxy=lambda address: f"/remote/{len(address)}",
    cid={"logo": "/messages/7/parts/2/logo.png"},
    hits=lambda text: [match.span() for match in re.finditer("hut", text)],
)


@pytest.fixture(autouse=True)
def rested() -> Iterator[None]:
    """No child is left behind."""
    yield
    cleaning.rest()


def children() -> list[int]:
    """The processes of ours that clean."""
    mine = f"PPid:\t{os.getpid()}\n"
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if b"webmail.extract.cleaner" in (path / "cmdline").read_bytes() and mine in (path / "status").read_text():
                found.append(int(path.name))
        except OSError:
            continue
    return found


def test_a_child_answers_what_would_have_been_answered_here() -> None:
    assert not cleaning.is_small(LARGE)
    for options in (BodyOptions(), WISHES, BodyOptions(dark=True)):
        assert cleaning.clean(LARGE, options=options, patient=True) == clean(LARGE, options=options)
    assert len(children()) == 1


def test_a_newsletter_is_cleaned_without_a_child() -> None:
    assert cleaning.is_small(newsletter())
    assert cleaning.clean(newsletter(), options=WISHES) == clean(newsletter(), options=WISHES)
    assert children() == []


def test_what_takes_too_long_is_given_up_and_the_next_body_is_cleaned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleaning, "SECONDS", 0.4)
    started = time.monotonic()
    assert cleaning.clean(COSTLY, options=BodyOptions()) is None
    assert time.monotonic() - started < 2
    assert isinstance(cleaning.clean(COSTLY, options=BodyOptions(), patient=True), Cleaned)


def test_a_child_that_hangs_keeps_nobody_waiting() -> None:
    assert cleaning.clean(LARGE, options=BodyOptions(), patient=True)
    (hanging,) = children()
    os.kill(hanging, signal.SIGSTOP)
    waits: list[float] = []

    def wait(html: str) -> None:
        started = time.monotonic()
        cleaning.clean(html, options=BodyOptions())
        waits.append(time.monotonic() - started)

    threads = [threading.Thread(target=wait, args=(html,)) for html in (LARGE, LARGE, LARGE, "<p>small")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(waits) < 3
    assert min(waits) < 1
    assert hanging not in children()


def test_a_child_that_is_killed_is_replaced() -> None:
    assert cleaning.clean(LARGE, options=BodyOptions(), patient=True)
    os.kill(children()[0], signal.SIGKILL)
    cleaning.clean(LARGE, options=BodyOptions(), patient=True)
    assert cleaning.clean(LARGE, options=BodyOptions(), patient=True)


def test_what_no_child_would_take_in_is_given_up() -> None:
    assert cleaning.clean("<p>&" * 8_000_000, options=BodyOptions(), patient=True) is None
    assert cleaning.clean(LARGE, options=BodyOptions(), patient=True)


def test_a_number_without_end_is_no_mistake() -> None:
    digits = "9" * 8_000
    for html in (f'<p style="width:{digits}">x', f"<style>p{{width:{digits}px}}</style>x", f'<p style="color:#{digits};color:red">x'):
        assert "x</" in clean(html).document
