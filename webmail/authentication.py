"""Whose word it is that a message comes from its domain: the person's own server's, read strictly (RFC 8601), and DKIM's, verified here.

Storey 3. Law: the only room that knows dkimpy and dnspython; it looks at values it is given and knows no database.

Only the server that took the message in may speak, under the name that the settings give it (its authserv-id), and only where
it writes: at the top. ``Facts.trace`` holds what stands above everything the sender wrote or signed. Of that counts

- the first run of results under our name, from the top, up to the next ``Received`` or anything but a server's line;
- nothing below a ``Received`` that another host wrote: from there on the lines came with the message.

Of each method the first field that speaks of it counts, and in it the best result for the domain of the sender. Comments are
no results, quoted text ends nothing, and whatever else a stranger can write into a field of their own is never read at all.
"""

from __future__ import annotations

import enum
import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

import dkim
import dkim.util
import dns.exception
import dns.resolver

from webmail.message.lookalikes import ascii_domain, site

_QUIET = logging.getLogger(f"{__name__}.dkimpy")
_QUIET.setLevel(logging.CRITICAL)  # It writes down what strangers signed wrongly; that is for the page to say.
MAX_SIGNATURES = 4
MAX_OCTETS = 4 << 20
"""Of a larger message no signature is verified."""
SECONDS = 10.0
"""For all look-ups of a message together."""
_METHODS = frozenset({"spf", "dkim", "dmarc"})
_RESULTS = frozenset({"none", "pass", "fail", "softfail", "policy", "neutral", "temperror", "permerror", "hardfail"})
_POLICIES = frozenset({"none", "quarantine", "reject"})
_ID = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.:-]{1,255}")
_METHOD = re.compile(r"([A-Za-z0-9-]{1,32})(?:\s*/\s*[0-9]+)?\s*=\s*([A-Za-z]{1,16})(?=\s|\Z)")
_PROPERTY = re.compile(r'([a-z]{2,10}\.[a-z][a-z0-9.-]{0,40})\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;"]+)', re.IGNORECASE)
_PUBLISHED = re.compile(r"(?:^|[\s(])p=(none|quarantine|reject)\b", re.IGNORECASE)
_BY = re.compile(r"(?:^|\s)by\s+([^\s;()]+)", re.IGNORECASE)
_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.[a-z][a-z0-9-]*", re.IGNORECASE)


class State(enum.StrEnum):
    """Whether a message comes from the domain it names: it does, it does not, or nobody says."""

    VERIFIED = "verified"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Signature:
    """One DKIM signature: what was found of it (``pass``, ``fail``, ``unknown`` …), and the domain that signed."""

    result: str
    domain: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of the way a message came. ``spf`` and ``dmarc`` are results, ``policy`` what the domain asks for; each may be empty.

    ``local`` are the signatures that were verified here.
    """

    state: State
    domain: str
    spf: str = ""
    signatures: tuple[Signature, ...] = ()
    dmarc: str = ""
    policy: str = ""
    local: tuple[Signature, ...] = ()


@dataclass(frozen=True, slots=True)
class _Result:
    method: str
    result: str
    properties: Mapping[str, str]
    policy: str = ""


def verdict(trace: Sequence[str], *, authserv_id: str, domain: str, local: Sequence[Signature] = ()) -> Verdict | None:
    """What our own server, and a verification of our own, say of a message from ``domain``; None where neither says anything.

    Without an ``authserv_id`` nothing in the header is believed. Never raises; linear in the trace, which is bounded. RFC 8601 §4.1, §7.1.
    """
    fields = list(_believed(trace, authserv_id)) if authserv_id else []
    spoken: dict[str, list[_Result]] = {}
    for results in fields:
        here: dict[str, list[_Result]] = {}
        for each in results:
            here.setdefault(each.method, []).append(each)
        spoken = here | spoken
    if not spoken and not local:
        return None
    signatures = tuple(Signature(each.result, _domain_of(each, "header.d", "header.i")) for each in spoken.get("dkim", []))
    dmarc = next(iter(spoken.get("dmarc", [])), None)
    spf = next(iter(spoken.get("spf", [])), None)
    return Verdict(
        state=_state(dmarc, signatures, local, domain=domain),
        domain=domain,
        spf=spf.result if spf else "",
        signatures=signatures[:10],
        dmarc=dmarc.result if dmarc else "",
        policy=dmarc.policy if dmarc else "",
        local=tuple(local),
    )


def _state(dmarc: _Result | None, signatures: Sequence[Signature], local: Sequence[Signature], *, domain: str) -> State:
    """The server's word comes first: what it found to fail, nothing that we find makes good (RFC 7489 §6.6)."""
    about = _domain_of(dmarc, "header.from") if dmarc else ""
    if dmarc and about and not _aligned(about, domain):
        # It judged another address than the one that is shown.
        return State.FAILED if dmarc.result == "fail" else State.UNKNOWN
    if dmarc and dmarc.result == "fail":
        return State.FAILED
    if dmarc and dmarc.result == "pass":
        return State.VERIFIED
    aligned = [each for each in signatures if _aligned(each.domain, domain)]
    if any(each.result == "pass" for each in aligned):
        return State.VERIFIED
    if not any(each.result in ("fail", "hardfail") for each in aligned) and any(
        each.result == "pass" and _aligned(each.domain, domain) for each in local
    ):
        return State.VERIFIED
    return State.UNKNOWN


