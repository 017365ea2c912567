"""The application: settings, databases and the IMAP pool are put together here, and handed to the pages and commands."""

from __future__ import annotations

import gc
import os
from datetime import timedelta
from pathlib import Path

from flask import Flask

from webmail import authentication, web
from webmail.cli import commands
from webmail.imap.pool import Pool
from webmail.mail import accounts
from webmail.mail.session import Gate
from webmail.settings import Settings, load
from webmail.store.database import Database
from webmail.web.services import Services

SETTINGS_FILE = Path("webmail.toml")
COLLECT_AFTER = (10_000, 20, 20)


def create_app(settings: Settings | None = None) -> Flask:
    """The Flask application. Starts no thread and no process and makes no connection; opens the databases.

    Raises InvalidInput for settings that cannot be used.
    """
    settings = settings or load(os.environ, file=SETTINGS_FILE)
    app = Flask("webmail", root_path=str(Path(__file__).parent), template_folder="templates", static_folder="static")
    gate = build_gate(settings)
    web.register(
        app,
        Services(
            gate=gate,
            secure_cookies=settings.secure,
            public_url=settings.public_url,
            trusted_proxies=settings.trusted_proxies,
            upload_limit=settings.attachment_limit,
            session_lifetime=timedelta(days=settings.session_days),
            secret_key=gate.database.key.derived("form tokens"),
        ),
    )
    commands.register(app, gate)
    return app


def create_served_app() -> Flask:
    """The application for a process that does nothing else: what it starts with is left out of garbage collection.

    A page makes thousands of short-lived values and no cycles; looking through all that lives for each of them costs a
    millisecond or two.
    """
    app = create_app()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
    return app


def build_gate(settings: Settings) -> Gate:
    """What the mail service is built on."""
    gate = Gate(
        database=Database.open(settings.data_path, url=settings.database_url, key_path=settings.key_path),
        imap=Pool(),
        imap_server=settings.imap,
        smtp_server=settings.smtp,
        mail_domain=settings.mail_domain,
        undo_seconds=settings.undo_seconds,
        sent_copy=settings.sent_copy,
        authserv_id=settings.authserv_id.strip(),
        sieve_server=settings.sieve,
        save_hosts=frozenset(settings.save_hosts.lower().replace(",", " ").split()),
        dkim_lookup=authentication.dns_lookup() if settings.dkim_verify == "on" else None,
    )
    accounts.adopt_servers(gate.database, imap=gate.imap_server, smtp=gate.smtp_server)
    return gate
