"""OpenPGP signatures and keys, read by a program of our own that may be killed (RFC 9580, RFC 3156)."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from webmail.message.secured import Form, Signature, State
from webmail.signatures.program import run

_COMMAND = ("-s", "-B", "-X", "utf8", "-W", "ignore", "-m", "webmail.signatures.openpgp_program")


@dataclass(frozen=True, slots=True)
class Key:
    """A certificate: its fingerprint in lower case, the addresses it is for, and its octets without anything secret."""

    fingerprint: str
    addresses: tuple[str, ...]
    content: bytes


def verified(signed: bytes, signature: bytes | None, *, keys: Sequence[bytes]) -> Signature:
    """Whether a signature fits, by one of these certificates; ``signature`` is None for a text that is signed in its middle.

    One run of a program, some 100 ms. Never raises.
    """
    form = Form.OPENPGP if signature is not None else Form.OPENPGP_CLEAR
    answer = _asked("verify", data=signed, signature=signature or b"", keys=list(keys))
    if answer is None:
        return Signature(form, State.UNCHECKED, reason="no_program")
    state = State(str(answer.get("state", State.UNCHECKED)))
    addresses = tuple(str(each).lower() for each in answer.get("addresses", ()))
    return Signature(form, state, addresses, reason="unreadable" if state is State.UNCHECKED else "")


def keys(data: bytes) -> tuple[Key, ...]:
    """The certificates in a file of keys; none where it holds none, or something secret. One run of a program."""
    answer = _asked("keys", data=data) or {}
    return tuple(
        Key(str(each["fingerprint"]), tuple(str(one).lower() for one in each["addresses"]), base64.b64decode(each["content"]))
        for each in answer.get("keys", ())
    )


def _asked(what: str, **given: bytes | list[bytes]) -> dict[str, Any] | None:
    """What the program answers; None where it could not be run, or lacks its library."""
    coded = {name: [_coded(one) for one in each] if isinstance(each, list) else _coded(each) for name, each in given.items()}
    answer = run([sys.executable, *_COMMAND], given=json.dumps({"what": what, **coded}).encode())
    if answer.code != 0:
        return None
    found = json.loads(answer.out)
    return found if isinstance(found, dict) else None


def _coded(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
