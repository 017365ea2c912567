"""The HTML corpus: 1,583 payloads that strangers wrote to break cleaners, or to see what they let through."""

import json
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def payloads(corpus_dir: Path) -> dict[str, str]:
    found = {}
    for path in sorted((corpus_dir / "html").glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            entry = json.loads(line)
            found[entry["id"]] = entry["html"]
    return found
