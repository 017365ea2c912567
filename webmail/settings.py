"""Settings: every setting, typed and documented, read once from the environment and a TOML file.

Storey 1. The environment wins over the file. Names in the environment carry the prefix ``WEBMAIL_``; in
``webmail.toml`` they are the same in lower case without it. Each field's ``metadata["doc"]`` is its documentation.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from webmail.account import Security, Server
from webmail.errors import InvalidInput, WebmailError
from webmail.tls import is_loopback

PREFIX = "WEBMAIL_"


def setting(default: str | int, doc: str, *, secret: bool = False) -> Any:
    """A field of Settings with its documentation. A secret is left out where settings are printed."""
    return field(default=default, metadata={"doc": doc}, repr=not secret)


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings. Raises nothing by itself; ``load`` checks what it reads."""

    imap_host: str = setting("localhost", "Host name of the IMAP server; its certificate must carry this name.")
    imap_port: int = setting(0, "Port of the IMAP server. Default: 993 with `tls`, else 143.")
    imap_security: str = setting("tls", "`tls`, `starttls`, or `none` (only for a server on loopback).")
    smtp_host: str = setting("", "Host name of the server that takes mail for sending. Default: the IMAP host.")
    smtp_port: int = setting(0, "Its port. Default: 465 with `tls`, else 587.")
    smtp_security: str = setting("tls", "`tls`, `starttls`, or `none` (only for a server on loopback).")
    sieve_host: str = setting(
        "", "Host name of the ManageSieve server, which then keeps and runs people's filters. Empty: the worker runs them."
    )
    sieve_port: int = setting(4190, "Its port.")
    sieve_security: str = setting("starttls", "`starttls`, `tls`, or `none` (only for a server on loopback).")
    tls_ca_file: str = setting("", "A private certificate authority (PEM) trusted besides the system's; certificates are always verified.")
    mail_domain: str = setting("", "Added to a sign-in name without @ to make the From address. Empty: the person is asked once.")
    data_dir: str = setting("var", "Folder of the databases, the key and waiting attachments. Made with mode 0700.")
    database_url: str = setting(
        "", "Empty: SQLite files in the data folder. Else a PostgreSQL database: `postgresql://user:password@host/database`.", secret=True
    )
    secret_key_file: str = setting("", "File of the key that mail passwords are encrypted with. Default: `master.key` in the data folder.")
    bind: str = setting("127.0.0.1", "Address the web server listens on.")
    port: int = setting(8000, "Port the web server listens on.")
    threads: int = setting(32, "Threads of the web process.")
    worker: str = setting("embedded", "`embedded`: a child process of the same command; `external`: you run `flask --app app worker`.")
    public_url: str = setting("", "The address people type, e.g. `https://mail.example.org`. Plain http beyond loopback is refused.")
    trusted_proxies: int = setting(0, "How many reverse proxies in front of the web server set X-Forwarded-For, -Proto and -Host.")
    authserv_id: str = setting(
        "", "The name under which your mail server writes Authentication-Results (RFC 8601). Empty: no such field is believed."
    )
    dkim_verify: str = setting(
        "off", "`on`: the worker verifies DKIM signatures of new mail when it arrives, which asks the DNS for the keys of its senders."
    )
    save_hosts: str = setting(
        "", "Hosts of your own network that attachments may be saved to by WebDAV, parted by commas. Public hosts need no mention."
    )
    undo_seconds: int = setting(10, "How long a sent message waits for Undo before it is handed over.")
    sent_copy: str = setting(
        "auto",
        "Who puts what was sent into Sent: `append` (the webmail), `server` (the mail server, by itself), `auto` (it where it is Gmail).",
    )
    attachment_limit: int = setting(36_700_160, "Largest total size of one form's files, in bytes.")
    session_days: int = setting(30, "How long a session lives without being used.")

    @property
    def imap(self) -> Server:
        """The IMAP server people sign in to."""
        security = Security(self.imap_security)
        return Server(self.imap_host, self.imap_port or (993 if security is Security.TLS else 143), security, self.tls_ca_file)

    @property
    def smtp(self) -> Server:
        """The submission server."""
        security = Security(self.smtp_security)
        return Server(
            self.smtp_host or self.imap_host, self.smtp_port or (465 if security is Security.TLS else 587), security, self.tls_ca_file
        )

    @property
    def sieve(self) -> Server | None:
        """The server of scripts, or None where there is none."""
        if not self.sieve_host:
            return None
        return Server(self.sieve_host, self.sieve_port, Security(self.sieve_security), self.tls_ca_file)

    @property
    def data_path(self) -> Path:
        return Path(self.data_dir)

    @property
    def key_path(self) -> Path:
        return Path(self.secret_key_file) if self.secret_key_file else self.data_path / "master.key"

    @property
    def secure(self) -> bool:
        """Whether people reach the pages by https, so that cookies must be Secure."""
        return urlsplit(self.public_url).scheme == "https"


