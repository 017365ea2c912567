"""Which network addresses may be connected to when a stranger names the host: public ones, and none that hides another in itself.

``ipaddress`` knows what is global; what it calls global and is none (multicast, addresses that carry an IPv4 address inside,
site-local ones, transition prefixes) is refused here, whatever version of Python runs.
"""

from __future__ import annotations

import ipaddress
import re

_NOT_PUBLIC_4 = """
    0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24
    192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4
"""
_REFUSED_4 = [ipaddress.IPv4Network(each) for each in _NOT_PUBLIC_4.split()]
_UNICAST_6 = ipaddress.IPv6Network("2000::/3")
"""All that is given out for the public Internet (RFC 4291 §2.4); every other prefix means something else."""
_REFUSED_6 = [ipaddress.IPv6Network(each) for each in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")]
"""Teredo, ORCHID and other protocols, documentation, and 6to4."""
_ISATAP = 0x00005EFE
_ISATAP_BITS = 0xFDFFFFFF
_NUMBER = re.compile(r"(?:0[xX][0-9A-Fa-f]*|[0-9]+)\Z")
_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\Z")


def is_public(address: str) -> bool:
    """Whether an address, as a resolver or a socket tells it, is one of the public Internet and nothing else."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv4Address):
        return found.is_global and not any(found in network for network in _REFUSED_4)
    return _is_public_6(found)


def is_address(text: str) -> bool:
    """Whether a host is an IP address and no name."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_public_6(found: ipaddress.IPv6Address) -> bool:
    if found.scope_id is not None or not found.is_global or found not in _UNICAST_6:
        return False
    # The last 64 bits of ISATAP are 0000:5efe or 0200:5efe and an IPv4 address (RFC 5214 §6.1).
    isatap = (int(found) >> 32) & _ISATAP_BITS == _ISATAP
    return not isatap and not any(found in network for network in _REFUSED_6)


def host_name(text: str) -> str:
    """A host of an address as it is looked up: a name in ASCII or an IP address in its one plain form; ``""`` for all else.

    ``2130706433``, ``0x7f.1`` and ``0177.0.0.1`` are numbers that resolvers make addresses of; no honest image has one.
    """
    if is_address(text):
        return str(ipaddress.ip_address(text))
    try:
        name = text.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return ""
    labels = name.removesuffix(".").split(".")
    if len(name) > 253 or _NUMBER.match(labels[-1]) or not all(_LABEL.match(label) for label in labels):
        return ""
    # Names without a dot are those of the neighbourhood: localhost, router, a search domain.
    return name.removesuffix(".") if len(labels) > 1 else ""
