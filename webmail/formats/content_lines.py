"""Content lines: the grammar of calendars and cards; one strange line never costs the rest (RFC 5545 §3.1, RFC 6350 §3.3)."""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

MOST_CHARACTERS = 512 * 1024
MOST_LINES = 10_000
LONGEST_VALUE = 16_000
_MOST_PARAMETERS = 30
_NAME = re.compile(r"(?:[A-Za-z0-9_-]{1,60}\.)?([A-Za-z0-9_-]{1,60})")
_PARAMETER = re.compile(r'[ \t]*([A-Za-z0-9_/-]{1,60})[ \t]*(?:=((?:"[^"]*"|[^";:])*))?')
_BREAKS = re.compile(r"\r\n?|\n")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
_CARET = {"^n": "\n", "^'": '"', "^^": "^"}
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Line:
    """One property: its name in capitals without its group, its parameters by their names in capitals, and its value as written."""

    name: str
    params: Mapping[str, str]
    value: str

    @property
    def text(self) -> str:
        """The value as text (RFC 5545 §3.3.11)."""
        return unescaped(self.value)


def sniffed(octets: bytes) -> str:
    """The charset that the first octets of a file tell, whatever was declared; empty where they tell none."""
    if octets[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    zeros = [place for place in range(min(8, len(octets))) if octets[place] == 0]
    if zeros == [0, 2, 4, 6]:
        return "utf-16-be"
    return "utf-16-le" if zeros == [1, 3, 5, 7] else ""


def lines(text: str) -> Iterator[Line]:
    """The properties of a calendar or card in order; what is none is passed over.

    Linear. Reads half a million characters and 10,000 lines at most; a value is cut at 16,000 characters.
    """
    for raw in _unfolded(text[:MOST_CHARACTERS]):
        found = _line(raw)
        if found is not None:
            yield found


def _unfolded(text: str) -> Iterator[str]:
    waiting: list[str] = []
    soft = False
    for number, line in enumerate(_BREAKS.split(text.removeprefix("\ufeff"))):
        if number >= MOST_LINES:
            break
        if not line:
            continue  # Old programs wrote empty lines in the middle of a property.
        if waiting and soft:
            # A soft line break of quoted-printable, as vCard 2.1 has them: the next line belongs to this one.
            waiting[-1] = waiting[-1][:-1]
            waiting.append(line)
        elif waiting and line[:1] in (" ", "\t"):
            waiting.append(line[1:])
        else:
            if waiting:
                yield "".join(waiting)
            waiting = [line]
        soft = line.endswith("=") and "QUOTED-PRINTABLE" in waiting[0][:200].upper()
    if waiting:
        yield "".join(waiting)


def _line(raw: str) -> Line | None:
    named = _NAME.match(raw)
    if named is None:
        return None
    params: dict[str, str] = {}
    place = named.end()
    while raw[place : place + 1] == ";" and len(params) < _MOST_PARAMETERS:
        given = _PARAMETER.match(raw, place + 1)
        if given is None:
            # "TEL;;HOME:" has an empty parameter.
            place += 1
            continue
        name, value = given[1].upper(), given[2]
        if value is None:
            # vCard 2.1 writes types and encodings without their name.
            encoding = name in ("QUOTED-PRINTABLE", "BASE64", "8BIT", "7BIT")
            name, value = ("ENCODING" if encoding else "TYPE"), name
        params[name] = f"{params[name]},{_parameter(value)}" if name in params else _parameter(value)
        place = given.end()
    # Parameters that break off are passed over: what is behind the next colon may still be worth reading.
    colon = raw.find(":", place)
    if colon < 0:
        return None
    value = raw[colon + 1 :][:LONGEST_VALUE]
    if params.get("ENCODING", "").upper() == "QUOTED-PRINTABLE":
        value = _quoted_printable(value, params.get("CHARSET", ""))
    return Line(named[1].upper(), params, _CONTROLS.sub("", value).strip())


def _parameter(value: str) -> str:
    plain = _CONTROLS.sub("", value.replace('"', "").strip())[:LONGEST_VALUE]
    return re.sub(r"\^[n'^]", lambda found: _CARET[found[0]], plain) if "^" in plain else plain


def _quoted_printable(value: str, charset: str) -> str:
    octets = quopri.decodestring(value.encode("utf-8", "replace"))
    try:
        return octets.decode(charset or "utf-8")
    except (LookupError, UnicodeDecodeError, ValueError):
        return octets.decode("utf-8", "replace")


def unescaped(value: str) -> str:
    """The text of a value: ``\\n`` is a line break, and a backslash protects what follows."""
    return _ESCAPE.sub(lambda found: "\n" if found[1] in "nN" else found[1], value).strip()


def split(value: str, at: str) -> list[str]:
    """A value taken apart at a character that no backslash protects; the pieces are text."""
    return [unescaped(piece) for piece in re.split(rf"(?<!\\){re.escape(at)}", value)]
