"""Message bodies are strangers: the cleaner and the frame, each of the two walls alone, against all that was written to break them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.web.conftest import build_pages
from webmail.sanitize.html import sanitize_document
from webmail.web import security

PLACE = "http://walls.test"
HARMLESS = (PLACE, "about:blank", "about:srcdoc", "chrome-error:")
BATCH = 100
SAMPLE = 5
"""Each fifth document is shown; all of them take a minute and a half. The cleaner by itself is tested with all elsewhere."""
RAN = "a stranger's script ran"
WATCH = f"window.alert = window.confirm = window.prompt = () => console.log({RAN!r})"


@dataclass
class Stage:
    """A page that shows many documents at once, each in a frame, and writes down whatever one of them brings about."""

    page: Page
    documents: list[str]
    sandbox: str
    policy: str
    seen: list[str] = field(default_factory=list)

    def play(self) -> list[str]:
        """What happened, once every document has been shown; empty if nothing did."""
        page = self.page
        page.route("**/*", self._answer)
        page.on("console", lambda said: self.seen.append(said.text) if said.text == RAN else None)
        page.on("pageerror", lambda error: self.seen.append(f"a script failed: {error}"))
        page.on("popup", lambda opened: self.seen.append(f"a window: {opened.url}"))
        page.on("download", lambda kept: self.seen.append(f"a download: {kept.url}"))
        # What is kept from loading in a frame of a frame ends as one of Chromium's own error pages, which are no journey.
        page.on("framenavigated", lambda frame: self.seen.append(f"a journey: {frame.url}") if not frame.url.startswith(HARMLESS) else None)
        for first in range(0, len(self.documents), BATCH):
            page.goto(f"{PLACE}/from/{first}")
            page.wait_for_timeout(100)
        return self.seen

    def _answer(self, route: Route) -> None:
        kind, _, number = route.request.url.removeprefix(f"{PLACE}/").partition("/")
        if route.request.url.startswith(f"{PLACE}/") and number.isdigit() and kind in ("from", "document"):
            body = self._frames(int(number)) if kind == "from" else self.documents[int(number)]
            headers = {"Content-Security-Policy": self.policy} if kind == "document" and self.policy else {}
            route.fulfill(body=body, content_type="text/html; charset=utf-8", headers=headers)
            return
        self.seen.append(f"a request: {route.request.url[:300]}")
        route.abort()

    def _frames(self, first: int) -> str:
        numbers = range(first, min(first + BATCH, len(self.documents)))
        frames = (f'<iframe {self.sandbox} src="/document/{number}"></iframe>' for number in numbers)
        return f"<!doctype html><link rel=icon href='data:,'>{''.join(frames)}"


Play = Callable[..., list[str]]


@pytest.fixture
def play(chromium: Browser) -> Iterator[Play]:
    """Shows documents in frames with this sandbox and policy; what they bring about is returned."""
    context = chromium.new_context()
    context.add_init_script(WATCH)

    def on(documents: list[str], *, sandbox: str = "", policy: str = "") -> list[str]:
        return Stage(context.new_page(), [each.encode("utf-8", "replace").decode() for each in documents], sandbox, policy).play()

    yield on
    context.close()


@pytest.fixture(scope="module")
def payloads(corpus_dir: Path) -> list[str]:
    lines = [line for path in sorted((corpus_dir / "html").glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()]
    assert len(lines) == 1583
    return [json.loads(line)["html"] for line in lines[::SAMPLE]]


def test_without_walls_much_of_it_runs(play: Play, payloads: list[str]) -> None:
    # Scripts only, so that no document takes the whole page away.
    seen = play(payloads, sandbox='sandbox="allow-scripts"')
    assert len([each for each in seen if each == RAN or each.startswith("a script failed")]) > 20
    assert len([each for each in seen if each.startswith("a request")]) > 20


def test_the_cleaner_alone_lets_nothing_run_load_or_leave(play: Play, payloads: list[str]) -> None:
    assert play([sanitize_document(each) for each in payloads]) == []


def test_the_frame_alone_lets_nothing_run_load_or_leave(play: Play, payloads: list[str], tmp_path: Path) -> None:
    app = build_pages(tmp_path)
    with app.test_request_context("/messages/1/body", base_url=PLACE):
        policy = security.body_policy(1)
    app.extensions["webmail"].gate.database.close()
    assert play(payloads, sandbox=f'sandbox="{security.SANDBOX}"', policy=policy) == []
