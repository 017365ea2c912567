"""Which mailboxes ``in:`` means: by role, by whole name or by the last part of it, in any case."""

from __future__ import annotations

import re
import unicodedata

from webmail.mailbox import SpecialUse
from webmail.query.syntax import In, Node, leaves
from webmail.query.tokens import QUOTES

EVERYWHERE = frozenset({"anywhere", "all", "everywhere", "所有", "所有邮件", "任何位置"})
"""Names that mean all mailboxes, Trash and Junk too."""

_ROLES = {
    "spam": SpecialUse.JUNK,
    "bin": SpecialUse.TRASH,
    "deleted": SpecialUse.TRASH,
    "draft": SpecialUse.DRAFTS,
    "收件箱": SpecialUse.INBOX,
    "草稿": SpecialUse.DRAFTS,
    "草稿箱": SpecialUse.DRAFTS,
    "已发送": SpecialUse.SENT,
    "归档": SpecialUse.ARCHIVE,
    "垃圾邮件": SpecialUse.JUNK,
    "已删除": SpecialUse.TRASH,
}
_QUOTE = re.compile(f"[{QUOTES}]")


def place(typed: str) -> str:
    """A mailbox's name as an ``In`` holds it: casefolded, blanks made one, quotation marks, which cannot be typed, made blanks."""
    return " ".join(unicodedata.normalize("NFC", unicodedata.normalize("NFC", _QUOTE.sub(" ", typed)).casefold()).split())


def means(name: str, *, mailbox: str, delimiter: str, role: SpecialUse | None) -> bool:
    """Whether the name in an ``In`` means a mailbox: its role, its name, its name with ``/`` between the parts, or its last part.

    Each name of ``EVERYWHERE`` means every mailbox.
    """
    if name in EVERYWHERE or (role is not None and role == _ROLES.get(name, name)):
        return True
    parts = mailbox.split(delimiter) if delimiter else [mailbox]
    return name in {place(mailbox), place("/".join(parts)), place(parts[-1])}


def names_place(node: Node | None) -> bool:
    """Whether a query says where to look; one that does not leaves Trash and Junk out, as people expect."""
    return any(isinstance(leaf, In) for leaf, _ in leaves(node))
