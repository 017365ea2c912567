"""How a message looks here beside how its sender meant it: one Chromium, two pages of one width, and the likeness of their pictures.

``python -m tests.browser.fidelity`` measures everything and writes a table and pictures into ``var/fidelity``.
"""

from __future__ import annotations

import base64
import email
import email.policy
import json
import os
import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page, Route, sync_playwright

from tests.browser.conftest import ARGUMENTS
from tests.sanitize.dangers import UNSEEN, html5_tree
from webmail.sanitize.html import LETTER, BodyOptions, Cleaned, ImagePolicy, clean

PLACE = "http://fidelity.test"
DESKTOP, PHONE = 700, 358
MESSAGES = 60
VISIBLE = 300
UNLIKE = {
    "caniemail-0113": "pictures that are hidden: nobody asks for what nobody can see, because all it does is tell its sender that somebody"
    " read this, and so nobody knows their size either; and filters that blur, which keep a browser busy once for each that holds another",
    "caniemail-0156": "films: none is ever asked for (it would tell its sender who watched, and nothing of ours could look into it first),"
    " so in place of the empty player stands what the sender wrote for programs that show no films",
}
"""What must not look the same, and why; it counts in the mean all the same."""
TALLEST = 8000
RAW_POLICY = "default-src 'none'; script-src 'none'; style-src 'unsafe-inline'; img-src http: https: data:"
OUR_POLICY = f"default-src 'none'; script-src 'none'; img-src data: {PLACE}/messages/1/parts/ {PLACE}/remote/; style-src 'unsafe-inline'"
# A picture that is not of one colour, so that its place and size are seen; 120 x 80 is what a picture without a size would take.
STUB = b"""<svg xmlns="http://www.w3.org/2000/svg" width="120" height="80" viewBox="0 0 120 80" preserveAspectRatio="none">
<rect width="120" height="80" fill="#8ab4d8"/><circle cx="40" cy="40" r="30" fill="#d87a4a"/>
<rect x="70" width="30" height="80" fill="#3d6b4f"/></svg>"""
CID = re.compile(r"cid:([^\"'\s>)]+)", re.IGNORECASE)
# Structural similarity (Wang et al. 2004): luminance, windows of 7 x 7 pixels, all of them, by sums over the picture.
SIMILARITY = """
async ([one, other, wanted]) => {
  const load = async (data) => {
    const image = new Image();
    image.src = 'data:image/png;base64,' + data;
    await image.decode();
    return image;
  };
  const pictures = [await load(one), await load(other)];
  const width = Math.max(...pictures.map((picture) => picture.width)), height = Math.max(...pictures.map((picture) => picture.height));
  const greys = pictures.map((picture) => {
    const canvas = new OffscreenCanvas(width, height), context = canvas.getContext('2d');
    context.fillStyle = '#fff';
    context.fillRect(0, 0, width, height);
    context.drawImage(picture, 0, 0);
    const { data } = context.getImageData(0, 0, width, height), grey = new Float64Array(width * height);
    for (let i = 0; i < grey.length; i++) grey[i] = 0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2];
    return grey;
  });
  const wide = width + 1, size = 7, n = size * size, c1 = (0.01 * 255) ** 2, c2 = (0.03 * 255) ** 2;
  const sums = (value) => {
    const all = new Float64Array(wide * (height + 1));
    for (let y = 0; y < height; y++) {
      let row = 0;
      for (let x = 0; x < width; x++) {
        row += value(y * width + x);
        all[(y + 1) * wide + x + 1] = all[y * wide + x + 1] + row;
      }
    }
    return (x, y) => all[(y + size) * wide + x + size] - all[y * wide + x + size] - all[(y + size) * wide + x] + all[y * wide + x];
  };
  const [a, b] = greys;
  const values = [(i) => a[i], (i) => b[i], (i) => a[i] * a[i], (i) => b[i] * b[i], (i) => a[i] * b[i]];
  const [sumA, sumB, squaresA, squaresB, products] = values.map(sums);
  let total = 0, count = 0;
  for (let y = 0; y + size <= height; y++) for (let x = 0; x + size <= width; x++) {
    const ma = sumA(x, y) / n, mb = sumB(x, y) / n, sample = n / (n - 1);
    const va = (squaresA(x, y) / n - ma * ma) * sample, vb = (squaresB(x, y) / n - mb * mb) * sample;
    const both = (products(x, y) / n - ma * mb) * sample;
    total += ((2 * ma * mb + c1) * (2 * both + c2)) / ((ma * ma + mb * mb + c1) * (va + vb + c2));
    count++;
  }
  if (!wanted) return [total / count, ''];
  const canvas = document.createElement('canvas'), context = canvas.getContext('2d');
  canvas.width = 2 * width + 20;
  canvas.height = height;
  context.fillStyle = '#f0f';
  context.fillRect(0, 0, canvas.width, height);
  context.drawImage(pictures[0], 0, 0);
  context.drawImage(pictures[1], width + 20, 0);
  return [total / count, canvas.toDataURL('image/jpeg', 0.8).split(',')[1]];
}
"""
# The contrast of every text that can be seen with the ground under it (WCAG 2.2, 1.4.3), and how much of the page is light ground.
CONTRASTS = """
() => {
  const read = (colour) => {
    const found = colour.match(/[0-9.]+/g).map(Number);
    return found.length > 3 ? found : [...found, 1];
  };
  const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3]));
  const linear = (c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
  const luminance = (c) => 0.2126 * linear(c[0]) + 0.7152 * linear(c[1]) + 0.0722 * linear(c[2]);
  const asked = matchMedia('(prefers-color-scheme: dark)').matches;
  const dark = asked && getComputedStyle(document.documentElement).colorScheme.includes('dark');
  const ground = (element) => {
    const layers = [];
    let pictured = false;
    for (let e = element; e; e = e.parentElement) {
      const style = getComputedStyle(e);
      layers.unshift(read(style.backgroundColor));
      pictured = pictured || style.backgroundImage !== 'none';
    }
    return [layers.reduce((below, top) => over(top, below), dark ? [18, 18, 18] : [255, 255, 255]), pictured];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement, style = getComputedStyle(element), box = element.getBoundingClientRect();
    const drawn = box.width > 1 && box.height > 1 && style.visibility === 'visible' && !element.closest('.wm-field,.wm-button');
    const seen = drawn && node.data.trim();
    const [below, pictured] = ground(element), letters = over(read(style.color), below);
    const [low, high] = [luminance(letters), luminance(below)].sort((x, y) => x - y);
    found.push(seen && !pictured ? (high + 0.05) / (low + 0.05) : 0);
  }
  let slabs = 0;
  for (const element of document.body.querySelectorAll('*')) {
    const box = element.getBoundingClientRect(), colour = read(getComputedStyle(element).backgroundColor);
    if (colour[3] > 0.5 && luminance(colour) > 0.2 && box.width * box.height > 5000 && !element.matches('.wm-field,.wm-button')) slabs++;
  }
  return [found, slabs + (luminance(ground(document.body)[0]) > 0.2 ? 1 : 0)];
}
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """A message's HTML with a name to find it by."""

    name: str
    html: str


