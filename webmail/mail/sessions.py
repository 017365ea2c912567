"""Server-side sessions of browsers, as the pages use them."""

from __future__ import annotations

from webmail.store.sessions import StoredSession, count_for_account, create, end, end_all, expire, load, of_user, save, touch

__all__ = ["StoredSession", "count_for_account", "create", "end", "end_all", "expire", "load", "of_user", "save", "touch"]