def _aligned(one: str, other: str) -> bool:
    """Relaxed alignment: both belong to one organisation (RFC 7489 §3.1)."""
    return bool(one) and "." in one and site(ascii_domain(one)) == site(ascii_domain(other))


def _domain_of(result: _Result, *names: str) -> str:
    found = next((result.properties[name] for name in names if name in result.properties), "")
    return found.rpartition("@")[2].rstrip(".").lower()


def _believed(trace: Sequence[str], authserv_id: str) -> Iterator[list[_Result]]:
    """The results of each field that counts, the topmost first."""
    begun = False
    for line in trace:
        kind, _, value = line.partition(" ")
        if kind == "results":
            written_by, results = _results(value)
            if written_by.lower() == authserv_id.lower():
                begun = True
                yield results
        elif begun or (kind == "received" and not _own(value, authserv_id)):
            return


def _own(received: str, authserv_id: str) -> bool:
    """Whether a Received line was written by a host of our server: of its domain, or one without a public name."""
    by = _BY.search(_without_comments(received)[0])
    host = by[1].rstrip(".").lower() if by else ""
    if not _HOST.fullmatch(host):
        return bool(host)
    ours = authserv_id.lower()
    return host == ours or host.endswith(f".{ours}") or ("." in ours and site(host) == site(ours))


def _results(value: str) -> tuple[str, list[_Result]]:
    """The name a field was written under, and what it says (RFC 8601 §2.2); no name for a field that is none."""
    pieces = _pieces(value)
    name = next(pieces)[0].split()
    if not name or not _ID.fullmatch(name[0]) or "=" in name[0] or (len(name) > 1 and not name[1].isdigit()):
        return "", []
    found = []
    for text, comments in pieces:
        match = _METHOD.match(text)
        if match is None or match[1].lower() not in _METHODS or match[2].lower() not in _RESULTS:
            continue
        properties: dict[str, str] = {}
        for each in _PROPERTY.finditer(text, match.end()):
            properties.setdefault(each[1].lower(), _unquoted(each[2]))
        found.append(_Result(match[1].lower(), match[2].lower(), properties, _policy(properties, comments)))
    return name[0], found


def _policy(properties: Mapping[str, str], comments: str) -> str:
    """What the domain asks for; many servers write it in a comment, and nothing depends on it."""
    named = next((value.lower() for key, value in properties.items() if key.startswith("policy.") and value.lower() in _POLICIES), "")
    published = _PUBLISHED.search(comments)
    return named or (published[1].lower() if published else "")


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value


