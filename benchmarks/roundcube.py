"""Roundcube beside us, on the same Dovecot: as Debian packages it, where it is installed (roundcube-core, roundcube-sqlite3, php-cli).

PHP serves it by itself, with its compiled code kept in memory; Roundcube's own caches are off, as they come. Of a list, the
request is measured that its page sends, which answers the rows without the page around them.
"""

from __future__ import annotations

import http.client
import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

from tests.servers.application import free_port
from tests.servers.dovecot import Dovecot

PUBLIC = Path("/var/lib/roundcube/public_html")
TABLES = Path("/usr/share/roundcube/SQL/sqlite.initial.sql")
DEFAULTS = Path("/etc/roundcube")
PHP_OPTIONS = ("opcache.enable=1", "opcache.enable_cli=1", "opcache.validate_timestamps=0", "memory_limit=256M")


def installed() -> bool:
    """Whether there is anything to measure."""
    return PUBLIC.is_dir() and TABLES.is_file() and shutil.which("php") is not None


class Roundcube:
    """A browser signed in to Roundcube."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookies: dict[str, str] = {}
        self.token = ""
        self.milliseconds = 0.0

    def request(self, method: str, path: str, *, fields: dict[str, str] | None = None) -> tuple[int, str, str]:
        """Status, location and answer. PHP's server closes each connection, so to connect is part of the time."""
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()), "X-Roundcube-Request": self.token}
        body = urlencode(fields) if fields is not None else None
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        start = time.perf_counter()
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)) as connection:
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            octets = answer.read()
        self.milliseconds = (time.perf_counter() - start) * 1000
        for given in answer.headers.get_all("Set-Cookie") or []:
            for name, morsel in SimpleCookie(given).items():
                self.cookies[name] = morsel.value
        return answer.status, answer.getheader("Location") or "", octets.decode("utf-8", "replace")

    def sign_in(self, username: str, password: str) -> None:
        """Sign in by the form, and open the page of the inbox."""
        self._read_token(self.request("GET", "/")[2])
        fields = {"_task": "login", "_action": "login", "_token": self.token, "_timezone": "UTC", "_user": username, "_pass": password}
        status, location, page = self.request("POST", "/?_task=login", fields=fields)
        if status != 302:
            raise RuntimeError(f"Roundcube answered {status}: {page[:500]}")
        self._read_token(self.request("GET", "/" + location.lstrip("./"))[2])

    def _read_token(self, page: str) -> None:
        found = re.search(r'"request_token":"([^"]+)"', page)
        if found is None:
            raise RuntimeError(f"Roundcube gave no token: {page[:500]}")
        self.token = found[1]

    def page(self, number: int, *, sort: str = "") -> float:
        """The milliseconds of one page of 50 of the inbox, counted from 1."""
        sorted_by = f"&_sort={sort}" if sort else ""
        status, _, answer = self.request("GET", f"/?_task=mail&_action=list&_mbox=INBOX&_page={number}&_remote=1{sorted_by}")
        if status != 200 or answer.count("add_message_row(") != 50:
            raise RuntimeError(f"Roundcube answered {status}: {answer[:500]}")
        return self.milliseconds


@contextmanager
def serve(dovecot: Dovecot, username: str) -> Iterator[Roundcube]:
    """Roundcube in front of a Dovecot, in a process and a folder of its own, with somebody signed in."""
    with tempfile.TemporaryDirectory(prefix="webmail-bench-roundcube-") as folder:
        port = free_port()
        _configure(Path(folder), imap_port=dovecot.imap)
        options = [word for each in PHP_OPTIONS for word in ("-d", each)]
        command = ["php", *options, "-d", f"session.save_path={folder}", "-S", f"127.0.0.1:{port}", "-t", str(PUBLIC)]
        log = Path(folder) / "php.log"
        with log.open("wb") as target:
            process = subprocess.Popen(
                command, cwd=PUBLIC, env=os.environ | {"ROUNDCUBE_CONFIG_DIR": f"{folder}/config"}, stdout=target, stderr=target
            )
        try:
            yield _visit(port, username)
        finally:
            process.terminate()
            process.wait(timeout=20)


def _visit(port: int, username: str) -> Roundcube:
    until = time.monotonic() + 20
    while True:
        try:
            visitor = Roundcube(port)
            visitor.sign_in(username, "secret")
            return visitor
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def _configure(folder: Path, *, imap_port: int) -> None:
    """A folder of settings with a database of its own; all that is not said here is as Roundcube comes."""
    config = folder / "config"
    config.mkdir()
    for name in ("defaults.inc.php", "mimetypes.php"):
        (config / name).symlink_to(DEFAULTS / name)
    said = {
        "db_dsnw": f"sqlite:///{folder}/roundcube.sqlite?mode=0640",
        "imap_host": f"127.0.0.1:{imap_port}",
        "des_key": "a key of 24 octets only.",
        "language": "en_US",
        "skin": "elastic",
        "log_dir": f"{folder}/",
        "temp_dir": f"{folder}/",
    }
    lines = [f"$config['{name}'] = '{value}';" for name, value in said.items()]
    (config / "config.inc.php").write_text("\n".join(["<?php", "$config = ['plugins' => []];", *lines, ""]))
    with closing(sqlite3.connect(folder / "roundcube.sqlite")) as database:
        database.executescript(TABLES.read_text())
