"""The HTML corpus: 1,583 payloads that strangers wrote to break cleaners, or to see what they let through."""

import json
import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def corpus_dir() -> Path:
    found = (ROOT / os.environ.get("WEBMAIL_CORPUS", "../shared/corpus")).resolve()
    if not (found / "html").is_dir():
        pytest.skip(f"NO CORPUS at {found}: set WEBMAIL_CORPUS to where it is")
    return found


@pytest.fixture(scope="session")
def payloads(corpus_dir: Path) -> dict[str, str]:
    found = {}
    for path in sorted((corpus_dir / "html").glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            entry = json.loads(line)
            found[entry["id"]] = entry["html"]
    return found
