"""Servers that tests may ask for; each is started when the first test of a process needs it. And the corpora, where they are.

A plugin stands below those it imports, because pytest prepares each before its first import.
"""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Continuous integration tries the same examples each time; everybody else's machine looks for new ones.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")

pytest_plugins = [
    "tests.servers.dovecot",
    "tests.servers.proxy",
    "tests.servers.pymap_server",
    "tests.servers.scripted",
    "tests.servers.imap_servers",
    "tests.servers.postfix",
    "tests.servers.smtp_sink",
    "tests.servers.name_server",
    "tests.servers.person",
    "tests.servers.watcher",
]

CORPUS = Path(os.environ.get("WEBMAIL_CORPUS", Path(__file__).parent.parent.parent / "shared" / "corpus"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out, loudly, what reads the corpora where they are not; continuous integration demands them."""
    if CORPUS.is_dir():
        return
    missing = [item for item in items if "corpus_dir" in getattr(item, "fixturenames", ())]
    if os.environ.get("CI") and missing:
        raise pytest.UsageError(f"The corpora are not in WEBMAIL_CORPUS, and {len(missing)} tests need them.")
    items[:] = [item for item in items if item not in missing]
    if missing:
        print(f"\n*** {len(missing)} TESTS ARE LEFT OUT: there are no corpora. Set WEBMAIL_CORPUS to their folder. ***")


@pytest.fixture(scope="session")
def corpus_dir() -> Path:
    """The folder of real and hostile mail that nobody here wrote."""
    return CORPUS
