"""The text of an attachment, whatever kind of file it is: bounded, and without ever failing.

Plain text and HTML are read here, because that is linear and safe. PDF and office documents are read by a child process
(see ``child``): their formats are programs, and some files are written to be endless.
"""

from __future__ import annotations

from typing import Literal

from webmail.extract import child
from webmail.message import charset
from webmail.sanitize import text as sanitized_text

Kind = Literal["", "text", "html", "pdf", "office"]

LIMIT = 256 * 1024
"""Characters of text that are read of one file."""
SECONDS = 20.0
CPU_SECONDS = 10
_HTML_OCTETS = 512 * 1024
_SNIFFED = 1024

_EXTENSIONS: dict[str, Kind] = {
    **dict.fromkeys(("txt", "text", "md", "csv", "tsv", "log", "rst", "tex", "asc", "patch", "diff", "srt"), "text"),
    **dict.fromkeys(("htm", "html", "xhtml"), "html"),
    "pdf": "pdf",
    **dict.fromkeys(("docx", "docm", "dotx", "xlsx", "xlsm", "xltx", "pptx", "pptm", "ppsx", "odt", "ods", "odp", "odg", "ott"), "office"),
}
_OFFICE = ("application/vnd.openxmlformats-officedocument.", "application/vnd.oasis.opendocument.", "application/vnd.ms-")
_VAGUE = frozenset(
    {"application/octet-stream", "application/octetstream", "application/zip", "application/x-zip-compressed", "application/binary"}
)


def kind_of(media_type: str, filename: str = "") -> Kind:
    """What kind of text an attachment of this name has, judged before it is fetched; empty for those that have none.

    The name counts more than the declared type, which many programs get wrong.
    """
    named = _EXTENSIONS.get(filename.rpartition(".")[2].lower()) if "." in filename else None
    if named:
        return named
    if media_type == "text/html":
        return "html"
    if media_type == "application/pdf":
        return "pdf"
    if media_type.startswith(_OFFICE[:2]) or (media_type.startswith(_OFFICE[2]) and media_type.endswith(".12")):
        return "office"
    if media_type.startswith("text/") and not filename:
        return "text"
    return "text" if media_type in ("text/plain", "text/csv", "text/markdown", "text/x-diff", "text/x-patch") else ""


def text_of(data: bytes, *, media_type: str, filename: str = "", declared_charset: str = "", limit: int = LIMIT) -> str:
    """The text of a file, at most ``limit`` characters; empty where there is none or it cannot be read.

    Never raises. Costs up to ten seconds of processor time, in a child process that is killed then; what it had read until
    then is returned. Takes one file at a time: others wait.
    """
    kind = _seen(data) or kind_of(media_type, filename)
    if kind in ("pdf", "office"):
        return child.SHARED.read(data, kind=kind, limit=limit, seconds=SECONDS, cpu_seconds=CPU_SECONDS)
    if kind == "html":
        decoded, _ = charset.decode(data[:_HTML_OCTETS], declared_charset)
        return sanitized_text.as_text(decoded)[:limit]
    return _plain(data, declared_charset, limit=limit) if kind == "text" else ""


def rest() -> None:
    """Let the child process go until it is needed again; it holds some 40 MB."""
    child.SHARED.stop()


def _seen(data: bytes) -> Kind:
    """The kind that the first octets tell, whatever the file is called."""
    if b"%PDF-" in data[:_SNIFFED]:
        return "pdf"
    return "office" if data.startswith(b"PK\x03\x04") else ""


def _plain(data: bytes, declared: str, *, limit: int) -> str:
    some = data[: limit * 4]
    if some.startswith((b"\xff\xfe", b"\xfe\xff")):
        declared = "utf-16"
    elif b"\0" in some[:_SNIFFED] and not declared.lower().startswith(("utf-16", "utf-32")):
        return ""  # It only calls itself a text.
    return charset.decode(some, declared)[0][:limit]
