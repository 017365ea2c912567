"""The names of folders as people see them: roles in the reader's language, the rest as they are called."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from flask_babel import lazy_gettext

from webmail.mailbox import Mailbox, SpecialUse
from webmail.web import language

ROLE_ICONS = {
    SpecialUse.INBOX: "inbox",
    SpecialUse.DRAFTS: "draft",
    SpecialUse.SENT: "send",
    SpecialUse.ARCHIVE: "archive",
    SpecialUse.JUNK: "junk",
    SpecialUse.TRASH: "trash",
    SpecialUse.FLAGGED: "flag",
}
ROLES = frozenset(SpecialUse)
ROLE_NAMES = {
    SpecialUse.INBOX: lazy_gettext("Inbox"),
    SpecialUse.DRAFTS: lazy_gettext("Drafts"),
    SpecialUse.SENT: lazy_gettext("Sent"),
    SpecialUse.ARCHIVE: lazy_gettext("Archive"),
    SpecialUse.JUNK: lazy_gettext("Junk"),
    SpecialUse.TRASH: lazy_gettext("Trash"),
    SpecialUse.FLAGGED: lazy_gettext("Flagged"),
    SpecialUse.ALL: lazy_gettext("All mail"),
    SpecialUse.IMPORTANT: lazy_gettext("Important"),
}
DEEPEST = 4
"""Levels of indentation drawn."""


def mailbox_name(mailbox: Mailbox) -> str:
    """The name people see: roles have a name in the reader's language, the rest their own."""
    return role_name(mailbox.special_use) or mailbox.label


def role_name(role: SpecialUse | str | None) -> str:
    """The name of a role, or an empty string for what is none."""
    return _worded(SpecialUse(role), language.code()) if role in ROLES else ""


@lru_cache(maxsize=256)
def _worded(role: SpecialUse, locale_code: str) -> str:  # noqa: ARG001 - the locale is what the cache tells apart
    """A page names its folders several times over."""
    return str(ROLE_NAMES[role])


def mailbox_icon(mailbox: Mailbox) -> str:
    """The icon of a mailbox by its role."""
    return ROLE_ICONS.get(mailbox.special_use, "folder") if mailbox.special_use else "folder"


def tree(known: Sequence[Mailbox]) -> list[tuple[Mailbox, int]]:
    """Mailboxes without a role, each with its depth below the nearest of them."""
    plain = [mailbox for mailbox in known if mailbox.special_use is None]
    base = min((mailbox.depth for mailbox in plain), default=0)
    return [(mailbox, min(mailbox.depth - base, DEEPEST)) for mailbox in plain]
