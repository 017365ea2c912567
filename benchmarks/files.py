"""An attachment of 50 MB, over HTTP from `make serve`: how fast it comes, and what the web process weighs meanwhile.

`python -m benchmarks.files` runs these alone. *raw* is one authenticated connection to the same Dovecot that fetches the same
section in pieces of 1 MB and throws them away; it and ours are measured in turn. Megabytes are those of the file, of which IMAP
carries 1.37 times as many.
"""

from __future__ import annotations

import base64
import os
import re
import socket
import statistics
import threading
import time

from benchmarks import memory
from benchmarks.browser import Browser
from benchmarks.house import mailbox_paths, servers, visit
from benchmarks.report import Report
from tests.servers.application import Application
from tests.servers.dovecot import Dovecot
from webmail.imap import fetch
from webmail.imap.connection import Connection, connect

OCTETS = 50 * 1024 * 1024
TURNS = int(os.environ.get("BENCH_FILES", "7"))
SHOWN = re.compile(r'data-message="(\d+)"')


def letter() -> bytes:
    """A message with a file of 50 MB that cannot be made smaller."""
    body = base64.encodebytes(os.urandom(OCTETS)).replace(b"\n", b"\r\n")
    head = (
        "From: Mira <mira@example.net>\r\nTo: robin@example.org\r\nSubject: Large\r\nMessage-ID: <large@example.net>\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="edge"\r\n\r\n--edge\r\nContent-Type: text/plain\r\n\r\nSee.\r\n'
        '--edge\r\nContent-Type: application/octet-stream; name="large.bin"\r\nContent-Transfer-Encoding: base64\r\n'
        'Content-Disposition: attachment; filename="large.bin"\r\n\r\n'
    )
    return head.encode() + body + b"--edge--\r\n"


def measure(report: Report) -> None:
    """Every row of the large attachment."""
    with servers() as (dovecot, application):
        username = dovecot.new_user("secret")
        dovecot.put(username, [letter()])
        browser = visit(application, username)
        path = f"/messages/{SHOWN.findall(browser.get(mailbox_paths(browser)['inbox']))[0]}/parts/2/large.bin?download=1"
        raw = _raw(dovecot, username)
        ours, theirs, watch = [], [], _Watch(application)
        for turn in range(TURNS + 1):
            there, here = _fetched(raw), _downloaded(browser, path)
            if turn:
                theirs.append(there)
                ours.append(here)
            else:
                watch.begin()
        more = watch.end()
        raw.close()
        speed = [OCTETS / 1e6 / seconds for seconds in ours]
        report.add("attachment of 50 MB downloaded", speed, unit="MB/s", beside={"raw": [OCTETS / 1e6 / seconds for seconds in theirs]})
        share = 100 * statistics.median(theirs) / statistics.median(ours)
        report.add("attachment of 50 MB against raw IMAP", [share], unit="% of raw/s", reach=60)
        report.add("memory of the web process at the most meanwhile, above before (RSS)", [more], unit="MB", reach=20)


def _raw(dovecot: Dovecot, username: str) -> Connection:
    connection = connect(dovecot.server())
    connection.authenticate(dovecot.credentials(username))
    connection.select("INBOX")
    return connection


def _fetched(raw: Connection) -> float:
    """The seconds in which one connection gives the section."""
    began = time.perf_counter()
    (uid,) = fetch.search(raw, "ALL")
    assert sum(len(piece) for piece in fetch.part_chunks(raw, uid, "2", chunk=1 << 20)) > OCTETS
    return time.perf_counter() - began


def _downloaded(browser: Browser, path: str) -> float:
    """The seconds in which a client that only counts has the whole file."""
    with socket.create_connection(("127.0.0.1", browser.connection.port)) as client:
        room, total = bytearray(1 << 20), 0
        began = time.perf_counter()
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {browser.cookie}\r\nConnection: close\r\n\r\n".encode())
        while count := client.recv_into(room):
            total += count
        seconds = time.perf_counter() - began
    assert OCTETS < total < OCTETS * 1.01
    return seconds


class _Watch:
    """Looks every few milliseconds what the web process weighs."""

    def __init__(self, application: Application) -> None:
        assert application.process is not None
        self._pids = memory.processes_below(application.process.pid)
        self._most = self._before = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def begin(self) -> None:
        self._before = memory.resident(self._pids)
        self._thread.start()

    def end(self) -> float:
        """The most megabytes above those at the beginning."""
        self._ended.set()
        self._thread.join()
        return self._most - self._before

    def _look(self) -> None:
        while not self._ended.wait(0.01):
            self._most = max(self._most, memory.resident(self._pids))


def main() -> None:
    report = Report()
    measure(report)
    print(f"# written to {report.path}")


if __name__ == "__main__":
    main()
