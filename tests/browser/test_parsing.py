"""What the cleaner wrote, as Chromium reads it: the same tree, which cleaned once more stays the same, and laid out without effort."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.sanitize.dangers import html5_tree, shape
from tests.sanitize.real_parts import html_parts
from webmail.sanitize.html import sanitize_document

READ = "documents => documents.map(text => new DOMParser().parseFromString(text, 'text/html').documentElement.outerHTML)"


@pytest.fixture(scope="module")
def cleaned(corpus_dir: Path) -> list[str]:
    lines = [line for path in sorted((corpus_dir / "html").glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()]
    html = [json.loads(line)["html"] for line in lines] + html_parts(corpus_dir)
    assert len(html) > 1583 + 280
    return list(dict.fromkeys(sanitize_document(each) for each in html))


@pytest.fixture(scope="module")
def read_by_chromium(chromium: Browser, cleaned: list[str]) -> list[str]:
    page = chromium.new_page()
    found = [text for first in range(0, len(cleaned), 200) for text in page.evaluate(READ, cleaned[first : first + 200])]
    page.close()
    return found


def whole(written: str, read: str) -> str:
    """What was read, under the document type of what was written: it decides where a browser lets a table stand."""
    return written[: written.index("<html")] + read


def body(document: str) -> Any:
    return shape(html5_tree(document).find("body"))


def test_a_browser_reads_what_was_written(cleaned: list[str], read_by_chromium: list[str]) -> None:
    mended = [
        (written, read)
        for written, read in zip(cleaned, read_by_chromium, strict=True)
        if shape(html5_tree(written)) != shape(html5_tree(whole(written, read)))
    ]
    assert mended == []


def test_cleaning_what_a_browser_read_changes_nothing(cleaned: list[str], read_by_chromium: list[str]) -> None:
    changed = [
        (written, read)
        for written, read in zip(cleaned, read_by_chromium, strict=True)
        if body(written) != body(sanitize_document(whole(written, read)))
    ]
    assert changed == []


LINES = "word " * 20_000
BUSY = {
    "columns": f'<div style="columns:99999999;height:1px">{LINES}</div>',
    "narrow columns": f'<div style="column-width:1px;width:100000000px;height:1px">{LINES}</div>',
    "shadows": f'<p style="text-shadow:{",".join(["1px 1px 999px red"] * 300)}">{LINES}</p>',
    "marks": "<p>x" + "\u0300" * 100_000,
    "siblings": "<style>" + "".join(f"div.a{at} ~ div{{color:red}}" for at in range(800)) + "</style>" + "<div>x</div>" * 3_000,
    "having": "<style>" + "".join(f"div:has(div ~ div.a{at}){{color:red}}" for at in range(800)) + "</style>" + "<div>x</div>" * 3_000,
}


@pytest.mark.parametrize("name", BUSY)
def test_no_style_keeps_a_browser_busy(chromium: Browser, name: str) -> None:
    """Each of them took Chromium half a minute before."""
    page = chromium.new_page()
    try:
        page.set_content(sanitize_document(BUSY[name]), timeout=12_000)
        page.screenshot(timeout=12_000)
        assert page.evaluate("document.documentElement.scrollHeight") > 0
    finally:
        page.close()
