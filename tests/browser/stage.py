"""A stage for strangers: many documents shown at once in frames of a real Chromium, touched, and everything written down that comes of it.

The browser reaches the world through a proxy of ours only, so a request cannot be missed. What the debugger says about scripts cannot be
missed either: it names each one that the engine compiles, whether or not it does something that could be seen.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from playwright.sync_api import Browser, BrowserContext, CDPSession, Page

PLACE = "http://walls.localhost"
"""A place that browsers trust as they trust https."""
RAN = "a stranger's script ran"
HARMLESS = (PLACE, "about:blank", "about:srcdoc", "chrome-error:", "data:,")
BATCH = 100
SETTLED = 150
"""Milliseconds after which nothing more is expected of documents that have loaded."""
WATCH = f"window.alert = window.confirm = window.prompt = () => console.log({RAN!r})\n//# sourceURL=watch"
LIKE_BUTTONS = "a, area, button, input, select, textarea, summary, label, img, [onclick], [tabindex], [popovertarget], [commandfor]"
# Everything is hovered over, focused and pressed. It runs in the page around the frames, which the walls let look inside.
TOUCH = """((known) => {
  const links = [], shapes = new Set(known);
  // Links of one shape do the same thing, and each tab they open costs as much as ten documents.
  const alike = (element) => {
    const free = new Set(["href", "style", "class", "title"]);
    const attributes = [...element.attributes].map((each) => `${each.name}=${free.has(each.name) ? "" : each.value}`);
    const shape = [element.tagName, element.protocol, ...attributes.sort()].join(" ");
    return element.matches("a[target]") && shapes.size == shapes.add(shape).size;
  };
  const mouse = ["pointerover", "pointerenter", "mouseover", "mouseenter", "mousemove", "pointerdown", "mousedown", "mouseup", "pointerup"];
  let touched = 0;
  for (const frame of document.querySelectorAll("iframe")) {
    const inside = frame.contentDocument;
    if (!inside) continue;
    const window = frame.contentWindow;
    links.push(...[...inside.querySelectorAll("a, area")].map((link) => String(link.href?.animVal ?? link.href ?? "")));
    for (const element of [...inside.querySelectorAll("*")].slice(0, 400)) {
      for (const kind of mouse) element.dispatchEvent(new window.MouseEvent(kind, {bubbles: true, cancelable: true, composed: true}));
      for (const kind of ["wheel", "keydown", "keyup", "input", "change", "toggle", "animationstart", "transitionend", "pageshow"])
        element.dispatchEvent(new window.Event(kind, {bubbles: true}));
      element.focus?.();
      if (element.matches("form")) { try { element.requestSubmit(); } catch {} }
      if (element.matches("details")) element.open = !element.open;
      if (element.matches(LIKE_BUTTONS) && !alike(element)) { element.click?.(); touched += 1; }
      element.blur?.();
    }
  }
  return [touched, links, [...shapes]];
})(KNOWN)""".replace("LIKE_BUTTONS", repr(LIKE_BUTTONS))
# Where a real pointer would go: the middle of each thing that can be pressed, as it lies on the page around.
PLACES = """(() => [...document.querySelectorAll("iframe")].flatMap((frame) => {
  const inside = frame.contentDocument, around = frame.getBoundingClientRect();
  return inside ? [...inside.querySelectorAll("a, area, button, form, summary, img, input")].slice(0, 12).map((element) => {
    const box = element.getBoundingClientRect();
    return [around.x + box.x + box.width / 2, around.y + box.y + box.height / 2];
  }).filter(([x, y]) => x > around.x && y > around.y && x < around.right && y < around.bottom) : [];
}))()"""


@dataclass
class Seen:
    """What documents brought about: by themselves, and once they were touched. ``tabs`` are the new ones that pressing a link opened."""

    itself: list[str] = field(default_factory=list)
    touched: list[str] = field(default_factory=list)
    tabs: list[str] = field(default_factory=list)
    presses: int = 0

    def scripts(self) -> int:
        """How many scripts ran, at least."""
        return sum(each.startswith("a script") for each in self.itself + self.touched)

    def requests(self) -> int:
        """How many requests went out, or tried to."""
        return sum(each.startswith("a request") for each in self.itself + self.touched)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that hangs up is nothing to tell."""


class House:
    """An HTTP proxy that is the whole world: it has the documents, and writes down who asks for anything else."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[bytes, Mapping[str, str]]] = {}
        self.asked: list[str] = []
        house = self

        class Answer(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                found = house.pages.get(self.path)
                if found is None:
                    house.asked.append(f"a request: {self.command} {self.path[:300]}")
                body, headers = found or (b"", {})
                self.send_response(200 if found else 204)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_HEAD = do_OPTIONS = do_PUT = do_CONNECT = do_GET

            def log_message(self, *_: Any) -> None:
                pass

        self._server = _Server(("127.0.0.1", 0), Answer)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Serve no more."""
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def open_stage(chromium: Browser) -> Iterator[Stage]:
    """A stage in a browser context of its own."""
    house = House()
    # Chromium would go to addresses of this machine without the proxy.
    context = chromium.new_context(
        proxy={"server": house.address, "bypass": "<-loopback>"}, viewport={"width": 2000, "height": 1500}, accept_downloads=False
    )
    context.add_init_script(WATCH)
    try:
        yield Stage(context, house)
    finally:
        context.close()
        house.close()


