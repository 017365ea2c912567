"""The program that reads OpenPGP: one question on its input, one answer on its output, both JSON, and then it ends."""

from __future__ import annotations

import base64
import json
import re
import sys
from typing import Any

import pysequoia
from pysequoia import packet

_ADDRESS = re.compile(r"<([^<>\s@]+@[^<>\s@]+)>\s*$")
_SIGNATURE_MARK = b"-----BEGIN PGP SIGNATURE-----"
_SECRET = (packet.Tag.SecretKey, packet.Tag.SecretSubkey)
_MOST = 50


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """The answer to one question: ``verify`` or ``keys``."""
    data = base64.b64decode(question["data"])
    if question["what"] == "keys":
        return {"keys": _keys(data)}
    return _verify(data, base64.b64decode(question["signature"]), [base64.b64decode(each) for each in question["keys"]])


def _verify(data: bytes, signature: bytes, keys: list[bytes]) -> dict[str, Any]:
    try:
        found = pysequoia.Sig.from_bytes(signature or data[data.rindex(_SIGNATURE_MARK) :])
    except (RuntimeError, ValueError):
        return {"state": "unchecked"}
    issuers = {str(each).lower() for each in (found.issuer_fingerprint, found.issuer_key_id) if each}
    known = [pysequoia.Cert.from_bytes(each) for each in keys if issuers & _names(each)]
    if not known:
        return {"state": "unknown_key"}
    try:
        checked = pysequoia.verify(bytes=data, store=lambda _ids: known, signature=found if signature else None)
    except RuntimeError:
        return {"state": "invalid"}
    signers = {each.certificate.lower() for each in checked.valid_sigs}
    return {"state": "valid", "addresses": [one for each in known if each.fingerprint.lower() in signers for one in _addresses(each)]}


def _names(key: bytes) -> set[str]:
    """The fingerprints and key ids of a certificate and its subkeys."""
    pile = packet.PacketPile.from_bytes(key)
    return {str(each).lower() for one in pile for each in (one.fingerprint, one.key_id) if each}


def _keys(data: bytes) -> list[dict[str, Any]]:
    try:
        if any(each.tag in _SECRET for each in packet.PacketPile.from_bytes(data)):
            return []
        found = pysequoia.Cert.split_bytes(data)[:_MOST]
    except (RuntimeError, ValueError):
        return []
    return [
        {
            "fingerprint": each.fingerprint.lower(),
            "addresses": _addresses(each),
            "content": base64.b64encode(bytes(each)).decode("ascii"),
        }
        for each in found
    ]


def _addresses(key: pysequoia.Cert) -> list[str]:
    """The addresses that a certificate says it is for, each vouched for by its own key."""
    texts = [str(each) for each in key.user_ids]
    return [match[1] if (match := _ADDRESS.search(text)) else text.strip() for text in texts if "@" in text]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(answer(json.load(sys.stdin))))