RANGES = {
    "imap_port": (0, 65_535),
    "smtp_port": (0, 65_535),
    "sieve_port": (1, 65_535),
    "port": (0, 65_535),
    "threads": (1, 1_000),
    "trusted_proxies": (0, 100),
    "undo_seconds": (0, 86_400),
    "attachment_limit": (1, 10**12),
    "session_days": (1, 3_650),
}
"""What the numbers among the settings may be."""


def load(environment: Mapping[str, str], *, file: Path | None = None) -> Settings:
    """The settings of the TOML file (if it exists) and the environment, checked.

    Raises InvalidInput whose ``field`` is the setting and whose code says what is wrong with it.
    """
    known = {each.name: each for each in fields(Settings)}
    found: dict[str, object] = {}
    if file is not None and file.exists():
        found.update(_read_file(file, known=set(known)))
    for name in known:
        value = environment.get(PREFIX + name.upper())
        if value is not None:
            found[name] = value
    return _checked(Settings(**{name: _typed(known[name], value) for name, value in found.items()}))


def _read_file(file: Path, *, known: set[str]) -> dict[str, object]:
    try:
        content = tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput("setting_file", field=file.name, reason=str(error)) from error
    for name in content:
        if name not in known:
            raise InvalidInput("setting_unknown", field=name)
    return content


def _typed(declared: Field[Any], value: object) -> Any:
    if isinstance(declared.default, int):
        try:
            return int(str(value))
        except ValueError as error:
            raise InvalidInput("setting_number", field=declared.name, value=str(value)) from error
    return str(value)


def _checked(settings: Settings) -> Settings:
    choices = {
        "imap_security": [each.value for each in Security],
        "smtp_security": [each.value for each in Security],
        "sieve_security": [each.value for each in Security],
        "worker": ["embedded", "external"],
        "dkim_verify": ["off", "on"],
        "sent_copy": ["auto", "append", "server"],
    }
    for name, allowed in choices.items():
        if getattr(settings, name) not in allowed:
            raise InvalidInput("setting_choice", field=name, value=getattr(settings, name), allowed=", ".join(allowed))
    for name, (least, most) in RANGES.items():
        if not least <= getattr(settings, name) <= most:
            raise InvalidInput("setting_range", field=name, value=getattr(settings, name), least=least, most=most)
    for name in ("imap", "smtp", "sieve"):
        server: Server | None = getattr(settings, name)
        if server is not None and server.security is Security.NONE and not is_loopback(server.host):
            raise InvalidInput("setting_insecure", field=f"{name}_security", host=server.host)
    if settings.tls_ca_file and not Path(settings.tls_ca_file).is_file():
        raise InvalidInput("setting_missing_file", field="tls_ca_file", value=settings.tls_ca_file)
    _check_public_url(settings)
    return settings


def _check_public_url(settings: Settings) -> None:
    """Plain http is for loopback only: a password must not cross a network unprotected."""
    try:
        url = urlsplit(settings.public_url)
    except ValueError as error:
        raise InvalidInput("setting_url", field="public_url", value=settings.public_url) from error
    if settings.public_url and (url.scheme not in ("http", "https") or not url.hostname):
        raise InvalidInput("setting_url", field="public_url", value=settings.public_url)
    if settings.secure:
        return
    if settings.public_url and not is_loopback(url.hostname or ""):
        raise InvalidInput("setting_plain_http", field="public_url", value=settings.public_url)
    if not is_loopback(settings.bind):
        raise InvalidInput("setting_plain_http", field="bind", value=settings.bind)


EXPLANATIONS = {
    "database_url_unsupported": "{field} must be empty or look like postgresql://user:password@host/database",
    "database_encoding": "{field}: the database must be made with the encoding UTF8, not {encoding}",
    "store_unavailable": "the database does not answer: {reason}",
    "database_upgrade": "the database has version {version}, which this program cannot use: {reason}",
    "key_readable": "{field}: the file of the master key can be read by others; run chmod 600 on it",
    "key_content": "{field}: this is not a file with a master key",
    "setting_file": "{field} is not valid TOML: {reason}",
    "setting_unknown": "there is no setting named {field} in webmail.toml",
    "setting_number": "{field} must be a whole number, not {value!r}",
    "setting_range": "{field} must be a number from {least} to {most}, not {value}",
    "setting_choice": "{field} must be one of {allowed}, not {value!r}",
    "setting_insecure": "{field} may be none only for a server on loopback, not for {host}",
    "setting_missing_file": "{field}: there is no file {value}",
    "setting_url": "{field} must look like https://mail.example.org, not {value!r}",
    "setting_plain_http": (
        "{field} {value!r} would serve pages over plain http beyond this machine. Put a proxy with TLS in front and set WEBMAIL_PUBLIC_URL=https://…"
    ),
}


def explain(error: WebmailError) -> str:
    """One plain line for the administrator about a setting, or a database, that cannot be used."""
    field = error.field if isinstance(error, InvalidInput) else ""
    return EXPLANATIONS[error.code].format(field=field, **error.values) if error.code in EXPLANATIONS else str(error)
