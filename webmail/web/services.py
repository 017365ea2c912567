"""Services: what the pages are given by the application, as plain values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

from flask import current_app

from webmail.mail.session import Gate


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Services:
    """The mail service's gate, and what of the settings concerns pages.

    ``secret_key`` signs the tokens of forms; empty: a new one at each start, which voids forms open at that time.
    ``trusted_proxies`` is how many proxies in front of us set the forwarded headers; ``upload_limit`` bounds one form in octets.
    """

    gate: Gate
    secure_cookies: bool = False
    public_url: str = ""
    trusted_proxies: int = 0
    secret_key: str = ""
    upload_limit: int = 36_700_160
    session_lifetime: timedelta = timedelta(days=30)
    now: Callable[[], datetime] = _utc_now

    @property
    def cookie_name(self) -> str:
        """The prefix makes browsers refuse the cookie from a neighbouring host or over plain http (RFC 6265bis §4.1.3)."""
        return "__Host-webmail" if self.secure_cookies else "webmail"


def services() -> Services:
    """The services of the application that answers this request."""
    return cast(Services, current_app.extensions["webmail"])