def _pieces(value: str) -> Iterator[tuple[str, str]]:
    """The texts between the semicolons that part the results, each without its comments, and these."""
    text, comments = _without_comments(value)
    start, quoted, place = 0, False, 0
    while place < len(text):
        if text[place] == "\\" and quoted:
            place += 1
        elif text[place] == '"':
            quoted = not quoted
        elif text[place] == ";" and not quoted:
            yield text[start:place].strip(), comments
            start = place + 1
        place += 1
    # A quotation that never ends was never meant: nothing in it counts.
    yield ("" if quoted else text[start:].strip()), comments


def _without_comments(value: str) -> tuple[str, str]:
    """A value without its comments, which nest, and these (RFC 5322 §3.2.2). One that never ends takes the rest with it."""
    outside: list[str] = []
    inside: list[str] = []
    depth, quoted, place = 0, False, 0
    while place < len(value):
        letter = value[place]
        piece = value[place : place + 2] if letter == "\\" and (quoted or depth) else letter
        if letter == '"' and not depth:
            quoted = not quoted
        if letter == "(" and not quoted:
            depth += 1
            outside.append(" ")
        (inside if depth else outside).append(piece)
        if letter == ")" and not quoted and depth:
            depth -= 1
        place += len(piece)
    return "".join(outside), "".join(inside)


Lookup = Callable[[str, float], bytes | None]
"""The TXT record of a name, asked for within so many seconds; None where there is none."""


def dns_lookup(*, servers: Sequence[str] = (), port: int = 53) -> Lookup:
    """Look-ups by the machine's resolver, or by these servers."""
    resolver = dns.resolver.Resolver(configure=not servers)
    if servers:
        resolver.nameservers, resolver.port = list(servers), port

    def ask(name: str, seconds: float) -> bytes | None:
        try:
            answer = resolver.resolve(name, "TXT", lifetime=seconds, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return None
        return next((b"".join(record.strings) for record in answer), None)

    return ask


def verify(raw: bytes, *, lookup: Lookup, seconds: float = SECONDS) -> tuple[Signature, ...]:
    """The DKIM signatures of a message, each verified against the key its domain publishes (RFC 6376).

    The first four, in ten seconds all told, and of messages up to 4 MB; what is beyond, or cannot be decided now, is
    ``unknown``. A signature over a part of the body only (``l=``) proves nothing for the rest and is ``unknown`` too. Never raises.
    """
    if len(raw) > MAX_OCTETS:
        return ()
    until = monotonic() + seconds
    try:
        message = dkim.DKIM(raw, logger=_QUIET, timeout=max(1, int(seconds)))
        fields = [value for name, value in message.headers if name.lower() == b"dkim-signature"]
    except (dkim.DKIMException, ValueError):
        return ()
    return tuple(_verified(message, number, fields[number], lookup, until) for number in range(min(len(fields), MAX_SIGNATURES)))


def _verified(message: dkim.DKIM, number: int, field: bytes, lookup: Lookup, until: float) -> Signature:
    tags: dict[bytes, bytes] = {}
    with suppress(dkim.util.InvalidTagValueList):
        tags = dkim.util.parse_tag_value(field)
    domain = tags.get(b"d", b"").strip().decode("ascii", "replace").lower()[:255]
    answers: list[bytes | None] = []

    def ask(name: bytes | str, timeout: int = 5) -> bytes | None:
        left = until - monotonic()
        if left <= 0:
            raise dns.exception.Timeout
        answers.append(lookup(name.decode("ascii") if isinstance(name, bytes) else name, min(timeout, left)))
        return answers[-1]

    try:
        passed = message.verify(number, dnsfunc=ask)
    except dkim.ValidationError:
        return Signature("fail", domain)
    except (dkim.DKIMException, dkim.util.InvalidTagValueList):
        # One of a kind that is not known here, or none at all: that proves nothing either way.
        return Signature("unknown", domain)
    except (dns.exception.DNSException, ValueError, TypeError, IndexError, KeyError, OSError):
        # Its reader fails in each of these ways on keys and fields that are none; a name server that is away says nothing.
        return Signature("unknown", domain)
    # A key that is not there, or was taken back, and a signature of a part of the body prove nothing either.
    known = bool(answers and answers[-1]) and b"l" not in tags
    return Signature("unknown" if not known else "pass" if passed else "fail", domain)
