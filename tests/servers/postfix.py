"""Postfix: Debian's Postfix as a submission server, run from a folder of its own on free ports of 127.0.0.1.

It signs people in by asking a Dovecot, delivers mail for its domain to that Dovecot by LMTP, and takes mail for
any other domain and throws it away. It must be started by root: Postfix changes its user and refuses to do without.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest

from tests.servers.dovecot import DOMAIN, HOST, Dovecot, free_ports
from webmail.account import Security, Server

_MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.{domain}
mydestination =
mynetworks =
alias_maps =
maillog_file = {folder}/log/postfix.log
maillog_file_prefixes = {folder}
virtual_mailbox_domains = {domain}
virtual_mailbox_maps = regexp:{folder}/etc/mailboxes
virtual_transport = lmtp:inet:127.0.0.1:{lmtp_port}
default_transport = discard:elsewhere
relay_transport = discard:elsewhere
message_size_limit = {size_limit}
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{auth_port}
smtpd_sasl_security_options = noanonymous
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
smtpd_tls_auth_only = yes
smtpd_tls_loglevel = 1
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = reject_unlisted_recipient, permit_sasl_authenticated, reject
smtpd_peername_lookup = no
smtpd_delay_reject = no
smtp_dns_support_level = disabled
bounce_queue_lifetime = 0
maximal_queue_lifetime = 0
biff = no
"""

_MASTER = """\
127.0.0.1:{submission_port} inet n - n - - smtpd
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_tls_security_level=encrypt
127.0.0.1:{smtps_port} inet n - n - - smtpd
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_tls_wrappermode=yes
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """Runs while inside ``with``. ``mailboxes`` is the pattern of the local parts that exist; others are refused at RCPT."""

    def __init__(self, folder: Path, *, dovecot: Dovecot, mailboxes: str = "user[0-9]+", size_limit: int = 50_000_000) -> None:
        _check()
        self.folder = folder
        self.ca_file = dovecot.ca_file
        self.submission_port, self.smtps_port = free_ports(2)
        # Postfix's own users must be able to reach it; so must every parent of it.
        folder.chmod(0o755)
        for name in ("etc", "log", "spool", "data"):
            (folder / name).mkdir()
        shutil.chown(folder / "data", "postfix")
        shutil.chown(folder / "log", "postfix")
        certificate, key = dovecot.authority.issue(["localhost", HOST])
        values = {
            "folder": folder,
            "domain": DOMAIN,
            "lmtp_port": dovecot.lmtp,
            "auth_port": dovecot.auth,
            "size_limit": size_limit,
            "certificate": certificate,
            "key": key,
            "submission_port": self.submission_port,
            "smtps_port": self.smtps_port,
        }
        (folder / "etc/main.cf").write_text(_MAIN.format(**values), "utf-8")
        (folder / "etc/master.cf").write_text(_MASTER.format(**values), "utf-8")
        (folder / "etc/mailboxes").write_text(f"/^{mailboxes}@{DOMAIN}$/ known\n", "utf-8")

    @property
    def submission(self) -> Server:
        """The port with STARTTLS."""
        return Server("localhost", self.submission_port, Security.STARTTLS, str(self.ca_file))

    @property
    def submissions(self) -> Server:
        """The port with TLS from the first byte."""
        return Server("localhost", self.smtps_port, Security.TLS, str(self.ca_file))

    @property
    def log(self) -> str:
        return (self.folder / "log/postfix.log").read_text()

    def wait_for(self, text: str, *, seconds: float = 10) -> None:
        """Return when the log says this; AssertionError with the log if it does not in time."""
        end = time.monotonic() + seconds
        while text not in self.log:
            assert time.monotonic() < end, f"{text!r} is not in the log:\n{self.log}"
            time.sleep(0.02)

    def __enter__(self) -> Self:
        done = subprocess.run(["postfix", "-c", str(self.folder / "etc"), "start"], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"Postfix did not start: {done.stderr.strip()}")
        for port in (self.submission_port, self.smtps_port):
            _wait_for_port(port)
        return self

    def __exit__(self, *details: object) -> None:
        pid_file = self.folder / "spool/pid/master.pid"
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            pid = int(pid_file.read_text())
            os.kill(pid, signal.SIGTERM)
            _wait_for_end(pid)


def _check() -> None:
    """One clear line where Postfix cannot run, instead of a test that quietly is not there."""
    if os.geteuid() != 0:
        raise RuntimeError(
            "The Postfix tests need root: Postfix refuses to be started by anybody else. Run them as root, as continuous integration does."
        )
    if shutil.which("postfix") is None:
        raise RuntimeError("The Postfix tests need Debian's package postfix: `make test` installs it.")


def _wait_for_port(port: int) -> None:
    end = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)
        else:
            return


def _wait_for_end(pid: int) -> None:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        os.kill(pid, 0)
        time.sleep(0.02)


@pytest.fixture(scope="session")
def postfix(dovecot: Dovecot) -> Iterator[Postfix]:
    """The Postfix of this test process; it delivers to the Dovecot of this test process."""
    with tempfile.TemporaryDirectory(prefix="webmail-postfix-") as folder, Postfix(Path(folder), dovecot=dovecot) as server:
        yield server
