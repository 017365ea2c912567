"""What winmail.dat holds, as the child process tells it: one JSON object (MS-OXTNEF)."""

from __future__ import annotations

import json
from collections.abc import Iterator

from webmail.formats import tnef


def pieces(data: bytes) -> Iterator[str]:
    """What a stream holds, files by their places in it. Raises ValueError for what is no such stream."""
    found = tnef.contents(data)
    files = [[_whole(each.name), _whole(each.media_type), _whole(each.content_id), each.offset, each.size] for each in found.files]
    told = {"subject": _whole(found.subject), "text": _whole(found.text), "html": _whole(found.html), "files": files}
    yield json.dumps(told | {"broken": found.broken}, ensure_ascii=False)


def _whole(text: str) -> str:
    """The text without halves of surrogate pairs, which no encoding can carry."""
    return text.encode("utf-8", "replace").decode("utf-8")
