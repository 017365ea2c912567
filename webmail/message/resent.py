"""A message sent on as it is, to somebody else: a block of Resent fields in front of it (RFC 5322 §3.6.6)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime

from webmail.address import Address, is_addr_spec
from webmail.errors import InvalidInput
from webmail.message.fields import header_end
from webmail.message.fold import address_words, folded

_BCC = re.compile(rb"^bcc[ \t]*:[^\n]*\n(?:[ \t][^\n]*\n)*", re.IGNORECASE | re.MULTILINE)


def resent(raw: bytes, *, sender: Address, to: Sequence[Address], date: datetime, message_id: str) -> bytes:
    """The octets of a message behind a block that says who sent it on, when and to whom.

    Nothing else differs, but that a Bcc field, which a copy of our own may carry, is left out: it is nobody else's business.
    Raises InvalidInput("address") for an address that cannot stand in a header.
    """
    for name, each in (("from", sender), *(("to", each) for each in to)):
        if not is_addr_spec(each.addr_spec) or any(character in each.name for character in "\r\n\0"):
            raise InvalidInput("address", field=name, value=each.addr_spec)
    block = [
        f"Resent-Date: {format_datetime(date)}",
        folded("Resent-From", address_words((sender,))),
        folded("Resent-To", address_words(to)),
        f"Resent-Message-ID: {message_id}",
    ]
    end = header_end(raw)
    return "\r\n".join([*block, ""]).encode("utf-8") + _BCC.sub(b"", raw[:end]) + raw[end:]
