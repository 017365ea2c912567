"""Drafts of expected results for the oddest messages of the corpora, written by two independent parsers, to be read by a person.

``python -m tests.crosscheck.expected`` adds what is missing in tests/expected and leaves alone what stands there. Where the two
parsers disagree a draft has a ``doubt`` with what the second says: whoever reads the draft beside the raw message decides, by the
standards and good sense, takes the doubt out, and says in ``corrected`` why a draft was wrong. The tests take no draft with a doubt.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from tests.crosscheck.oddness import oddest
from tests.crosscheck.others import one_line, read_by_others

FOLDER = Path(__file__).parent.parent / "expected"
COUNT = 170
EACH_SOURCE = 26
LARGEST = 60_000
PHRASES = 3
_BOUNDARY = re.compile(r"boundary\s*=\s*\"?([^\s\";]{8,})", re.IGNORECASE)


class _Words(HTMLParser):
    """The texts of HTML, one line each."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.hidden += tag in ("style", "script", "title")

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in ("style", "script", "title")

    def handle_data(self, data: str) -> None:
        if self.hidden <= 0:
            self.lines.append(data)


def phrases(lines: Sequence[str]) -> list[str]:
    """A few distinctive lines of a body: near its beginning, in its middle, at its end."""
    good = [text for line in lines if len(text := one_line(line)) > 2 and re.search(r"[^\W_]{3}", text)]
    picked = good if len(good) <= PHRASES else [good[0], good[len(good) // 2], good[-1]]
    return list(dict.fromkeys(text[:70].rpartition(" ")[0] if len(text) > 70 and " " in text[:70] else text[:70] for text in picked))


def _of_html(html: str) -> list[str]:
    reader = _Words()
    reader.feed(html)
    return reader.lines


def _result(found: Mapping[str, Any]) -> dict[str, Any]:
    text, html = str(found["text"]).splitlines(), _of_html(found["html"])
    files: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
    for each in found["attachments"]:
        told = {"name": one_line(each["name"]), "type": each["type"], "octets": each["size"], "digest": each["digest"]}
        files[bool(each["id"]) and f"cid:{each['id']}" in found["html"]].append(told)
    return {
        "subject": one_line(found["subject"]),
        "from": [[one_line(each["name"]), each["address"]] for each in found["from"]],
        "to": [[one_line(each["name"]), each["address"]] for each in found["to"]],
        "date": found["date"][:19] or None,
        "words": phrases(html or text),
        "plain": phrases(text) if html else [],
        "files": files[False],
        "pictures": files[True],
    }


def draft(name: str, raw: bytes, found: Mapping[str, Any]) -> dict[str, Any]:
    """The expected result of a message as the first parser sees it, and what the second sees otherwise as a doubt."""
    first, second = _result(found["postalMime"]), _result(found["mailParser"])
    entry = {"message": name, "sha256": hashlib.sha256(raw).hexdigest()} | first
    entry["absent"] = sorted(set(_BOUNDARY.findall(raw.decode("latin-1"))))[:3]
    doubt = {field: second[field] for field in first if first[field] != second[field]}
    return entry | ({"doubt": doubt} if doubt else {})


def expected(folder: Path = FOLDER) -> list[dict[str, Any]]:
    """All expected results there are."""
    return [entry for path in sorted(folder.glob("*.json")) for entry in json.loads(path.read_text("utf-8"))]


def write(entries: Sequence[Mapping[str, Any]]) -> None:
    """Keep expected results, a file for each source, a message after the other."""
    for source in {str(entry["message"]).partition("/")[0] for entry in entries}:
        mine = sorted((each for each in entries if str(each["message"]).startswith(f"{source}/")), key=lambda each: str(each["message"]))
        (FOLDER / f"{source}.json").write_text(json.dumps(mine, ensure_ascii=False, indent=1) + "\n", "utf-8")


def main() -> None:
    folder = Path(os.environ["WEBMAIL_CORPUS"]) / "mime"
    messages = {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.eml"))}
    chosen = oddest({name: raw for name, raw in messages.items() if len(raw) <= LARGEST}, COUNT, each_source=EACH_SOURCE)
    there = {entry["message"]: entry for entry in expected()}
    missing = [name for name in chosen if name not in there]
    found = read_by_others([folder / name for name in missing])
    write([*there.values(), *(draft(name, messages[name], found[folder / name]) for name in missing)])
    print(f"{len(missing)} drafts to be read; {len(there)} results stand as they were")


if __name__ == "__main__":
    main()
