"""A real Chromium, with and without scripting, in front of the real application, Dovecot and Postfix."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.servers.application import Application
from tests.servers.dovecot import Dovecot
from tests.servers.postfix import Postfix

ARGUMENTS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-features=AutofillServerCommunication",
]


@dataclass
class House:
    """The running application and the servers behind it."""

    application: Application
    dovecot: Dovecot
    postfix: Postfix


@pytest.fixture(scope="session")
def house(dovecot: Dovecot, postfix: Postfix) -> Iterator[House]:
    folder = Path(tempfile.mkdtemp(prefix="webmail-house-"))
    application = Application(
        folder,
        imap_host="localhost",
        imap_port=str(dovecot.imaps),
        smtp_host="localhost",
        smtp_port=str(postfix.smtps_port),
        tls_ca_file=str(dovecot.ca_file),
    )
    application.start()
    yield House(application, dovecot, postfix)
    application.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    found = shutil.which("chromium")
    if found is None:
        raise RuntimeError("The browser tests need Debian's package chromium: `make test` installs it.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(params=[True, False], ids=["scripting on", "scripting off"])
def page(request: pytest.FixtureRequest, chromium: Browser, house: House) -> Iterator[Page]:
    """A page whose every request must stay with the application, and whose console must stay silent."""
    context = chromium.new_context(java_script_enabled=request.param, locale="en-GB", viewport={"width": 1440, "height": 900})
    opened = context.new_page()
    strangers: list[str] = []
    complaints: list[str] = []
    opened.on("request", lambda sent: strangers.append(sent.url) if not sent.url.startswith(house.application.url) else None)
    opened.on("console", lambda said: complaints.append(said.text) if said.type == "error" and "status of 4" not in said.text else None)
    opened.set_default_timeout(15_000)
    yield opened
    context.close()
    assert [url for url in strangers if not url.startswith(("data:", "about:"))] == []
    assert complaints == []
