"""Attempts to sign in are counted per account and address, and per address, so that passwords cannot be tried in bulk.

Only attempts that failed count. The counters live in this process; several web processes multiply the limits.
"""

from __future__ import annotations

import time

from flask import Flask, Response, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

PER_ACCOUNT = "8 per 5 minutes; 40 per day"
PER_ADDRESS = "30 per 5 minutes; 200 per day"


def account_and_address() -> str:
    """The counter of one account as tried from one address."""
    return f"{request.form.get('username', '').strip().casefold()[:200]}|{get_remote_address()}"


def failed(response: Response) -> bool:
    """Whether an answer to the sign-in form means that the attempt failed."""
    return response.status_code in (400, 401)


limiter = Limiter(key_func=get_remote_address, storage_uri="memory://")


def seconds_left() -> int:
    """How long until the limit that was hit allows the next attempt."""
    hit = limiter.current_limit
    return max(1, int(hit.reset_at - time.time())) if hit else 60


def init(app: Flask) -> None:
    """Install the counters."""
    limiter.init_app(app)
