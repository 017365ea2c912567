"""A name server on loopback that answers with the TXT records it was given, and counts what it was asked."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from webmail.authentication import Lookup, dns_lookup


class NameServer:
    """``records`` are the texts of names; a name in ``silent`` gets no answer at all."""

    def __init__(self) -> None:
        self.records: dict[str, str] = {}
        self.silent: set[str] = set()
        self.asked: list[str] = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self._serve, name="name server", daemon=True)
        self.thread.start()

    @property
    def lookup(self) -> Lookup:
        return dns_lookup(servers=["127.0.0.1"], port=self.socket.getsockname()[1])

    def _serve(self) -> None:
        while True:
            asked, who = self.socket.recvfrom(4096)
            if asked == b"end":
                return
            query = dns.message.from_wire(asked)
            name = query.question[0].name.to_text(omit_final_dot=True)
            self.asked.append(name)
            if name in self.silent:
                continue
            answer = dns.message.make_response(query)
            answer.flags |= dns.flags.RA
            if name in self.records:
                text = self.records[name]
                pieces = " ".join(f'"{text[start : start + 200]}"' for start in range(0, max(1, len(text)), 200))
                answer.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "TXT", pieces))
            else:
                answer.set_rcode(dns.rcode.NXDOMAIN)
            self.socket.sendto(answer.to_wire(), who)

    def stop(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"end", self.socket.getsockname())
        self.thread.join(timeout=5)
        self.socket.close()


@pytest.fixture
def name_server() -> Iterator[NameServer]:
    found = NameServer()
    yield found
    found.stop()
