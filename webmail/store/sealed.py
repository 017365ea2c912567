"""Short texts sealed under the master key, to be handed out and taken back: nobody reads them, changes them or makes one.

AES-SIV (RFC 5297) gives the same text the same seal each time, so that what is named by it may be kept by browsers.
"""

from __future__ import annotations

import base64
import binascii

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from webmail.account import AccountId
from webmail.store.masterkey import MasterKey


def seal(key: MasterKey, text: str, *, purpose: str, account_id: AccountId) -> str:
    """A text as a token for URLs, good for this account and purpose only. A third longer than the text, and 22 characters."""
    sealed = _cipher(key, purpose).encrypt(text.encode(), [str(account_id).encode()])
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def unseal(key: MasterKey, token: str, *, purpose: str, account_id: AccountId) -> str | None:
    """The text of a token; None for one that we have not made for this account and purpose."""
    try:
        sealed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        return _cipher(key, purpose).decrypt(sealed, [str(account_id).encode()]).decode()
    except (binascii.Error, InvalidTag, ValueError):
        return None


def _cipher(key: MasterKey, purpose: str) -> AESSIV:
    return AESSIV(bytes.fromhex(key.derived(purpose)))
