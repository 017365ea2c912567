"""`make bench`: times pages of the finished application against a real Dovecot on loopback, and prints one JSON object a line.

Each figure is the time from before a request to the last octet of its answer, on one kept connection of a signed-in
browser, the freshness check included. Lines go to ``benchmarks/results`` as well.
"""

from __future__ import annotations

import os
import statistics
import time

from benchmarks import files, large, newsletters, sending, syncing, words
from benchmarks.browser import Browser
from benchmarks.house import mailbox_paths, milliseconds, servers, timed, timed_in_turn, visit, wait_until_indexed, worker
from benchmarks.letters import fill
from benchmarks.report import Report
from tests.servers.application import ROOT
from tests.servers.dovecot import Dovecot

REPEATS = int(os.environ.get("BENCH_REPEATS", "200"))
LARGE, SMALL = 10_000, 1_000
NEVER_SEEN = [f"Never{number}" for number in range(5)]
BUSY = [f"Busy{number}" for number in range(4)]


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
        list_large, list_small = timed_in_turn((at_large, paths["inbox"]), (at_small, mailbox_paths(at_small)["inbox"]), repeats=REPEATS)
        report.add("list page of 50 from 10,000", list_large, reach=10)
        report.add("list page of 50 from 1,000", list_small)
        ratio = statistics.median(list_large) / statistics.median(list_small)
        report.add("list page of 10,000 against 1,000", [ratio], unit="times", reach=1.2)
        report.add("message page", timed(at_large, messages(at_large, paths["inbox"]), repeats=REPEATS), reach=10)
        report.add("list page of 50 from 10,000 while another mailbox is indexed", busy)
        quiet = sorted(list_large)[int(len(list_large) * 0.95)]
        report.add("p95 of that against the quiet one", [sorted(busy)[int(len(busy) * 0.95)] / quiet], unit="times", reach=3)


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
    newsletters.measure(report)
    files.measure(report)
    words.measure(report)
    syncing.measure(report)
    large.measure(report, repeats=REPEATS)
    # Last, because its servers and a thousand messages live in this process, and what is measured before it asks what that weighs.
    sending.measure(report)
    print(f"# written to {report.path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
