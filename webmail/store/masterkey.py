"""MasterKey: the secret outside the database that mail passwords are encrypted with."""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import hmac
import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path

from webmail.errors import InvalidInput

SIZE = 32
FIELD = "secret_key_file"


@dataclass(frozen=True, slots=True)
class MasterKey:
    """32 random bytes; ``id`` names them in the database without telling anything of them."""

    id: str
    secret: bytes = field(repr=False)

    @classmethod
    def load(cls, path: Path) -> MasterKey:
        """The key of a file, which is made (mode 0600) where it is missing.

        Raises InvalidInput(field="secret_key_file"): ``key_readable`` if group or others may read the file,
        ``key_content`` if it does not hold 32 bytes in base64.
        """
        if not path.exists():
            _make(path)
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise InvalidInput("key_readable", field=FIELD, path=str(path))
        try:
            secret = base64.b64decode(path.read_bytes().strip(), validate=True)
        except binascii.Error:
            secret = b""
        if len(secret) != SIZE:
            raise InvalidInput("key_content", field=FIELD, path=str(path))
        return cls(hashlib.sha256(secret).hexdigest()[:8], secret)

    def derived(self, purpose: str) -> str:
        """A secret for another purpose; it tells nothing of this one."""
        return hmac.new(self.secret, purpose.encode(), "sha256").hexdigest()


def _make(path: Path) -> None:
    """Write a new key so that nobody ever reads half of it, and that of two processes starting at once one wins."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(base64.b64encode(secrets.token_bytes(SIZE)) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
