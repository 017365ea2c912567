"""Detours: links that are not what they seem lead to a page of ours first, which says where they go.

The address of that page carries all it shows and a signature of it under a key of ours, so it leads nowhere that a message which
was read here did not lead, and nothing has to be kept for it.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from urllib.parse import urlencode, urlsplit

from webmail.account import AccountId
from webmail.errors import NotFound
from webmail.mail.session import MailSession
from webmail.message.linktext import suspicion
from webmail.message.lookalikes import ascii_domain, unicode_domain
from webmail.message.summary import MessageId
from webmail.message.text import TextBlock, TextSpan
from webmail.sanitize.html import Detour
from webmail.store import senders
from webmail.store.database import Database

LONGEST = 7_500
"""A longer address would not fit into the line of a request; such a link can be looked at and not be opened."""
PURPOSE = "detours"


Judge = Callable[[str, str], Detour | None]
"""What says of a link, by its words and its target, whether it is not what it seems."""


@dataclass(frozen=True, slots=True)
class LinkPage:
    """Where a link leads: why it is asked about (see ``linktext.Suspicion``), the host it showed, the host it opens in both forms.

    ``before``, ``host`` and ``after`` are the pieces of its address; ``address`` is empty for one that is too long.
    """

    message_id: MessageId
    code: str
    shown: str
    host: str
    readable: str
    address: str
    encrypted: bool
    before: str
    after: str


def judge(database: Database, *, account_id: AccountId, message_id: int) -> Judge:
    """What the cleaner asks about each link of a message. One look-up, when the first link is asked about."""
    known: list[frozenset[str]] = []

    def asked(text: str, href: str) -> Detour | None:
        if not known:
            known.append(senders.written_sites(database, account_id))
        found = suspicion(text, href, known=known[0])
        if found is None:
            return None
        return Detour(found.code, found.shown, found.host, _address(database, message_id, found.code, found.shown, href))

    return asked


def looked_through(blocks: Iterable[TextBlock], judge: Judge) -> tuple[tuple[TextBlock, ...], tuple[Detour, ...]]:
    """A plain-text body whose suspicious links lead to our page first, and these links."""
    found: list[Detour] = []

    def looked_at(span: TextSpan) -> TextSpan:
        detour = judge(span.text, span.href) if span.href.startswith("http") else None
        if detour is None:
            return span
        found.append(detour)
        return replace(span, href=detour.address)

    looked = tuple(replace(block, lines=tuple(tuple(map(looked_at, line)) for line in block.lines)) for block in blocks)
    return looked, tuple(found)


def link_page(session: MailSession, *, content: str, signature: str) -> LinkPage:
    """What the page of a detour shows. Raises NotFound("link") for anything we have not signed ourselves."""
    if not hmac.compare_digest(_signature(session.database, content).encode(), signature.encode("utf-8", "replace")):
        raise NotFound("link")
    try:
        message_id, code, shown, host, address = json.loads(base64.urlsafe_b64decode(content.encode("ascii")))
    except (ValueError, binascii.Error) as error:
        raise NotFound("link") from error
    before, _, after = address.partition(host) if host in address else (address, "", "")
    return LinkPage(
        message_id=MessageId(message_id),
        code=code,
        shown=shown,
        host=ascii_domain(host),
        readable=unicode_domain(host),
        address=address,
        encrypted=urlsplit(address).scheme == "https" if address else True,
        before=before,
        after=after,
    )


def _address(database: Database, message_id: int, code: str, shown: str, href: str) -> str:
    host = (urlsplit(href).hostname or "").rstrip(".")
    made = _made(database, [message_id, code, shown, host, href])
    return made if len(made) <= LONGEST else _made(database, [message_id, code, shown, host, ""])


def _made(database: Database, values: list[str | int]) -> str:
    content = base64.urlsafe_b64encode(json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()).decode("ascii")
    return "/link?" + urlencode({"to": content, "sign": _signature(database, content)})


def _signature(database: Database, content: str) -> str:
    key = database.key.derived(PURPOSE).encode()
    return hmac.new(key, content.encode("utf-8", "replace"), "sha256").hexdigest()[:40]
