"""Dovecot: the real IMAP, LMTP, POP3, ManageSieve and submission server, one for all tests of a process, a fresh mailbox for each test.

It runs without privileges: as the user who runs the tests, or as ``nobody`` where that is root.
"""

from __future__ import annotations

import base64
import contextlib
import grp
import imaplib
import itertools
import os
import pwd
import shutil
import smtplib
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.servers.authority import Authority
from webmail.account import Credentials, Security, Server

HOST = "127.0.0.1"
DOMAIN = "example.test"

_CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log/dovecot.log
protocols = imap lmtp pop3 sieve submission
listen = 127.0.0.1
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
mail_uid = {user}
mail_gid = {group}
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_username_format = %Lu
auth_failure_delay = 0
login_trusted_networks = 127.0.0.0/8
passdb {{
  driver = passwd-file
  args = {folder}/users/%Lu
}}
userdb {{
  driver = static
  args = home={folder}/mail/%u allow_all_users=yes
}}
mail_home = {folder}/mail/%u
mail_location = maildir:~/Maildir
mail_plugins = quota
mail_fsync = never
mail_max_userip_connections = 100
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Drafts {{
    special_use = \\Drafts
    auto = subscribe
  }}
  mailbox Sent {{
    special_use = \\Sent
    auto = subscribe
  }}
  mailbox Trash {{
    special_use = \\Trash
    auto = subscribe
  }}
  mailbox Junk {{
    special_use = \\Junk
    auto = subscribe
  }}
  mailbox Archive {{
    special_use = \\Archive
    auto = subscribe
  }}
}}
namespace public {{
  type = public
  prefix = Public/
  separator = /
  location = maildir:{folder}/public
  subscriptions = no
  list = children
}}
protocol imap {{
  mail_plugins = $mail_plugins imap_quota
  mail_max_userip_connections = 100
}}
protocol lmtp {{
  mail_plugins = $mail_plugins sieve
  postmaster_address = postmaster@example.test
}}
plugin {{
  quota = maildir:User quota
  quota_rule = *:storage=1G
  quota_rule2 = Tiny:storage=+0
  sieve = file:~/sieve;active=~/.dovecot.sieve
}}
submission_relay_host = 127.0.0.1
submission_relay_port = {relay}
submission_relay_trusted = yes
service auth {{
  inet_listener {{
    port = {auth}
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  service_count = 0
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
service submission-login {{
  chroot =
  inet_listener submission {{
    port = {submission}
  }}
  inet_listener submissions {{
    port = 0
  }}
}}
service managesieve-login {{
  chroot =
  inet_listener sieve {{
    port = {sieve}
  }}
}}
service lmtp {{
  user = {user}
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
service imap-urlauth-login {{
  chroot =
}}
"""


def free_ports(count: int) -> list[int]:
    """Ports of the loopback that nobody listens on at the moment."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((HOST, 0))
        return [one.getsockname()[1] for one in sockets]


class Dovecot:
    """A running Dovecot. ``imap`` (with STARTTLS), ``imaps``, ``lmtp``, ``pop3``, ``sieve``, ``submission`` are its ports.

    ``auth`` is the port through which Postfix asks it whether a password is right.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = itertools.count(1)
        self._passwords: dict[str, str] = {}
        self.authority = Authority(folder / "authority")
        self.ca_file = self.authority.ca_file
        self.imap, self.imaps, self.lmtp, self.pop3, self.submission, self.relay, self.auth, self.sieve = free_ports(8)
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        user = pwd.getpwuid(os.getuid())
        if user.pw_uid == 0:
            user = pwd.getpwnam("nobody")
        certificate, key = self.authority.issue(["localhost", HOST])
        for name in ("run", "state", "log", "mail", "users", "public"):
            (self.folder / name).mkdir()
        config = self.folder / "dovecot.conf"
        ports = {name: getattr(self, name) for name in ("imap", "imaps", "lmtp", "pop3", "submission", "relay", "auth", "sieve")}
        names = {"user": user.pw_name, "group": grp.getgrgid(user.pw_gid).gr_name}
        config.write_text(_CONFIG.format(folder=self.folder, certificate=certificate, key=key, **ports, **names), "utf-8")
        other: dict[str, object] = {}
        if os.getuid() == 0:
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, user.pw_uid, user.pw_gid)
            other = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        command = [shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or "dovecot", "-F", "-c", str(config)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=self.folder, **other)  # type: ignore[call-overload]
        self._await(process)
        return process

    def _await(self, process: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + 20
        while time.monotonic() < until and process.poll() is None:
            try:
                with socket.create_connection((HOST, self.imap), timeout=5) as one:
                    if one.recv(4) == b"* OK":
                        return
            except OSError:
                time.sleep(0.02)
        process.kill()
        said = process.communicate()[1].decode("utf-8", "replace")
        log = self.folder / "log" / "dovecot.log"
        raise RuntimeError(f"Dovecot does not start: {said} {log.read_text() if log.exists() else ''}")

    def stop(self) -> None:
        """End the server and its children."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stderr:
            self._process.stderr.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def new_user(self, password: str = "secret", *, quota: str = "", domain: str = DOMAIN) -> str:
        """The name of a new user with an empty mailbox, ``user1@example.test`` or only ``user1``; ``quota`` such as ``20K``."""
        username = f"user{next(self._numbers)}" + (f"@{domain}" if domain else "")
        secret = base64.b64encode(password.encode("utf-8")).decode("ascii")
        extra = f"userdb_quota_rule=*:storage={quota}" if quota else ""
        # A file for each user: Dovecot looks at most once a second whether one has changed.
        (self.folder / "users" / username).write_text(f"{username}:{{PLAIN.b64}}{secret}::::::{extra}\n", "utf-8")
        self._passwords[username] = password
        return username

    def credentials(self, username: str) -> Credentials:
        """What signs the user in."""
        return Credentials(username, self._passwords[username])

    def server(self, security: Security = Security.TLS) -> Server:
        """How to reach IMAP."""
        return Server("localhost", self.imaps if security is Security.TLS else self.imap, security, str(self.ca_file))

    def scripts(self) -> Server:
        """How to reach the scripts of people, over STARTTLS."""
        return Server("localhost", self.sieve, Security.STARTTLS, str(self.ca_file))

    def deliver(self, username: str, raw: bytes, *, sender: str = "sender@example.org") -> None:
        """Hand a message over by LMTP, as a mail server does."""
        with smtplib.LMTP(HOST, self.lmtp, timeout=20) as session:
            session.sendmail(sender, [username], raw)

    @contextlib.contextmanager
    def side(self, username: str, mailbox: str = "INBOX", *, readonly: bool = False) -> Iterator[imaplib.IMAP4]:
        """A second client of the same user, with a mailbox selected; what it sees is the truth."""
        client = imaplib.IMAP4(HOST, self.imap, timeout=20)
        try:
            client.login(username, self._passwords[username])
            client.select(f'"{mailbox}"', readonly)
            yield client
        finally:
            client.logout()

    def put(self, username: str, messages: Iterable[bytes], *, mailbox: str = "INBOX", flags: str = "", date: str = "") -> None:
        """Store messages in a mailbox as they are; line ends are made CRLF."""
        with self.side(username) as client:
            for raw in messages:
                whole = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
                status, said = client.append(f'"{mailbox}"', flags, f'"{date}"' if date else "", whole)  # type: ignore[arg-type]
                assert status == "OK", said

    def fill(self, username: str, messages: Iterable[bytes], *, mailbox: str = "") -> None:
        """Put many messages into a mailbox's folder on disk at once; INBOX unless ``mailbox`` is given. Much faster."""
        maildir = self.folder / "mail" / username / "Maildir"
        with self.side(username):
            pass  # Makes the folders, with the owner the server needs.
        target = maildir / (f".{mailbox.replace('/', '.')}" if mailbox else "") / "cur"
        owner = maildir.stat()
        for number, raw in enumerate(messages, 1):
            path = target / f"{1_700_000_000 + number}.M{number}.test:2,"
            path.write_bytes(raw)
            os.utime(path, (1_700_000_000 + number, 1_700_000_000 + number))
            if os.getuid() == 0:
                os.chown(path, owner.st_uid, owner.st_gid)


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """The Dovecot of this test process."""
    folder = Path(tempfile.mkdtemp(prefix="webmail-dovecot-"))
    server = Dovecot(folder)
    yield server
    server.stop()
