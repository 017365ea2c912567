"""An inbox of 100,000 messages of 3 kB, over HTTP: its lists, conversations and searches, and what the processes weigh.

`python -m benchmarks.large` runs these alone, BENCH_DATABASE_URL on PostgreSQL, BENCH_LARGE on fewer messages.

*again* are pages that were shown a moment ago; *first* are pages this process has never drawn, each asked for once. Lists
are measured twice: while the worker watches the mailbox, as it does where both run, and without a worker, so that every
page asks the server. *raw* is one authenticated connection to the same Dovecot.
"""

from __future__ import annotations

import os
import random
import re
import statistics
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote_plus

from benchmarks import looking, memory, roundcube
from benchmarks.browser import TOKEN, Browser
from benchmarks.house import mailbox_paths, milliseconds, servers, timed_in_turn, visit, worker
from benchmarks.language import APART, EVERY, START, THREAD, Language, fill
from benchmarks.report import Report
from tests.servers.application import Application
from tests.servers.dovecot import Dovecot
from webmail.imap import fetch, rows
from webmail.imap.arguments import Syntax
from webmail.imap.connection import Connection, connect
from webmail.mail import wording
from webmail.mailbox import SpecialUse
from webmail.store import accounts, mailboxes
from webmail.store.database import Database

MANY = int(os.environ.get("BENCH_LARGE", "100000"))
FEW = 1_000
OCTETS = 3_000
DATABASE_URL = os.environ.get("BENCH_DATABASE_URL", "")
"""Where the application keeps its data instead of SQLite files; only rows of this module are measured there."""
NEVER_SEEN = [f"Never{number}" for number in range(6)]
FIRST_PAGES = 100
RAW_SEARCHES = int(os.environ.get("BENCH_RAW", "2"))
"""Of each kind: a server without an index of words reads every message for one."""
NEXT = re.compile(r'rel="next" href="([^"]+)"')
SHOWN = re.compile(r'data-message="(\d+)"')
FIRST_FIELDS = rows.SUMMARY.removesuffix(b")") + b" BODY.PEEK[1]<0.2048>)"
"""What the first page of a mailbox is made of: summaries and the beginnings of the texts."""


def measure(report: Report, *, repeats: int) -> None:
    """Every row of the large mailbox."""
    language = Language(random.Random(3))
    with servers(database_url=DATABASE_URL) as (dovecot, application):
        large, small = (_person(dovecot, language, count) for count in (MANY, FEW))
        browser, beside = visit(application, large), visit(application, small)
        path, path_beside = mailbox_paths(browser)["inbox"], mailbox_paths(beside)["inbox"]
        known = Database.open(application.folder / "data", url=DATABASE_URL)
        with worker(application) as process:
            _index(report, known, process)
            _wait_for_the_watcher(known, browser, path)
            _lists(report, browser, path, "watched", small=(beside, path_beside), repeats=repeats)
            _searches(report, dovecot, large, browser)
            _conversations(report, browser)
            _messages(report, browser, path, repeats=repeats)
        _lists(report, browser, path, "the server asked each time", small=(beside, path_beside), repeats=repeats)
        _never_seen(report, dovecot, large, browser)
        _weigh(report, application)
        if roundcube.installed():
            _roundcube(report, dovecot, large)
        known.close()


def _person(dovecot: Dovecot, language: Language, count: int) -> str:
    username = dovecot.new_user("secret")
    with dovecot.side(username):
        pass
    maildir = _maildir(dovecot, username)
    owner = maildir.stat()
    fill(maildir, language, count, octets=OCTETS, owner=(owner.st_uid, owner.st_gid))
    with dovecot.side(username) as side:
        side.search(None, "ALL")
    return username


def _maildir(dovecot: Dovecot, username: str) -> Path:
    return dovecot.folder / "mail" / username / "Maildir"


def _raw(dovecot: Dovecot, username: str) -> Connection:
    """One authenticated connection, protected as ours are."""
    connection = connect(dovecot.server())
    connection.authenticate(dovecot.credentials(username))
    return connection


def _inbox(known: Database) -> mailboxes.MailboxState:
    """What the index knows of the large inbox."""
    found = mailboxes.by_role(known, accounts.all_ids(known)[0], SpecialUse.INBOX)
    assert found is not None
    return mailboxes.state(known, found.id)