@dataclass(frozen=True, slots=True)
class Likeness:
    """What was measured of one sample. ``lost`` are words that the sender's page shows and ours does not."""

    name: str
    similarity: float
    lost: tuple[str, ...]
    heights: tuple[int, int]
    beside: bytes


def features(corpus: Path) -> list[Sample]:
    """The set of caniemail: one page for each thing a sender may use."""
    lines = (corpus / "html" / "caniemail.jsonl").read_text("utf-8").splitlines()
    return [Sample(entry["id"], entry["html"]) for entry in map(json.loads, lines)]


def messages(corpus: Path, *, count: int = MESSAGES) -> list[Sample]:
    """The real HTML messages with the lowest digests, so that nobody has chosen them."""
    index = [json.loads(line) for line in (corpus / "mime" / "INDEX.jsonl").read_text("utf-8").splitlines()]
    found = []
    for entry in sorted(index, key=lambda entry: str(entry["sha256"])):
        html = _html(corpus / "mime" / entry["path"]) if entry["path"].endswith(".eml") else ""
        if len(" ".join("".join(_seen(html5_tree(html))).split())) >= VISIBLE if html else False:
            found.append(Sample(entry["path"], html))
        if len(found) == count:
            break
    return found


def _seen(element: Any) -> Iterator[str]:
    if isinstance(element.tag, str) and element.tag not in UNSEEN:
        yield element.text or ""
        for child in element:
            yield from _seen(child)
            yield child.tail or ""


def _html(path: Path) -> str:
    """The text of the first HTML part that is no attachment, or nothing."""
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    for part in message.walk():
        if part.get_content_type() == "text/html" and part.get_content_disposition() != "attachment":
            octets = part.get_payload(decode=True)
            assert isinstance(octets, bytes)
            charset = (part.get_content_charset() or "windows-1252").lower()
            # What browsers understand by these two.
            charset = "windows-1252" if charset in ("us-ascii", "iso-8859-1") else charset
            try:
                return octets.decode(charset, "replace")
            except LookupError:
                return octets.decode("utf-8", "replace")
    return ""


def raw(html: str, *, letter: bool) -> str:
    """The sender's page as it came; pictures inside the message come from the stub as all others do.

    A letter leaves fonts and margins to who reads it, so it is shown here with the same ones that we give it.
    """
    # No browser under Playwright ever asks for a picture of that name.
    page = CID.sub(lambda found: f"{PLACE}/cid", html).replace("/favicon.ico", "/favicon.png")
    return f"<!doctype html><style>{LETTER}</style>{page}" if letter else page


def ours(html: str, *, dark: bool = True, fit: bool = False) -> Cleaned:
    """The page as our frame shows it, with images allowed; at full size, as the sender's page beside it."""
    inside = {name.strip("<>"): f"{PLACE}/messages/1/parts/2" for name in CID.findall(html)}
    options = BodyOptions(images=ImagePolicy.PROXIED, proxy=f"{PLACE}/remote/", cid=inside, dark=dark, fit=fit)
    return clean(html, options=options)


