"""The independent parsers, run in a process of their own; nothing here knows our code."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PARSERS = ("postalMime", "mailParser")


def read_by_others(paths: Sequence[Path]) -> dict[Path, dict[str, Any]]:
    """What each of the independent parsers reads, as it tells it, by its name in ``PARSERS``; one process for all messages."""
    node = shutil.which("node")
    assert node is not None
    given = "\n".join(map(str, paths))
    told = subprocess.run([node, "read.mjs"], input=given, cwd=HERE, capture_output=True, text=True, check=True, timeout=300).stdout
    # Only line feeds end a line of JSON; a subject may hold other characters that Python counts as line ends.
    return {Path(found["path"]): found for found in map(json.loads, told.strip("\n").split("\n"))}


def parsed(paths: Sequence[Path]) -> dict[Path, dict[str, Any]]:
    """What the first of them reads, with people by their addresses alone."""
    found = {path: each["postalMime"] for path, each in read_by_others(paths).items()}
    fields = ("from", "to", "cc")
    return {path: each | {field: [one["address"] for one in each.get(field, ())] for field in fields} for path, each in found.items()}


def one_line(text: str) -> str:
    """A text without line breaks and NUL, with one blank between words."""
    return " ".join(text.replace("\0", "").split())
