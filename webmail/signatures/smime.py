"""S/MIME signatures, verified by the ``openssl`` program, which every system that speaks TLS has (RFC 8551, RFC 5652)."""

from __future__ import annotations

import re
import shutil
import tempfile
from datetime import datetime
from pathlib import Path

from webmail.message.secured import Form, Signature, State
from webmail.signatures.program import Answer, run

_WEAK = re.compile(rb"digestAlgorithm: *\n\s*algorithm: *(?:md2|md4|md5|sha|sha1) ", re.IGNORECASE)
_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"
_FAILED = 4
"""What ``openssl cms -verify`` ends with where it could read a signature that does not hold."""


def verified(signature: bytes, content: bytes | None, *, form: Form, when: datetime, ca_file: str = "") -> Signature:
    """Whether a signature (DER) fits its content, octet for octet, and whose it is; ``content`` is None where it lies inside.

    The signer's certificate is judged as of ``when`` by the authorities of the system, or also by those of ``ca_file``. Four
    short runs of a program. Never raises.
    """
    program = shutil.which("openssl")
    if program is None:
        return Signature(form, State.UNCHECKED, reason="no_program")
    with tempfile.TemporaryDirectory(prefix="webmail-smime-") as folder:
        place = Path(folder)
        (place / "signature").write_bytes(signature)
        if content is not None:
            (place / "content").write_bytes(content)
        return _judged(program, place, form=form, when=when, ca_file=ca_file, detached=content is not None)


def _judged(program: str, place: Path, *, form: Form, when: datetime, ca_file: str, detached: bool) -> Signature:
    printed = run([program, "cms", "-cmsout", "-print", "-noout", "-inform", "DER", "-in", str(place / "signature")])
    if printed.code != 0 or b"contentType: pkcs7-signedData" not in printed.out[:200]:
        return Signature(form, State.UNCHECKED, reason="unreadable")
    if _WEAK.search(printed.out):
        return Signature(form, State.UNCHECKED, reason="weak")
    fits = _verify(program, place, "-noverify", "-signer", str(place / "signer"), detached=detached)
    if fits.code != 0:
        lacking = fits.code != _FAILED or "signer certificate not found" in fits.said
        return Signature(form, State.UNCHECKED, reason="unreadable") if lacking else Signature(form, State.INVALID)
    signers = (place / "signer").read_bytes()
    if signers.count(_CERTIFICATE) != 1:
        return Signature(form, State.UNCHECKED, reason="several")
    named = run([program, "x509", "-noout", "-email"], given=signers)
    addresses = tuple(dict.fromkeys(each.strip().lower() for each in named.out.decode("utf-8", "replace").splitlines() if "@" in each))
    known = ["-attime", str(int(when.timestamp())), "-auth_level", "1", *(["-CAfile", ca_file] if ca_file else [])]
    trusted = _verify(program, place, *known, detached=detached).code == 0
    return Signature(form, State.VALID if trusted else State.UNKNOWN_AUTHORITY, addresses)


def _verify(program: str, place: Path, *options: str, detached: bool) -> Answer:
    content = ["-content", str(place / "content")] if detached else []
    files = ["-inform", "DER", "-in", str(place / "signature"), *content, "-out", "/dev/null"]
    return run([program, "cms", "-verify", "-binary", *options, *files])


def enclosed(signature: bytes) -> bytes | None:
    """The content that lies inside a signature (DER), whether it holds or not; None where there is none. One short run."""
    program = shutil.which("openssl")
    if program is None:
        return None
    flags = ["-noverify", "-nosigs", "-no_content_verify", "-no_attr_verify", "-binary", "-inform", "DER"]
    found = run([program, "cms", "-verify", *flags], given=signature)
    return found.out if found.code == 0 and found.out else None
