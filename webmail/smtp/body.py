"""The message as it travels after DATA: canonical lines, doubled dots (RFC 5321 §2.3.8, §4.5.2)."""

from __future__ import annotations

from collections.abc import Iterator

from webmail.errors import InvalidInput

_PIECE = 1 << 16


def check_body(raw: bytes) -> None:
    """Raises InvalidInput unless every line ends with CR LF and there is no NUL.

    A lone CR or LF is where servers disagree about lines: with one, "LF . LF" ends the message for some of them and what
    follows is read as further commands (SMTP smuggling). Costs three passes in C, no copy.
    """
    ends = raw.count(b"\r\n")
    if raw.count(b"\r") != ends or raw.count(b"\n") != ends:
        raise InvalidInput("bare_line_break", field="body")
    if b"\0" in raw:
        raise InvalidInput("nul", field="body")


def stuffed(raw: bytes) -> Iterator[bytes]:
    """The body in pieces, lines that begin with a dot given a second one, ended by CR LF; without the final dot.

    Memory: a few pieces, however large the message is.
    """
    start = 0
    at_line_start = True
    while start < len(raw):
        end = min(start + _PIECE, len(raw))
        # A CR LF is never cut in two, so that the next piece knows by its first byte whether a dot opens a line.
        if end < len(raw) and raw[end - 1 : end + 1] == b"\r\n":
            end += 1
        piece = raw[start:end].replace(b"\r\n.", b"\r\n..")
        yield b"." + piece if at_line_start and piece.startswith(b".") else piece
        at_line_start = piece.endswith(b"\r\n")
        start = end
    if not at_line_start:
        yield b"\r\n"
