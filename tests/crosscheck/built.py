"""Compare what was built for every message of the corpus with what an independent parser reads in it: the same words, people, files.

``make real-input`` builds it first, into ``REAL_INPUT_FOLDER``.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from tests.crosscheck.others import parsed

FIELDS = ("subject", "to", "cc", "text", "html", "files")


def differing(meant: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """The fields in which the parser reads something else than was written."""
    if found.get("error"):
        return ["error"]
    pairs = {
        "subject": (" ".join(meant["subject"].split()), " ".join(found["subject"].split())),
        "to": (meant["to"], found["to"]),
        "cc": (meant["cc"], found["cc"]),
        "text": (flat(meant["text"]), flat(found["text"])),
        "html": (flat(meant["html"]), flat(found["html"])),
        "files": (len(meant["files"]), len(found["attachments"])),
    }
    return [field for field, (ours, others) in pairs.items() if ours != others]


def flat(text: str) -> str:
    """A text without the line breaks at its ends, and without the blanks that no parser promises to keep at the ends of lines."""
    return "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").split("\n")).strip("\n")


def main() -> int:
    folder = Path(os.environ["REAL_INPUT_FOLDER"])
    paths = sorted(folder.glob("*.eml"))
    found = parsed(paths)
    wrong = {path.name: fields for path in paths if (fields := differing(json.loads(path.with_suffix(".json").read_text()), found[path]))}
    count = Counter(field for fields in wrong.values() for field in fields)
    for field in FIELDS:
        print(f"{field:8} {len(paths) - count[field]} of {len(paths)} agree")
    for name, fields in sorted(wrong.items()):
        print(f"{name}: {', '.join(fields)}")
    return 1 if wrong or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
