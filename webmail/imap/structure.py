"""BODYSTRUCTURE made into a tree of Parts, bounded and tolerant (RFC 9051 §7.5.2, RFC 2231)."""

from __future__ import annotations

from functools import lru_cache
from typing import TypeGuard

from webmail.imap.response import MalformedError, Node, number, octets, text
from webmail.message.mime import UNOPENED, Part
from webmail.message.parameters import decode_parameters, filename, split_parameters

DEEPEST = 100
MOST_PARTS = 10_000
BROKEN = Part("1", "text", "plain", {"broken": "1"})
"""Stands for a structure that cannot be read: the message can still be opened as text and downloaded."""


def structure(node: Node, *, octets: int = 0) -> Part:
    """The tree of a message; what lies deeper than a hundred levels or beyond ten thousand parts is left out.

    ``octets`` is the size of the message, as far as it is known. A multipart that the server could not take apart is a text, to
    be read as it stands or opened here (``mime.UNOPENED``). Linear. Raises MalformedError for what is not a structure at all.
    Sections are numbered as FETCH names them (RFC 9051 §6.4.5.1): the body of an enclosed message continues the number of the
    part that encloses it.
    """
    return _Reader(octets).part(node, "", depth=0)


class _Reader:
    """Counts the parts while a tree is read."""

    def __init__(self, octets: int) -> None:
        self.octets = octets
        self.left = MOST_PARTS

    def part(self, node: Node, parent: str, *, depth: int) -> Part:
        """The body of a message whose own section is ``parent``: a multipart has no number, anything else is part 1."""
        if _is_multipart(node):
            return self.multipart(node, f"{parent}.TEXT" if parent else "", children=parent, depth=depth)
        return self.single(node, f"{parent}.1" if parent else "1", depth=depth)

    def any(self, node: Node, section: str, *, depth: int) -> Part:
        self.left -= 1
        if _is_multipart(node):
            return self.multipart(node, section, children=section, depth=depth)
        return self.single(node, section, depth=depth)

    def multipart(self, node: list[Node], section: str, *, children: str, depth: int) -> Part:
        count = next((index for index, child in enumerate(node) if not isinstance(child, list)), len(node))
        prefix = f"{children}." if children else ""
        parts = []
        if depth < DEEPEST:
            for index, child in enumerate(node[:count], 1):
                if self.left <= 0:
                    break
                parts.append(self.any(child, f"{prefix}{index}", depth=depth + 1))
        subtype = text(node[count]).lower() if count < len(node) else "mixed"
        params = _parameters(node[count + 1]) if len(node) > count + 1 else {}
        if _is_unopened(parts):
            return Part(section or "TEXT", "text", "plain", {**params, UNOPENED: subtype or "mixed"}, size=self.octets)
        disposition, given = _disposition(node, count + 2)
        name = filename(given, params) if given else ""
        location = _location(node, count + 4)
        return Part(section, "multipart", subtype or "mixed", params, "7bit", 0, disposition, name, "", tuple(parts), location)

    def single(self, node: Node, section: str, *, depth: int) -> Part:
        if not isinstance(node, list) or len(node) < 2:
            raise MalformedError("not a body structure")
        fields: list[Node] = node + [b"NIL"] * (12 - len(node))
        media_type, subtype = text(fields[0]).lower(), text(fields[1]).lower()
        params = _parameters(fields[2])
        says_nothing = not (media_type or subtype or params.get("name"))
        if says_nothing:
            # A Content-Type that says nothing, or nothing that can be read, is none (RFC 2045 §5.2).
            media_type, subtype = "text", "plain"
        enclosed: tuple[Part, ...] = ()
        extension = 8
        if media_type == "text" and not says_nothing:
            # Texts are told with the number of their lines, and of what is none to the server there is no such number.
            extension = 9
        elif media_type == "message" and subtype in {"rfc822", "global"} and isinstance(fields[8], list):
            extension = 11
            if depth < DEEPEST and self.left > 0:
                enclosed = (self.part(fields[8], section, depth=depth + 1),)
        disposition, given = _disposition(fields, extension)
        return Part(
            section=section,
            media_type=media_type or "application",
            subtype=subtype or "octet-stream",
            params=params,
            encoding=text(fields[5]).strip().lower() or "7bit",
            size=number(fields[6]),
            disposition=disposition,
            filename=filename(given, params) if given or "name" in params or "filename" in params else "",
            content_id=text(fields[3]).strip().strip("<>"),
            parts=enclosed,
            location=_location(fields, extension + 2),
        )


def _is_multipart(node: Node) -> TypeGuard[list[Node]]:
    """Whether a structure is that of a multipart; one without parts begins with its subtype, where others have a type and a subtype."""
    if not isinstance(node, list) or not node:
        return False
    return isinstance(node[0], list) or (2 <= len(node) < 7 and (isinstance(node[1], list) or node[1].upper() == b"NIL"))


def _is_unopened(parts: list[Part]) -> bool:
    """Whether a multipart is told to hold nothing: its boundary is missing, never comes, or is in a form that servers do not read.

    It may be empty indeed; only its octets know.
    """
    if len(parts) != 1:
        return not parts
    only = parts[0]
    return only.media_type == "text" and only.size == 0 and not (only.filename or only.disposition or UNOPENED in only.params)


def _location(fields: list[Node], index: int) -> str:
    """The Content-Location, without the blanks that folding left in it (RFC 2557 §4.1)."""
    found = fields[index] if index < len(fields) else b""
    return "" if isinstance(found, list) else "".join(text(found).split())


def _disposition(fields: list[Node], index: int) -> tuple[str, dict[str, str]]:
    """The disposition and its parameters (RFC 2183)."""
    found = fields[index] if index < len(fields) else b""
    if not isinstance(found, list):
        # Some servers send the whole field as one string.
        given = octets(found)
        disposition, pairs = split_parameters(given) if given else ("", [])
        return disposition, decode_parameters(pairs) if pairs else {}
    if not found:
        return "", {}
    return text(found[0]).strip().lower(), _parameters(found[1]) if len(found) > 1 else {}


def _parameters(node: Node) -> dict[str, str]:
    """Parameters by their name in small letters, decoded."""
    if not isinstance(node, list) or len(node) < 2:
        return {}
    return _decoded(tuple([octets(value) for value in node]))


@lru_cache(maxsize=1024)
def _decoded(values: tuple[bytes, ...]) -> dict[str, str]:
    """Most parts of a mailbox carry one of a few sets of parameters, so their decoding is remembered."""
    return decode_parameters(zip(values[::2], values[1::2], strict=False))
