"""The operators of a query and the values they take by name, in English and Chinese."""

from __future__ import annotations

import difflib
import unicodedata

from webmail.query.syntax import Field, State

FIELDS = {each.value: each for each in Field}
"""The operators that look for words in one field."""

DATES = frozenset({"before", "after", "older_than", "newer_than"})
SIZES = frozenset({"larger", "smaller"})

_ALIASES = {
    "bcc": "to",
    "file": "filename",
    "folder": "in",
    "label": "in",
    "mailbox": "in",
    "older": "before",
    "newer": "after",
    "since": "after",
    "size": "larger",
    "发件人": "from",
    "寄件人": "from",
    "收件人": "to",
    "抄送": "cc",
    "密送": "to",
    "主题": "subject",
    "主旨": "subject",
    "主題": "subject",
    "标题": "subject",
    "正文": "body",
    "内容": "body",
    "文件名": "filename",
    "附件名": "filename",
    "邮件列表": "list",
    "文件夹": "in",
    "位于": "in",
    "状态": "is",
    "包含": "has",
    "大于": "larger",
    "小于": "smaller",
    "早于": "before",
    "晚于": "after",
}
_NAMES = {name: name for name in (*FIELDS, *DATES, *SIZES, "has", "in", "is")} | _ALIASES

STATES = {each.value: each for each in State} | {
    "unseen": State.UNREAD,
    "seen": State.READ,
    "starred": State.FLAGGED,
    "unstarred": State.UNFLAGGED,
    "replied": State.ANSWERED,
    "未读": State.UNREAD,
    "已读": State.READ,
    "星标": State.FLAGGED,
    "已加星标": State.FLAGGED,
    "已回复": State.ANSWERED,
}
"""The values of ``is:``."""

ATTACHMENT = frozenset({"attachment", "attachments", "附件"})
"""The values of ``has:``."""

# What stands before a colon in ordinary text and is no attempt at an operator.
_ORDINARY = frozenset({"http", "https", "ftp", "mailto", "tel", "cid", "urn", "re", "fw", "fwd", "aw", "wg", "localhost"})


def operator(name: str) -> str | None:
    """The operator that a name before a colon means, in any case and width; None if it means none."""
    return _NAMES.get(unicodedata.normalize("NFKC", name).casefold())


def suggestion(name: str) -> str | None:
    """The operator that somebody meant who wrote a name that is none: empty if none is like it, None if no operator was meant."""
    folded = name.casefold()
    if folded in _ORDINARY:
        return None
    return next(iter(difflib.get_close_matches(folded, [each for each in _NAMES if each.isascii()], n=1, cutoff=0.7)), "")
