"""Message bodies are strangers: the cleaner and the frame, each of the two walls alone, against all that was written to break them.

Every document is shown by itself in a frame, first untouched, then with everything in it hovered over, focused, toggled, submitted and
pressed. A real pointer does the same with some of them. `make walls` leaves none out.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Response, g, render_template
from playwright.sync_api import Browser

from tests.browser.stage import PLACE, Stage, open_stage
from tests.sanitize.hostile import CLASSES
from tests.web import samples
from tests.web.conftest import build_pages
from webmail.message import text
from webmail.sanitize.html import sanitize_document
from webmail.web import security

EVERY, POINTED = (1, 1) if os.environ.get("WALLS") == "all" else (3, 40)
"""Each so many documents are shown, and visited by a real pointer: all of them by ``make walls``, in a few minutes."""


@dataclass
class Served:
    """How the application serves a body: the headers of its frame and of the page around it, and text bodies drawn for print."""

    sandbox: str
    body: Mapping[str, str]
    page: Mapping[str, str]
    texts: list[str]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, corpus_dir: Path) -> Served:
    app = build_pages(tmp_path_factory.mktemp("walls"))
    with app.test_request_context("/messages/1/body", base_url=PLACE):
        answer = Response()
        answer.headers["Content-Security-Policy"] = security.body_policy(1)
        body = dict(security.add_headers(answer).headers)
    with app.test_request_context("/messages/1", base_url=PLACE):
        page = dict(security.add_headers(Response()).headers)
        g.frame = samples.frame()
        lines = [line for path in sorted((corpus_dir / "text").glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()]
        pages = [replace(samples.message_page(), text=text.blocks(json.loads(line)["text"])) for line in lines]
        texts = [render_template("print.html", page=each) for each in pages]
    app.extensions["webmail"].gate.database.close()
    return Served(f'sandbox="{security.SANDBOX}"', _policies(body), _policies(page), texts)


def _policies(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in ("Content-Type", "Content-Length")}


@pytest.fixture(scope="module")
def payloads(corpus_dir: Path) -> list[str]:
    lines = [line for path in sorted((corpus_dir / "html").glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()]
    assert len(lines) == 1583
    return [json.loads(line)["html"] for line in lines]


@pytest.fixture
def stage(chromium: Browser) -> Iterator[Stage]:
    with open_stage(chromium) as opened:
        yield opened


def test_without_walls_much_of_it_runs(stage: Stage, payloads: list[str]) -> None:
    # The sandbox keeps documents only from taking the page away with those that stand beside them.
    seen = stage.play(payloads[::6], sandbox='sandbox="allow-scripts allow-same-origin allow-forms allow-popups"')
    assert seen.scripts() > 30
    assert seen.requests() > 30
    assert any(each.startswith("a script") for each in seen.touched)


def test_the_cleaner_alone_lets_nothing_run_load_or_leave(stage: Stage, payloads: list[str]) -> None:
    seen = stage.play([sanitize_document(each) for each in payloads[::EVERY]])
    assert seen.itself + seen.touched == []
    assert seen.presses > 100
    assert {urlsplit(each).scheme for each in seen.tabs} <= {"http", "https", "mailto", "tel"}


def test_the_frame_alone_lets_nothing_run_load_or_leave(stage: Stage, payloads: list[str], served: Served) -> None:
    seen = stage.play(payloads[::EVERY], sandbox=served.sandbox, headers=served.body, around=served.page)
    assert [each for each in seen.itself if not ahead_of_a_frame(each, payloads)] + seen.touched == []
    assert seen.presses > 200


def ahead_of_a_frame(happened: str, payloads: list[str]) -> bool:
    """Whether this is a connection, without a word said on it, to the host of a frame in a frame.

    Chromium opens it before it asks the policy, which then keeps the frame from loading. The one way to forbid it, the header
    Connection-Allowlist, forbids the reader's own links as well. The cleaner lets no frame through, so there is none in practice.
    """
    host = happened.removeprefix("a request: CONNECT ").removesuffix(":443")
    return happened.startswith("a request: CONNECT") and any(
        re.search(rf"<i?frame\b[^>]*src[^>]*//{re.escape(host)}", each, re.I) for each in payloads
    )


def test_a_real_pointer_brings_nothing_about_either(stage: Stage, payloads: list[str], served: Served) -> None:
    some = payloads[::POINTED]
    cleaned = stage.play([sanitize_document(each) for each in some], pointer=True)
    assert cleaned.itself + cleaned.touched == []
    framed = stage.play(some, sandbox=served.sandbox, headers=served.body, around=served.page, pointer=True)
    assert [each for each in framed.itself if not ahead_of_a_frame(each, payloads)] + framed.touched == []
    assert min(cleaned.presses, framed.presses) > 10


def test_constructs_beyond_the_corpus_bring_nothing_about(stage: Stage, served: Served) -> None:
    some = [each for kind in CLASSES.values() for each in kind[:: 20 if EVERY > 1 else 1]]
    without = stage.play(some[::4], sandbox='sandbox="allow-scripts allow-same-origin allow-forms allow-popups"')
    assert min(without.scripts(), without.requests()) > 5
    cleaned = stage.play([sanitize_document(each) for each in some])
    assert cleaned.itself + cleaned.touched == []
    framed = stage.play(some, sandbox=served.sandbox, headers=served.body, around=served.page)
    assert [each for each in framed.itself if not ahead_of_a_frame(each, some)] + framed.touched == []


def test_plain_text_is_text_with_no_wall_around_it(stage: Stage, served: Served) -> None:
    assert len(served.texts) == 123
    seen = stage.play(served.texts)
    # The page around the text is ours, and so are its style sheet and its icons.
    assert [each for each in seen.itself + seen.touched if f" {PLACE}/static/" not in each] == []
    assert {"http", "https", "mailto"} <= {urlsplit(each).scheme for each in seen.tabs}
