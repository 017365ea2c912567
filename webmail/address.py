"""Address: a display name and an addr-spec, and address lists with groups (RFC 5322 §3.4, RFC 6532).

Storey 1: values only.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox address. ``name`` is decoded text without control or bidi characters; it may be empty."""

    name: str
    addr_spec: str

    @property
    def display(self) -> str:
        """The name, or the addr-spec where there is none."""
        return self.name or self.addr_spec

    @property
    def domain(self) -> str:
        return self.addr_spec.rpartition("@")[2].lower()
