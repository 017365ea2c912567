"""Numbers that browsers send: ids in paths, queries and forms, written in ASCII and never larger than a database can hold."""

from __future__ import annotations

import re

from flask import Flask
from werkzeug.routing import IntegerConverter

DIGITS = r"[0-9]{1,18}"
_WRITTEN = re.compile(DIGITS)


class Id(IntegerConverter):
    """An id in a path; anything longer is no page of ours."""

    regex = DIGITS


def number(text: str) -> int:
    """The number of a field, for ``type=`` of queries and forms. Raises ValueError, which makes the field count as missing."""
    if _WRITTEN.fullmatch(text.strip()) is None:
        raise ValueError(text)
    return int(text)


def init(app: Flask) -> None:
    """Let every ``<int:…>`` of a route be an id."""
    app.url_map.converters["int"] = Id
