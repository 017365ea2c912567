"""What the header of a message says that a list need not know: learned when the message is opened first, then kept."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from webmail.message.fields import split_fields
from webmail.message.lists import list_fields

FACTS_VERSION = 2
"""Facts written by another version are not read."""
_ONCE = frozenset(
    {
        *("date", "from", "sender", "reply-to", "to", "cc", "bcc", "message-id", "in-reply-to", "references", "subject"),
        *("mime-version", "content-type", "content-transfer-encoding", "content-id", "content-disposition"),
    }
)


@dataclass(frozen=True, slots=True)
class Facts:
    """``doubled`` names the fields, in lower case, that a message may have once and has more often (RFC 5322 §3.6, RFC 2045 §3).

    ``unsubscribe_*`` tell how to leave its mailing list and ``list_post`` how to write to it (see ``lists.ListFields``).
    """

    doubled: tuple[str, ...] = ()
    unsubscribe_https: str = ""
    unsubscribe_link: str = ""
    unsubscribe_mailto: str = ""
    unsubscribe_signers: tuple[str, ...] = ()
    list_post: str = ""


NO_FACTS = Facts()


def facts(header: bytes) -> Facts:
    """What a header says. Never raises; linear in the header, of which ``split_fields`` reads the first megabyte."""
    fields = split_fields(header)
    names = Counter(name.lower() for name, _ in fields)
    of_list = list_fields(fields)
    return Facts(
        doubled=tuple(name for name, count in names.items() if count > 1 and name in _ONCE),
        unsubscribe_https=of_list.https,
        unsubscribe_link=of_list.link,
        unsubscribe_mailto=of_list.mailto,
        unsubscribe_signers=of_list.signers,
        list_post=of_list.post,
    )


def to_json(known: Facts) -> str:
    """Facts as they are kept."""
    return json.dumps(asdict(known))


def from_json(kept: str) -> Facts:
    """Facts as they were kept by ``to_json`` of the same version."""
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in json.loads(kept).items()}
    return Facts(**fields)
