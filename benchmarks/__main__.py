"""`make bench`: times pages of the finished application against a real Dovecot on loopback, and prints one JSON object a line.

Each figure is the time from before a request to the last octet of its answer, on one kept connection of a signed-in
browser, the freshness check included. Lines go to ``benchmarks/results`` as well.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import syncing, words
from benchmarks.browser import Browser
from benchmarks.letters import fill
from benchmarks.report import Report
from tests.servers.application import ROOT, Application
from tests.servers.dovecot import Dovecot

REPEATS = int(os.environ.get("BENCH_REPEATS", "200"))
LARGE, SMALL = 10_000, 1_000
NEVER_SEEN = [f"Never{number}" for number in range(5)]
BUSY = [f"Busy{number}" for number in range(4)]


def timed(browser: Browser, paths: list[str], *, repeats: int = REPEATS) -> list[float]:
    """The milliseconds of so many requests, for these pages in turn, after each was asked for once."""
    for path in paths:
        browser.get(path)
    return [milliseconds(browser, paths[number % len(paths)]) for number in range(repeats)]


def timed_in_turn(*pages: tuple[Browser, str]) -> list[list[float]]:
    """The milliseconds of several pages, asked for in turn, so that what else the machine does falls on all alike."""
    values: list[list[float]] = [[] for _ in pages]
    for number in range(REPEATS + 10):
        for kept, (browser, path) in zip(values, pages, strict=True):
            browser.get(path)
            if number >= 10:
                kept.append(browser.milliseconds)
    return values


@contextmanager
def servers() -> Iterator[tuple[Dovecot, Application]]:
    """A Dovecot with mailboxes and the webmail in front of it, its worker apart."""
    with tempfile.TemporaryDirectory(prefix="webmail-bench-") as folder:
        dovecot = Dovecot(Path(tempfile.mkdtemp(prefix="webmail-bench-dovecot-")))
        security = {"imap_host": "localhost", "imap_port": str(dovecot.imaps), "imap_security": "tls", "tls_ca_file": str(dovecot.ca_file)}
        application = Application(Path(folder), worker="external", smtp_port="1", smtp_security="tls", **security)
        try:
            application.start()
            yield dovecot, application
        finally:
            application.stop()
            dovecot.stop()


@contextmanager
def worker(application: Application) -> Iterator[None]:
    """The worker process, while it is wanted."""
    with application.log.open("ab") as log:
        process = subprocess.Popen(application.command("worker"), cwd=ROOT, env=application.environment, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)


def person(dovecot: Dovecot, mailboxes: dict[str, int]) -> str:
    """A user with mailboxes of these sizes, known to Dovecot already."""
    username = dovecot.new_user("secret")
    with dovecot.side(username) as side:
        for name in mailboxes:
            if name != "INBOX":
                side.create(name)
    maildir = dovecot.folder / "mail" / username / "Maildir"
    owner = maildir.stat()
    for name, count in mailboxes.items():
        fill(maildir if name == "INBOX" else maildir / f".{name}", count, owner=(owner.st_uid, owner.st_gid))
    with dovecot.side(username) as side:
        for name in mailboxes:
            side.select(name, readonly=True)
            side.fetch("1:*", "(FLAGS BODYSTRUCTURE)") if name not in NEVER_SEEN else side.search(None, "ALL")
    return username


def visit(application: Application, username: str) -> Browser:
    browser = Browser(application.port)
    browser.sign_in(username, "secret")
    return browser


def mailbox_paths(browser: Browser) -> dict[str, str]:
    """The path of each folder in the sidebar, by what it shows."""
    page = browser.document(browser.get("/"))
    found = {}
    for link in page.xpath("//*[@data-mailbox]"):
        name = link.xpath("string(.//*[contains(@class, 'clip')])").strip()
        found[link.get("data-special-use") or name] = f"/mailboxes/{link.get('data-mailbox')}"
    return found


def wait_until_indexed(browser: Browser, *, seconds: float = 300) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        page = browser.document(browser.get("/"))
        if not [each for each in page.xpath("//@data-index-progress") if each != "100"]:
            return
        time.sleep(0.5)
    raise RuntimeError("the index is not complete in time")


def messages(browser: Browser, path: str) -> list[str]:
    """The paths of the messages that a list page shows: of every kind that the mailbox has."""
    return [f"/messages/{each}" for each in browser.document(browser.get(path)).xpath("//li/@data-message")]


def measure(report: Report) -> None:
    with servers() as (dovecot, application):
        large = person(dovecot, {"INBOX": LARGE, **dict.fromkeys(NEVER_SEEN, LARGE), **dict.fromkeys(BUSY, LARGE)})
        small = person(dovecot, {"INBOX": SMALL})
        at_large, at_small = visit(application, large), visit(application, small)
        paths = mailbox_paths(at_large)
        report.add("first page of a never seen mailbox of 10,000", [milliseconds(at_large, paths[name]) for name in NEVER_SEEN], reach=300)
        with worker(application):
            mailbox_paths(at_small)
            busy = while_backfilling(at_large, paths)
            wait_until_indexed(at_large)
            wait_until_indexed(at_small)
        list_large, list_small = timed_in_turn((at_large, paths["inbox"]), (at_small, mailbox_paths(at_small)["inbox"]))
        report.add("list page of 50 from 10,000", list_large, reach=10)
        report.add("list page of 50 from 1,000", list_small)
        ratio = statistics.median(list_large) / statistics.median(list_small)
        report.add("list page of 10,000 against 1,000", [ratio], unit="times", reach=1.2)
        report.add("message page", timed(at_large, messages(at_large, paths["inbox"])), reach=10)
        report.add("list page of 50 from 10,000 while another mailbox is indexed", busy)
        quiet = sorted(list_large)[int(len(list_large) * 0.95)]
        report.add("p95 of that against the quiet one", [sorted(busy)[int(len(busy) * 0.95)] / quiet], unit="times", reach=3)


def milliseconds(browser: Browser, path: str) -> float:
    browser.get(path)
    return browser.milliseconds


def while_backfilling(browser: Browser, paths: dict[str, str]) -> list[float]:
    """List pages of the inbox, once it is complete, as long as other mailboxes are still being indexed."""
    values: list[float] = []
    until = time.monotonic() + 240
    while time.monotonic() < until and len(values) < REPEATS:
        page = browser.document(browser.get(paths["inbox"]))
        own = page.xpath("//*[contains(@class, 'list')]//@data-index-progress")
        frame = page.xpath("//nav//@data-index-progress")
        if not own and frame and frame[0] != "100":
            values.append(browser.milliseconds)
        elif not own and not frame and values:
            break
    return values or [float("nan")]


def main() -> None:
    report = Report()
    measure(report)
    words.measure(report)
    syncing.measure(report)
    print(f"# written to {report.path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
