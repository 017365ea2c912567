"""What is measured: the application as `make serve` runs it, a Dovecot behind it, and a browser in front."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.browser import Browser
from tests.servers.application import ROOT, Application
from tests.servers.dovecot import Dovecot


class Served(Application):
    """The webmail as `make serve` starts it."""

    def command(self, *arguments: str) -> list[str]:
        """The same programs, without a supervisor that knows the whole application."""
        return [sys.executable, "-m", "webmail.cli", "serve"] if arguments == ("serve",) else super().command(*arguments)


@contextmanager
def servers(**settings: str) -> Iterator[tuple[Dovecot, Application]]:
    """A Dovecot, and the webmail in front of it, its worker apart."""
    with tempfile.TemporaryDirectory(prefix="webmail-bench-") as folder:
        dovecot = Dovecot(Path(tempfile.mkdtemp(prefix="webmail-bench-dovecot-")))
        security = {"imap_host": "localhost", "imap_port": str(dovecot.imaps), "imap_security": "tls", "tls_ca_file": str(dovecot.ca_file)}
        application = Served(Path(folder), worker="external", smtp_port="1", smtp_security="tls", **security, **settings)
        try:
            application.start()
            yield dovecot, application
        finally:
            application.stop()
            dovecot.stop()


@contextmanager
def worker(application: Application) -> Iterator[subprocess.Popen[bytes]]:
    """The worker process, while it is wanted."""
    with application.log.open("ab") as log:
        process = subprocess.Popen(application.command("worker"), cwd=ROOT, env=application.environment, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=20)


def visit(application: Application, username: str) -> Browser:
    """A browser in which this person has signed in."""
    browser = Browser(application.port)
    browser.sign_in(username, "secret")
    return browser


def mailbox_paths(browser: Browser) -> dict[str, str]:
    """The path of each folder in the sidebar, by its role, else by what it shows."""
    page = browser.document(browser.get("/"))
    found = {}
    for link in page.xpath("//*[@data-mailbox]"):
        name = link.xpath("string(.//*[contains(@class, 'clip')])").strip()
        found[link.get("data-special-use") or name] = f"/mailboxes/{link.get('data-mailbox')}"
    return found


def milliseconds(browser: Browser, path: str) -> float:
    """How long one page takes."""
    browser.get(path)
    return browser.milliseconds


def timed(browser: Browser, paths: list[str], *, repeats: int) -> list[float]:
    """The milliseconds of so many requests, for these pages in turn, after each was asked for once."""
    for path in paths:
        browser.get(path)
    return [milliseconds(browser, paths[number % len(paths)]) for number in range(repeats)]


def timed_in_turn(*pages: tuple[Browser, str], repeats: int) -> list[list[float]]:
    """The milliseconds of several pages, asked for in turn, so that what else the machine does falls on all alike."""
    values: list[list[float]] = [[] for _ in pages]
    for number in range(repeats + 10):
        for kept, (browser, path) in zip(values, pages, strict=True):
            browser.get(path)
            if number >= 10:
                kept.append(browser.milliseconds)
    return values


def wait_until_indexed(browser: Browser, *, seconds: float = 300) -> None:
    """Return when the page says that it knows every message. Raises RuntimeError where that takes too long."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        page = browser.document(browser.get("/"))
        if not [each for each in page.xpath("//@data-index-progress") if each != "100"]:
            return
        time.sleep(0.5)
    raise RuntimeError("the index is not complete in time")