@dataclass
class Stage:
    """Shows documents, and tells what happened."""

    context: BrowserContext
    house: House
    shapes: list[str] = field(default_factory=list)

    def play(
        self,
        documents: Sequence[str],
        *,
        sandbox: str = "",
        headers: Mapping[str, str] | None = None,
        around: Mapping[str, str] | None = None,
        pointer: bool = False,
    ) -> Seen:
        """Show documents under ``headers`` in frames with ``sandbox``, on pages under the headers ``around``, and touch everything.

        With ``pointer`` a real one goes and presses as well, which takes its time.
        """
        html = {"Content-Type": "text/html; charset=utf-8"}
        for number, document in enumerate(documents):
            self.house.pages[f"{PLACE}/document/{number}"] = (document.encode("utf-8", "replace"), html | dict(headers or {}))
        seen = Seen()
        for first in range(0, len(documents), BATCH):
            numbers = range(first, min(first + BATCH, len(documents)))
            frames = "".join(f'<iframe {sandbox} width="190" height="140" src="/document/{number}"></iframe>' for number in numbers)
            page = f"<!doctype html><link rel=icon href='data:,'>{frames}".encode()
            self.house.pages[f"{PLACE}/from/{first}"] = (page, html | dict(around or {}))
            self._batch(f"{PLACE}/from/{first}", seen, pointer=pointer)
        return seen

    def _batch(self, address: str, seen: Seen, *, pointer: bool) -> None:
        page = self.context.new_page()
        debugger = self.context.new_cdp_session(page)
        heard = _listen(page, debugger)
        tabs: list[str] = []
        debugger.on("Page.windowOpen", lambda opened: tabs.append(opened["url"]))
        debugger.send("Page.enable")
        self.house.asked.clear()
        page.goto(address)
        page.wait_for_timeout(SETTLED)
        seen.itself += heard + self.house.asked + [f"a window: {each}" for each in tabs]
        for happened in (heard, self.house.asked, tabs):
            happened.clear()
        answer = debugger.send(
            "Runtime.evaluate", {"expression": TOUCH.replace("KNOWN", json.dumps(self.shapes)), "userGesture": True, "returnByValue": True}
        )
        touched, links, self.shapes = answer["result"]["value"]
        page.wait_for_timeout(SETTLED)
        seen.presses += touched + (_press(page) if pointer else 0)
        # A link that was pressed may lead out, into a tab of its own. That tab may ask for what the link names, and its host.
        hosts = {_host(each) for each in links}
        seen.touched += heard + [each for each in self.house.asked if not _of(hosts, each)]
        seen.tabs += tabs
        for each in self.context.pages:
            each.close()


def _of(hosts: set[str], asked: str) -> bool:
    """Whether a request is one for a tab: the address of a link, or a tunnel to its host."""
    _, _, method, address = asked.split(" ", 3)
    host = _host(address) if method != "CONNECT" else address.removesuffix(":443")
    return method in ("GET", "CONNECT") and host in hosts


def _host(address: str) -> str:
    return address.partition("://")[2].partition("/")[0].partition("?")[0].rpartition("@")[2]


def _listen(page: Page, debugger: CDPSession) -> list[str]:
    """Writes down what happens in a page from now on."""
    heard: list[str] = []
    mine: set[int] = set()

    def context_made(made: dict[str, Any]) -> None:
        frame = made["context"].get("auxData", {}).get("frameId")
        if frame == outermost:
            mine.add(made["context"]["id"])

    def script(parsed: dict[str, Any]) -> None:
        if parsed["executionContextId"] not in mine and parsed["length"] and not parsed["url"].startswith(("watch", "chrome-error:")):
            heard.append(f"a script: {parsed['url'][:80]} of {parsed['length']} characters")

    outermost = debugger.send("Page.getFrameTree")["frameTree"]["frame"]["id"]
    debugger.on("Runtime.executionContextCreated", context_made)
    debugger.on("Debugger.scriptParsed", script)
    debugger.send("Runtime.enable")
    debugger.send("Debugger.enable")
    debugger.send("Debugger.setSkipAllPauses", {"skip": True})
    page.context.on("console", lambda said: heard.append(f"a script: {RAN}") if said.text == RAN else None)
    page.context.on("weberror", lambda error: heard.append(f"a script failed: {error.error}"))
    page.on("download", lambda kept: heard.append(f"a download: {kept.url}"))
    page.on("dialog", lambda shown: (heard.append(f"a dialog: {shown.message}"), shown.dismiss()))
    # What is kept from loading in a frame of a frame ends as one of Chromium's own error pages, which are no journey.
    page.on("framenavigated", lambda frame: heard.append(f"a journey: {frame.url[:200]}") if not frame.url.startswith(HARMLESS) else None)
    return heard


def _press(page: Page) -> int:
    """Goes with a real pointer to all that can be pressed, waits a moment over it, and presses."""
    places = page.evaluate(PLACES)
    for x, y in places:
        page.mouse.move(x, y)
        page.mouse.click(x, y)
    return len(places)
