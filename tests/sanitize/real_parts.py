"""The HTML of real mail: every part of the corpus of messages that is HTML, decoded as it would be shown."""

from __future__ import annotations

import json
from pathlib import Path

from tests.test_corpus import messages_of
from webmail.message import mime
from webmail.message.parse import parse_with_bodies
from webmail.message.part import walk


def html_parts(corpus_dir: Path) -> list[str]:
    found = []
    for line in (corpus_dir / "mime" / "INDEX.jsonl").read_text().splitlines():
        for octets in messages_of(corpus_dir / "mime" / json.loads(line)["path"]):
            if b"html" not in octets.lower():
                continue
            root, bodies = parse_with_bodies(octets)
            html = [part for part in walk(root) if part.subtype == "html" and part.section in bodies]
            found += [mime.part_text(octets[bodies[part.section]], part)[0] for part in html]
    return sorted(set(found))