def _index(report: Report, known: Database, process: subprocess.Popen[bytes]) -> None:
    """Everything indexed by the worker as it is started, with nobody looking."""
    began = time.monotonic()
    account = accounts.all_ids(known)[0]
    while not _inbox(known).complete:
        time.sleep(0.5)
    report.add(f"headers of {MANY:,} of 3 kB indexed by the worker, words besides", [MANY / (time.monotonic() - began)], unit="messages/s")
    while wording.progress(known, account).percent < 100:
        time.sleep(1)
    report.add(f"headers and words of {MANY:,} of 3 kB indexed by the worker", [MANY / (time.monotonic() - began)], unit="messages/s")
    report.add("memory of the worker at the most meanwhile (RSS)", [memory.resident_peak(process.pid)], unit="MB", reach=250)


def _wait_for_the_watcher(known: Database, browser: Browser, path: str) -> None:
    until = time.monotonic() + 90
    while not _inbox(known).watched(datetime.now(UTC)):
        if time.monotonic() > until:
            raise RuntimeError("nobody watches the inbox")
        browser.get(path)
        time.sleep(0.5)


def _lists(report: Report, browser: Browser, path: str, how: str, *, small: tuple[Browser, str], repeats: int) -> None:
    middle = _next(browser.get(f"{path}?on={START + APART * (MANY // 2):%Y-%m-%d}"))
    by_sender = f"{path}?sort=from"
    pages = ((browser, path), (browser, middle), (browser, by_sender), small)
    newest, halfway, sorted_by_sender, few = timed_in_turn(*pages, repeats=repeats)
    named = f"list page of 50 of {MANY:,}, {how}"
    report.add(f"{named}: newest, again", newest, reach=5)
    report.add(f"{named}: middle, again", halfway, reach=5)
    report.add(f"{named}: by sender, again", sorted_by_sender, reach=5)
    report.add(f"list page of 50 of {FEW:,}, {how}: newest, again", few)
    report.add(f"{named}: against that of {FEW:,}", [statistics.median(newest) / statistics.median(few)], unit="times", reach=1.2)
    report.add(f"{named}: from the middle on, first", list(_paging(browser, middle)), reach=5)
    report.add(f"{named}: by sender from the top on, first", list(_paging(browser, by_sender)), reach=5)


def _next(page: str) -> str:
    """The path of the page after a page."""
    found = NEXT.search(page)
    assert found is not None
    return found[1].replace("&amp;", "&")


