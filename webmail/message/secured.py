"""Signed and encrypted mail: which parts say so, and what came of looking (RFC 1847, RFC 3156, RFC 8551).

Only a whole message counts as signed: words that stand beside a signed part could be anybody's.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass

from webmail.message.part import Part

_SMIME_SIGNATURES = ("application/pkcs7-signature", "application/x-pkcs7-signature")
_SMIME = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_OPENPGP_SIGNATURE = "application/pgp-signature"
_CLEAR = re.compile(
    r"-----BEGIN PGP SIGNED MESSAGE-----[ \t]*\n(?:Hash: [A-Za-z0-9, -]+\n)*\n.*?\n-----BEGIN PGP SIGNATURE-----[ \t]*\n"
    r"[^-]*-----END PGP SIGNATURE-----",
    re.DOTALL,
)
_ARMOR = re.compile(r"^-----BEGIN PGP ", re.MULTILINE)
_ENCRYPTED = re.compile(r"^-----BEGIN PGP MESSAGE-----[ \t]*$", re.MULTILINE)


class Form(enum.StrEnum):
    """How a message is signed: with its content beside the signature, inside it, or in the middle of its text."""

    SMIME = "smime"
    SMIME_OPAQUE = "smime_opaque"
    OPENPGP = "openpgp"
    OPENPGP_CLEAR = "openpgp_clear"


class State(enum.StrEnum):
    """What came of verifying a signature. Only ``valid`` says anything about who wrote the message."""

    VALID = "valid"
    UNKNOWN_AUTHORITY = "unknown_authority"
    UNKNOWN_KEY = "unknown_key"
    OTHER_SENDER = "other_sender"
    INVALID = "invalid"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature of a whole message. ``addresses`` are whose it is, as far as that is known.

    ``reason`` is a code for what could not be checked: ``weak``, ``unreadable``, ``several``, ``too_large``, ``no_program``,
    ``unreachable``.
    """

    form: Form
    state: State
    addresses: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Encrypted:
    """An encrypted part, ``section``, that is not opened here; ``whole`` where it is all there is."""

    section: str
    whole: bool


def signed_form(root: Part) -> Form | None:
    """How a whole message is signed, by its structure; None where it is not, or only a part of it is."""
    if _kind(root) == "multipart/signed" and len(root.parts) == 2:
        return {**dict.fromkeys(_SMIME_SIGNATURES, Form.SMIME), _OPENPGP_SIGNATURE: Form.OPENPGP}.get(_kind(root.parts[1]))
    if _kind(root) in _SMIME and root.params.get("smime-type", "signed-data").lower() == "signed-data":
        return Form.SMIME_OPAQUE
    return None


def is_clear_signed(text: str) -> bool:
    """Whether a text is one signed text from its first line to its last, with nothing before, behind or between (RFC 9580 §7)."""
    if not text.lstrip().startswith("-----BEGIN PGP SIGNED"):
        return False
    plain = text.replace("\r\n", "\n").strip()
    return len(_ARMOR.findall(plain)) == 2 and _CLEAR.fullmatch(plain) is not None


def encrypted(root: Part, text: str = "") -> Encrypted | None:
    """The first encrypted part of a message, or its text where that is one; nothing of attached messages."""
    for part in _own_parts(root):
        if _kind(part) == "multipart/encrypted":
            return Encrypted(part.parts[-1].section if part.parts else "", part is root)
        if _kind(part) in _SMIME and part.params.get("smime-type", "").lower() in ("enveloped-data", "authenveloped-data"):
            return Encrypted(part.section, part is root)
    if (found := _ENCRYPTED.search(text)) and root.media_type == "text":
        return Encrypted(root.section, not text[: found.start()].strip())
    return None


def _own_parts(root: Part) -> Iterator[Part]:
    waiting = [root]
    while waiting:
        part = waiting.pop()
        yield part
        if part.media_type == "multipart":
            waiting.extend(reversed(part.parts))


def _kind(part: Part) -> str:
    return f"{part.media_type}/{part.subtype}"