class Studio:
    """A browser that shows documents under a policy of their own, and never asks anybody else for anything."""

    def __init__(self, browser: Browser, *, width: int) -> None:
        self._document, self._policy = "", ""
        self.context = browser.new_context(java_script_enabled=False, viewport={"width": width, "height": 800})
        self.page = self.context.new_page()
        self.page.route("**/*", self._answer)
        self.loaded: list[str] = []

    def show(self, document: str, policy: str) -> Page:
        """The page with this document, drawn completely."""
        self._document, self._policy = document, policy
        self.loaded = []
        self.page.goto(f"{PLACE}/document", wait_until="load")
        return self.page

    def picture(self) -> bytes:
        """The page as it is drawn, in its full height."""
        height = min(TALLEST, max(1, self.height()))
        size = self.page.viewport_size
        assert size is not None
        return self.page.screenshot(full_page=True, clip={"x": 0, "y": 0, "width": size["width"], "height": height})

    def height(self) -> int:
        """How high the content of the page is."""
        bottom = "[document.body, document.documentElement].map((each) => each.getBoundingClientRect().bottom)"
        return int(self.page.evaluate(f"Math.ceil(Math.max(...{bottom}))"))

    def contrasts(self, *, scheme: Literal["dark", "light"]) -> tuple[list[float], int]:
        """The contrast of every text with its ground on such a screen (0: not seen), and how many grounds are light."""
        self.page.emulate_media(color_scheme=scheme)
        found, slabs = self.page.evaluate(CONTRASTS)
        return [float(each) for each in found], int(slabs)

    def words(self) -> Counter[str]:
        """The words that can be seen."""
        return Counter(re.findall(r"\w+", str(self.page.evaluate("document.body ? document.body.innerText : ''"))))

    def _answer(self, route: Route) -> None:
        if route.request.url == f"{PLACE}/document":
            headers = {"Content-Security-Policy": self._policy}
            route.fulfill(body=self._document.encode("utf-8", "replace"), content_type="text/html; charset=utf-8", headers=headers)
        elif route.request.resource_type == "image":
            self.loaded.append(route.request.url)
            route.fulfill(body=STUB, content_type="image/svg+xml")
        else:
            route.abort()


class Judge:
    """Compares pictures, in a page of its own that shows nobody's message."""

    def __init__(self, browser: Browser) -> None:
        self._page = browser.new_context().new_page()

    def similarity(self, one: bytes, other: bytes, *, beside: bool = False) -> tuple[float, bytes]:
        """The mean structural similarity of two pictures, and where it is wanted both beside each other."""
        given = [base64.b64encode(one).decode(), base64.b64encode(other).decode(), beside]
        value, picture = self._page.evaluate(SIMILARITY, given)
        return float(value), base64.b64decode(picture)


def likeness(sample: Sample, studio: Studio, judge: Judge, *, beside: bool = False) -> Likeness:
    """Show a sample as it came and as we show it, and compare."""
    cleaned = ours(sample.html)
    studio.show(raw(sample.html, letter=not cleaned.designed), RAW_POLICY)
    theirs, their_words, their_height = studio.picture(), studio.words(), studio.height()
    studio.show(cleaned.document, OUR_POLICY)
    lost = their_words - studio.words()
    value, picture = judge.similarity(theirs, studio.picture(), beside=beside)
    return Likeness(sample.name, value, tuple(sorted(lost.elements())), (their_height, studio.height()), picture)


def main() -> None:
    """Measure every sample and write what was found."""
    corpus, folder = Path(os.environ["WEBMAIL_CORPUS"]), Path("var/fidelity")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    chosen = sys.argv[1:]
    samples = [sample for sample in [*features(corpus), *messages(corpus)] if not chosen or any(part in sample.name for part in chosen)]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        studio, judge = Studio(browser, width=DESKTOP), Judge(browser)
        found = [likeness(sample, studio, judge, beside=True) for sample in samples]
        browser.close()
    found.sort(key=lambda each: each.similarity)
    lines = ["| sample | similarity | heights | words lost |", "|---|---|---|---|"]
    for each in found:
        lines.append(f"| {each.name} | {each.similarity:.3f} | {each.heights[0]} / {each.heights[1]} | {' '.join(each.lost)[:80]} |")
        (folder / f"{each.similarity:.3f}-{each.name.replace('/', '-')}.jpg").write_bytes(each.beside)
    lines.append(f"\n{sum(not ours(each.html).designed for each in samples)} letters")
    for kind in ("caniemail", ""):
        those = [each.similarity for each in found if each.name.startswith("caniemail-") == bool(kind)]
        if those:
            lines.append(f"\n{kind or 'messages'}: {len(those)} samples, mean {sum(those) / len(those):.4f}, worst {min(those):.3f}")
    (folder / "table.md").write_text("\n".join(lines) + "\n", "utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