def _paging(browser: Browser, path: str) -> Iterator[float]:
    """The milliseconds of one page after the other."""
    for _ in range(min(FIRST_PAGES, MANY // 200)):
        page = browser.get(path)
        yield browser.milliseconds
        path = _next(page)


def _searches(report: Report, dovecot: Dovecot, username: str, browser: Browser) -> None:
    """Whole pages, each query asked once for each order; the same queries raw as far as the time allows."""
    raw = _raw(dovecot, username)
    raw.select("INBOX")
    browser.get("/search?q=")
    for kind, queries in looking.queries(raw, count=MANY).items():
        newest = [milliseconds(browser, each.path) for each in queries]
        ranked = [milliseconds(browser, f"{each.path}&order=best") for each in queries]
        theirs = [_raw_search(raw, each.keys) for each in queries[:RAW_SEARCHES] if each.keys]
        named = f"search page of {MANY:,}: {kind}"
        if theirs:
            report.add(f"{named}, newest first", newest, reach=15, p95_reach=50, beside={"raw": theirs})
        else:
            report.add(f"{named}, newest first", newest)
        report.add(f"{named}, ranked", ranked)
    raw.close()


def _raw_search(raw: Connection, keys: tuple[str, ...]) -> float:
    began = time.perf_counter()
    fetch.search(raw, *keys)
    return (time.perf_counter() - began) * 1000


def _conversations(report: Report, browser: Browser) -> None:
    """Pages of conversations of 20 messages, each asked for once, then again."""
    paths = []
    for number in range(MANY // EVERY - 1, max(-1, MANY // EVERY - 61), -1):
        query = f'subject:"the matter {number}"'
        paths += [f"/conversations/{each}" for each in SHOWN.findall(browser.get(f"/search?q={quote_plus(query)}"))[:1]]
    if browser.request("GET", paths[0])[0] == 404:
        print("# there are no pages of conversations yet")
        return
    named = f"conversation page of {THREAD} messages, headers, of {MANY:,}"
    report.add(f"{named}, first", [milliseconds(browser, path) for path in paths], reach=15)
    report.add(f"{named}, again", [milliseconds(browser, path) for path in paths], reach=15)


def _messages(report: Report, browser: Browser, path: str, *, repeats: int) -> None:
    """Message pages beside the newest page and one in the middle, each asked for once, then again."""
    middle = _next(browser.get(f"{path}?on={START + APART * (MANY // 2):%Y-%m-%d}"))
    ids = [*SHOWN.findall(browser.get(f"{path}?view=messages"))[:30], *SHOWN.findall(browser.get(f"{middle}&view=messages"))[:30]]
    paths = [f"/messages/{each}" for each in ids]
    report.add(f"message page of {MANY:,}, first", [milliseconds(browser, each) for each in paths])
    report.add(
        f"message page of {MANY:,}, again", [milliseconds(browser, paths[number % len(paths)]) for number in range(repeats)], reach=8
    )


def _never_seen(report: Report, dovecot: Dovecot, username: str, browser: Browser) -> None:
    """Mailboxes that other clients know and we do not. Ours and raw are first in turn, because who comes second may find it easier."""
    _copies(dovecot, username)
    paths = _looked_for(browser)
    raw = _raw(dovecot, username)
    here: list[float] = []
    there: list[float] = []
    for number, name in enumerate(NEVER_SEEN):
        for step in (0, 1):
            if step == number % 2:
                there.append(_raw_first_page(raw, name))
            else:
                here.append(milliseconds(browser, paths[name]))
    raw.close()
    report.add(f"first page of a never seen mailbox of {MANY:,}", here, beside={"raw": there})
    report.add("first page of a never seen mailbox against raw (SELECT, FETCH 50)", _longer(here, there), reach=40)


def _longer(here: list[float], there: list[float]) -> list[float]:
    return [statistics.median(here) - statistics.median(there)]


def _copies(dovecot: Dovecot, username: str) -> None:
    """The messages of the inbox in other mailboxes as well, known to the server and their newest read by somebody."""
    maildir = _maildir(dovecot, username)
    with dovecot.side(username) as side:
        for name in NEVER_SEEN:
            side.create(name)
            for path in (maildir / "cur").iterdir():
                (maildir / f".{name}" / "cur" / path.name).hardlink_to(path)
            side.select(name, readonly=True)
            side.fetch(f"{MANY - 49}:{MANY}", FIRST_FIELDS.decode())


def _looked_for(browser: Browser) -> dict[str, str]:
    """The path of each folder, after asking the server which there are."""
    token = TOKEN.search(browser.get("/"))
    assert token is not None
    browser.request("POST", "/mailboxes/check", fields={"csrf_token": token[1] or token[2]})
    return mailbox_paths(browser)


def _raw_first_page(raw: Connection, name: str) -> float:
    began = time.perf_counter()
    exists = raw.select(name).exists
    fetch.fetch_rows(raw, "FETCH", Syntax(b"%d:%d" % (max(1, exists - 49), exists)), FIRST_FIELDS)
    return (time.perf_counter() - began) * 1000


def _weigh(report: Report, application: Application) -> None:
    """The web processes after everything above: gunicorn's master and its worker; and with the one that supervises them."""
    assert application.process is not None
    above, *below = memory.processes_below(application.process.pid)
    report.add("memory of the web processes after that (PSS)", [memory.proportional(below)], unit="MB", reach=120)
    report.add("memory of the web processes after that (RSS)", [memory.resident(below)], unit="MB")
    report.add("memory of the web processes and their supervisor (PSS)", [memory.proportional([above, *below])], unit="MB")


def _roundcube(report: Report, dovecot: Dovecot, username: str) -> None:
    with roundcube.serve(dovecot, username) as there:
        for what, page, sort in (("newest", 1, ""), ("middle", MANY // 100, ""), ("by sender", 1, "from_ASC")):
            times = [there.page(page, sort=sort) for _ in range(23)]
            report.add(f"Roundcube on the same server, list of 50 of {MANY:,}: {what}", times[3:])


def main() -> None:
    report = Report(on="PostgreSQL" if DATABASE_URL else "")
    measure(report, repeats=int(os.environ.get("BENCH_REPEATS", "200")))
    print(f"# written to {report.path}")


if __name__ == "__main__":
    main()
