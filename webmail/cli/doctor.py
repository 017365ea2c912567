"""``doctor``: looks at the settings, the mail servers and the databases, and says in plain lines what is wrong."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import click

from webmail import managesieve, smtp
from webmail.account import Credentials, Security, Server
from webmail.errors import InvalidInput, WebmailError
from webmail.imap import connection, mailboxes
from webmail.settings import Settings, explain, load
from webmail.store.database import Database

SETTINGS_FILE = Path("webmail.toml")
TIMEOUT = 10.0

HINTS = {
    "connect": "nothing answers there: is the host name right, the port open, the server running?",
    "timeout": "no answer in time: a firewall, or the wrong port?",
    "greeting": "something else than a mail server answers there",
    "disconnected": "the server hung up: with security starttls the port is another one than with tls",
    "tls_certificate": "the certificate is not trusted; a private authority belongs into WEBMAIL_TLS_CA_FILE",
    "tls_expired": "the certificate has expired; the server's owner has to renew it",
    "tls_hostname": "the certificate is for another name; use the name that stands in it as the host",
    "tls_failed": "no TLS on this port: perhaps it wants starttls",
    "starttls_refused": "the server offers no STARTTLS on this port: perhaps it wants tls",
    "preauth": "the server signs everybody in without a password, which is refused",
    "login_disabled": "the server takes no passwords on this connection",
    "no_auth_mechanism": "the server offers no sign-in with a password",
    "credentials": "name or password are wrong",
}

USEFUL = {
    "UIDPLUS": "moved messages are found at once",
    "MOVE": "moving is one step",
    "SPECIAL-USE": "folders name their roles",
    "LIST-STATUS": "all folders and counts in one round trip",
    "CONDSTORE": "changes are seen cheaply",
    "ESEARCH": "short answers to searches",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. ``good`` is None for what is only information."""

    what: str
    words: str
    good: bool | None = True


@click.command()
@click.option("--user", default="", help="Sign in too, as this person; the password is asked for.")
def doctor(user: str) -> None:
    """Check settings, mail servers and databases, and say what is wrong."""
    credentials = Credentials(user, click.prompt("Password", hide_input=True)) if user else None
    failed = 0
    for finding in examine(credentials):
        failed += finding.good is False
        click.echo(f"{ {True: 'ok  ', False: 'BAD ', None: '    '}[finding.good] } {finding.what:<10} {finding.words}")
    click.echo("Everything needed works." if not failed else f"{failed} of these need{'s' if failed == 1 else ''} attention.")
    sys.exit(1 if failed else 0)


def examine(credentials: Credentials | None) -> Iterator[Finding]:
    """Everything there is to say; connects to both mail servers. Raises nothing that an administrator can mend."""
    try:
        settings = load(os.environ, file=SETTINGS_FILE)
    except InvalidInput as error:
        yield Finding("settings", explain(error), good=False)
        return
    source = f"the environment and {SETTINGS_FILE}" if SETTINGS_FILE.exists() else "the environment"
    yield Finding("settings", f"from {source}")
    yield from _database(settings)
    yield from _imap(settings.imap, credentials)
    yield from _smtp(settings.smtp, credentials)
    if settings.sieve is not None:
        yield from _sieve(settings.sieve, credentials)


def _database(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_path.absolute()
    try:
        with (
            closing(Database.open(settings.data_path, url=settings.database_url, key_path=settings.key_path)) as database,
            database.durable(),
        ):
            yield Finding("database", f"opens in {database.place}")
    except (WebmailError, OSError) as error:
        where = "" if settings.database_url else f" in {folder}"
        reason = explain(error) if isinstance(error, WebmailError) else error
        yield Finding("database", f"cannot be opened{where}: {reason}", good=False)
        return
    mode = settings.key_path.stat().st_mode & 0o777
    yield Finding("key", f"{settings.key_path} has mode {mode:03o}", good=mode & 0o077 == 0)


def _place(server: Server) -> str:
    protection = {Security.TLS: "TLS", Security.STARTTLS: "STARTTLS", Security.NONE: "no encryption, loopback only"}[server.security]
    return f"{server.host} port {server.port}, {protection}"


def _trouble(what: str, error: WebmailError) -> Finding:
    said = f" (the server said: {error.server_text})" if error.server_text else ""
    return Finding(what, HINTS.get(error.code, error.code) + said, good=False)


def _imap(server: Server, credentials: Credentials | None) -> Iterator[Finding]:
    try:
        with closing(connection.connect(server, timeout=TIMEOUT)) as found:
            yield Finding("imap", f"{_place(server)}: answers")
            if credentials is not None:
                found.authenticate(credentials)
                yield Finding("imap", f"{credentials.username} can sign in and has {len(mailboxes.list_mailboxes(found))} folders")
            for name, use in USEFUL.items():
                if credentials is not None:
                    yield Finding("imap", f"{name:<12} {'yes' if found.has(name) else 'no ':<4} ({use})", good=None)
    except WebmailError as error:
        yield Finding("imap", _place(server), good=None)
        yield _trouble("imap", error)


def _smtp(server: Server, credentials: Credentials | None) -> Iterator[Finding]:
    try:
        with smtp.connect(server, timeout=TIMEOUT) as session:
            yield Finding("smtp", f"{_place(server)}: answers{', ' + session.tls if session.tls else ''}")
            if credentials is not None:
                session.authenticate(credentials)
                yield Finding("smtp", f"{credentials.username} can sign in")
            limit = f"{session.max_size // 1_000_000} MB" if session.max_size else "not said"
            yield Finding("smtp", f"largest message: {limit}; {', '.join(sorted(session.extensions))}", good=None)
    except WebmailError as error:
        yield Finding("smtp", _place(server), good=None)
        yield _trouble("smtp", error)


def _sieve(server: Server, credentials: Credentials | None) -> Iterator[Finding]:
    try:
        with closing(managesieve.connect(server)) as found:
            yield Finding("sieve", f"{_place(server)}: answers")
            if credentials is not None:
                found.authenticate(credentials)
                yield Finding("sieve", f"{credentials.username} can sign in and has {len(found.scripts())} scripts")
            yield Finding("sieve", f"offers {', '.join(sorted(found.extensions))}", good=None)
    except WebmailError as error:
        yield Finding("sieve", _place(server), good=None)
        yield _trouble("sieve", error)


if __name__ == "__main__":
    doctor()
