"""How odd a message is: what its raw octets have that most mail has not, found by patterns and by no parser."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping

_FIELD = re.compile(rb"^([!-9;-~]+)[ \t]*:", re.MULTILINE)
_ONCE = (b"from", b"to", b"subject", b"date", b"content-type", b"content-transfer-encoding", b"mime-version", b"message-id")
_EXPECTED = (b"from", b"to", b"subject", b"date", b"message-id")
_SAYS = {
    "type": re.compile(rb"^content-type[ \t]*:\s*([^\s;]+)", re.IGNORECASE | re.MULTILINE),
    "encoding": re.compile(rb"^content-transfer-encoding[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE),
    "disposition": re.compile(rb"^content-disposition[ \t]*:[ \t]*([^\s;]*)", re.IGNORECASE | re.MULTILINE),
    "charset": re.compile(rb"charset\s*=\s*\"?([^\s\";]+)", re.IGNORECASE),
    "word": re.compile(rb"=\?([\w.:*+-]+\?[a-z])\?", re.IGNORECASE),
    "flowed": re.compile(rb"(format=flowed|delsp=yes)", re.IGNORECASE),
    "continued": re.compile(rb"\b(name|filename|boundary|charset)\*", re.IGNORECASE),
}
_HAS = {
    "uuencode": re.compile(rb"^begin [0-7]{3,4} \S", re.MULTILINE),
    "yenc": re.compile(rb"^=ybegin ", re.MULTILINE),
    "bare CR": re.compile(rb"\r(?!\n)"),
    "NUL": re.compile(rb"\0"),
    "long line": re.compile(rb"[^\n]{1000}"),
    "mbox line": re.compile(rb"\A>?From "),
    "field without a name": re.compile(rb"\A(?:[!-9;-~]+:[^\n]*\n|[ \t][^\n]*\n)*(?![!-9;-~]+:|\r?\n|[ \t])[^\n]+\n"),
    "word with a blank": re.compile(rb"=\?[\w.-]+\?[qb]\?[^?\r\n]* [^?\r\n]*\?=", re.IGNORECASE),
    "word in quotes": re.compile(rb"\"=\?[\w.-]+\?[qb]\?", re.IGNORECASE),
    "word never closed": re.compile(rb"=\?[\w.-]+\?[qb]\?[^?]*$", re.IGNORECASE | re.MULTILINE),
    "group": re.compile(rb"^(?:to|cc|from):[^<\"\n]*:[^\n]*;", re.IGNORECASE | re.MULTILINE),
    "year of few digits": re.compile(rb"^date:[^\n]*\d+ \w{3} \d{2,3} ", re.IGNORECASE | re.MULTILINE),
    "comment in an address": re.compile(rb"^(?:to|cc|from):[^\n]*\(", re.IGNORECASE | re.MULTILINE),
    "source route": re.compile(rb"<@[\w.,@-]+:"),
    "report": re.compile(rb"report-type=", re.IGNORECASE),
    "signature": re.compile(rb"BEGIN PGP|pkcs7|pgp-signature", re.IGNORECASE),
    "winmail": re.compile(rb"ms-tnef|winmail", re.IGNORECASE),
    "no body": re.compile(rb"\A(?:[^\r\n]+\r?\n)*(?:\r?\n)*\Z"),
    "multipart without boundary": re.compile(
        rb"content-type:\s*multipart/\w+(?:;(?!\s*[^\n]*boundary)[^\n]*)?\r?\n(?![ \t])", re.IGNORECASE
    ),
}


def features(raw: bytes) -> Iterator[str]:
    """Everything that this message has and others may not have, one name each."""
    header, mark, body = re.sub(rb"\r\n", b"\n", raw).partition(b"\n\n")
    names = Counter(name.lower() for name in _FIELD.findall(header))
    yield from (f"{name.decode()} twice" for name in _ONCE if names[name] > 1)
    yield from (f"no {name.decode()}" for name in _EXPECTED if not names[name])
    for what, pattern in _SAYS.items():
        yield from {f"{what} {said.decode('latin-1').strip().lower()}" for said in pattern.findall(raw)}
    yield from (what for what, pattern in _HAS.items() if pattern.search(raw))
    if not mark:
        yield "no empty line"
    if any(octet > 127 for octet in header):
        yield "8-bit header"
    if any(octet > 127 for octet in body) and b"charset" not in raw.lower():
        yield "8-bit without charset"
    boundaries = {found.strip(b"\"'") for found in re.findall(rb"boundary\s*=\s*(\"[^\"\n]*\"|[^\s;]+)", raw, re.IGNORECASE)}
    yield from (f"boundary {what}" for each in boundaries for what in _boundary(each, body))
    yield f"parts {min(20, 2 ** int(math.log2(1 + len(_SAYS['type'].findall(raw)))))}"
    yield f"multiparts {min(5, len(boundaries))}"


def _boundary(boundary: bytes, body: bytes) -> Iterator[str]:
    if b"--" + boundary not in body:
        yield "never used"
    elif b"--" + boundary + b"--" not in body:
        yield "never closed"
    if re.search(rb"[^\w=.+-]", boundary):
        yield "of odd characters"


def oddest(messages: Mapping[str, bytes], count: int, *, each_source: int) -> list[str]:
    """The names of the oddest messages, so many of each source at most: rare features count much, and less each time one is there."""
    having = {name: frozenset(features(raw)) for name, raw in messages.items()}
    common = Counter(feature for found in having.values() for feature in found)
    weight = {feature: math.log(len(messages) / times) for feature, times in common.items()}
    times: Counter[str] = Counter()
    sources: Counter[str] = Counter()
    chosen: list[str] = []
    left = sorted(having)
    while left and len(chosen) < count:
        best = max(left, key=lambda name: sum(weight[feature] / (1 + times[feature]) for feature in sorted(having[name])))
        left.remove(best)
        source = best.partition("/")[0]
        if sources[source] < each_source:
            chosen.append(best)
            times.update(having[best])
            sources[source] += 1
    return chosen
