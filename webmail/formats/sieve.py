"""Sieve: filters written as one script, and read back from it (RFC 5228; RFC 5232, RFC 3894, RFC 5173, RFC 6609).

A script of ours carries each filter twice: as a comment that this webmail reads, in JSON of ASCII letters only, and as the commands
that the server runs. What a script does is only ever what its comments say: one whose commands are others was edited elsewhere.
No value can end the string it stands in: quotes and backslashes are escaped, and control characters are refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from webmail.errors import InvalidInput
from webmail.formats.filters import ADDRESS_FIELDS, CONTROL, Actions, Condition, Field, MailFilter, Match, from_json, to_json

HEAD = "# Filters of the webmail. Change them there: what is changed here is noticed and not kept. "
FILTER = "# filter: "
VERSION = 1
LARGEST = 512 * 1024
"""Octets of a script that is read."""


@dataclass(frozen=True, slots=True)
class Script:
    """A script as it was read: its filters, and the script made elsewhere that it includes first.

    ``ours``: this webmail wrote it. ``edited``: somebody else has changed it since.
    """

    filters: tuple[MailFilter, ...] = ()
    include: str = ""
    ours: bool = False
    edited: bool = False


def quoted(text: str) -> str:
    """A quoted string (RFC 5228 §2.4.2). Raises InvalidInput("control_character") for line breaks, NUL and the like."""
    if CONTROL.search(text):
        raise InvalidInput("control_character", field="value")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def literally(text: str) -> str:
    """A text as part of a pattern in which nothing of it is a wildcard (RFC 5228 §2.7.1)."""
    return "".join(f"\\{each}" if each in "*?\\" else each for each in text)


def write(filters: Sequence[MailFilter], *, include: str = "") -> str:
    """The script that does what the filters say, in their order. Raises InvalidInput for a value that no script can hold."""
    blocks = [_block(each) for each in filters]
    required = _required(filters, include=include)
    lines = [HEAD + _json({"version": VERSION, "include": include})]
    lines += [f"require [{', '.join(quoted(each) for each in required)}];"] if required else []
    lines += [f"include :personal :once :optional {quoted(include)};"] if include else []
    return "\r\n\r\n".join(["\r\n".join(lines), *blocks]) + "\r\n"


def read(text: str) -> Script:
    """The filters of a script. Never raises: what cannot be read is a script that was made or edited elsewhere."""
    lines = _lines(text)
    if not lines or not lines[0].startswith(HEAD):
        return Script(edited=bool(text.strip()))
    try:
        head = json.loads(lines[0].removeprefix(HEAD))
        include = str(head["include"])
        filters = tuple(from_json(json.loads(line.removeprefix(FILTER))) for line in lines if line.startswith(FILTER))
        same = _lines(write(filters, include=include)) == lines and head["version"] == VERSION
    except (ValueError, KeyError, TypeError, RecursionError, InvalidInput):
        return Script(ours=True, edited=True)
    return Script(filters, include, ours=True, edited=not same)


def _lines(text: str) -> list[str]:
    """The lines of a script that hold something. A line ends at LF only: what other alphabets end lines with may stand in a value."""
    return [line for each in text.split("\n") if (line := each.rstrip(" \t\r"))]


def _json(value: object) -> str:
    """JSON on one line, of ASCII letters: no line break of any alphabet is in it."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def _required(filters: Iterable[MailFilter], *, include: str) -> list[str]:
    """The extensions that the commands need."""
    living = [each for each in filters if each.enabled]
    did = [each.actions for each in living]
    needs: dict[str, Any] = {
        "fileinto": any(each.move or each.copy for each in did),
        "copy": any(each.copy or each.forward for each in did),
        "imap4flags": any(each.seen or each.flag for each in did),
        "body": any(condition.field is Field.BODY for each in living for condition in each.conditions),
        "include": include,
    }
    return [name for name, needed in needs.items() if needed]


def _block(wanted: MailFilter) -> str:
    comment = FILTER + _json(to_json(wanted))
    if not wanted.enabled:
        return comment
    commands = _commands(wanted.actions)
    if wanted.conditions:
        tests = [_test(each) for each in wanted.conditions]
        test = tests[0] if len(tests) == 1 else f"{'anyof' if wanted.any_of else 'allof'} ({', '.join(tests)})"
        commands = [f"if {test} {{", *(f"    {each}" for each in commands), "}"]
    return "\r\n".join([comment, *commands])


def _commands(did: Actions) -> list[str]:
    flags = [flag for flag, wanted in (("\\Seen", did.seen), ("\\Flagged", did.flag)) if wanted]
    found = [
        f"addflag [{', '.join(quoted(each) for each in flags)}];" if flags else "",
        f"redirect :copy {quoted(did.forward)};" if did.forward else "",
        f"fileinto :copy {quoted(did.copy)};" if did.copy else "",
        f"fileinto {quoted(did.move)};" if did.move else "",
        "discard;" if did.discard else "",
        "stop;" if did.stop else "",
    ]
    return [each for each in found if each]


def _test(condition: Condition) -> str:
    test = _positive(condition)
    return f"not {test}" if condition.match.negated else test


def _positive(condition: Condition) -> str:
    value, kind = condition.value, condition.match.positive
    if condition.field is Field.SIZE:
        return f"size :{'over' if kind is Match.LARGER else 'under'} {int(value)}K"
    if condition.field is Field.BODY:
        return f"body :text :contains {quoted(value)}"
    if condition.field is Field.LIST:
        # Only what stands in angle brackets is the name of a list (RFC 2919 §3).
        pattern = value if kind is Match.MATCHES else literally(value)
        return f"header :matches {quoted('list-id')} {quoted(f'*<*{pattern}*>*' if kind is Match.CONTAINS else f'*<{pattern}>*')}"
    if condition.field in ADDRESS_FIELDS and kind is not Match.CONTAINS:
        return f"address :{kind.value} {quoted(condition.field.value)} {quoted(value)}"
    name = condition.header if condition.field is Field.HEADER else condition.field.value
    return f"header :{kind.value} {quoted(name)} {quoted(value)}"
